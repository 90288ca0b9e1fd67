//! The reader of a deployed function: CodeCommit and CodePipeline.

use aws_sdk_codecommit::types::{
    BlobMetadata, Commit, DiffChangeType, DiffHunk, Difference, FileModeTypeEnum,
};
use aws_sdk_codepipeline::types::{
    ActionCategory, ActionDeclaration, PipelineDeclaration, PipelineExecutionStatus,
    PipelineExecutionSummary, PipelineType,
};
use shared::call_error::CallError;

use super::{
    BlobPair, DeclaredPipeline, ExecutionPage, LinePage, Lookup, PastExecution, PathPage, Reader,
    RepositoryFile, SourceAction, SourceRevision,
};
use crate::aws::{Clients, PIPELINE_NOT_FOUND};
use crate::window::judge::CommitAbout;

/// Reads a repository and its pipelines in the account of the function.
#[derive(Debug, Clone, Copy)]
pub struct AccountReader<'a> {
    /// The clients.
    pub aws: &'a Clients,
    /// The pushed repository.
    pub repository: &'a str,
}

impl Reader for AccountReader<'_> {
    async fn branch_head(&self, branch: &str) -> Result<Lookup<String>, CallError> {
        let call = self.aws.codecommit.get_branch().repository_name(self.repository).branch_name(branch);
        let answer = call.send().await.map_err(|error| CallError::new("codecommit:GetBranch", error));
        let output = match found(answer, "BranchDoesNotExistException")? {
            Some(output) => output,
            None => return Ok(Lookup::Missing),
        };
        let head = output.branch.and_then(|branch| branch.commit_id);
        Ok(head.map_or(Lookup::Missing, Lookup::Found))
    }

    async fn default_branch(&self) -> Result<Option<String>, CallError> {
        let call = self.aws.codecommit.get_repository().repository_name(self.repository);
        let output = call.send().await.map_err(|error| CallError::new("codecommit:GetRepository", error))?;
        Ok(output.repository_metadata.and_then(|metadata| metadata.default_branch))
    }

    async fn merge_base(&self, commit: &str, branch: &str) -> Result<Option<String>, CallError> {
        let call = self.aws.codecommit.get_merge_options().repository_name(self.repository);
        let call = call.source_commit_specifier(commit).destination_commit_specifier(branch);
        let output =
            call.send().await.map_err(|error| CallError::new("codecommit:GetMergeOptions", error))?;
        Ok(Some(output.base_commit_id).filter(|base| !base.is_empty()))
    }

    async fn differences(
        &self,
        before: Option<&str>,
        after: &str,
        token: Option<String>,
    ) -> Result<PathPage, CallError> {
        let call = self.aws.codecommit.get_differences().repository_name(self.repository);
        let call = call.set_before_commit_specifier(before.map(str::to_owned));
        let call = call.after_commit_specifier(after).set_next_token(token);
        let page = call.send().await.map_err(|error| CallError::new("codecommit:GetDifferences", error))?;
        let differences = page.differences.unwrap_or_default();
        let modified = differences.iter().filter_map(modified).collect();
        let paths = differences.into_iter().flat_map(paths).collect();
        Ok(PathPage { paths, modified, next: page.next_token.filter(|token| !token.is_empty()) })
    }

    async fn lines(
        &self,
        blobs: &BlobPair,
        ignore_whitespace: bool,
        token: Option<String>,
    ) -> Result<LinePage, CallError> {
        const CALL: &str = "codecommit:GetBlobDifferences";
        let call = self.aws.codecommit.get_blob_differences().repository_name(self.repository);
        let call = call.before_blob_id(&blobs.before).after_blob_id(&blobs.after).context_lines(0);
        let call = call.ignore_whitespace(ignore_whitespace).max_results(1_000).set_next_token(token);
        let page = call.send().await.map_err(|error| CallError::new(CALL, error))?;
        let lines = page.hunks.into_iter().map(changed_lines).collect::<Option<Vec<_>>>();
        let lines = lines.ok_or_else(|| CallError::without_answer(CALL, "CodeCommit left lines out"))?;
        let next = page.next_token.filter(|token| !token.is_empty());
        Ok(LinePage { is_binary: page.is_binary, lines: lines.concat(), next })
    }

    async fn file(&self, commit: &str, path: &str) -> Result<Option<RepositoryFile>, CallError> {
        let call = self.aws.codecommit.get_file().repository_name(self.repository);
        let answer = call.commit_specifier(commit).file_path(path).send().await;
        let answer = answer.map_err(|error| CallError::new("codecommit:GetFile", error));
        let output = found(answer, "FileDoesNotExistException")?;
        Ok(output.map(|output| RepositoryFile {
            is_link: output.file_mode == FileModeTypeEnum::Symlink,
            content: output.file_content.into_inner(),
        }))
    }

    async fn pipeline(&self, name: &str) -> Result<Lookup<DeclaredPipeline>, CallError> {
        const CALL: &str = "codepipeline:GetPipeline";
        let answer = self.aws.codepipeline.get_pipeline().name(name).send().await;
        match found(answer.map_err(|error| CallError::new(CALL, error)), PIPELINE_NOT_FOUND)? {
            None => Ok(Lookup::Missing),
            Some(output) => {
                let none = || CallError::without_answer(CALL, "CodePipeline described no pipeline");
                let pipeline = output.pipeline.ok_or_else(none)?;
                Ok(Lookup::Found(declared(&pipeline, self.repository)))
            }
        }
    }

    async fn executions(
        &self,
        pipeline: &str,
        token: Option<String>,
    ) -> Result<Lookup<ExecutionPage>, CallError> {
        let call = self.aws.codepipeline.list_pipeline_executions().pipeline_name(pipeline);
        let answer = call.max_results(100).set_next_token(token).send().await;
        let answer = answer.map_err(|error| CallError::new("codepipeline:ListPipelineExecutions", error));
        Ok(found(answer, PIPELINE_NOT_FOUND)?.map_or(Lookup::Missing, |page| {
            let executions = page.pipeline_execution_summaries().iter().map(past).collect();
            Lookup::Found(ExecutionPage { executions, next: page.next_token })
        }))
    }

    async fn commit_about(&self, commit: &str) -> Result<Lookup<CommitAbout>, CallError> {
        let call = self.aws.codecommit.get_commit().repository_name(self.repository).commit_id(commit);
        let answer = call.send().await.map_err(|error| CallError::new("codecommit:GetCommit", error))?;
        let commit = answer.commit.unwrap_or_else(|| Commit::builder().build());
        let author = commit.author().and_then(|author| author.email()).unwrap_or_default().to_owned();
        Ok(Lookup::Found(CommitAbout { author, message: commit.message.unwrap_or_default() }))
    }
}

