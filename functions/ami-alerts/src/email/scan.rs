//! The email of the daily scan: images and snapshots, worst first, each with its open and ended findings and with commands.

mod ended;
mod json;
mod resource;
mod summary;

use std::fmt::Write as _;

use shared::email::{self, Detail, Message};
use shared::home::Home;
use shared::text::{count, noun};

use super::plain;
use super::span::utc;
use super::text::{block_state, section};
use crate::change::ResourceKind;
use crate::memory::{FindingClass, Proof};
use crate::rules::Reminder;
use crate::scan::{News, OpenFindings, RegionScan, ResourceNews};
use crate::severity::Severity;

/// The most images and snapshots of one email.
pub const RESOURCES_OF_AN_EMAIL: usize = 25;

/// The most grantees of a line.
const MOST: usize = 10;

/// What an email of the daily scan reports.
#[derive(Debug, Clone, Copy)]
pub struct ScanAlert<'a> {
    /// The images and snapshots, worst first.
    pub news: &'a [ResourceNews<'a>],
    /// The scan of their region.
    pub scan: &'a RegionScan,
    /// Where the function runs.
    pub home: &'a Home,
}

impl ScanAlert<'_> {
    /// The email, in at most `limit` bytes with its attributes.
    pub fn message(&self, limit: usize) -> Message {
        let attributes = email::attributes([
            ("severity", Some(self.severity().to_string())),
            ("action", Some(self.action().to_owned())),
            ("outcome", Some("succeeded".to_owned())),
            ("account", Some(self.home.account.clone())),
            ("region", Some(self.scan.region.clone())),
        ]);
        email::within(limit, self.subject(), attributes, |detail| (self.text(detail), self.form(detail)))
    }

    fn severity(&self) -> Severity {
        self.news.iter().map(ResourceNews::severity).max().unwrap_or(Severity::Info)
    }

    fn open(&self) -> impl Iterator<Item = &OpenFindings> {
        self.news.iter().flat_map(|news| &news.open)
    }

    /// `found` for what is new or worse, `reminder` for what is still open, `ended`.
    fn action(&self) -> &'static str {
        match self.open().map(|open| open.news).min() {
            Some(News::New | News::Worse) => "found",
            Some(_) => "reminder",
            None => "ended",
        }
    }

    fn text(&self, detail: Detail) -> String {
        let mut out = String::new();
        for sentence in self.sentences() {
            let _ = writeln!(out, "{sentence}");
        }
        let _ = writeln!(out);
        for (name, value) in self.rows() {
            let _ = writeln!(out, "{:<15}{value}", format!("{name}:"));
        }
        let instructions: Vec<String> = self.instructions().iter().map(|line| format!("- {line}")).collect();
        section(&mut out, "What to do", &instructions);
        for news in self.news {
            self.resource(&mut out, news, detail);
        }
        out
    }

    fn sentences(&self) -> Vec<String> {
        let mut sentences = vec![format!("{}.", self.summary())];
        let is_public =
            |kind| self.news.iter().any(|news| news.is_public() && news.description.kind() == kind);
        if is_public(ResourceKind::Image) {
            sentences.push(
                "Every AWS account can launch a public image and read all data on its disks.".to_owned(),
            );
        }
        if is_public(ResourceKind::Snapshot) {
            sentences.push(
                "Every AWS account can create volumes from a public snapshot and read all data on them."
                    .to_owned(),
            );
        }
        sentences.push(format!("The daily scan read this at {}.", utc(self.scan.at)));
        if self.news.iter().any(|news| !news.is_remembered) {
            sentences.push(
                "The table of reports could not be read completely, so that an earlier email may have reported the same."
                    .to_owned(),
            );
        }
        let is_found = |open: &OpenFindings| {
            open.news == News::New && open.opened.as_ref().is_some_and(|opened| opened.proof == Proof::LookUp)
        };
        let is_access = |open: &OpenFindings| open.class == FindingClass::Exposed;
        if self.open().any(|open| is_found(open) && !is_access(open)) {
            sentences.push(
                "No event reported the lost access: the event was lost or is late, or a rule changed."
                    .to_owned(),
            );
        }
        if self.open().any(|open| is_found(open) && is_access(open)) {
            sentences.push(
                "No event reported the new findings: the access is older than this function, the event was lost, or a rule \
                 changed."
                    .to_owned(),
            );
        }
        let is_never_reminded =
            |news: &ResourceNews<'_>| news.rule.is_some_and(|rule| rule.remind == Reminder::Never);
        let mut exposed = self.news.iter().filter(|news| news.open.iter().any(is_access)).peekable();
        if exposed.peek().is_some() && exposed.all(is_never_reminded) {
            sentences.push(
                "The daily scan reverts nothing, and it does not email these findings again: the rule has `remind = \"never\"`."
                    .to_owned(),
            );
        } else if self.open().any(is_access) {
            sentences.push(
                "The daily scan reverts nothing. It emails an open finding again, as often as the rule's key `remind` says, \
                 until the access has ended or a rule allows it."
                    .to_owned(),
            );
        }
        sentences
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let account = &self.home.account;
        let alias = self.scan.alias.as_deref().map(|alias| format!("{} ({account})", plain(alias)));
        let block = self.scan.block.as_deref().map(block_state);
        let number = |kind| self.news.iter().filter(|news| news.description.kind() == kind).count();
        let mut rows = vec![
            ("Severity", self.severity().to_string()),
            ("Account", alias.unwrap_or_else(|| account.clone())),
            ("Region", self.scan.region.clone()),
        ];
        let (images, snapshots) = (number(ResourceKind::Image), number(ResourceKind::Snapshot));
        rows.extend((images > 0).then(|| ("Images", images.to_string())));
        rows.extend((snapshots > 0).then(|| ("Snapshots", snapshots.to_string())));
        if images > 0 {
            rows.push(("Public access", block.unwrap_or_else(|| "could not be read".to_owned())));
        }
        if snapshots > 0 {
            rows.push(("Public access", snapshot_block(self.scan.snapshot_block.as_deref())));
        }
        rows
    }

    fn instructions(&self) -> Vec<&'static str> {
        let is_open = |class| self.open().any(|open| open.class == class);
        let mut lines = Vec::new();
        if is_open(FindingClass::Exposed) {
            lines.push("Revoke the access that is not intended with the commands below.");
        }
        if self.news.iter().any(ResourceNews::is_public) {
            lines.push(
                "Treat the data on a public image or snapshot as read. Replace the secrets that it contains.",
            );
        } else if self.news.iter().any(|news| ended::was_public(&news.ended)) {
            lines.push("Replace the secrets on an image or a snapshot that was public.");
        }
        if is_open(FindingClass::Exposed) {
            lines.push(
                "If the access is intended, add the lines below to pointsman.toml, or let a rule trust the grantees.",
            );
        }
        if is_open(FindingClass::Lost) {
            lines.push(
                "Restore the access of trusted accounts with the commands below: launches there fail, unless a permission of \
                 everyone or of an organization includes them. If the access is not needed, remove the accounts from the rules.",
            );
        }
        if self.news.iter().any(|news| ended::has_unknown_end(&news.ended)) {
            lines.push("Search CloudTrail's event history for the call that ended the access, and for its principal.");
        }
        if lines.is_empty() {
            lines.push("Nothing, if the end was expected.");
        }
        lines
    }
}

/// The region's block public access for snapshots.
fn snapshot_block(state: Option<&str>) -> String {
    match state {
        None => "block public access for snapshots could not be read".to_owned(),
        Some("unblocked") => "snapshots in the region can be made public".to_owned(),
        Some("block-new-sharing") => {
            "no further snapshot in the region can be made public; those that are public stay public"
                .to_owned()
        }
        Some("block-all-sharing") => "public snapshots in the region are treated as private".to_owned(),
        Some(other) => plain(other),
    }
}

/// `1 image`, `2 images and 1 snapshot`.
fn resources<'n>(news: impl Iterator<Item = &'n ResourceNews<'n>> + Clone) -> (String, usize) {
    let number = |kind| news.clone().filter(|news| news.description.kind() == kind).count();
    let kinds = [ResourceKind::Image, ResourceKind::Snapshot];
    let some = kinds.map(|kind| (number(kind), kind)).into_iter().filter(|(number, _)| *number > 0);
    (shared::text::list(some.map(|(number, kind)| count(number, kind.name()))), news.count())
}

/// `2 more resources`.
fn more_resources(number: usize) -> String {
    format!("{number} more {}", noun(number, "resource"))
}
