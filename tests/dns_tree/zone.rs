//! Answers a query as Route 53 does, from the records and health checks of a template.
//!
//! The rules are those of "How Amazon Route 53 chooses records when health checking is configured" and "How Amazon Route 53 determines
//! whether a health check is healthy" (Amazon Route 53 Developer Guide).

use std::collections::BTreeMap;

use cloudformation_template::{Values, members, text};
use serde_json::Value;

pub(super) const PRIMARY: &str = "192.0.2.10";
pub(super) const RECOVERED: &str = "198.51.100.20";
const SITE: &str = "www.example.com";
const ZONE: &str = "Z0EXAMPLE";

/// The place that DNS leads a visitor to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Answer {
    Primary,
    Recovered,
    Page,
}

impl Answer {
    pub(super) fn words(self) -> &'static str {
        match self {
            Answer::Primary => "the primary server",
            Answer::Recovered => "the recovered server",
            Answer::Page => "the page",
        }
    }
}

/// What the health checkers have seen: whether the primary server answers, and twice whether the recovered server does, because two
/// checks request it. `None`: not known yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub primary: Option<bool>,
    pub recovered: Option<bool>,
    /// As the inverted check sees it.
    pub silent: Option<bool>,
}

pub(super) struct Zone {
    pub records: Vec<FailoverRecord>,
    checks: BTreeMap<String, HealthCheck>,
}

#[derive(Debug)]
pub(super) struct FailoverRecord {
    name: String,
    pub set: String,
    is_primary: bool,
    pub check: Option<String>,
    target: RecordTarget,
    /// `EvaluateTargetHealth`.
    pub evaluates: bool,
}

#[derive(Debug)]
enum RecordTarget {
    Address {
        address: String,
    },
    /// Other records of this zone.
    Records {
        name: String,
    },
    /// CloudFront or S3.
    Service,
}

pub(super) enum HealthCheck {
    Endpoint { address: String, is_inverted: bool, seconds: u64 },
    Calculated { children: Vec<String>, threshold: usize },
}

impl Zone {
    pub(super) fn of(template: &Value, is_https: bool) -> Zone {
        Zone::with(template, is_https, "enabled")
    }

