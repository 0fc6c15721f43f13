//! The modules of a crate, as the compiler finds them from its root.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, ItemUse, UseTree};

/// A module's names, from the crate's root on; the root has none.
pub(crate) type Names = Vec<String>;

/// A module in a file of its own.
pub(crate) struct Module {
    pub(crate) names: Names,
    pub(crate) file: PathBuf,
    /// Everything in it except `use`, declarations of modules, and tests.
    pub(crate) code: Vec<Item>,
    pub(crate) uses: Vec<Use>,
}

/// One name that a `use` brings into a module.
pub(crate) struct Use {
    pub(crate) path: Vec<String>,
    /// Its name here; `None` for a glob.
    pub(crate) name: Option<String>,
    /// True if others can see it here too.
    pub(crate) is_re_export: bool,
}

/// All modules of a crate.
pub(crate) struct Modules(BTreeMap<Names, Module>);

impl Modules {
    /// The modules of the crate with this root.
    pub(crate) fn read(root: &Path) -> Self {
        let dir = root.parent().expect("a directory");
        let mut modules = BTreeMap::new();
        read(Names::new(), root.to_owned(), dir, &mut modules, &|path| std::fs::read_to_string(path).ok());
        Self(modules)
    }

    /// The modules of an invented crate: file names without ending, and texts. The root is `lib`.
    pub(crate) fn of_texts(files: &[(&str, &str)]) -> Self {
        let text =
            |path: &Path| files.iter().find(|(name, _)| path == Path::new(name).with_extension("rs")).map(|(_, text)| (*text).to_owned());
        let mut modules = BTreeMap::new();
        read(Names::new(), PathBuf::from("lib.rs"), Path::new(""), &mut modules, &text);
        modules.values_mut().for_each(|module| module.file = module.file.with_extension(""));
        Self(modules)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Module> {
        self.0.values()
    }

    pub(crate) fn get(&self, names: &[String]) -> Option<&Module> {
        self.0.get(names)
    }
}

fn read(names: Names, file: PathBuf, children: &Path, modules: &mut BTreeMap<Names, Module>, text: &dyn Fn(&Path) -> Option<String>) {
    let code = text(&file).unwrap_or_else(|| panic!("{} cannot be read", file.display()));
    let parsed = syn::parse_file(&code).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut module = Module { names: names.clone(), file, code: Vec::new(), uses: Vec::new() };
    for item in parsed.items {
        match item {
            Item::Use(item) if !is_test(&item.attrs) => module.uses.extend(names_of(&item)),
            Item::Mod(item) if is_test(&item.attrs) => {}
            Item::Mod(item) if item.content.is_none() => {
                let name = item.ident.to_string();
                let below = children.join(&name);
                read([names.clone(), vec![name]].concat(), below.with_extension("rs"), &below, modules, text);
            }
            other => module.code.push(other),
        }
    }
    modules.insert(names, module);
}

fn is_test(attributes: &[Attribute]) -> bool {
    let is_test =
        |attribute: &Attribute| attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|of| of.is_ident("test"));
    attributes.iter().any(is_test)
}

fn names_of(item: &ItemUse) -> Vec<Use> {
    let is_re_export = !matches!(item.vis, syn::Visibility::Inherited);
    let mut uses = Vec::new();
    flatten(&item.tree, Vec::new(), &mut |path, name| uses.push(Use { path, name, is_re_export }));
    uses
}

fn flatten(tree: &UseTree, mut path: Vec<String>, found: &mut dyn FnMut(Vec<String>, Option<String>)) {
    match tree {
        UseTree::Path(part) => {
            path.push(part.ident.to_string());
            flatten(&part.tree, path, found);
        }
        UseTree::Name(name) if name.ident == "self" => {
            let last = path.last().cloned();
            found(path, last);
        }
        UseTree::Name(name) => {
            path.push(name.ident.to_string());
            found(path, Some(name.ident.to_string()));
        }
        UseTree::Rename(rename) => {
            path.push(rename.ident.to_string());
            found(path, Some(rename.rename.to_string()));
        }
        UseTree::Glob(_) => found(path, None),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, path.clone(), found)),
    }
}
