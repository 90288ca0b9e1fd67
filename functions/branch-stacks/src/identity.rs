//! Whose a stack is: its name, and the tags that say which branch of which repository it was made for.

use std::fmt;

use shared::branch_slug::hyphenated;
use shared::token::client_token;

/// The longest name of a stack, in characters (CreateStack, AWS CloudFormation API Reference).
pub const LONGEST_NAME: usize = 128;

/// The longest value of a tag, in characters: CloudFormation takes 256, but CodeBuild, to whose projects a stack's tags
/// go, 255 (Tag, AWS CodeBuild API Reference).
const LONGEST_VALUE: usize = 255;

/// Characters of a name's hash: enough that nobody finds two branches with the same one by trying. Even then the tags
/// tell them apart.
const HASH: usize = 16;

/// Whether a name ends as those of this function's stacks do.
pub fn looks_like_ours(name: &str) -> bool {
    let last = name.rsplit('-').next().unwrap_or_default();
    last.len() == HASH && last.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// What all tags of this function begin with.
pub const OURS: &str = "pointsman:";
/// The prefix of the deployment that made the stack.
pub const OWNER: &str = "pointsman:owner";
/// The repository, by name.
pub const REPOSITORY: &str = "pointsman:repository";
/// The branch, in letters that every tag may have; a long one goes on in `pointsman:branch.2` and so on.
pub const BRANCH: &str = "pointsman:branch";
/// The branch's head when the stack was made or updated last.
pub const COMMIT: &str = "pointsman:commit";
/// A hash of all that the stack was made of: template, parameters, tags, role, capabilities.
pub const DIGEST: &str = "pointsman:digest";

/// A tag: key and value.
pub type Tag = (String, String);

/// What a stack is for: one branch of one repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The repository's name.
    pub repository: String,
    /// The branch's name, without `refs/heads/`.
    pub branch: String,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.repository, self.branch)
    }
}

impl Subject {
    /// The stack's name: `<prefix>-<repository and branch, readable>-<hash of both>`.
    ///
    /// A stack's name has letters, digits and hyphens, begins with a letter and has at most 128 characters; a branch's
    /// name may be anything. The hash is of the whole names, so that (`a-b`, `c`) and (`a`, `b-c`) differ.
    pub fn stack_name(&self, prefix: &str) -> String {
        let hash = &client_token([self.repository.as_str(), self.branch.as_str()])[..HASH];
        let room = LONGEST_NAME - prefix.len() - HASH - 2;
        let readable = hyphenated(&format!("{} {}", self.repository, self.branch));
        let readable = &readable[..readable.len().min(room)];
        match readable.trim_end_matches('-') {
            "" => format!("{prefix}-{hash}"),
            readable => format!("{prefix}-{readable}-{hash}"),
        }
    }

    /// The tags that say whose the stack is.
    pub fn tags(&self, prefix: &str) -> Vec<Tag> {
        let written = escaped(&self.branch);
        let values = written.as_bytes().chunks(LONGEST_VALUE).enumerate();
        let branch =
            values.map(|(nth, value)| (branch_key(nth), String::from_utf8_lossy(value).into_owned()));
        let owner = [(OWNER.to_owned(), prefix.to_owned()), (REPOSITORY.to_owned(), self.repository.clone())];
        owner.into_iter().chain(branch).collect()
    }

    /// What the tags say the stack is for, if its owner is `prefix`.
    pub fn of_tags(tags: &[Tag], prefix: &str) -> Option<Self> {
        let value = |key: &str| tags.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str());
        let _ours = value(OWNER).filter(|owner| *owner == prefix)?;
        let written: String = (0..).map_while(|nth| value(&branch_key(nth))).collect();
        let branch = unescaped(&written).filter(|branch| !branch.is_empty())?;
        Some(Self { repository: value(REPOSITORY)?.to_owned(), branch })
    }
}

fn branch_key(nth: usize) -> String {
    if nth == 0 { BRANCH.to_owned() } else { format!("{BRANCH}.{}", nth + 1) }
}

/// A branch's name in the letters that a tag may have with every service: CloudFormation puts a stack's tags on its
/// resources, too. What is not a letter, a digit or one of `_.:/+-@` becomes `=` and two hexadecimal digits a byte.
fn escaped(branch: &str) -> String {
    let mut out = String::with_capacity(branch.len());
    for byte in branch.bytes() {
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

    fn subject(repository: &str, branch: &str) -> Subject {
        Subject { repository: repository.into(), branch: branch.into() }
    }

    #[test]
    fn a_name_can_be_read() {
        let name = subject("storefront", "feature/a").stack_name("branch");
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
        let names: Vec<String> = pairs.iter().map(|(r, b)| subject(r, b).stack_name("branch")).collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "{:?} has the name of another", pairs[index]);
        }
    }

    #[test]
    fn a_branch_of_punctuation_alone_has_a_name() {
        let name = subject("r", "…").stack_name("branch");
        assert!(name.starts_with("branch-r-") && name.len() < 40, "{name}");
    }

    proptest! {
        #[test]
        fn every_branch_has_a_legal_name_and_tags_that_lead_back_to_it(
            repository in "[A-Za-z0-9._-]{1,100}", branch in "\\PC{1,256}",
        ) {
            let subject = subject(&repository, &branch);
            let name = subject.stack_name("a-prefix-of-thirty-characters-");
            prop_assert!(name.len() <= LONGEST_NAME);
            prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            let tags = subject.tags("owner");
            prop_assert!(tags.len() <= 15);
            for (key, value) in &tags {
                prop_assert!(key.starts_with(OURS) && value.len() <= LONGEST_VALUE && !value.is_empty());
                prop_assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:/=+-@".contains(&byte)));
            }
            prop_assert_eq!(Subject::of_tags(&tags, "owner"), Some(subject));
            prop_assert_eq!(Subject::of_tags(&tags, "another"), None);
        }
    }
}
