//! The command line: its commands, options and help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXIT_CODES: &str = "Exit codes: 0 success, or warnings only; 1 the rules have errors, an invocation failed, or \
no function's rule matches the event; 2 the command line is wrong; 3 the command could not run.";

const REPLAY_EXAMPLES: &str = "\
Examples:
  pointsman replay events/pipeline-trigger/monorepo-two-pipelines
  pointsman replay push.json --repo storefront=~/src/storefront
  pointsman replay push.json --config rules.toml --dry-run --json";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  pointsman explain HEAD~1..HEAD            (in a clone, for its current branch)
  pointsman explain ..HEAD                  (the first push of the branch)
  pointsman explain WORKTREE                (what is not committed yet)
  pointsman explain --path services/web/app.ts
  pointsman explain --all --branch main v1.0..v1.1
  pointsman explain --repo ../storefront --repository storefront --branch main HEAD~1..HEAD --json";

const INCIDENT_EXAMPLES: &str = "\
Examples:
  pointsman incident shop-20260302T100000Z-2752a79b --table pointsman-recovery-DrFailoverTable-1ABC
  aws dynamodb get-item ... > item.json; pointsman incident item.json

An ID is read from the table with the credentials and the region of the environment (AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION); `aws configure export-credentials --format env` prints them.";

const REPORT_EXAMPLES: &str = "\
Examples:
  pointsman report item.json
  pointsman report shop-20260302T100000Z-2752a79b --table NAME --html > drill.html

An ID is read from the table, as by `pointsman incident`. The HTML page needs no other file, and prints on a page or two.";

const STACKS_EXAMPLES: &str = "\
Examples:
  pointsman stacks
  pointsman stacks --config new-rules.toml
  pointsman stacks --world events/branch-stacks/reconcile-repairs-lost-events

An account is read with the credentials and the region of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION); `aws configure export-credentials --format env` prints them.";

const FINDINGS_EXAMPLES: &str = "\
Examples:
  pointsman findings --table NAME --account 111122223333
  pointsman findings --table NAME --account 111122223333 --region eu-west-1 --all
  pointsman findings events/ami-alerts/reconcile-finds-a-public-snapshot

A table is read with the credentials and the region of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION); `aws configure export-credentials --format env` prints them. A case is replayed first.";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  pointsman doctor
  pointsman doctor --config new-rules.toml --json
  pointsman doctor --world events/pipeline-trigger/pipeline-still-polls

An account is read with the credentials and the region of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION); `aws configure export-credentials --format env` prints them.";

const PREFLIGHT_EXAMPLES: &str = "\
Examples:
  pointsman preflight events/dr-failover/preflight-finds-what-would-block
  pointsman preflight world.toml --config config/pointsman.toml

In an account, the deployed function runs it once a day, and at any time with this command (docs/dr-failover.md):
  aws lambda invoke --function-name NAME --cli-binary-format raw-in-base64-out \\
    --payload '{\"source\":\"pointsman\",\"detail-type\":\"preflight\"}' /dev/stdout";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  pointsman schema > config/pointsman.schema.json
  taplo lint --schema file://$PWD/config/pointsman.schema.json rules.toml

A rules file names its schema in a comment in its first line: #:schema ./pointsman.schema.json";

const CHECK_EXAMPLES: &str = "\
Examples:
  pointsman check
  pointsman check rules.toml --template template.yaml --environment dry-run
  pointsman check --strict
  pointsman check --graph --repo ../storefront

An error stops its function and a deployment. A warning stops nothing, unless with --strict.";

const INIT_EXAMPLES: &str = "\
Examples:
  pointsman init --repo ../storefront
  pointsman init --repo ../storefront -o config/pointsman.toml --repository storefront
  bazel query --output=xml //... > query.xml; pointsman init --bazel-query query.xml -o -

The clone is only read: no program of it and no build tool runs.";

/// Show what AWS events would start, and why: on a laptop, without an AWS account.
#[derive(Debug, Parser)]
#[command(name = "pointsman", version, about, after_help = EXIT_CODES)]
pub struct Arguments {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a function on an event: the real binary, with AWS's answers from this machine
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(ReplayArguments),
    /// Show which pipelines a push would start, and why, from a clone and the rules
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArguments),
    /// List the problems of the rules
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArguments),
    /// Write rules and groups for a repository, from its build graph and the path filters of its CI
    #[command(after_help = INIT_EXAMPLES)]
    Init(InitArguments),
    /// Print the record of a recovery: its events, what blocked it, and how long each step took
    #[command(after_help = INCIDENT_EXAMPLES)]
    Incident(IncidentArguments),
    /// Print an incident on one page, as evidence of a drill or a recovery: a short text, or HTML
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArguments),
    /// Show each branch with its stack, and what branch-stacks would do about it; nothing is changed
    #[command(after_help = STACKS_EXAMPLES)]
    Stacks(StacksArguments),
    /// List the open findings of ami-alerts; nothing is changed
    #[command(after_help = FINDINGS_EXAMPLES)]
    Findings(FindingsArguments),
    /// Check whether each recovery plan of dr-failover is ready for an outage; nothing is started
    #[command(after_help = PREFLIGHT_EXAMPLES)]
    Preflight(PreflightArguments),
    /// Compare the rules of pipeline-trigger with the pipelines of an account, and with what else starts them; nothing is
    /// changed
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(DoctorArguments),
    /// Print the JSON Schema of the rules file, with which editors complete and explain its keys
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema,
}

