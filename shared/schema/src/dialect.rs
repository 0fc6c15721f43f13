//! The drafts of JSON Schema and their keywords: which keywords each draft has, and which of them contain schemas.

use serde_json::Value;

/// A draft, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Draft {
    D4,
    D6,
    D7,
    D2019,
    D2020,
}

use Draft::{D4, D6, D7, D2019, D2020};

/// What the value of a keyword contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeywordContent {
    /// Information for people or programs; never refuses an item.
    Note,
    /// A name for a schema, or schemas to be found by name.
    Name,
    /// A reference to another schema.
    Reference,
    /// Schemas by name that apply only where they are referred to.
    Definitions,
    /// Not a schema.
    Plain,
    /// A regular expression.
    Pattern,
    /// One schema.
    Schema,
    /// A list of schemas.
    Schemas,
    /// One schema, or a list of them.
    SchemaOrSchemas,
    /// Schemas by name.
    Map,
    /// Schemas by regular expression.
    PatternMap,
    /// Schemas or lists of names, by name.
    Dependencies,
}

/// Every keyword, with the first and the last draft that has it.
const KEYWORDS: &[(&str, Draft, Draft, KeywordContent)] = &[
    ("$anchor", D2019, D2020, KeywordContent::Name),
    ("$comment", D4, D2020, KeywordContent::Note),
    ("$defs", D4, D2020, KeywordContent::Definitions),
    ("$dynamicAnchor", D2020, D2020, KeywordContent::Name),
    ("$dynamicRef", D2020, D2020, KeywordContent::Reference),
    ("$id", D6, D2020, KeywordContent::Name),
    ("$recursiveAnchor", D2019, D2019, KeywordContent::Name),
    ("$recursiveRef", D2019, D2019, KeywordContent::Reference),
    ("$ref", D4, D2020, KeywordContent::Reference),
    ("$schema", D4, D2020, KeywordContent::Name),
    ("additionalItems", D4, D2019, KeywordContent::Schema),
    ("additionalProperties", D4, D2020, KeywordContent::Schema),
    ("allOf", D4, D2020, KeywordContent::Schemas),
    ("anyOf", D4, D2020, KeywordContent::Schemas),
    ("const", D6, D2020, KeywordContent::Plain),
    ("contains", D6, D2020, KeywordContent::Schema),
    ("contentEncoding", D7, D7, KeywordContent::Plain),
    ("contentMediaType", D7, D7, KeywordContent::Plain),
    ("default", D4, D2020, KeywordContent::Note),
    ("definitions", D4, D2020, KeywordContent::Definitions),
    ("dependencies", D4, D2020, KeywordContent::Dependencies),
    ("dependentRequired", D2019, D2020, KeywordContent::Plain),
    ("dependentSchemas", D2019, D2020, KeywordContent::Map),
    ("deprecated", D4, D2020, KeywordContent::Note),
    ("description", D4, D2020, KeywordContent::Note),
    ("else", D7, D2020, KeywordContent::Schema),
    ("enum", D4, D2020, KeywordContent::Plain),
    ("examples", D4, D2020, KeywordContent::Note),
    ("exclusiveMaximum", D4, D2020, KeywordContent::Plain),
    ("exclusiveMinimum", D4, D2020, KeywordContent::Plain),
    ("format", D4, D2020, KeywordContent::Plain),
    ("id", D4, D4, KeywordContent::Name),
    ("if", D7, D2020, KeywordContent::Schema),
    ("items", D4, D2019, KeywordContent::SchemaOrSchemas),
    ("items", D2020, D2020, KeywordContent::Schema),
    ("maxContains", D2019, D2020, KeywordContent::Plain),
    ("maxItems", D4, D2020, KeywordContent::Plain),
    ("maxLength", D4, D2020, KeywordContent::Plain),
    ("maxProperties", D4, D2020, KeywordContent::Plain),
    ("maximum", D4, D2020, KeywordContent::Plain),
    ("minContains", D2019, D2020, KeywordContent::Plain),
    ("minItems", D4, D2020, KeywordContent::Plain),
    ("minLength", D4, D2020, KeywordContent::Plain),
    ("minProperties", D4, D2020, KeywordContent::Plain),
    ("minimum", D4, D2020, KeywordContent::Plain),
    ("multipleOf", D4, D2020, KeywordContent::Plain),
    ("not", D4, D2020, KeywordContent::Schema),
    ("oneOf", D4, D2020, KeywordContent::Schemas),
    ("pattern", D4, D2020, KeywordContent::Pattern),
    ("patternProperties", D4, D2020, KeywordContent::PatternMap),
    ("prefixItems", D2020, D2020, KeywordContent::Schemas),
    ("properties", D4, D2020, KeywordContent::Map),
    ("propertyNames", D6, D2020, KeywordContent::Schema),
    ("readOnly", D4, D2020, KeywordContent::Note),
    ("required", D4, D2020, KeywordContent::Plain),
    ("then", D7, D2020, KeywordContent::Schema),
    ("title", D4, D2020, KeywordContent::Note),
    ("type", D4, D2020, KeywordContent::Plain),
    ("unevaluatedItems", D2019, D2020, KeywordContent::Schema),
    ("unevaluatedProperties", D2019, D2020, KeywordContent::Schema),
    ("uniqueItems", D4, D2020, KeywordContent::Plain),
    ("writeOnly", D4, D2020, KeywordContent::Note),
];

