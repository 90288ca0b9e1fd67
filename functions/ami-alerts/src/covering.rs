//! The rule that covers an image or a snapshot. A rule about an image covers the snapshots behind it, too. Pure.

use crate::change::{ResourceKind, SharedResource};
use crate::facts::{Facts, ImageDescription, SnapshotDescription};
use crate::rules::{ImageRule, Rules};

/// Whether a rule covers an image or a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RuleCoverage {
    Yes,
    No,
    /// The facts that decide it could not be read.
    Unknown,
}

/// The first rule that covers an image or a snapshot; for a change to a whole region, the first rule that covers all images.
/// And whether an earlier rule might cover it, if its tags, or the images that contain the snapshot, could be read.
pub fn covering_rule<'r>(
    rules: &'r Rules,
    resource: Option<&SharedResource>,
    facts: &Facts,
) -> (Option<&'r ImageRule>, bool) {
    let mut is_uncertain = false;
    for rule in &rules.images {
        match coverage(rule, resource, facts) {
            RuleCoverage::Yes => return (Some(rule), is_uncertain),
            RuleCoverage::Unknown => is_uncertain = true,
            RuleCoverage::No => {}
        }
    }
    (None, is_uncertain)
}

fn coverage(rule: &ImageRule, resource: Option<&SharedResource>, facts: &Facts) -> RuleCoverage {
    if rule.ids.is_empty() && rule.tags.is_empty() {
        return RuleCoverage::Yes;
    }
    let Some(resource) = resource else { return RuleCoverage::No };
    let id = resource.id.as_deref();
    match (resource.kind, facts.snapshot()) {
        (ResourceKind::Image, _) => of_image(rule, id, facts.image()),
        (ResourceKind::Snapshot, Some(snapshot)) => of_snapshot(rule, id, snapshot),
        (ResourceKind::Snapshot, None) => of_unread_snapshot(rule, id),
    }
}

fn of_image(rule: &ImageRule, id: Option<&str>, image: Option<&ImageDescription>) -> RuleCoverage {
    match image {
        _ if !names(rule, id) => RuleCoverage::No,
        _ if rule.tags.is_empty() => RuleCoverage::Yes,
        Some(image) if has_tags(rule, &image.tags) => RuleCoverage::Yes,
        Some(_) => RuleCoverage::No,
        None => RuleCoverage::Unknown,
    }
}

/// A rule covers a snapshot if it names the snapshot, or an image that contains it, and if the snapshot or such an image has the
/// tags.
fn of_snapshot(rule: &ImageRule, id: Option<&str>, snapshot: &SnapshotDescription) -> RuleCoverage {
    let has_own_tags = has_tags(rule, &snapshot.tags);
    let is_named = names(rule, id);
    let by_image = |image: &ImageDescription| {
        let has_tags = has_own_tags || has_tags(rule, &image.tags);
        has_tags && (is_named || rule.ids.contains(&image.id))
    };
    let is_covered = (is_named && has_own_tags) || snapshot.images.iter().any(by_image);
    if is_covered { RuleCoverage::Yes } else { RuleCoverage::No }
}

/// Nothing is known about the snapshot but its id.
fn of_unread_snapshot(rule: &ImageRule, id: Option<&str>) -> RuleCoverage {
    let is_named = names(rule, id);
    let names_images = rule.ids.iter().any(|id| id.starts_with("ami-"));
    match (is_named, rule.tags.is_empty()) {
        (true, true) => RuleCoverage::Yes,
        (false, _) if !names_images => RuleCoverage::No,
        _ => RuleCoverage::Unknown,
    }
}

/// Whether the rule is about resources of every id, or names this one.
fn names(rule: &ImageRule, id: Option<&str>) -> bool {
    rule.ids.is_empty() || id.is_some_and(|id| rule.ids.contains(id))
}

