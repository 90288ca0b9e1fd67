//! The images of one region, and which of them offend the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::Filter;
use shared::aws::told;
use shared::clock::elsewhere;
use shared::decision::Verdict;

use super::{digest, images_of};
use crate::because::Because;
use crate::change::{Kind, Resource};
use crate::decide::{What, covering};
use crate::exposure::{Exposure, sorted};
use crate::facts::{Facts, Image, Look};
use crate::gather;
use crate::grantee::Grantee;
use crate::mail::found::Found;
use crate::run::Run;
use shared::report::Report;

/// What was found in a region.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// What is to be mailed, worst first.
    pub(super) found: Vec<Found>,
    /// Images that were mailed about before, and do not offend any more.
    pub(super) settled: Vec<String>,
    /// The account's alias.
    pub(super) alias: Option<String>,
    /// The region's block public access.
    pub(super) block: Option<String>,
}

/// Looks at the images of a region until `until`. `known` is what was mailed about them.
pub(super) async fn survey(
    run: &Run<'_>,
    region: &str,
    known: &BTreeMap<String, String>,
    until: Instant,
    report: &mut Report,
) -> Survey {
    let ec2 = run.aws.ec2(region);
    let mut survey = Survey {
        alias: gather::alias(run.aws).await.ok().flatten(),
        block: gather::block(&ec2).await.ok(),
        ..Survey::default()
    };
    let unreadable = |what, error| Because::Unreadable { what, error };
    // By a filter, so that what matters most is known before anything else is asked.
    let public = images(&ec2, true).await.unwrap_or_else(|error| {
        report.reason(Verdict::Fail, &images_of(region), &unreadable("the public images", error));
        Vec::new()
    });
    let mut looked_at = BTreeSet::new();
    for image in public {
        looked_at.insert(image.id.clone());
        match launchers(&image, &ec2).await {
            Ok(shares) => survey.look(run, image, &shares, known, report),
            Err(error) => {
                report.reason(Verdict::Fail, &image.id, &unreadable("who may launch it", error));
                // That it is public is known all the same, and is mailed unless something was before.
                if !known.contains_key(&image.id) {
                    survey.look(run, image, &[Grantee::Everyone], known, report);
                }
            }
        }
    }
    let mut others = match images(&ec2, false).await {
        Ok(images) => images,
        Err(error) => {
            report.reason(Verdict::Fail, &images_of(region), &unreadable("the images", error));
            survey.found.sort_by_key(|found| std::cmp::Reverse(found.severity));
            return survey;
        }
    };
    let there: BTreeSet<String> = others.iter().map(|image| image.id.clone()).collect();
    others.retain(|image| !looked_at.contains(&image.id));
    let start = elsewhere(run.invocation.now, others.len());
    others.rotate_left(start);
    let count = others.len();
    for (at, image) in others.into_iter().enumerate() {
        if Instant::now() >= until {
            report.reason(Verdict::Hold, &images_of(region), &Because::NoTimeLeft { left: count - at });
            break;
        }
        match launchers(&image, &ec2).await {
            Ok(shares) => survey.look(run, image, &shares, known, report),
            // It went away since it was listed.
            Err(error) if error.starts_with("InvalidAMIID.") => {}
            Err(error) if error.starts_with("RequestLimitExceeded") => {
                report.reason(Verdict::Hold, &images_of(region), &Because::Throttled { left: count - at });
                break;
            }
            Err(error) => report.reason(Verdict::Fail, &image.id, &unreadable("who may launch it", error)),
        }
    }
    survey
        .settled
        .extend(known.keys().filter(|image| !there.contains(*image) && !looked_at.contains(*image)).cloned());
    survey.found.sort_by_key(|found| std::cmp::Reverse(found.severity));
    survey
}

impl Survey {
    /// What the rules say of an image that `shares` may launch.
    fn look(
        &mut self,
        run: &Run<'_>,
        image: Image,
        shares: &[Grantee],
        known: &BTreeMap<String, String>,
        report: &mut Report,
    ) {
        let resource = Resource { kind: Kind::Image, id: Some(image.id.clone()) };
        let facts = Facts { image: Look::Seen(Some(image.clone())), ..Facts::default() };
        let (rule, _) = covering(run.rules, Some(&resource), &facts);
        let trusted = rule.map(|rule| rule.trusted.clone()).unwrap_or_default();
        let mut shares = sorted(shares, Some(&run.home.account), &trusted);
        shares.retain(|(exposure, _)| exposure.offends());
        let place = rule.map(|rule| rule.place.clone());
        let Some(severity) = shares.iter().map(|(exposure, _)| exposure.severity()).max() else {
            report.reason(Verdict::Skip, &image.id, &Because::AsTheRulesWant);
            self.settled.extend(known.contains_key(&image.id).then(|| image.id.clone()));
            return;
        };
        let found = Found { image, shares, severity, rule: place.clone() };
        if known.get(&found.image.id) == Some(&digest(&found.offenders())) {
            report.reason(Verdict::Skip, &found.image.id, &Because::ReportedBefore);
            return;
        }
        let muted = rule.filter(|rule| severity < rule.mute_below);
        let verdict = if muted.is_some() { Verdict::Skip } else { Verdict::Alert };
        for (exposure, grantees) in &found.shares {
            let what = What::Given(*exposure, grantees.clone());
            let severity = Exposure::severity(*exposure);
            let because = Because::Found { what, severity, outcome: "succeeded", place: place.clone() };
            report.reason(verdict, &found.image.id, &because);
        }
        match muted {
            Some(rule) => {
                let because = Because::Muted { severity, from: rule.mute_below, place: rule.place.clone() };
                report.reason(Verdict::Skip, &found.image.id, &because);
            }
            None => self.found.push(found),
        }
    }
}

/// The account's own images, all or those that are public.
async fn images(ec2: &Ec2, public: bool) -> Result<Vec<Image>, String> {
    let call = ec2.describe_images().owners("self").include_deprecated(true).include_disabled(true);
    let is_public = Filter::builder().name("is-public").values("true").build();
    let call = if public { call.filters(is_public) } else { call };
    let mut pages = call.max_results(1000).into_paginator().send();
    let mut images = Vec::new();
    while let Some(page) = pages.next().await {
        images.extend(page.map_err(|error| told(&error))?.images().iter().map(gather::image));
    }
    Ok(images)
}

async fn launchers(image: &Image, ec2: &Ec2) -> Result<Vec<Grantee>, String> {
    gather::permissions(&Resource { kind: Kind::Image, id: Some(image.id.clone()) }, ec2).await
}
