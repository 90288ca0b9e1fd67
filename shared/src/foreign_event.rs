//! Events of another account or region: the bus of a deployment receives them if another bus forwards to it, and a function
//! acts on names of its own account and region.

use std::fmt;

use serde_json::Value;

use crate::decision::Explain;
use crate::home::Home;

/// An event of an account or a region that the function does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForeignEvent {
    /// The event is of another account.
    OtherAccount {
        /// The event's account.
        account: String,
    },
    /// The event is of another region.
    OtherRegion {
        /// The event's region.
        region: String,
    },
}

/// The regions whose events a function accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedRegions<'a> {
    /// The function's own, and these.
    OwnAnd(&'a [String]),
    /// Every region: the event names a resource by its ARN, and a rule names that ARN.
    Every,
}

impl ForeignEvent {
    /// The codes of the reasons.
    pub const CODES: &'static [&'static str] = &["other-account", "other-region"];

    /// The code of a function that accepts every region.
    pub const CODES_OF_ACCOUNTS: &'static [&'static str] = &[Self::CODES[0]];

    /// What makes an event foreign to a function in `home`. `accounts` are accepted beside the function's own.
    ///
    /// EventBridge sets `account` and `region` ("AWS service event metadata", Amazon EventBridge Events Reference). An event
    /// without them comes from an operator or a schedule. Without a home, which only a test lacks, no event is foreign.
    pub fn of(event: &Value, home: &Home, accounts: &[String], regions: AcceptedRegions<'_>) -> Option<Self> {
        let text = |name: &str| event.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let is_foreign = |value: &str, own: &str, accepted: &[String]| {
            !own.is_empty() && value != own && !accepted.iter().any(|one| one == value)
        };
        if let Some(account) = text("account").filter(|account| is_foreign(account, &home.account, accounts))
        {
            return Some(Self::OtherAccount { account: account.to_owned() });
        }
        let AcceptedRegions::OwnAnd(further) = regions else { return None };
        let region = text("region").filter(|region| is_foreign(region, &home.region, further))?;
        Some(Self::OtherRegion { region: region.to_owned() })
    }
}

impl Explain for ForeignEvent {
    fn code(&self) -> &'static str {
        match self {
            Self::OtherAccount { .. } => Self::CODES[0],
            Self::OtherRegion { .. } => Self::CODES[1],
        }
    }
}

impl fmt::Display for ForeignEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherAccount { account } => write!(
                f,
                "the event is of the account {account}, and the function accepts no events of that account"
            ),
            Self::OtherRegion { region } => {
                write!(
                    f,
                    "the event is of the region {region}, and the function accepts no events of that region"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: AcceptedRegions<'_> = AcceptedRegions::OwnAnd(&[]);

    fn home() -> Home {
        Home::of("arn:aws:lambda:us-east-1:111122223333:function:f")
    }

    fn event(account: &str, region: &str) -> Value {
        json!({"source": "aws.codecommit", "account": account, "region": region})
    }

    #[test]
    fn an_event_of_the_own_account_and_region_is_not_foreign() {
        for event in [event("111122223333", "us-east-1"), event("", ""), json!({}), json!({"account": null})]
        {
            assert_eq!(ForeignEvent::of(&event, &home(), &[], OWN), None, "{event}");
        }
    }

    #[test]
    fn another_account_counts_before_another_region() {
        let found = |event: &Value| ForeignEvent::of(event, &home(), &[], OWN).map(|why| why.code());
        assert_eq!(found(&event("444455556666", "us-east-1")), Some("other-account"));
        assert_eq!(found(&event("444455556666", "eu-west-1")), Some("other-account"));
        assert_eq!(found(&event("111122223333", "eu-west-1")), Some("other-region"));
    }

    #[test]
    fn only_named_accounts_and_regions_are_accepted_too() {
        let (accounts, regions) = (["444455556666".to_owned()], ["eu-west-1".to_owned()]);
        let found = |event: &Value, regions| ForeignEvent::of(event, &home(), &accounts, regions);
        let named = AcceptedRegions::OwnAnd(&regions);
        assert_eq!(found(&event("444455556666", "eu-west-1"), named), None);
        assert!(found(&event("444455556667", "eu-west-1"), named).is_some());
        assert!(found(&event("444455556666", "eu-west-2"), named).is_some());
        assert_eq!(found(&event("111122223333", "eu-west-2"), AcceptedRegions::Every), None);
    }
}
