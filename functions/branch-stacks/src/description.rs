//! The description of this function: its tables and keys, settings, calls, problem codes and reason codes.

use shared::config::ProblemLevel;
use shared::function::{Call, Function, Key, KeyDefault, Resource, Setting, Table, WithoutRules};
use strum::VariantNames as _;

use crate::because::{Because, Unwanted};
use crate::remark::Remark;
use crate::rules::{CODES, TABLE, TEMPLATES};
use crate::settings::{PREFIX, TOPIC};

/// A CodeCommit repository.
pub const REPOSITORY: Resource = Resource::Arn("arn:{partition}:codecommit:{region}:{account}:*");
/// A stack; the policy names only those whose name begins with the prefix.
pub const STACK: Resource = Resource::Arn("arn:{partition}:cloudformation:{region}:{account}:stack/*");
/// The service role that CloudFormation assumes.
pub const ROLE: Resource = Resource::Arn("arn:{partition}:iam::{account}:role/*");
/// The topic for emails.
pub const EMAIL_TOPIC: Resource = Resource::Arn("arn:{partition}:sns:{region}:{account}:*");

/// The function.
pub const FUNCTION: Function = Function {
    name: "branch-stacks",
    summary: "Creates a CloudFormation stack for each branch, keeps it up to date, and deletes it with the branch.",
    tables: &[Table {
        name: TABLE,
        summary: "Names branches and the template, parameters, tags and role of their stacks.",
        keys: KEYS,
    }],
    settings: SETTINGS,
    calls: CALLS,
    problems: CODES,
    reasons: &[Because::VARIANTS, Unwanted::VARIANTS, Remark::VARIANTS],
    without_rules: WithoutRules { level: Some(ProblemLevel::Warning), effect: "no branch has a stack" },
    check: crate::check::check,
};

const KEYS: &[Key] = &[
    key("repositories", "array of strings, patterns", KeyDefault::Required, "The repositories of the rule."),
    key("branches", "array of strings, patterns", KeyDefault::Required, "The branches that have a stack."),
    key(
        "template",
        "string",
        KeyDefault::Required,
        "The template of the stack: a file in the folder of the rules file, or the https:// URL of an object in S3.",
    ),
    key(
        "parameters",
        "table of strings, placeholders",
        KeyDefault::Absent("no parameters are given"),
        "The template's parameters.",
    ),
    key(
        "tags",
        "table of strings, placeholders",
        KeyDefault::Absent("only the function's own tags are set"),
        "Tags of the stack, beside the function's own.",
    ),
    key(
        "role",
        "string",
        KeyDefault::Absent("CloudFormation uses the function's own permissions"),
        "The ARN of the service role that CloudFormation assumes.",
    ),
    key(
        "capabilities",
        "array of strings",
        KeyDefault::Absent("no capabilities are given"),
        "The capabilities that the template needs: CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND.",
    ),
    key(
        "protected",
        "array of strings, patterns",
        KeyDefault::Absent("no branch is protected"),
        "Branches whose stack is never deleted and has termination protection.",
    ),
    key(
        "pinned",
        "array of strings, patterns",
        KeyDefault::Absent("no branch is pinned"),
        "Branches that are never idle.",
    ),
    key(
        "ttl",
        "string, a duration",
        KeyDefault::Absent("no branch is ever idle"),
        "The time without activity after which a branch is idle and its stack is deleted.",
    ),
    key(
        "max-stacks",
        "integer of at least 1",
        KeyDefault::Absent("the number of stacks is not limited"),
        "The most stacks that the rule may have.",
    ),
];

const fn key(name: &'static str, takes: &'static str, default: KeyDefault, summary: &'static str) -> Key {
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
    Setting {
        name: TEMPLATES,
        takes: "a further folder of templates, beside the folder of the rules file",
        default: Some(""),
    },
];

const CALLS: &[Call] = &[
    Call { action: "codecommit:GetBranch", on: REPOSITORY },
    Call { action: "codecommit:GetCommit", on: REPOSITORY },
    Call { action: "codecommit:ListBranches", on: REPOSITORY },
    Call::on_everything("codecommit:ListRepositories"),
    Call { action: "cloudformation:CreateStack", on: STACK },
    Call { action: "cloudformation:DeleteStack", on: STACK },
    Call { action: "cloudformation:DescribeStackEvents", on: STACK },
    // Without a name it describes all stacks, and then takes no resource but `*`.
    Call::on_everything("cloudformation:DescribeStacks"),
    Call { action: "cloudformation:UpdateStack", on: STACK },
    Call { action: "cloudformation:UpdateTerminationProtection", on: STACK },
    // Not a call of the function: CloudFormation requires it where a rule names a role.
    Call { action: "iam:PassRole", on: ROLE },
    Call { action: notification::PUBLISH, on: EMAIL_TOPIC },
];
