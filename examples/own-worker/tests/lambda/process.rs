//! The example's own binary, run as Lambda runs it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use headway_embedded::Hosted;
use headway_lambda_host::Loopback;
use headway_lambda_host::runtime_api::RuntimeApi;
use serde_json::Value;
use uuid::Uuid;

/// Killed when dropped.
pub(crate) struct Process {
    process: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it. Its environment has only what Lambda and the template put there, and AWS's address.
    pub(crate) fn start(runtime_api: &RuntimeApi, aws: &Loopback, hosted: &Hosted, invoices: &Path) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_own-worker")), runtime_api, aws, hosted, invoices)
    }

    /// The same with another program.
    pub(crate) fn spawn(mut program: Command, runtime_api: &RuntimeApi, aws: &Loopback, hosted: &Hosted, invoices: &Path) -> Self {
        let log = invoices.with_extension(format!("{}.log", Uuid::new_v4()));
        let process = program
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.url())
            .env("AWS_LAMBDA_FUNCTION_NAME", "own-worker")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("HEADWAY_METRICS", "emf")
            .env("AWS_ENDPOINT_URL", aws.url())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("HEADWAY_TABLE", "headway")
            .env("HEADWAY_QUEUE_URL", &hosted.embedded.queue().url)
            .env("HEADWAY_DEAD_LETTER_QUEUE_ARN", &hosted.embedded.dead_letters().arn)
            .env("INVOICES_DIR", invoices)
            .stdout(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { process, log }
    }

    /// The exit code, if it ends in time.
    pub(crate) async fn ends_by_itself(mut self, within: Duration) -> Option<i32> {
        let until = Instant::now() + within;
        while Instant::now() < until {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }

    /// The metrics that it wrote: lines in CloudWatch's embedded metric format. Checks that every line it wrote is
    /// JSON.
    pub(crate) fn metrics(&self) -> Vec<Value> {
        let log = fs::read_to_string(&self.log).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line.get("_aws").is_some()).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}
