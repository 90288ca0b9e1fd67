//! Reads the tables of this function into rules, and collects their problems. `[[image-alert]]` tables are read here.

mod accounts;
mod calls;
mod hiding;
mod organizations;
mod trust;
mod values;

use std::ops::Range;

use shared::config::codes::HIDDEN;
use shared::config::{Code, Document, Problem, RawTable, TableReader};

use super::{ImageRule, Reminder, Revert, Rules};
use crate::FUNCTION;
use crate::change::{ResourceKind, SharedResource};
use crate::severity::Severity;
use hiding::{hidden, hiding};
use trust::{trusted, trusted_actors};
use values::{set, tags};

/// The table about images.
pub const IMAGE_TABLE: &str = "image-alert";
/// The table about other calls.
pub const API_TABLE: &str = "api-alert";
/// The table about the accounts of an organization.
pub const ORGANIZATION_TABLE: &str = "organization";
/// The table about the role in another account.
pub const ACCOUNT_TABLE: &str = "account";

const BAD_IMAGE: Code = Code { name: "bad-image", title: "this is not the id of an image or a snapshot" };
const BAD_GRANTEE: Code =
    Code { name: "bad-grantee", title: "this is not an account, an organization or an organizational unit" };
const BAD_ACTOR: Code = Code { name: "bad-actor", title: "this is not a role or a service" };
const BAD_TAG: Code =
    Code { name: "bad-image-tag", title: "an image cannot have a tag with this key or value" };
const NEVER_REVERTED: Code =
    Code { name: "never-reverted", title: "a rule reverts shares, but trusts every grantee" };

/// The values of `remind`.
const REMINDERS: [(&str, Reminder); 3] =
    [("daily", Reminder::Daily), ("weekly", Reminder::Weekly), ("never", Reminder::Never)];

/// Every code of this module.
pub const CODES: &[Code] = &[
    BAD_IMAGE,
    BAD_GRANTEE,
    BAD_ACTOR,
    BAD_TAG,
    NEVER_REVERTED,
    HIDDEN,
    calls::BAD_CALL,
    calls::BAD_PATH,
    organizations::BAD_ORGANIZATION,
    organizations::UNUSED_ORGANIZATION,
    accounts::BAD_ACCOUNT,
];

/// Reads the rules. A rule that has a problem may be missing from what is returned; the problems say so.
pub fn read(document: &Document, problems: &mut Vec<Problem>) -> Rules {
    let mut rules = Rules::default();
    let before = problems.len();
    read_images(document, &mut rules, problems);
    let are_images_complete = problems.len() == before;
    rules.calls = calls::read(document, problems);
    rules.organizations =
        organizations::read(document, are_images_complete.then_some(&rules.images), problems);
    rules.accounts = accounts::read(document, problems);
    let tables = [IMAGE_TABLE, ORGANIZATION_TABLE, ACCOUNT_TABLE];
    rules.broken = document.broken_rows(&tables).next().map(|row| row.place.clone());
    rules
}

fn read_images(document: &Document, rules: &mut Rules, problems: &mut Vec<Problem>) {
    let mut headers: Vec<Range<usize>> = Vec::new();
    for table in document.tables(IMAGE_TABLE, problems) {
        let rule = image_rule(document, &table, problems);
        let by = match &rule {
            Some(rule) => hiding(&rules.images, rule),
            None => rules.images.iter().position(|before| before.ids.is_empty() && before.tags.is_empty()),
        };
        if let Some(by) = by {
            problems.push(hidden(&table, &rules.images[by], headers[by].clone()));
        }
        if let Some(rule) = rule {
            rules.images.push(rule);
            headers.push(table.header());
        }
    }
}

fn image_rule(document: &Document, table: &RawTable<'_>, problems: &mut Vec<Problem>) -> Option<ImageRule> {
    let before = problems.len();
    let mut table = TableReader::new(FUNCTION.described_table(IMAGE_TABLE), table, problems);
    let place = document.place(&table.header());
    let ids = set(&mut table, "images", BAD_IMAGE, "write ids, as in \"ami-0123456789abcdef0\"", |text| {
        let kind = if text.starts_with("snap-") { ResourceKind::Snapshot } else { ResourceKind::Image };
        SharedResource { kind, id: Some(text.to_owned()) }.legal_id().map(str::to_owned)
    });
    let tags = tags(&mut table);
    let everyone = table.boolean("public").unwrap_or_default();
    let trusted = trusted(&mut table, everyone);
    let trusted_actors = trusted_actors(&mut table);
    let mute_below = table.choice("mute-below", &Severity::ALL).unwrap_or(Severity::Info);
    let remind = table.choice("remind", &REMINDERS).unwrap_or_default();
    let revert_at = table.span("revert");
    let revert = table.choice("revert", &[("public", Revert::Public), ("untrusted", Revert::Untrusted)]);
    if let (true, Some(span), Some(_)) = (everyone, revert_at.clone(), revert) {
        let help = "remove `revert`: the rule then does the same";
        let label = "with `public = true` every grantee is trusted, and nothing is reverted";
        table.problem(Problem::new(NEVER_REVERTED, span, label).help(help));
    }
    table.finish();
    let (ids, tags) = (ids.unwrap_or_default(), tags.unwrap_or_default());
    // A rule with a wrong selection would cover other images than intended.
    (problems.len() == before).then_some(ImageRule {
        ids,
        tags,
        trusted,
        mute_below,
        trusted_actors,
        remind,
        revert,
        revert_at,
        place,
    })
}
