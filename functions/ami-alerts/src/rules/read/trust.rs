//! Reads the trusted grantees and actors of an `[[image-alert]]` table.

use shared::config::TableReader;

use super::values::set;
use super::{BAD_ACTOR, BAD_GRANTEE};
use crate::grantee::{Grantee, is_account, is_organization, is_unit};
use crate::rules::{Trusted, TrustedActor};

pub(super) fn trusted(table: &mut TableReader<'_, '_, '_>, everyone: bool) -> Trusted {
    let accounts = set(
        table,
        "trusted-accounts",
        BAD_GRANTEE,
        "write the 12 digits of an account id, in quotation marks",
        |text| is_account(text).then(|| text.to_owned()),
    );
    let organizations = set(
        table,
        "trusted-organizations",
        BAD_GRANTEE,
        "write an organization's id, as in \"o-a1b2c3d4e5\", or its ARN",
        |text| match Grantee::of(text) {
            Grantee::Organization { id, .. } => Some(id),
            _ => is_organization(text).then(|| text.to_owned()),
        },
    );
    let units = set(
        table,
        "trusted-organizational-units",
        BAD_GRANTEE,
        "write a unit's id, as in \"ou-ab12-cdefghij\", or its ARN",
        |text| match Grantee::of(text) {
            Grantee::Unit { id, .. } => Some(id),
            _ => is_unit(text).then(|| text.to_owned()),
        },
    );
    Trusted {
        everyone,
        accounts: accounts.unwrap_or_default(),
        organizations: organizations.unwrap_or_default(),
        units: units.unwrap_or_default(),
        ..Trusted::default()
    }
}

pub(super) fn trusted_actors(table: &mut TableReader<'_, '_, '_>) -> Vec<TrustedActor> {
    const HELP: &str = "write the ARN of a role (arn:aws:iam::111122223333:role/NAME), role/NAME for a role of the image's own \
                        account, or a service as CloudTrail's `invokedBy` names it, as in \"dlm.amazonaws.com\"";
    let is_actor = |text: &str| TrustedActor::of(text).map(|actor| actor.to_string());
    let actors = set(table, "trusted-actors", BAD_ACTOR, HELP, is_actor).unwrap_or_default();
    actors.iter().filter_map(|text| TrustedActor::of(text)).collect()
}
