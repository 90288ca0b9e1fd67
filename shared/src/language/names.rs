//! The names that git and CodeCommit allow, as automata over bytes.
//!
//! Names are UTF-8 here, because AWS's APIs and events hold them as JSON strings.

/// A kind of name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// A file, from the root of its repository: `verify_path` of git's read-cache.c.
    Path,
    /// A branch, without `refs/heads/`: git-check-ref-format(1).
    Branch,
    /// A tag, without `refs/tags/`: git-check-ref-format(1).
    Tag,
    /// A CodeCommit repository: "Quotas in AWS CodeCommit", AWS CodeCommit User Guide.
    Repository,
}

/// What matters of the bytes of a name that were read so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NameState {
    /// The bytes that complete a character, as a state of [`utf8`].
    character: u8,
    /// The text between two slashes: 0 when it is empty; otherwise its kind, as the name's kind counts it.
    part: u8,
    /// The whole name, as long as it begins like a name that git's commands refuse.
    whole: u8,
}

const DOT: u8 = 1;
const DOT_DOT: u8 = 2;
const DOT_GIT: u8 = 5;
const ANY_PART: u8 = 6;

/// A part of a reference is 1 and how much of `.lock` it ends with; an `@` at its end is 7.
const LOCK: &[u8] = b".lock";
const ENDS_WITH_LOCK: u8 = 6;
const ENDS_WITH_AT: u8 = 7;

/// The whole name is this much of `HEAD`; `@` alone is 5; anything else is 6.
const HEAD: &[u8] = b"HEAD";
const AT: u8 = 5;
const ANY_NAME: u8 = 6;

const GIT: &[u8] = b".git";

impl NameKind {
    /// `file`, `branch`, `tag` or `repository`.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Path => "file",
            Self::Branch => "branch",
            Self::Tag => "tag",
            Self::Repository => "repository",
        }
    }

    /// The most characters of a name; for a path, none: file systems differ.
    pub fn longest(self) -> Option<usize> {
        match self {
            Self::Path => None,
            Self::Branch | Self::Tag => Some(256),
            Self::Repository => Some(100),
        }
    }

    /// The state after one more byte; none when no name begins so. `by_command` also refuses the names of branches and
    /// tags that only `git update-ref` or a push can create: `-x`, `HEAD`, `@`.
    pub fn step(self, state: NameState, byte: u8, by_command: bool) -> Option<NameState> {
        let character = utf8(state.character, byte)?;
        let (part, whole) = match self {
            Self::Path => (path_part(state.part, byte)?, ANY_NAME),
            Self::Repository => (repository_part(state.part, byte)?, ANY_NAME),
            Self::Branch | Self::Tag => {
                let begins = state == NameState::default();
                if begins && by_command && byte == b'-' {
                    return None;
                }
                (reference_part(state.part, byte)?, whole_name(state.whole, byte, begins))
            }
        };
        Some(NameState { character, part, whole })
    }

    /// Whether a name ends here.
    pub fn accepts(self, state: NameState, by_command: bool) -> bool {
        let whole_character = state.character == 0;
        let part = match self {
            Self::Path => ![0, DOT, DOT_DOT, DOT_GIT].contains(&state.part),
            Self::Repository => ![0, 1 + GIT.len() as u8].contains(&state.part),
            Self::Branch | Self::Tag => ![0, 2, ENDS_WITH_LOCK].contains(&state.part),
        };
        let refused_by_command = by_command
            && match self {
                Self::Branch => [HEAD.len() as u8, AT].contains(&state.whole),
                Self::Tag => state.whole == HEAD.len() as u8,
                Self::Path | Self::Repository => false,
            };
        whole_character && part && !refused_by_command
    }

    /// Whether the whole name is allowed.
    pub fn allows(self, name: &[u8], by_command: bool) -> bool {
        let end =
            name.iter().try_fold(NameState::default(), |state, byte| self.step(state, *byte, by_command));
        end.is_some_and(|end| self.accepts(end, by_command))
    }

    /// A number for each byte: bytes with one number have the same effect in every state.
    pub(super) fn class(self, byte: u8) -> u8 {
        let special: &[u8] = match self {
            Self::Path => b"/.gGiItT\0",
            Self::Repository => b".git",
            Self::Branch | Self::Tag => b"/.lock@{-HEAD",
        };
        match byte {
            0x80..=0x8f => 1,
            0x90..=0x9f => 2,
            0xa0..=0xbf => 3,
            0xc2..=0xdf => 4,
            0xe0 => 5,
            0xed => 6,
            0xe1..=0xec | 0xee | 0xef => 7,
            0xf0 => 8,
            0xf1..=0xf3 => 9,
            0xf4 => 10,
            0xc0 | 0xc1 | 0xf5.. => 11,
            _ if special.contains(&byte) => 100 + (byte & 0x7f),
            _ if matches!(self, Self::Repository) => 12 + u8::from(in_repository(byte)),
            _ if matches!(self, Self::Path) => 14,
            _ => 15 + u8::from(in_reference(byte)),
        }
    }
}

