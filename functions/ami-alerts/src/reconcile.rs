//! Looks at every image of the account for shares that the rules do not want and that no event told of: those that are
//! public first, then the others, one after the other until the time is over.

mod region;

use std::time::{Duration, Instant};

use shared::decision::{ActionResult, Verdict};
use shared::token::client_token;

use crate::because::Because;
use crate::grantee::Grantee;
use crate::mail::found::{self, Found};
use crate::remark::Remark;
use crate::run::Run;
use shared::report::Report;

/// The time that is left for the mails.
const TIME_TO_TELL: Duration = Duration::from_secs(30);

/// What tells one set of grantees from another, in any order.
pub fn digest(grantees: &[Grantee]) -> String {
    let mut names: Vec<&str> = grantees.iter().map(Grantee::name).collect();
    names.sort_unstable();
    names.dedup();
    client_token(names)
}

/// What comes of looking at every image, region by region. What is found in one is mailed before the next is looked at.
pub async fn reconcile(run: &Run<'_>) -> Report {
    let mut report = Report::default();
    let further = run.settings.regions.iter().filter(|region| **region != run.home.region);
    let regions: Vec<&String> = std::iter::once(&run.home.region).chain(further).collect();
    // Each region has its share of the time, so that the first does not take it all.
    for (at, region) in regions.iter().enumerate() {
        let left = run.invocation.deadline.saturating_duration_since(Instant::now() + TIME_TO_TELL);
        let until = Instant::now() + left / (regions.len() - at) as u32;
        let known = known(run, region, &mut report).await;
        let survey = region::survey(run, region, &known, until, &mut report).await;
        tell(run, region, &survey, &mut report).await;
        forget(run, region, &survey.settled, &mut report).await;
    }
    report
}

/// What was mailed about the region's images; nothing, where the table does not say.
async fn known(
    run: &Run<'_>,
    region: &str,
    report: &mut Report,
) -> std::collections::BTreeMap<String, String> {
    let known = match run.ledger() {
        None => Err("there is none".to_owned()),
        Some(ledger) => ledger.shares(&run.home.account, region).await,
    };
    known.unwrap_or_else(|why| {
        report.note(&images_of(region), &Remark::NotRemembered { why });
        Default::default()
    })
}

/// Mails what was found, some images a mail, and remembers each that was mailed.
async fn tell(run: &Run<'_>, region: &str, survey: &region::Survey, report: &mut Report) {
    let place = found::Place {
        home: &run.home,
        region,
        alias: survey.alias.as_deref(),
        block: survey.block.as_deref(),
    };
    for some in survey.found.chunks(found::AT_A_TIME) {
        let action = run.publish(&found::message(some, &place, run.settings.limit)).await;
        let result = action.result.clone();
        report.actions.push(action);
        if let ActionResult::Failed(error) = &result {
            let error = error.clone();
            report.reason(Verdict::Fail, &images_of(region), &Because::MailFailed { error });
        }
        if let ActionResult::Done(_) = result {
            remember(run, region, some, report).await;
        }
    }
}

async fn remember(run: &Run<'_>, region: &str, mailed: &[Found], report: &mut Report) {
    let Some(ledger) = run.ledger() else { return };
    for found in mailed {
        let (account, image) = (&run.home.account, &found.image.id);
        let digest = digest(&found.offenders());
        let done = ledger.remember(account, region, image, Some(&digest), run.invocation.now).await;
        if let Err(error) = done {
            report.note(image, &Remark::ShareNotRemembered { error });
        }
    }
}

/// Forgets what was mailed about images that are as the rules want them by now, or are gone.
async fn forget(run: &Run<'_>, region: &str, settled: &[String], report: &mut Report) {
    let Some(ledger) = run.ledger().filter(|_| !run.invocation.dry_run) else { return };
    for image in settled {
        let done = ledger.remember(&run.home.account, region, image, None, run.invocation.now).await;
        if let Err(error) = done {
            report.note(image, &Remark::ShareNotRemembered { error });
        }
    }
}

/// What a decision calls what is about all images of a region.
fn images_of(region: &str) -> String {
    format!("images of {region}")
}
