//! A job as the server describes it: the fields that the command uses, and the original body.

use bytes::Bytes;
use headway_core::{JobStatus, counted};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::out::printable;

/// The fields of a job that the command uses. Everything else is passed on unchanged.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// The job's id.
    pub id: String,
    /// The job's status.
    pub status: JobStatus,
    /// Percentage of the items that are handled, 0.0 to 100.0.
    pub progress_percentage: f64,
    /// How many items are known so far.
    pub total_items: u64,
    /// How many items succeeded.
    pub processed_items: u64,
    /// How many items failed for good.
    pub failed_items: u64,
    /// How many items are left.
    pub pending_items: u64,
    /// Why the job failed.
    pub error_message: Option<String>,
    /// Its title, for people.
    #[serde(default)]
    pub title: Option<String>,
    /// The processor's name.
    pub processor: String,
    /// The round, from 1.
    pub round: u64,
    /// True if all parts have been submitted.
    pub sealed: bool,
    /// True while the job is paused.
    pub paused: bool,
    /// When it was submitted, RFC 3339.
    pub created_at: String,
    /// When it ended, RFC 3339.
    pub completed_at: Option<String>,
    /// Items handled each second.
    pub items_per_second: Option<f64>,
    /// True if the job has ended but its numbers may still change: items were running at the end.
    #[serde(default)]
    pub settling: bool,
    /// How many items had a temporary failure and wait for another attempt.
    #[serde(default)]
    pub retrying_items: u64,
    /// What the caller can do with the job now.
    #[serde(default)]
    pub actions: Vec<String>,
    /// What the job has cost so far. Only operators see it.
    #[serde(default)]
    pub cost: Option<Cost>,
    /// Why the job makes no progress, if it waits for something.
    #[serde(default)]
    pub waiting_for: Option<Waiting>,
    /// How many failed items have a new value for the next retry.
    #[serde(default)]
    pub corrected_items: u64,
    /// The member of the items that is their id, if there is one.
    #[serde(default)]
    pub id_field: Option<String>,
    /// How many items were to be submitted in all, if the job's start said it.
    #[serde(default)]
    pub expected_items: Option<u64>,
    /// The counts of the last rounds, the current one last.
    #[serde(default)]
    pub rounds: Vec<RoundView>,
    /// The notes kept with the job.
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
    /// The endpoint that is called when the job ends.
    #[serde(default)]
    pub callback: Option<String>,
    /// `Waiting`, `Delivered`, `GivenUp`, or a state of a later server. None until the first end.
    #[serde(default)]
    pub callback_state: Option<String>,
    /// The delivery of the notice that this state is about.
    #[serde(default)]
    pub callback_delivery: Option<Delivery>,
}

/// The delivery of one notice to the job's endpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The round that the notice is about.
    pub round: u64,
    /// How many tries have failed.
    #[serde(default)]
    pub failed_tries: u64,
    /// When it is tried next, RFC 3339.
    #[serde(default)]
    pub next_try_at: Option<String>,
    /// When it was accepted, RFC 3339.
    #[serde(default)]
    pub delivered_at: Option<String>,
}

/// The counts of a round.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoundView {
    /// The round, from 1.
    pub round: u64,
    /// How many items succeeded in it.
    pub processed_items: u64,
    /// How many items failed in it.
    pub failed_items: u64,
    /// How many of these were corrected before the next round.
    pub corrected_items: u64,
}

impl RoundView {
    /// `970 processed, 30 failed, 28 of them corrected`.
    #[must_use]
    pub fn words(&self) -> String {
        let counts = format!("{} processed, {} failed", self.processed_items, self.failed_items);
        if self.corrected_items == 0 { counts } else { format!("{counts}, {} of them corrected", self.corrected_items) }
    }
}

/// What a job has cost.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// US dollars, as a decimal number.
    pub usd: String,
    /// Whether it is an estimate.
    #[serde(default)]
    pub estimated: bool,
}

/// What a job waits for.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// What it waits for, for people.
    pub detail: String,
    /// Until when, RFC 3339.
    #[serde(default)]
    pub until: Option<String>,
    /// The endpoint's last error.
    #[serde(default)]
    pub last_error: Option<String>,
}

/// A job, and the original body.
#[derive(Clone, Debug)]
pub struct FetchedJob {
    /// The fields.
    pub view: JobView,
    /// The body as it came.
    pub body: Bytes,
}

