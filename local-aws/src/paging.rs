//! Splits lists into pages, and creates the tokens of the next pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use crate::ids;

/// A token that does not belong to its request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadToken;

/// One page, and the token for the one after it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<'a, T> {
    pub(crate) items: &'a [T],
    pub(crate) next: Option<String>,
}

/// The page of `all` that `token` selects, of at most `size` items.
///
/// `request` is the rest of the request: a token is valid only for the request of the first page.
pub(crate) fn page<'a, T>(
    all: &'a [T],
    size: usize,
    token: Option<&str>,
    request: &[&str],
) -> Result<Page<'a, T>, BadToken> {
    let start = token.map_or(Ok(0), |token| offset(token, request))?;
    let rest = all.get(start..).ok_or(BadToken)?;
    let items = &rest[..rest.len().min(size)];
    let next = (items.len() < rest.len()).then(|| encode(start + items.len(), request));
    Ok(Page { items, next })
}

fn encode(offset: usize, request: &[&str]) -> String {
    BASE64.encode(format!("{}:{offset}", ids::digest(request)))
}

fn offset(token: &str, request: &[&str]) -> Result<usize, BadToken> {
    let decoded = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or(BadToken)?;
    let (digest, offset) = decoded.split_once(':').ok_or(BadToken)?;
    if digest != ids::digest(request) {
        return Err(BadToken);
    }
    offset.parse().map_err(|_| BadToken)
}

#[cfg(test)]
mod tests {
    use super::{BadToken, page};

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let first = page(&[1, 2, 3, 4], 2, None, &["a"]).unwrap();
        assert_eq!(first.items, [1, 2]);
        let second = page(&[1, 2, 3, 4], 2, first.next.as_deref(), &["a"]).unwrap();
        assert_eq!((second.items, second.next), (&[3, 4][..], None));
    }

    #[test]
    fn a_token_of_another_request_is_refused() {
        let token = page(&[1, 2], 1, None, &["a"]).unwrap().next;
        assert_eq!(page(&[1, 2], 1, token.as_deref(), &["b"]), Err(BadToken));
        assert_eq!(page(&[1, 2], 1, Some("junk"), &["a"]), Err(BadToken));
    }
}
