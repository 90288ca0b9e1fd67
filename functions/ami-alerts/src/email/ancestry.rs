//! The images that an image was made from, as a row of the email and in JSON.

use serde_json::{Value, json};
use shared::text::list_at_most;

use super::plain;
use crate::facts::{ImageAncestor, LookUp};

/// The most ancestors of a row, the nearest first.
const MOST: usize = 5;

/// `ami-0a1 (us-east-1), ami-0b2 (amazon, us-east-1)`; empty if the ancestors were not read.
pub(super) fn row(ancestry: &LookUp<Vec<ImageAncestor>>) -> String {
    match ancestry.found().map(Vec::as_slice) {
        None => String::new(),
        Some([]) => "no source image is recorded".to_owned(),
        Some(ancestors) => list_at_most(&ancestors.iter().map(name).collect::<Vec<_>>(), MOST),
    }
}

fn name(ancestor: &ImageAncestor) -> String {
    let owner_and_region = [&ancestor.owner_alias, &ancestor.region];
    let known: Vec<String> = owner_and_region.into_iter().flatten().map(|text| plain(text)).collect();
    match known.is_empty() {
        true => plain(&ancestor.id),
        false => format!("{} ({})", plain(&ancestor.id), known.join(", ")),
    }
}

/// The ancestors, the nearest first; null if they were not read.
pub(super) fn form(ancestry: &LookUp<Vec<ImageAncestor>>) -> Value {
    let ancestor = |ancestor: &ImageAncestor| {
        json!({
            "id": ancestor.id,
            "region": ancestor.region,
            "ownerAlias": ancestor.owner_alias,
            "created": ancestor.created,
        })
    };
    match ancestry.found() {
        Some(ancestors) => ancestors.iter().map(ancestor).collect(),
        None => Value::Null,
    }
}