impl JobView {
    /// `3252 processed, 70 failed`, and how many never ran. While a job is settling, some of those may still run.
    #[must_use]
    pub fn counts(&self) -> String {
        let handled = format!("{} processed, {} failed", self.processed_items, self.failed_items);
        match self.pending_items {
            0 => handled,
            n if self.is_settled() => format!("{handled}, {n} never ran"),
            n => format!("{handled}, {n} pending"),
        }
    }

    /// Percentage of the items that are handled, rounded down: 100.0 only if all are, or if the job is `Completed`.
    #[must_use]
    pub fn percent(&self) -> String {
        let handled = self.processed_items + self.failed_items;
        let all = self.status == JobStatus::Completed || self.sealed && handled >= self.total_items && self.total_items > 0;
        let most = if all { 100.0 } else { 99.9 };
        format!("{:.1} %", ((self.progress_percentage * 10.0).floor() / 10.0).min(most))
    }

    /// True if items may still be added.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.sealed && !self.status.is_terminal()
    }

    /// True if the percentage is a share of something: of all items, or of those that are expected.
    #[must_use]
    pub fn knows_its_share(&self) -> bool {
        self.sealed || self.progress_percentage > 0.0 || self.processed_items + self.failed_items == 0
    }

    /// How far it is. The percentage of a job that is not sealed is not one of the items that have arrived.
    #[must_use]
    pub fn progress_words(&self) -> String {
        let items = counted(self.total_items, "item");
        let arrived = if self.is_open() { format!("{items} so far") } else { format!("{items} arrived") };
        match self.sealed {
            true => format!("{} of {items}", self.percent()),
            false if self.progress_percentage > 0.0 => format!("{} of the expected items, {arrived}", self.percent()),
            false => arrived,
        }
    }

    /// True if the job has ended and its numbers no longer change.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.status.is_terminal() && !self.settling
    }

    /// True if the server says that the caller can do this with the job now.
    #[must_use]
    pub fn can(&self, action: &str) -> bool {
        self.actions.iter().any(|can| can == action)
    }

    /// True if this is perhaps another owner's job, of which an operator sees no item. An ended job can be deleted by its owner only.
    #[must_use]
    pub fn may_be_anothers(&self) -> bool {
        self.cost.is_some() && !self.can("delete")
    }

    /// What the job waits for, in a few words each.
    #[must_use]
    pub fn waiting_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.retrying_items > 0 {
            words.push(format!("{} waiting for another attempt", self.retrying_items));
        }
        words.extend(self.waiting_for.as_ref().map(Waiting::words));
        words
    }

    /// Whether the job's callback endpoint has accepted the notice, if the job has one.
    #[must_use]
    pub fn callback_words(&self) -> Option<String> {
        let name = self.callback.as_deref()?;
        let Some(state) = self.callback_state.as_deref() else { return Some(format!("{name}, when the job ends")) };
        let delivery = self.callback_delivery.as_ref();
        let failed = match delivery.map_or(0, |delivery| delivery.failed_tries) {
            0 => String::new(),
            1 => ", 1 try has failed".to_owned(),
            tries => format!(", {tries} tries have failed"),
        };
        let at = |time: Option<&String>, before: &str| time.map(|time| format!("{before}{time}")).unwrap_or_default();
        let round = delivery.filter(|_| self.round > 1).map(|delivery| format!(" (round {})", delivery.round)).unwrap_or_default();
        Some(match state {
            "Waiting" => {
                format!("{name}, not delivered yet{failed}{}{round}", at(delivery.and_then(|d| d.next_try_at.as_ref()), ", next try at "))
            }
            "Delivered" => format!("{name}, delivered{}{round}", at(delivery.and_then(|d| d.delivered_at.as_ref()), " at ")),
            "GivenUp" => format!("{name}, given up{failed}{round}"),
            other => format!("{name} ({other})"),
        })
    }

    /// The status, with what the status alone does not say.
    #[must_use]
    pub fn status_words(&self) -> String {
        let held = if self.paused { " (paused)" } else { "" };
        let held = if self.settling { " (settling)" } else { held };
        let open = if self.is_open() { " (open)" } else { "" };
        format!("{}{held}{open}", self.status.as_str())
    }
}

