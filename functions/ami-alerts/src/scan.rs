//! Decides about the images that the daily scan read in a region: which shares are reported, remembered or forgotten. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use shared::decision::Verdict;
use shared::home::Home;

use crate::assess::covering_rule;
use crate::because::{Because, ScanRead};
use crate::call_outcome::CallOutcome;
use crate::change::{ResourceKind, SharedResource};
use crate::claim::AlertTableError;
use crate::decide::Decided;
use crate::effect::{AlertPublication, Effect, ImageShares};
use crate::email::scan::{IMAGES_OF_AN_EMAIL, ScanAlert};
use crate::exposure::{Exposure, by_exposure};
use crate::facts::{Facts, ImageDescription, LookUp, LookupError};
use crate::finding::{Finding, FindingKind, FindingReason};
use crate::grantee::{Grantee, digest};
use crate::remark::Remark;
use crate::rules::{ImageRule, Rules};
use crate::severity::Severity;

/// The images of a region, as they were read.
#[derive(Debug, Clone)]
pub struct RegionScan {
    /// The region.
    pub region: String,
    /// The digests of the shares that were reported before, by image.
    pub reported: Result<BTreeMap<String, String>, AlertTableError>,
    /// The account's alias, if it has one and it could be read.
    pub alias: Option<String>,
    /// The state of the region's block public access, if it could be read.
    pub block: Option<String>,
    /// The public images.
    pub public: Result<Vec<ScannedImage>, LookupError>,
    /// The other images, up to the one at which the scan stopped.
    pub others: Result<Vec<ScannedImage>, LookupError>,
    /// The ids of all images that exist; empty where they could not be listed.
    pub all: BTreeSet<String>,
    /// Why the scan stopped before the last image.
    pub stop: Option<ScanStop>,
}

/// An image with its grantees.
#[derive(Debug, Clone)]
pub struct ScannedImage {
    /// The image.
    pub image: ImageDescription,
    /// The grantees that can launch it.
    pub grantees: Result<Vec<Grantee>, LookupError>,
}

/// Why a scan stopped before the last image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanStop {
    /// The region's share of the time is over.
    NoTimeLeft {
        /// The images that were not read.
        left: usize,
    },
    /// EC2 asks for fewer calls.
    Throttled {
        /// The images that were not read.
        left: usize,
    },
}

/// An image with untrusted shares.
#[derive(Debug, Clone)]
pub struct ExposedImage<'r> {
    /// The image.
    pub image: ImageDescription,
    /// The untrusted grantees, farthest first.
    pub shares: Vec<(Exposure, Vec<Grantee>)>,
    /// The severity of the worst share.
    pub severity: Severity,
    /// The rule that covers the image.
    pub rule: Option<&'r ImageRule>,
}

impl RegionScan {
    /// The public images that were listed.
    pub fn public_images(&self) -> impl Iterator<Item = &ScannedImage> {
        self.public.iter().flatten()
    }

    fn was_reported(&self, image: &str) -> bool {
        self.reported.as_ref().is_ok_and(|reported| reported.contains_key(image))
    }

    /// The subject of reasons about the whole region.
    fn subject(&self) -> String {
        format!("images of {}", self.region)
    }
}

impl ExposedImage<'_> {
    /// All untrusted grantees.
    pub fn grantees(&self) -> Vec<Grantee> {
        self.shares.iter().flat_map(|(_, grantees)| grantees.clone()).collect()
    }

    /// Whether the image is public.
    pub fn is_public(&self) -> bool {
        self.shares.iter().any(|(exposure, _)| *exposure == Exposure::Public)
    }
}

/// Decides about the images of a region.
pub fn decide_scan(scan: &RegionScan, rules: &Rules, home: &Home, limit: usize) -> Decided {
    let mut deciding = DecidingRule {
        scan,
        rules,
        home,
        decided: Decided::default(),
        exposed: Vec::new(),
        settled: Vec::new(),
    };
    deciding.note_table();
    deciding.public_images();
    deciding.other_images();
    deciding.exposed.sort_by_key(|exposed| Reverse(exposed.severity));
    deciding.emails(limit);
    deciding.forget();
    deciding.decided
}

/// A decision about a region in progress.
struct DecidingRule<'a> {
    scan: &'a RegionScan,
    rules: &'a Rules,
    home: &'a Home,
    decided: Decided,
    /// Images whose shares an email reports.
    exposed: Vec<ExposedImage<'a>>,
    /// Images whose reported shares no longer exist.
    settled: Vec<String>,
}

impl<'a> DecidingRule<'a> {
    fn reason(&mut self, verdict: Verdict, subject: &str, because: &Because) {
        self.decided.report.reason(verdict, subject, because);
    }

    fn unreadable(&mut self, subject: &str, what: ScanRead, error: &LookupError) {
        self.reason(Verdict::Fail, subject, &Because::Unreadable { what, error: error.clone() });
    }

    fn note_table(&mut self) {
        if let Err(error) = &self.scan.reported {
            let remark = Remark::NotRemembered { error: error.clone() };
            self.decided.report.note(&self.scan.subject(), &remark);
        }
    }

