//! The timestamps that CloudWatch writes.

use jiff::Timestamp;

/// `2023-08-04T12:36:15.490+0000`, `2019-10-02T17:04:40Z`; spaces, which copied samples have, are ignored.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text: String = text.split_whitespace().collect();
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn an_offset_needs_no_colon() {
        let at = moment("2023-08-04T12:36:15Z");
        assert!(at.is_some());
        for text in
            ["2023-08-04T12:36:15.000+0000", "2023-08-04T12:36:15+00:00", "2023-08-04T12: 36: 15.000+0000"]
        {
            assert_eq!(moment(text), at, "{text}");
        }
        assert_eq!(moment("today"), None);
    }
}
