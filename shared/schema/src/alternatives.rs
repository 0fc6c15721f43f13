//! Which texts of an item have to be read as other types for it to fit, found by what its violations ask for. Each alternative of an
//! `anyOf` or `oneOf` asks for other types, so each is followed by itself, the one with the fewest other violations first.

use std::collections::BTreeSet;
use std::rc::Rc;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use crate::pointer::join;
use crate::text::reading;

/// Keywords that ask for types.
const OF_TYPES: [&str; 3] = ["type", "const", "enum"];
/// How many alternatives within each other are followed.
const DEPTH_MAX: usize = 16;

/// What the violations of an item, or of one of its alternatives, ask for.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    /// Pointers to texts that are wanted as another type.
    texts: BTreeSet<String>,
    /// The alternatives of each `anyOf` and `oneOf` that is violated.
    choices: Vec<Vec<Wishes>>,
    /// How many violations ask for something else.
    others: usize,
}

impl Wishes {
    /// What these violations of an item ask for. `known` are the texts that something wants as another type.
    pub(crate) fn of<'e>(errors: &[ValidationError<'e>], item: &Value, known: &BTreeSet<String>) -> Self {
        let mut wishes = Self::default();
        for error in errors {
            let at = error.instance_path().as_str();
            match error.kind() {
                Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                    wishes.choices.push(context.iter().map(|errors| Self::of(errors, item, known)).collect());
                }
                Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                    let names = unexpected.iter().map(|name| join(at, name));
                    wishes.texts.extend(names.filter(|name| has_other_reading(item, name)));
                }
                _ if known.contains(at) && (asks_for_type(error) || error.instance().as_str() == Some("")) => {
                    wishes.texts.insert(at.to_owned());
                }
                _ => wishes.others += 1,
            }
        }
        wishes
    }

    /// What could be converted next, the most promising first.
    fn next(&self, chosen: &BTreeSet<String>, depth: usize) -> Vec<BTreeSet<String>> {
        let new: BTreeSet<String> = self.texts.difference(chosen).cloned().collect();
        if !new.is_empty() {
            return vec![new];
        }
        if depth == DEPTH_MAX {
            return Vec::new();
        }
        let of_choice = |alternatives: &Vec<Wishes>| {
            let mut alternatives: Vec<&Wishes> = alternatives.iter().collect();
            alternatives.sort_by_key(|wishes| wishes.others);
            alternatives.into_iter().flat_map(|wishes| wishes.next(chosen, depth + 1)).collect::<Vec<_>>()
        };
        let next: Vec<Vec<BTreeSet<String>>> = self.choices.iter().map(of_choice).filter(|next| !next.is_empty()).collect();
        // Choices in different columns mostly have nothing to do with each other, so the best of each is tried together first.
        let all = (next.len() > 1).then(|| next.iter().filter_map(|next| next.first()).flatten().cloned().collect());
        all.into_iter().chain(next.into_iter().flatten()).collect()
    }
}

/// The texts to convert. `look` says what an item with these texts converted asks for: `None` if it fits, and an error once no more may be
/// tried.
///
/// # Errors
///
/// The one of `look`.
pub(crate) fn find<E>(look: &mut impl FnMut(&BTreeSet<String>) -> Result<Option<Wishes>, E>) -> Result<Option<BTreeSet<String>>, E> {
    let mut tried = BTreeSet::new();
    // What was chosen before, which many have in common, and what is added.
    let mut ahead = vec![(Rc::new(BTreeSet::new()), BTreeSet::new())];
    while let Some((before, texts)) = ahead.pop() {
        let chosen = Rc::new(&*before | &texts);
        if !tried.insert(Rc::clone(&chosen)) {
            continue;
        }
        let Some(wishes) = look(&chosen)? else { return Ok(Some(BTreeSet::clone(&chosen))) };
        ahead.extend(wishes.next(&chosen, 0).into_iter().rev().map(|texts| (Rc::clone(&chosen), texts)));
    }
    Ok(None)
}

fn asks_for_type(error: &ValidationError<'_>) -> bool {
    OF_TYPES.contains(&error.schema_path().as_str().rsplit('/').next().unwrap_or_default())
}

fn has_other_reading(item: &Value, pointer: &str) -> bool {
    item.pointer(pointer).and_then(Value::as_str).is_some_and(|text| reading(text).is_some())
}