    fn public_images(&mut self) {
        let scan = self.scan;
        if let Err(error) = &scan.public {
            self.unreadable(&scan.subject(), ScanRead::PublicImages, error);
        }
        for ScannedImage { image, grantees } in scan.public_images() {
            match grantees {
                Ok(grantees) => self.image(image, grantees),
                Err(error) => {
                    self.unreadable(&image.id, ScanRead::LaunchPermissions, error);
                    // EC2 listed the image as public, so that much is reported, unless an email reported the image before.
                    if !scan.was_reported(&image.id) {
                        self.image(image, &[Grantee::Everyone]);
                    }
                }
            }
        }
    }

    fn other_images(&mut self) {
        let scan = self.scan;
        let others = match &scan.others {
            Ok(others) => others,
            Err(error) => return self.unreadable(&scan.subject(), ScanRead::Images, error),
        };
        for ScannedImage { image, grantees } in others {
            match grantees {
                Ok(grantees) => self.image(image, grantees),
                Err(error) => self.unreadable(&image.id, ScanRead::LaunchPermissions, error),
            }
        }
        match scan.stop {
            Some(ScanStop::NoTimeLeft { left }) => {
                self.reason(Verdict::Hold, &scan.subject(), &Because::NoTimeLeft { left });
            }
            Some(ScanStop::Throttled { left }) => {
                self.reason(Verdict::Hold, &scan.subject(), &Because::Throttled { left });
            }
            None => {}
        }
        let public: BTreeSet<&String> = scan.public_images().map(|scanned| &scanned.image.id).collect();
        let reported = scan.reported.iter().flat_map(BTreeMap::keys);
        self.settled.extend(reported.filter(|id| !scan.all.contains(*id) && !public.contains(id)).cloned());
    }

    /// Decides about one image.
    fn image(&mut self, image: &ImageDescription, grantees: &[Grantee]) {
        let Some(exposed) = self.exposed_image(image, grantees) else {
            self.reason(Verdict::Skip, &image.id, &Because::OnlyTrusted);
            self.settled.extend(self.scan.was_reported(&image.id).then(|| image.id.clone()));
            return;
        };
        let reported = self.scan.reported.as_ref().ok().and_then(|reported| reported.get(&image.id));
        if reported == Some(&digest(&exposed.grantees())) {
            self.reason(Verdict::Skip, &image.id, &Because::ReportedBefore);
            return;
        }
        let severity = exposed.severity;
        match exposed.rule.filter(|rule| severity < rule.mute_below) {
            Some(rule) => {
                self.findings(Verdict::Skip, &exposed);
                let muted = Because::Muted { severity, from: rule.mute_below, rule: rule.place.clone() };
                self.reason(Verdict::Skip, &image.id, &muted);
            }
            None => {
                self.findings(Verdict::Alert, &exposed);
                self.exposed.push(exposed);
            }
        }
    }

    fn exposed_image(&self, image: &ImageDescription, grantees: &[Grantee]) -> Option<ExposedImage<'a>> {
        let resource = SharedResource { kind: ResourceKind::Image, id: Some(image.id.clone()) };
        let facts = Facts { image: LookUp::Found(Some(image.clone())), ..Facts::default() };
        let (rule, _) = covering_rule(self.rules, Some(&resource), &facts);
        let trusted = rule.map(|rule| rule.trusted.clone()).unwrap_or_default();
        let mut shares = by_exposure(grantees, Some(&self.home.account), &trusted);
        shares.retain(|(exposure, _)| exposure.is_untrusted());
        let severity = shares.iter().map(|(exposure, _)| exposure.severity()).max()?;
        Some(ExposedImage { image: image.clone(), shares, severity, rule })
    }

    fn findings(&mut self, verdict: Verdict, exposed: &ExposedImage<'_>) {
        for (exposure, grantees) in &exposed.shares {
            let kind = FindingKind::Shared(*exposure, grantees.clone());
            let finding = Finding { kind, severity: exposure.severity() };
            let rule = exposed.rule.map(|rule| rule.place.clone());
            let reason = FindingReason { finding, outcome: CallOutcome::Succeeded, rule };
            self.decided.report.reason(verdict, &exposed.image.id, &reason);
        }
    }

    fn emails(&mut self, limit: usize) {
        let region = &self.scan.region;
        for images in self.exposed.chunks(IMAGES_OF_AN_EMAIL) {
            let message = ScanAlert { images, scan: self.scan, home: self.home }.message(limit);
            let shares = images.iter().map(|exposed| ImageShares {
                region: region.clone(),
                image: exposed.image.id.clone(),
                digest: Some(digest(&exposed.grantees())),
            });
            self.decided.effects.push(Effect::Publish(Box::new(AlertPublication {
                subject: self.scan.subject(),
                message,
                event: None,
                shares: shares.collect(),
                updates: Vec::new(),
            })));
        }
    }

    fn forget(&mut self) {
        for image in &self.settled {
            let (region, image) = (self.scan.region.clone(), image.clone());
            self.decided.effects.push(Effect::Remember(ImageShares { region, image, digest: None }));
        }
    }
}
