//! Decides about the images and snapshots of a region: reasons, emails, and what is remembered.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use shared::act::Performed;
use shared::decision::Verdict;
use shared::home::Home;

use super::because::{ScanBecause, ScanRead};
use super::judge::JudgedResource;
use super::news::NewsContext;
use super::{KindScan, RegionScan, ResourceDescription, ResourceNews, ScannedResource};
use crate::assess::covering_rule;
use crate::change::ResourceKind;
use crate::decide::{Decided, after_reporting};
use crate::effect::{Acted, AlertPublication, Effect};
use crate::email::scan::{RESOURCES_OF_AN_EMAIL, ScanAlert};
use crate::facts::LookupError;
use crate::grantee::Grantee;
use crate::memory::ResourceMemory;
use crate::memory::region::RegionMemories;
use crate::memory::update::{MemoryChange, MemoryUpdate};
use crate::remark::Remark;
use crate::rules::{Memberships, Rules};

/// Decides about the images and snapshots of a region.
pub fn decide_scan(scan: &RegionScan, rules: &Rules, home: &Home, limit: usize) -> Decided {
    let mut deciding = ScanDecision {
        scan,
        rules,
        home,
        decided: Decided::default(),
        news: Vec::new(),
        quiet: Vec::new(),
        private_snapshots: 0,
        noted_memberships: false,
    };
    deciding.note_memories();
    for kind in [&scan.images, &scan.snapshots] {
        deciding.kind(kind);
    }
    deciding.news.sort_by_key(|news| Reverse(news.severity()));
    deciding.emails(limit);
    deciding.updates();
    deciding.decided
}

/// The decision after an effect of a scan. An email that failed leaves what the scan saw, and nothing of what it reported.
pub fn after_scan(acted: Acted) -> Decided {
    let seen = match &acted {
        Acted::Published(publication, Performed::Failed(_), _) => {
            publication.updates.iter().filter_map(without_email).map(Effect::Update).collect()
        }
        _ => Vec::new(),
    };
    let mut decided = after_reporting(acted);
    decided.effects.extend(seen);
    decided
}

/// The part of an update that is remembered without the email. The next scan reports the ends again.
fn without_email(update: &MemoryUpdate) -> Option<MemoryUpdate> {
    let is_seen =
        |change: &&MemoryChange| matches!(change, MemoryChange::Opened { .. } | MemoryChange::Seen(_));
    let changes: Vec<MemoryChange> = update.changes.iter().filter(is_seen).cloned().collect();
    (!changes.is_empty()).then(|| MemoryUpdate { changes, ..update.clone() })
}

/// What the scan saw of one image or snapshot.
#[derive(Debug, Clone, Copy)]
struct LookUpOfScan<'l> {
    /// The grantees; `None` where they were not read.
    grantees: Option<&'l [Grantee]>,
    /// There may be further grantees.
    is_partial: bool,
    /// A complete list does not contain it.
    is_gone: bool,
    /// The organizations of accounts.
    memberships: &'l Memberships,
}

/// A decision about a region in progress.
pub(super) struct ScanDecision<'a> {
    pub(super) scan: &'a RegionScan,
    rules: &'a Rules,
    home: &'a Home,
    pub(super) decided: Decided,
    /// What an email reports.
    news: Vec<ResourceNews<'a>>,
    /// What is remembered without an email.
    quiet: Vec<MemoryUpdate>,
    /// The snapshots without a reason of their own.
    pub(super) private_snapshots: usize,
    /// Whether a note says that the organization of an account is unknown.
    pub(super) noted_memberships: bool,
}

