//! Records in the incident whether SNS took a claimed email.

use notification::Ledger;
use shared::claim::Claim;
use versioned_table::TableError;

use crate::facts::Facts;
use crate::rules::RecoveryPlan;
use crate::run::Run;
use crate::step::{EmailAnswer, Input, KnownPlan, step};

/// The most tries while other invocations write the incident.
const TRIES: usize = 5;

/// The claim of an email, in the incident that it reports.
pub(super) struct IncidentLedger<'a> {
    run: &'a Run<'a>,
    plan: &'a RecoveryPlan,
    known: KnownPlan,
    claim: Claim,
    subject: &'a str,
}

impl<'a> IncidentLedger<'a> {
    /// The claim in the known state.
    pub(super) fn new(
        run: &'a Run<'a>,
        plan: &'a RecoveryPlan,
        known: KnownPlan,
        claim: Claim,
        subject: &'a str,
    ) -> Self {
        Self { run, plan, known, claim, subject }
    }

    async fn record(&mut self, answer: EmailAnswer) -> Result<(), TableError> {
        let Some(id) = self.known.incident.as_ref().map(|incident| incident.id.clone()) else {
            return Ok(());
        };
        let (store, plan) = (self.run.store(), &self.plan.name);
        for _ in 0..TRIES {
            let input = Input::Published { claim: &self.claim, subject: self.subject, answer };
            let Ok(next) = step(&self.known, input, &Facts::default(), &self.run.context(self.plan)) else {
                return Ok(());
            };
            match store.write(plan, &self.known, &next.known).await {
                Ok(_) => return Ok(()),
                Err(TableError::Overtaken) => self.known = store.known_with(plan, &id).await?,
                Err(error) => return Err(error),
            }
        }
        Err(TableError::Overtaken)
    }
}

impl Ledger for IncidentLedger<'_> {
    type Error = TableError;

    async fn confirm(&mut self, _message_id: &str) -> Result<(), TableError> {
        self.record(EmailAnswer::Accepted).await
    }

    async fn release(&mut self) -> Result<(), TableError> {
        self.record(EmailAnswer::Refused).await
    }

    async fn unanswered(&mut self) -> Result<(), TableError> {
        self.record(EmailAnswer::Lost).await
    }
}
