//! The files that differ between two directories. Pure.

use std::collections::BTreeMap;

use super::directory::ArchivedFile;

/// CRC and size of each entry of a name: an archive may have several.
type Contents = BTreeMap<String, Vec<(u32, u64)>>;

/// The names that were added, deleted, or have other content, sorted. The order of a directory does not count.
pub(super) fn changed(before: Vec<ArchivedFile>, after: Vec<ArchivedFile>) -> Vec<String> {
    let (mut before, after) = (contents(before), contents(after));
    let mut changed: Vec<String> = Vec::new();
    for (name, content) in after {
        if before.remove(&name).as_ref() != Some(&content) {
            changed.push(name);
        }
    }
    changed.extend(before.into_keys());
    changed.sort_unstable();
    changed
}

fn contents(files: Vec<ArchivedFile>) -> Contents {
    let mut contents = Contents::new();
    for file in files {
        contents.entry(file.name).or_default().push((file.crc, file.size));
    }
    // Of two entries of one name, tools extract the first or the last: their order counts.
    contents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, crc: u32) -> ArchivedFile {
        ArchivedFile { name: name.to_owned(), crc, size: 1 }
    }

    #[test]
    fn added_deleted_and_changed_files_differ_and_the_order_does_not_count() {
        let before = vec![file("same", 1), file("gone", 1), file("other", 1)];
        let after = vec![file("other", 2), file("new", 1), file("same", 1)];
        assert_eq!(changed(before, after), ["gone", "new", "other"]);
    }

    #[test]
    fn of_a_name_that_occurs_twice_each_entry_and_their_order_count() {
        let twice = |first, second| vec![file("a", first), file("a", second)];
        assert_eq!(changed(twice(1, 2), twice(1, 2)), Vec::<String>::new());
        assert_eq!(changed(twice(1, 2), twice(2, 1)), ["a"]);
        assert_eq!(changed(twice(1, 2), vec![file("a", 2)]), ["a"]);
    }
}
