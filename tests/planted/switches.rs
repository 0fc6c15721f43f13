//! Plants many bugs at once, each behind a switch: the body of a function with a bug is there twice, and the switch decides when the
//! function is called which of the two runs. So one build serves all bugs.

use std::collections::BTreeMap;
use std::ops::Range;

use super::bug::{Bug, Edit};

/// The variable that names the bug that is switched on.
pub(crate) const SWITCH: &str = "HEADWAY_PLANTED";

/// What a bug's code prints when it runs for the first time.
pub(crate) fn reached(name: &str) -> String {
    format!("the planted code of {name} runs")
}

/// The code of the switch, for the main file of each crate.
pub(crate) fn switch() -> String {
    let message = reached("{name}");
    format!(
        "
pub(crate) mod planted {{
    pub(crate) fn is(name: &str) -> bool {{
        static ON: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| std::env::var({SWITCH:?}).unwrap_or_default());
        static REACHED: std::sync::Once = std::sync::Once::new();
        let on = *ON == name;
        if on {{
            REACHED.call_once(|| eprintln!({message:?}));
        }}
        on
    }}
}}
"
    )
}

/// The function bodies of one file that have bugs in them.
#[derive(Debug, Default)]
pub(crate) struct Bodies(BTreeMap<usize, Body>);

/// A function's body, from brace to brace, and what it is with each bug.
#[derive(Debug)]
struct Body {
    range: Range<usize>,
    with_bugs: BTreeMap<&'static str, String>,
}

impl Bodies {
    /// Adds an edit of this bug in this file, or says why that cannot be done.
    pub(crate) fn add(&mut self, code: &str, bug: &Bug, edit: &Edit) -> Result<(), String> {
        let at = code.find(edit.find).ok_or_else(|| format!("it is not here: {}", edit.find))?;
        let range = body_around(code, at..at + edit.find.len()).ok_or_else(|| {
            format!("not all of this is in the body of one function that is neither const nor returns an impl:\n{}\n", edit.find)
        })?;
        if let Some(other) = self.0.values().find(|other| other.range != range && overlap(&other.range, &range)) {
            return Err(format!("a function within another, at the bytes {range:?} and {:?}", other.range));
        }
        let body = self.0.entry(range.start).or_insert_with(|| Body { range: range.clone(), with_bugs: BTreeMap::new() });
        let with_bug = body.with_bugs.entry(bug.name).or_insert_with(|| code[range].to_owned());
        if with_bug.matches(edit.find).count() != 1 {
            return Err(format!("an earlier edit of the bug has changed this:\n{}\n", edit.find));
        }
        *with_bug = with_bug.replacen(edit.find, edit.replace, 1);
        Ok(())
    }

    /// The file with a switch in each of these functions.
    pub(crate) fn switched(&self, code: &str) -> String {
        let mut switched = code.to_owned();
        for body in self.0.values().rev() {
            let variants = body.with_bugs.iter().map(|(name, with_bug)| format!("if crate::planted::is({name:?}) {with_bug} else "));
            let all: String = variants.chain([code[body.range.clone()].to_owned()]).collect();
            switched.replace_range(body.range.clone(), &format!("{{ {all} }}"));
        }
        switched
    }
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// The body of the innermost function around this range. The code is formatted: a function begins with a line of its own and ends
/// with a brace as far to the left. If something else is taken for a function, the code with the switch in it cannot be compiled.
fn body_around(code: &str, range: Range<usize>) -> Option<Range<usize>> {
    let mut starts = 0;
    let lines = code.split_inclusive('\n').map(|line| {
        starts += line.len();
        (starts - line.len(), line.trim_end_matches('\n'))
    });
    let lines: Vec<(usize, &str)> = lines.collect();
    let candidates = lines.iter().enumerate().rev().skip_while(|(_, (start, _))| *start > range.start);
    for (first, (_, line)) in candidates.filter(|(_, (_, line))| is_function(line)) {
        let outdent = &line[..line.len() - line.trim_start().len()];
        let as_far_left = |line: &str| line.strip_prefix(outdent).is_some_and(|rest| !rest.starts_with([' ', '}']));
        let opens = (first..lines.len()).find(|at| as_far_left(lines[*at].1) && lines[*at].1.ends_with('{'))?;
        let closes = (opens..lines.len()).find(|at| lines[*at].1.strip_prefix(outdent) == Some("}"))?;
        let body = lines[opens].0 + lines[opens].1.len() - 1..lines[closes].0 + lines[closes].1.len();
        if body.start < range.start && range.end < body.end {
            let signature: String = lines[first..=opens].iter().map(|(_, line)| *line).collect();
            let returns = signature.rsplit_once("->").map_or("", |(_, returns)| returns);
            return (!signature.contains("const fn ") && !returns.contains("impl ")).then_some(body);
        }
    }
    None
}

fn is_function(line: &str) -> bool {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub") || ["const", "async"].contains(word));
    words.next() == Some("fn")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "const MOST: u32 = 2;\n\n\
        impl Part {\n    /// Its fn.\n    pub(super) async fn first(\n        &self,\n    ) -> Result<u32, Error> {\n        self.one()?;\n        \
        self.two()\n    }\n\n    fn second(&self) -> u32 {\n        if self.is_full {\n            3\n        } else {\n            4\n        }\n    }\n\n    \
        const fn third() -> u32 {\n        5\n    }\n\n    fn fourth(&self) -> impl Iterator<Item = u32> {\n        once(6)\n    }\n}\n";

    const fn bug(name: &'static str, edits: &'static [Edit]) -> Bug {
        Bug { name, edits, breaks: "", trap: "" }
    }

    /// A bug behind a switch that does not change the function's own body would never be caught, and one that is always on would be
    /// caught in place of every other.
    #[test]
    fn each_bug_is_in_a_second_body_of_its_function() {
        const BUGS: [Bug; 3] = [
            bug(
                "b",
                &[Edit { find: "self.two()", replace: "self.three()" }, Edit { find: "            4\n", replace: "            40\n" }],
            ),
            bug("a", &[Edit { find: "        self.one()?;\n", replace: "" }]),
            bug("c", &[Edit { find: "self.one()", replace: "x" }, Edit { find: "self.two()", replace: "y" }]),
        ];
        let mut bodies = Bodies::default();
        for bug in &BUGS {
            bug.edits.iter().for_each(|edit| bodies.add(CODE, bug, edit).unwrap());
        }
        let first = "{ if crate::planted::is(\"a\") {\n        self.two()\n    } \
            else if crate::planted::is(\"b\") {\n        self.one()?;\n        self.three()\n    } \
            else if crate::planted::is(\"c\") {\n        x?;\n        y\n    } \
            else {\n        self.one()?;\n        self.two()\n    } }\n\n    fn second";
        let switched = bodies.switched(CODE);
        assert!(switched.contains(first), "{switched}");
        assert!(switched.contains("fn second(&self) -> u32 { if crate::planted::is(\"b\") {\n        if self.is_full {"), "{switched}");
        assert!(switched.contains("            40\n        }\n    } else {\n        if self.is_full {"), "{switched}");
        assert!(switched.starts_with("const MOST: u32 = 2;") && switched.ends_with("once(6)\n    }\n}\n"), "{switched}");
    }

    #[test]
    fn what_cannot_be_there_twice_is_refused() {
        for find in ["const MOST: u32 = 2;", "fn second", "        self.two()\n    }\n\n    fn second", "        5\n", "once(6)", "nowhere"]
        {
            let bug = bug("a", &[]);
            assert!(Bodies::default().add(CODE, &bug, &Edit { find, replace: "" }).is_err(), "{find}");
        }
    }
}
