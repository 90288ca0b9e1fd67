//! Keeps one comment on each pull request of a branch up to date: finds it by its last line, updates it, or posts it.
//!
//! An open pull request gets a comment. One that was closed since keeps its comment, which is updated too: the table of reports
//! remembers the pull requests that have one.

use shared::act::Performed;
use shared::call_error::CallError;
use shared::decision::Verdict;
use shared::report::Report;
use shared::token::client_token;

use super::comment::{content, has_marker};
use crate::act::perform;
use crate::because::Because;
use crate::effect::Effect;
use crate::gather::{BranchPullRequest, PullRequestComment, comments_of, pull_request_of, pull_requests_of};
use crate::missing::BranchOutcome;
use crate::remark::Remark;
use crate::report_once::{record, table_failure};
use crate::reports::ReportKey;
use crate::run::Run;

/// The beginning of what is remembered about a pull request with a comment; its id follows.
const COMMENT_ON: &str = "comment-on ";

/// The most comments with our last line that are tried: another principal can copy the line.
const MOST_COPIES: usize = 20;

/// The errors of an update of a comment that is not ours, or no longer there.
const NOT_OURS: [&str; 3] =
    ["CommentNotCreatedByCallerException", "CommentDeletedException", "CommentDoesNotExistException"];

/// The error of a token that was used for another content.
const TOKEN_USED: &str = "IdempotencyParameterMismatchException";

/// How an attempt ended.
enum Attempt {
    /// The comment is up to date; in a dry run, it would be.
    UpToDate,
    /// There is no comment, and none can be posted.
    NoComment,
    /// The token was used for another content: a comment was posted since the comments were read, or was deleted.
    TokenUsed,
    /// A call failed, and the report says which.
    Failed,
}

/// How one call ended.
enum CommentCall {
    Done,
    /// The comment is not ours, or no longer there.
    NotOurs,
    TokenUsed,
    Failed,
}

/// Updates the comments of a branch, if its rule asks for them. `created` is the id of a pull request that was just created.
pub async fn comment_on_pull_requests(
    run: &Run<'_>,
    outcome: &BranchOutcome,
    created: Option<&str>,
) -> Report {
    let mut report = Report::default();
    let asked = run.rules.covering(&outcome.branch).is_some_and(|rule| rule.notify.pull_request);
    let prefix = &run.settings.prefix;
    let Some(content) = content(outcome, prefix).filter(|_| asked) else { return report };
    let stack_name = outcome.branch.stack_name(prefix);
    let subject = outcome.branch.to_string();
    let remembered = match run.table().about(&stack_name).await {
        Ok(reports) => reports,
        Err(error) => return table_failure(&subject, error),
    };
    let known: Vec<String> =
        remembered.keys().filter_map(|key| key.what().strip_prefix(COMMENT_ON)).map(str::to_owned).collect();
    let requests = match found(run, outcome, created, &known, &mut report).await {
        Ok(requests) => requests,
        Err(error) => {
            report.reason(Verdict::Fail, &subject, &Because::PullRequestsUnreadable { error });
            return report;
        }
    };
    for request in &requests {
        let comment = BranchComment { run, outcome, request, content: &content, stack_name: &stack_name };
        comment.keep_up_to_date(&mut report, known.contains(&request.id)).await;
    }
    report
}

/// The open pull requests of the branch, and those that have a comment.
async fn found(
    run: &Run<'_>,
    outcome: &BranchOutcome,
    created: Option<&str>,
    known: &[String],
    report: &mut Report,
) -> Result<Vec<BranchPullRequest>, CallError> {
    let listed = pull_requests_of(&outcome.branch, run.aws).await?;
    let mut requests = listed.requests;
    if let Some(most) = listed.most {
        let remark = Remark::TooManyPullRequests { branch: outcome.branch.clone(), most };
        report.note(&remark.subject(), &remark);
    }
    for id in known.iter().map(String::as_str).chain(created) {
        if requests.iter().all(|request| request.id != id) {
            requests.extend(pull_request_of(&outcome.branch, id, run.aws).await?);
        }
    }
    Ok(requests)
}

/// The comment on one pull request.
struct BranchComment<'a> {
    run: &'a Run<'a>,
    outcome: &'a BranchOutcome,
    request: &'a BranchPullRequest,
    content: &'a str,
    stack_name: &'a str,
}

