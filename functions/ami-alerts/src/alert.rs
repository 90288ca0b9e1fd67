//! What becomes of one recorded call: looked up, judged, undone if a rule asks for it, mailed once, remembered.

use shared::decision::{ActionResult, Verdict};

use crate::actor::Actor;
use crate::because::Because;
use crate::change::{Change, Kind};
use crate::decide::{Judgement, Plan, judge, judge_call};
use crate::event::Record;
use crate::exposure::offending;
use crate::facts::{Facts, Look};
use crate::gather::{self, gather};
use crate::grantee::Grantee;
use crate::ledger::{Claim, event_key};
use crate::mail::{Reverted, Story};
use crate::origin::Origin;
use crate::reconcile::digest;
use crate::remark::Remark;
use crate::revert::shut_out;
use crate::rules::{CallRule, Trusted};
use crate::run::Run;
use shared::report::Report;

/// What comes of a recorded call.
pub async fn alert(run: &Run<'_>, record: &Record) -> Report {
    let change = Change::of(record);
    let rule = run.rules.calls.iter().find(|rule| rule.names(&record.source, &record.name));
    let change = match (&change, rule) {
        (None, None) => {
            let why = format!("{} of {} is no call that is looked at here", record.name, record.source);
            return Report::of(Verdict::Skip, "event", &Because::NotOurs(why));
        }
        (Some(Change::OtherAttribute { resource, attribute }), None) => {
            let because = Because::OtherAttribute { attribute: attribute.clone() };
            return Report::of(Verdict::Skip, resource.id.as_deref().unwrap_or("event"), &because);
        }
        // What a rule names is told of whatever it changed.
        (Some(Change::OtherAttribute { .. }) | None, Some(_)) => None,
        (Some(change), _) => Some(change),
    };
    let actor = Actor::of(record);
    let subject = subject(record, change);
    if let Some(change) = change
        && is_own_call(run, record, change, &actor).await
    {
        return Report::of(Verdict::Skip, &subject, &Because::OwnCall);
    }
    let facts = gather(record, change, &run.home, run.aws).await;
    let judgement = match (change, rule) {
        (Some(change), _) => judge(record, change, &facts, run.rules, &run.home.account),
        (None, Some(rule)) => judge_call(record, rule),
        (None, None) => return Report::default(),
    };
    let (actor, rule) = (&actor, rule.filter(|_| change.is_none()));
    let call = Call { run, record, change, actor, judgement: &judgement, rule, subject };
    call.told(facts).await
}

/// What the decision calls it.
fn subject(record: &Record, change: Option<&Change>) -> String {
    match change {
        Some(Change::PublicAccessBlock { .. }) => {
            format!("images of {}", record.region.as_deref().unwrap_or("a region"))
        }
        Some(change) => {
            let id = change.resource().and_then(|resource| resource.id.as_deref());
            id.unwrap_or("an image that is not named").to_owned()
        }
        None => record.name.clone(),
    }
}

/// Whether this function made the call. It only ever shuts out, so nothing else is asked for.
async fn is_own_call(run: &Run<'_>, record: &Record, change: &Change, actor: &Actor) -> bool {
    let Change::Permissions(permissions) = change else { return false };
    let only_removes = permissions.is_known && permissions.added.is_empty() && !permissions.reset;
    let reverts = run.rules.images.iter().any(|rule| rule.revert.is_some());
    let is_here = record.account.as_deref() == Some(&run.home.account);
    if !only_removes || !reverts || !is_here || permissions.resource.kind != Kind::Image {
        return false;
    }
    // Not to know it costs a needless mail, with good news.
    match run.aws.sts.get_caller_identity().send().await {
        Ok(caller) => caller.arn.is_some_and(|arn| actor.has_role_of(&arn)),
        Err(_) => false,
    }
}

/// A call that was looked up and judged.
struct Call<'a> {
    run: &'a Run<'a>,
    record: &'a Record,
    change: Option<&'a Change>,
    actor: &'a Actor,
    judgement: &'a Judgement<'a>,
    rule: Option<&'a CallRule>,
    subject: String,
}

