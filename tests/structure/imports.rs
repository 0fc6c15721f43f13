//! What a module imports, with `use` and with paths in its code. A path is followed through re-exports to the module
//! that defines what it names.

use std::collections::BTreeSet;
use std::path::PathBuf;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;

use super::modules::{Module, Modules, Names};

/// How many re-exports of re-exports are followed.
const DEPTH_MAX: usize = 10;

/// The files of the modules that `module` imports from. What it only re-exports does not count.
pub(crate) fn imports(modules: &Modules, module: &Module) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    module.code.iter().for_each(|item| paths_in(item.to_token_stream(), &mut paths));
    let mentioned: BTreeSet<String> = paths.iter().flatten().cloned().collect();
    let is_imported = |name: &Option<String>| name.as_ref().is_none_or(|name| mentioned.contains(name));
    let used = module.uses.iter().filter(|used| !used.is_re_export || is_imported(&used.name));
    paths.retain(|path| path.len() > 1);
    paths.extend(used.map(|used| used.path.clone()));
    let found: BTreeSet<PathBuf> =
        paths.iter().filter_map(|path| definer(modules, &module.names, path, DEPTH_MAX)).map(|definer| definer.file.clone()).collect();
    found.into_iter().filter(|file| *file != module.file).collect()
}

/// The module that defines what `path`, written in the module `from`, names; `None` outside the crate.
fn definer<'a>(modules: &'a Modules, from: &[String], path: &[String], depth: usize) -> Option<&'a Module> {
    let (mut here, mut rest): (Names, &[String]) = match path.first()?.as_str() {
        "crate" => (Names::new(), &path[1..]),
        "self" => (from.to_vec(), &path[1..]),
        "super" => (from[..from.len().checked_sub(1)?].to_vec(), &path[1..]),
        // A child module, or what a `use` brought in; otherwise another crate.
        first => {
            let child = [from, &[first.to_owned()]].concat();
            let known = modules.get(&child).is_some() || modules.get(from)?.uses.iter().any(|used| used.name.as_deref() == Some(first));
            if !known {
                return None;
            }
            (from.to_vec(), path)
        }
    };
    while let Some((next, after)) = rest.split_first() {
        if next == "super" {
            here.pop();
        } else if modules.get(&[&here[..], std::slice::from_ref(next)].concat()).is_some() {
            here.push(next.clone());
        } else {
            let re_exported = modules.get(&here)?.uses.iter().find(|used| used.name.as_ref() == Some(next));
            return match re_exported.filter(|_| depth > 0) {
                Some(used) => definer(modules, &here, &[&used.path[..], after].concat(), depth - 1),
                None => modules.get(&here),
            };
        }
        rest = after;
    }
    modules.get(&here)
}

/// Every path of identifiers, also in macros' arguments. A single identifier is a path of one.
fn paths_in(tokens: TokenStream, found: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    found.push(std::mem::take(&mut path));
                }
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            other => {
                found.push(std::mem::take(&mut path));
                colons = 0;
                if let TokenTree::Group(group) = other {
                    paths_in(group.stream(), found);
                }
            }
        }
    }
    found.push(path);
}
