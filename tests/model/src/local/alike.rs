//! Whether what is taken for equal is equal: a check of [`super::forget`], which a mistake in it does not pass.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use super::{Local, Node};
use crate::ask::Answer;

/// Those that are taken for equal, with all that any of them was told.
type Class = (Vec<Arc<Node>>, HashSet<Answer>);

impl Local {
    /// Whether all that are taken for equal go on alike: each is told what any of them was told, and so is what it comes to,
    /// up to where things are forgotten again. How many there are; or those that do not.
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
    /// What it does next, whatever it calls the nonces that it draws.
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