impl Call<'_> {
    async fn told(&self, mut facts: Facts) -> Report {
        let mut report = Report::default();
        self.remarks(&facts, &mut report);
        let undoes = matches!(self.judgement.plan, Plan::Remove(_));
        if self.judgement.is_muted && !undoes {
            self.found(Verdict::Skip, &mut report);
            if let Some(rule) = self.judgement.rule {
                let because = Because::Muted {
                    severity: self.judgement.severity,
                    from: rule.mute_below,
                    place: rule.place.clone(),
                };
                report.reason(Verdict::Skip, &self.subject, &because);
            }
            return report;
        }
        let key = event_key(self.record);
        let is_second_try = match self.claim(&key, &mut report).await {
            Claim::Mailed { revert_failed: true, .. } if undoes => true,
            Claim::Mailed { at, .. } => {
                report.reason(Verdict::Skip, &self.subject, &Because::MailedAlready { at });
                return report;
            }
            Claim::Held => {
                // Not a skip: if the other one fails, somebody has to mail it.
                report.reason(Verdict::Fail, &self.subject, &Because::BeingMailed);
                return report;
            }
            Claim::Ours | Claim::Unknown(_) => false,
        };
        self.found(Verdict::Alert, &mut report);
        let reverted = self.revert(&mut facts, &mut report).await;
        // That it could not be undone was mailed.
        if !(is_second_try && matches!(reverted, Reverted::Failed(..))) {
            self.mail(&key, &facts, &reverted, &mut report).await;
        }
        report
    }

    fn remarks(&self, facts: &Facts, report: &mut Report) {
        let looks = [
            ("the account's alias", facts.alias.unseen()),
            ("the image", facts.image.unseen()),
            ("who may use it now", facts.permissions.unseen()),
            ("block public access", facts.block.unseen()),
        ];
        for (what, why) in looks.into_iter().filter_map(|(what, why)| Some((what, why?.to_owned()))) {
            report.note(&self.subject, &Remark::NotSeen { what, why });
        }
        if self.judgement.is_uncertain {
            report.note(&self.subject, &Remark::RuleUncertain);
        }
    }

    /// A reason for each thing that it comes to.
    fn found(&self, verdict: Verdict, report: &mut Report) {
        let place = self.judgement.rule.map(|rule| &rule.place).or(self.rule.map(|rule| &rule.place));
        for finding in &self.judgement.findings {
            let (what, severity) = (finding.what.clone(), finding.severity);
            let went = self.record.outcome.name();
            let because = Because::Found { what, severity, outcome: went, place: place.cloned() };
            report.reason(verdict, &self.subject, &because);
        }
    }

    async fn claim(&self, key: &str, report: &mut Report) -> Claim {
        let claim = match self.run.ledger() {
            _ if self.run.invocation.dry_run => return Claim::Ours,
            None => Claim::Unknown("there is none".to_owned()),
            Some(ledger) => ledger.claim(key, &self.run.claimant()).await,
        };
        if let Claim::Unknown(why) = &claim {
            report.note(&self.subject, &Remark::NotRemembered { why: why.clone() });
        }
        claim
    }

    async fn revert(&self, facts: &mut Facts, report: &mut Report) -> Reverted {
        let grantees = match &self.judgement.plan {
            Plan::Nothing => return Reverted::NotWanted,
            Plan::Held(why) => {
                let why = (*why).to_owned();
                report.reason(Verdict::Hold, &self.subject, &Because::RevertHeld { why: why.clone() });
                return Reverted::Held(why);
            }
            Plan::Remove(grantees) => grantees.clone(),
        };
        let Some(resource) = self.change.and_then(Change::resource) else { return Reverted::NotWanted };
        let Some(image) = resource.legal_id() else { return Reverted::NotWanted };
        let ec2 = self.run.aws.ec2(self.region());
        let actions = shut_out(image, &grantees, &ec2, self.run.invocation.dry_run).await;
        let error = actions.iter().find_map(|action| match &action.result {
            ActionResult::Failed(error) => Some(error.clone()),
            _ => None,
        });
        report.actions.extend(actions);
        if let Some(error) = error {
            let because = Because::RevertFailed { grantees: grantees.clone(), error: error.clone() };
            report.reason(Verdict::Fail, &self.subject, &because);
            return Reverted::Failed(grantees, error);
        }
        let place = self.judgement.rule.map(|rule| rule.place.clone());
        report.reason(
            Verdict::Revert,
            &self.subject,
            &Because::Reverted { grantees: grantees.clone(), place },
        );
        if !self.run.invocation.dry_run {
            // What the mail says is true now is what is there now.
            facts.permissions = match gather::permissions(resource, &ec2).await {
                Ok(now) => Look::Seen(now),
                Err(why) => Look::Unseen(why),
            };
        }
        Reverted::Done(grantees)
    }

    /// The region of the image.
    fn region(&self) -> &str {
        self.record.region.as_deref().unwrap_or(&self.run.home.region)
    }

    async fn mail(&self, key: &str, facts: &Facts, reverted: &Reverted, report: &mut Report) {
        let origin = Origin::of(self.record);
        let story = Story {
            record: self.record,
            change: self.change,
            judgement: self.judgement,
            facts,
            actor: self.actor,
            origin: &origin,
            reverted,
            home: &self.run.home,
            shown: self.rule.map_or(&[], |rule| &rule.show),
        };
        let action = self.run.publish(&story.message(self.run.settings.limit)).await;
        let result = action.result.clone();
        report.actions.push(action);
        match result {
            ActionResult::Done(message) => self.remember(key, &message, facts, reverted, report).await,
            ActionResult::Failed(error) => {
                report.reason(Verdict::Fail, &self.subject, &Because::MailFailed { error });
                self.release(key, report).await;
            }
            ActionResult::NotCalled(_) => {}
        }
    }

    /// Gives the claim up, so that whoever redrives the event need not wait for its end.
    async fn release(&self, key: &str, report: &mut Report) {
        let Some(ledger) = self.run.ledger() else { return };
        if let Err(why) = ledger.release(key, &self.run.claimant()).await {
            report.note(&self.subject, &Remark::NotRemembered { why });
        }
    }

    /// Remembers that the event was mailed, and with it whom the rules do not want in, which reconcile need not mail again.
    async fn remember(
        &self,
        key: &str,
        message: &str,
        facts: &Facts,
        reverted: &Reverted,
        report: &mut Report,
    ) {
        let Some(ledger) = self.run.ledger() else { return };
        let now = self.run.invocation.now;
        let revert = reverted.name().unwrap_or("none");
        if let Err(error) = ledger.confirm(key, message, now, revert).await {
            report.note(&self.subject, &Remark::NotConfirmed { error });
        }
        let Some((image, offenders)) = self.left(facts) else { return };
        let digest = (!offenders.is_empty()).then(|| digest(&offenders));
        let (account, region) = (&self.run.home.account, self.region());
        if let Err(error) = ledger.remember(account, region, image, digest.as_deref(), now).await {
            report.note(&self.subject, &Remark::ShareNotRemembered { error });
        }
    }

    /// The image, and who may use it whom the rules do not want to; nothing where that is not known for sure.
    fn left(&self, facts: &Facts) -> Option<(&str, Vec<Grantee>)> {
        let resource = self.change?.resource().filter(|resource| resource.kind == Kind::Image)?;
        let is_here = self.record.account.as_deref() == Some(self.run.home.account.as_str());
        if !is_here || self.judgement.is_uncertain {
            return None;
        }
        let nobody = Trusted::default();
        let trusted = self.judgement.rule.map_or(&nobody, |rule| &rule.trusted);
        Some((
            resource.legal_id()?,
            offending(facts.permissions.seen()?, Some(&self.run.home.account), trusted),
        ))
    }
}
