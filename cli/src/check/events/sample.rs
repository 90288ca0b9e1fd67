//! Sample events of a call: a record of CloudTrail in EventBridge's envelope, of each detail type and region in which the call
//! can arrive.

use serde_json::{Value, json};

use crate::template::ACCOUNT;

const CALL: &str = "AWS API Call via CloudTrail";
const CONSOLE_ACTION: &str = "AWS Console Action via CloudTrail";
const SERVICE_EVENT: &str = "AWS Service Event via CloudTrail";
/// AWS writes "Signin" in "AWS service events delivered via AWS CloudTrail" (Amazon EventBridge User Guide), and its events have
/// this.
const SIGN_IN: &str = "AWS Console Sign In via CloudTrail";

/// Services whose calls CloudTrail records in us-east-1 for every region ("Using the update-trail command to update a trail",
/// AWS CloudTrail User Guide, and the guides of the services).
const GLOBAL: [&str; 5] = [
    "iam.amazonaws.com",
    "cloudfront.amazonaws.com",
    "organizations.amazonaws.com",
    "route53.amazonaws.com",
    "route53domains.amazonaws.com",
];

/// The service of sign-ins to the console.
const SIGN_IN_SERVICE: &str = "signin.amazonaws.com";

/// Sign-ins ("AWS Management Console sign-in events", AWS CloudTrail User Guide).
const SIGN_INS: [&str; 2] = ["CheckMfa", "ConsoleLogin"];

/// Events that EC2 records without a call ("Share an Amazon EBS snapshot", Amazon EBS User Guide).
const EC2_SERVICE_EVENTS: [&str; 2] = ["SharedSnapshotCopyInitiated", "SharedSnapshotVolumeCreated"];

/// One way in which the events of a call arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) detail_type: &'static str,
    /// The region that CloudTrail records the call in.
    pub(super) region: String,
}

/// Whether a service has no region of its own.
pub(super) fn is_global(source: &str) -> bool {
    GLOBAL.contains(&source)
}

/// Whether the service has an endpoint in each region, and a global one whose calls CloudTrail records in us-east-1 ("Logging
/// IAM and AWS STS API calls with AWS CloudTrail", IAM User Guide).
pub(super) fn has_global_endpoint(source: &str) -> bool {
    is_sign_in(source) || source == "sts.amazonaws.com"
}

/// Whether the service is the one of sign-ins.
pub(super) fn is_sign_in(source: &str) -> bool {
    source == SIGN_IN_SERVICE
}

/// The region in which CloudTrail records the calls of global services, for a region of the partition `aws`; `None` for other
/// partitions, where it is not documented.
pub(super) fn home_of_global_services(region: &str) -> Option<&'static str> {
    let is_of_another_partition =
        ["cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"].iter().any(|start| region.starts_with(start));
    (!is_of_another_partition).then_some("us-east-1")
}

/// Each way in which the events of a call arrive at a deployment in `region`.
pub(super) fn arrivals(source: &str, name: &str, region: &str) -> Vec<Arrival> {
    let detail_types: &[&str] = match source {
        "ec2.amazonaws.com" if EC2_SERVICE_EVENTS.contains(&name) => &[SERVICE_EVENT],
        SIGN_IN_SERVICE if SIGN_INS.contains(&name) => &[SIGN_IN],
        SIGN_IN_SERVICE => &[SIGN_IN, CONSOLE_ACTION, SERVICE_EVENT, CALL],
        // A name alone does not show whether a call or the service itself causes the event.
        _ => &[CALL, SERVICE_EVENT],
    };
    let home = home_of_global_services(region).unwrap_or(region);
    let mut regions = match source {
        source if has_global_endpoint(source) => vec![region, home],
        source if is_global(source) => vec![home],
        _ => vec![region],
    };
    regions.dedup();
    let of_region = |region: &str| -> Vec<Arrival> {
        detail_types.iter().map(|detail_type| Arrival { detail_type, region: region.to_owned() }).collect()
    };
    regions.into_iter().flat_map(of_region).collect()
}

impl Arrival {
    /// Whether a call causes the event.
    pub(super) fn is_call(&self) -> bool {
        self.detail_type == CALL
    }

    /// The event, in the form that EventBridge delivers it.
    pub(super) fn event(&self, source: &str, name: &str) -> Value {
        let service = source.trim_end_matches(".amazonaws.com");
        let event_type = match self.detail_type {
            SIGN_IN => "AwsConsoleSignIn",
            CONSOLE_ACTION => "AwsConsoleAction",
            SERVICE_EVENT => "AwsServiceEvent",
            _ => "AwsApiCall",
        };
        json!({
            "version": "0",
            "id": "9f2a1c7e-0d55-4c7c-8a39-000000000001",
            "detail-type": self.detail_type,
            "source": format!("aws.{service}"),
            "account": ACCOUNT,
            "time": "2026-03-02T10:04:12Z",
            "region": self.region,
            "resources": [],
            "detail": {
                "eventVersion": "1.11",
                "userIdentity": {"type": "Root", "principalId": ACCOUNT, "arn": format!("arn:aws:iam::{ACCOUNT}:root"),
                    "accountId": ACCOUNT},
                "eventTime": "2026-03-02T10:04:12Z",
                "eventSource": source,
                "eventName": name,
                "awsRegion": self.region,
                "sourceIPAddress": "203.0.113.5",
                "userAgent": "Mozilla/5.0",
                "requestParameters": null,
                "responseElements": null,
                "eventID": "5b1d7a60-3f0e-4a53-9a0c-000000000001",
                "readOnly": false,
                "eventType": event_type,
                "managementEvent": true,
                "recipientAccountId": ACCOUNT,
                "eventCategory": "Management",
            },
        })
    }
}
