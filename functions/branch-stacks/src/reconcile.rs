//! Reconcile: evaluates every branch and every stack. Missing stacks come first, then orphans, then updates, then branches
//! that may be idle.
//!
//! Reconcile keeps no cursor: what a run did needs nothing in the next run, which so continues where this run stopped.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_cloudformation::types::StackStatus;
use jiff::SignedDuration;
use shared::config::Place;
use shared::decision::Verdict;
use shared::report::Report;
use tokio::time::timeout_at;

use crate::act::Enacted;
use crate::because::Because;
use crate::brake::DeletionPolicy;
use crate::converge;
use crate::decide::StackDecision;
use crate::gather::Known;
use crate::identity::BranchId;
use crate::inventory::{Inventory, Need, inventory};
use crate::missing::BranchOutcome;
use crate::notify::ready::keys;
use crate::notify::report_ready;
use crate::report_failure::report_waiting;
use crate::report_missing::{forget_over, report_missing};
use crate::report_once::{record, table_failure};
use crate::reports::Reports;
use crate::roll_out::{ENOUGH_FAILURES, RollOutId, RollOutStacks};
use crate::roll_out_reports::{forget_complete, record_lost};
use crate::run::{BranchInput, Run};
use crate::stack::BranchStack;
use crate::survey::{Surveyed, survey};

/// With less time than this before the end of the invocation, no branch is begun.
const TIME_TO_BEGIN: Duration = Duration::from_secs(30);

/// With less time than this before the end of the invocation, a branch's calls are no longer awaited.
const TIME_TO_REPORT: Duration = Duration::from_secs(5);

/// A stack that is ready and was not reported so is reported by reconcile until then. A rule that asks for reports for the
/// first time does not report every older stack.
const LOST_EVENT: SignedDuration = SignedDuration::from_hours(24);

/// The most stacks that are updated at a time: a change that fails, fails for these before it fails for all.
pub const AT_A_TIME: usize = 10;

/// The most stacks that are created at a time.
pub const MADE_AT_A_TIME: usize = 100;

/// After this many equal failures of branches of a rule, its other branches are not tried in this run.
const ENOUGH_REFUSALS: usize = 3;

const CREATE: &str = "cloudformation:CreateStack";
const UPDATE: &str = "cloudformation:UpdateStack";

/// Reconciles; the report has a reason for each branch and each stack. `confirm` is the digest of the deletions that an operator
/// confirms.
pub async fn reconcile(run: &Run<'_>, confirm: Option<&str>) -> Report {
    let until = before(run.invocation.deadline, TIME_TO_BEGIN);
    let listed = timeout_at(until.into(), inventory(run.rules, &run.settings.prefix, run.aws)).await;
    let inventory = match listed.unwrap_or(Err(Because::NoTimeToList)) {
        Ok(inventory) => inventory,
        Err(because) => return Report::of(Verdict::Fail, "reconcile", &because),
    };
    // Stands for any branch; no decision is about it.
    let placeholder = BranchId { repository: String::new(), name: String::new() };
    let (needs, mut report) = inventory.sorted(&run.input(&placeholder));
    if needs.is_empty() && report.reasons.is_empty() && confirm.is_none() {
        return Report::of(Verdict::Skip, "reconcile", &Because::NothingThere);
    }
    let settled = settled(run, &inventory, &needs);
    let names = covered_names(run, &inventory);
    // Without the table, only the decisions that depend on it fail.
    let reports = run.table().all().await;
    if let Err(error) = &reports {
        report.add(table_failure("reconcile", error.clone()));
    }
    let mut reports = reports.ok();
    if let Some(reports) = &mut reports {
        report.add(forget_complete(run, &inventory.stacks, reports).await);
    }
    let mut sweep = Sweep::new(inventory, reports);
    let (missing, others) = needs.split_at(needs.partition_point(|(need, _)| *need == Need::Missing));
    for (need, branch) in missing {
        report.add(sweep.evaluate(run, *need, branch).await);
    }
    sweep.survey(run, others, confirm, until).await;
    report.add(std::mem::take(&mut sweep.surveyed.report));
    for (need, branch) in others {
        report.add(sweep.evaluate(run, *need, branch).await);
    }
    let Some(reports) = &sweep.reports else { return report };
    let outcomes: Vec<BranchOutcome> = settled.into_iter().chain(sweep.outcomes).collect();
    let until = before(run.invocation.deadline, TIME_TO_REPORT);
    let reporting = async {
        let mut reported = report_waiting(run, &sweep.inventory.stacks, reports).await;
        reported.add(report_outcomes(run, &outcomes, reports, names.as_ref()).await);
        reported
    };
    match timeout_at(until.into(), reporting).await {
        Ok(reported) => report.add(reported),
        Err(_) => report.reason(Verdict::Hold, "reconcile", &Because::NoTimeLeft),
    }
    report
}

