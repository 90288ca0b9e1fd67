//! Derives the ids that AWS makes at random. They are the same in every run, so that outputs can be compared.

use sha2::{Digest, Sha256};

/// A UUID (in the format of version 4) that depends on `parts` only.
pub(crate) fn uuid(parts: &[&str]) -> String {
    let mut hex = digest(parts);
    hex.truncate(32);
    hex.replace_range(12..13, "4");
    hex.replace_range(16..17, "a");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The SHA-256 of `parts`, as 64 hexadecimal digits; the parts' borders count.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn the_same_parts_have_the_same_id_and_borders_count() {
        assert_eq!(uuid(&["a", "b"]), uuid(&["a", "b"]));
        assert_ne!(uuid(&["a", "b"]), uuid(&["ab", ""]));
        let lengths: Vec<usize> = uuid(&["a"]).split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
    }
}
