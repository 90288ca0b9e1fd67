//! `--mail DIR`: writes each published email to a file that a mail program opens.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use local_aws::{JournaledAnswer, JournaledCall};
use mail_builder::MessageBuilder;

use super::Replay;
use crate::render;

/// The sender of SNS's emails, and a stand-in for the recipient.
const FROM: (&str, &str) = ("AWS Notifications", "no-reply@sns.amazonaws.com");
const TO: &str = "you@example.com";

/// The most characters of a file's name that are taken from the subject.
const LONGEST: usize = 60;

/// Writes the emails of the replays into `folder`, which is created if necessary. An existing file is never
/// overwritten. Returns the paths.
pub(super) fn write(replays: &[Replay], folder: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let calls = replays.iter().flat_map(|replay| &replay.run.invocations).flat_map(|invoked| &invoked.calls);
    calls.filter(|call| is_sent(call)).map(|call| write_one(call, folder)).collect()
}

fn is_sent(call: &JournaledCall) -> bool {
    call.service == "sns"
        && call.operation == "Publish"
        && (call.took_effect || matches!(call.answer, JournaledAnswer::Ok(_)))
}

fn write_one(call: &JournaledCall, folder: &Path) -> Result<PathBuf> {
    let subject = call.input["Subject"].as_str().unwrap_or("AWS Notification Message");
    for number in 1.. {
        let path = folder.join(format!("{number:03}-{}.eml", name(subject)));
        let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
        };
        let mail = MessageBuilder::new()
            .from(FROM)
            .to(TO)
            .subject(subject)
            .date(call.at.as_second())
            .message_id(format!("{number}.{}@sns.amazonaws.com", call.at.as_second()))
            .text_body(render::email_text(&call.input))
            .write_to_vec()
            .context("an email in memory can be written")?;
        file.write_all(&mail).with_context(|| format!("cannot write {}", path.display()))?;
        return Ok(path);
    }
    unreachable!("there is always a next number")
}

/// The letters, digits and hyphens of a subject, so that the file is always in the folder.
fn name(subject: &str) -> String {
    let letters =
        subject.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let words: String = letters.take(LONGEST).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "mail".to_owned() } else { words.join("-") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;

    fn publish(subject: &str) -> JournaledCall {
        JournaledCall {
            service: "sns".into(),
            operation: "Publish".into(),
            input: json!({"Subject": subject, "MessageStructure": "json",
                "Message": r#"{"default": "{}", "email": "Every AWS account can launch this image now.\n"}"#}),
            answer: JournaledAnswer::Ok(json!({"MessageId": "m"})),
            injected: false,
            took_effect: true,
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_email_is_a_file_that_a_mail_program_opens() {
        let folder = TempDir::new().unwrap();
        let path =
            write_one(&publish("Image made public: base (ami-0123abcd) in prod, by alice"), folder.path())
                .unwrap();
        assert_eq!(path.file_name().unwrap(), "001-image-made-public-base-ami-0123abcd-in-prod-by-alice.eml");
        let mail = std::fs::read_to_string(path).unwrap();
        assert!(
            mail.contains("Subject: Image made public: base")
                && mail.contains("Every AWS account can launch"),
            "{mail}"
        );
        assert!(mail.contains("From: \"AWS Notifications\" <no-reply@sns.amazonaws.com>"), "{mail}");
    }

    #[test]
    fn no_subject_leaves_the_folder_or_breaks_the_header_and_no_file_is_written_over() {
        let folder = TempDir::new().unwrap();
        for expected in ["001-etc-passwd-bcc-all-example-com.eml", "002-etc-passwd-bcc-all-example-com.eml"] {
            let path =
                write_one(&publish("../../etc/passwd\r\nBcc: all@example.com"), folder.path()).unwrap();
            assert_eq!(path, folder.path().join(expected));
            let mail = std::fs::read_to_string(path).unwrap();
            assert!(!mail.lines().any(|line| line.starts_with("Bcc:")), "{mail}");
        }
        assert_eq!(name("\u{202e}é/"), "mail");
    }
}