/// The results for the branches that the lists alone show to need nothing.
fn settled(run: &Run<'_>, inventory: &Inventory, needs: &[(Need, BranchId)]) -> Vec<BranchOutcome> {
    let needy: BTreeSet<&BranchId> = needs.iter().map(|(_, branch)| branch).collect();
    let settled = inventory.covered.iter().filter(|branch| !needy.contains(branch));
    let outcome = |branch: &BranchId| {
        let (decision, stack) = inventory.settled(&run.input(branch))?;
        Some(BranchOutcome { branch: branch.clone(), decision, stack: Some(stack.clone()) })
    };
    settled.filter_map(outcome).collect()
}

/// The names of the stacks of all covered branches; nothing if the branches of a repository could not be listed.
fn covered_names(run: &Run<'_>, inventory: &Inventory) -> Option<BTreeSet<String>> {
    let names = || inventory.covered.iter().map(|branch| branch.stack_name(&run.settings.prefix)).collect();
    inventory.unreadable.is_empty().then(names)
}

/// Reports the branches without a stack that works, and ready stacks whose event was lost; forgets what is over.
async fn report_outcomes(
    run: &Run<'_>,
    outcomes: &[BranchOutcome],
    known: &Reports,
    names: Option<&BTreeSet<String>>,
) -> Report {
    let mut report = Report::default();
    report.add(forget_over(run, outcomes, known, names).await);
    report.add(report_missing(run, outcomes, known).await);
    for BranchOutcome { branch, decision, stack } in outcomes {
        let recent = stack.as_ref().filter(|stack| {
            let began = stack.operation_began();
            began.is_some_and(|began| run.invocation.now.duration_since(began) <= LOST_EVENT)
                && keys(stack).iter().any(|key| !known.contains_key(key))
        });
        if let Some(stack) = recent {
            report.add(report_ready(run, branch, stack, decision).await);
        }
    }
    report
}

fn before(deadline: Instant, time: Duration) -> Instant {
    deadline.checked_sub(time).unwrap_or(deadline)
}

/// One pass over the branches to evaluate, and its limits.
struct Sweep {
    inventory: Inventory,
    /// The reports that were made before this run; nothing if the table did not answer.
    reports: Option<Reports>,
    /// The branches whose stacks this run has begun to create.
    created: BTreeSet<BranchId>,
    /// The number of stacks that are being updated.
    updating: usize,
    /// Why no further branch is begun.
    stopped: Option<Because>,
    /// Why no further stack is created.
    full: Option<Because>,
    /// The failures so far.
    refusals: Vec<RuleRefusal>,
    /// The results for the branches so far.
    outcomes: Vec<BranchOutcome>,
    /// What the survey found.
    surveyed: Surveyed,
}

/// A failure of branches of one rule.
struct RuleRefusal {
    rule: Place,
    because: Because,
    times: usize,
}

impl Sweep {
    fn new(inventory: Inventory, reports: Option<Reports>) -> Self {
        Self {
            updating: inventory.updating(),
            inventory,
            reports,
            created: BTreeSet::new(),
            stopped: None,
            full: None,
            refusals: Vec::new(),
            outcomes: Vec::new(),
            surveyed: Surveyed::default(),
        }
    }