/// The answer, or none where the service answered with `code`.
fn found<T>(answer: Result<T, CallError>, code: &str) -> Result<Option<T>, CallError> {
    match answer {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.has_code(code) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A rename comes as one deleted and one added file; should both sides ever come together, both count.
fn paths(difference: Difference) -> impl Iterator<Item = String> {
    let before = difference.before_blob.and_then(|blob| blob.path);
    let after =
        difference.after_blob.and_then(|blob| blob.path).filter(|after| before.as_ref() != Some(after));
    before.into_iter().chain(after)
}

/// The versions of a file that only its content changed.
fn modified(difference: &Difference) -> Option<(String, BlobPair)> {
    let side = |blob: &Option<BlobMetadata>| {
        let blob = blob.as_ref()?;
        Some((blob.path.clone()?, blob.blob_id.clone()?, blob.mode.clone()?))
    };
    let (old_path, before, old_mode) = side(&difference.before_blob)?;
    let (path, after, mode) = side(&difference.after_blob)?;
    let pair = BlobPair::of((&before, &old_mode), (&after, &mode)).filter(|_| old_path == path);
    Some((path, pair?))
}

/// The lines of a hunk that are not context; none if the hunk has not as many lines as it says.
fn changed_lines(hunk: DiffHunk) -> Option<Vec<String>> {
    let counts = (hunk.before_line_count?, hunk.after_line_count?);
    let (mut before, mut after, mut lines) = (0, 0, Vec::new());
    for change in hunk.changes.unwrap_or_default() {
        let (is_before, is_after) = match change.r#type? {
            DiffChangeType::Add => (0, 1),
            DiffChangeType::Delete => (1, 0),
            DiffChangeType::Context => (1, 1),
            _ => return None,
        };
        before += is_before;
        after += is_after;
        if is_before != is_after {
            lines.push(change.content?);
        }
    }
    ((before, after) == counts).then_some(lines)
}

fn declared(pipeline: &PipelineDeclaration, repository: &str) -> DeclaredPipeline {
    let actions = pipeline.stages.iter().flat_map(|stage| &stage.actions);
    let reading = actions.filter(|action| reads(action, repository));
    DeclaredPipeline {
        name: pipeline.name.clone(),
        is_v2: pipeline.pipeline_type == Some(PipelineType::V2),
        variables: pipeline.variables().iter().map(|variable| variable.name.clone()).collect(),
        source_actions: reading
            .map(|action| SourceAction {
                name: action.name.clone(),
                branch: setting(action, "BranchName").unwrap_or_default().to_owned(),
                polls: polls(action),
            })
            .collect(),
    }
}

/// Whether an action is a CodeCommit source of this repository.
fn reads(action: &ActionDeclaration, repository: &str) -> bool {
    let kind = action.action_type_id.as_ref();
    kind.is_some_and(|kind| kind.category == ActionCategory::Source && kind.provider == "CodeCommit")
        && setting(action, "RepositoryName") == Some(repository)
}

/// CodePipeline polls unless the action says otherwise.
fn polls(action: &ActionDeclaration) -> bool {
    setting(action, "PollForSourceChanges").is_none_or(|poll| poll.eq_ignore_ascii_case("true"))
}

fn setting<'a>(action: &'a ActionDeclaration, key: &str) -> Option<&'a str> {
    action.configuration.as_ref().and_then(|settings| settings.get(key)).map(String::as_str)
}

fn past(execution: &PipelineExecutionSummary) -> PastExecution {
    let revisions = execution.source_revisions().iter().map(|revision| SourceRevision {
        action: revision.action_name.clone(),
        commit: revision.revision_id.clone(),
    });
    PastExecution {
        id: execution.pipeline_execution_id.clone(),
        started: execution.start_time.map(|started| started.secs()),
        succeeded: execution.status == Some(PipelineExecutionStatus::Succeeded),
        revisions: revisions.collect(),
    }
}
