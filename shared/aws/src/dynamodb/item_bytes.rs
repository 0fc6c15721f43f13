//! The size of a row as DynamoDB counts it, from which write and read units follow.
//!
//! Source: Amazon DynamoDB developer guide, "DynamoDB item sizes and formats". The additional 100 bytes for each row
//! are billed as storage, not as units.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// The bytes of an item: names and values of all its attributes.
pub fn item_bytes(item: &HashMap<String, AttributeValue>) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

/// A list or map takes 3 bytes, and 1 more for each of its elements. The guide does not say what a set takes; it is
/// counted as the sum of its elements.
fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => number_bytes(digits),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|digits| number_bytes(digits)).sum(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|bytes| bytes.as_ref().len()).sum(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + value_bytes(value)).sum::<usize>(),
        AttributeValue::M(entries) => 3 + entries.len() + item_bytes(entries),
        // Booleans and nulls take one byte. Other kinds are never written by this code.
        _ => 1,
    }
}

/// One byte for two significant digits, and one more; another for the sign. Leading and trailing zeroes do not count.
fn number_bytes(digits: &str) -> usize {
    let (sign, digits) = digits.strip_prefix('-').map_or((0, digits), |digits| (1, digits));
    let (mantissa, _) = digits.split_once(['e', 'E']).unwrap_or((digits, ""));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let significant = format!("{whole}{fraction}");
    let significant = significant.trim_matches('0').len();
    significant.div_ceil(2) + 1 + sign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_the_guide() {
        for (digits, bytes) in [("0", 1), ("7", 2), ("12", 2), ("123", 3), ("1200", 2), ("-12", 3), ("0.05", 2), ("1000000999", 6)] {
            assert_eq!(number_bytes(digits), bytes, "{digits}");
        }
        let n = |digits: &str| AttributeValue::N(digits.to_owned());
        let map = HashMap::from([("a".to_owned(), n("12")), ("bc".to_owned(), AttributeValue::S("é".to_owned()))]);
        assert_eq!(item_bytes(&map), 1 + 2 + 2 + 2);
        let nested = HashMap::from([("m".to_owned(), AttributeValue::M(map)), ("l".to_owned(), AttributeValue::L(vec![n("1")]))]);
        assert_eq!(item_bytes(&nested), (1 + 3 + 2 + 7) + (1 + 3 + 1 + 2));
    }
}
