//! Finds circles in a graph of files: strongly connected components of more than one file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Graph = BTreeMap<PathBuf, Vec<PathBuf>>;

/// Each largest set of files that all reach each other, in order of their names.
pub(crate) fn circles(graph: &Graph) -> Vec<Vec<PathBuf>> {
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = graph.keys().map(|file| (file.as_path(), reached_from(graph, file))).collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        let circle: Vec<PathBuf> = others.iter().filter(|other| reached[**other].contains(file)).map(|other| other.to_path_buf()).collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reached_from<'a>(graph: &'a Graph, from: &Path) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Path> = graph[from].iter().map(PathBuf::as_path).collect();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(graph[file].iter().map(PathBuf::as_path));
        }
    }
    reached
}