    pub(super) fn with(template: &Value, is_https: bool, site_records: &str) -> Zone {
        let certificate = if is_https { "arn:aws:acm:us-east-1:111122223333:certificate/0a1b" } else { "" };
        let parameters = [
            ("HostedZoneId", ZONE),
            ("SiteName", SITE),
            ("ServersName", "servers.www.example.com"),
            ("PrimaryAddress", PRIMARY),
            ("RecoveryAddress", RECOVERED),
            ("CertificateArn", certificate),
            ("SiteRecords", site_records),
            ("AWS::Region", "eu-west-1"),
            ("PageDistribution.DomainName", "d111111abcdef8.cloudfront.net"),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.into()));
        let own_names = members(&template["Resources"]).map(|(name, _)| (name.clone(), name.as_str().into()));
        let values = Values::new(template, own_names.chain(parameters).collect());
        let of_type = |kind: &'static str| {
            let resources = members(&template["Resources"]).filter(move |(_, one)| one["Type"] == kind);
            resources.filter(|(_, resource)| values.includes(resource))
        };
        let records = of_type("AWS::Route53::RecordSet")
            .map(|(_, resource)| record(&values.value(&resource["Properties"])));
        let checks = of_type("AWS::Route53::HealthCheck").map(|(name, resource)| {
            (name.clone(), check(&values.value(&resource["Properties"]["HealthCheckConfig"])))
        });
        Zone { records: records.collect(), checks: checks.collect() }
    }

    /// The answer to a query for the site's name.
    pub(super) fn answer(&self, seen: Seen) -> Answer {
        self.resolve(SITE, seen)
    }

    /// The seconds after which a checker changes its mind about a server.
    pub(super) fn seconds_until_seen(&self) -> u64 {
        let seconds = self.checks.values().filter_map(|check| match check {
            HealthCheck::Endpoint { seconds, .. } => Some(*seconds),
            HealthCheck::Calculated { .. } => None,
        });
        seconds.max().expect("the template has endpoint checks")
    }

    /// A failover group: the primary record if it is healthy, else the secondary record if it is. If none is, the primary record.
    fn resolve(&self, name: &str, seen: Seen) -> Answer {
        let group = || self.records.iter().filter(|record| record.name == name);
        let pick = |is_primary: bool| group().find(|record| record.is_primary == is_primary);
        let healthy = |record: &&FailoverRecord| self.is_healthy(record, seen);
        let chosen = pick(true).filter(healthy).or_else(|| pick(false).filter(healthy));
        let chosen = chosen.or_else(|| pick(true)).or_else(|| group().next());
        match &chosen.unwrap_or_else(|| panic!("{name} has a record")).target {
            RecordTarget::Records { name } => self.resolve(name, seen),
            RecordTarget::Service => Answer::Page,
            RecordTarget::Address { address } if address == PRIMARY => Answer::Primary,
            RecordTarget::Address { address } if address == RECOVERED => Answer::Recovered,
            other => panic!("{other:?} is no server of the template"),
        }
    }

    /// A record without a health check is healthy. An alias that evaluates its target is healthy if a record of the target is.
    fn is_healthy(&self, record: &FailoverRecord, seen: Seen) -> bool {
        let passes = record.check.as_ref().is_none_or(|check| self.passes(check, seen));
        let target_is_healthy = match &record.target {
            RecordTarget::Records { name } if record.evaluates => {
                self.records.iter().filter(|one| one.name == *name).any(|one| self.is_healthy(one, seen))
            }
            _ => true,
        };
        passes && target_is_healthy
    }

    /// A new check is healthy, and a new inverted check unhealthy, until its state is known.
    fn passes(&self, check: &str, seen: Seen) -> bool {
        match &self.checks[check] {
            HealthCheck::Endpoint { address, is_inverted, .. } => {
                let known = match (address.as_str(), is_inverted) {
                    (PRIMARY, _) => seen.primary,
                    (RECOVERED, false) => seen.recovered,
                    (RECOVERED, true) => seen.silent,
                    (other, _) => panic!("{other} is no server of the template"),
                };
                known.unwrap_or(true) != *is_inverted
            }
            HealthCheck::Calculated { children, threshold } => {
                children.iter().filter(|child| self.passes(child, seen)).count() >= *threshold
            }
        }
    }
}

fn record(properties: &Value) -> FailoverRecord {
    let string = |value: &Value| text(value).unwrap_or_else(|| panic!("{value} is not evaluated"));
    let alias = &properties["AliasTarget"];
    let target = match properties["ResourceRecords"].as_array().map(Vec::as_slice) {
        Some([address]) => RecordTarget::Address { address: string(address) },
        _ if alias["HostedZoneId"] == ZONE => RecordTarget::Records { name: string(&alias["DNSName"]) },
        _ => {
            assert!(string(&alias["DNSName"]).contains('.'), "{alias} has a host");
            RecordTarget::Service
        }
    };
    FailoverRecord {
        name: string(&properties["Name"]),
        set: string(&properties["SetIdentifier"]),
        is_primary: properties["Failover"] == "PRIMARY",
        check: properties.get("HealthCheckId").map(string),
        evaluates: alias["EvaluateTargetHealth"] == true,
        target,
    }
}

fn check(config: &Value) -> HealthCheck {
    let number = |name: &str| config[name].as_u64().unwrap_or_else(|| panic!("{name} in {config}"));
    if config["Type"] == "CALCULATED" {
        let children = config["ChildHealthChecks"].as_array().expect("it has children");
        let children = children.iter().filter_map(text).collect();
        return HealthCheck::Calculated { children, threshold: number("HealthThreshold") as usize };
    }
    HealthCheck::Endpoint {
        address: text(&config["IPAddress"]).expect("it has an address"),
        is_inverted: config["Inverted"] == true,
        seconds: number("RequestInterval") * number("FailureThreshold"),
    }
}
