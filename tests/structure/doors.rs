//! One door for one thing: what may be written only in these files.

use quote::ToTokens as _;

use super::modules::Module;

/// A door: words of code, and the only files of the domain crate in which they may be.
pub(crate) struct Door {
    words: &'static [&'static str],
    files: &'static [&'static str],
}

/// The doors of the domain crate. Its ledgers are what the doors lead to.
pub(crate) const DOORS: &[Door] = &[
    Door { words: &["JobWrite :: End", "JobWrite :: Fail", "JobWrite :: Cancel", "JobWrite :: Abandon"], files: &["src/jobs.rs"] },
    Door { words: &["mark_completed", "mark_failed", "mark_cancelled", "mark_abandoned"], files: &["src/end.rs", "src/jobs.rs"] },
    Door { words: &["update_job", "update_part", "put_part"], files: &["src/jobs.rs", "src/submit/put_part.rs"] },
];

const LEDGERS: &str = "src/ledger";

/// The words that the module uses though it is no door for them.
pub(crate) fn round_the_doors(module: &Module) -> Vec<String> {
    let file = module.file.display().to_string();
    if file.contains(LEDGERS) {
        return Vec::new();
    }
    let shut = DOORS.iter().filter(|door| !door.files.iter().any(|allowed| file.ends_with(allowed)));
    let words = shut.flat_map(|door| door.words.iter().copied()).filter(|word| has(module, word));
    words.map(|word| format!("{file}: {word}")).collect()
}

/// The words that no file of their door has: the code has changed, and the door has to.
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
