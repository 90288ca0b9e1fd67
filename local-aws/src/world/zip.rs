//! Writes a zip archive without compression, so that a world can show the files of an object.
//!
//! The layout is that of APPNOTE.TXT 6.3.10 (PKWARE): local headers with their files, the central directory, its end.

/// An archive of the files, in their order, dated 1980-01-01.
pub(super) fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let offset = out.len();
        out.extend([0x50, 0x4b, 3, 4]);
        out.extend(common(name, bytes));
        out.extend(name.as_bytes());
        out.extend(bytes);
        directory.extend([0x50, 0x4b, 1, 2, 20, 3]);
        directory.extend(common(name, bytes));
        // No comment, disk 0, no internal attributes, a regular file of mode 644.
        directory.extend([0; 6]);
        directory.extend((0o100_644_u32 << 16).to_le_bytes());
        directory.extend(small(offset));
        directory.extend(name.as_bytes());
    }
    let (start, length) = (out.len(), directory.len());
    out.extend(directory);
    out.extend([0x50, 0x4b, 5, 6, 0, 0, 0, 0]);
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX).to_le_bytes();
    out.extend(count);
    out.extend(count);
    out.extend(small(length));
    out.extend(small(start));
    out.extend([0, 0]);
    out
}

/// From "version needed to extract" to "extra field length", which both headers have.
fn common(name: &str, bytes: &[u8]) -> Vec<u8> {
    // Version 2.0, UTF-8 names (bit 11), stored, midnight, 1980-01-01.
    let mut out = vec![20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];
    out.extend(crc32(bytes).to_le_bytes());
    out.extend(small(bytes.len()));
    out.extend(small(bytes.len()));
    out.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend([0, 0]);
    out
}

fn small(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::{archive, crc32};

    #[test]
    fn the_crc_is_that_of_the_standard() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn an_archive_without_files_is_its_end_record() {
        assert_eq!(archive(&[]).len(), 22);
    }
}
