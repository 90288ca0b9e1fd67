//! Finds rules that never apply, because earlier rules cover all their images.

use std::ops::Range;

use shared::config::codes::HIDDEN;
use shared::config::{Problem, RawTable};

use crate::rules::ImageRule;

/// The earlier rule that covers every image of a rule, or the last of several that do.
pub(super) fn hiding(earlier: &[ImageRule], rule: &ImageRule) -> Option<usize> {
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

pub(super) fn hidden(table: &RawTable<'_>, before: &ImageRule, before_at: Range<usize>) -> Problem {
    let related = match before.ids.is_empty() && before.tags.is_empty() {
        true => "this rule has neither `images` nor `tags`, so it covers every image",
        false => "this rule covers its images first",
    };
    Problem::new(HIDDEN, table.header(), "this rule never applies").related(before_at, related).help(
        "only the first rule that covers an image applies to it: remove this rule, which has no effect, or move it before \
         the other to let it apply",
    )
}
