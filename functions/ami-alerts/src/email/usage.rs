//! The email about the usage of shared images: which accounts use them, or that none does, or that it is not known.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::email::{self, Detail, Message};
use shared::text::{count, verb};

use super::command::{self, Edit};
use super::span::{span, utc};
use super::text::section;
use super::{json_form, plain};
use crate::change::{ResourceKind, SharedResource};
use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::memory::RememberedFinding;
use crate::severity::Severity;
use crate::usage::AccountUse;
use crate::usage::reason::UsageError;
use crate::usage::settle::UsageScene;

/// The most images of one email.
pub const IMAGES_OF_AN_EMAIL: usize = 25;

/// The most accounts, and the most exposures, of an image that the email names.
const MOST: usize = 20;

/// The most accounts, and the most exposures, of an image in JSON.
const MOST_IN_JSON: usize = 100;

/// What a report does not say ("View your AMI usage", Amazon EC2 User Guide).
const COUNTED: &str = "A usage report counts the resources that exist when it is requested, not past use. Instances of the 24 hours \
                       before it, and launch templates of the last few days, may be missing.";

/// What an email says about the usage of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageOutcome {
    /// The id of the image.
    pub image: String,
    /// Its name.
    pub name: Option<String>,
    /// The id of the report; `None` if it could not be requested.
    pub report: Option<String>,
    /// The exposures of the image that emails reported.
    pub exposures: Vec<RememberedFinding>,
    /// The usage.
    pub email: UsageEmail,
}

/// The usage of an image, as an email reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageEmail {
    /// Untrusted accounts use it.
    Used {
        /// The uses, those of untrusted accounts first.
        uses: Vec<AccountUse>,
        /// The untrusted accounts that no email reported.
        new: usize,
        /// The time of the report.
        at: Timestamp,
        /// A rule that selects images by tags may trust them, and the tags could not be read.
        is_uncertain: bool,
    },
    /// No untrusted account uses it.
    NotUsed {
        /// The uses by the owner and by trusted accounts.
        uses: Vec<AccountUse>,
        /// The time of the report.
        at: Timestamp,
    },
    /// The usage is not known.
    Unknown(UsageError),
}

/// An email about outcomes of one kind.
#[derive(Debug, Clone, Copy)]
pub struct UsageAlert<'a> {
    /// The outcomes.
    pub outcomes: &'a [&'a UsageOutcome],
    /// Region, account and time.
    pub scene: &'a UsageScene<'a>,
}

impl UsageEmail {
    /// Whether untrusted accounts use the image.
    pub fn is_used(&self) -> bool {
        matches!(self, Self::Used { .. })
    }

    /// Whether no untrusted account uses the image.
    pub fn is_not_used(&self) -> bool {
        matches!(self, Self::NotUsed { .. })
    }

    /// Whether the usage is not known.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    fn uses(&self) -> &[AccountUse] {
        match self {
            Self::Used { uses, .. } | Self::NotUsed { uses, .. } => uses,
            Self::Unknown(_) => &[],
        }
    }

    fn action(&self) -> &'static str {
        match self {
            Self::Used { .. } => "used",
            Self::NotUsed { .. } => "not-used",
            Self::Unknown(_) => "usage-unknown",
        }
    }
}

impl UsageOutcome {
    fn outside(&self) -> impl Iterator<Item = &AccountUse> {
        self.email.uses().iter().filter(|one| one.exposure.is_untrusted())
    }

