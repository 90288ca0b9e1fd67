//! Archives of other tools, built here byte by byte, and archives that were damaged on purpose.

use proptest::prelude::*;

use super::*;

/// An archive in memory, which counts what was read of it.
struct InMemory {
    bytes: Vec<u8>,
}

impl ArchiveBytes for InMemory {
    async fn range(&self, range: ArchiveRange) -> Result<ArchivePart, ArchiveUnread> {
        let size = self.bytes.len();
        let (first, end) = match range {
            ArchiveRange::Last(_) if size == 0 => return Err(ArchiveUnread::Empty),
            ArchiveRange::Last(length) => (size - usize::try_from(length).unwrap().min(size), size),
            ArchiveRange::From { offset, length } => {
                let offset = usize::try_from(offset).unwrap();
                (offset, size.min(offset + usize::try_from(length).unwrap()))
            }
        };
        let bytes = self.bytes[first..end].to_vec();
        Ok(ArchivePart { offset: first as u64, bytes, size: size as u64 })
    }
}

fn files(bytes: Vec<u8>) -> Result<Vec<ArchivedFile>, ArchiveUnread> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(read(&InMemory { bytes }))
}

fn names(bytes: Vec<u8>) -> Vec<String> {
    files(bytes).unwrap().into_iter().map(|file| file.name).collect()
}

/// An entry of a directory.
#[derive(Debug, Clone, Copy)]
struct Written<'a> {
    name: &'a [u8],
    flags: u16,
    crc: u32,
    size: u32,
    extra: &'a [u8],
}

const PLAIN: Written<'_> = Written { name: b"a.txt", flags: 0x800, crc: 7, size: 3, extra: b"" };

fn record(entry: &Written<'_>) -> Vec<u8> {
    let mut out = vec![0x50, 0x4b, 1, 2, 20, 3, 20, 0];
    out.extend(entry.flags.to_le_bytes());
    out.extend([0, 0, 0, 0, 0x21, 0]);
    out.extend(entry.crc.to_le_bytes());
    out.extend(entry.size.to_le_bytes());
    out.extend(entry.size.to_le_bytes());
    out.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
    out.extend(u16::try_from(entry.extra.len()).unwrap().to_le_bytes());
    // Comment, disk, attributes and the offset of the local header.
    out.extend([0; 14]);
    out.extend(entry.name);
    out.extend(entry.extra);
    out
}

