//! Corrections: what is cleared has the value that its user gave last, and what is recorded came of the value that the item had.

use crate::bounds::Bounds;
use crate::life::{Act, Life};
use crate::local::Node;
use crate::rows::OutcomeRow;
use crate::world::World;

/// What is wrong with the values in an outcome row that the process has just written.
pub(super) fn wrongly(
    bounds: &Bounds,
    old: &World,
    node: &Node,
    (part, chunk): (usize, usize),
    (before, after): (&OutcomeRow, &OutcomeRow),
) -> Option<&'static str> {
    let of_chunk = |items: u8| (items >> bounds.shape.first(part, chunk)) & bounds.shape.whole(part, chunk);
    let (counted, written, ran) = (of_chunk(old.counted), of_chunk(old.written), of_chunk(node.heard.fixed));
    let cleared = after.again_items() & before.failed & !before.again_items();
    let (processed, failed) = (after.processed & !before.processed, after.failed & !before.failed);
    // Each item keeps its value until it is cleared.
    let value = before.fixed & before.again_items();
    match () {
        () if cleared & counted & !after.fixed != 0 => Some("an item is cleared without its correction"),
        () if cleared & !written & (after.fixed ^ before.fixed) != 0 => Some("an item is cleared with a value that nobody gave it"),
        () if (after.fixed ^ value) & failed != 0 => Some("an item failed with a value that it does not have"),
        () if (ran ^ value) & processed != 0 => Some("an item succeeded with a value that it does not have"),
        () => None,
    }
}

/// A correction counts only of an item that has failed.
pub(super) fn counted_wrongly(bounds: &Bounds, old: &World, new: &World, node: &Node) -> Option<&'static str> {
    let Life::Call(Act::Correct(index)) = node.life else { return None };
    let chunks = (0..bounds.shape.parts.len()).flat_map(|part| (0..bounds.shape.parts[part].len()).map(move |chunk| (part, chunk)));
    let failed = chunks
        .filter_map(|(part, chunk)| Some(bounds.shape.in_job(part, chunk, new.rows.outcomes[part][chunk].as_ref()?.failed)))
        .fold(0, |all, items| all | items);
    let now = new.counted & !old.counted & (1 << index);
    (now & !failed != 0).then_some("an item was corrected that has not failed")
}
