//! Some things may be written only in certain files.

use quote::ToTokens as _;

use super::modules::Module;

/// A rule: pieces of code, and the only files of the domain crate that may contain them.
pub(crate) struct Door {
    words: &'static [&'static str],
    files: &'static [&'static str],
}

/// The rules of the domain crate. They do not apply to its ledgers.
pub(crate) const DOORS: &[Door] = &[
    Door { words: &["JobWrite :: End", "JobWrite :: Fail", "JobWrite :: Cancel", "JobWrite :: Abandon"], files: &["src/jobs.rs"] },
    Door { words: &["mark_completed", "mark_failed", "mark_cancelled", "mark_abandoned"], files: &["src/end.rs", "src/jobs.rs"] },
    Door { words: &["update_job", "update_part", "put_part"], files: &["src/jobs.rs", "src/submit/put_part.rs"] },
];

const LEDGERS: &str = "src/ledger";

/// The pieces that the module contains although it is not one of their files.
pub(crate) fn round_the_doors(module: &Module) -> Vec<String> {
    let file = module.file.display().to_string();
    if file.contains(LEDGERS) {
        return Vec::new();
    }
    let shut = DOORS.iter().filter(|door| !door.files.iter().any(|allowed| file.ends_with(allowed)));
    let words = shut.flat_map(|door| door.words.iter().copied()).filter(|word| has(module, word));
    words.map(|word| format!("{file}: {word}")).collect()
}

/// The pieces that none of their files contains: the code has changed, and the rule has to follow.
pub(crate) fn unused(modules: &[&Module]) -> Vec<&'static str> {
    let is_used = |door: &Door, word: &str| {
        modules.iter().any(|module| door.files.iter().any(|file| module.file.ends_with(file)) && has(module, word))
    };
    DOORS.iter().flat_map(|door| door.words.iter().copied().filter(|word| !is_used(door, word))).collect()
}

fn has(module: &Module, word: &str) -> bool {
    let code: String = module.code.iter().map(|item| item.to_token_stream().to_string() + " ").collect();
    let is_whole = |at: usize| !code[at + word.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_');
    code.match_indices(word).any(|(at, _)| is_whole(at))
}
