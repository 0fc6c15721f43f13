//! Builds a conditional write: expressions that use the whole names of attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::number;
use super::schema::short_name;

/// Conditions joined by AND, and what to set, add and remove. Reserved words are no problem: every attribute is written
/// as `#wholeName`, which [`Change::names`] resolves.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    conditions: Vec<String>,
    sets: Vec<String>,
    adds: Vec<String>,
    removes: Vec<&'static str>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    /// For a row that exists: an update never creates one.
    pub(super) fn of_existing() -> Self {
        Self::default().when("attribute_exists(#pk)")
    }

    /// `condition` needs no parentheses: AND binds more strongly than OR.
    pub(super) fn when(mut self, condition: &str) -> Self {
        self.conditions.push(condition.to_owned());
        self
    }

    pub(super) fn set(mut self, assignment: &str) -> Self {
        self.sets.push(assignment.to_owned());
        self
    }

    /// `#attribute :value`.
    pub(super) fn add(mut self, addition: &str) -> Self {
        self.adds.push(addition.to_owned());
        self
    }

    pub(super) fn remove(mut self, attributes: &[&'static str]) -> Self {
        self.removes.extend(attributes);
        self
    }

    /// The value of `:name`.
    pub(super) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// The attribute of `#name`, if it is not one of the schema.
    pub(super) fn name(mut self, name: &str, member: impl Into<String>) -> Self {
        self.names.insert(name.to_owned(), member.into());
        self
    }

    /// Only with the parentheses that are needed: emulators refuse different kinds of others.
    pub(super) fn condition(&self) -> String {
        if let [only] = self.conditions.as_slice() {
            return only.clone();
        }
        let enclosed = |condition: &String| if condition.contains(" OR ") { format!("({condition})") } else { condition.clone() };
        self.conditions.iter().map(enclosed).collect::<Vec<_>>().join(" AND ")
    }

    pub(super) fn update(&self) -> String {
        let clause = |verb: &str, list: &[String]| if list.is_empty() { String::new() } else { format!("{verb} {} ", list.join(", ")) };
        let removes: Vec<String> = self.removes.iter().map(|&name| name.to_owned()).collect();
        clause("SET", &self.sets) + &clause("ADD", &self.adds) + &clause("REMOVE", &removes)
    }

    /// Every `#name` that the expressions use.
    pub(super) fn names(&self) -> HashMap<String, String> {
        let mut names = names_in(&(self.condition() + " " + &self.update()));
        names.extend(self.names.clone());
        names
    }

    /// Every `:name`; `None` if there are none, since DynamoDB refuses an empty map.
    pub(super) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }
}

/// The `#wholeNames` in an expression and their attributes.
pub(super) fn names_in(expression: &str) -> HashMap<String, String> {
    let mentioned = expression.split('#').skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or(rest));
    mentioned.filter_map(|whole| Some((format!("#{whole}"), short_name(whole)?.to_owned()))).collect()
}

/// The condition for writing a version of a row: the stored row has the version before, or there is none before the
/// first.
pub(super) fn follows(version_before: u64) -> Change {
    match version_before {
        0 => absent(),
        before => Change::default().when("#version = :before").value(":before", number(before)),
    }
}

/// The condition that there is no such row.
pub(super) fn absent() -> Change {
    Change::default().when("attribute_not_exists(#pk)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_joined_and_their_names_found() {
        let change =
            Change::of_existing().when("#status = :s OR #x1.#c > :n").name("#c", "7").set("#paused = :p").remove(&["#errorMessage"]);
        assert_eq!(change.condition(), "attribute_exists(#pk) AND (#status = :s OR #x1.#c > :n)");
        assert_eq!(change.update(), "SET #paused = :p REMOVE #errorMessage ");
        let names: std::collections::BTreeMap<_, _> = change.names().into_iter().collect();
        let expected = [("#c", "7"), ("#errorMessage", "em"), ("#paused", "pa"), ("#pk", "pk"), ("#status", "st")];
        assert_eq!(names.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), expected);
    }
}
