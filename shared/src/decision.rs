//! A decision of a function with its reasons: the one value that the log, the email, the command line and the JSON show.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::text::shortened;

/// The most bytes a decision has as JSON: under the 256 KB of one CloudWatch Logs event with room for the line
/// around it ("CloudWatch Logs quotas", Amazon CloudWatch Logs User Guide).
pub const LARGEST: usize = 200_000;

/// The most characters of a sentence, and of a name in a decision: longer than any that AWS allows.
pub const LONGEST_SENTENCE: usize = 5_000;

/// What was decided about one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The subject is started.
    Start,
    /// The subject is created.
    Create,
    /// The subject is updated.
    Update,
    /// The subject is deleted.
    Delete,
    /// An email reports the subject.
    Alert,
    /// The change is reverted.
    Revert,
    /// Nothing is to be done, and that is right.
    Skip,
    /// The action is due, but a condition blocks it.
    Hold,
    /// The action was due and failed. The invocation fails, so that Lambda retries it.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Start => "start",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Alert => "alert",
            Self::Revert => "revert",
            Self::Skip => "skip",
            Self::Hold => "hold",
            Self::Fail => "fail",
        })
    }
}

/// A reason or a remark of a function: an enum whose `Display` is the only place where its sentence is written.
pub trait Explain: fmt::Display {
    /// Stable, in kebab case.
    fn code(&self) -> &'static str;

    /// The basis of the reason, for programs that read the decision.
    fn evidence(&self) -> Evidence {
        Evidence::default()
    }
}

/// The basis of a reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The changed file that decided.
    pub file: Option<String>,
    /// The pattern that decided, as it is written.
    pub pattern: Option<String>,
    /// The place of that pattern or rule: `file:line:column`.
    pub config: Option<String>,
}

/// A reason as JSON has it: what a value that is [`Explain`] becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The reason's kind, in kebab case.
    pub code: String,
    /// The changed file that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The pattern that decided, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The place of that pattern or rule: `file:line:column`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// The sentence for the reader.
    pub sentence: String,
}

impl<B: Explain + ?Sized> From<&B> for Explanation {
    fn from(because: &B) -> Self {
        let Evidence { file, pattern, config } = because.evidence();
        let sentence = shortened(&because.to_string(), LONGEST_SENTENCE);
        Self { code: because.code().to_owned(), file, pattern, config, sentence }
    }
}

/// Why something is done about one subject, or is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What was decided.
    pub verdict: Verdict,
    /// About what: a pipeline, a stack, an image; `event` where it is the event as a whole.
    pub subject: String,
    /// Why.
    pub because: Explanation,
}

impl Reason {
    /// A reason with the explanation of a function's own reason.
    pub fn new(verdict: Verdict, subject: impl Into<String>, because: &(impl Explain + ?Sized)) -> Self {
        Self { verdict, subject: shortened(&subject.into(), LONGEST_SENTENCE), because: because.into() }
    }
}

/// An observation that decided nothing: an ignore file too large to read, a call that was denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// About what.
    pub subject: String,
    /// What.
    pub because: Explanation,
}

/// One AWS call that changes something, and how it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// The call, as IAM names it: `codepipeline:StartPipelineExecution`.
    pub call: String,
    /// What it acts on.
    pub subject: String,
    /// What it was called with.
    pub input: Value,
    /// How it went.
    pub result: ActionResult,
}

/// How an action went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionResult {
    /// It was called and AWS answered with this id.
    Done(String),
    /// It failed, after the SDK's retries, with this error.
    Failed(String),
    /// It was not called, because of this.
    NotCalled(String),
}

/// One decision, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The function that decided.
    pub function: String,
    /// The event in a line.
    pub event: String,
    /// The moment it was decided at.
    pub now: Timestamp,
    /// Whether actions were left out on purpose (`POINTSMAN_DRY_RUN`).
    pub dry_run: bool,
    /// Every rule that was considered.
    pub reasons: Vec<Reason>,
    /// How many reasons of each verdict and code there are; only in a decision too large to list them all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reason_counts: BTreeMap<String, usize>,
    /// Observations that decided nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Every call that changes something.
    pub actions: Vec<Action>,
    /// How many actions there are of each result; only in a decision too large to list them all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub action_counts: BTreeMap<String, usize>,
}

