//! Owns the state that the local AWS starts with.

mod account;
mod addresses;
mod buckets;
mod build;
mod content;
mod drs;
mod file;
mod image_changes;
mod images;
mod pipelines;
mod pull_requests;
mod raw;
mod repositories;
mod signals;
mod stacks;
mod tables;
mod timed_fault;
mod timeline;
mod zip;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git_reader::{GitError, Repository, is_full_id};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::account::{AccountIdentity, CallIdentity};
use crate::bus::Bus;
use crate::cloudformation::{CloudFormation, transitions};
use crate::cloudwatch::CloudWatch;
use crate::codecommit::{self, CodeCommit, Hosted};
use crate::codepipeline::{CodePipeline, PipelineRecord, PipelineType, Source};
use crate::drs::Drs;
use crate::dynamodb::{DynamoDb, DynamoDbTable, KeyPart};
use crate::ec2::Ec2;
use crate::fault::Faults;
use crate::iam::Iam;
use crate::s3::S3;
use crate::scheduler::Scheduler;
use crate::security_hub::SecurityHub;
use crate::service::ACCOUNT;
use crate::sns::Sns;
use crate::ssm::{self, ParameterWrite, Ssm};
use crate::sts::Sts;
use crate::timeline::TimelineEntry;
use crate::web::Web;

/// The state of AWS before the first call. Its repositories are in a temporary folder, which is deleted with it.
#[derive(Debug)]
pub struct AwsWorld {
    now: Option<Timestamp>,
    deliveries: u32,
    retries: u32,
    parameters_of_template: BTreeMap<String, String>,
    follows_events: bool,
    runs_schedules: bool,
    /// The region of the resources in the world's file, and of the events of branches.
    pub(crate) region: String,
    pub(crate) bus: Bus,
    pub(crate) cloudformation: CloudFormation,
    pub(crate) cloudwatch: CloudWatch,
    pub(crate) codecommit: CodeCommit,
    pub(crate) codepipeline: CodePipeline,
    pub(crate) drs: Drs,
    pub(crate) dynamodb: DynamoDb,
    pub(crate) ec2: Ec2,
    pub(crate) account: AccountIdentity,
    pub(crate) scheduler: Scheduler,
    pub(crate) security_hub: SecurityHub,
    pub(crate) iam: Iam,
    pub(crate) s3: S3,
    pub(crate) sns: Sns,
    pub(crate) ssm: Ssm,
    pub(crate) sts: Sts,
    /// The names of parameters that do not exist.
    absent_parameters: Vec<String>,
    pub(crate) web: Web,
    pub(crate) timeline: Vec<TimelineEntry>,
    pub(crate) faults: Faults,
    /// The folder of the repositories; `None` until the first one is built.
    folder: Option<TempDir>,
}

/// The reason for which a world cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    #[error("failed to read {path}")]
    Read { path: PathBuf, source: std::io::Error },
    /// Something in the file: an unknown key, a wrong type, a label that no commit has.
    #[error("{path}:{line}: {message}")]
    Invalid { path: PathBuf, line: usize, message: String },
    #[error("failed to build repository {repository}: {message}")]
    Build { repository: String, message: String },
    #[error("failed to run git to build repository {repository}")]
    RunGit { repository: String, source: std::io::Error },
    #[error("failed to create a temporary folder for the repositories")]
    Folder(#[source] std::io::Error),
    #[error("`{name}` cannot be a CodeCommit repository's name")]
    RepositoryName { name: String },
    #[error("repository {repository} cannot be served")]
    Clone { repository: String, source: GitError },
}

/// The source action of a pipeline. CodePipeline's console calls the action `Source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PipelineSource {
    CodeCommit { repository: String, branch: String, action: String },
    Ecr { repository: String, tag: String, action: String },
    S3 { bucket: String, key: String, action: String },
}

