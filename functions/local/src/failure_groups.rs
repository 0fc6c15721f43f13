//! The failures of a job in groups, each with an example.

use headway_core::counted;
use serde::Deserialize;

use crate::table;

const TITLES: [&str; 4] = [">count", "kind", "code", "for example"];

/// The failures of a job in groups.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureGroups {
    groups: Vec<Group>,
    /// How many failures were counted.
    counted_failures: u64,
    /// True if these are all.
    complete: bool,
}

#[derive(Debug, Deserialize)]
struct Group {
    code: String,
    kind: String,
    count: u64,
    examples: Vec<Example>,
}

#[derive(Debug, Deserialize)]
struct Example {
    index: u64,
    message: String,
}

impl FailureGroups {
    /// What the table lacks, for people; `None` if it shows every failure.
    #[must_use]
    pub fn lacks(&self, job: &str) -> Option<String> {
        let shown = self.groups.iter().map(|group| group.count).sum();
        let others = self.counted_failures.saturating_sub(shown);
        let mut lacks = Vec::new();
        if others > 0 {
            let groups = counted(self.groups.len() as u64, "group");
            lacks.push(format!("these are the largest {groups}; {} in smaller ones", counted(others, "more failure")));
        }
        if !self.complete {
            let first = counted(self.counted_failures, "failure");
            lacks.push(format!("only the first {first} were counted; the others may have other reasons"));
        }
        (!lacks.is_empty()).then(|| format!("{} (headway failures {job} lists all)", lacks.join("; ")))
    }

    /// The groups as a table, for a terminal with this many columns.
    #[must_use]
    pub fn table(&self, columns: Option<usize>) -> String {
        table::render(&TITLES, &self.groups.iter().map(row).collect::<Vec<_>>(), columns)
    }
}

fn row(group: &Group) -> Vec<String> {
    let example = group.examples.first().map(|example| format!("item {}: {}", example.index, example.message));
    vec![group.count.to_string(), group.kind.clone(), group.code.clone(), example.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Bug found: of 300 failures of 300 kinds the 100 groups that the service sends were shown as if they were all.
    #[test]
    fn failures_that_are_in_no_group_are_told() {
        let group = json!({"code": "x", "kind": "Permanent", "count": 2, "examples": []});
        let lacks = |counted: u64, complete: bool| {
            let body = json!({"groups": [group, group], "countedFailures": counted, "complete": complete});
            serde_json::from_value::<FailureGroups>(body).unwrap().lacks("j")
        };
        assert_eq!(lacks(4, true), None);
        assert_eq!(
            lacks(5, true).unwrap(),
            "these are the largest 2 groups; 1 more failure in smaller ones (headway failures j lists all)"
        );
        let first = "only the first 4 failures were counted; the others may have other reasons (headway failures j lists all)";
        assert_eq!(lacks(4, false).unwrap(), first);
    }
}