impl<'a> ScanDecision<'a> {
    fn memories(&self) -> Option<&'a RegionMemories> {
        self.scan.memories.as_ref().ok()
    }

    /// All images, or all snapshots.
    fn kind(&mut self, kind: &'a KindScan) {
        let subject = kind.subject(&self.scan.region);
        let mut failed = |what, error: &LookupError| {
            let because = ScanBecause::Unreadable { what, error: error.clone(), open: 0 };
            self.decided.report.reason(Verdict::Fail, &subject, &because);
        };
        if let Err(error) = &kind.public {
            failed(ScanRead::Public(kind.kind), error);
        }
        if let Err(error) = &kind.all {
            failed(ScanRead::All(kind.kind), error);
        }
        if let Err(error) = &kind.descriptions {
            failed(ScanRead::Descriptions(kind.kind), error);
        }
        for resource in &kind.read {
            self.resource(resource);
        }
        if let Some(stop) = kind.stop {
            self.reason(Verdict::Hold, &subject, &ScanBecause::of_stop(stop, kind.kind));
        }
        if kind.kind == ResourceKind::Snapshot && self.private_snapshots > 0 {
            let only_trusted = ScanBecause::OnlyTrusted { snapshots: Some(self.private_snapshots) };
            self.reason(Verdict::Skip, &subject, &only_trusted);
        }
        self.unread(kind);
    }

    /// One image or snapshot that the scan reached, or that EC2 lists as public.
    fn resource(&mut self, scanned: &'a ScannedResource) {
        let everyone = [Grantee::Everyone];
        let id = scanned.description.id();
        // EC2 listed it as public, so that much is known.
        let (grantees, is_partial) = match &scanned.grantees {
            Some(Ok(grantees)) => (Some(&grantees[..]), false),
            Some(Err(_)) | None => (scanned.is_listed_as_public.then_some(&everyone[..]), true),
        };
        if let Some(Err(error)) = &scanned.grantees {
            let open = self.memory(id).map_or(0, |memory| memory.open().count());
            let what = ScanRead::Permissions(scanned.description.kind());
            self.reason(Verdict::Fail, id, &ScanBecause::Unreadable { what, error: error.clone(), open });
        }
        self.note_memberships(scanned);
        let look = LookUpOfScan { grantees, is_partial, is_gone: false, memberships: &scanned.memberships };
        self.judge(&scanned.description, look);
    }

    /// Images and snapshots that the table remembers and the scan did not reach: some no longer exist.
    fn unread(&mut self, kind: &KindScan) {
        let read: BTreeSet<&str> = kind.read.iter().map(|scanned| scanned.description.id()).collect();
        for id in self.memories().into_iter().flat_map(|memories| memories.known.keys()) {
            let description = ResourceDescription::Unread(id.clone());
            if description.kind() == kind.kind && !read.contains(id.as_str()) {
                let is_gone = kind.all.as_ref().is_ok_and(|all| !all.contains(id));
                let memberships = &Memberships::new();
                self.judge(
                    &description,
                    LookUpOfScan { grantees: None, is_partial: true, is_gone, memberships },
                );
            }
        }
    }

    fn memory(&self, id: &str) -> Option<&'a ResourceMemory> {
        self.memories()?.of(id)
    }

    fn judge(&mut self, description: &ResourceDescription, look: LookUpOfScan<'_>) {
        let LookUpOfScan { grantees, is_partial, is_gone, memberships } = look;
        let facts = description.facts();
        let (rule, is_uncertain) = covering_rule(self.rules, Some(&description.resource()), &facts);
        let trusted = self.rules.trust(rule, memberships);
        let judged = JudgedResource {
            memory: self.memory(description.id()),
            grantees,
            is_partial,
            is_gone,
            own: &self.home.account,
            rule,
            trusted: &trusted,
            is_uncertain,
            at: self.scan.at,
        };
        let judgement = judged.judge();
        if is_uncertain && grantees.is_some_and(|grantees| !grantees.is_empty()) {
            self.decided.report.note(description.id(), &Remark::RuleUncertain);
        }
        self.report(description, grantees.is_some() && !is_partial, &judgement, rule);
        let is_blocked = description.kind() == ResourceKind::Snapshot && self.scan.blocks_public_snapshots();
        let context = NewsContext { rule, is_blocked, is_remembered: judged.memory.is_some() };
        match ResourceNews::of(description, &judgement, context) {
            Some(news) => self.news.push(news),
            None if judgement.changes.is_empty() => {}
            None => self.quiet.push(self.update(description.id(), judgement.changes)),
        }
    }

    fn emails(&mut self, limit: usize) {
        for news in self.news.chunks(RESOURCES_OF_AN_EMAIL) {
            let message = ScanAlert { news, scan: self.scan, home: self.home }.message(limit);
            let update = |news: &ResourceNews<'_>| self.update(news.description.id(), news.changes.clone());
            self.decided.effects.push(Effect::Publish(Box::new(AlertPublication {
                subject: format!("findings of {}", self.scan.region),
                message,
                event: None,
                updates: news.iter().map(update).collect(),
            })));
        }
    }

    /// What is remembered without an email comes after the emails: if the function is killed, an email is sent again and none is
    /// lost.
    fn updates(&mut self) {
        self.decided.effects.extend(self.quiet.drain(..).map(Effect::Update));
    }

    fn update(&self, resource: &str, changes: Vec<MemoryChange>) -> MemoryUpdate {
        MemoryUpdate {
            account: self.home.account.clone(),
            region: self.scan.region.clone(),
            resource: resource.to_owned(),
            changes,
        }
    }
}
