//! Chooses among texts of an item those that have to be converted, by trying.

/// For up to this many texts every combination is tried.
const EVERY_CHOICE_MAX: usize = 5;

/// The smallest combination that fits. About `tries` are tried.
pub(crate) fn smallest(texts: &[String], tries: usize, fits: &mut impl FnMut(&[&String]) -> bool) -> Option<Vec<String>> {
    if texts.is_empty() {
        return None;
    }
    let owned = |texts: Vec<&String>| texts.into_iter().cloned().collect();
    if texts.len() <= EVERY_CHOICE_MAX {
        let mut choices: Vec<u32> = (1..1 << texts.len()).collect();
        choices.sort_by_key(|choice| choice.count_ones());
        let chosen =
            |choice: u32| texts.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1).map(|(_, text)| text).collect::<Vec<_>>();
        return choices.into_iter().map(chosen).find(|texts| fits(texts)).map(owned);
    }
    let all: Vec<_> = texts.iter().collect();
    if !fits(&all) {
        return texts.iter().take(tries).map(|text| vec![text]).find(|texts| fits(texts)).map(owned);
    }
    Some(fewest(texts.to_vec(), tries, fits))
}

/// As few of these texts as still fit, which all together do. At most `tries` of them are tried.
pub(crate) fn fewest(texts: Vec<String>, tries: usize, fits: &mut impl FnMut(&[&String]) -> bool) -> Vec<String> {
    let mut left: Vec<&String> = texts.iter().collect();
    for text in texts.iter().take(tries) {
        let fewer: Vec<_> = left.iter().copied().filter(|other| *other != text).collect();
        if fits(&fewer) {
            left = fewer;
        }
    }
    left.into_iter().cloned().collect()
}
