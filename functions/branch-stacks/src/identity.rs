//! The identity of a branch, and the name and the tags that bind a stack to it.

use std::fmt;

use shared::branch_slug::hyphenated;
use shared::token::client_token;

/// The longest name of a stack, in characters (CreateStack, AWS CloudFormation API Reference).
pub const LONGEST_NAME: usize = 128;

/// The longest value of a tag, in characters: CloudFormation takes 256, but CodeBuild, to whose projects a stack's tags
/// go, 255 (Tag, AWS CodeBuild API Reference).
const LONGEST_VALUE: usize = 255;

/// Characters of a name's hash: enough that two branches with the same hash cannot be found by trial. The tags would still
/// differ.
const HASH: usize = 16;

/// Whether a name ends with a hash, as the names of this function's stacks do.
pub fn ends_with_hash(name: &str) -> bool {
    let last = name.rsplit('-').next().unwrap_or_default();
    last.len() == HASH && last.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The beginning of every tag of this function.
pub const OURS: &str = "pointsman:";
/// The prefix of the deployment that created the stack.
pub const OWNER: &str = "pointsman:owner";
/// The repository, by name.
pub const REPOSITORY: &str = "pointsman:repository";
/// The branch, encoded in characters that every tag allows; a long name continues in `pointsman:branch.2` and so on.
pub const BRANCH: &str = "pointsman:branch";
/// The branch's head when the stack was created or last updated.
pub const COMMIT: &str = "pointsman:commit";
/// A hash of template, parameters, tags, role and capabilities.
pub const DIGEST: &str = "pointsman:digest";

/// A name and its value: a tag or a parameter.
pub type NamedValue = (String, String);

/// One branch of one repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchId {
    /// The repository's name.
    pub repository: String,
    /// The branch's name, without `refs/heads/`.
    pub name: String,
}

impl fmt::Display for BranchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.repository, self.name)
    }
}

impl BranchId {
    /// The stack's name: `<prefix>-<repository and branch, readable>-<hash of both>`.
    ///
    /// CloudFormation allows letters, digits and hyphens, a letter first, and at most 128 characters; a branch's name may
    /// have any character. The hash covers both whole names, so that (`a-b`, `c`) and (`a`, `b-c`) differ.
    pub fn stack_name(&self, prefix: &str) -> String {
        let hash = &client_token([self.repository.as_str(), self.name.as_str()])[..HASH];
        let room = LONGEST_NAME - prefix.len() - HASH - 2;
        let readable = hyphenated(&format!("{} {}", self.repository, self.name));
        let readable = &readable[..readable.len().min(room)];
        match readable.trim_end_matches('-') {
            "" => format!("{prefix}-{hash}"),
            readable => format!("{prefix}-{readable}-{hash}"),
        }
    }

    /// The tags that identify the branch of a stack.
    pub fn tags(&self, prefix: &str) -> Vec<NamedValue> {
        let written = escaped(&self.name);
        let values = written.as_bytes().chunks(LONGEST_VALUE).enumerate();
        let branch =
            values.map(|(nth, value)| (branch_key(nth), String::from_utf8_lossy(value).into_owned()));
        let owner = [(OWNER.to_owned(), prefix.to_owned()), (REPOSITORY.to_owned(), self.repository.clone())];
        owner.into_iter().chain(branch).collect()
    }

    /// The branch that the tags identify, if their owner is `prefix`.
    pub fn of_tags(tags: &[NamedValue], prefix: &str) -> Option<Self> {
        let value = |key: &str| tags.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str());
        let _ours = value(OWNER).filter(|owner| *owner == prefix)?;
        let written: String = (0..).map_while(|nth| value(&branch_key(nth))).collect();
        let name = unescaped(&written).filter(|name| !name.is_empty())?;
        Some(Self { repository: value(REPOSITORY)?.to_owned(), name })
    }
}

fn branch_key(nth: usize) -> String {
    if nth == 0 { BRANCH.to_owned() } else { format!("{BRANCH}.{}", nth + 1) }
}

/// A branch's name in the characters that every service allows in a tag: CloudFormation copies a stack's tags to its
/// resources. Any byte that is not a letter, a digit or one of `_.:/+-@` becomes `=` and two hexadecimal digits.
fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"_.:/+-@".contains(&byte) => out.push(char::from(byte)),
            byte => out.push_str(&format!("={byte:02X}")),
        }
    }
    out
}

fn unescaped(written: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn branch(repository: &str, name: &str) -> BranchId {
        BranchId { repository: repository.into(), name: name.into() }
    }

    #[test]
    fn a_name_can_be_read() {
        let name = branch("storefront", "feature/a").stack_name("branch");
        assert!(name.starts_with("branch-storefront-feature-a-"), "{name}");
    }

    #[test]
    fn names_that_look_alike_stay_apart() {
        let pairs = [
            ("a-b", "c"),
            ("a", "b-c"),
            ("a", "b/c"),
            ("a", "b.c"),
            ("a", "B-c"),
            ("a", "b--c"),
            ("a_b", "c"),
        ];
        let names: Vec<String> = pairs.iter().map(|(r, b)| branch(r, b).stack_name("branch")).collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "{:?} has the name of another", pairs[index]);
        }
    }

    #[test]
    fn a_branch_of_punctuation_alone_has_a_name() {
        let name = branch("r", "…").stack_name("branch");
        assert!(name.starts_with("branch-r-") && name.len() < 40, "{name}");
    }

    proptest! {
        #[test]
        fn every_branch_has_a_legal_name_and_tags_that_lead_back_to_it(
            repository in "[A-Za-z0-9._-]{1,100}", name in "\\PC{1,256}",
        ) {
            let id = branch(&repository, &name);
            let name = id.stack_name("a-prefix-of-thirty-characters-");
            prop_assert!(name.len() <= LONGEST_NAME);
            prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            let tags = id.tags("owner");
            prop_assert!(tags.len() <= 15);
            for (key, value) in &tags {
                prop_assert!(key.starts_with(OURS) && value.len() <= LONGEST_VALUE && !value.is_empty());
                prop_assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:/=+-@".contains(&byte)));
            }
            prop_assert_eq!(BranchId::of_tags(&tags, "owner"), Some(id));
            prop_assert_eq!(BranchId::of_tags(&tags, "another"), None);
        }
    }
}