/// `before`, the directory and its end with a comment. The offset does not count `before`, as of an archive that was appended.
fn archive(before: &[u8], entries: &[Written<'_>], comment: &[u8]) -> Vec<u8> {
    let directory: Vec<u8> = entries.iter().flat_map(record).collect();
    let mut out = before.to_vec();
    out.extend(&directory);
    out.extend([0x50, 0x4b, 5, 6, 0, 0, 0, 0]);
    let count = u16::try_from(entries.len() % 65_536).unwrap().to_le_bytes();
    out.extend(count);
    out.extend(count);
    out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    out.extend(0_u32.to_le_bytes());
    out.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
    out.extend(comment);
    out
}

#[test]
fn an_archive_may_begin_with_other_bytes_and_end_with_a_comment() {
    assert_eq!(names(archive(b"", &[PLAIN], b"")), ["a.txt"]);
    assert_eq!(names(archive(b"#!/bin/sh\nexit 0\n", &[PLAIN], &[b'x'; 65_535])), ["a.txt"]);
    assert_eq!(names(archive(&vec![0; 3 << 20], &[PLAIN], b"PK\x05\x06 is not the end")), ["a.txt"]);
    assert_eq!(names(archive(b"", &[], b"")), Vec::<String>::new());
}

#[test]
fn a_directory_of_many_blocks_is_read_whole() {
    let long: Vec<String> = (0..20_000).map(|number| format!("{}/{number}", "folder".repeat(20))).collect();
    let entries: Vec<_> = long.iter().map(|name| Written { name: name.as_bytes(), ..PLAIN }).collect();
    assert_eq!(names(archive(b"", &entries, b"")), long);
    // More files than 16 bits count, without the records of zip64, as old tools write it.
    let short: Vec<String> = (0..70_000).map(|number| number.to_string()).collect();
    let entries: Vec<_> = short.iter().map(|name| Written { name: name.as_bytes(), ..PLAIN }).collect();
    assert_eq!(names(archive(b"", &entries, b"")).len(), 70_000);
}

#[test]
fn a_name_is_the_place_where_an_extraction_puts_the_file() {
    for (name, place) in [
        ("./a", "a"),
        ("/etc/passwd", "etc/passwd"),
        ("../../x", "x"),
        ("a/../../b", "b"),
        ("a//b/./c", "a/b/c"),
        (r"src\web\a.ts", "src/web/a.ts"),
        ("größe.md", "größe.md"),
    ] {
        assert_eq!(
            names(archive(b"", &[Written { name: name.as_bytes(), ..PLAIN }], b"")),
            [place],
            "{name}"
        );
    }
    // Code page 437, which the format has without the flag of UTF-8.
    assert_eq!(
        names(archive(b"", &[Written { name: b"gr\x94\xe1e.md", flags: 0, ..PLAIN }], b"")),
        ["größe.md"]
    );
}

#[test]
fn names_of_several_encodings_are_each_read_in_their_own() {
    let named = |name, flags| Written { name, flags, ..PLAIN };
    let (utf_8, of_dos) = ("services/größe/日本.ts".as_bytes(), b"docs/gr\x94\xe1e.md");
    for flags in [0x800, 0] {
        let entries = [named(utf_8, flags), named(of_dos, 0)];
        assert_eq!(names(archive(b"", &entries, b"")), ["services/größe/日本.ts", "docs/größe.md"]);
    }
    // Marked as UTF-8, and it is not.
    let wrong = archive(b"", &[named(b"web/\xff\xfe.ts", 0x800)], b"");
    assert!(matches!(files(wrong), Err(ArchiveUnread::NameUnread(_))));
}

#[test]
fn a_folder_is_no_file_unless_it_has_content() {
    let folder = Written { name: b"a/", crc: 0, size: 0, ..PLAIN };
    assert_eq!(names(archive(b"", &[folder, PLAIN, Written { name: b"b/", ..PLAIN }], b"")), ["a.txt", "b"]);
}

#[test]
fn an_encrypted_file_needs_a_crc() {
    assert_eq!(names(archive(b"", &[Written { flags: 1, ..PLAIN }], b"")), ["a.txt"]);
    let without = Written { flags: 1, crc: 0, ..PLAIN };
    assert_eq!(files(archive(b"", &[without], b"")), Err(ArchiveUnread::NoCrc("a.txt".into())));
}

#[test]
fn a_damaged_archive_is_an_error() {
    let whole = archive(b"", &[PLAIN, PLAIN], b"");
    for length in 1..whole.len() {
        assert!(files(whole[..length].to_vec()).is_err(), "{length} of {} bytes", whole.len());
    }
    assert_eq!(files(Vec::new()), Err(ArchiveUnread::Empty));
    assert!(matches!(files(b"hello".to_vec()), Err(ArchiveUnread::Malformed(_))));
    let mut fewer = archive(b"", &[PLAIN, PLAIN], b"");
    let end = fewer.len();
    fewer[end - 14..end - 10].copy_from_slice(&[3, 0, 3, 0]);
    assert!(matches!(files(fewer), Err(ArchiveUnread::Malformed(_))));
}

#[test]
fn a_directory_over_the_limit_is_not_read() {
    let extra =
        vec![0xfe, 0xca, 0xfb, 0xff].into_iter().chain(std::iter::repeat_n(0, 65_531)).collect::<Vec<_>>();
    let entries = vec![Written { extra: &extra, ..PLAIN }; 300];
    assert_eq!(files(archive(b"", &entries, b"")), Err(ArchiveUnread::TooLarge));
    let short = vec![PLAIN; MOST_FILES + 1];
    assert_eq!(files(archive(b"", &short, b"")), Err(ArchiveUnread::TooManyFiles));
}

proptest! {
    #[test]
    fn no_damage_stops_the_reader(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>()) {
        let extra = [1, 0, 8, 0, 9, 9, 9, 9, 9, 9, 9, 9];
        let wide = Written { size: u32::MAX, extra: &extra, ..PLAIN };
        let mut bytes = archive(b"prefix", &[PLAIN, wide, Written { name: b"b/", ..PLAIN }], b"comment");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let _ = files(bytes);
    }
}