impl AwsWorld {
    /// An account with nothing in it, at the machine's time.
    pub fn empty() -> AwsWorld {
        AwsWorld {
            now: None,
            deliveries: 1,
            retries: 0,
            parameters_of_template: BTreeMap::new(),
            follows_events: false,
            runs_schedules: false,
            region: "us-east-1".to_owned(),
            bus: Bus::default(),
            cloudformation: CloudFormation::default(),
            cloudwatch: CloudWatch::default(),
            codecommit: CodeCommit::default(),
            codepipeline: CodePipeline::default(),
            drs: Drs::default(),
            dynamodb: DynamoDb::default(),
            ec2: Ec2::default(),
            account: AccountIdentity::default(),
            scheduler: Scheduler::default(),
            security_hub: SecurityHub::default(),
            iam: Iam::default(),
            s3: S3::default(),
            sns: Sns::default(),
            ssm: Ssm::default(),
            sts: Sts::default(),
            absent_parameters: Vec::new(),
            web: Web::default(),
            timeline: Vec::new(),
            faults: Faults::default(),
            folder: None,
        }
    }

    /// Reads a `world.toml` and builds its repositories. The README of this crate explains every key.
    ///
    /// Unknown keys are refused. The first problem is the error, as `path:line: message`.
    pub fn read(path: &Path) -> Result<AwsWorld, WorldError> {
        file::read(path)
    }

    /// Serves a git clone as the CodeCommit repository of that name. The clone is never written to, and none of its
    /// configuration is followed.
    ///
    /// `path` is the top of the clone. The clone replaces a repository that the world built. Its default branch is that of
    /// [`Repository::default_branch`]; the head of that branch is the remote's, unless the local branch contains it.
    ///
    /// # Errors
    ///
    /// [`WorldError::RepositoryName`] for a name that CodeCommit does not accept (1 to 100 letters, digits, `.`, `_`,
    /// `-`; not ending in `.git`: "Quotas in AWS CodeCommit"), [`WorldError::Clone`] if `path` is no git repository.
    pub fn serve_clone(&mut self, repository: &str, path: &Path) -> Result<(), WorldError> {
        if !codecommit::is_repository_name(repository) {
            return Err(WorldError::RepositoryName { name: repository.to_owned() });
        }
        let refused = |source| WorldError::Clone { repository: repository.to_owned(), source };
        let git = Repository::open(path).map_err(refused)?;
        let default_branch = git.default_branch().map_err(refused)?.map(|branch| branch.name);
        self.codecommit.host(repository, Hosted { git, default_branch, commits: Vec::new() });
        Ok(())
    }

    /// Creates a pipeline (type V2), unless one of that name exists. Without a source, its source is an object of S3.
    pub fn ensure_pipeline(&mut self, name: &str, source: Option<PipelineSource>) {
        let (source_action, source) = match source {
            None => ("Source".to_owned(), Source::unnamed(name)),
            Some(PipelineSource::CodeCommit { repository, branch, action }) => {
                (action, Source::CodeCommit { repository, branch, poll: false })
            }
            Some(PipelineSource::Ecr { repository, tag, action }) => (action, Source::Ecr { repository, tag }),
            Some(PipelineSource::S3 { bucket, key, action }) => {
                (action, Source::S3 { bucket, key, poll: false, overrides_key: false })
            }
        };
        let name = name.to_owned();
        self.codepipeline.add(PipelineRecord {
            name,
            kind: PipelineType::V2,
            source_action,
            source,
            variables: Vec::new(),
            busy: 0,
            executions: Vec::new(),
        });
    }

    /// Creates a DynamoDB table in the world's region, unless one of that name exists. Its key is one attribute or
    /// two, each with its type (`S`, `N` or `B`).
    pub fn ensure_table(&mut self, name: &str, hash: (&str, &str), range: Option<(&str, &str)>) {
        let part = |(name, kind): (&str, &str)| KeyPart { name: name.to_owned(), kind: kind.to_owned() };
        self.dynamodb.add(DynamoDbTable::new(name, &self.region, part(hash), range.map(part)));
    }

    /// Creates an SSM parameter in the world's region, unless the world's file has an entry of that name.
    pub fn ensure_parameter(&mut self, name: &str, value: &str) {
        if !self.absent_parameters.iter().any(|absent| ssm::is_same_name(absent, name)) {
            let write = ParameterWrite {
                name,
                region: &self.region,
                kind: "String",
                value,
                user: &self.account.caller,
                now: self.now.unwrap_or_else(Timestamp::now),
            };
            self.ssm.add(&write, 1);
        }
    }

