//! Short lists in the job's row, as text: `0:12 3:250`.

use std::collections::BTreeMap;

use super::item::RowFault;
use super::schema::{CORRECTED, ROUNDS};
use headway_core::job::RoundCounts;

/// How many items of each part are corrected: part and count.
pub(super) fn corrected_text(corrected: &BTreeMap<u32, u32>) -> String {
    corrected.iter().map(|(part, count)| format!("{part}:{count}")).collect::<Vec<_>>().join(" ")
}

pub(super) fn corrected(text: Option<&str>) -> Result<BTreeMap<u32, u32>, RowFault> {
    let pair = |pair: &str| pair.split_once(':').and_then(|(part, count)| Some((part.parse().ok()?, count.parse().ok()?)));
    text.unwrap_or_default().split_whitespace().map(|text| pair(text).ok_or(RowFault::Malformed(CORRECTED))).collect()
}

/// Each round's number, processed, failed and corrected items.
pub(super) fn rounds_text(rounds: &[RoundCounts]) -> String {
    let text = |counts: &RoundCounts| format!("{}:{}:{}:{}", counts.round, counts.processed, counts.failed, counts.corrected);
    rounds.iter().map(text).collect::<Vec<_>>().join(" ")
}

pub(super) fn rounds(text: Option<&str>) -> Result<Vec<RoundCounts>, RowFault> {
    text.unwrap_or_default().split_whitespace().map(|text| counts(text).ok_or(RowFault::Malformed(ROUNDS))).collect()
}

fn counts(text: &str) -> Option<RoundCounts> {
    let numbers: Vec<u64> = text.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[round, processed, failed, corrected] = numbers.as_slice() else { return None };
    Some(RoundCounts { round: round.try_into().ok()?, processed, failed, corrected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_written() {
        let parts = BTreeMap::from([(0, 12), (999, 20_000)]);
        assert_eq!(corrected(Some(&corrected_text(&parts))).unwrap(), parts);
        let history: Vec<_> = (1..4).map(|round| RoundCounts { round, processed: 9_999_999, failed: 0, corrected: 7 }).collect();
        assert_eq!(rounds(Some(&rounds_text(&history))).unwrap(), history);
        assert!(corrected(None).unwrap().is_empty() && rounds(Some("")).unwrap().is_empty());
        for wrong in ["1", "1:", "a:1", "-1:2"] {
            assert!(corrected(Some(wrong)).is_err() && rounds(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