/// A name that differs from a keyword in at most this many letters counts as a typing error. In short names, in a third of its
/// letters.
const SLIP_MAX: usize = 2;
/// The keywords whose schemas are applied to the same value.
pub(crate) const IN_PLACE: [&str; 9] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"];

impl Draft {
    /// The draft of a schema that does not name one.
    pub(crate) const DEFAULT: Self = D2020;
    const ALL: [Self; 5] = [D4, D6, D7, D2019, D2020];

    /// The draft that a `$schema` names.
    pub(crate) fn named(uri: &str) -> Option<Self> {
        let uri = uri.strip_suffix('#').unwrap_or(uri);
        Self::ALL.into_iter().find(|draft| draft.uri().trim_end_matches('#') == uri)
    }

    /// The `$schema` of this draft.
    fn uri(self) -> &'static str {
        match self {
            D4 => "http://json-schema.org/draft-04/schema#",
            D6 => "http://json-schema.org/draft-06/schema#",
            D7 => "http://json-schema.org/draft-07/schema#",
            D2019 => "https://json-schema.org/draft/2019-09/schema",
            D2020 => "https://json-schema.org/draft/2020-12/schema",
        }
    }

    /// Why a `$schema` that names no draft is refused, and what may have been meant.
    pub(crate) fn not_named(uri: &str) -> String {
        let shown = crate::pointer::cut(uri, 100);
        let asked = bare(uri);
        let meant = Self::ALL.into_iter().find(|draft| bare(draft.uri()) == asked);
        match meant {
            Some(draft) => format!("{shown:?} is not spelled as {} has it: write {:?}", draft.name(), draft.uri()),
            None => format!("{shown:?} is not known here: drafts 4, 6, 7, 2019-09 and 2020-12 are"),
        }
    }

    /// Its usual name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            D4 => "draft 4",
            D6 => "draft 6",
            D7 => "draft 7",
            D2019 => "draft 2019-09",
            D2020 => "draft 2020-12",
        }
    }

    /// True if everything beside a `$ref` has no effect.
    pub(crate) fn ref_excludes_others(self) -> bool {
        self <= D7
    }

    /// What a keyword of this draft contains; `None` if the draft has no such keyword.
    pub(crate) fn keyword(self, name: &str) -> Option<KeywordContent> {
        let known = KEYWORDS.iter().find(|(known, first, last, _)| *known == name && (*first..=*last).contains(&self));
        known.map(|(.., holds)| *holds)
    }

    /// Why `name` is refused, and what may have been meant.
    pub(crate) fn unknown(self, name: &str) -> String {
        let draft = self.name();
        if matches!(name, "contentEncoding" | "contentMediaType" | "contentSchema") {
            return format!("{name} is not checked in {draft}: leave it out");
        }
        if name == "$vocabulary" {
            return "custom vocabularies are not supported: leave $vocabulary out".to_owned();
        }
        let elsewhere: Vec<_> = KEYWORDS.iter().filter(|(known, ..)| *known == name).collect();
        if let Some((_, first, last, _)) = elsewhere.first() {
            let span = if first == last { first.name().to_owned() } else { format!("{} to {}", first.name(), last.name()) };
            return format!("{name} is a keyword of {span}, not of {draft}, which applies here: name another draft in $schema");
        }
        let shown = crate::pointer::cut(name, 60);
        match self.nearest(name) {
            Some(near) => format!("{shown:?} is not a keyword of {draft}: {near} is. Notes of your own begin with x-"),
            None => format!("{shown:?} is not a keyword of {draft} and would not be checked. Notes of your own begin with x-"),
        }
    }

    fn nearest(self, name: &str) -> Option<&'static str> {
        if name.len() > 40 {
            return None;
        }
        let bare = |text: &str| text.trim_start_matches('$').to_ascii_lowercase().replace(['_', '-'], "");
        let near = |known: &&'static str| strsim::damerau_levenshtein(&bare(known), &bare(name));
        let mine = KEYWORDS.iter().filter(|(_, first, last, _)| (*first..=*last).contains(&self)).map(|(known, ..)| *known);
        mine.min_by_key(near).filter(|known| near(known) <= SLIP_MAX.min(bare(name).len() / 3))
    }
}