    /// The time of the world's clock; `None` if it is the machine's clock.
    pub fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// The number of deliveries of the event; at least 1.
    pub fn deliveries(&self) -> u32 {
        self.deliveries
    }

    /// Values of parameters of the template that deploys the functions.
    pub fn parameters_of_template(&self) -> &BTreeMap<String, String> {
        &self.parameters_of_template
    }

    /// The number of retries of a failed invocation. Lambda itself retries an asynchronous invocation twice.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// Whether the events that AWS puts on the event bus are delivered, too.
    pub fn follows_events(&self) -> bool {
        self.follows_events
    }

    /// Whether the clock advances to the schedules that the functions create, if nothing else is followed.
    pub fn runs_schedules(&self) -> bool {
        self.runs_schedules
    }

    /// The timeline, in order.
    pub fn timeline(&self) -> &[TimelineEntry] {
        &self.timeline
    }

    /// The number of branches and stacks: a bound on how much can happen.
    pub fn branches_and_stacks(&self) -> usize {
        let names = self.codecommit.names();
        let hosted = names.iter().filter_map(|name| self.codecommit.repository(name));
        let branches = hosted.filter_map(|hosted| hosted.git.branches().ok()).map(|all| all.len());
        branches.sum::<usize>() + self.cloudformation.stacks().len()
    }

    /// The identity of a call that is signed with that access key. A key that AssumeRole did not make is the world's
    /// account's.
    pub(crate) fn caller(&self, access_key: &str) -> CallIdentity {
        let own = || CallIdentity { account: ACCOUNT.to_owned(), arn: self.account.caller.clone() };
        self.sts.session(access_key).unwrap_or_else(own)
    }

    /// The primary network interface of an instance of a region, at a time.
    pub(crate) fn ec2_interface_of(&self, id: &str, region: &str, now: Timestamp) -> Option<String> {
        self.ec2.interface_of(self, (id, region), now)
    }

    /// Performs every change that is due by `now`.
    pub(crate) fn catch_up(&self, now: Timestamp) {
        while let Some(due) = self.next_due().filter(|due| *due <= now) {
            // One of them, the earliest, so that the events on the bus are in order.
            if !self.scheduler.step(due) && !transitions::step(self, due) {
                self.drs.step(&self.bus, due);
            }
        }
    }

    /// When the next thing happens by itself.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        [self.cloudformation.next_due(), self.drs.next_due(), self.scheduler.next_due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether a pipeline of that name exists.
    pub fn has_pipeline(&self, name: &str) -> bool {
        self.codepipeline.has(name)
    }

    /// Whether a repository of that name exists.
    pub fn has_repository(&self, name: &str) -> bool {
        self.codecommit.repository(name).is_some()
    }

    /// Whether the repository exists and has the commit of that whole id.
    pub fn has_commit(&self, repository: &str, id: &str) -> bool {
        let hosted = self.codecommit.repository(repository).filter(|_| is_full_id(id));
        hosted.is_some_and(|hosted| matches!(hosted.git.resolve(id), Ok(Some(_))))
    }

    /// The git folder of a repository, while this world exists.
    pub fn repository_folder(&self, name: &str) -> Option<&Path> {
        self.codecommit.repository(name).map(|hosted| hosted.git.folder())
    }

    /// The commits that the world built in a repository: their labels and ids, in the file's order.
    pub fn commit_ids(&self, repository: &str) -> Vec<(String, String)> {
        self.codecommit.repository(repository).map(|hosted| hosted.commits.clone()).unwrap_or_default()
    }

    fn folder(&mut self) -> Result<&Path, WorldError> {
        if self.folder.is_none() {
            self.folder = Some(TempDir::with_prefix("local-aws-").map_err(WorldError::Folder)?);
        }
        Ok(self.folder.as_ref().expect("it was just created").path())
    }
}

#[cfg(test)]
mod tests;
