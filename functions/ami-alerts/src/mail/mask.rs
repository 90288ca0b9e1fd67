//! Masks what gives access: a mail is read by more people, and kept longer, than a trail.

use serde_json::{Map, Value};

/// What stands for a token.
const MASKED: &str = "(masked)";

/// How the names of members end whose values give access. `secretId` only names a secret.
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

/// Parameters of a signed URL that give access ("Authenticating Requests: Using Query Parameters", Amazon S3 API Reference).
const SIGNED: [&str; 3] = ["x-amz-security-token=", "x-amz-signature=", "x-amz-credential="];

/// A value without what gives access: access key ids keep their beginning and end, tokens nothing.
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

/// Every text in it masked.
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

/// `AKIA...MPLE`: enough to find it among one's keys.
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
    fn what_gives_access_is_not_in_a_mail() {
        let record = json!({
            "userIdentity": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "arn": "arn:aws:iam::1:user/a"},
            "responseElements": {"credentials": {"sessionToken": "FwoGZX", "secretAccessKey": "wJalr", "accessKeyId": "ASIAIOSFODNN7EXAMPLE"}},
            "requestParameters": {"x-amz-security-token": {"inner": ["a"]}, "masterUserPassword": "hunter2", "count": 3},
            "userAgent": "tool/AKIAIOSFODNN7EXAMPLE (key ASIAIOSFODNN7EXAMPLE)",
            "url": "https://b.s3/x?X-Amz-Signature=abc&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F2026&z=1",
        });
        let told = masked(&record).to_string();
        for secret in ["IOSFODNN", "FwoGZX", "wJalr", "hunter2", "Signature=abc", "[\"a\"]"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
        assert!(told.contains("AKIA...MPLE") && told.contains("&z=1") && told.contains("\"count\":3"));
    }

    #[test]
    fn what_gives_no_access_stays() {
        for text in ["", "AKIA", "MAKIAIOSFODNN7EXAMPLE1", "é AKIAshort", "sessionCredentialFromConsole"] {
            assert_eq!(masked_text(text), text);
        }
        let record = json!({"sessionCredentialFromConsole": "true", "mfaAuthenticated": "false", "secretId": "prod/db", "a": null});
        assert_eq!(masked(&record), record);
    }
}