/// `pointsman replay`.
#[derive(Debug, Default, Args)]
pub struct ReplayArguments {
    /// Event files, or case folders with an event.json
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// A git clone that serves as the CodeCommit repository NAME; may be given several times
    #[arg(long, value_name = "NAME=PATH", value_parser = named_path)]
    pub repo: Vec<(String, PathBuf)>,
    /// The state of AWS before the event [default: the case's world.toml, else an empty account with the
    /// pipelines that the rules name]
    #[arg(long, value_name = "FILE")]
    pub world: Option<PathBuf>,
    /// The rules [default: the case's pointsman.toml, else config/pointsman.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Run this function, even if its rule does not match the event [default: every function whose rule in
    /// template.yaml matches the event, else the function of the case's folder]
    #[arg(long, value_name = "NAME")]
    pub function: Option<String>,
    /// Decide, but start nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print each decision as JSON
    #[arg(long)]
    pub json: bool,
    /// Write each email into this folder, as a file in the RFC 5322 format
    #[arg(long, value_name = "DIR")]
    pub mail: Option<PathBuf>,
}

/// `pointsman explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The top of a git clone; it is only read, and runs no program [default: the clone of the current folder]
    #[arg(long, value_name = "PATH")]
    pub repo: Option<PathBuf>,
    /// The repository's name in the rules [default: that of the remote's CodeCommit URL, else the only repository of
    /// the rules]
    #[arg(long, value_name = "NAME")]
    pub repository: Option<String>,
    /// The pushed branch [default: the current branch]
    #[arg(long, value_name = "BRANCH", conflicts_with = "tag")]
    pub branch: Option<String>,
    /// The pushed tag, instead of a branch
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// The rules
    #[arg(long, value_name = "FILE", default_value = DEFAULT_RULES)]
    pub config: PathBuf,
    /// Answer for this file alone, as if nothing else had changed, with every pattern that matches it
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    pub path: Option<String>,
    /// The time of the push, as in 2026-12-24T18:00:00Z, for rules with a window [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<jiff::Timestamp>,
    /// List every changed file that a pattern decides
    #[arg(long)]
    pub all: bool,
    /// Print the decision as JSON
    #[arg(long)]
    pub json: bool,
    /// The push: the old and the new commit, as git names them. Without OLD, a first push; without NEW, HEAD. WORKTREE
    /// is the working tree, and alone HEAD..WORKTREE
    #[arg(value_name = "OLD..NEW", value_parser = range, required_unless_present = "path")]
    pub push: Option<CommitRange>,
}

/// `pointsman check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The rules
    #[arg(value_name = "FILE", default_value = "config/pointsman.toml")]
    pub file: PathBuf,
    /// The template whose permissions must cover the rules [default: template.yaml of the workspace]
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// The environment of samconfig.toml (beside the template) whose parameters apply
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub environment: String,
    /// Fail on warnings, too
    #[arg(long)]
    pub strict: bool,
    /// Compare the rules with the build graph of a clone: each rule must include what its projects depend on
    #[arg(long)]
    pub graph: bool,
    /// The top of a git clone for --graph; it is only read [default: the clone of the current folder]
    #[arg(long, value_name = "PATH", requires = "graph")]
    pub repo: Option<PathBuf>,
    /// The repository's name in the rules [default: that of the remote's CodeCommit URL, else the only repository of
    /// the rules]
    #[arg(long, value_name = "NAME", requires = "graph")]
    pub repository: Option<String>,
    /// What `bazel query` printed, as XML, for --graph
    #[arg(long, value_name = "FILE", requires = "graph")]
    pub bazel_query: Option<PathBuf>,
}

/// `pointsman init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// The top of a git clone; it is only read, and runs no program [default: the clone of the current folder]
    #[arg(long, value_name = "PATH")]
    pub repo: Option<PathBuf>,
    /// The repository's name in CodeCommit [default: that of the remote's URL, else of the clone's folder]
    #[arg(long, value_name = "NAME")]
    pub repository: Option<String>,
    /// The file to create, or - for stdout; an existing file is never overwritten
    #[arg(short, long, value_name = "FILE", default_value = "pointsman.toml")]
    pub output: PathBuf,
    /// What `bazel query` printed, as XML
    #[arg(long, value_name = "FILE")]
    pub bazel_query: Option<PathBuf>,
}

