//! The failures of a job in groups, each with an example.

use serde::Deserialize;

use crate::table;

const TITLES: [&str; 4] = [">count", "kind", "code", "for example"];

/// The failures of a job in groups.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureGroups {
    groups: Vec<Group>,
    /// How many failures were counted.
    pub counted_failures: u64,
    /// True if these are all.
    pub complete: bool,
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
