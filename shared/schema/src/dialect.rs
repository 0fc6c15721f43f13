//! The drafts of JSON Schema and their keywords: which keywords each draft has, and which of them contain schemas.

use serde_json::{Map, Value};

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
pub(crate) enum Holds {
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
const KEYWORDS: &[(&str, Draft, Draft, Holds)] = &[
    ("$anchor", D2019, D2020, Holds::Name),
    ("$comment", D4, D2020, Holds::Note),
    ("$defs", D4, D2020, Holds::Definitions),
    ("$dynamicAnchor", D2020, D2020, Holds::Name),
    ("$dynamicRef", D2020, D2020, Holds::Reference),
    ("$id", D6, D2020, Holds::Name),
    ("$recursiveAnchor", D2019, D2019, Holds::Name),
    ("$recursiveRef", D2019, D2019, Holds::Reference),
    ("$ref", D4, D2020, Holds::Reference),
    ("$schema", D4, D2020, Holds::Name),
    ("additionalItems", D4, D2019, Holds::Schema),
    ("additionalProperties", D4, D2020, Holds::Schema),
    ("allOf", D4, D2020, Holds::Schemas),
    ("anyOf", D4, D2020, Holds::Schemas),
    ("const", D6, D2020, Holds::Plain),
    ("contains", D6, D2020, Holds::Schema),
    ("contentEncoding", D7, D7, Holds::Plain),
    ("contentMediaType", D7, D7, Holds::Plain),
    ("default", D4, D2020, Holds::Note),
    ("definitions", D4, D2020, Holds::Definitions),
    ("dependencies", D4, D2020, Holds::Dependencies),
    ("dependentRequired", D2019, D2020, Holds::Plain),
    ("dependentSchemas", D2019, D2020, Holds::Map),
    ("deprecated", D4, D2020, Holds::Note),
    ("description", D4, D2020, Holds::Note),
    ("else", D7, D2020, Holds::Schema),
    ("enum", D4, D2020, Holds::Plain),
    ("examples", D4, D2020, Holds::Note),
    ("exclusiveMaximum", D4, D2020, Holds::Plain),
    ("exclusiveMinimum", D4, D2020, Holds::Plain),
    ("format", D4, D2020, Holds::Plain),
    ("id", D4, D4, Holds::Name),
    ("if", D7, D2020, Holds::Schema),
    ("items", D4, D2019, Holds::SchemaOrSchemas),
    ("items", D2020, D2020, Holds::Schema),
    ("maxContains", D2019, D2020, Holds::Plain),
    ("maxItems", D4, D2020, Holds::Plain),
    ("maxLength", D4, D2020, Holds::Plain),
    ("maxProperties", D4, D2020, Holds::Plain),
    ("maximum", D4, D2020, Holds::Plain),
    ("minContains", D2019, D2020, Holds::Plain),
    ("minItems", D4, D2020, Holds::Plain),
    ("minLength", D4, D2020, Holds::Plain),
    ("minProperties", D4, D2020, Holds::Plain),
    ("minimum", D4, D2020, Holds::Plain),
    ("multipleOf", D4, D2020, Holds::Plain),
    ("not", D4, D2020, Holds::Schema),
    ("oneOf", D4, D2020, Holds::Schemas),
    ("pattern", D4, D2020, Holds::Pattern),
    ("patternProperties", D4, D2020, Holds::PatternMap),
    ("prefixItems", D2020, D2020, Holds::Schemas),
    ("properties", D4, D2020, Holds::Map),
    ("propertyNames", D6, D2020, Holds::Schema),
    ("readOnly", D4, D2020, Holds::Note),
    ("required", D4, D2020, Holds::Plain),
    ("then", D7, D2020, Holds::Schema),
    ("title", D4, D2020, Holds::Note),
    ("type", D4, D2020, Holds::Plain),
    ("unevaluatedItems", D2019, D2020, Holds::Schema),
    ("unevaluatedProperties", D2019, D2020, Holds::Schema),
    ("uniqueItems", D4, D2020, Holds::Plain),
    ("writeOnly", D4, D2020, Holds::Note),
];

/// In how many letters a name may differ from a keyword to count as a typing error; in short names a third of them.
const SLIP_MAX: usize = 2;
/// Keywords that do nothing unless another one is beside them.
const NEEDS: &[(&str, &str)] =
    &[("then", "if"), ("else", "if"), ("minContains", "contains"), ("maxContains", "contains"), ("additionalItems", "items")];
/// Keywords of which one value alone is checked.
const ONE_VALUE: &[(&str, &str)] = &[("contentEncoding", "base64"), ("contentMediaType", "application/json")];

impl Draft {
    /// The draft of a schema that does not name one.
    pub(crate) const DEFAULT: Self = D2020;

    /// The draft that a `$schema` names.
    pub(crate) fn named(uri: &str) -> Option<Self> {
        Some(match uri.strip_suffix('#').unwrap_or(uri) {
            "http://json-schema.org/draft-04/schema" => D4,
            "http://json-schema.org/draft-06/schema" => D6,
            "http://json-schema.org/draft-07/schema" => D7,
            "https://json-schema.org/draft/2019-09/schema" => D2019,
            "https://json-schema.org/draft/2020-12/schema" => D2020,
            _ => return None,
        })
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
    pub(crate) fn keyword(self, name: &str) -> Option<Holds> {
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

    /// Why a keyword of this draft would check nothing where it is, beside these others.
    pub(crate) fn idle(self, name: &str, value: &Value, beside: &Map<String, Value>) -> Option<String> {
        self.keyword(name)?;
        if let Some((_, needed)) = NEEDS.iter().find(|(known, _)| *known == name) {
            let list = if name == "additionalItems" { " that is a list" } else { "" };
            let has = beside.get(*needed).is_some_and(|other| list.is_empty() || other.is_array());
            return (!has).then(|| format!("{name} has no effect without {needed}{list} beside it: add {needed}, or leave {name} out"));
        }
        let (_, checked) = ONE_VALUE.iter().find(|(known, _)| *known == name)?;
        let other = value.as_str().filter(|value| value != checked)?;
        let shown = crate::pointer::cut(other, 60);
        Some(format!("of {name} only {checked:?} is checked, {shown:?} is not: leave it out"))
    }
}

/// True if a reference's fragment, a JSON pointer, leads to a place where a schema can be. Other places (in an `enum`,
/// in a note) are not checked, so a reference to them is refused.
pub(crate) fn leads_to_schema(pointer: &str) -> bool {
    let mut segments = pointer.split('/').skip(1);
    while let Some(segment) = segments.next() {
        let name = crate::pointer::unescaped(segment);
        let of_any_draft: Vec<Holds> = KEYWORDS.iter().filter(|(known, ..)| *known == name).map(|(.., holds)| *holds).collect();
        let indexed = |text: Option<&str>| text.is_some_and(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let fits = match of_any_draft.first() {
            Some(Holds::Schema) => true,
            Some(Holds::SchemaOrSchemas) => {
                if indexed(segments.clone().next()) {
                    segments.next();
                }
                true
            }
            Some(Holds::Schemas) => indexed(segments.next()),
            Some(Holds::Map | Holds::Definitions | Holds::PatternMap | Holds::Dependencies) => segments.next().is_some(),
            _ => false,
        };
        if !fits {
            return false;
        }
    }
    true
}

/// The `$schema` of a schema, if it has one.
pub(crate) fn declared(schema: &Value) -> Option<&str> {
    schema.get("$schema").and_then(Value::as_str)
}
