//! The message group. SQS shares a standard queue's consumers fairly among groups, so the group is the owner.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

use headway_core::ids::UserId;
use headway_core::limits::ID_CHARS_MAX;
use headway_core::split::hex;

/// The owner if SQS accepts it as a group, otherwise a digest of it: 1 to 128 ASCII letters, digits and punctuation
/// marks. Source: Amazon SQS, `SendMessage`, `MessageGroupId`.
pub(super) fn group_of(owner: &UserId) -> Cow<'_, str> {
    let text = owner.as_str();
    let taken = text.len() <= ID_CHARS_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    if taken { Cow::Borrowed(text) } else { Cow::Owned(hex(&Sha256::digest(text))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_owner_has_a_group_that_the_queue_accepts() {
        let plain = UserId::new("auth0|64f0!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~").unwrap();
        assert_eq!(group_of(&plain), plain.as_str());
        let odd: Vec<UserId> = ["a b", "ü", "\u{7f}", &"é".repeat(128)].into_iter().map(|text| UserId::new(text).unwrap()).collect();
        for owner in &odd {
            let group = group_of(owner);
            assert!(group.len() == 64 && group.bytes().all(|byte| byte.is_ascii_graphic()), "{owner}");
        }
        assert_ne!(group_of(&odd[0]), group_of(&odd[1]));
    }
}
