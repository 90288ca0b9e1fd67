//! Owns the rules for ref names and object ids.

/// Whether git accepts `name` as the name of a ref. An expression such as `main~1` or `x^{tree}` is not a name.
///
/// ```
/// assert!(git_reader::is_ref_name("feature/search"));
/// assert!(!git_reader::is_ref_name("main~1"));
/// ```
pub fn is_ref_name(name: &str) -> bool {
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let unfit = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    !name.contains(forbidden)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
        && name != "@"
        && !name.split('/').any(unfit)
}

/// Whether `text` is a whole object id (SHA-1 or SHA-256), in lower case.
///
/// ```
/// assert!(git_reader::is_full_id("4b825dc642cb6eb9a060e54bf8d69288fbee4904"));
/// assert!(!git_reader::is_full_id("4b825dc"));
/// ```
pub fn is_full_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::is_ref_name;

    #[test]
    fn ref_names_are_gits() {
        for name in ["main", "feature/a.b", "a./b", "größe", "-x"] {
            assert!(is_ref_name(name), "{name}");
        }
        for name in ["", "a..b", "a.lock", "a/.b", "a b", "a~", "@", "a\\b", "a/"] {
            assert!(!is_ref_name(name), "{name}");
        }
    }
}
