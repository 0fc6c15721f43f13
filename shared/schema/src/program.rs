//! A compiled schema, and its verdict on an item. It runs foreign programs, so only a child process calls it.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use jsonschema::{PatternCache, PatternOptions, ValidationOptions, Validator};
use serde_json::Value;

use crate::alternatives::{self, Wishes};
use crate::choose;
use crate::edit;
use crate::every_fault;
use crate::exact::{self, ExactNumbers, SchemaDigits};
use crate::formats;
use crate::loops;
use crate::pattern::size;
use crate::reading::{self, ReadSchema};
use crate::refusal::Refusal;
use crate::text::{Types, reading as reading_of};
use crate::unfit;
use crate::violations::{Misfit, misfit, places};
use crate::wanted_types::WantedTypesRecorder;

/// How many steps a pattern with look-around or back-references may take on one text. All others take linear time.
const PATTERN_STEPS_MAX: usize = 100_000;
/// What a schema's patterns may remember of the texts that they have read, in bytes, and one of them.
const MEMORIES_BYTES_MAX: usize = 16 << 20;
const MEMORY_BYTES_MAX: usize = 1 << 20;
/// The values of an item times the schemas. Beyond this only the first violation is searched for, since each takes
/// memory.
const VIOLATIONS_SOUGHT_MAX: usize = 200_000;
/// How often an item is checked at most, each time with other texts in their other reading.
const TRIES_MAX: usize = 64;
/// The values of an item times the schemas times the tries that follow alternatives.
const ALTERNATIVES_WORK_MAX: usize = 2_000_000;
/// How many violations are counted at most, to find the reading with the fewest.
const VIOLATIONS_COUNTED_MAX: usize = 4_096;
/// How often an item is searched for texts that are wanted as another type.
const LOOKS_MAX: usize = 4;

/// A schema ready for use.
pub(crate) struct Program {
    validator: Validator,
    /// Compares numbers digit by digit. Compiled for the first item that needs it.
    exact: OnceCell<Validator>,
    /// True if the schema has numbers that a double cannot stand for.
    has_exact: bool,
    text: Option<TextRules>,
    /// With the compiled patterns, which all of its validators share.
    options: ValidationOptions<'static>,
    reading: ReadSchema,
}

/// An item's judge: one of the two validators, and the numbers that it has to know by their digits.
struct Judge<'p> {
    /// As it was written.
    item: &'p str,
    validator: &'p Validator,
    numbers: ExactNumbers,
    program: &'p Program,
}

/// The additional rules if all values of an item are text.
struct TextRules {
    recorder: WantedTypesRecorder,
    /// Top-level members that are never text, whatever the rest of the item is.
    never_text: HashMap<String, Types>,
}

/// How the search for a reading of an item's texts ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotFound {
    /// None makes the item fit, as far as its violations show.
    None,
    /// There are too many to try all, or the item or the schema is too large for that.
    GaveUp,
}

/// A schema's verdict on an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It fits unchanged.
    Fits,
    /// It fits after its types were changed: this is the JSON.
    Typed(String),
    /// It does not fit.
    Misfit(Misfit),
}

impl Program {
    /// Compiles a schema. With `text`, texts are converted to what the schema wants.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the schema.
    pub(crate) fn compile(schema: &str, text: bool) -> Result<Self, Vec<Refusal>> {
        let original: Value = serde_json::from_str(schema).map_err(|e| vec![Refusal::new("", format!("cannot be read: {e}"))])?;
        let (digits, unreadable) = match SchemaDigits::of(schema) {
            Ok(digits) => (digits, None),
            Err(refusal) => (SchemaDigits::default(), Some(refusal)),
        };
        let read = reading::read(original.clone(), &digits);
        let refused = match (read, unreadable) {
            (Ok(reading), None) => match Self::new(reading, &original, &digits, text) {
                Ok(program) => return Ok(program),
                Err(refusal) => vec![refusal],
            },
            (read, unreadable) => unreadable.into_iter().chain(read.err().unwrap_or_default()).collect(),
        };
        Err(every_fault::complete(&original, refused, |reading, rest| Self::new(reading, rest, &SchemaDigits::default(), text).err()))
    }

