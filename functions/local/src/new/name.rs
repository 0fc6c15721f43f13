//! A project's name. It names a crate or package, a program and a stack, so it follows the rules of all of them.

use std::fmt;
use std::path::Path;

/// The longest name. Stacks may have longer ones, crates may not.
const LENGTH_MAX: usize = 64;
/// Names with another meaning: keywords of Rust, its own crates, the directories in cargo's `target`, what the project depends on, and
/// what Headway itself gives as names.
const RESERVED: &[&str] = &[
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "alloc",
    "core",
    "proc-macro",
    "std",
    "test",
    "build",
    "deps",
    "examples",
    "incremental",
    "headway-kit",
    "node-modules",
    "pytest",
    "serde",
    "serde-json",
    "standardwebhooks",
    "tokio",
    "api",
    "cleanup",
    "headway",
    "http",
    "json-schema",
    "lambda",
    "worker",
    "aux",
    "com1",
    "con",
    "lpt1",
    "nul",
    "prn",
];

/// A project's name: lower-case letters, digits and single hyphens, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// Why a directory's name cannot be a project's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// The path has no last part that is text.
    #[error("{0:?} does not end in a name: give a directory such as my-jobs")]
    None(String),
    /// It has other characters, or too many.
    #[error(
        "{name:?} cannot be a project's name: use lower-case letters, digits and hyphens, beginning with a letter, {LENGTH_MAX} at most, \
         such as {advice}"
    )]
    Form {
        /// The name.
        name: String,
        /// A similar one that can be used.
        advice: String,
    },
    /// It has another meaning.
    #[error("{0:?} means something else to the tools that build or run the project: use another name, such as {0}-jobs")]
    Reserved(String),
}

impl Name {
    /// The name of the project in this directory: its last part.
    ///
    /// # Errors
    ///
    /// The rule that it breaks, and a name that can be used.
    pub fn of(directory: &Path) -> Result<Self, NameError> {
        // `.` has a name, too.
        let named = if directory.file_name().is_some() { Some(directory.to_owned()) } else { directory.canonicalize().ok() };
        let name = named.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        Self::parse(name.ok_or_else(|| NameError::None(directory.to_string_lossy().into_owned()))?)
    }

    fn parse(name: &str) -> Result<Self, NameError> {
        if !is_well_formed(name) {
            return Err(NameError::Form { name: shortened(name), advice: similar(name) });
        }
        if RESERVED.contains(&name) {
            return Err(NameError::Reserved(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_well_formed(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=LENGTH_MAX).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(fits)
        && !name.ends_with('-')
        && !name.contains("--")
}

/// A name that can be used and is as similar as possible.
fn similar(name: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = name.chars().map(fits).collect();
    let words: Vec<&str> = text.split('-').filter(|word| !word.is_empty()).collect();
    let joined: String = words.join("-").trim_start_matches(|c: char| !c.is_ascii_lowercase()).chars().take(LENGTH_MAX).collect();
    match joined.trim_end_matches('-') {
        "" => "my-jobs".to_owned(),
        word if RESERVED.contains(&word) => format!("{word}-jobs"),
        words => words.to_owned(),
    }
}

/// What an error shows of a name.
fn shortened(name: &str) -> String {
    const SHOWN: usize = 80;
    if name.chars().count() <= SHOWN { name.to_owned() } else { name.chars().take(SHOWN).chain("…".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_names_its_project() {
        for directory in ["my-jobs", "./my-jobs", "my-jobs/", "../my-jobs", "/tmp/My Own/my-jobs", "nowhere/../my-jobs"] {
            assert_eq!(Name::of(Path::new(directory)).unwrap().as_str(), "my-jobs", "{directory}");
        }
        for name in ["a", "j2", "a-1-b", &"j".repeat(LENGTH_MAX)] {
            assert!(Name::parse(name).is_ok(), "{name}");
        }
    }

    /// Whatever is refused, the name in the advice can be used.
    #[test]
    fn what_cannot_be_a_name_is_refused_with_one_that_can() {
        let long = "j".repeat(LENGTH_MAX + 1);
        for (name, advice) in [
            ("my_jobs", "my-jobs"),
            ("MyJobs", "myjobs"),
            ("my jobs", "my-jobs"),
            ("-jobs", "jobs"),
            ("--source", "source"),
            ("jobs-", "jobs"),
            ("my--jobs", "my-jobs"),
            ("2nd", "nd"),
            ("42", "my-jobs"),
            ("jöbs", "j-bs"),
            ("工作", "my-jobs"),
            ("my.jobs", "my-jobs"),
            ("$(reboot)", "reboot"),
            ("a\nb", "a-b"),
            ("Test", "test-jobs"),
            ("", "my-jobs"),
            (&long, &long[1..]),
        ] {
            let refused = Name::parse(name).unwrap_err();
            assert_eq!(refused, NameError::Form { name: name.to_owned(), advice: advice.to_owned() });
            assert!(Name::parse(advice).is_ok(), "{advice}");
        }
        for name in RESERVED {
            assert_eq!(Name::parse(name), Err(NameError::Reserved((*name).to_owned())));
            assert!(Name::parse(&format!("{name}-jobs")).is_ok());
        }
        assert!(Name::parse(&"é".repeat(10_000)).unwrap_err().to_string().len() < 1_000);
        assert!(matches!(Name::of(Path::new("/")), Err(NameError::None(_))));
    }
}
