//! The functions that the processor `lambda` invokes.

use headway_worker::processors::Functions;
use serde::Deserialize;

use super::looked::Looked;
use crate::doctor::Check;
use crate::doctor::deployment::unseen::unknown;
use crate::doctor::deployment::worker::{API, can_run};

const NAME: &str = "functions";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    function_arn: String,
    #[serde(default)]
    state: String,
}

/// Checks that each exists and is ready, and asks for the worker's permission to invoke it.
pub(super) async fn look(looked: &mut Looked<'_>, functions: &Functions) {
    let (mut sound, mut faults) = (Vec::new(), Vec::new());
    for (name, function) in functions.in_aws() {
        // A function's name or ARN, perhaps with a version or alias.
        let answer = looked.deployment.lambda.read(&[API, "functions", function, "configuration"], &[]).await;
        match answer {
            Ok(Configuration { function_arn, state }) if can_run(&state) => {
                looked.needs.add(&function_arn, &["lambda:InvokeFunction"]);
                sound.push(name);
            }
            Ok(Configuration { state, .. }) => {
                let fix = "wait until it is Active, or see its StateReason (aws lambda get-function-configuration)";
                faults.push(Check::bad(NAME, format!("{name}: {function} is {state}"), fix));
            }
            Err(error) if error.is_missing() => faults.push(Check::bad(
                NAME,
                format!("{name}: there is no function {function}"),
                "deploy it, or name one that exists in LAMBDA_FUNCTIONS and LAMBDA_FUNCTION_ARNS, and deploy again",
            )),
            Err(error) => faults.push(unknown(NAME, "lambda:GetFunctionConfiguration", &error)),
        }
    }
    if faults.is_empty() && !sound.is_empty() {
        faults.push(Check::good(NAME, format!("{} can be invoked", sound.join(", "))));
    }
    looked.checks.extend(faults);
}
