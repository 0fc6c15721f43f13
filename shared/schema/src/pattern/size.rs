//! How large the compiled patterns of a schema may be. What a count repeats is compiled once for each repetition, and a class
//! such as `\p{L}` takes some 15 KB each time.

use std::collections::HashSet;

use fancy_regex::RegexBuilder;

/// The size of one compiled pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 16 << 20;
/// The approximate size of all compiled patterns of a schema, in bytes: half of a child's memory.
const PATTERNS_BYTES_MAX: usize = 48 << 20;
/// A pattern that is no larger than one of these counts as that large.
const SMALL_BYTES: [usize; 3] = [16 << 10, 64 << 10, 256 << 10];
/// A pattern without a count is small if its text is no longer than this.
const SHORT_BYTES: usize = 1_000;

/// The bytes that each of these patterns, in the engine's dialect, may have when compiled. The large ones share equally what the
/// small ones leave.
pub(crate) fn bytes_max(patterns: &HashSet<String>) -> usize {
    let mut large: Vec<&String> = patterns.iter().collect();
    if large.len() * PATTERN_BYTES_MAX <= PATTERNS_BYTES_MAX {
        return PATTERN_BYTES_MAX;
    }
    let mut rest = PATTERNS_BYTES_MAX;
    for bytes in SMALL_BYTES {
        let before = large.len();
        large.retain(|pattern| !is_within(pattern, bytes));
        rest = rest.saturating_sub((before - large.len()) * bytes);
    }
    let [.., least] = SMALL_BYTES;
    (rest / large.len().max(1)).clamp(least, PATTERN_BYTES_MAX)
}

/// True if the compiled pattern has at most so many bytes. It is not asked for one that the engine does not take at all.
fn is_within(pattern: &str, bytes: usize) -> bool {
    if pattern.len() <= SHORT_BYTES && counts(pattern).next().is_none() {
        return true;
    }
    let Ok(engine) = jsonschema_regex::to_rust_regex(pattern) else { return false };
    RegexBuilder::new(&engine).delegate_size_limit(bytes).build().is_ok()
}

/// Why a pattern of ECMA-262 is refused that is too large, and what to write instead.
pub(crate) fn too_large(pattern: &str) -> String {
    let (one, all) = (PATTERN_BYTES_MAX >> 20, PATTERNS_BYTES_MAX >> 20);
    let limit = format!("compiled, one may take {one} MB, and all of a schema {all} MB together");
    let widest = counts(pattern).max_by_key(|(at, count)| (largest_number(count), std::cmp::Reverse(*at)));
    match widest {
        Some((at, count)) => {
            let place = super::at_character(count, pattern[..at].chars().count());
            format!("the regular expression is too large: {limit}. Write * or + for {place}, and check the length with maxLength")
        }
        None => format!("the regular expression is too large: {limit}. Write it as several, such as in an anyOf"),
    }
}

/// The counts of a pattern, such as `{1,50}`, with their places in bytes.
fn counts(pattern: &str) -> impl Iterator<Item = (usize, &str)> {
    let (mut escaped, mut in_class) = (false, false);
    pattern.char_indices().filter_map(move |(at, c)| {
        let is_plain = !std::mem::take(&mut escaped);
        match c {
            '\\' if is_plain => escaped = true,
            '[' if is_plain => in_class = true,
            ']' if is_plain => in_class = false,
            '{' if is_plain && !in_class => {
                let end = pattern[at..].find('}')?;
                let count = &pattern[at..=at + end];
                return largest_number(count).map(|_| (at, count));
            }
            _ => {}
        }
        None
    })
}

/// The larger number of a count; `None` if it is none. A number that is too long to be read is the largest.
fn largest_number(count: &str) -> Option<u64> {
    let numbers = count.trim_matches(['{', '}']);
    let is_count = numbers.starts_with(|c: char| c.is_ascii_digit()) && numbers.bytes().all(|b| b.is_ascii_digit() || b == b',');
    let read = |number: &str| number.parse().unwrap_or(u64::MAX);
    numbers.split(',').filter(|number| is_count && !number.is_empty()).map(read).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred small patterns leave room for large ones, and large ones share it.
    #[test]
    fn the_large_patterns_share_what_the_small_ones_leave() {
        let small = |count: usize| (0..count).map(|i| format!(r"^\d{{4}}-{i}$"));
        let large = |count: usize| (0..count).map(|i| format!(r"^\p{{Lu}}\p{{L}}{{0,30}}{i}$"));
        let of = |small_count, large_count| bytes_max(&small(small_count).chain(large(large_count)).collect());
        assert_eq!(of(3, 0), PATTERN_BYTES_MAX);
        assert_eq!(of(100, 0), PATTERN_BYTES_MAX);
        assert_eq!(of(100, 2), PATTERN_BYTES_MAX);
        assert_eq!(of(0, 32), PATTERNS_BYTES_MAX / 32);
        assert_eq!(of(64, 30), (PATTERNS_BYTES_MAX - (1 << 20)) / 30);
        assert_eq!(of(5_000, 1), 256 << 10);
    }

    #[test]
    fn the_largest_count_is_named() {
        for (pattern, expected) in [
            (r"^(?:.{1,72}\n){0,50}$", "Write * or + for {1,72} (at character 6), and check the length with maxLength"),
            (r"é\{900}[{900}]\p{L}a{5}b{5}", "Write * or + for {5} (at character 21), and"),
            (r"a{3}b{99999999999999999999,}", "Write * or + for {99999999999999999999,} (at character 6), and"),
            (r"abc", "Write it as several"),
        ] {
            let told = too_large(pattern);
            assert!(told.contains(expected), "{told}");
        }
    }
}
