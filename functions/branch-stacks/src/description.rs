//! The description of this function: its tables and keys, settings, calls, problem codes and reason codes.

use shared::config::{ProblemLevel, RulesRemark};
use shared::foreign_event::ForeignEvent;
use shared::function::{Call, Function, Key, KeyDefault, Resource, Setting, Table, ValueType, WithoutRules};
use strum::VariantNames as _;

use crate::because::{Because, Unwanted};
use crate::remark::Remark;
use crate::rules::{CAPABILITIES, CODES, NOTIFY, SETTINGS_TABLE, TABLE, TEMPLATES};
use crate::settings::{PREFIX, TABLE as REPORTS, TOPIC};

/// A CodeCommit repository.
pub const REPOSITORY: Resource = Resource::Arn("arn:{partition}:codecommit:{region}:{account}:*");
/// A stack; the policy names only those whose name begins with the prefix.
pub const STACK: Resource = Resource::Arn("arn:{partition}:cloudformation:{region}:{account}:stack/*");
/// The service role that CloudFormation assumes.
pub const ROLE: Resource = Resource::Arn("arn:{partition}:iam::{account}:role/*");
/// The table of reports.
const REPORT_TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/*";
/// The event bus for own events.
pub const EVENT_BUS: Resource = Resource::Arn("arn:{partition}:events:{region}:{account}:event-bus/default");
/// The topic for emails.
pub const EMAIL_TOPIC: Resource = Resource::Arn("arn:{partition}:sns:{region}:{account}:*");

/// The function.
pub const FUNCTION: Function = Function {
    name: "branch-stacks",
    summary: "Creates a CloudFormation stack for each branch, keeps it up to date, and deletes it with the branch.",
    tables: &[
        Table {
            name: TABLE,
            summary: "Names branches and the template, parameters, tags and role of their stacks.",
            keys: KEYS,
            is_list: true,
        },
        Table {
            name: SETTINGS_TABLE,
            summary: "Limits what changes of the rules may delete.",
            keys: SETTINGS_KEYS,
            is_list: false,
        },
    ],
    settings: SETTINGS,
    calls: CALLS,
    problems: CODES,
    reasons: &[
        Because::VARIANTS,
        ForeignEvent::CODES,
        RulesRemark::CODES,
        Unwanted::VARIANTS,
        Remark::VARIANTS,
    ],
    without_rules: WithoutRules { level: Some(ProblemLevel::Warning), effect: "no branch has a stack" },
    check: crate::check::check,
};

/// The values of `parameters` and `tags`.
const PLACEHOLDERS: ValueType = ValueType::TableOf(&ValueType::text("placeholders"));

const KEYS: &[Key] = &[
    key("repositories", ValueType::PATTERNS, KeyDefault::Required, "The repositories of the rule."),
    key("branches", ValueType::PATTERNS, KeyDefault::Required, "The branches that have a stack."),
    key(
        "template",
        ValueType::String,
        KeyDefault::Required,
        "The template of the stack: a file in the folder of the rules file, or the https:// URL of an object in S3.",
    ),
    key(
        "parameters",
        PLACEHOLDERS,
        KeyDefault::Absent("no parameters are given"),
        "The template's parameters.",
    ),
    key(
        "tags",
        PLACEHOLDERS,
        KeyDefault::Absent("only the function's own tags are set"),
        "Tags of the stack, beside the function's own.",
    ),
    key(
        "role",
        ValueType::String,
        KeyDefault::Absent("CloudFormation uses the function's own permissions"),
        "The ARN of the service role that CloudFormation assumes.",
    ),
    key(
        "capabilities",
        ValueType::Array(&ValueType::OneOf(&CAPABILITIES)),
        KeyDefault::Absent("no capabilities are given"),
        "The capabilities that the template needs: CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND.",
    ),
    key(
        "protected",
        ValueType::PATTERNS,
        KeyDefault::Absent("no branch is protected"),
        "Branches whose stack is never deleted and has termination protection.",
    ),
    key(
        "pinned",
        ValueType::PATTERNS,
        KeyDefault::Absent("no branch is pinned"),
        "Branches that are never idle.",
    ),
    key(
        "ttl",
        ValueType::text("a duration of 1 hour to 10 years"),
        KeyDefault::Absent("no branch is ever idle"),
        "The time without activity after which a branch is idle and its stack is deleted.",
    ),
    key(
        "max-stacks",
        ValueType::Number { least: 1 },
        KeyDefault::Absent("the number of stacks is not limited"),
        "The most stacks that the rule may have.",
    ),
    key(
        "deployment",
        ValueType::OneOf(&["standard", "express"]),
        KeyDefault::Absent("CloudFormation waits until resources are ready"),
        "How CloudFormation carries out operations on the stacks.",
    ),
    key(
        "notify",
        ValueType::Array(&ValueType::OneOf(&NOTIFY)),
        KeyDefault::Absent("only failures and missing stacks are reported"),
        "What reports a ready stack: ready (an email), event (an event on the event bus), pull-request (a comment).",
    ),
];

const SETTINGS_KEYS: &[Key] = &[key(
    "most-deletions",
    ValueType::Number { least: 0 },
    KeyDefault::Absent("3 stacks, and at most a tenth of all stacks; one is always possible"),
    "The most stacks of existing branches that are deleted within a day because of the rules.",
)];

const fn key(name: &'static str, takes: ValueType, default: KeyDefault, summary: &'static str) -> Key {
    Key { name, takes, default, summary }
}

const SETTINGS: &[Setting] = &[
    Setting {
        name: PREFIX,
        takes: "1 to 30 letters, digits and hyphens, a letter first and no hyphen last",
        default: None,
    },
    Setting {
        name: TOPIC,
        takes: "the ARN of an SNS topic; without one, no email is sent",
        default: Some(""),
    },
    Setting { name: REPORTS, takes: "the name of the DynamoDB table of reports", default: None },
    Setting {
        name: TEMPLATES,
        takes: "a further folder of templates, beside the folder of the rules file",
        default: Some(""),
    },
];

const CALLS: &[Call] = &[
    Call { action: "codecommit:GetBranch", on: REPOSITORY },
    Call { action: "codecommit:GetCommentsForPullRequest", on: REPOSITORY },
    Call { action: "codecommit:GetCommit", on: REPOSITORY },
    Call { action: "codecommit:GetPullRequest", on: REPOSITORY },
    Call { action: "codecommit:ListBranches", on: REPOSITORY },
    Call { action: "codecommit:ListPullRequests", on: REPOSITORY },
    Call { action: "codecommit:PostCommentForPullRequest", on: REPOSITORY },
    Call { action: "codecommit:UpdateComment", on: REPOSITORY },
    Call::on_everything("codecommit:ListRepositories"),
    Call { action: "cloudformation:CreateStack", on: STACK },
    Call { action: "cloudformation:DeleteStack", on: STACK },
    Call { action: "cloudformation:DescribeEvents", on: STACK },
    Call { action: "cloudformation:DescribeStackEvents", on: STACK },
    // Without a name it describes all stacks, and then takes no resource but `*`.
    Call::on_everything("cloudformation:DescribeStacks"),
    Call { action: "cloudformation:UpdateStack", on: STACK },
    Call { action: "cloudformation:UpdateTerminationProtection", on: STACK },
    Call::on("dynamodb:DeleteItem", REPORT_TABLE),
    Call::on("dynamodb:Query", REPORT_TABLE),
    Call::on("dynamodb:UpdateItem", REPORT_TABLE),
    Call { action: "events:PutEvents", on: EVENT_BUS },
    // Not a call of the function: CloudFormation requires it where a rule names a role.
    Call { action: "iam:PassRole", on: ROLE },
    Call { action: notification::PUBLISH, on: EMAIL_TOPIC },
];
