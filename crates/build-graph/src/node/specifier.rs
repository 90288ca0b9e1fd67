//! Owns specifiers: what the text behind a dependency's name means.

use nodejs_semver::{Range, Version};

/// What a specifier leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Specifier<'s> {
    /// A folder, from the folder of the manifest.
    Path(&'s str),
    /// The member of that name.
    Member(&'s str),
    /// The member in a folder, from the root of the workspace as in Yarn, or from the folder of the manifest as in pnpm.
    MemberPath(&'s str),
    /// Whatever a catalog has.
    Catalog(&'s str),
    /// The member of that name, if its version is in the range and the package manager links such.
    Range(&'s str),
    /// Something outside of the repository.
    Elsewhere,
}

impl<'s> Specifier<'s> {
    /// Reads the specifier of a dependency with a name.
    pub(crate) fn of(name: &'s str, text: &'s str) -> Self {
        let text = text.trim();
        match text.split_once(':') {
            Some(("workspace", rest)) => member(name, rest),
            Some(("file" | "link" | "portal", path)) => path_of(path),
            Some(("catalog", catalog)) => Self::Catalog(catalog.trim()),
            Some(("patch", inner)) if inner.contains("workspace") => Self::Member(name),
            Some(_) => Self::Elsewhere,
            None if text.starts_with("./") || text.starts_with("../") || text == "." || text == ".." => {
                path_of(text)
            }
            // `owner/repository` is one of GitHub, and a range has no slash.
            None if text.contains('/') => Self::Elsewhere,
            None => Self::Range(text),
        }
    }
}

fn member<'s>(name: &'s str, rest: &'s str) -> Specifier<'s> {
    let rest = rest.trim();
    if rest.starts_with('.') || (rest.contains('/') && !rest.starts_with('@')) {
        return Specifier::MemberPath(rest);
    }
    // `workspace:other@*`: pnpm's alias. The name of a scope begins with @ as well.
    match rest.char_indices().skip(1).find(|(_, character)| *character == '@') {
        Some((at, _)) => Specifier::Member(&rest[..at]),
        None if Range::parse(rest).is_ok() || matches!(rest, "" | "*" | "^" | "~") => Specifier::Member(name),
        // Yarn's path of a member that is beside the root.
        None => Specifier::MemberPath(rest),
    }
}

/// A path. A packed archive is a file of its project, and no project.
fn path_of(path: &str) -> Specifier<'_> {
    let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|end| path.ends_with(end));
    if is_archive { Specifier::Elsewhere } else { Specifier::Path(path.strip_prefix("//").unwrap_or(path)) }
}

/// Is a version in a range? What cannot be compared counts, so that no dependency is missed.
pub(crate) fn is_in_range(text: &str, version: Option<&str>) -> bool {
    if matches!(text, "" | "*") {
        return true;
    }
    let version = version.map(Version::parse);
    match (Range::parse(text), version) {
        (Ok(range), Some(Ok(version))) => range.satisfies(&version),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_leads_where_the_package_manager_goes() {
        use Specifier::{Catalog, Elsewhere, Member, MemberPath, Path, Range};
        let expected = [
            ("workspace:*", Member("a")),
            ("workspace:^1.2.0", Member("a")),
            ("workspace:", Member("a")),
            ("workspace:@x/b@^", Member("@x/b")),
            ("workspace:b@1", Member("b")),
            ("workspace:../b", MemberPath("../b")),
            ("workspace:packages/b", MemberPath("packages/b")),
            ("workspace:b", MemberPath("b")),
            ("file:../b", Path("../b")),
            ("file:b.tgz", Elsewhere),
            ("link:../b", Path("../b")),
            ("../b", Path("../b")),
            ("catalog:", Catalog("")),
            ("catalog:next", Catalog("next")),
            ("npm:b@1", Elsewhere),
            ("owner/b", Elsewhere),
            ("git+ssh://git@host/b.git", Elsewhere),
            ("^1.2.0 || 2", Range("^1.2.0 || 2")),
            ("latest", Range("latest")),
        ];
        for (text, specifier) in expected {
            assert_eq!(Specifier::of("a", text), specifier, "{text}");
        }
    }

    #[test]
    fn a_version_outside_of_the_range_is_another_one() {
        assert!(is_in_range("^1.0.0", Some("1.4.2")) && !is_in_range("^1.0.0", Some("2.0.0")));
        assert!(is_in_range("*", Some("1.0.0-beta.1")) && is_in_range("", Some("1.0.0")));
        assert!(is_in_range("latest", Some("1.0.0")) && is_in_range("^1.0.0", None));
        assert!(!is_in_range("^1.0.0", Some("1.1.0-beta.1")) && is_in_range("1.x || >=2.5.0", Some("2.6.0")));
    }
}
