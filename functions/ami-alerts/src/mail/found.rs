//! The mail about shares that reconcile found: images, worst first, each with the command that shuts out whom the rules do
//! not want.

use std::fmt::Write as _;

use serde_json::{Value, json};
use shared::config::Place as RulePlace;

use super::command::{self, Do};
use super::text::section;
use super::{headline, listed, plain};
use crate::change::{Kind, Resource};
use crate::exposure::Exposure;
use crate::facts::Image;
use crate::grantee::Grantee;
use crate::severity::Severity;
use shared::email::{self, Detail, Message};
use shared::home::Home;

/// The most images of one mail.
pub const AT_A_TIME: usize = 25;

/// The most grantees of an image that are listed.
const MOST: usize = 10;

/// An image that is shared with somebody whom the rules do not want.
#[derive(Debug, Clone)]
pub struct Found {
    /// The image.
    pub image: Image,
    /// Whom the rules do not want, farthest first.
    pub shares: Vec<(Exposure, Vec<Grantee>)>,
    /// How bad it is.
    pub severity: Severity,
    /// Where its rule stands; none if no rule covers it.
    pub rule: Option<RulePlace>,
}

/// Where the images are.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Where the function runs.
    pub home: &'a Home,
    /// The region of the images.
    pub region: &'a str,
    /// The account's alias, if it is known.
    pub alias: Option<&'a str>,
    /// The region's block public access, if it is known.
    pub block: Option<&'a str>,
}

impl Found {
    /// Everybody whom the rules do not want.
    pub fn offenders(&self) -> Vec<Grantee> {
        self.shares.iter().flat_map(|(_, grantees)| grantees.clone()).collect()
    }

    fn is_public(&self) -> bool {
        self.shares.iter().any(|(exposure, _)| *exposure == Exposure::Public)
    }
}

/// The mail about some images, worst first, in at most `limit` bytes.
pub fn message(found: &[Found], place: &Place<'_>, limit: usize) -> Message {
    let severity = found.iter().map(|found| found.severity).max().unwrap_or(Severity::Info);
    let attributes = email::attributes([
        ("severity", Some(severity.to_string())),
        ("action", Some("found".to_owned())),
        ("outcome", Some("succeeded".to_owned())),
        ("account", Some(place.home.account.clone())),
        ("region", Some(place.region.to_owned())),
    ]);
    email::within(limit, subject(found, place), attributes, |detail| {
        (text(found, place, severity, detail), form(found, place, severity, detail))
    })
}

fn account(place: &Place<'_>) -> String {
    plain(place.alias.unwrap_or(&place.home.account))
}

fn subject(found: &[Found], place: &Place<'_>) -> String {
    let public = found.iter().filter(|found| found.is_public()).count();
    let images =
        |count: usize| if count == 1 { "1 image is".to_owned() } else { format!("{count} images are") };
    let what = match public {
        0 => format!("{} shared against the rules", images(found.len())),
        public if public == found.len() => format!("{} public", images(public)),
        public => {
            format!("{} public, {} more shared against the rules", images(public), found.len() - public)
        }
    };
    format!("{what}: {} in {}", place.region, account(place))
}

fn text(found: &[Found], place: &Place<'_>, severity: Severity, detail: Detail) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "The daily look at all images found shares that the rules do not want, and that no event told of: they are older \
         than this function, the event was lost, or a rule changed. Each is mailed once, until it changes. Nothing was \
         undone: nobody knows here who relies on them.\n"
    );
    let alias = place.alias.map(|alias| format!("{} ({})", plain(alias), place.home.account));
    let rows = [
        ("Severity", severity.to_string()),
        ("Account", alias.unwrap_or_else(|| place.home.account.clone())),
        ("Region", place.region.to_owned()),
        ("Images", found.len().to_string()),
        (
            "Public access",
            place.block.map(super::text::blocked).unwrap_or_else(|| "could not be looked up".to_owned()),
        ),
    ];
    for (name, value) in rows {
        let _ = writeln!(out, "{:<15}{value}", format!("{name}:"));
    }
    section(
        &mut out,
        "What to do",
        &[
            "- Shut out whom you do not know, as below.".to_owned(),
            "- Name those whom you do know as trusted in the rules (pointsman.toml).".to_owned(),
        ],
    );
    for found in found {
        image(&mut out, found, place, detail);
    }
    out
}

fn image(out: &mut String, found: &Found, place: &Place<'_>, detail: Detail) {
    let resource = Resource { kind: Kind::Image, id: Some(found.image.id.clone()) };
    let name = found.image.name.as_deref().map(plain).unwrap_or_default();
    let _ = writeln!(out, "\n{} {name}", found.image.id);
    if found.is_public() {
        let _ = writeln!(out, "- EVERYBODY can launch it");
    }
    for (exposure, grantees) in found.shares.iter().filter(|(exposure, _)| *exposure != Exposure::Public) {
        let names: Vec<String> = grantees.iter().map(headline::name).collect();
        let _ = writeln!(out, "- {}: {}", listed(&names, MOST), exposure.told());
    }
    if let Some(rule) = &found.rule {
        let _ = writeln!(out, "- rule: {rule}");
    }
    if detail == Detail::None {
        return;
    }
    let offenders = found.offenders();
    let command = command::modify(Do::Remove, &resource, place.region, &offenders);
    if let Some(command) = command.or_else(|| command::reset(&resource, place.region)) {
        let _ = writeln!(out, "\n{command}");
    }
    if let Some(link) = command::console(Some(&resource), place.region, place.home) {
        let _ = writeln!(out, "\n{link}");
    }
}

fn form(found: &[Found], place: &Place<'_>, severity: Severity, detail: Detail) -> Value {
    let shares = |found: &Found| -> Value {
        let share = |(exposure, grantees): &(Exposure, Vec<Grantee>)| json!({"code": exposure.code(), "severity": exposure.severity(), "grantees": super::machine::names(grantees)});
        found.shares.iter().map(share).collect()
    };
    let image = |found: &Found| {
        json!({
            "id": found.image.id,
            "image": super::machine::image(&found.image),
            "severity": found.severity,
            "findings": shares(found),
            "rule": found.rule.as_ref().map(ToString::to_string),
        })
    };
    let images: Vec<Value> = match detail {
        Detail::None => {
            found.iter().map(|found| json!({"id": found.image.id, "severity": found.severity})).collect()
        }
        _ => found.iter().map(image).collect(),
    };
    json!({
        "version": super::machine::VERSION,
        "subject": shared::text::subject(&subject(found, place)),
        "severity": severity,
        "action": "found",
        "outcome": "succeeded",
        "account": {"id": place.home.account, "alias": place.alias},
        "region": place.region,
        "blockPublicAccess": place.block,
        "images": images,
        "isShortened": detail != Detail::Whole,
    })
}
