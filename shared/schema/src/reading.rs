//! Checks a schema before it is compiled: everything in it must be something that is checked. A keyword that does not
//! exist or has no effect is refused instead of ignored; so is a reference to something that is not a schema. Patterns
//! are translated into the engine's dialect.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::decimal::Decimal;
use crate::dialect::{self, Draft, KeywordContent};
use crate::exact::{DIGITS, KEYWORDS, SchemaDigits};
use crate::idle::Around;
use crate::pattern;
use crate::pointer::{self, cut, join};
use crate::refusal::{REFUSALS_MAX, Refusal};
use crate::uri_reference::{is_encoded, no_uri_reference};

/// A schema that was checked: every part of it has an effect.
#[derive(Debug)]
pub(crate) struct ReadSchema {
    /// The schema with its patterns translated into the engine's dialect.
    pub(crate) schema: Value,
    /// The draft of the schema itself.
    pub(crate) draft: Draft,
    /// The original patterns, by their translations.
    pub(crate) patterns: HashMap<String, String>,
    /// How many schemas are in it.
    pub(crate) schemas: usize,
    /// All patterns in it, in the engine's dialect.
    pub(crate) all_patterns: HashSet<String>,
}

/// Reads a schema.
///
/// # Errors
///
/// Everything in it that would not be checked; twenty entries at most.
pub(crate) fn read(schema: Value, digits: &SchemaDigits<'_>) -> Result<ReadSchema, Vec<Refusal>> {
    let mut schema = schema;
    let mut reader = SchemaReader::new(&schema, digits);
    reader.schema(&mut schema, reader.whole, "");
    let SchemaReader { refusals, patterns, schemas, all_patterns, .. } = reader;
    let draft = dialect::declared(&schema).and_then(Draft::named).unwrap_or(Draft::DEFAULT);
    if refusals.is_empty() { Ok(ReadSchema { schema, draft, patterns, schemas, all_patterns }) } else { Err(refusals) }
}

struct SchemaReader<'s> {
    digits: &'s SchemaDigits<'s>,
    refusals: Vec<Refusal>,
    patterns: HashMap<String, String>,
    schemas: usize,
    all_patterns: HashSet<String>,
    /// The id of the schema, or of the one around it, that names within are relative to.
    base: String,
    /// Names that schemas have, each with the base it is relative to.
    names: HashSet<(String, String)>,
    /// All ids in the schema.
    ids: Vec<String>,
    /// What is known of the items.
    whole: Around,
}

impl<'s> SchemaReader<'s> {
    fn new(schema: &Value, digits: &'s SchemaDigits<'s>) -> Self {
        let mut ids = Vec::new();
        all_ids(schema, &mut ids);
        let (refusals, patterns, all_patterns) = (Vec::new(), HashMap::new(), HashSet::new());
        let (base, names, whole) = (String::new(), HashSet::new(), Around::whole(schema));
        Self { digits, refusals, patterns, schemas: 0, all_patterns, base, names, ids, whole }
    }

    fn refuse(&mut self, pointer: String, detail: impl Into<String>) {
        if self.refusals.len() < REFUSALS_MAX {
            self.refusals.push(Refusal::new(pointer, detail));
        }
    }