impl Waiting {
    fn words(&self) -> String {
        let until = self.until.as_deref().map(|until| format!(", next try at {until}")).unwrap_or_default();
        let error = self.last_error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
        printable(&format!("{}{until}{error}", self.detail))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn words(round: u64, callback: Value, state: Value, delivery: Value) -> Option<String> {
        let job = json!({"id": "j", "status": "Completed", "progressPercentage": 100.0, "totalItems": 1, "processedItems": 1, "failedItems": 0,
            "pendingItems": 0, "processor": "p", "round": round, "sealed": true, "paused": false, "createdAt": "c",
            "callback": callback, "callbackState": state, "callbackDelivery": delivery});
        serde_json::from_value::<JobView>(job).ok()?.callback_words()
    }

    /// Bug found: of a job with three of four expected items `75.0 % of 3 items` was shown, beside three that were processed.
    #[test]
    fn a_percentage_says_of_what_it_is() {
        let told = |status: &str, sealed: bool, percent: f64, total: u64, processed: u64| {
            let job = json!({"id": "j", "status": status, "progressPercentage": percent, "totalItems": total, "processedItems": processed,
                "failedItems": 0, "pendingItems": total - processed, "processor": "p", "round": 1, "sealed": sealed, "paused": false,
                "createdAt": "c"});
            let job: JobView = serde_json::from_value(job).unwrap();
            (job.progress_words(), job.knows_its_share())
        };
        for (status, sealed, percent, total, processed, words, knows) in [
            ("Processing", true, 75.0, 4, 3, "75.0 % of 4 items", true),
            ("Processing", true, 0.0, 4, 0, "0.0 % of 4 items", true),
            ("Completed", true, 100.0, 1, 1, "100.0 % of 1 item", true),
            ("Processing", false, 75.0, 3, 3, "75.0 % of the expected items, 3 items so far", true),
            ("Processing", false, 99.9, 3, 3, "99.9 % of the expected items, 3 items so far", true),
            ("Processing", false, 0.0, 3, 3, "3 items so far", false),
            ("Pending", false, 0.0, 0, 0, "0 items so far", true),
            ("Cancelled", false, 75.0, 3, 3, "75.0 % of the expected items, 3 items arrived", true),
            ("Failed", false, 0.0, 1, 1, "1 item arrived", false),
        ] {
            assert_eq!(told(status, sealed, percent, total, processed), (words.to_owned(), knows), "{status} {sealed} {percent}");
        }
    }

    /// Bug found: an item that was running when its job failed was said to have never run, and counted as processed a second later.
    #[test]
    fn nothing_is_said_to_have_never_run_before_the_numbers_are_final() {
        for (status, settling, words) in
            [("Processing", false, "1 pending"), ("Failed", true, "1 pending"), ("Failed", false, "1 never ran")]
        {
            let job = json!({"id": "j", "status": status, "settling": settling, "progressPercentage": 75.0, "totalItems": 4, "processedItems": 2,
                "failedItems": 1, "pendingItems": 1, "processor": "p", "round": 1, "sealed": true, "paused": false, "createdAt": "c"});
            let job: JobView = serde_json::from_value(job).unwrap();
            assert_eq!(job.counts(), format!("2 processed, 1 failed, {words}"), "{status} {settling}");
        }
    }

    /// Bug found: only the name of a state was shown, and nobody could say whether and when the endpoint would be told.
    #[test]
    fn it_says_whether_the_endpoint_was_told_and_when_it_will_be() {
        let delivery = |tries: u64, next: Value, at: Value| json!({"round": 1, "failedTries": tries, "nextTryAt": next, "deliveredAt": at});
        let cases = [
            (1, json!(null), json!(null), json!(null), None),
            (1, json!("crm"), json!(null), json!(null), Some("crm, when the job ends")),
            (1, json!("crm"), json!("Waiting"), delivery(0, json!("T1"), json!(null)), Some("crm, not delivered yet, next try at T1")),
            (
                1,
                json!("crm"),
                json!("Waiting"),
                delivery(1, json!("T1"), json!(null)),
                Some("crm, not delivered yet, 1 try has failed, next try at T1"),
            ),
            (
                2,
                json!("crm"),
                json!("Waiting"),
                delivery(3, json!("T1"), json!(null)),
                Some("crm, not delivered yet, 3 tries have failed, next try at T1 (round 1)"),
            ),
            (1, json!("crm"), json!("Delivered"), delivery(2, json!(null), json!("T2")), Some("crm, delivered at T2")),
            (1, json!("crm"), json!("GivenUp"), delivery(7, json!(null), json!(null)), Some("crm, given up, 7 tries have failed")),
            (1, json!("crm"), json!("Delivered"), json!(null), Some("crm, delivered")),
            (1, json!("crm"), json!("Postponed"), json!(null), Some("crm (Postponed)")),
        ];
        for (round, callback, state, delivery, expected) in cases {
            assert_eq!(words(round, callback, state.clone(), delivery.clone()).as_deref(), expected, "{state} {delivery}");
        }
    }
}
