//! Owns Bazel's labels.

use crate::paths::resolve;

/// The package of a label in the main repository, none in another one; or why it is no label.
pub(crate) fn package_of(label: &str) -> Result<Option<String>, String> {
    let label = label.trim();
    // `@@//` and `@//` are the main repository. `@name//` and `//external:` are others.
    let local = label.strip_prefix("@@").or_else(|| label.strip_prefix('@')).unwrap_or(label);
    if local != label && !local.starts_with("//") {
        return Ok(None);
    }
    let path = local.strip_prefix("//").ok_or_else(|| format!("{label} is not an absolute label"))?;
    let package = path.split(':').next().unwrap_or_default();
    if package == "external" {
        return Ok(None);
    }
    match resolve("", package) {
        Some(folder) if folder == package => Ok(Some(folder)),
        _ => Err(format!("{label} has no package that is a folder")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_a_package_of_this_repository_or_none() {
        let package = |label| package_of(label).unwrap();
        assert_eq!(package("//a/b:c/d.txt").as_deref(), Some("a/b"));
        assert_eq!(package("//a/b").as_deref(), Some("a/b"));
        assert_eq!((package("//:x").as_deref(), package("@@//a:x").as_deref()), (Some(""), Some("a")));
        assert_eq!(
            (package("@maven//:x"), package("@@rules_java+//a:x"), package("//external:x")),
            (None, None, None)
        );
        for label in ["a:b", "//../a:b", "//a/./b:c", ""] {
            assert!(package_of(label).is_err(), "{label}");
        }
    }
}
