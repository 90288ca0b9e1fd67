//! Reads `[[image-alert]]` and `[[api-alert]]` tables into rules, and collects their problems.

mod calls;

use std::collections::BTreeSet;
use std::ops::Range;

use shared::config::codes::HIDDEN;
use shared::config::{Code, Document, Problem, RawTable, TableReader, Text};

use super::{ImageRule, Reminder, Revert, Rules, Trusted};
use crate::FUNCTION;
use crate::change::{ResourceKind, SharedResource};
use crate::grantee::{Grantee, is_account, is_organization, is_unit};
use crate::severity::Severity;

/// The table about images.
pub const IMAGE_TABLE: &str = "image-alert";
/// The table about other calls.
pub const API_TABLE: &str = "api-alert";

const BAD_IMAGE: Code = Code { name: "bad-image", title: "this is not the id of an image or a snapshot" };
const BAD_GRANTEE: Code =
    Code { name: "bad-grantee", title: "this is not an account, an organization or an organizational unit" };
const BAD_TAG: Code =
    Code { name: "bad-image-tag", title: "an image cannot have a tag with this key or value" };
const NEVER_REVERTED: Code =
    Code { name: "never-reverted", title: "a rule reverts shares, but trusts every grantee" };

/// Every code of this module.
pub const CODES: &[Code] =
    &[BAD_IMAGE, BAD_GRANTEE, BAD_TAG, NEVER_REVERTED, HIDDEN, calls::BAD_CALL, calls::BAD_PATH];

/// Reads the rules. A rule that has a problem may be missing from what is returned; the problems say so.
pub fn read(document: &Document, problems: &mut Vec<Problem>) -> Rules {
    let mut rules = Rules::default();
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
    rules.calls = calls::read(document, problems);
    rules
}

/// The earlier rule that covers every image of a rule, or the last of several that do.
fn hiding(earlier: &[ImageRule], rule: &ImageRule) -> Option<usize> {
    let has_its_tags = |before: &ImageRule| before.tags.iter().all(|tag| rule.tags.contains(tag));
    let covering = |id: Option<&String>| {
        let has_id =
            |before: &ImageRule| before.ids.is_empty() || id.is_some_and(|id| before.ids.contains(id));
        earlier.iter().position(|before| has_its_tags(before) && has_id(before))
    };
    match rule.ids.is_empty() {
        true => covering(None),
        false => rule.ids.iter().map(|id| covering(Some(id))).collect::<Option<Vec<_>>>()?.into_iter().max(),
    }
}

fn hidden(table: &RawTable<'_>, before: &ImageRule, before_at: Range<usize>) -> Problem {
    let related = match before.ids.is_empty() && before.tags.is_empty() {
        true => "this rule has neither `images` nor `tags`, so it covers every image",
        false => "this rule covers its images first",
    };
    Problem::new(HIDDEN, table.header(), "this rule never applies").related(before_at, related).help(
        "only the first rule that covers an image applies to it: remove this rule, which has no effect, or move it before \
         the other to let it apply",
    )
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
    let accounts = set(
        &mut table,
        "trusted-accounts",
        BAD_GRANTEE,
        "write the 12 digits of an account id, in quotation marks",
        |text| is_account(text).then(|| text.to_owned()),
    );
    let organizations = set(
        &mut table,
        "trusted-organizations",
        BAD_GRANTEE,
        "write an organization's id, as in \"o-a1b2c3d4e5\", or its ARN",
        |text| match Grantee::of(text) {
            Grantee::Organization { id, .. } => Some(id),
            _ => is_organization(text).then(|| text.to_owned()),
        },
    );
    let units = set(
        &mut table,
        "trusted-organizational-units",
        BAD_GRANTEE,
        "write a unit's id, as in \"ou-ab12-cdefghij\", or its ARN",
        |text| match Grantee::of(text) {
            Grantee::Unit { id, .. } => Some(id),
            _ => is_unit(text).then(|| text.to_owned()),
        },
    );
    let mute_below = table.choice("mute-below", &Severity::ALL).unwrap_or(Severity::Info);
    let revert_at = table.span("revert");
    let revert = table.choice("revert", &[("public", Revert::Public), ("untrusted", Revert::Untrusted)]);
    if let (true, Some(span), Some(_)) = (everyone, revert_at.clone(), revert) {
        let help = "remove `revert`: the rule then does the same";
        let label = "with `public = true` every grantee is trusted, and nothing is reverted";
        table.problem(Problem::new(NEVER_REVERTED, span, label).help(help));
    }
    table.finish();
    let trusted = Trusted {
        everyone,
        accounts: accounts.unwrap_or_default(),
        organizations: organizations.unwrap_or_default(),
        units: units.unwrap_or_default(),
    };
    let (ids, tags) = (ids.unwrap_or_default(), tags.unwrap_or_default());
    // A rule with a wrong selection would cover other images than intended.
    (problems.len() == before).then_some(ImageRule {
        ids,
        tags,
        trusted,
        mute_below,
        trusted_actors: Vec::new(),
        remind: Reminder::ByExposure,
        revert,
        revert_at,
        place,
    })
}

/// The values of a list, each in the form that `read` accepts, none twice.
fn set(
    table: &mut TableReader<'_, '_, '_>,
    key: &'static str,
    code: Code,
    help: &str,
    read: impl Fn(&str) -> Option<String>,
) -> Option<BTreeSet<String>> {
    let texts = table.strings(key)?;
    if texts.get_ref().is_empty() {
        let label = format!("`{key}` is empty");
        let problem = Problem::new(code, texts.span(), label).help(format!("{help}; or remove `{key}`"));
        table.problem(problem);
    }
    let mut values = BTreeSet::new();
    for text in texts.get_ref() {
        let label = match read(text.get_ref()) {
            None => "this does not have AWS's form".to_owned(),
            Some(value) => match values.insert(value) {
                true => continue,
                false => "this is already in the list".to_owned(),
            },
        };
        table.problem(Problem::new(code, text.span(), label).help(help));
    }
    Some(values)
}

/// Tags of an image: up to 128 characters in a key, 256 in a value ("Tag restrictions", Amazon EC2 User Guide).
fn tags(table: &mut TableReader<'_, '_, '_>) -> Option<Vec<(String, String)>> {
    let at = table.span("tags")?;
    let tags = table.string_table("tags")?;
    if tags.is_empty() {
        let help = "write tags = { Key = \"value\" }, or remove `tags`";
        table.problem(Problem::new(BAD_TAG, at, "`tags` is empty").help(help));
    }
    let length = |text: &Text| text.get_ref().chars().count();
    for (key, value) in &tags {
        if !(1..=128).contains(&length(key)) {
            let problem = Problem::new(BAD_TAG, key.span(), "a tag key has 1 to 128 characters");
            table.problem(problem.help("write the key of the image's tag"));
        }
        if length(value) > 256 {
            let problem = Problem::new(BAD_TAG, value.span(), "a tag value has at most 256 characters");
            table.problem(problem.help("write the value of the image's tag"));
        }
    }
    Some(tags.into_iter().map(|(key, value)| (key.into_inner(), value.into_inner())).collect())
}
