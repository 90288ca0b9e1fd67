//! Carries the effects of a step out: the only place that writes the known state, starts the DRS plan and publishes emails.

mod associate;
mod launch;
mod ledger;
mod start;
mod terminate;

use std::collections::VecDeque;

use notification::{Publication, publish, publish_claimed};
use shared::act::{Effect as _, Performed};
use shared::call_error::CallError;
use shared::claim::Claim;
use shared::decision::Verdict;
use shared::email::Message;
use shared::report::Report;
use versioned_table::TableError;

use crate::because::Because;
use crate::email::{self, IncidentEmail};
use crate::facts::Facts;
use crate::gather::executions;
use crate::incident::{DecidedStart, Incident, LaunchTag, TerminateCallRecord};
use crate::latch::Clearance;
use crate::remark::Remark;
use crate::rules::RecoveryPlan;
use crate::run::Run;
use crate::step::decide::own;
use crate::step::{
    AssociationAnswer, Effect, ExecutionsQuery, Input, KnownPlan, LaunchAnswer, StartAnswer, StartFailure,
    Step, TerminateAnswer, TerminateFailure, step,
};
use crate::traffic::Association;
use crate::undecided::UndecidedEmail;
use associate::AssociateCall;
use launch::LaunchCall;
use ledger::IncidentLedger;
use start::{StartCall, may_be_own};
use terminate::TerminateCall;

/// The effects of one plan, and their report.
pub(crate) struct Acting<'a> {
    run: &'a Run<'a>,
    plan: &'a RecoveryPlan,
    /// The report so far.
    pub(crate) report: Report,
    /// How DRS was asked for a start.
    pub(crate) asked: Option<Performed<StartAnswer, StartFailure>>,
}

impl<'a> Acting<'a> {
    /// Nothing done yet.
    pub(crate) fn new(run: &'a Run<'a>, plan: &'a RecoveryPlan) -> Self {
        Self { run, plan, report: Report::default(), asked: None }
    }