impl Decision {
    /// The reasons with which the invocation fails.
    pub fn failures(&self) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(|reason| reason.verdict == Verdict::Fail)
    }

    /// `2 start, 5 skip`: how many reasons have each verdict.
    pub fn summary(&self) -> String {
        let mut counts = BTreeMap::new();
        for reason in &self.reasons {
            *counts.entry(reason.verdict).or_insert(0) += 1;
        }
        let counts: Vec<String> =
            counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        if counts.is_empty() { "nothing to decide".to_owned() } else { counts.join(", ") }
    }

    /// The same decision in at most about `largest` bytes of JSON: when it has more, its reasons are counted by code
    /// and listed only as far as they fit, those that failed or held first and those that were skipped last.
    #[must_use]
    pub fn within(mut self, largest: usize) -> Self {
        if size(&self) <= largest {
            return self;
        }
        for reason in &self.reasons {
            *self.reason_counts.entry(format!("{} {}", reason.verdict, reason.because.code)).or_insert(0) +=
                1;
        }
        for action in &self.actions {
            *self.action_counts.entry(action.result.name().to_owned()).or_insert(0) += 1;
        }
        let mut room = largest / 2;
        let worst_first = |reason: &Reason| std::cmp::Reverse(rank(reason.verdict));
        self.reasons.sort_by_key(worst_first);
        self.reasons.retain(|reason| fits(reason, &mut room));
        let mut room = largest / 4;
        self.actions.sort_by_key(|action| !matches!(action.result, ActionResult::Failed(_)));
        self.actions.retain(|action| fits(action, &mut room));
        let mut room = largest / 8;
        self.notes.retain(|note| fits(note, &mut room));
        self
    }
}

impl ActionResult {
    fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Failed(_) => "failed",
            Self::NotCalled(_) => "not-called",
        }
    }
}

/// The importance of a verdict in a shortened decision.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Skip => 0,
        Verdict::Start
        | Verdict::Create
        | Verdict::Update
        | Verdict::Delete
        | Verdict::Alert
        | Verdict::Revert => 1,
        Verdict::Hold => 2,
        Verdict::Fail => 3,
    }
}

fn fits(item: &impl Serialize, room: &mut usize) -> bool {
    let size = size(item) + 1;
    let fits = size <= *room;
    *room = if fits { *room - size } else { 0 };
    fits
}

fn size(item: &impl Serialize) -> usize {
    serde_json::to_string(item).expect("a decision is plain data, which always serializes").len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(verdict: Verdict, code: &str) -> Reason {
        let because = Explanation {
            code: code.into(),
            file: None,
            pattern: None,
            config: None,
            sentence: "because ".repeat(8),
        };
        Reason { verdict, subject: "web-main".into(), because }
    }

    fn decision(reasons: Vec<Reason>) -> Decision {
        Decision {
            function: "pipeline-trigger".into(),
            event: "a push".into(),
            now: Timestamp::UNIX_EPOCH,
            dry_run: false,
            reasons,
            reason_counts: BTreeMap::new(),
            notes: Vec::new(),
            actions: Vec::new(),
            action_counts: BTreeMap::new(),
        }
    }

    #[test]
    fn a_small_decision_is_not_shortened() {
        let small = decision(vec![reason(Verdict::Skip, "no-changes")]);
        assert_eq!(small.clone().within(LARGEST), small);
    }

    #[test]
    fn a_decision_over_the_limit_counts_its_reasons_and_keeps_the_failures() {
        let mut reasons = vec![reason(Verdict::Skip, "no-path-matches"); 5000];
        reasons.push(reason(Verdict::Fail, "start-failed"));
        let shortened = decision(reasons).within(LARGEST);
        assert!(serde_json::to_string(&shortened).unwrap().len() < LARGEST);
        assert_eq!(shortened.reason_counts["skip no-path-matches"], 5000);
        assert_eq!(shortened.failures().count(), 1);
    }

    #[test]
    fn a_decision_reads_back_as_it_was_written() {
        let written = decision(vec![reason(Verdict::Hold, "branch-gone")]);
        let json = serde_json::to_value(&written).unwrap();
        assert_eq!(serde_json::from_value::<Decision>(json).unwrap(), written);
    }
}