fn has_tags(rule: &ImageRule, tags: &[(String, String)]) -> bool {
    rule.tags.iter().all(|wanted| tags.contains(wanted))
}

#[cfg(test)]
mod tests {
    use shared::config::Document;

    use super::*;
    use crate::facts::{LookUp, LookupError};

    const SNAPSHOT: &str = "snap-0123456789abcdef0";
    const IMAGE: &str = "ami-0123456789abcdef0";
    const OTHER: &str = "ami-0fedcba9876543210";

    fn tags(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    /// A snapshot with the tag own=1 behind the image `IMAGE` with team=a and `OTHER` with team=b.
    fn known() -> Facts {
        let image = |id: &str, team: &str| ImageDescription {
            id: id.to_owned(),
            tags: tags(&[("team", team)]),
            ..ImageDescription::default()
        };
        let snapshot = SnapshotDescription {
            id: SNAPSHOT.to_owned(),
            tags: tags(&[("own", "1")]),
            images: vec![image(IMAGE, "a"), image(OTHER, "b")],
            ..SnapshotDescription::default()
        };
        Facts { snapshot: LookUp::Found(Some(snapshot)), ..Facts::default() }
    }

    fn covers(rule: &str, facts: &Facts) -> (bool, bool) {
        let document = Document::new("pointsman.toml", format!("[[image-alert]]\n{rule}\n"));
        let mut problems = Vec::new();
        let rules = super::super::rules::read(&document, &mut problems);
        assert_eq!(problems, Vec::new());
        let resource = SharedResource { kind: ResourceKind::Snapshot, id: Some(SNAPSHOT.to_owned()) };
        let (rule, is_uncertain) = covering_rule(&rules, Some(&resource), facts);
        (rule.is_some(), is_uncertain)
    }

    #[test]
    fn does_an_images_rule_cover_the_snapshots_behind_it() {
        for (rule, is_covered) in [
            ("", true),
            ("images = [\"ami-0123456789abcdef0\"]", true),
            ("images = [\"ami-0000000000000000a\"]", false),
            ("images = [\"snap-0123456789abcdef0\"]", true),
            ("tags = { own = \"1\" }", true),
            ("tags = { team = \"a\" }", true),
            ("tags = { team = \"b\" }", true),
            ("tags = { team = \"c\" }", false),
            // No single image has both tags.
            ("tags = { own = \"1\", team = \"a\" }", false),
            ("images = [\"ami-0123456789abcdef0\"]\ntags = { team = \"a\" }", true),
            ("images = [\"ami-0123456789abcdef0\"]\ntags = { own = \"1\" }", true),
            // The tag is on another image than the named one.
            ("images = [\"ami-0123456789abcdef0\"]\ntags = { team = \"b\" }", false),
            ("images = [\"snap-0123456789abcdef0\"]\ntags = { team = \"b\" }", true),
        ] {
            assert_eq!(covers(rule, &known()), (is_covered, false), "{rule}");
        }
    }

    #[test]
    fn is_a_rule_uncertain_if_the_snapshot_could_not_be_read() {
        let failed = Facts { snapshot: LookUp::Failed(LookupError::NoState), ..Facts::default() };
        let gone = Facts { snapshot: LookUp::Found(None), ..Facts::default() };
        for facts in [failed, gone] {
            for (rule, is_covered, is_uncertain) in [
                ("", true, false),
                ("images = [\"snap-0123456789abcdef0\"]", true, false),
                ("images = [\"snap-0000000000000000a\"]", false, false),
                ("images = [\"ami-0123456789abcdef0\"]", false, true),
                ("tags = { team = \"a\" }", false, true),
                ("images = [\"snap-0123456789abcdef0\"]\ntags = { team = \"a\" }", false, true),
                ("images = [\"snap-0000000000000000a\"]\ntags = { team = \"a\" }", false, false),
            ] {
                assert_eq!(covers(rule, &facts), (is_covered, is_uncertain), "{rule}");
            }
        }
    }
}
