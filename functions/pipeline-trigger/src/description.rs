//! The description of this function: the command line, the tests and the lists in the documents come from it.

use shared::config::{ProblemLevel, RulesRemark};
use shared::foreign_event::ForeignEvent;
use shared::function::{Call, Function, Key, KeyDefault, Setting, Table, ValueType, WithoutRules};
use strum::VariantNames as _;

use crate::because::Because;
use crate::remark::Remark;
use crate::rules::{GROUP_TABLE, PROBLEMS, TABLE, WINDOW_TABLE};
use crate::settings::{GROUP, QUEUE, ROLE, TOPIC};

const REPOSITORY: &str = "arn:{partition}:codecommit:{region}:{account}:*";
const OBJECT: &str = "arn:{partition}:s3:::*/*";
const BUCKET: &str = "arn:{partition}:s3:::*";
const PIPELINE: &str = "arn:{partition}:codepipeline:{region}:{account}:*";
const SCHEDULE: &str = "arn:{partition}:scheduler:{region}:{account}:schedule/*/*";
const ROLES: &str = "arn:{partition}:iam::{account}:role/*";
const TOPICS: &str = "arn:{partition}:sns:{region}:{account}:*";

/// pipeline-trigger.
pub const FUNCTION: Function = Function {
    name: "pipeline-trigger",
    summary: "Starts the CodePipeline pipelines whose files a CodeCommit push changed.",
    tables: &[
        Table {
            name: TABLE,
            summary: "One pipeline and the pushes, images or objects that start it.",
            keys: KEYS,
            is_list: true,
        },
        Table {
            name: GROUP_TABLE,
            summary: "A named set of files that rules and other groups use.",
            keys: GROUP_KEYS,
            is_list: true,
        },
        Table {
            name: WINDOW_TABLE,
            summary: "The times at which the pipelines that use it start.",
            keys: WINDOW_KEYS,
            is_list: true,
        },
    ],
    settings: &[
        Setting { name: TOPIC, takes: "the ARN of an SNS topic", default: Some("no email is sent") },
        Setting { name: GROUP, takes: "the name of a schedule group", default: Some("no start can be held") },
        Setting { name: ROLE, takes: "the ARN of a role", default: Some("no start can be held") },
        Setting {
            name: QUEUE,
            takes: "the ARN of an SQS queue",
            default: Some("EventBridge Scheduler drops an invocation that it cannot make"),
        },
    ],
    calls: &[
        Call::on("codecommit:GetBlobDifferences", REPOSITORY),
        Call::on("codecommit:GetBranch", REPOSITORY),
        Call::on("codecommit:GetCommit", REPOSITORY),
        Call::on("codecommit:GetDifferences", REPOSITORY),
        Call::on("codecommit:GetFile", REPOSITORY),
        Call::on("codecommit:GetMergeOptions", REPOSITORY),
        Call::on("codecommit:GetRepository", REPOSITORY),
        Call::on("codecommit:ListBranches", REPOSITORY),
        Call::on("codepipeline:GetPipeline", PIPELINE),
        Call::on("codepipeline:ListPipelineExecutions", PIPELINE),
        Call::on("codepipeline:StartPipelineExecution", PIPELINE),
        Call::on("s3:GetObjectVersion", OBJECT),
        Call::on("s3:ListBucketVersions", BUCKET),
        Call::on("scheduler:CreateSchedule", SCHEDULE),
        Call::on("scheduler:GetSchedule", SCHEDULE),
        Call::on("scheduler:UpdateSchedule", SCHEDULE),
        Call::on("scheduler:DeleteSchedule", SCHEDULE),
        Call::on("iam:PassRole", ROLES),
        Call::on(notification::PUBLISH, TOPICS),
    ],
    problems: PROBLEMS,
    reasons: &[Because::VARIANTS, ForeignEvent::CODES, RulesRemark::CODES, Remark::VARIANTS],
    without_rules: WithoutRules { level: Some(ProblemLevel::Warning), effect: "no push starts a pipeline" },
    check: crate::check::check,
};

/// A rule has one source.
const SOURCES: KeyDefault = KeyDefault::OneOf(&["repository", "image", "bucket"]);

