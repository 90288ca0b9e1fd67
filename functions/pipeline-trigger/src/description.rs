//! The description of this function: the command line, the tests and the lists in the documents come from it.

use shared::config::ProblemLevel;
use shared::foreign_event::ForeignEvent;
use shared::function::{Call, Function, Key, KeyDefault, Table, WithoutRules};
use strum::VariantNames as _;

use crate::because::Because;
use crate::remark::Remark;
use crate::rules::{GROUP_TABLE, PROBLEMS, TABLE};

const REPOSITORY: &str = "arn:{partition}:codecommit:{region}:{account}:*";
const PIPELINE: &str = "arn:{partition}:codepipeline:{region}:{account}:*";

/// pipeline-trigger.
pub const FUNCTION: Function = Function {
    name: "pipeline-trigger",
    summary: "Starts the CodePipeline pipelines whose files a CodeCommit push changed.",
    tables: &[
        Table {
            name: TABLE,
            summary: "One pipeline and the pushes that start it.",
            keys: KEYS,
            is_list: true,
        },
        Table {
            name: GROUP_TABLE,
            summary: "A named set of files that rules and other groups use.",
            keys: GROUP_KEYS,
            is_list: true,
        },
    ],
    settings: &[],
    calls: &[
        Call::on("codecommit:GetBranch", REPOSITORY),
        Call::on("codecommit:GetDifferences", REPOSITORY),
        Call::on("codecommit:GetFile", REPOSITORY),
        Call::on("codecommit:GetMergeOptions", REPOSITORY),
        Call::on("codecommit:GetRepository", REPOSITORY),
        Call::on("codepipeline:GetPipeline", PIPELINE),
        Call::on("codepipeline:ListPipelineExecutions", PIPELINE),
        Call::on("codepipeline:StartPipelineExecution", PIPELINE),
    ],
    problems: PROBLEMS,
    reasons: &[Because::VARIANTS, ForeignEvent::CODES, Remark::VARIANTS],
    without_rules: WithoutRules { level: Some(ProblemLevel::Warning), effect: "no push starts a pipeline" },
    check: crate::check::check,
};

const KEYS: &[Key] = &[
    Key {
        name: "name",
        takes: "string",
        default: KeyDefault::Required,
        summary: "The CodePipeline pipeline that the rule starts.",
    },
    Key {
        name: "repository",
        takes: "string",
        default: KeyDefault::Required,
        summary: "The CodeCommit repository whose pushes the rule covers.",
    },
    Key {
        name: "branches",
        takes: "array of strings",
        default: KeyDefault::Absent("every branch; no branch if the rule has `tags`"),
        summary: "The branches whose pushes start the pipeline, as patterns.",
    },
    Key {
        name: "tags",
        takes: "array of strings",
        default: KeyDefault::Absent("no tag"),
        summary: "The tags whose pushes start the pipeline, as patterns.",
    },
    Key {
        name: "paths",
        takes: "array of strings",
        default: KeyDefault::Absent("every file; no file of its own if the rule has `uses` or is a default"),
        summary: "The files that start the pipeline when they change, as patterns.",
    },
    Key {
        name: "uses",
        takes: "array of strings",
        default: KeyDefault::Absent("no group"),
        summary: "The groups whose files start the pipeline too.",
    },
    Key {
        name: "default",
        takes: "boolean",
        default: KeyDefault::Value("false"),
        summary: "Whether the rule takes the files that no other rule of the repository claims.",
    },
    Key {
        name: "ignore",
        takes: "array of strings",
        default: KeyDefault::Absent("nothing"),
        summary: "The files that do not start the pipeline, as gitignore lines.",
    },
    Key {
        name: "ignore-file",
        takes: "string",
        default: KeyDefault::Absent("none"),
        summary: "A file at the repository's root with more gitignore lines, read at the pushed commit.",
    },
    Key {
        name: "new-branch",
        takes: "`\"merge-base\"`, `\"all\"`, `\"skip\"`",
        default: KeyDefault::Value("\"merge-base\""),
        summary: "The commit that a branch's first push is compared with.",
    },
    Key {
        name: "baseline",
        takes: "`\"push\"`, `\"last-started\"`, `\"last-succeeded\"`",
        default: KeyDefault::Value("\"push\""),
        summary: "The commit that a later push is compared with.",
    },
    Key {
        name: "source-action",
        takes: "string",
        default: KeyDefault::Absent("found with GetPipeline"),
        summary: "The pipeline's source action that gets the commit.",
    },
    Key {
        name: "pin",
        takes: "`\"head\"`, `\"commit\"`",
        default: KeyDefault::Value("\"head\""),
        summary: "The commit that is built: the branch's head, or the pushed commit.",
    },
    Key {
        name: "variables",
        takes: "table of strings",
        default: KeyDefault::Absent("none"),
        summary: "The pipeline variables that the pipeline is started with.",
    },
];

const GROUP_KEYS: &[Key] = &[
    Key {
        name: "name",
        takes: "string",
        default: KeyDefault::Required,
        summary: "The name by which rules and other groups use the group.",
    },
    Key {
        name: "paths",
        takes: "array of strings",
        default: KeyDefault::Absent("no files of its own"),
        summary: "The files of the group, as patterns.",
    },
    Key {
        name: "uses",
        takes: "array of strings",
        default: KeyDefault::Absent("no group"),
        summary: "The groups that this group uses: a change of their files is a change of this group.",
    },
];
