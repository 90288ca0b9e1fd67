//! A `Range` header of one range: `bytes=0-9`, `bytes=10-` or `bytes=-5`.

use crate::error_answer::ErrorAnswer;

/// The bytes from `first` to the one before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByteRange {
    pub(super) first: usize,
    pub(super) end: usize,
}

impl ByteRange {
    /// The part of an object of `size` bytes. `None` for a text that is no range: S3 then answers with the whole object
    /// (RFC 9110, section 14.2).
    pub(super) fn read(text: &str, size: usize) -> Result<Option<ByteRange>, ErrorAnswer> {
        let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
            return Ok(None);
        };
        if last.contains(',') {
            return Err(ErrorAnswer::not_served("more than one range"));
        }
        let range = match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) if first <= last => {
                ByteRange { first, end: last.saturating_add(1).min(size) }
            }
            (Ok(first), Err(_)) if last.is_empty() => ByteRange { first, end: size },
            (Err(_), Ok(count)) if first.is_empty() => ByteRange { first: size - count.min(size), end: size },
            _ => return Ok(None),
        };
        match range.first < range.end {
            true => Ok(Some(range)),
            false => Err(ErrorAnswer::new("InvalidRange", "The requested range is not satisfiable")
                .with("RangeRequested", text.into())
                .with("ActualObjectSize", size.to_string().into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ByteRange;

    fn range(text: &str, size: usize) -> Option<(usize, usize)> {
        ByteRange::read(text, size).unwrap().map(|range| (range.first, range.end))
    }

    #[test]
    fn a_range_ends_with_the_object() {
        assert_eq!(range("bytes=0-3", 10), Some((0, 4)));
        assert_eq!(range("bytes=8-99", 10), Some((8, 10)));
        assert_eq!(range("bytes=8-", 10), Some((8, 10)));
        assert_eq!(range("bytes=-3", 10), Some((7, 10)));
        assert_eq!(range("bytes=-30", 10), Some((0, 10)));
    }

    #[test]
    fn a_range_after_the_end_is_an_error_and_another_text_is_no_range() {
        for text in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(ByteRange::read(text, 10).unwrap_err().status, 416, "{text}");
        }
        assert_eq!(ByteRange::read("bytes=-1", 0).unwrap_err().code, "InvalidRange");
        for text in ["bytes=3-1", "bytes=a-b", "lines=0-1", "bytes"] {
            assert_eq!(range(text, 10), None, "{text}");
        }
    }
}
