//! Reads the central directory of a zip archive by ranges, within limits, and gives each file its CRC and size.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use oem_cp::code_table::ENCODING_TABLE_CP437;
use rc_zip::encoding::Encoding;
use rc_zip::fsm::{ArchiveFsm, FsmResult};
use rc_zip::parse::{Archive, Entry};

use super::bytes::{ArchiveBytes, ArchivePart, ArchiveRange};
use super::unread::ArchiveUnread;

/// The most bytes of a directory that are read: those of about 150,000 files.
pub(super) const LARGEST_DIRECTORY: u64 = 16 * 1024 * 1024;

/// The most files of an archive.
pub(super) const MOST_FILES: usize = 200_000;

/// The first read: the end record with the longest comment, and the whole directory of a usual archive.
const TAIL: u64 = 128 * 1024;

/// Each later read.
const BLOCK: u64 = 1024 * 1024;

/// A flag of an entry: the file is encrypted (APPNOTE.TXT 4.4.4).
const ENCRYPTED: u16 = 1;

/// A flag of an entry: its name is UTF-8.
const UTF_8: u16 = 0x800;

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArchivedFile {
    /// Where an extraction puts it, from the root of the archive.
    pub name: String,
    /// The CRC-32 of its content.
    pub crc: u32,
    /// Its size.
    pub size: u64,
}

/// The files of an archive, in the order of its directory, without its folders.
pub(super) async fn read(bytes: &impl ArchiveBytes) -> Result<Vec<ArchivedFile>, ArchiveUnread> {
    let archive = parsed(bytes).await?;
    let encoding = archive.encoding();
    let files = archive.entries().filter(|entry| !is_folder(entry)).map(|entry| file(entry, encoding));
    files.collect()
}

async fn parsed(bytes: &impl ArchiveBytes) -> Result<Archive, ArchiveUnread> {
    let mut part = bytes.range(ArchiveRange::Last(TAIL)).await?;
    let mut fsm = ArchiveFsm::new(part.size);
    let mut consumed = 0;
    loop {
        if let Some(offset) = fsm.wants_read() {
            if !part.has(offset) {
                if offset >= part.size {
                    return Err(ArchiveUnread::Truncated);
                }
                part =
                    bytes.range(ArchiveRange::From { offset, length: BLOCK.min(part.size - offset) }).await?;
            }
            let given = part.from(offset).ok_or(ArchiveUnread::OtherRange)?;
            let space = fsm.space();
            let count = given.len().min(space.len());
            space[..count].copy_from_slice(&given[..count]);
            consumed += fsm.fill(count) as u64;
            if consumed > LARGEST_DIRECTORY {
                return Err(ArchiveUnread::TooLarge);
            }
        }
        // The parser is not ours, and the archive is untrusted input.
        let step = catch_unwind(AssertUnwindSafe(|| fsm.process()));
        let step = step.map_err(|_| ArchiveUnread::Malformed("its parser failed".to_owned()))?;
        match step.map_err(|error| ArchiveUnread::Malformed(error.to_string()))? {
            FsmResult::Continue(next) => fsm = next,
            FsmResult::Done(archive) if archive.entries().count() > MOST_FILES => {
                return Err(ArchiveUnread::TooManyFiles);
            }
            FsmResult::Done(archive) => return Ok(archive),
        }
    }
}

impl ArchivePart {
    fn has(&self, offset: u64) -> bool {
        self.from(offset).is_some()
    }

    /// The bytes from an offset on; `None` if the part has none of them.
    fn from(&self, offset: u64) -> Option<&[u8]> {
        let at = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.bytes.get(at..).filter(|bytes| !bytes.is_empty())
    }
}

/// A folder has no content. An entry that is named like a folder and has content is a file, in case a tool extracts it.
fn is_folder(entry: &Entry) -> bool {
    entry.name.ends_with(['/', '\\']) && entry.uncompressed_size == 0 && entry.crc32 == 0
}

fn file(entry: &Entry, encoding: Encoding) -> Result<ArchivedFile, ArchiveUnread> {
    let name = extracted_name(&own_name(entry, encoding)?);
    let (crc, size) = (entry.crc32, entry.uncompressed_size);
    // Without a CRC, a change of the content can leave the entry as it was.
    if entry.flags & ENCRYPTED != 0 && crc == 0 && size > 0 {
        return Err(ArchiveUnread::NoCrc(name));
    }
    Ok(ArchivedFile { name, crc, size })
}

/// The name of an entry. The parser reads every name of an archive in one encoding, but tools mix them: Windows writes UTF-8
/// only for the names that its code page does not have.
fn own_name(entry: &Entry, encoding: Encoding) -> Result<Cow<'_, str>, ArchiveUnread> {
    if entry.name.is_ascii() && entry.flags & UTF_8 == 0 {
        return Ok(Cow::Borrowed(&entry.name));
    }
    match encoding {
        Encoding::Utf8 => Ok(Cow::Borrowed(&entry.name)),
        Encoding::Cp437 => {
            let bytes = oem_cp::encode_string_checked(&entry.name, &ENCODING_TABLE_CP437);
            let utf_8 = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            match utf_8 {
                Some(name) => Ok(Cow::Owned(name)),
                None if entry.flags & UTF_8 != 0 => Err(ArchiveUnread::NameUnread(entry.name.clone())),
                None => Ok(Cow::Borrowed(&entry.name)),
            }
        }
        Encoding::ShiftJis if entry.flags & UTF_8 == 0 || entry.name.is_ascii() => {
            Ok(Cow::Borrowed(&entry.name))
        }
        Encoding::ShiftJis => Err(ArchiveUnread::NameUnread(entry.name.clone())),
    }
}

/// Where Info-ZIP's unzip puts an entry: below the root, whatever its name is. `\` counts as `/`, as old tools for Windows
/// write it.
fn extracted_name(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests;