    /// Lets the brake decide about the deletions of this run, before the first of them.
    async fn survey(
        &mut self,
        run: &Run<'_>,
        needs: &[(Need, BranchId)],
        confirm: Option<&str>,
        until: Instant,
    ) {
        if self.stopped.is_none() {
            self.surveyed = survey(run, &self.inventory, needs, self.reports.as_ref(), confirm, until).await;
            self.stopped = self.surveyed.stopped.clone();
        }
    }

    /// Evaluates a branch, or reports why this run does not.
    async fn evaluate(&mut self, run: &Run<'_>, need: Need, branch: &BranchId) -> Report {
        let left = run.invocation.deadline.saturating_duration_since(Instant::now());
        if self.stopped.is_none() && left < TIME_TO_BEGIN {
            self.stopped = Some(Because::NoTimeLeft);
        }
        if let Some(because) = self.stopped.clone() {
            return self.hold(run, need, branch, because);
        }
        if let Some(decision) = self.was_surveyed(run, branch) {
            let report = self.settle(branch, decision);
            return self.with_lost_failure(run, report).await;
        }
        if let Some(because) = self.has_to_wait(run, need, branch) {
            return self.hold(run, need, branch, because);
        }
        let most = run.rules.covering(branch).and_then(|rule| rule.max_stacks);
        let known_count = most.map(|_| self.count_of_rule(run, branch));
        // No call is needed for this answer. A branch that may be idle is read: if it is not, it waits for a stack.
        if let (Some(most), Some(count), Need::Missing) = (most, known_count, need)
            && count >= most as usize
        {
            return self.hold(run, need, branch, Because::TooManyStacks { most });
        }
        if let Some(counted) = self.surveyed.judgements.counted(branch)
            && let Err(error) = record(run, &counted.deletion_key()).await
        {
            return table_failure(&branch.to_string(), error);
        }
        let deletions = DeletionPolicy::Judged(&self.surveyed.judgements);
        let input = BranchInput { deletions, ..run.input(branch) };
        let until = before(run.invocation.deadline, TIME_TO_REPORT);
        let known = Known {
            count: known_count,
            listing: Some(&self.inventory.stacks),
            reports: self.reports.as_ref(),
        };
        let Ok(enacted) = timeout_at(until.into(), converge(&input, run, known)).await else {
            self.stopped = Some(Because::NoTimeLeft);
            return self.hold(run, need, branch, Because::CutOff);
        };
        self.learn(&enacted, branch);
        self.outcomes.push(enacted.outcome(branch));
        self.with_lost_failure(run, enacted.report(branch)).await
    }

    /// The report about the last branch, after the failure that it shows was recorded: it counts for the branches after it.
    async fn with_lost_failure(&mut self, run: &Run<'_>, mut report: Report) -> Report {
        if let (Some(outcome), Some(reports)) = (self.outcomes.last(), &mut self.reports) {
            report.add(record_lost(run, outcome, reports).await);
        }
        report
    }

    /// The most stacks that are updated at a time: few until a stack has got the roll-out.
    fn at_a_time(&self, run: &Run<'_>, branch: &BranchId) -> usize {
        let Some(rule) = run.rules.covering(branch) else { return AT_A_TIME };
        let id = &RollOutId::of_rule(rule);
        let stacks = RollOutStacks { id, rules: run.rules, listing: &self.inventory.stacks };
        if stacks.is_proven() { AT_A_TIME } else { ENOUGH_FAILURES }
    }

    /// The report about a branch that is not evaluated in this run.
    fn hold(&mut self, run: &Run<'_>, need: Need, branch: &BranchId, because: Because) -> Report {
        let report = Report::of(Verdict::Hold, &branch.to_string(), &because);
        let rule = run.rules.covering(branch).map(|rule| rule.place.clone());
        // Of the others, some are not covered, and some may be idle.
        let wants_stack = need == Need::Missing;
        self.settle(branch, StackDecision { wants_stack, ..StackDecision::hold(because, rule) });
        report
    }

    /// The report about a branch whose decision is known without its calls.
    fn settle(&mut self, branch: &BranchId, decision: StackDecision) -> Report {
        let report = decision.report(branch);
        let stack = self.inventory.stacks.ours.get(branch).cloned();
        self.outcomes.push(BranchOutcome { branch: branch.clone(), decision, stack });
        report
    }