    /// If it is not a schema at all, the meta-schema says so.
    fn schema(&mut self, schema: &mut Value, around: Around, at: &str) {
        self.schemas += 1;
        let draft = match dialect::declared(schema).map(|uri| (Draft::named(uri), uri.to_owned())) {
            None => around.draft,
            Some((Some(draft), _)) => draft,
            Some((None, uri)) => return self.refuse(join(at, "$schema"), Draft::not_named(&uri)),
        };
        let Some(members) = schema.as_object_mut() else { return };
        let name_of_id = if draft == Draft::D4 { "id" } else { "$id" };
        let id = members.get(name_of_id).and_then(Value::as_str);
        let (has_id, wrong_id) = (id.is_some(), id.and_then(no_uri_reference));
        if let Some(why) = wrong_id {
            self.refuse(join(at, name_of_id), why);
        }
        if draft != around.draft && !at.is_empty() && !has_id {
            let (own, other) = (draft.name(), around.draft.name());
            let why =
                format!("{own} applies only in a schema with an id of its own, and here it is {other}: leave $schema out, or add an id");
            return self.refuse(join(at, "$schema"), why);
        }
        let alone = draft.ref_excludes_others() && members.contains_key("$ref");
        let (base, here) = (self.base.clone(), around.in_schema(draft, members));
        if !alone {
            self.names(members, draft, at);
        }
        let idle = |(name, value): (&String, &Value)| Some((join(at, name), here.idle(name, value, members)?));
        let idle: Vec<_> = members.iter().filter(|_| !alone).filter_map(idle).collect();
        for (pointer, why) in idle {
            self.refuse(pointer, why);
        }
        for (name, value) in members.iter_mut() {
            if name.starts_with("x-") {
                continue;
            }
            let at = join(at, name);
            match draft.keyword(name) {
                None => self.refuse(at, draft.unknown(name)),
                Some(holds) if alone && !beside_ref(holds) => {
                    self.refuse(at, format!("{name} has no effect beside $ref in {}: put both into an allOf", draft.name()));
                }
                Some(holds) => self.member(holds, value, here.in_keyword(name, self.whole), &at),
            }
        }
        self.base = base;
        self.keep_digits(members, at);
    }

    /// Keeps the digits of numbers that a double cannot stand for.
    fn keep_digits(&mut self, members: &mut Map<String, Value>, at: &str) {
        members.remove(DIGITS);
        let written = |keyword: &&'static str| Some((*keyword, self.digits.within(&join(at, keyword))?));
        let kept: Vec<_> = KEYWORDS.iter().filter_map(written).collect();
        if kept.iter().any(|(keyword, number)| *keyword == "multipleOf" && Decimal::read(number).is_none_or(|of| of.divisor().is_none())) {
            self.refuse(join(at, "multipleOf"), "has more digits than 64 bits hold: items cannot be divided by it");
        }
        if !kept.is_empty() {
            let digits: Map<String, Value> = kept.into_iter().map(|(keyword, text)| (keyword.to_owned(), text.into())).collect();
            members.insert(DIGITS.to_owned(), digits.into());
        }
    }

    /// Notes what a schema is called. Of two schemas with one name, a reference would find either.
    fn names(&mut self, members: &Map<String, Value>, draft: Draft, at: &str) {
        let name = |keyword: &'static str| Some((keyword, members.get(keyword)?.as_str()?.to_owned()));
        let is_here = |keyword: &str| draft.keyword(keyword).is_some();
        for (keyword, name) in ["id", "$id", "$anchor", "$dynamicAnchor"].into_iter().filter(|name| is_here(name)).filter_map(name) {
            // The older drafts write an anchor as an id.
            let anchor = if keyword.ends_with("id") { name.strip_prefix('#').map(str::to_owned) } else { Some(name.clone()) };
            if anchor.is_none() {
                self.base = name.clone();
            }
            let is_known = !self.names.insert((self.base.clone(), anchor.unwrap_or_default()));
            // One schema may have both kinds of anchor, of one name.
            let is_own = keyword == "$dynamicAnchor" && members.get("$anchor").is_some_and(|other| *other == name);
            if is_known && !is_own {
                let shown = cut(&name, 100);
                self.refuse(join(at, keyword), format!("another schema in it is called {shown} too: give each a name of its own"));
            }
        }
    }