    /// The sentence of one image: who uses it.
    fn sentence(&self) -> String {
        match &self.email {
            UsageEmail::Used { .. } => {
                let outside: Vec<&AccountUse> = self.outside().collect();
                match outside[..] {
                    [only] => {
                        format!(
                            "Account {}, which no rule trusts, uses {}: {}.",
                            plain(&only.account),
                            self.image,
                            only.counts()
                        )
                    }
                    _ => {
                        format!("{} that no rule trusts use {}.", count(outside.len(), "account"), self.image)
                    }
                }
            }
            UsageEmail::NotUsed { .. } => format!("No account outside your rules uses {}.", self.image),
            UsageEmail::Unknown(error) => {
                format!(
                    "Whether {} was used is not known: {}.",
                    self.image,
                    plain(&error.to_string()).trim_end_matches('.')
                )
            }
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.email.uses().iter().take(MOST).map(line).collect();
        let more = self.email.uses().len().saturating_sub(MOST);
        lines.extend((more > 0).then(|| format!("- and {more} more")));
        lines.extend(self.exposures.iter().take(MOST).map(exposure_line));
        let more = self.exposures.len().saturating_sub(MOST);
        lines.extend((more > 0).then(|| format!("- and {more} more shares")));
        match &self.email {
            UsageEmail::Used { at, is_uncertain, .. } => {
                lines.extend(self.report_line(*at));
                lines.extend(is_uncertain.then(|| {
                    "- some rules select images by tags, and the tags of this image could not be read"
                        .to_owned()
                }));
            }
            UsageEmail::NotUsed { at, .. } => lines.extend(self.report_line(*at)),
            UsageEmail::Unknown(_) => {}
        }
        lines
    }

    fn report_line(&self, at: Timestamp) -> Option<String> {
        let id = self.report.as_deref()?;
        Some(format!("- usage report {} of {}", plain(id), utc(at)))
    }

    /// The command that revokes the access that no record has ended.
    fn revoke(&self, region: &str) -> Option<String> {
        let resource = SharedResource { kind: ResourceKind::Image, id: Some(self.image.clone()) };
        let open = self.exposures.iter().filter(|finding| finding.history.closed.is_none());
        let grantees: Vec<Grantee> = open.map(|finding| finding.grantee.clone()).collect();
        command::modify(Edit::Revoke, &resource, region, &grantees)
    }

    fn form(&self, detail: Detail) -> Value {
        if detail == Detail::None {
            return json!({"id": self.image});
        }
        let used = |one: &AccountUse| json!({"account": one.account, "code": one.exposure.code(), "resources": one.resources});
        let exposure = |finding: &RememberedFinding| {
            let history = &finding.history;
            json!({
                "grantee": finding.grantee.name(),
                "opened": history.opened.as_ref().map(|opened| opened.at.to_string()),
                "closed": history.closed.as_ref().map(|closed| closed.at.to_string()),
            })
        };
        let (at, error) = match &self.email {
            UsageEmail::Used { at, .. } | UsageEmail::NotUsed { at, .. } => (Some(at.to_string()), None),
            UsageEmail::Unknown(error) => (None, Some(error.to_string())),
        };
        json!({
            "id": self.image,
            "name": self.name,
            "report": self.report,
            "reportTime": at,
            "accountsWithUse": self.email.uses().len(),
            "uses": self.email.uses().iter().take(MOST_IN_JSON).map(used).collect::<Vec<_>>(),
            "exposures": self.exposures.iter().take(MOST_IN_JSON).map(exposure).collect::<Vec<_>>(),
            "error": error,
        })
    }
}

fn line(one: &AccountUse) -> String {
    format!("- account {}, {}: {}", plain(&one.account), one.exposure.status(), one.counts())
}

/// `- public from 2026-03-02 10:04 to 10:51 UTC, 46 minutes`.
fn exposure_line(finding: &RememberedFinding) -> String {
    let shared = match &finding.grantee {
        Grantee::Everyone => "public".to_owned(),
        grantee => format!("shared with {}", plain(&grantee.to_string())),
    };
    let history = &finding.history;
    match (history.opened.as_ref().map(|opened| opened.at), history.closed.as_ref().map(|closed| closed.at)) {
        (Some(opened), Some(closed)) if opened <= closed => {
            format!("- {shared} from {}", span(opened, closed, None))
        }
        (_, Some(closed)) => format!("- {shared} until {}", utc(closed)),
        (Some(opened), None) => format!("- {shared} since {}", utc(opened)),
        (None, None) => format!("- {shared}; since when is not known"),
    }
}

impl UsageAlert<'_> {
    /// The email, in at most the topic's bytes with its attributes.
    pub fn message(&self) -> Message {
        let image = match self.outcomes {
            [only] => Some(only.image.clone()),
            _ => None,
        };
        let attributes = email::attributes([
            ("severity", Some(self.severity().to_string())),
            ("action", self.outcomes.first().map(|outcome| outcome.email.action().to_owned())),
            ("outcome", Some("succeeded".to_owned())),
            ("image", image),
            ("account", Some(self.scene.home.account.clone())),
            ("region", Some(self.scene.region.to_owned())),
        ]);
        email::within(self.scene.limit, self.subject(), attributes, |detail| {
            (self.text(detail), self.form(detail))
        })
    }

    fn severity(&self) -> Severity {
        let is_used = self.outcomes.iter().any(|outcome| outcome.email.is_used());
        if is_used { Severity::Critical } else { Severity::Info }
    }

    fn subject(&self) -> String {
        let severity = self.severity().to_string().to_uppercase();
        let account = plain(self.scene.alias.unwrap_or(&self.scene.home.account));
        format!("[{severity} {}] {}, {account}", self.scene.region, self.summary())
    }

