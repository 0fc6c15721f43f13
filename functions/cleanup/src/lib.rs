//! The cleanup function: on a schedule, deletes what is past its retention and repairs jobs that no longer move.

use headway_aws::metrics::{Metric, Metrics};
use headway_aws::telemetry;
use headway_core::sweep::{Swept, sweep};
use headway_core::{App, JobError, config};
use headway_host::app_from_env;
use lambda_runtime::{Error, LambdaEvent, service_fn};

/// Runs one sweep and returns what it did.
///
/// # Errors
///
/// [`JobError`] if the table or the queue did not answer. What was done until then remains; the next run continues.
pub async fn handle(app: &App) -> Result<Swept, JobError> {
    let swept = sweep(app).await?;
    let Swept { deleted, abandoned, looked_at, failed, reconciled, revived, ended, notices } = swept;
    tracing::info!(deleted, abandoned, looked_at, failed, reconciled, revived, ended, notices, "swept");
    Ok(swept)
}

/// Runs the cleanup function on Lambda, configured by the environment, until the runtime ends it.
///
/// # Errors
///
/// A variable that is missing from the environment, or an error of the Lambda runtime.
pub async fn run() -> Result<(), Error> {
    telemetry::init();
    telemetry::starting();
    serve(app_from_env().await?).await
}

/// Runs the cleanup function over this app until the runtime ends it.
///
/// # Errors
/// What is missing in the environment, and what the runtime reports.
pub async fn serve(app: App) -> Result<(), Error> {
    let metrics = Metrics::from_env(config::HEADWAY_METRICS)?;
    let (app, metrics) = (&app, &metrics);
    telemetry::started();
    lambda_runtime::run(service_fn(|_: LambdaEvent<serde_json::Value>| async move {
        let swept = handle(app).await?;
        metrics.send(app.clock.now(), metrics_of(&swept));
        Ok::<_, Error>(swept)
    }))
    .await
}

/// The metrics of one run. A run that found nothing to do has none.
fn metrics_of(swept: &Swept) -> Vec<Metric> {
    let Swept { deleted, abandoned, failed, reconciled, revived, ended, notices, looked_at: _ } = *swept;
    vec![
        Metric::count("JobsDeleted", deleted),
        Metric::count("JobsAbandoned", abandoned),
        Metric::count("JobsEnded", ended),
        Metric::count("JobsNotSwept", failed),
        Metric::count("PartsRevived", revived),
        Metric::count("OutcomesReconciled", reconciled),
        Metric::count("NoticesOverdue", notices),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_metrics_only_for_what_it_did() {
        let looked = Swept { looked_at: 9, ..Swept::default() };
        assert_eq!(metrics_of(&looked), metrics_of(&Swept::default()));
        let swept = Swept { deleted: 1, abandoned: 2, looked_at: 3, reconciled: 4, failed: 5, revived: 6, ended: 7, notices: 8 };
        let told = metrics_of(&swept);
        let expected = [
            ("JobsDeleted", 1),
            ("JobsAbandoned", 2),
            ("JobsEnded", 7),
            ("JobsNotSwept", 5),
            ("PartsRevived", 6),
            ("OutcomesReconciled", 4),
            ("NoticesOverdue", 8),
        ];
        assert_eq!(told, expected.map(|(name, count)| Metric::count(name, count)));
    }
}