    /// Compiles a schema that was read.
    fn new(reading: ReadSchema, original: &Value, digits: &SchemaDigits<'_>, text: bool) -> Result<Self, Refusal> {
        loops::refusal(original).map_or(Ok(()), Err)?;
        let refused = |error| unfit::refusal(original, &error, &reading.patterns);
        let options = options(&reading);
        let validator = options.clone().build(&reading.schema).map_err(refused)?;
        let rules = || {
            WantedTypesRecorder::new(options.clone(), &reading.schema)
                .map(|recorder| TextRules { recorder, never_text: never_text(&reading.schema) })
        };
        let text = text.then(rules).transpose().map_err(refused)?;
        Ok(Self { validator, exact: OnceCell::new(), has_exact: !digits.is_empty(), text, options, reading })
    }

    /// The judge of an item; the pointer to a number that cannot be read as the error.
    fn judge<'p>(&'p self, item: &'p str) -> Result<Judge<'p>, String> {
        let numbers = ExactNumbers::of(item, self.text.is_some())?;
        let is_exact = self.has_exact || !numbers.is_empty();
        let validator = if is_exact { self.exact_validator() } else { &self.validator };
        Ok(Judge { item, validator, numbers, program: self })
    }

    /// It compiles if the other one does: it has the same schema.
    fn exact_validator(&self) -> &Validator {
        if self.exact.get().is_none()
            && let Ok(validator) = exact::with_exact_numbers(self.options.clone(), self.reading.draft).build(&self.reading.schema)
        {
            let _ = self.exact.set(validator);
        }
        self.exact.get().unwrap_or(&self.validator)
    }

    /// Checks an item. `unfit` is called as soon as it is known not to fit, before the reasons are collected.
    pub(crate) fn check(&self, item: &str, unfit: &mut dyn FnMut()) -> Verdict {
        let mut value: Value = match serde_json::from_str(item) {
            Ok(value) => value,
            Err(error) => return Verdict::Misfit(Misfit::new("malformed", error.to_string())),
        };
        let judge = match self.judge(item) {
            Ok(judge) => judge,
            Err(pointer) => return Verdict::Misfit(Misfit::unreadable_number(pointer)),
        };
        let mut converted = HashSet::new();
        if let Some(rules) = &self.text {
            rules.convert_plainly(&mut value, &mut converted);
        }
        if !judge.is_valid(&value) {
            let (to_convert, keep_as_text) = self.text.as_ref().map(|rules| rules.texts_to_convert(&value)).unwrap_or_default();
            let found = judge.search(&to_convert, &keep_as_text, &value);
            let are_some_wanted = !to_convert.is_empty();
            let all = if found.is_some() { Vec::new() } else { judge.all_texts_to_convert(to_convert, &value) };
            let more = match found.map_or_else(|| judge.search_alternatives(&all, are_some_wanted, &value), Ok) {
                Ok(more) => more,
                Err(search) => {
                    unfit();
                    let nearest = judge.nearest(&all, value);
                    return Verdict::Misfit(judge.misfit(&nearest, search));
                }
            };
            converted.extend(more);
        }
        if converted.is_empty() { Verdict::Fits } else { Verdict::Typed(edit::retype(item, &converted)) }
    }
}

