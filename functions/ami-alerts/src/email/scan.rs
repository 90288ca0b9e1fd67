//! The email about shares that the daily scan found: images, worst first, each with the command that revokes untrusted access.

use std::fmt::Write as _;

use serde_json::{Value, json};
use shared::email::{self, Detail, Message};
use shared::home::Home;
use shared::text::{count, verb};

use super::command::{self, Edit};
use super::text::{block_state, section};
use super::{headline, json_form, plain};
use crate::change::{ResourceKind, SharedResource};
use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::scan::{ExposedImage, RegionScan};
use crate::severity::Severity;

/// The most images of one email.
pub const IMAGES_OF_AN_EMAIL: usize = 25;

/// The most grantees of an image that the email names.
const MOST: usize = 10;

/// Images with untrusted shares that an email reports.
#[derive(Debug, Clone, Copy)]
pub struct ScanAlert<'a> {
    /// The images, worst first.
    pub images: &'a [ExposedImage<'a>],
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
            ("action", Some("found".to_owned())),
            ("outcome", Some("succeeded".to_owned())),
            ("account", Some(self.home.account.clone())),
            ("region", Some(self.scan.region.clone())),
        ]);
        email::within(limit, self.subject(), attributes, |detail| (self.text(detail), self.form(detail)))
    }

    fn severity(&self) -> Severity {
        self.images.iter().map(|exposed| exposed.severity).max().unwrap_or(Severity::Info)
    }

    /// `1 image is public`, `2 images are shared with untrusted grantees`.
    fn summary(&self) -> String {
        let public = self.images.iter().filter(|exposed| exposed.is_public()).count();
        let shared = self.images.len() - public;
        let images = |number| format!("{} {}", count(number, "image"), verb(number, "is", "are"));
        match (public, shared) {
            (0, shared) => format!("{} shared with untrusted grantees", images(shared)),
            (public, 0) => format!("{} public", images(public)),
            (public, shared) => {
                let verb = verb(shared, "is", "are");
                format!("{} public, {shared} more {verb} shared with untrusted grantees", images(public))
            }
        }
    }

    fn subject(&self) -> String {
        let account = plain(self.scan.alias.as_deref().unwrap_or(&self.home.account));
        format!("{}: {} in {account}", self.summary(), self.scan.region)
    }

    fn text(&self, detail: Detail) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{}.\nThe daily scan found this. No event reported it: the share is older than this function, the event was lost, \
             or a rule changed.\nThe daily scan reverts nothing. It reports each share once, and again only if the grantees change.\n",
            self.summary()
        );
        for (name, value) in self.rows() {
            let _ = writeln!(out, "{:<15}{value}", format!("{name}:"));
        }
        let instructions = [
            "- Revoke the access that is not intended with the commands below.",
            "- Add the other grantees to the images' rules as trusted (pointsman.toml).",
        ];
        section(&mut out, "What to do", &instructions.map(str::to_owned));
        for exposed in self.images {
            self.image(&mut out, exposed, detail);
        }
        out
    }

    fn rows(&self) -> [(&'static str, String); 5] {
        let account = &self.home.account;
        let alias = self.scan.alias.as_deref().map(|alias| format!("{} ({account})", plain(alias)));
        let block = self.scan.block.as_deref().map(block_state);
        [
            ("Severity", self.severity().to_string()),
            ("Account", alias.unwrap_or_else(|| account.clone())),
            ("Region", self.scan.region.clone()),
            ("Images", self.images.len().to_string()),
            ("Public access", block.unwrap_or_else(|| "could not be read".to_owned())),
        ]
    }

    fn image(&self, out: &mut String, exposed: &ExposedImage<'_>, detail: Detail) {
        let region = &self.scan.region;
        let resource = SharedResource { kind: ResourceKind::Image, id: Some(exposed.image.id.clone()) };
        let name = exposed.image.name.as_deref().map(plain).unwrap_or_default();
        let _ = writeln!(out, "\n{} {name}", exposed.image.id);
        if exposed.is_public() {
            let _ = writeln!(out, "- EVERYONE can launch it (public)");
        }
        let others = exposed.shares.iter().filter(|(exposure, _)| *exposure != Exposure::Public);
        for (exposure, grantees) in others {
            let _ = writeln!(out, "- {}: {}", headline::names(grantees, MOST), exposure.status());
        }
        if let Some(rule) = &exposed.rule {
            let _ = writeln!(out, "- rule: {}", rule.place);
        }
        if detail == Detail::None {
            return;
        }
        let command = command::modify(Edit::Revoke, &resource, region, &exposed.grantees());
        if let Some(command) = command.or_else(|| command::reset(&resource, region)) {
            let _ = writeln!(out, "\n{command}");
        }
        if let Some(link) = command::console(Some(&resource), region, self.home) {
            let _ = writeln!(out, "\n{link}");
        }
    }

    fn form(&self, detail: Detail) -> Value {
        let images: Vec<Value> = self.images.iter().map(|exposed| image_form(exposed, detail)).collect();
        json!({
            "version": json_form::VERSION,
            "subject": shared::text::subject(&self.subject()),
            "severity": self.severity(),
            "action": "found",
            "outcome": "succeeded",
            "account": {"id": self.home.account, "alias": self.scan.alias},
            "region": self.scan.region,
            "blockPublicAccess": self.scan.block,
            "images": images,
            "isShortened": detail != Detail::Whole,
        })
    }
}

fn image_form(exposed: &ExposedImage<'_>, detail: Detail) -> Value {
    if detail == Detail::None {
        return json!({"id": exposed.image.id, "severity": exposed.severity});
    }
    let finding = |(exposure, grantees): &(Exposure, Vec<Grantee>)| {
        let grantees = json_form::names(grantees);
        json!({"code": exposure.code(), "severity": exposure.severity(), "grantees": grantees})
    };
    json!({
        "id": exposed.image.id,
        "image": json_form::image(&exposed.image),
        "severity": exposed.severity,
        "findings": exposed.shares.iter().map(finding).collect::<Vec<_>>(),
        "rule": exposed.rule.map(|rule| rule.place.to_string()),
    })
}