const KEYS: &[Key] = &[
    Key {
        name: "name",
        takes: ValueType::String,
        default: KeyDefault::Required,
        summary: "The CodePipeline pipeline that the rule starts.",
    },
    Key {
        name: "repository",
        takes: ValueType::String,
        default: SOURCES,
        summary: "The CodeCommit repository whose pushes the rule covers.",
    },
    Key {
        name: "branches",
        takes: ValueType::PATTERNS,
        default: KeyDefault::Absent("every branch; no branch if the rule has `tags`"),
        summary: "The branches whose pushes start the pipeline, as patterns.",
    },
    Key {
        name: "tags",
        takes: ValueType::PATTERNS,
        default: KeyDefault::Absent("no tag"),
        summary: "The tags whose pushes start the pipeline, as patterns.",
    },
    Key {
        name: "paths",
        takes: ValueType::PATTERNS,
        default: KeyDefault::Absent("every file; no file of its own if the rule has `uses` or is a default"),
        summary: "The files that start the pipeline when they change, as patterns.",
    },
    Key {
        name: "uses",
        takes: ValueType::STRINGS,
        default: KeyDefault::Absent("no group"),
        summary: "The groups whose files start the pipeline too.",
    },
    Key {
        name: "default",
        takes: ValueType::Boolean,
        default: KeyDefault::Value("false"),
        summary: "Whether the rule takes the files that no other rule of the repository claims.",
    },
    Key {
        name: "ignore",
        takes: ValueType::OneOrArray(&ValueType::text("gitignore lines")),
        default: KeyDefault::Absent("nothing"),
        summary: "The files that do not start the pipeline, as gitignore lines.",
    },
    Key {
        name: "ignore-file",
        takes: ValueType::String,
        default: KeyDefault::Absent("none"),
        summary: "A file at the repository's root with more gitignore lines, read at the pushed commit.",
    },
    Key {
        name: "ignore-whitespace",
        takes: ValueType::Boolean,
        default: KeyDefault::Value("false"),
        summary: "Whether a file that changes only in whitespace counts as not changed.",
    },
    Key {
        name: "ignore-lines",
        takes: ValueType::Array(&ValueType::text("regular expressions")),
        default: KeyDefault::Absent("every line counts"),
        summary: "A file that changes only in lines that one of these matches counts as not changed.",
    },
    Key {
        name: "new-branch",
        takes: ValueType::OneOf(&["merge-base", "all", "skip"]),
        default: KeyDefault::Value("\"merge-base\""),
        summary: "The commit that a branch's first push is compared with.",
    },
    Key {
        name: "baseline",
        takes: ValueType::OneOf(&["push", "last-started", "last-succeeded"]),
        default: KeyDefault::Value("\"push\""),
        summary: "The commit that a later push is compared with.",
    },
    Key {
        name: "source-action",
        takes: ValueType::String,
        default: KeyDefault::Absent("found with GetPipeline"),
        summary: "The pipeline's source action that gets the commit.",
    },
    Key {
        name: "pin",
        takes: ValueType::OneOf(&["head", "commit"]),
        default: KeyDefault::Value("\"head\""),
        summary: "The commit that is built: the branch's head, or the pushed commit.",
    },
    Key {
        name: "variables",
        takes: ValueType::TABLE_OF_STRINGS,
        default: KeyDefault::Absent("none"),
        summary: "The pipeline variables that the pipeline is started with.",
    },
    Key {
        name: "image",
        takes: ValueType::String,
        default: SOURCES,
        summary: "The ECR repository whose pushed images start the pipeline.",
    },
    Key {
        name: "image-tags",
        takes: ValueType::PATTERNS,
        default: KeyDefault::Absent("every tag"),
        summary: "The tags of pushed images that start the pipeline, as patterns.",
    },
    Key {
        name: "bucket",
        takes: ValueType::String,
        default: SOURCES,
        summary: "The S3 bucket whose created objects start the pipeline.",
    },
    Key {
        name: "key",
        takes: ValueType::OneOrArray(&ValueType::text("patterns")),
        default: KeyDefault::Absent("required with `bucket`"),
        summary: "The keys of the objects that start the pipeline, as patterns.",
    },
    Key {
        name: "archive",
        takes: ValueType::Boolean,
        default: KeyDefault::Value("false"),
        summary: "Compares the files in the zip archive with those of the object's earlier version.",
    },
    Key {
        name: "window",
        takes: ValueType::String,
        default: KeyDefault::Absent("the pipeline starts at any time"),
        summary: "The name of the `[[window]]` in which the pipeline starts.",
    },
];

const WINDOW_KEYS: &[Key] = &[
    Key {
        name: "name",
        takes: ValueType::String,
        default: KeyDefault::Required,
        summary: "The name that rules use.",
    },
    Key {
        name: "time-zone",
        takes: ValueType::String,
        default: KeyDefault::Required,
        summary: "The time zone of all its dates and times, as the IANA database names it.",
    },
    Key {
        name: "days",
        takes: ValueType::Array(&ValueType::OneOf(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"])),
        default: KeyDefault::Absent("every day"),
        summary: "The days on which its hours begin.",
    },
    Key {
        name: "hours",
        takes: ValueType::OneOrArray(&ValueType::String),
        default: KeyDefault::Absent("the whole day"),
        summary: "The hours in which it is open; hours over midnight belong to the day on which they begin.",
    },
    Key {
        name: "holidays",
        takes: ValueType::STRINGS,
        default: KeyDefault::Absent("none"),
        summary: "Dates on which it is closed.",
    },
    Key {
        name: "holidays-file",
        takes: ValueType::String,
        default: KeyDefault::Absent("none"),
        summary: "An iCalendar file beside the rules, whose events close it.",
    },
    Key {
        name: "freezes",
        takes: ValueType::Tables(&crate::rules::FREEZE),
        default: KeyDefault::Absent("none"),
        summary: "Periods in which it is closed, each with `from`, `until` and `reason`.",
    },
    Key {
        name: "except-branches",
        takes: ValueType::STRINGS,
        default: KeyDefault::Absent("none"),
        summary: "The branches whose pushes start at any time, as patterns.",
    },
    Key {
        name: "except-tags",
        takes: ValueType::STRINGS,
        default: KeyDefault::Absent("none"),
        summary: "The tags whose pushes start at any time, as patterns.",
    },
    Key {
        name: "except-authors",
        takes: ValueType::STRINGS,
        default: KeyDefault::Absent("none"),
        summary: "Email addresses: a pushed commit of one of these authors starts at any time.",
    },
    Key {
        name: "except-marker",
        takes: ValueType::String,
        default: KeyDefault::Absent("none"),
        summary: "A text: a pushed commit with it in its message starts at any time.",
    },
];

const GROUP_KEYS: &[Key] = &[
    Key {
        name: "name",
        takes: ValueType::String,
        default: KeyDefault::Required,
        summary: "The name by which rules and other groups use the group.",
    },
    Key {
        name: "paths",
        takes: ValueType::PATTERNS,
        default: KeyDefault::Absent("no files of its own"),
        summary: "The files of the group, as patterns.",
    },
    Key {
        name: "uses",
        takes: ValueType::STRINGS,
        default: KeyDefault::Absent("no group"),
        summary: "The groups that this group uses: a change of their files is a change of this group.",
    },
];