impl Judge<'_> {
    fn is_valid(&self, value: &Value) -> bool {
        self.numbers.around(value, || self.validator.is_valid(value))
    }

    /// `search` says how the search for another reading of its texts ended.
    fn misfit(&self, value: &Value, search: NotFound) -> Misfit {
        let patterns = &self.program.reading.patterns;
        let mut misfit = self.numbers.around(value, || {
            if self.work(value) > VIOLATIONS_SOUGHT_MAX {
                let first = self.validator.validate(value).err();
                return misfit(first.into_iter(), value, self.item, patterns);
            }
            misfit(self.validator.iter_errors(value), value, self.item, patterns)
        });
        if search == NotFound::GaveUp || misfit.violations.is_empty() {
            misfit.add_given_up();
        }
        misfit
    }

    /// The fewest texts that have to be converted for the item to fit, among those that the schema wants as another
    /// type.
    fn search(&self, to_convert: &[String], keep_as_text: &[String], value: &Value) -> Option<Vec<String>> {
        let mut fits = |texts: &[&String]| self.is_valid(&with(value, texts));
        let found = choose::smallest(to_convert, TRIES_MAX, &mut fits);
        // A text that is refused for being text is wanted by a `not`, or by one alternative too many.
        found.or_else(|| if to_convert.is_empty() { choose::smallest(keep_as_text, TRIES_MAX, &mut fits) } else { None })
    }

    /// These texts, and those wanted as another type in places after the first violation; none if it would be too much work.
    fn all_texts_to_convert(&self, to_convert: Vec<String>, value: &Value) -> Vec<String> {
        let rules = self.program.text.as_ref().filter(|_| self.work(value) <= VIOLATIONS_SOUGHT_MAX);
        rules.map(|rules| rules.all_texts_to_convert(to_convert, value)).unwrap_or_default()
    }

    /// How much work it is to look for all violations of an item.
    fn work(&self, value: &Value) -> usize {
        values(value).saturating_mul(self.program.reading.schemas).max(1)
    }

    /// The texts that have to be converted, by following what each alternative asks for. `known` are those that anything asks for.
    /// `are_some_wanted` is true if anything asks for any text, known or not.
    fn search_alternatives(&self, known: &[String], are_some_wanted: bool, value: &Value) -> Result<Vec<String>, NotFound> {
        let work = self.work(value);
        if self.program.text.is_none() {
            return Err(NotFound::None);
        }
        if work > VIOLATIONS_SOUGHT_MAX {
            return Err(if are_some_wanted { NotFound::GaveUp } else { NotFound::None });
        }
        let known: BTreeSet<String> = known.iter().cloned().collect();
        let mut tries = TRIES_MAX.min(1 + ALTERNATIVES_WORK_MAX / work);
        let mut look = |chosen: &BTreeSet<String>| {
            tries = tries.checked_sub(1).ok_or(NotFound::GaveUp)?;
            let value = with(value, &chosen.iter().collect::<Vec<_>>());
            self.numbers.around(&value, || {
                let errors: Vec<_> = self.validator.iter_errors(&value).take(VIOLATIONS_COUNTED_MAX).collect();
                Ok((!errors.is_empty()).then(|| Wishes::of(&errors, &value, &known)))
            })
        };
        let found = alternatives::find(&mut look)?.ok_or(NotFound::None)?;
        let tries = ALTERNATIVES_WORK_MAX / work;
        let fewest = choose::fewest(found.into_iter().collect(), tries, &mut |texts| self.is_valid(&with(value, texts)));
        if self.is_valid(&with(value, &fewest.iter().collect::<Vec<_>>())) { Ok(fewest) } else { Err(NotFound::None) }
    }

    /// The reading with the fewest violations of an item that does not fit, so that no text is blamed that would be
    /// valid when converted.
    fn nearest(&self, to_convert: &[String], value: Value) -> Value {
        if to_convert.is_empty() {
            return value;
        }
        let work = self.work(&value);
        let tries = TRIES_MAX.min(VIOLATIONS_SOUGHT_MAX / work);
        let places = |texts: &[&String]| {
            let value = with(&value, texts);
            self.numbers.around(&value, || places(self.validator.iter_errors(&value).take(VIOLATIONS_COUNTED_MAX)))
        };
        let all: Vec<_> = to_convert.iter().collect();
        let (as_text, converted) = (places(&[]), places(&all));
        let wrong_in = |places: &HashSet<(String, String)>| {
            let at: HashSet<&str> = places.iter().map(|(at, _)| at.as_str()).collect();
            to_convert.iter().filter(|text| at.contains(text.as_str())).collect::<HashSet<&String>>()
        };
        let (wrong, wrong_converted) = (wrong_in(&as_text), wrong_in(&converted));
        // First the fewest violations; then no valid text converted, and all invalid ones.
        let score = |texts: &[&String], count: usize| {
            let helped = texts.iter().filter(|text| wrong.contains(*text)).count();
            (count, texts.len() - helped, wrong.len() - helped)
        };
        let better: Vec<_> = all.iter().copied().filter(|text| wrong.contains(text) || !wrong_converted.contains(text)).collect();
        let (mut best, mut nearest) = (score(&[], as_text.len()), Vec::new());
        let mut consider = |texts: Vec<_>, count, nearest: &mut Vec<_>| {
            let score = score(&texts, count);
            if score < best {
                (best, *nearest) = (score, texts);
            }
        };
        consider(all, converted.len(), &mut nearest);
        let count = places(&better).len();
        consider(better, count, &mut nearest);
        for text in to_convert.iter().take(tries) {
            let other: Vec<_> = match nearest.contains(&text) {
                true => nearest.iter().copied().filter(|other| *other != text).collect(),
                false => nearest.iter().copied().chain([text]).collect(),
            };
            let count = places(&other).len();
            consider(other, count, &mut nearest);
        }
        with(&value, &nearest)
    }
}

