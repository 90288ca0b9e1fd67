//! Which starts of a plan a closed window holds back. Pure.

use jiff::Timestamp;
use shared::call_error::CallError;
use shared::decision::Verdict;

use super::calendar::Closed;
use super::{Opening, Window};
use crate::because::Because;
use crate::decide::{Start, StartPlan};
use crate::event::Reference;
use crate::remark::Remark;

/// The author and the message of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitAbout {
    /// The email address of its author. The author chooses it.
    pub author: String,
    /// Its message.
    pub message: String,
}

/// What is known of the pushed commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CommitFacts {
    /// No window asks for it.
    #[default]
    NotAsked,
    /// It was read.
    Known(CommitAbout),
    /// It could not be read.
    Unknown(CallError),
}

/// A start that waits for a window.
#[derive(Debug, Clone)]
pub struct HeldStart {
    /// The start.
    pub start: Start,
    /// The name of the window.
    pub window: String,
    /// Why it is closed.
    pub closed: Closed,
    /// When it opens.
    pub until: Opening,
    /// Which verdict of the plan is its.
    pub verdict: usize,
}

/// Why a push starts a pipeline although the window is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowException {
    /// `except-branches` includes the branch.
    Branch(String),
    /// `except-tags` includes the tag.
    Tag(String),
    /// `except-authors` has the author.
    Author(String),
    /// The commit's message has the `except-marker`.
    Marker(String),
}

/// Whether the decision about `plan` needs the commit's author or message.
pub fn asks_for_the_commit(plan: &StartPlan, windows: &[Option<&Window>], now: Timestamp) -> bool {
    let starts = plan.verdicts.iter().zip(windows).filter(|(of_rule, _)| of_rule.verdict == Verdict::Start);
    starts
        .filter_map(|(_, window)| *window)
        .any(|window| window.exceptions.ask_for_the_commit() && window.calendar.closed(now).is_some())
}

/// Takes the starts that a closed window holds back out of the plan, and gives their verdicts the reason. `windows` has
/// that of each verdict's rule.
pub fn judge(
    plan: &mut StartPlan,
    windows: &[Option<&Window>],
    reference: Option<&Reference>,
    commit: &CommitFacts,
    now: Timestamp,
) -> Vec<HeldStart> {
    let mut held = Vec::new();
    for (verdict, window) in windows.iter().enumerate() {
        let of_rule = &mut plan.verdicts[verdict];
        let Some(window) = window.filter(|_| of_rule.verdict == Verdict::Start) else { continue };
        let Some(closed) = window.calendar.closed(now) else { continue };
        let pipeline = of_rule.subject.clone();
        if let Some(why) = exception(window, reference, commit) {
            plan.remarks.push(Remark::WindowException { pipeline, window: window.name.clone(), closed, why });
            continue;
        }
        if let (true, CommitFacts::Unknown(error)) = (window.exceptions.ask_for_the_commit(), commit) {
            plan.remarks.push(Remark::ExceptionUnread { pipeline: pipeline.clone(), error: error.clone() });
        }
        let start = plan.starts.iter().position(|start| start.pipeline == pipeline);
        let start = plan.starts.remove(start.expect("each verdict `start` has its start"));
        let name = window.name.clone();
        let Some(at) = window.calendar.next_opening(now) else {
            of_rule.verdict = Verdict::Fail;
            of_rule.because = Because::WindowNeverOpens { window: name, closed };
            continue;
        };
        let until = Opening { at, zone: window.calendar.zone.clone() };
        of_rule.verdict = Verdict::Hold;
        of_rule.because =
            Because::WindowClosed { window: name.clone(), closed: closed.clone(), until: until.clone() };
        held.push(HeldStart { start, window: name, closed, until, verdict });
    }
    held
}

fn exception(
    window: &Window,
    reference: Option<&Reference>,
    commit: &CommitFacts,
) -> Option<WindowException> {
    let exceptions = &window.exceptions;
    match (reference, &exceptions.branches, &exceptions.tags) {
        (Some(Reference::Branch(name)), Some(list), _) if list.includes(name).0 => {
            return Some(WindowException::Branch(name.clone()));
        }
        (Some(Reference::Tag(name)), _, Some(list)) if list.includes(name).0 => {
            return Some(WindowException::Tag(name.clone()));
        }
        _ => {}
    }
    let CommitFacts::Known(about) = commit else { return None };
    if exceptions.authors.iter().any(|author| author.eq_ignore_ascii_case(&about.author)) {
        return Some(WindowException::Author(about.author.clone()));
    }
    let marker = exceptions.marker.as_ref().filter(|marker| about.message.contains(marker.as_str()));
    marker.map(|marker| WindowException::Marker(marker.clone()))
}

impl std::fmt::Display for WindowException {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "`except-branches` includes the branch `{name}`"),
            Self::Tag(name) => write!(f, "`except-tags` includes the tag `{name}`"),
            Self::Author(email) => write!(f, "`except-authors` has the commit's author `{email}`"),
            Self::Marker(text) => write!(f, "the commit's message has the marker `{text}`"),
        }
    }
}
