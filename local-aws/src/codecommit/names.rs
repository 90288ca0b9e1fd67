//! Owns the rules for names, and resolves commit specifiers.

use git_reader::{is_full_id, is_ref_name};

use super::Hosted;
use crate::error_answer::ErrorAnswer;

/// 1 to 100 letters, digits, `.`, `_` and `-`, not ending in `.git`.
pub(super) fn is_repository_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=100).contains(&name.len()) && name.chars().all(allowed) && !name.ends_with(".git")
}

/// 1 to 256 characters that git takes for a ref, and not 40 hexadecimal digits.
pub(super) fn is_branch_name(name: &str) -> bool {
    (1..=256).contains(&name.chars().count()) && is_ref_name(name) && !is_id(name)
}

/// 1 to 4,096 characters and at most 20 folders deep, with no empty, `.` or `..` part. One leading slash is allowed:
/// AWS's own examples have it.
pub(super) fn file_path(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let parts: Vec<&str> = path.split('/').collect();
    let sound = !parts.iter().any(|part| matches!(*part, "" | "." | "..")) && !path.ends_with('\\');
    (sound && path.chars().count() <= 4096 && parts.len() <= 21).then_some(path)
}

/// The same for a folder, which may end with a slash.
pub(super) fn folder_or_file_path(path: &str) -> Option<&str> {
    file_path(path.strip_suffix('/').unwrap_or(path))
}

/// The commit that a specifier means: a branch, a tag, `HEAD`, a whole reference (`refs/heads/main`) or a whole id.
///
/// Other expressions of git (`main~1`, a short id) are not CodeCommit's.
pub(super) fn commit(hosted: &Hosted, specifier: &str) -> Result<String, ErrorAnswer> {
    if !is_ref_name(specifier) {
        return Err(ErrorAnswer::new(
            "InvalidCommitException",
            format!("{specifier} is not a valid commit specifier"),
        ));
    }
    find(hosted, specifier)?
        .ok_or_else(|| ErrorAnswer::new("CommitDoesNotExistException", format!("{specifier} does not exist")))
}

/// As [`commit`], for a member that the operation requires.
pub(super) fn required_commit(hosted: &Hosted, specifier: Option<String>) -> Result<String, ErrorAnswer> {
    match specifier.filter(|specifier| !specifier.is_empty()) {
        Some(specifier) => commit(hosted, &specifier),
        None => Err(ErrorAnswer::new("CommitRequiredException", "A commit was not specified")),
    }
}

/// The commit at the tip of the default branch, for `HEAD`.
pub(super) fn head(hosted: &Hosted) -> Result<Option<String>, ErrorAnswer> {
    match &hosted.default_branch {
        Some(name) => Ok(hosted.branch_head(name)?),
        None => Ok(None),
    }
}

fn find(hosted: &Hosted, specifier: &str) -> Result<Option<String>, ErrorAnswer> {
    if specifier == "HEAD" {
        return head(hosted);
    }
    if is_id(specifier) {
        return Ok(hosted.git.resolve(specifier)?);
    }
    if let Some(branch) = specifier.strip_prefix("refs/heads/") {
        return Ok(hosted.branch_head(branch)?);
    }
    if specifier.starts_with("refs/") {
        return Ok(hosted.git.resolve(specifier)?);
    }
    match hosted.branch_head(specifier)? {
        Some(id) => Ok(Some(id)),
        None => Ok(hosted.git.resolve(&format!("refs/tags/{specifier}"))?),
    }
}

/// A whole commit id, in either case.
pub(super) fn is_id(text: &str) -> bool {
    is_full_id(&text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{file_path, folder_or_file_path, is_branch_name, is_repository_name};

    #[test]
    fn names_keep_to_the_quotas_page() {
        assert!(is_repository_name("my.repo_1-x"));
        for name in ["", "a.git", "a b", "a/b", "é", &"a".repeat(101)] {
            assert!(!is_repository_name(name), "{name}");
        }
        assert!(is_branch_name("feature/größe"));
        for name in ["", "/a", "a/", "a//b", "a..b", ".a", "a.", "@", "a@{b", "a b", "a?b", &"0".repeat(40)] {
            assert!(!is_branch_name(name), "{name}");
        }
    }

    #[test]
    fn a_path_is_whole_and_plain() {
        assert_eq!(file_path("/examples/file.md"), Some("examples/file.md"));
        assert_eq!(folder_or_file_path("examples/"), Some("examples"));
        for path in ["", "/", "a/", "a//b", "./a", "a/../b", &"d/".repeat(21)] {
            assert_eq!(file_path(path), None, "{path}");
        }
    }
}