impl TextRules {
    fn convert_plainly(&self, value: &mut Value, converted: &mut HashSet<String>) {
        let Some(members) = value.as_object_mut() else { return };
        if self.never_text.is_empty() {
            return;
        }
        for (name, value) in members {
            let Some(types) = self.never_text.get(name) else { continue };
            if let Some(other) = value.as_str().and_then(reading_of).filter(|other| other.is(*types)) {
                *value = other.value;
                converted.insert(crate::pointer::join("", name));
            }
        }
    }

    /// Pointers to texts that are wanted as another type, and to those that are wanted as text.
    fn texts_to_convert(&self, value: &Value) -> (Vec<String>, Vec<String>) {
        let first = self.recorder.look(value, false);
        let (mut to_convert, mut keep_as_text) = (first.to_convert, first.keep_as_text);
        let add = |list: &mut Vec<String>, more: Vec<String>| {
            let before = list.len();
            let known: HashSet<String> = list.iter().cloned().collect();
            list.extend(more.into_iter().filter(|text| !known.contains(text)));
            list.len() > before
        };
        let mut value = value.clone();
        for _ in 0..LOOKS_MAX {
            let look = self.recorder.look(&value, true);
            add(&mut keep_as_text, look.keep_as_text);
            if !add(&mut to_convert, look.to_convert) {
                break;
            }
            // A conversion may lead to other parts of the schema.
            value = with(&value, &to_convert.iter().collect::<Vec<_>>());
        }
        (to_convert, keep_as_text)
    }

    /// These texts, and those wanted as another type in places after the first violation.
    fn all_texts_to_convert(&self, mut to_convert: Vec<String>, value: &Value) -> Vec<String> {
        for _ in 0..LOOKS_MAX {
            let converted = with(value, &to_convert.iter().collect::<Vec<_>>());
            let known: HashSet<_> = to_convert.iter().cloned().collect();
            let more: Vec<_> = self.recorder.look_at_all(&converted, VIOLATIONS_COUNTED_MAX).to_convert;
            to_convert.extend(more.into_iter().filter(|text| !known.contains(text)));
            if to_convert.len() == known.len() {
                break;
            }
        }
        to_convert
    }
}

/// The item with these texts in their other reading.
fn with(value: &Value, texts: &[&String]) -> Value {
    let mut value = value.clone();
    for pointer in texts {
        if let Some(text) = value.pointer_mut(pointer)
            && let Some(other) = text.as_str().and_then(reading_of)
        {
            *text = other.value;
        }
    }
    value
}

/// How many values a value consists of.
fn values(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(values).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(values).sum::<usize>(),
        _ => 1,
    }
}

/// Members that a `type` directly under `properties` does not allow to be text, so that the most common schemas are
/// decided at once.
fn never_text(schema: &Value) -> HashMap<String, Types> {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let types = properties.filter_map(|(name, schema)| Some((name.clone(), Types::of_keyword(schema.get("type")?)?)));
    types.filter(|(_, types)| !types.has_text()).collect()
}

fn options(reading: &ReadSchema) -> ValidationOptions<'static> {
    let bytes_max = size::bytes_max(&reading.all_patterns);
    let memory_max = (MEMORIES_BYTES_MAX / reading.all_patterns.len().max(1)).min(MEMORY_BYTES_MAX);
    let patterns = PatternOptions::fancy_regex().backtrack_limit(PATTERN_STEPS_MAX).size_limit(bytes_max).dfa_size_limit(memory_max);
    let options = jsonschema::options().offline().should_validate_formats(true).should_ignore_unknown_formats(false);
    let options = options.with_pattern_options(patterns).with_pattern_cache(PatternCache::new());
    formats::checked_here(exact::with_exact_multiples(options), reading.draft)
}

#[cfg(test)]
mod tests;
