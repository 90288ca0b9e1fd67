//! One image or snapshot in the email of the daily scan: its findings, and the commands that change it.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use shared::email::Detail;

use super::{MOST, ScanAlert, ended};
use crate::change::ResourceKind;
use crate::email::command::{self, Edit};
use crate::email::span::{duration, utc};
use crate::email::trusted_lines::trusted_lines;
use crate::email::{headline, plain};
use crate::exposure::Exposure;
use crate::memory::{EmailedReports, FindingClass, Proof, ProvenTime};
use crate::scan::{News, OpenFindings, ResourceNews};

impl ScanAlert<'_> {
    pub(super) fn resource(&self, out: &mut String, news: &ResourceNews<'_>, detail: Detail) {
        let kind = news.description.kind();
        let name = news.description.name().map(plain).unwrap_or_default();
        let _ = writeln!(out, "\n{}", format!("{} {name}", news.description.id()).trim_end());
        for open in &news.open {
            let _ =
                writeln!(out, "- {}\n  {}", state(kind, open, news.is_blocked), history(open, self.scan.at));
        }
        for ended in &news.ended {
            let _ = writeln!(out, "- ended: {}", ended::sentence(kind, ended));
        }
        if let Some(rule) = news.rule {
            let _ = writeln!(out, "- rule: {}", rule.place);
        }
        if detail != Detail::None {
            self.commands(out, news);
        }
    }

    fn commands(&self, out: &mut String, news: &ResourceNews<'_>) {
        let (resource, region) = (news.description.resource(), &self.scan.region);
        let untrusted = news.untrusted();
        let revoke = command::modify(Edit::Revoke, &resource, region, &untrusted);
        // A reset would take the access of trusted accounts too.
        let revoke = revoke.or_else(|| command::reset(&resource, region)).filter(|_| !untrusted.is_empty());
        let restore = command::modify(Edit::Grant, &resource, region, &news.lost());
        let lines = trusted_lines(&resource, news.rule, &untrusted);
        let lines_for =
            "If the access is intended, in pointsman.toml before the other [[image-alert]] tables";
        for (purpose, command) in [("Revoke", revoke), ("Restore", restore), (lines_for, lines)] {
            if let Some(command) = command {
                let _ = writeln!(out, "\n{purpose}:\n\n{command}");
            }
        }
        if let Some(link) = command::console(Some(&resource), region, self.home) {
            let _ = writeln!(out, "\n{link}");
        }
    }
}

/// What the grantees can do now.
fn state(kind: ResourceKind, open: &OpenFindings, is_blocked: bool) -> String {
    let names = || headline::names(&open.grantees, MOST);
    let severity = open.severity;
    match (open.class, open.exposure, kind) {
        (FindingClass::Lost, ..) => {
            format!("{}, which a rule trusts: no permission (severity {severity})", names())
        }
        (_, Exposure::Public, ResourceKind::Image) => {
            format!("EVERYONE can launch it (public, severity {severity})")
        }
        (_, Exposure::Public, ResourceKind::Snapshot) if is_blocked => format!(
            "shared with everyone; block public access treats it as private, as long as it is enabled (severity {severity})"
        ),
        (_, Exposure::Public, ResourceKind::Snapshot) => {
            format!("EVERYONE can create volumes from it (public, severity {severity})")
        }
        (_, exposure, _) => format!("{}: {} (severity {severity})", names(), exposure.status()),
    }
}

/// Its beginning, its actor, and what was emailed about it.
fn history(open: &OpenFindings, now: Timestamp) -> String {
    let ago = |at: Timestamp| match now.duration_since(at) {
        none if none < SignedDuration::from_mins(2) => utc(at),
        past => format!("{}, {} ago", utc(at), duration(past)),
    };
    let beginning = match &open.opened {
        Some(ProvenTime { at, proof: Proof::Record { actor, event, .. } }) => {
            let event = event.as_deref().map(|event| format!(", event {}", plain(event))).unwrap_or_default();
            format!("since {}, by {}{event}", ago(*at), plain(actor))
        }
        Some(ProvenTime { at, .. }) => format!("first seen at {}; no record names the actor", ago(*at)),
        None => "since when is not known".to_owned(),
    };
    match (open.news, open.reported) {
        (News::New, _) | (_, None) if open.opened.is_none() => beginning,
        (News::New, _) | (_, None) => format!("new: {beginning}"),
        (News::Worse, Some(EmailedReports { severity, .. })) => {
            format!("worse than the severity {severity} that was emailed: {beginning}")
        }
        (_, Some(EmailedReports { emails, last, .. })) => {
            format!("{beginning}; email {} about it, the last one was sent at {}", emails + 1, utc(last))
        }
    }
}
