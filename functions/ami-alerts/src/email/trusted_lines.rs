//! The lines for pointsman.toml that make a share expected: exactly these grantees, for exactly this image or snapshot.

use std::collections::BTreeSet;

use super::CallAlert;
use crate::grantee::Grantee;
use crate::rules::{Revert, Trusted};
use crate::severity::Severity;

/// The most grantees that the lines name.
const MOST: usize = 20;

/// The table; `None` if a grantee or the id does not have AWS's form, or if there are too many grantees.
pub(super) fn trusted_lines(alert: &CallAlert<'_>, grantees: &[Grantee]) -> Option<String> {
    let id = alert.resource()?.legal_id()?;
    let rule = alert.assessment.rule;
    let mut trusted = rule.map(|rule| rule.trusted.clone()).unwrap_or_default();
    if grantees.is_empty() || !extend(&mut trusted, grantees) || size(&trusted) > MOST {
        return None;
    }
    let mut lines = vec!["[[image-alert]]".to_owned(), format!("images = [\"{id}\"]")];
    if trusted.everyone {
        lines.push("public = true".to_owned());
    }
    for (key, names) in [
        ("trusted-accounts", &trusted.accounts),
        ("trusted-organizations", &trusted.organizations),
        ("trusted-organizational-units", &trusted.units),
    ] {
        lines.extend(array(key, names));
    }
    // The first table that covers an image applies alone: what the present one asks for is repeated.
    if let Some(rule) = rule {
        let severity =
            (rule.mute_below > Severity::Info).then(|| format!("mute-below = \"{}\"", rule.mute_below));
        let revert = rule.revert.map(|revert| match revert {
            Revert::Public => "revert = \"public\"".to_owned(),
            Revert::Untrusted => "revert = \"untrusted\"".to_owned(),
        });
        lines.extend(severity.into_iter().chain(revert.filter(|_| !trusted.everyone)));
    }
    Some(lines.join("\n"))
}

/// Adds the grantees; false if one has no form that a rule can name.
fn extend(trusted: &mut Trusted, grantees: &[Grantee]) -> bool {
    for grantee in grantees {
        match grantee {
            Grantee::Everyone => trusted.everyone = true,
            Grantee::Account(id) => drop(trusted.accounts.insert(id.clone())),
            Grantee::Organization { id, .. } => drop(trusted.organizations.insert(id.clone())),
            Grantee::Unit { id, .. } => drop(trusted.units.insert(id.clone())),
            Grantee::Other(_) => return false,
        }
    }
    true
}

fn size(trusted: &Trusted) -> usize {
    trusted.accounts.len() + trusted.organizations.len() + trusted.units.len()
}

fn array(key: &str, names: &BTreeSet<String>) -> Option<String> {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    (!names.is_empty()).then(|| format!("{key} = [{}]", names.join(", ")))
}
