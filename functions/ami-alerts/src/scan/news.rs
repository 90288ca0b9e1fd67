//! The news about one image or snapshot that an email reports.

use super::ResourceDescription;
use super::judge::ResourceJudgement;
use super::open_findings::OpenFindings;
use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::history::EndedFinding;
use crate::memory::FindingClass;
use crate::memory::update::MemoryChange;
use crate::rules::ImageRule;
use crate::severity::Severity;

/// What an email reports about an image or a snapshot.
#[derive(Debug, Clone)]
pub struct ResourceNews<'r> {
    /// The image or snapshot.
    pub description: ResourceDescription,
    /// The open findings that are emailed, worst first.
    pub open: Vec<OpenFindings>,
    /// The findings that ended.
    pub ended: Vec<EndedFinding>,
    /// The rule that covers it.
    pub rule: Option<&'r ImageRule>,
    /// Block public access treats the snapshot as private, although it is shared with everyone.
    pub is_blocked: bool,
    /// Whether the table's memory of it could be read.
    pub is_remembered: bool,
    /// What is remembered once the email is sent; what is remembered in any case comes first.
    pub changes: Vec<MemoryChange>,
}

/// What an email states about an image or a snapshot beside its findings.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewsContext<'r> {
    /// The rule that covers it.
    pub(super) rule: Option<&'r ImageRule>,
    /// Block public access treats the snapshot as private.
    pub(super) is_blocked: bool,
    /// Whether the table's memory of it could be read.
    pub(super) is_remembered: bool,
}

impl<'r> ResourceNews<'r> {
    /// The news of a judgement; `None` if nothing is emailed.
    pub(super) fn of(
        description: &ResourceDescription,
        judgement: &ResourceJudgement,
        context: NewsContext<'r>,
    ) -> Option<Self> {
        let NewsContext { rule, is_blocked, is_remembered } = context;
        let open: Vec<OpenFindings> =
            judgement.open.iter().filter(|open| open.news.is_emailed()).cloned().collect();
        let ended = judgement.ended.clone();
        let changes = judgement.changes.iter().chain(&judgement.after_email).cloned().collect();
        let has_news = !open.is_empty() || !ended.is_empty();
        has_news.then(|| Self {
            description: description.clone(),
            open,
            ended,
            rule,
            is_blocked,
            is_remembered,
            changes,
        })
    }

    /// The severity of the worst open finding; that of an end is `info`.
    pub fn severity(&self) -> Severity {
        self.open.iter().map(|open| open.severity).max().unwrap_or(Severity::Info)
    }

    /// Whether it is public.
    pub fn is_public(&self) -> bool {
        !self.is_blocked && self.open.iter().any(|open| open.exposure == Exposure::Public)
    }

    /// The untrusted grantees.
    pub fn untrusted(&self) -> Vec<Grantee> {
        self.grantees(FindingClass::Exposed)
    }

    /// The trusted grantees that lost access.
    pub fn lost(&self) -> Vec<Grantee> {
        self.grantees(FindingClass::Lost)
    }

    fn grantees(&self, class: FindingClass) -> Vec<Grantee> {
        let of_class = self.open.iter().filter(|open| open.class == class);
        of_class.flat_map(|open| open.grantees.clone()).collect()
    }
}
