//! Client tokens: equal for every delivery of one event, different for any other event.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A token of 64 hexadecimal characters, the hash of `parts`.
///
/// Every mutating call carries one, never the random one of the SDK: a random token protects only the SDK's own
/// retries, and a second delivery of the same event would act twice. Each part is hashed with its length, so
/// that (`a-b`, `c`) and (`a`, `b-c`) differ.
pub fn client_token<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a String does not fail");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::client_token;

    #[test]
    fn where_the_parts_are_cut_makes_another_token() {
        assert_ne!(client_token(["a-b", "c"]), client_token(["a", "b-c"]));
        assert_ne!(client_token(["a", ""]), client_token(["a"]));
    }

    #[test]
    fn the_same_parts_make_the_same_token_and_aws_accepts_it() {
        let token = client_token(["storefront", "refs/heads/main"]);
        assert_eq!(token, client_token(["storefront", "refs/heads/main"]));
        assert_eq!(token.len(), 64);
        assert!(token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
