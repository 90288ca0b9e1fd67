//! Masks access keys, tokens and passwords: an email has more readers, and is kept longer, than a trail.

use serde_json::{Map, Value};

/// The text that replaces a secret.
const MASKED: &str = "(masked)";

/// The ends of the names of members whose values are secret. `secretId` only names a secret.
const SECRET: [&str; 12] = [
    "token",
    "tokens",
    "password",
    "passwords",
    "secret",
    "secretaccesskey",
    "secretkey",
    "secretstring",
    "secretbinary",
    "signature",
    "authorization",
    "privatekey",
];

/// The secret parameters of a signed URL ("Authenticating Requests: Using Query Parameters", Amazon S3 API Reference).
const SIGNED: [&str; 3] = ["x-amz-security-token=", "x-amz-signature=", "x-amz-credential="];

/// A value with its secrets masked. Access key ids keep their beginning and end.
pub fn masked(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.iter().map(member).collect::<Map<_, _>>()),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::String(text) => masked_text(text).into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn member((name, value): (&String, &Value)) -> (String, Value) {
    let key = name.to_ascii_lowercase().replace(['-', '_'], "");
    let is_secret = SECRET.iter().any(|secret| key.ends_with(secret));
    let value = match value {
        Value::String(id) if key.contains("accesskeyid") => shortened_id(id).into(),
        Value::String(text) if is_secret && !text.is_empty() => MASKED.into(),
        Value::Object(_) | Value::Array(_) if is_secret => hidden(value),
        value => masked(value),
    };
    (masked_text(name), value)
}

/// The value with every text masked.
fn hidden(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), hidden(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(hidden).collect(),
        Value::String(_) => MASKED.into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// `AKIA...MPLE`: enough to recognize the key.
fn shortened_id(id: &str) -> String {
    let characters: Vec<char> = id.chars().collect();
    if characters.len() < 12 {
        return MASKED.to_owned();
    }
    let (start, end) = (&characters[..4], &characters[characters.len() - 4..]);
    start.iter().chain(&['.', '.', '.']).chain(end).collect()
}

/// A text without access key ids and without the parameters of signed URLs.
pub fn masked_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let signed = SIGNED
            .iter()
            .find(|name| rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        if let Some(name) = signed {
            let end = rest.find(['&', ' ', '"', '\n']).unwrap_or(rest.len()).max(name.len());
            out.push_str(&rest[..name.len()]);
            out.push_str(MASKED);
            rest = &rest[end..];
        } else if let Some(id) = key_id(rest).filter(|_| !ends_with_letter(&out)) {
            out.push_str(&shortened_id(id));
            rest = &rest[id.len()..];
        } else {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            out.push_str(&rest[..first]);
            rest = &rest[first..];
        }
    }
    out
}

/// An access key id at the beginning of a text: `AKIA` or `ASIA` and 16 or more capitals and digits ("IAM identifiers",
/// IAM User Guide).
fn key_id(text: &str) -> Option<&str> {
    if !text.starts_with("AKIA") && !text.starts_with("ASIA") {
        return None;
    }
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    (20..=128).contains(&end).then(|| &text[..end])
}

fn ends_with_letter(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn are_secrets_masked_in_an_email() {
        let record = json!({
            "userIdentity": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "arn": "arn:aws:iam::1:user/a"},
            "responseElements": {"credentials": {"sessionToken": "FwoGZX", "secretAccessKey": "wJalr", "accessKeyId": "ASIAIOSFODNN7EXAMPLE"}},
            "requestParameters": {"x-amz-security-token": {"inner": ["a"]}, "masterUserPassword": "hunter2", "count": 3},
            "userAgent": "tool/AKIAIOSFODNN7EXAMPLE (key ASIAIOSFODNN7EXAMPLE)",
            "url": "https://b.s3/x?X-Amz-Signature=abc&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F2026&z=1",
        });
        let shown = masked(&record).to_string();
        for secret in ["IOSFODNN", "FwoGZX", "wJalr", "hunter2", "Signature=abc", "[\"a\"]"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert!(shown.contains("AKIA...MPLE") && shown.contains("&z=1") && shown.contains("\"count\":3"));
    }

    #[test]
    fn does_other_text_stay_unmasked() {
        for text in ["", "AKIA", "MAKIAIOSFODNN7EXAMPLE1", "é AKIAshort", "sessionCredentialFromConsole"] {
            assert_eq!(masked_text(text), text);
        }
        let record = json!({"sessionCredentialFromConsole": "true", "mfaAuthenticated": "false", "secretId": "prod/db", "a": null});
        assert_eq!(masked(&record), record);
    }
}