impl BranchComment<'_> {
    async fn keep_up_to_date(&self, report: &mut Report, is_remembered: bool) {
        let mut attempt = self.attempt(report).await;
        if matches!(attempt, Attempt::TokenUsed) {
            attempt = self.attempt(report).await;
        }
        let branch = || self.outcome.branch.clone();
        match attempt {
            Attempt::UpToDate if !is_remembered => self.remember(report).await,
            Attempt::TokenUsed => {
                let remark =
                    Remark::CommentDeleted { branch: branch(), pull_request: self.request.id.clone() };
                report.note(&remark.subject(), &remark);
            }
            Attempt::UpToDate | Attempt::NoComment | Attempt::Failed => {}
        }
    }

    async fn attempt(&self, report: &mut Report) -> Attempt {
        let comments = match comments_of(&self.request.id, self.run.aws).await {
            Ok(comments) => comments,
            Err(error) => {
                let subject = self.outcome.branch.to_string();
                report.reason(Verdict::Fail, &subject, &Because::PullRequestsUnreadable { error });
                return Attempt::Failed;
            }
        };
        let marked = comments.iter().filter(|one| !one.deleted && has_marker(&one.content, self.stack_name));
        let marked: Vec<&PullRequestComment> = marked.take(MOST_COPIES).collect();
        if marked.iter().any(|one| one.content == self.content) {
            return Attempt::UpToDate;
        }
        for comment in &marked {
            let (comment, content) = (comment.id.clone(), self.content.to_owned());
            match self.call(Effect::UpdateComment { comment, content }, report).await {
                CommentCall::Done => return Attempt::UpToDate,
                CommentCall::NotOurs | CommentCall::TokenUsed => {}
                CommentCall::Failed => return Attempt::Failed,
            }
        }
        match self.request.open {
            true => self.post(marked.len(), report).await,
            false => Attempt::NoComment,
        }
    }

    /// Posts the comment. `copies` is the number of comments with our last line that are not ours: with another number the token
    /// is another, so that the comment of a former role of the function does not prevent that of this one.
    async fn post(&self, copies: usize, report: &mut Report) -> Attempt {
        let BranchPullRequest { id, before, after, .. } = self.request;
        if before == after {
            let (branch, pull_request) = (self.outcome.branch.clone(), id.clone());
            let remark = Remark::NothingToCommentOn { branch, pull_request };
            report.note(&remark.subject(), &remark);
            return Attempt::NoComment;
        }
        let effect = Effect::PostComment {
            repository: self.outcome.branch.repository.clone(),
            pull_request: id.clone(),
            before: before.clone(),
            after: after.clone(),
            content: self.content.to_owned(),
            token: client_token([self.stack_name, id, &copies.to_string()]),
        };
        match self.call(effect, report).await {
            CommentCall::Done => Attempt::UpToDate,
            CommentCall::TokenUsed => Attempt::TokenUsed,
            CommentCall::NotOurs | CommentCall::Failed => Attempt::Failed,
        }
    }

    async fn call(&self, effect: Effect, report: &mut Report) -> CommentCall {
        let (action, performed) = perform(&effect, self.run.aws, self.run.invocation.executor).await;
        match performed {
            Performed::Failed(error) if NOT_OURS.iter().any(|code| error.has_code(code)) => {
                CommentCall::NotOurs
            }
            Performed::Failed(error) if error.has_code(TOKEN_USED) => CommentCall::TokenUsed,
            Performed::Failed(error) => {
                report.actions.push(action);
                let subject = self.outcome.branch.to_string();
                report.reason(Verdict::Fail, &subject, &Because::CommentFailed { error });
                CommentCall::Failed
            }
            Performed::Done(_) | Performed::NotCalled => {
                report.actions.push(action);
                CommentCall::Done
            }
        }
    }

    /// Remembers that the pull request has a comment.
    async fn remember(&self, report: &mut Report) {
        let key = ReportKey::of_stack(self.stack_name, &format!("{COMMENT_ON}{}", self.request.id));
        if let Err(error) = record(self.run, &key).await {
            report.add(table_failure(&self.outcome.branch.to_string(), error));
        }
    }
}
