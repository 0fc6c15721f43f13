//! What is wrong with an item, in words: each violation by its JSON pointer, the first one's code for grouping. No
//! message repeats the item's values, since messages travel further than items do.

use std::fmt::Write as _;

use headway::ItemError;
use headway::limits::{ERROR_CODE_CHARS_MAX, ERROR_MESSAGE_CHARS_MAX};
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError, Validator};
use serde_json::Value;

/// An `enum`'s options named in a message, in characters.
const OPTIONS_CHARS_MAX: usize = 200;

/// Refuses `item` with all that is wrong with it.
pub(super) fn refuse(validator: &Validator, item: &Value) -> Result<(), ItemError> {
    if validator.is_valid(item) {
        return Ok(());
    }
    let mut code = None;
    let mut message = String::new();
    for error in validator.iter_errors(item) {
        let at = error.instance_path().as_str();
        for (pointer, reason) in named(&error, at) {
            code.get_or_insert_with(|| code_of(&error, &pointer, item));
            let separator = if message.is_empty() { "" } else { "; " };
            let _ = match pointer.as_str() {
                "" => write!(message, "{separator}{reason}"),
                pointer => write!(message, "{separator}{pointer}: {reason}"),
            };
        }
        if message.len() > ERROR_MESSAGE_CHARS_MAX * 4 {
            break;
        }
    }
    Err(ItemError::permanent(code.unwrap_or_default(), message))
}

/// The violation in words, without its pointer.
pub(super) fn reason(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::Type { kind } => not_of_type(kind, error.instance()),
        Kind::MinLength { limit: 1 } => "empty".to_owned(),
        Kind::MinLength { limit } => format!("shorter than {}", counted(*limit, "character")),
        Kind::MaxLength { limit } => format!("longer than {}", counted(*limit, "character")),
        Kind::Minimum { limit } => format!("less than {limit}"),
        Kind::Maximum { limit } => format!("greater than {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("not greater than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("not less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("not a multiple of {multiple_of}"),
        Kind::Enum { options } => format!("not one of {}", listed(options)),
        Kind::Constant { expected_value } => format!("not {}", cut(&expected_value.to_string(), OPTIONS_CHARS_MAX)),
        Kind::Pattern { pattern } => format!("does not match {}", cut(pattern, OPTIONS_CHARS_MAX)),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => "the pattern takes too many steps on this text".to_owned(),
        Kind::Format { format } => format!("not in the format {format}"),
        Kind::MinItems { limit } => format!("fewer than {}", counted(*limit, "item")),
        Kind::MaxItems { limit } => format!("more than {}", counted(*limit, "item")),
        Kind::AdditionalItems { limit } => format!("more than {}", counted(*limit as u64, "item")),
        Kind::UniqueItems => "an item is there twice".to_owned(),
        Kind::Contains => "no item is as asked for".to_owned(),
        Kind::MinProperties { limit } => format!("fewer than {}", counted(*limit, "member")),
        Kind::MaxProperties { limit } => format!("more than {}", counted(*limit, "member")),
        Kind::Required { .. } => "missing".to_owned(),
        Kind::FalseSchema => "not allowed".to_owned(),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            format!("fits none of the {} alternatives", context.len())
        }
        Kind::OneOfMultipleValid { .. } => "fits more than one alternative".to_owned(),
        Kind::Not { .. } => "fits what is not allowed".to_owned(),
        Kind::PropertyNames { error } => format!("a member's name: {}", reason(error)),
        _ => error.masked().to_string(),
    }
}

/// The violation's pointers and reasons: a member that is missing or not wanted is named itself, not its object.
fn named(error: &ValidationError<'_>, at: &str) -> Vec<(String, String)> {
    match error.kind() {
        Kind::Required { property } => vec![(member(at, property.as_str().unwrap_or_default()), reason(error))],
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            unexpected.iter().map(|name| (member(at, name), "not a known member".to_owned())).collect()
        }
        _ => vec![(at.to_owned(), reason(error))],
    }
}

/// `/iata maxLength`; an array's indexes become `*`, so that the same fault in many items is one group. Cut in front,
/// since the end says more.
fn code_of(error: &ValidationError<'_>, pointer: &str, item: &Value) -> String {
    let keyword = error.kind().keyword();
    let mut place = Some(item);
    let mut code = String::new();
    for segment in error.instance_path().as_str().split('/').skip(1) {
        let (name, below) = match place {
            Some(Value::Array(elements)) => ("*", segment.parse().ok().and_then(|i: usize| elements.get(i))),
            within => (segment, within.and_then(|value| value.get(unescaped(segment)))),
        };
        code.push('/');
        code.push_str(name);
        place = below;
    }
    if let Some(missing) = pointer.strip_prefix(error.instance_path().as_str()) {
        code.push_str(missing);
    }
    let room = ERROR_CODE_CHARS_MAX.saturating_sub(keyword.chars().count() + 2);
    let chars = code.chars().count();
    if chars > room {
        code = format!("…{}", code.chars().skip(chars - room).collect::<String>());
    }
    format!("{code} {keyword}").trim_start().to_owned()
}

fn member(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

fn not_of_type(kind: &TypeKind, found: &Value) -> String {
    let types: Vec<JsonType> = match kind {
        TypeKind::Single(one) => vec![*one],
        TypeKind::Multiple(set) => set.iter().collect(),
    };
    let names: Vec<String> = types.iter().map(|one| with_article(*one)).collect();
    let leading_zero = found.as_str().is_some_and(|text| {
        let digits = text.trim_start_matches('-');
        digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
    });
    let numeric = types.iter().any(|one| matches!(one, JsonType::Integer | JsonType::Number));
    let hint = if leading_zero && numeric { " (JSON numbers have no leading zeros)" } else { "" };
    format!("not {}{hint}", names.join(" or "))
}

fn with_article(one: JsonType) -> String {
    match one {
        JsonType::Null => "null".to_owned(),
        JsonType::Array | JsonType::Integer | JsonType::Object => format!("an {one}"),
        JsonType::Boolean | JsonType::Number | JsonType::String => format!("a {one}"),
    }
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn listed(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let all: Vec<String> = options.iter().map(Value::to_string).collect();
    cut(&all.join(", "), OPTIONS_CHARS_MAX)
}

fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