    /// Carries out the effects of a step from the `stored` state. Returns the state that is stored now.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub(crate) async fn act(&mut self, mut stored: KnownPlan, step: Step) -> Result<KnownPlan, TableError> {
        let (mut known, mut effects) = self.taken(step);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Write => {
                    known = self.write(&stored, known).await?;
                    stored = known.clone();
                }
                Effect::Start(start) => {
                    let performed = self.start(&known, &start).await;
                    let next = self.next(&known, Input::Started(&performed));
                    self.asked = Some(performed);
                    (known, effects) = next;
                }
                Effect::Launch(tags) => {
                    let answers = self.launch(&known, &tags).await;
                    let next = self.next(&known, Input::Launched(&answers));
                    self.asked = answers.into_iter().next().map(|answer| answer.performed);
                    (known, effects) = next;
                }
                Effect::Terminate(call) => {
                    let performed = self.terminate(&call).await;
                    (known, effects) = self.next(&known, Input::Terminated(&performed));
                }
                Effect::Associate(associations) => {
                    let answers = self.associate(associations).await;
                    (known, effects) = self.next(&known, Input::Associated(&answers));
                }
                Effect::ReportClearance(cleared) => {
                    known = self.report_clearance(known, &cleared).await;
                    stored = known.clone();
                }
                Effect::ReportIncident(claim) => self.report_incident(&known, claim).await,
                Effect::ReportDeletion { alarm, is_second } => {
                    let message =
                        email::deleted(self.plan, &alarm, is_second, &known, self.run.invocation.now);
                    self.publish(&message).await;
                }
                Effect::ReportUndecided { .. } | Effect::ReportUnrecordedStart { .. } => {}
            }
        }
        Ok(stored)
    }

    /// Publishes the emails of a step that was taken without the table.
    pub(crate) async fn publish_without_table(&mut self, step: Step, mut due: Option<UndecidedEmail>) {
        let now = self.run.invocation.now;
        let (_, effects) = self.taken(step);
        for effect in effects {
            let message = match &effect {
                Effect::ReportUndecided { alarm, error } => {
                    email::undecided(self.plan, alarm, error, &self.run.home, now)
                }
                Effect::ReportUnrecordedStart { answer, error } => {
                    email::unrecorded(self.plan, answer, error, &self.run.home, now)
                }
                Effect::Write
                | Effect::Start(_)
                | Effect::Launch(_)
                | Effect::Terminate(_)
                | Effect::Associate(_)
                | Effect::ReportClearance(_)
                | Effect::ReportDeletion { .. }
                | Effect::ReportIncident(_) => continue,
            };
            let is_sent = self.publish(&message).await;
            if let (true, Effect::ReportUndecided { .. }) = (is_sent, &effect) {
                due.take().into_iter().for_each(|email| self.run.aws.undecided.add(email));
            }
        }
    }

    /// The state and the effects of a step, once its reasons and notes are reported.
    fn taken(&mut self, step: Step) -> (KnownPlan, VecDeque<Effect>) {
        self.report.reasons.extend(step.reasons);
        self.report.notes.extend(step.notes);
        (step.known, step.effects.into())
    }

    /// The step with the answer to an effect, which needs no facts.
    fn next(&mut self, known: &KnownPlan, answer: Input<'_>) -> (KnownPlan, VecDeque<Effect>) {
        match step(known, answer, &Facts::default(), &self.run.context(self.plan)) {
            Ok(step) => self.taken(step),
            Err(_) => (known.clone(), VecDeque::new()),
        }
    }

    /// Writes the changes from `stored` to `known`.
    async fn write(&self, stored: &KnownPlan, known: KnownPlan) -> Result<KnownPlan, TableError> {
        let store = self.run.store();
        let write = store.write(&self.plan.name, stored, &known);
        match self.run.invocation.executor.perform(write).await {
            Performed::Done(written) => Ok(written),
            Performed::Failed(error) => Err(error),
            Performed::NotCalled => Ok(known),
        }
    }

    async fn start(
        &mut self,
        known: &KnownPlan,
        start: &DecidedStart,
    ) -> Performed<StartAnswer, StartFailure> {
        let Some(incident) = &known.incident else { return Performed::NotCalled };
        let call = StartCall { incident, start };
        let performed = self.run.invocation.executor.perform(call.send(&self.run.aws.drs)).await;
        let result = performed.result(|StartAnswer(execution)| execution.arn.to_string());
        self.report.actions.push(call.action(result));
        match performed {
            Performed::Failed(StartFailure::Refused(error)) if may_be_own(&error) => {
                self.own_or_refused(incident, error).await
            }
            performed => performed,
        }
    }

    /// A conflict or a quota can be due to the incident's own execution, whose answer was lost: its tag is looked for first. If
    /// DRS cannot list the executions, the refusal stands, and the next evaluation searches again before it asks again.
    async fn own_or_refused(
        &mut self,
        incident: &Incident,
        error: CallError,
    ) -> Performed<StartAnswer, StartFailure> {
        let found = executions(&self.run.aws.drs, &ExecutionsQuery::of(incident)).await.unwrap_or_default();
        let Some(own) = own(incident, &found) else {
            return Performed::Failed(StartFailure::Refused(error));
        };
        let (execution, status) = (own.arn.to_string(), own.status.clone());
        self.report.reason(Verdict::Start, &self.plan.name, &Because::Adopted { execution, status });
        Performed::Done(StartAnswer(own.clone()))
    }

    /// Asks DRS for launches, one after the other: a killed invocation leaves at most one answer unknown.
    async fn launch(&mut self, known: &KnownPlan, tags: &[LaunchTag]) -> Vec<LaunchAnswer> {
        let mut answers = Vec::new();
        let Some(incident) = &known.incident else { return answers };
        for tag in tags.iter().copied() {
            let Some(launch) = incident.waves.as_ref().and_then(|course| course.launch(tag)) else {
                continue;
            };
            let call = LaunchCall { incident, tag, launch };
            let performed = self.run.invocation.executor.perform(call.send(&self.run.aws.drs)).await;
            let result = performed.result(|StartAnswer(job)| job.arn.to_string());
            self.report.actions.push(call.action(result));
            answers.push(LaunchAnswer { tag, performed });
        }
        answers
    }

    async fn terminate(
        &mut self,
        call: &TerminateCallRecord,
    ) -> Performed<TerminateAnswer, TerminateFailure> {
        let call = TerminateCall { plan: &self.plan.name, call };
        let performed = self.run.invocation.executor.perform(call.send(&self.run.aws.drs)).await;
        let result = performed.result(|TerminateAnswer(job)| job.clone());
        self.report.actions.push(call.action(result));
        performed
    }

    /// Asks EC2 for one association after the other.
    async fn associate(&mut self, associations: Vec<Association>) -> Vec<AssociationAnswer> {
        let mut answers = Vec::new();
        for association in associations {
            let call = AssociateCall(&association);
            let performed = self.run.invocation.executor.perform(call.send(&self.run.aws.ec2)).await;
            self.report.actions.push(call.action(performed.result(String::clone)));
            answers.push(AssociationAnswer { server: association.server, performed });
        }
        answers
    }

    /// Publishes an email to the plan's topic. Returns whether SNS took it.
    async fn publish(&mut self, message: &Message) -> bool {
        let (topic, executor) = (self.run.topic(self.plan), self.run.invocation.executor);
        let publication = Publication { topic: &topic, message };
        let published = publish(publication, executor, &self.run.aws.sns).await;
        self.report.actions.push(published.action);
        self.is_taken(published.outcome)
    }

    fn is_taken(&mut self, outcome: Performed<String>) -> bool {
        let Performed::Failed(error) = outcome else { return true };
        self.report.reason(Verdict::Fail, &self.plan.name, &Because::MailFailed { error });
        false
    }

    async fn report_clearance(&mut self, known: KnownPlan, cleared: &Clearance) -> KnownPlan {
        if !self.publish(&email::cleared(self.plan, cleared)).await {
            return known;
        }
        let (reported, _) = self.next(&known, Input::ClearanceReported);
        match self.write(&known, reported).await {
            Ok(written) => written,
            // The next invocation finds the clearance unreported, and reports it once more.
            Err(error) => {
                let because = Because::StateUnreadable { error };
                self.report.reason(Verdict::Fail, &self.plan.name, &because);
                known
            }
        }
    }

    async fn report_incident(&mut self, known: &KnownPlan, claim: Claim) {
        let Some(incident) = &known.incident else { return };
        let message = email::message(&IncidentEmail {
            plan: self.plan,
            incident,
            latch: &known.latch,
            settings: self.run.settings,
            home: &self.run.home,
            function: &self.run.invocation.function_arn,
            now: self.run.invocation.now,
        });
        let (topic, executor) = (self.run.topic(self.plan), self.run.invocation.executor);
        let mut ledger = IncidentLedger::new(self.run, self.plan, known.clone(), claim, &message.subject);
        let publication = Publication { topic: &topic, message: &message };
        let reported = publish_claimed(publication, &mut ledger, executor, &self.run.aws.sns).await;
        self.report.actions.push(reported.published.action);
        self.is_taken(reported.published.outcome);
        if let Some(error) = reported.unrecorded {
            self.report.note(&self.plan.name, &Remark::NotConfirmed { error });
        }
    }
}

/// Pages the operator about an event that may be an alarm and cannot be read.
pub(crate) async fn page(run: &Run<'_>, message: &Message, report: &mut Report) {
    let publication = Publication { topic: &run.settings.topic, message };
    let published = publish(publication, run.invocation.executor, &run.aws.sns).await;
    report.actions.push(published.action);
    if let Performed::Failed(error) = published.outcome {
        report.reason(Verdict::Fail, "event", &Because::MailFailed { error });
    }
}
