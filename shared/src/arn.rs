//! An Amazon Resource Name, split once ("Amazon Resource Names (ARNs)", AWS General Reference).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// `drs`, `cloudwatch`.
    pub service: String,
    /// Empty for a resource without a region.
    pub region: String,
    /// Empty for a resource without an account.
    pub account: String,
    /// Everything after the fifth colon: `alarm:shop-down`, `recovery-plan/rp-0a1b`.
    pub resource: String,
}

/// A text that is not an ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ARN: it has the form arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE")]
pub struct NotAnArn(pub String);

impl Arn {
    /// The resource after `kind` and its separator: for `alarm`, the name in `alarm:NAME`; for `stack`, what follows
    /// `stack/`. `None` for a resource of another kind.
    pub fn resource_of(&self, kind: &str) -> Option<&str> {
        self.resource.strip_prefix(kind)?.strip_prefix([':', '/']).filter(|rest| !rest.is_empty())
    }

    /// The last part of the resource: the name without its kind and path.
    pub fn name(&self) -> &str {
        self.resource.rsplit([':', '/']).next().unwrap_or_default()
    }
}

impl FromStr for Arn {
    type Err = NotAnArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or_else(|| NotAnArn(text.to_owned()));
        if next()? != "arn" {
            return Err(NotAnArn(text.to_owned()));
        }
        let mut part = || next().map(str::to_owned);
        let arn = Self {
            partition: part()?,
            service: part()?,
            region: part()?,
            account: part()?,
            resource: part()?,
        };
        let is_named = !arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty();
        if is_named { Ok(arn) } else { Err(NotAnArn(text.to_owned())) }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

impl TryFrom<String> for Arn {
    type Error = NotAnArn;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> Self {
        arn.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_parsed_and_displayed_unchanged() {
        let text = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:a:b/c";
        let arn: Arn = text.parse().unwrap();
        assert_eq!((arn.service.as_str(), arn.region.as_str()), ("cloudwatch", "us-east-1"));
        assert_eq!(arn.resource_of("alarm"), Some("a:b/c"));
        assert_eq!(arn.resource_of("stack"), None);
        assert_eq!(arn.name(), "c");
        assert_eq!(arn.to_string(), text);
    }

    #[test]
    fn a_text_that_is_not_an_arn_is_refused() {
        for text in ["", "arn", "arn:aws:s3:::", "arn::s3:::b", "urn:aws:s3:::b", "arn:aws:drs:us-east-1"] {
            assert_eq!(text.parse::<Arn>(), Err(NotAnArn(text.to_owned())));
        }
        assert!("arn:aws:s3:::bucket".parse::<Arn>().is_ok());
    }
}