/// `pointsman incident`.
#[derive(Debug, Args)]
pub struct IncidentArguments {
    /// A file with the incident (the item as the AWS CLI prints it, or the `incident` of an email's JSON), a case folder,
    /// which is replayed, or the ID of an incident
    #[arg(value_name = "FILE|CASE|ID")]
    pub incident: String,
    /// The DynamoDB table of the incident, for an ID
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

/// `pointsman report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// A file with the incident, a case folder, or an ID, as for `pointsman incident`
    #[arg(value_name = "FILE|CASE|ID")]
    pub incident: String,
    /// The DynamoDB table of the incident, for an ID
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Print it as an HTML page
    #[arg(long)]
    pub html: bool,
}

/// The rules, if the command line names none.
pub const DEFAULT_RULES: &str = "config/pointsman.toml";

/// The name of the working tree in a range. A branch of that name is `refs/heads/WORKTREE`.
pub const WORK_TREE: &str = "WORKTREE";

/// `pointsman stacks`.
#[derive(Debug, Args)]
pub struct StacksArguments {
    /// The rules [default: the world's pointsman.toml, else config/pointsman.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A case folder or a world.toml that stands for the account
    #[arg(long, value_name = "PATH", conflicts_with_all = ["application", "prefix", "table"])]
    pub world: Option<PathBuf>,
    /// The stack of the application, which names the prefix and the table of reports
    #[arg(long, value_name = "NAME", default_value = "pointsman")]
    pub application: String,
    /// The prefix of the stacks, in place of the one that the application names
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<String>,
    /// The table of reports, in place of the one that the application names
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

/// `pointsman preflight`.
#[derive(Debug, Args)]
pub struct PreflightArguments {
    /// A folder with a world.toml, such as a case, or a world.toml that stands for the account
    #[arg(value_name = "WORLD")]
    pub world: PathBuf,
    /// The rules [default: the pointsman.toml in the world's folder, else config/pointsman.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the decision as JSON
    #[arg(long)]
    pub json: bool,
}

/// `pointsman doctor`.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// The rules [default: the world's pointsman.toml, else config/pointsman.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A case folder or a world.toml that stands for the account
    #[arg(long, value_name = "PATH")]
    pub world: Option<PathBuf>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

/// `pointsman findings`.
#[derive(Debug, Args)]
pub struct FindingsArguments {
    /// A case folder, which is replayed, or a world.toml that stands for the account
    #[arg(value_name = "WORLD_OR_CASE", conflicts_with_all = ["table", "account", "region"])]
    pub world: Option<PathBuf>,
    /// The table of ami-alerts: the output AmiAlertsTableName of the application's stack
    #[arg(long, value_name = "NAME", required_unless_present = "world", requires = "account")]
    pub table: Option<String>,
    /// The account that owns the images and snapshots
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// A region of the images and snapshots; may be given several times [default: the region of the environment]
    #[arg(long, value_name = "REGION")]
    pub region: Vec<String>,
    /// List also the findings that ended in the last 90 days
    #[arg(long)]
    pub all: bool,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

/// Two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRange {
    /// The old commit; `None` for a first push.
    pub old: Option<String>,
    /// The new commit.
    pub new: String,
}

fn named_path(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok((name.to_owned(), path.into())),
        _ => Err("write NAME=PATH, as in storefront=../storefront".to_owned()),
    }
}

/// Reads a range as git does: at its first two dots, with HEAD in place of a missing NEW.
fn range(text: &str) -> Result<CommitRange, String> {
    match text.split_once("..") {
        None if text == WORK_TREE => Ok(CommitRange { old: Some("HEAD".to_owned()), new: text.to_owned() }),
        Some((_, new)) if new.starts_with('.') => {
            Err("a push goes from one commit to another: write two dots, not three".to_owned())
        }
        Some((old, new)) if !(old.is_empty() && new.is_empty()) => Ok(CommitRange {
            old: (!old.is_empty()).then(|| old.to_owned()),
            new: if new.is_empty() { "HEAD".to_owned() } else { new.to_owned() },
        }),
        _ => Err("write OLD..NEW, as in HEAD~1..HEAD, ..NEW for a first push, or WORKTREE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_push_is_two_commits_or_a_first_one() {
        assert_eq!(range("a..b").unwrap(), CommitRange { old: Some("a".into()), new: "b".into() });
        assert_eq!(range("..b").unwrap(), CommitRange { old: None, new: "b".into() });
        assert!(range("a...b").unwrap_err().contains("two dots"));
        assert!(range("..").is_err() && range("a").is_err());
    }

    #[test]
    fn a_range_is_read_as_git_reads_it() {
        let parsed =
            |text: &str| range(text).map(|CommitRange { old, new }| (old.unwrap_or_default(), new)).unwrap();
        for (text, old, new) in [
            ("a..", "a", "HEAD"),
            (":/text..HEAD", ":/text", "HEAD"),
            ("HEAD^{/fix: a}..HEAD", "HEAD^{/fix: a}", "HEAD"),
            ("main@{1.day.ago}..main", "main@{1.day.ago}", "main"),
            ("WORKTREE", "HEAD", "WORKTREE"),
            ("..WORKTREE", "", "WORKTREE"),
        ] {
            assert_eq!(parsed(text), (old.to_owned(), new.to_owned()), "{text}");
        }
    }
}
