//! A branch's name in the characters that AWS resource names allow; no two branches share one.

use crate::token::client_token;

/// The longest slug, in characters.
pub const LONGEST: usize = 40;

/// The characters of a hash in a slug. A branch with the slug of a given branch is found after about 2^64 attempts; with
/// 12 characters, after 2^48.
const HASH: usize = 16;

/// The characters of a hash in earlier versions. A pipeline may still be named after such a slug, so a branch whose own
/// name has that form gets a hash, too.
const EARLIER_HASH: usize = 12;

/// `branch` as lower-case letters, digits and single hyphens, at most [`LONGEST`] characters.
///
/// A branch whose name already has this form keeps it (`develop`). Any other gets the first characters of a hash of
/// its full name after it (`feature/a` and `feature-a` are two branches), and so does one whose name could be
/// mistaken for such a result.
pub fn branch_slug(branch: &str) -> String {
    let plain = hyphenated(branch);
    if plain == branch && plain.len() <= LONGEST && !ends_like_a_hash(&plain) {
        return plain;
    }
    let hash = &client_token([branch])[..HASH];
    let readable: String = plain.chars().take(LONGEST - HASH - 1).collect();
    match readable.trim_end_matches('-') {
        "" => hash.to_owned(),
        readable => format!("{readable}-{hash}"),
    }
}

/// The letters and digits of `text`, in lower case, with single hyphens between them.
pub fn hyphenated(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

fn ends_like_a_hash(plain: &str) -> bool {
    let last = plain.rsplit('-').next().unwrap_or_default();
    [HASH, EARLIER_HASH].contains(&last.len()) && last.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_branch_keeps_its_name() {
        assert_eq!(branch_slug("develop"), "develop");
        assert_eq!(branch_slug("fix-42"), "fix-42");
    }

    #[test]
    fn branches_that_look_alike_stay_apart() {
        let all =
            ["feature/a", "feature-a", "Feature/a", "feature//a", "feature.a", "feature_a"].map(branch_slug);
        for (index, slug) in all.iter().enumerate() {
            assert!(!all[..index].contains(slug), "{slug} twice in {all:?}");
        }
        let taken = branch_slug("feature/a");
        assert_ne!(branch_slug(&taken), taken, "a branch named like another's slug");
    }

    #[test]
    fn a_slug_ends_in_sixteen_characters_of_a_hash() {
        assert_eq!(branch_slug("feature/login"), "feature-login-f74d55e4c2dfeb03");
        assert_eq!(branch_slug(&"x".repeat(80)).len(), LONGEST);
    }

    #[test]
    fn a_branch_named_like_a_slug_of_twelve_characters_gets_a_hash() {
        let earlier = "feature-login-f74d55e4c2df";
        assert_ne!(branch_slug(earlier), earlier);
    }

    #[test]
    fn punctuation_alone_still_has_a_slug() {
        assert_eq!(branch_slug("🚂").len(), HASH);
        assert_eq!(branch_slug("...").len(), HASH);
    }

    proptest! {
        #[test]
        fn every_slug_is_legal_and_short(branch in "\\PC{1,255}") {
            let slug = branch_slug(&branch);
            prop_assert!(!slug.is_empty() && slug.len() <= LONGEST);
            prop_assert!(slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            prop_assert!(!slug.starts_with('-') && !slug.ends_with('-'));
        }
    }
}
