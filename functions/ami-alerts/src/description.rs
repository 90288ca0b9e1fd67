//! The description of this function: its tables and keys, settings, calls, problem codes and reason codes.

use shared::foreign_event::ForeignEvent;
use shared::function::{Call, Function, Key, KeyDefault, Resource, Setting, Table, WithoutRules};
use strum::VariantNames as _;

use crate::because::Because;
use crate::exposure::Exposure;
use crate::finding::FindingKind;
use crate::remark::Remark;
use crate::rules::{API_TABLE, CODES, IMAGE_TABLE};
use crate::security_hub::remark::HubRemark;
use crate::settings::{ACCOUNTS, ANCESTRY, LIMIT, REGIONS, SECURITY_HUB, TABLE, TOPIC, USAGE_REPORTS};
use crate::usage::reason::UsageReason;

/// The table of reports.
const REPORTS: &str = "arn:{partition}:dynamodb:{region}:{account}:table/*";

/// An image, which has no account in its ARN.
const IMAGE: &str = "arn:{partition}:ec2:{region}::image/*";

/// The function.
pub const FUNCTION: Function = Function {
    name: "ami-alerts",
    summary: "Emails you when an AMI or a snapshot is shared or made public, and reverts the share if a rule asks for it.",
    tables: &[
        Table {
            name: IMAGE_TABLE,
            summary: "Names trusted grantees of images, the severities that are muted, and the shares that are reverted.",
            keys: IMAGE_KEYS,
            is_list: true,
        },
        Table {
            name: API_TABLE,
            summary: "Names other API calls that are reported.",
            keys: API_KEYS,
            is_list: true,
        },
    ],
    settings: SETTINGS,
    calls: CALLS,
    problems: CODES,
    reasons: &[
        Because::VARIANTS,
        ForeignEvent::CODES,
        Exposure::VARIANTS,
        FindingKind::CODES,
        Remark::VARIANTS,
        UsageReason::VARIANTS,
        HubRemark::VARIANTS,
    ],
    without_rules: WithoutRules {
        level: None,
        effect: "every account is untrusted, and every share is emailed",
    },
    check: crate::check::check,
};

const IMAGE_KEYS: &[Key] = &[
    key(
        "images",
        "array of strings",
        KeyDefault::Absent("the rule covers images of every id"),
        "The ids of the images (`ami-`) and snapshots (`snap-`) that the rule covers.",
    ),
    key(
        "tags",
        "table of strings",
        KeyDefault::Absent("the rule covers images with any tags"),
        "Tags that an image must have, all of them, with these values.",
    ),
    key("public", "boolean", KeyDefault::Value("false"), "Whether these images may be shared with everyone."),
    key(
        "trusted-accounts",
        "array of strings",
        KeyDefault::Absent("no other account is trusted"),
        "The ids of the accounts that these images may be shared with.",
    ),
    key(
        "trusted-organizations",
        "array of strings",
        KeyDefault::Absent("no organization is trusted"),
        "The ids or ARNs of the organizations that these images may be shared with, with all their units.",
    ),
    key(
        "trusted-organizational-units",
        "array of strings",
        KeyDefault::Absent("no organizational unit is trusted"),
        "The ids or ARNs of the organizational units that these images may be shared with.",
    ),
    key(
        "mute-below",
        SEVERITIES,
        KeyDefault::Value("\"info\""),
        "The lowest severity that is emailed. A lower one is only logged.",
    ),
    key(
        "revert",
        "`public` or `untrusted`",
        KeyDefault::Absent("nothing is reverted"),
        "The shares that the function reverts: with everyone, or with every untrusted grantee.",
    ),
];

const API_KEYS: &[Key] = &[
    key(
        "service",
        "string",
        KeyDefault::Required,
        "The service, as CloudTrail's `eventSource` names it, with or without `.amazonaws.com`.",
    ),
    key(
        "events",
        "array of strings",
        KeyDefault::Required,
        "The calls, as CloudTrail's `eventName` names them.",
    ),
    key(
        "severity",
        SEVERITIES,
        KeyDefault::Value("\"medium\""),
        "The severity of a call that succeeds. One that does not succeed has a lower severity.",
    ),
    key(
        "show",
        "array of strings",
        KeyDefault::Absent("no further members are shown"),
        "Members of the record that the email shows above the event, as in `requestParameters.userName`.",
    ),
];

const SEVERITIES: &str = "`info`, `low`, `medium`, `high` or `critical`";

const SETTINGS: &[Setting] = &[
    Setting { name: TOPIC, takes: "the ARN of the SNS topic for emails", default: None },
    Setting {
        name: TABLE,
        takes: "the name of the DynamoDB table of reports; without one, a repeated event is emailed again",
        default: Some(""),
    },
    Setting {
        name: LIMIT,
        takes: "the most bytes of a message with its attributes: the topic's `MaximumMessageSize`",
        default: Some("262144"),
    },
    Setting {
        name: REGIONS,
        takes: "further regions whose events are accepted and that the daily scan reads, separated by commas",
        default: Some(""),
    },
    Setting {
        name: ACCOUNTS,
        takes: "further accounts whose events are accepted, separated by commas",
        default: Some(""),
    },
    Setting {
        name: USAGE_REPORTS,
        takes: "`enabled` or `disabled`: usage reports of shared images",
        default: Some("disabled"),
    },
    Setting {
        name: ANCESTRY,
        takes: "`enabled` or `disabled`: the images that a shared image was made from",
        default: Some("disabled"),
    },
    Setting {
        name: SECURITY_HUB,
        takes: "`enabled` or `disabled`: findings in Security Hub",
        default: Some("disabled"),
    },
];

const CALLS: &[Call] = &[
    Call::on("dynamodb:DeleteItem", REPORTS),
    Call::on("dynamodb:GetItem", REPORTS),
    Call::on("dynamodb:PutItem", REPORTS),
    Call::on("dynamodb:Query", REPORTS),
    Call::on("dynamodb:UpdateItem", REPORTS),
    // Allowed only if the template's parameter ImageUsageReports says so.
    Call::on("ec2:CreateImageUsageReport", IMAGE),
    Call::on("ec2:DescribeImageAttribute", IMAGE),
    // Allowed only if the template's parameter ImageUsageReports says so.
    Call::on_everything("ec2:DescribeImageUsageReportEntries"),
    Call::on_everything("ec2:DescribeImageUsageReports"),
    Call::on_everything("ec2:DescribeImages"),
    Call::on("ec2:DescribeSnapshotAttribute", "arn:{partition}:ec2:{region}::snapshot/*"),
    // Allowed only if the template's parameter ImageAncestry says so.
    Call::on("ec2:GetImageAncestry", IMAGE),
    Call::on_everything("ec2:GetImageBlockPublicAccessState"),
    // Allowed only if the template's parameter RevertShares says so.
    Call::on("ec2:ModifyImageAttribute", IMAGE),
    Call::on_everything("iam:ListAccountAliases"),
    // Allowed only if the template's parameter SecurityHubFindings says so.
    Call::on(
        "securityhub:BatchImportFindings",
        "arn:{partition}:securityhub:{region}:{account}:product/{account}/default",
    ),
    Call::on("sns:Publish", "arn:{partition}:sns:{region}:{account}:*"),
    Call { action: "sts:GetCallerIdentity", on: Resource::NoPermission },
];

const fn key(name: &'static str, takes: &'static str, default: KeyDefault, summary: &'static str) -> Key {
    Key { name, takes, default, summary }
}
