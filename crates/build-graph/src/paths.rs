//! Owns paths from the top of the repository: with `/`, without `.` and `..`, and empty for the top itself.

/// A file or folder in a folder.
pub(crate) fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", name) => name.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, name) => format!("{folder}/{name}"),
    }
}

/// A path that a manifest in `folder` gives, from the top; none if it is absolute or leads out of the repository.
pub(crate) fn resolve(folder: &str, relative: &str) -> Option<String> {
    let relative = relative.replace('\\', "/");
    if relative.starts_with('/') || relative.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder of a file or folder.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Is it the folder itself, or anything below?
pub(crate) fn is_inside(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folders above a path, the nearest first, and the top last. The top has none.
pub(crate) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| (!path.is_empty()).then(|| parent(path))).skip(1)
}

/// How many folders deep a folder is.
pub(crate) fn depth(folder: &str) -> usize {
    if folder.is_empty() { 0 } else { folder.matches('/').count() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_repository() {
        assert_eq!(resolve("a/b", "../c/./d//"), Some("a/c/d".to_owned()));
        assert_eq!(resolve("a/b", "../.."), Some(String::new()));
        for outside in ["../../..", "/etc", "C:/x", "..\\..\\..", "../../../a/b"] {
            assert_eq!(resolve("a/b", outside), None, "{outside}");
        }
    }

    #[test]
    fn ancestors_end_at_the_top() {
        assert_eq!(ancestors("a/b/c").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(ancestors("").count(), 0);
    }

    #[test]
    fn a_folder_is_no_prefix_of_a_name() {
        assert!(is_inside("a/b", "a") && is_inside("a", "a") && is_inside("a", ""));
        assert!(!is_inside("ab", "a"));
    }
}