/// The automaton of UTF-8 ("Well-Formed UTF-8 Byte Sequences", The Unicode Standard, table 3-7).
fn utf8(state: u8, byte: u8) -> Option<u8> {
    match (state, byte) {
        (0, ..=0x7f) => Some(0),
        (0, 0xc2..=0xdf) => Some(1),
        (0, 0xe0) => Some(4),
        (0, 0xed) => Some(5),
        (0, 0xe1..=0xec | 0xee | 0xef) => Some(2),
        (0, 0xf0) => Some(6),
        (0, 0xf4) => Some(7),
        (0, 0xf1..=0xf3) => Some(3),
        (1..=3, 0x80..=0xbf) => Some(state - 1),
        (4, 0xa0..=0xbf) | (5, 0x80..=0x9f) => Some(1),
        (6, 0x90..=0xbf) | (7, 0x80..=0x8f) => Some(2),
        _ => None,
    }
}

/// No part of a path is empty, `.`, `..` or `.git` in any case.
fn path_part(part: u8, byte: u8) -> Option<u8> {
    match (part, byte) {
        (_, 0) | (0 | DOT | DOT_DOT | DOT_GIT, b'/') => None,
        (_, b'/') => Some(0),
        (0, b'.') => Some(DOT),
        (DOT, b'.') => Some(DOT_DOT),
        (DOT, b'g' | b'G') => Some(3),
        (3, b'i' | b'I') => Some(4),
        (4, b't' | b'T') => Some(DOT_GIT),
        _ => Some(ANY_PART),
    }
}

fn in_repository(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

fn repository_part(part: u8, byte: u8) -> Option<u8> {
    in_repository(byte).then(|| 1 + ending(GIT, part.saturating_sub(1), byte))
}

/// How much of `text` a name ends with after `byte`, if it ended with so much before. Only its first letter is a dot.
fn ending(text: &[u8], before: u8, byte: u8) -> u8 {
    match text.get(usize::from(before)) {
        _ if byte == b'.' => 1,
        Some(next) if before > 0 && *next == byte => before + 1,
        _ => 0,
    }
}

fn in_reference(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && !b"~^:?*[\\".contains(&byte)
}

fn reference_part(part: u8, byte: u8) -> Option<u8> {
    match (part, byte) {
        (0 | ENDS_WITH_LOCK, b'/') | (0 | 2, b'.') | (ENDS_WITH_AT, b'{') => None,
        (_, b'/') => Some(0),
        (_, b'@') => Some(ENDS_WITH_AT),
        (ENDS_WITH_AT, _) => in_reference(byte).then(|| 1 + ending(LOCK, 0, byte)),
        _ => in_reference(byte).then(|| 1 + ending(LOCK, part.saturating_sub(1), byte)),
    }
}

fn whole_name(whole: u8, byte: u8, begins: bool) -> u8 {
    match HEAD.get(usize::from(whole)) {
        Some(next) if *next == byte => whole + 1,
        _ if begins && byte == b'@' => AT,
        _ => ANY_NAME,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::NameKind;

    #[track_caller]
    fn check(kind: NameKind, allowed: &[&str], refused: &[&str]) {
        for name in allowed {
            assert!(kind.allows(name.as_bytes(), true), "{kind:?}: {name} is a name");
        }
        for name in refused {
            assert!(!kind.allows(name.as_bytes(), true), "{kind:?}: {name} is no name");
        }
    }

    #[test]
    fn paths_are_those_that_gits_index_takes() {
        check(
            NameKind::Path,
            &[
                "a",
                "a/b",
                " a ",
                "...",
                "..a",
                ".gitignore",
                ".gi/t",
                "~/x",
                "a\\b",
                "a\nb",
                "^a$",
                "é",
                ".github/x",
            ],
            &["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.", ".git", "a/.GIT/b", "a\0"],
        );
        assert!(!NameKind::Path.allows(b"a\xc3", true) && !NameKind::Path.allows(b"\xed\xa0\x80", true));
    }

    #[test]
    fn repositories_are_those_that_codecommit_takes() {
        check(
            NameKind::Repository,
            &["a", "a.git.b", "team-a_1.2", "git", ".gi"],
            &["", "a.git", ".git", "a/b", "a b", "é", "a*"],
        );
    }

    /// Whether git itself takes the name of a branch.
    fn git_takes(name: &str) -> bool {
        let check = |arguments: &[&str]| {
            Command::new("git")
                .arg("check-ref-format")
                .args(arguments)
                .output()
                .is_ok_and(|done| done.status.success())
        };
        // `@` is short for HEAD in a command.
        check(&["--branch", name]) && name != "@"
    }

    fn git_takes_reference(name: &str) -> bool {
        let name = format!("refs/heads/{name}");
        Command::new("git").args(["check-ref-format", &name]).status().is_ok_and(|status| status.success())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn branches_are_those_that_git_takes(name in "[a./@{}lock~^: \\-HEADé*\\[?\\\\]{1,7}|(a|/|\\.|\\.lock|HEAD|@|\\{|-|b){1,5}") {
            // A command reads `@{-1}` and `a@{1}` as other names.
            let by_command = git_takes(&name) && git_takes_reference(&name);
            prop_assert_eq!(NameKind::Branch.allows(name.as_bytes(), true), by_command, "{}", name);
            prop_assert_eq!(NameKind::Branch.allows(name.as_bytes(), false), git_takes_reference(&name), "{}", name);
        }
    }
}
