//! The description of this function: its tables and keys, settings, calls, problem codes and reason codes.

use shared::config::RulesRemark;
use shared::foreign_event::ForeignEvent;
use shared::function::{Call, Function, Key, KeyDefault, Resource, Setting, Table, ValueType, WithoutRules};
use strum::VariantNames as _;

use crate::because::Because;
use crate::exposure::Exposure;
use crate::finding::FindingKind;
use crate::remark::Remark;
use crate::rules::{ACCOUNT_TABLE, API_TABLE, CODES, IMAGE_TABLE, ORGANIZATION_TABLE};
use crate::scan::because::ScanBecause;
use crate::security_hub::remark::HubRemark;
use crate::settings::{ACCOUNTS, ANCESTRY, LIMIT, REGIONS, SECURITY_HUB, TABLE, TOPIC, USAGE_REPORTS};
use crate::usage::reason::UsageReason;

/// The table of reports.
const REPORTS: &str = "arn:{partition}:dynamodb:{region}:{account}:table/*";

/// An image, which has no account in its ARN.
const IMAGE: &str = "arn:{partition}:ec2:{region}::image/*";

/// A snapshot, which has no account in its ARN.
const SNAPSHOT: &str = "arn:{partition}:ec2:{region}::snapshot/*";

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
        Table {
            name: ORGANIZATION_TABLE,
            summary: "Lists the accounts of an organization, where the function cannot ask AWS Organizations.",
            keys: ORGANIZATION_KEYS,
            is_list: true,
        },
        Table {
            name: ACCOUNT_TABLE,
            summary: "Names the role with which the function reads, and reverts, in another account.",
            keys: ACCOUNT_KEYS,
            is_list: true,
        },
    ],
    settings: SETTINGS,
    calls: CALLS,
    problems: CODES,
    reasons: &[
        Because::VARIANTS,
        ScanBecause::VARIANTS,
        ForeignEvent::CODES,
        RulesRemark::CODES,
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
        ValueType::STRINGS,
        KeyDefault::Absent("the rule covers images of every id"),
        "The ids of the images (`ami-`) and snapshots (`snap-`) that the rule covers.",
    ),
    key(
        "tags",
        ValueType::TABLE_OF_STRINGS,
        KeyDefault::Absent("the rule covers images with any tags"),
        "Tags that an image must have, all of them, with these values.",
    ),
    key(
        "public",
        ValueType::Boolean,
        KeyDefault::Value("false"),
        "Whether these images may be shared with everyone.",
    ),
    key(
        "trusted-accounts",
        ValueType::STRINGS,
        KeyDefault::Absent("no other account is trusted"),
        "The ids of the accounts that these images may be shared with.",
    ),
    key(
        "trusted-organizations",
        ValueType::STRINGS,
        KeyDefault::Absent("no organization is trusted"),
        "The ids or ARNs of the organizations that these images may be shared with, with all their units.",
    ),
    key(
        "trusted-organizational-units",
        ValueType::STRINGS,
        KeyDefault::Absent("no organizational unit is trusted"),
        "The ids or ARNs of the organizational units that these images may be shared with.",
    ),
    key(
        "trusted-actors",
        ValueType::STRINGS,
        KeyDefault::Absent("no actor is trusted"),
        "The roles and services that may share these images with any grantee but everyone.",
    ),
    key(
        "mute-below",
        SEVERITIES,
        KeyDefault::Value("\"info\""),
        "The lowest severity that is emailed. A lower one is only logged.",
    ),
    key(
        "remind",
        ValueType::OneOf(&["daily", "weekly", "never"]),
        KeyDefault::Absent("a public image daily for 7 days and then weekly, another exposed one weekly"),
        "How often the daily scan emails a finding again while it is open.",
    ),
    key(
        "revert",
        ValueType::OneOf(&["public", "untrusted"]),
        KeyDefault::Absent("nothing is reverted"),
        "The shares that the function reverts: with everyone, or with every untrusted grantee.",
    ),
];

const ORGANIZATION_KEYS: &[Key] = &[
    key("id", ValueType::String, KeyDefault::Required, "The id or ARN of the organization."),
    key("accounts", ValueType::STRINGS, KeyDefault::Required, "The ids of all its accounts."),
];

const ACCOUNT_KEYS: &[Key] = &[
    key("id", ValueType::String, KeyDefault::Required, "The id of the account."),
    key(
        "role",
        ValueType::String,
        KeyDefault::Required,
        "The ARN of a role of that account, which trusts the function's role.",
    ),
];

const API_KEYS: &[Key] = &[
    key(
        "service",
        ValueType::String,
        KeyDefault::Required,
        "The service, as CloudTrail's `eventSource` names it, with or without `.amazonaws.com`.",
    ),
    key(
        "events",
        ValueType::STRINGS,
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
        ValueType::STRINGS,
        KeyDefault::Absent("no further members are shown"),
        "Members of the record that the email shows above the event, as in `requestParameters.userName`.",
    ),
];

const SEVERITIES: ValueType = ValueType::OneOf(&["info", "low", "medium", "high", "critical"]);

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
    Call::on("ec2:DescribeSnapshotAttribute", SNAPSHOT),
    Call::on_everything("ec2:DescribeSnapshots"),
    // Allowed only if the template's parameter ImageAncestry says so.
    Call::on("ec2:GetImageAncestry", IMAGE),
    Call::on_everything("ec2:GetImageBlockPublicAccessState"),
    Call::on_everything("ec2:GetSnapshotBlockPublicAccessState"),
    // Both are allowed only if the template's parameter RevertShares says so.
    Call::on("ec2:ModifyImageAttribute", IMAGE),
    Call::on("ec2:ModifySnapshotAttribute", SNAPSHOT),
    Call::on_everything("iam:ListAccountAliases"),
    Call::on_everything("organizations:DescribeAccount"),
    // Allowed only if the template's parameter SecurityHubFindings says so.
    Call::on(
        "securityhub:BatchImportFindings",
        "arn:{partition}:securityhub:{region}:{account}:product/{account}/default",
    ),
    Call::on("sns:Publish", "arn:{partition}:sns:{region}:{account}:*"),
    // Allowed only for the roles of the template's parameter AlertAccountRoles.
    Call::on("sts:AssumeRole", "arn:{partition}:iam::*:role/*"),
    Call { action: "sts:GetCallerIdentity", on: Resource::NoPermission },
];

const fn key(name: &'static str, takes: ValueType, default: KeyDefault, summary: &'static str) -> Key {
    Key { name, takes, default, summary }
}