/// True if a reference's fragment, a JSON pointer, leads to a place where a schema can be. Other places (in an `enum`,
/// in a note) are not checked, so a reference to them is refused.
pub(crate) fn leads_to_schema(pointer: &str) -> bool {
    let mut segments = pointer.split('/').skip(1);
    while let Some(segment) = segments.next() {
        let name = crate::pointer::unescaped(segment);
        let of_any_draft: Vec<KeywordContent> = KEYWORDS.iter().filter(|(known, ..)| *known == name).map(|(.., holds)| *holds).collect();
        let indexed = |text: Option<&str>| text.is_some_and(crate::pointer::is_index);
        let fits = match of_any_draft.first() {
            Some(KeywordContent::Schema) => true,
            Some(KeywordContent::SchemaOrSchemas) => {
                if indexed(segments.clone().next()) {
                    segments.next();
                }
                true
            }
            Some(KeywordContent::Schemas) => indexed(segments.next()),
            Some(KeywordContent::Map | KeywordContent::Definitions | KeywordContent::PatternMap | KeywordContent::Dependencies) => {
                segments.next().is_some()
            }
            _ => false,
        };
        if !fits {
            return false;
        }
    }
    true
}

/// What is left of a `$schema` without what is often spelled differently.
fn bare(uri: &str) -> String {
    let uri = uri.trim().to_ascii_lowercase();
    let rest = ["http://", "https://"].into_iter().find_map(|scheme| uri.strip_prefix(scheme)).unwrap_or(&uri);
    let rest = rest.strip_prefix("www.").unwrap_or(rest).trim_end_matches(['#', '/']);
    let rest = rest.strip_suffix(".json").unwrap_or(rest);
    // `draft-7` and `draft/07` for `draft-07`, `draft-2020-12` for `draft/2020-12`.
    rest.replace("draft/", "draft-").replace("draft-0", "draft-")
}

/// The `$schema` of a schema, if it has one.
pub(crate) fn declared(schema: &Value) -> Option<&str> {
    schema.get("$schema").and_then(Value::as_str)
}
/// True if one of these is the name of a member anywhere.
pub(crate) fn has_any(value: &Value, names: &[&str]) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| names.contains(&name.as_str()) || has_any(value, names)),
        Value::Array(elements) => elements.iter().any(|value| has_any(value, names)),
        _ => false,
    }
}