    /// The decision about a branch that the survey has read, and that needs nothing or may not be deleted.
    fn was_surveyed(&self, run: &Run<'_>, branch: &BranchId) -> Option<StackDecision> {
        if let Some(decision) = self.surveyed.settled.get(branch) {
            return Some(decision.clone());
        }
        let because = self.surveyed.judgements.hold(branch)?;
        let rule = run.rules.covering(branch).map(|rule| rule.place.clone());
        Some(StackDecision::hold(because.clone(), rule))
    }

    /// Takes the result for one branch into account for the branches after it.
    fn learn(&mut self, enacted: &Enacted, branch: &BranchId) {
        let decision = &enacted.decision;
        self.updating += usize::from(enacted.has_begun(UPDATE));
        if enacted.has_begun(CREATE) || decision.because == Because::MadeMeanwhile {
            self.created.insert(branch.clone());
        }
        if decision.because == Because::AccountFull {
            self.full = Some(Because::AccountFull);
        }
        let was_refused = decision.verdict == Verdict::Fail && !enacted.actions.is_empty();
        if let (true, Some(rule)) = (was_refused, &decision.rule) {
            self.add_refusal(rule, &decision.because);
        }
        if decision.because.is_throttling() {
            self.stopped = Some(Because::Throttled);
        }
    }

    fn add_refusal(&mut self, rule: &Place, because: &Because) {
        let known = self.refusals.iter_mut().find(|known| known.rule == *rule && known.because == *because);
        match known {
            Some(known) => known.times += 1,
            None => {
                let (rule, because) = (rule.clone(), because.clone());
                self.refusals.push(RuleRefusal { rule, because, times: 1 });
            }
        }
    }

    /// Why a branch is not evaluated in this run.
    fn has_to_wait(&self, run: &Run<'_>, need: Need, branch: &BranchId) -> Option<Because> {
        if need == Need::Orphan {
            return None;
        }
        let rule = run.rules.covering(branch).map(|rule| &rule.place);
        let mut repeated = self.refusals.iter().filter(|refusal| refusal.times >= ENOUGH_REFUSALS);
        if let Some(RuleRefusal { because, times, .. }) = repeated.find(|refusal| Some(&refusal.rule) == rule)
        {
            return Some(Because::RefusedForOthers { times: *times, because: Box::new(because.clone()) });
        }
        if !self.has_stack(branch) {
            let paced = (self.being_created() >= MADE_AT_A_TIME)
                .then_some(Because::CreationPaced { most: MADE_AT_A_TIME });
            return self.full.clone().or(paced);
        }
        if !self.is_settled(branch) || self.updating < ENOUGH_FAILURES {
            return None;
        }
        let most = self.at_a_time(run, branch);
        (self.updating >= most).then_some(Because::RollOutPaced { most })
    }

    fn has_stack(&self, branch: &BranchId) -> bool {
        self.inventory.stacks.ours.contains_key(branch) || self.created.contains(branch)
    }

    /// The number of stacks that are being created.
    fn being_created(&self) -> usize {
        let ours = self.inventory.stacks.ours.iter();
        let listed = ours.filter(|(_, stack)| stack.status == StackStatus::CreateInProgress);
        listed.filter(|(branch, _)| !self.created.contains(*branch)).count() + self.created.len()
    }

    /// The number of stacks of the rule that covers a branch.
    fn count_of_rule(&self, run: &Run<'_>, branch: &BranchId) -> usize {
        let listed = self.inventory.stacks.count_of_rule(branch, run.rules);
        let rule = |branch: &BranchId| run.rules.covering(branch).map(|rule| &rule.place);
        let new = self.created.iter().filter(|created| !self.inventory.stacks.ours.contains_key(*created));
        listed + new.filter(|created| rule(created) == rule(branch)).count()
    }

    /// Whether all that the stack can need is an update, or its deletion because the branch is idle; both can wait.
    fn is_settled(&self, branch: &BranchId) -> bool {
        let listed = self.inventory.stacks.ours.get(branch).filter(|_| !self.created.contains(branch));
        listed.is_some_and(|stack: &BranchStack| stack.phase().is_whole())
    }
}