    fn member(&mut self, holds: KeywordContent, value: &mut Value, around: Around, at: &str) {
        match (holds, value) {
            (KeywordContent::Schema | KeywordContent::SchemaOrSchemas, value @ (Value::Object(_) | Value::Bool(_))) => {
                self.schema(value, around, at)
            }
            (KeywordContent::Schemas | KeywordContent::SchemaOrSchemas, Value::Array(schemas)) => {
                for (index, schema) in schemas.iter_mut().enumerate() {
                    self.schema(schema, around, &format!("{at}/{index}"));
                }
            }
            (KeywordContent::Map | KeywordContent::Definitions | KeywordContent::Dependencies, Value::Object(schemas)) => {
                for (name, schema) in schemas.iter_mut().filter(|(_, schema)| !schema.is_array()) {
                    self.schema(schema, around, &join(at, name));
                }
            }
            (KeywordContent::PatternMap, Value::Object(schemas)) => self.pattern_map(schemas, around, at),
            (KeywordContent::Pattern, Value::String(text)) => {
                if let Some(other) = self.pattern(text, at) {
                    *text = other;
                }
            }
            (KeywordContent::Reference, Value::String(reference)) => self.reference(reference, at),
            _ => {}
        }
    }

    fn pattern_map(&mut self, schemas: &mut Map<String, Value>, around: Around, at: &str) {
        let mut renamed = Vec::new();
        for (text, schema) in schemas.iter_mut() {
            let here = join(at, text);
            self.schema(schema, around, &here);
            if let Some(other) = self.pattern(text, &here) {
                renamed.push((text.clone(), other));
            }
        }
        for (text, other) in renamed {
            if let Some(schema) = schemas.remove(&text) {
                schemas.insert(other, schema);
            }
        }
    }

    /// The translated pattern, if it differs.
    fn pattern(&mut self, text: &str, at: &str) -> Option<String> {
        match pattern::translate(text) {
            Ok(Cow::Borrowed(_)) => {
                self.all_patterns.insert(text.to_owned());
                None
            }
            Ok(Cow::Owned(other)) => {
                self.all_patterns.insert(other.clone());
                self.patterns.insert(other.clone(), text.to_owned());
                Some(other)
            }
            Err(reason) => {
                self.refuse(at.to_owned(), reason);
                None
            }
        }
    }

    fn reference(&mut self, reference: &str, at: &str) {
        if reference.is_empty() {
            return self.refuse(at.to_owned(), "is empty: write # for the whole schema");
        }
        if !is_encoded(reference) {
            let shown = cut(reference, 100);
            return self.refuse(at.to_owned(), format!("{shown} has a % without two hexadecimal digits after it: write %25 for a %"));
        }
        if let Some(why) = no_uri_reference(reference) {
            return self.refuse(at.to_owned(), why);
        }
        let Some((document, fragment)) = reference.split_once('#') else { return };
        let Ok(fragment) = percent_decode_str(fragment).decode_utf8() else {
            return self.refuse(at.to_owned(), "what follows # is not UTF-8");
        };
        if fragment.starts_with('/') && !(pointer::is_escaped(&fragment) && dialect::leads_to_schema(&fragment)) {
            let shown = cut(reference, 100);
            let is_here = document.is_empty() || self.ids.iter().any(|id| id.trim_end_matches('#').ends_with(document));
            if !is_here {
                return self.refuse(at.to_owned(), another_document(reference));
            }
            let why = "leads to a place where no schema can be: put it under $defs";
            let why = if pointer::is_escaped(&fragment) { why } else { "is not a JSON pointer: after ~ comes 0 or 1" };
            self.refuse(at.to_owned(), format!("{shown} {why}"));
        }
    }
}

/// Why a reference to another document is refused.
pub(crate) fn another_document(reference: &str) -> String {
    let shown = cut(reference, 200);
    format!("{shown} is another document, and none is fetched: put it under $defs and refer to it as #/$defs/…")
}

fn all_ids(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            ids.extend(["$id", "id"].iter().filter_map(|name| Some(members.get(*name)?.as_str()?.to_owned())));
            members.values().for_each(|value| all_ids(value, ids));
        }
        Value::Array(elements) => elements.iter().for_each(|value| all_ids(value, ids)),
        _ => {}
    }
}

/// What may be beside a `$ref` in the drafts that ignore everything beside it.
fn beside_ref(holds: KeywordContent) -> bool {
    matches!(holds, KeywordContent::Note | KeywordContent::Name | KeywordContent::Reference | KeywordContent::Definitions)
}

#[cfg(test)]
mod tests;
