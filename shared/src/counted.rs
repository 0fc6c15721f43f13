//! Numbers with their nouns, for messages to people.

/// `1 item`, `2 items`, for a noun with a regular plural.
pub fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// `1 item is`, `2 items are`.
pub fn counted_are(count: u64, noun: &str) -> String {
    format!("{} {}", counted(count, noun), if count == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        assert_eq!([1, 2].map(|n| counted_are(n, "item")), ["1 item is", "2 items are"]);
        assert_eq!([0, 1, 2].map(|n| counted(n, "failed item")), ["0 failed items", "1 failed item", "2 failed items"]);
    }
}
