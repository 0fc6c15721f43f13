//! Checks that what counts as equal is equal, so that a mistake in [`super::forget`] is found.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use super::{Local, Node};
use crate::ask::Answer;

/// Processes that count as equal, with all the answers that any of them had.
type Class = (Vec<Arc<Node>>, HashSet<Answer>);

impl Local {
    /// Checks that processes that count as equal continue in the same way: each gets the answers that any of them had,
    /// and so do the places that this leads to, up to where answers are forgotten again. Returns how many there are, or
    /// two that differ.
    pub(crate) fn equals_go_on_alike(&self) -> Result<usize, String> {
        let explored = self.len() as u32;
        loop {
            let (classes, before) = (self.classes(), self.len());
            for (nodes, answers) in classes.values() {
                let asks: BTreeSet<String> = nodes.iter().map(|node| node.asks_anonymously()).collect();
                if asks.len() > 1 {
                    return Err(format!("{:?}: {asks:?}", nodes[0].life));
                }
                for node in nodes.iter().filter(|node| nodes.len() > 1 && (node.number < explored || !node.is_of_use)) {
                    answers.iter().for_each(|answer| drop(self.told(node, answer.clone())));
                }
            }
            if self.len() == before {
                return Ok(classes.values().filter(|(nodes, _)| nodes.len() > 1).count());
            }
        }
    }

    fn classes(&self) -> HashMap<u64, Class> {
        let tree = self.nodes.read().unwrap_or_else(PoisonError::into_inner);
        let mut classes: HashMap<u64, Class> = HashMap::new();
        for node in tree.roots.values().chain(tree.children.values()) {
            classes.entry(node.digest).or_default().0.push(node.clone());
            if let (Some(parent), Some(answer)) = (&node.parent, &node.answer) {
                classes.entry(parent.digest).or_default().1.insert(answer.clone());
            }
        }
        classes
    }
}

impl Node {
    /// What it does next, whatever the names of the nonces that it draws.
    fn asks_anonymously(&self) -> String {
        let text = format!("{:?}", self.next);
        let mut pieces = text.split("Nonce(");
        let first = pieces.next().unwrap_or_default().to_owned();
        let anonymous = |piece: &str| match piece.split_once(')') {
            Some((number, rest)) if number.len() == 3 => format!("Nonce(drawn){rest}"),
            _ => format!("Nonce({piece}"),
        };
        pieces.map(anonymous).fold(first, |text, piece| text + &piece)
    }
}
