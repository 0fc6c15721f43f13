//! Words of truth in the languages of the spreadsheets.

const TRUE: [&str; 19] = [
    "true",
    "wahr",
    "vrai",
    "verdadero",
    "vero",
    "verdadeiro",
    "waar",
    "sand",
    "sann",
    "sant",
    "tosi",
    "prawda",
    "pravda",
    "igaz",
    "истина",
    "doğru",
    "αληθης",
    "adevărat",
    "cert",
];
const FALSE: [&str; 18] = [
    "false",
    "falsch",
    "faux",
    "falso",
    "onwaar",
    "falsk",
    "falskt",
    "usann",
    "epätosi",
    "fałsz",
    "nepravda",
    "hamis",
    "ложь",
    "yanliş",
    "ψευδης",
    "fals",
    "usant",
    "neprawda",
];

/// True if both are the same word of truth, or `new` is the number that data frames make of it.
pub(super) fn is_same_truth(old: &str, new: &str) -> bool {
    let both = |words: &[&str]| [old, new].iter().all(|text| words.contains(&text.to_lowercase().as_str()));
    // Data frames make numbers of a column with truth words and empty cells.
    let is_number = |number: &str, words: &[&str]| new == number && words.contains(&old.to_lowercase().as_str());
    // R takes a column of `T` and `F` for one of truth words.
    let is_letter = matches!((old, new), ("T", "TRUE") | ("F", "FALSE"));
    is_letter || !matches!(new, "true" | "false") && (both(&TRUE) || both(&FALSE)) || is_number("1.0", &TRUE) || is_number("0.0", &FALSE)
}

/// True for `1` in place of `true`.
pub(super) fn is_number_of_truth(old: &str, new: &str) -> bool {
    let words = match new {
        "1" => &TRUE[..],
        "0" => &FALSE,
        _ => return false,
    };
    words.contains(&old.to_lowercase().as_str())
}
