//! What a case must come to whatever the wording: verdict and code of each reason, severity of each email, errors.
//!
//! `must.toml` holds it in each case's folder. A developer writes it by hand; `make bless` never does.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use pointsman::replay::{Invoked, Replay};
use serde::{Deserialize, Serialize};
use shared::decision::{Action, ActionResult, Decision};

/// The file of a case that holds its [`Must`].
const FILE: &str = "must.toml";

/// What a case must come to.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Must {
    /// In their order; consecutive invocations that are equal stand once.
    #[serde(default)]
    invocation: Vec<Invocation>,
}

/// What one invocation must come to.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Invocation {
    function: String,
    /// `start path-matches`; with ` x 3` behind it where three reasons in a row are equal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    /// Codes of the notes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// The severity of each published email, `-` for one without; ` failed` behind it if SNS did not take it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    emails: Vec<String>,
    /// The kind of the failure that Lambda records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// How many messages of a batch stay in their queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch_failures: Option<usize>,
}

/// Compares what happened with the case's `must.toml`.
///
/// # Errors
/// When they differ or the file is missing, with what the file would hold.
pub(crate) fn check(folder: &Path, replays: &[Replay]) -> Result<()> {
    let happened = Must::of(replays);
    let file = folder.join(FILE);
    let proposal = toml::to_string(&happened).context("a must is plain data, which always serializes")?;
    if !file.is_file() {
        bail!("{} is missing; if the outcome is right, write it:\n\n{proposal}", file.display());
    }
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let must: Must = toml::from_str(&text).with_context(|| format!("{} is not valid", file.display()))?;
    if must != happened {
        let expected = toml::to_string(&must).context("a must is plain data, which always serializes")?;
        let diff = similar::TextDiff::from_lines(&expected, &proposal);
        let diff = diff.unified_diff().header(FILE, "now").to_string();
        bail!("the case came to something else than it must\n{diff}");
    }
    Ok(())
}

impl Must {
    fn of(replays: &[Replay]) -> Self {
        let of_replay = |replay: &Replay| {
            let happened = replay.run.invocations.iter().filter(|invoked| invoked.at.is_some());
            happened.map(|invoked| Invocation::of(&replay.function, invoked)).collect::<Vec<_>>()
        };
        let mut invocation: Vec<Invocation> = replays.iter().flat_map(of_replay).collect();
        invocation.dedup();
        Self { invocation }
    }
}

impl Invocation {
    fn of(function: &str, invoked: &Invoked) -> Self {
        let decisions = &invoked.decisions;
        // Where several functions run in one replay, the decision names its own.
        let function = decisions.first().map_or(function, |decision| &decision.function);
        Self {
            function: function.to_owned(),
            reasons: counted(decisions.iter().flat_map(reasons)),
            notes: counted(decisions.iter().flat_map(|of| &of.notes).map(|note| note.because.code.clone())),
            emails: decisions.iter().flat_map(|decision| &decision.actions).filter_map(email).collect(),
            error: invoked.error.as_ref().map(|error| error.kind.clone()),
            batch_failures: invoked.batch_failures.as_ref().map(Vec::len),
        }
    }
}

/// All reasons of a decision: those that are listed, or the counts of one that is too large to list them.
fn reasons(decision: &Decision) -> Vec<String> {
    if decision.reason_counts.is_empty() {
        let reason = |of: &shared::decision::Reason| format!("{} {}", of.verdict, of.because.code);
        return decision.reasons.iter().map(reason).collect();
    }
    decision.reason_counts.iter().map(|(what, count)| format!("{what} x {count}")).collect()
}

fn email(action: &Action) -> Option<String> {
    if action.call != "sns:Publish" {
        return None;
    }
    let severity = action.input["MessageAttributes"]["severity"].as_str().unwrap_or("-");
    Some(match &action.result {
        ActionResult::Done(_) => severity.to_owned(),
        ActionResult::Failed(_) => format!("{severity} failed"),
        ActionResult::NotCalled(_) => format!("{severity} not-called"),
    })
}

/// Equal neighbours as one line with their count.
fn counted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let lines: Vec<String> = lines.collect();
    let runs = lines.chunk_by(|one, next| one == next);
    let line = |run: &[String]| match run.len() {
        1 => run[0].clone(),
        count => format!("{} x {count}", run[0]),
    };
    runs.map(line).collect()
}
