//! The form of sentences in an email: every moment as `2026-03-02 10:00:00 UTC`, and a server's hostname before its id.

use jiff::Timestamp;
use shared::text::printable;

use crate::incident::Incident;
use crate::text::utc;

/// A sentence about an incident.
pub(super) fn readable(incident: &Incident, text: &str) -> String {
    let names = incident.hostnames.iter();
    names.fold(in_utc(text), |text, (id, name)| with_hostname(&text, id, &printable(name)))
}

/// A sentence whose moments have one form.
pub(super) fn in_utc(text: &str) -> String {
    text.split(' ').map(moment_in_utc).collect::<Vec<_>>().join(" ")
}

/// `2026-03-02T10:00:00Z;` as `2026-03-02 10:00:00 UTC;`, and any other word as it is.
fn moment_in_utc(word: &str) -> String {
    let is_of_a_moment = |c: char| c.is_ascii_digit() || "T:Z.+-".contains(c);
    let begin = word.len() - word.trim_start_matches('(').len();
    let rest = &word[begin..];
    let length = rest.find(|c| !is_of_a_moment(c)).unwrap_or(rest.len());
    let moment = rest[..length].trim_end_matches(['.', ':']);
    match moment.parse::<Timestamp>() {
        Ok(at) => format!("{}{}{}", &word[..begin], utc(at), &rest[moment.len()..]),
        Err(_) => word.to_owned(),
    }
}

/// `s-1` as `web-1 (s-1)`, and `s-1 (i-1)` as `web-1 (s-1, i-1)`. An id that has its hostname, or is part of a longer word, stays.
fn with_hostname(text: &str, id: &str, name: &str) -> String {
    let named = format!("{name} (");
    let is_of_a_word = |c: char| c.is_ascii_alphanumeric() || "-_/=".contains(c);
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(id) {
        let after = &rest[at + id.len()..];
        out.push_str(&rest[..at]);
        rest = after;
        if out.ends_with(&named) || out.ends_with(is_of_a_word) || after.starts_with(is_of_a_word) {
            out.push_str(id);
        } else if let Some(detail) = after.strip_prefix(" (") {
            out.push_str(&format!("{named}{id}, "));
            rest = detail;
        } else {
            out.push_str(&format!("{named}{id})"));
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_one_form() {
        let text =
            "(since 2026-03-02T10:00:00Z) until 2026-03-02T10:30:00.000+0000; not 2026-03-02 or 10:00:00.";
        let form =
            "(since 2026-03-02 10:00:00 UTC) until 2026-03-02 10:30:00 UTC; not 2026-03-02 or 10:00:00.";
        assert_eq!(in_utc(text), form);
        assert_eq!(in_utc("it ended at 2026-03-02T10:00:00Z."), "it ended at 2026-03-02 10:00:00 UTC.");
        assert_eq!(in_utc(form), form);
    }

    #[test]
    fn a_hostname_stands_before_its_id_once() {
        let named = |text: &str| with_hostname(text, "s-1", "web-1");
        assert_eq!(named("s-1 and s-2 have none"), "web-1 (s-1) and s-2 have none");
        assert_eq!(named("the server s-1 (i-1) is there"), "the server web-1 (s-1, i-1) is there");
        assert_eq!(named("web-1 (s-1) failed"), "web-1 (s-1) failed");
        assert_eq!(named("s-12 and source-server/s-1"), "s-12 and source-server/s-1");
        assert_eq!(named(&named("s-1 failed: s-1")), "web-1 (s-1) failed: web-1 (s-1)");
    }
}
