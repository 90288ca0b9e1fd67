//! The lines for pointsman.toml that make a share expected: exactly these grantees, for exactly this image or snapshot.

use std::collections::BTreeSet;

use super::CallAlert;
use crate::change::SharedResource;
use crate::grantee::Grantee;
use crate::rules::{ImageRule, Reminder, Revert, Trusted, TrustedActor};
use crate::severity::Severity;

/// The most grantees that the lines name.
const MOST: usize = 20;

/// The table; `None` if a grantee or the id does not have AWS's form, or if there are too many grantees.
pub(super) fn trusted_lines(
    resource: &SharedResource,
    rule: Option<&ImageRule>,
    grantees: &[Grantee],
) -> Option<String> {
    let id = resource.legal_id()?;
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
        let actors: BTreeSet<String> = rule.trusted_actors.iter().map(actor).collect();
        lines.extend(array("trusted-actors", &actors));
        lines.extend(remind(rule.remind).map(|remind| format!("remind = \"{remind}\"")));
        lines.extend(severity.into_iter().chain(revert.filter(|_| !trusted.everyone)));
    }
    Some(lines.join("\n"))
}

/// The line that expects what the actor of the call shares: a role or a service, as AWS names it in the record.
pub(super) fn trusted_actor_line(alert: &CallAlert<'_>) -> Option<String> {
    let record = alert.call.record;
    let role = record.text("/userIdentity/sessionContext/sessionIssuer/arn");
    let role = role.filter(|_| record.text("/userIdentity/type") == Some("AssumedRole"));
    let names = [record.text("/userIdentity/invokedBy"), role];
    let known = names.into_iter().flatten().find_map(TrustedActor::of)?;
    array("trusted-actors", &[actor(&known)].into())
}

fn actor(actor: &TrustedActor) -> String {
    match actor {
        TrustedActor::Role(arn) => arn.clone(),
        TrustedActor::OwnRole(name) => format!("role/{name}"),
        TrustedActor::Service(name) => name.clone(),
    }
}

fn remind(remind: Reminder) -> Option<&'static str> {
    match remind {
        Reminder::ByExposure => None,
        Reminder::Daily => Some("daily"),
        Reminder::Weekly => Some("weekly"),
        Reminder::Never => Some("never"),
    }
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