    fn summary(&self) -> String {
        match self.outcomes {
            [only] => {
                let outside = only.outside().count();
                let what = match &only.email {
                    UsageEmail::Used { .. } => format!("Image used by {}", count(outside, "outside account")),
                    UsageEmail::NotUsed { .. } => "Image not used by outside accounts".to_owned(),
                    UsageEmail::Unknown(_) => "Whether an image was used is not known".to_owned(),
                };
                format!("{what}: {}", only.image)
            }
            outcomes => {
                let images = format!("{} images", outcomes.len());
                match outcomes.first().map(|outcome| &outcome.email) {
                    Some(UsageEmail::Used { .. }) => format!("{images} used by outside accounts"),
                    Some(UsageEmail::NotUsed { .. }) => format!("{images} not used by outside accounts"),
                    Some(UsageEmail::Unknown(_)) | None => {
                        format!("Whether {images} were used is not known")
                    }
                }
            }
        }
    }

    fn text(&self, detail: Detail) -> String {
        let mut out = String::new();
        for outcome in self.outcomes.iter().take(MOST) {
            let _ = writeln!(out, "{}", outcome.sentence());
        }
        if !self.outcomes.iter().any(|outcome| outcome.email.is_unknown()) {
            let _ = writeln!(out, "{COUNTED}");
        }
        let _ = writeln!(out);
        for (name, value) in self.rows() {
            let _ = writeln!(out, "{:<15}{value}", format!("{name}:"));
        }
        section(&mut out, "What to do", &self.instructions());
        for outcome in self.outcomes {
            let name = outcome.name.as_deref().map(plain).unwrap_or_default();
            let _ = writeln!(out, "\n{} {name}", outcome.image);
            let lines = if detail == Detail::None { Vec::new() } else { outcome.lines() };
            for line in lines {
                let _ = writeln!(out, "{line}");
            }
            let is_used = outcome.email.is_used() && detail != Detail::None;
            if let Some(command) = outcome.revoke(self.scene.region).filter(|_| is_used) {
                let _ = writeln!(out, "\nRevoke:\n\n{command}");
            }
        }
        out
    }

    fn rows(&self) -> [(&'static str, String); 4] {
        let account = &self.scene.home.account;
        let alias = self.scene.alias.map(|alias| format!("{} ({account})", plain(alias)));
        [
            ("Severity", self.severity().to_string()),
            ("Account", alias.unwrap_or_else(|| account.clone())),
            ("Region", self.scene.region.to_owned()),
            ("Images", self.outcomes.len().to_string()),
        ]
    }

    fn instructions(&self) -> Vec<String> {
        let accounts: Vec<&str> = self.trusted_line();
        match self.outcomes.first().map(|outcome| &outcome.email) {
            Some(UsageEmail::Used { .. }) => {
                let are = verb(self.outcomes.len(), "the image as read", "the images as read");
                let mut lines = vec![
                    format!("- Treat the content of {are}: replace the credentials and the keys in it."),
                    "- Revoke the access, if it still exists. Instances that were launched keep running."
                        .to_owned(),
                    "- Contact the owner of the account, or AWS Support if the owner is unknown.".to_owned(),
                ];
                if !accounts.is_empty() {
                    let names: Vec<String> =
                        accounts.iter().map(|account| format!("\"{account}\"")).collect();
                    lines.push(format!(
                        "- If the use is intended, add to the rule: trusted-accounts = [{}] (pointsman.toml).",
                        names.join(", ")
                    ));
                }
                lines
            }
            Some(UsageEmail::NotUsed { .. }) | None => vec![
                "- Nothing. The share has ended, and this was the last usage report about it.".to_owned(),
            ],
            Some(UsageEmail::Unknown(_)) => vec![
                "- Fix the cause. The daily scan tries again and emails a use that it finds.".to_owned(),
                "- Treat the content of the image as read until then, if the image was public.".to_owned(),
            ],
        }
    }

    /// The accounts of the line for the rules, if they are few.
    fn trusted_line(&self) -> Vec<&str> {
        let outside = self.outcomes.iter().flat_map(|outcome| outcome.outside());
        let mut accounts: Vec<&str> =
            outside.filter(|one| one.exposure == Exposure::Account).map(|one| one.account.as_str()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        if accounts.len() > MOST { Vec::new() } else { accounts }
    }

    fn form(&self, detail: Detail) -> Value {
        let images: Vec<Value> = self.outcomes.iter().map(|outcome| outcome.form(detail)).collect();
        json!({
            "version": json_form::VERSION,
            "subject": shared::text::subject(&self.subject()),
            "severity": self.severity(),
            "action": self.outcomes.first().map(|outcome| outcome.email.action()),
            "outcome": "succeeded",
            "account": {"id": self.scene.home.account, "alias": self.scene.alias},
            "region": self.scene.region,
            "images": images,
            "isShortened": detail != Detail::Whole,
        })
    }
}
