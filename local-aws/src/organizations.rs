//! Organizations: DescribeAccount, of the organization that the world's account is in.

use serde_json::{Value, json};

use crate::ec2::is_account;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{Context, Service};

pub(crate) const SERVICE: Service = Service {
    name: "organizations",
    api: "AWSOrganizationsV20161128",
    operations: &[("DescribeAccount", describe_account)],
};

/// 2020-01-01, the day on which every account joined.
const JOINED: i64 = 1_577_836_800;

/// "You can only call this operation from the management account or a member account that is a delegated
/// administrator."
fn describe_account(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let account = input.string("AccountId")?.unwrap_or_default();
    input.finish()?;
    if !is_account(&account) {
        return Err(invalid(&account));
    }
    let identity = &context.world.account;
    let Some(organization) = identity.organization.as_ref().filter(|_| identity.is_member(context.account()))
    else {
        let message = "Your account is not a member of an organization.";
        return Err(ErrorAnswer::new("AWSOrganizationsNotInUseException", message));
    };
    if !identity.may_read_organization(context.account()) {
        let message = "You don't have permissions to access this resource.";
        return Err(ErrorAnswer::new("AccessDeniedException", message));
    }
    if !identity.is_member(&account) {
        let message = "You specified an account that doesn't exist.";
        return Err(ErrorAnswer::new("AccountNotFoundException", message));
    }
    let arn = format!("{}/{account}", organization.replacen(":organization/", ":account/", 1));
    Ok(json!({"Account": {
        "Id": account,
        "Arn": arn,
        "Email": format!("{account}@example.com"),
        "Name": format!("account-{account}"),
        "Status": "ACTIVE",
        "State": "ACTIVE",
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": JOINED,
    }}))
}

fn invalid(account: &str) -> ErrorAnswer {
    let reason = if account.is_empty() { "INPUT_REQUIRED" } else { "INVALID_PATTERN" };
    ErrorAnswer::new(
        "InvalidInputException",
        "You provided a value that does not match the required pattern.",
    )
    .with("Reason", reason.into())
}
