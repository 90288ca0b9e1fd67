//! The changes of one grantee's access in the order of their times, and the findings that follow from them. A late, repeated or
//! reordered record gives the same findings as one that arrives in time. Pure.

use jiff::Timestamp;

use super::update::ClassAndHistory;
use super::{
    AccessChange, AccessChangeKind, EmailedReports, FindingClass, FindingHistory, Proof, ProvenTime, SETTLING,
};

/// How many changes of one grantee are kept.
const MOST_CHANGES: usize = 20;

/// How many findings of one grantee are kept after their end, the last ones.
const MOST_ENDED: usize = 5;

/// How many records a finding names, the first ones.
const MOST_RECORDS: usize = 10;

/// Inserts a change at its place. A record that is known changes nothing.
pub(super) fn insert(changes: &mut Vec<AccessChange>, change: AccessChange) {
    let is_known = |known: &AccessChange| {
        let is_same_kind = std::mem::discriminant(&known.kind) == std::mem::discriminant(&change.kind);
        is_same_kind && known.moment.is_of(&change.moment)
    };
    if changes.iter().any(is_known) {
        return;
    }
    let at = changes.partition_point(|known| order(known) <= order(&change));
    changes.insert(at, change);
    if changes.len() > MOST_CHANGES {
        let kind = |at: usize| std::mem::discriminant(&changes[at].kind);
        // A repetition between two others proves nothing more; otherwise the oldest change goes.
        let repeated =
            (1..changes.len() - 1).find(|at| kind(at - 1) == kind(*at) && kind(*at) == kind(at + 1));
        changes.remove(repeated.unwrap_or_default());
    }
}

/// CloudTrail's times have seconds. Of a removal and a grant in the same second the grant counts as the later one, so that no
/// access is called removed that may not be. This function's own removal follows the grant that it reverts.
fn order(change: &AccessChange) -> (Timestamp, u8) {
    let rank = match (change.kind, &change.moment.proof) {
        (AccessChangeKind::Ended(_), _) | (_, Proof::OwnCall { .. }) => 2,
        (AccessChangeKind::Removed { .. }, _) => 0,
        (AccessChangeKind::Granted(_), _) => 1,
    };
    (change.moment.at, rank)
}

/// The changes of a grantee together with the calls that removed all permissions.
pub(super) fn with_resets(changes: &[AccessChange], resets: &[ProvenTime]) -> Vec<AccessChange> {
    let is_known = |reset: &ProvenTime| {
        let is_removal = |change: &AccessChange| matches!(change.kind, AccessChangeKind::Removed { .. });
        changes.iter().any(|change| is_removal(change) && change.moment.is_of(reset))
    };
    let removal = |moment: &ProvenTime| AccessChange {
        kind: AccessChangeKind::Removed { is_trusted: false },
        moment: moment.clone(),
    };
    let mut all = changes.to_vec();
    all.extend(resets.iter().filter(|reset| !is_known(reset)).map(removal));
    all.sort_by_key(order);
    all
}

/// The findings that follow from a grantee's changes. What was emailed about the `known` ones is kept.
pub(super) fn findings(changes: &[AccessChange], known: &[ClassAndHistory]) -> Vec<ClassAndHistory> {
    let mut all = changes.to_vec();
    // The changes of an old finding may no longer be kept.
    for change in known.iter().flat_map(ends_of) {
        let is_kept = all.iter().any(|known| known.moment == change.moment);
        all.extend((!is_kept).then_some(change));
    }
    all.sort_by_key(order);
    let mut findings = FindingsSoFar::default().through(&all);
    for (class, history) in &mut findings {
        // Of the kept changes alone, as for a memory that is read back.
        history.records = records(history, changes);
        let is_same = |(other, known): &&ClassAndHistory| {
            is_access(*class) == is_access(*other) && overlap(history, known)
        };
        let same: Vec<&ClassAndHistory> = known.iter().filter(is_same).collect();
        same.into_iter().for_each(|(_, known)| keep(history, known));
    }
    without_the_oldest(findings)
}

/// Open findings, findings whose end is to be emailed, and the last ones of the others.
fn without_the_oldest(mut findings: Vec<ClassAndHistory>) -> Vec<ClassAndHistory> {
    let is_over = |(_, history): &ClassAndHistory| {
        history.closed.is_some() && (history.reported.is_none() || history.is_end_reported)
    };
    let over = findings.iter().filter(|finding| is_over(finding)).count();
    let mut excess = over.saturating_sub(MOST_ENDED);
    findings.sort_by(|(_, one), (_, other)| one.closed.cmp(&other.closed));
    findings.retain(|finding| {
        let is_excess = excess > 0 && is_over(finding);
        excess -= usize::from(is_excess);
        !is_excess
    });
    findings
}

/// The changes that began and ended a finding.
fn ends_of((class, history): &ClassAndHistory) -> Vec<AccessChange> {
    let class = *class;
    let is_lost = class == FindingClass::Lost;
    let beginning = match is_lost {
        true => AccessChangeKind::Removed { is_trusted: true },
        false => AccessChangeKind::Granted(Some(class)),
    };
    let end = |closed: &ProvenTime| match (closed.is_proven(), is_lost) {
        (true, true) => AccessChangeKind::Granted(None),
        (true, false) => AccessChangeKind::Removed { is_trusted: false },
        (false, _) => AccessChangeKind::Ended(class),
    };
    let opened = history.opened.iter().map(|moment| AccessChange { kind: beginning, moment: moment.clone() });
    let closed = history.closed.iter().filter(|_| history.opened.is_some());
    opened.chain(closed.map(|moment| AccessChange { kind: end(moment), moment: moment.clone() })).collect()
}

/// The ids of the records in a finding's time.
pub(super) fn records(history: &FindingHistory, changes: &[AccessChange]) -> Vec<String> {
    let is_within = |moment: &&ProvenTime| {
        let begins = history.opened.as_ref().is_none_or(|opened| opened.at <= moment.at);
        begins && history.closed.as_ref().is_none_or(|closed| moment.at <= closed.at)
    };
    let between = changes.iter().map(|change| &change.moment).filter(is_within);
    let moments = history.opened.iter().chain(between).chain(&history.closed);
    let mut records: Vec<String> = Vec::new();
    for event in moments.filter_map(ProvenTime::event) {
        if records.len() < MOST_RECORDS && !records.iter().any(|known| known == event) {
            records.push(event.to_owned());
        }
    }
    records
}

fn is_access(class: FindingClass) -> bool {
    matches!(class, FindingClass::Exposed | FindingClass::Expected)
}

fn overlap(one: &FindingHistory, other: &FindingHistory) -> bool {
    let begins_before_end = |one: &FindingHistory, other: &FindingHistory| match (&one.opened, &other.closed)
    {
        (Some(opened), Some(closed)) => opened.at < closed.at,
        _ => true,
    };
    let begin_together = one.opened.is_some() && one.opened == other.opened;
    begin_together || (begins_before_end(one, other) && begins_before_end(other, one))
}

/// Keeps what was known of a finding: what was emailed, and the last look-up that saw it.
fn keep(history: &mut FindingHistory, known: &FindingHistory) {
    let is_within =
        |at: &Timestamp| history.closed.as_ref().is_none_or(|closed| *at <= closed.at || !closed.is_proven());
    history.confirmed = history.confirmed.max(known.confirmed.filter(is_within));
    history.is_end_reported |= known.is_end_reported && history.closed.is_some();
    history.reported = match (history.reported, known.reported) {
        (Some(one), Some(other)) => Some(EmailedReports {
            severity: one.severity.max(other.severity),
            first: one.first.min(other.first),
            last: one.last.max(other.last),
            emails: one.emails.max(other.emails),
        }),
        (one, other) => one.or(other),
    };
}

/// The findings of a grantee while its changes are read.
#[derive(Default)]
struct FindingsSoFar {
    access: Option<(FindingClass, FindingHistory)>,
    lost: Option<FindingHistory>,
    done: Vec<(FindingClass, FindingHistory)>,
}

impl FindingsSoFar {
    fn through(mut self, changes: &[AccessChange]) -> Vec<(FindingClass, FindingHistory)> {
        for AccessChange { kind, moment } in changes {
            match kind {
                AccessChangeKind::Granted(class) => self.grant(*class, moment),
                AccessChangeKind::Removed { is_trusted } => self.remove(*is_trusted, moment),
                AccessChangeKind::Ended(FindingClass::Lost) => self.end_lost(moment),
                AccessChangeKind::Ended(_) => self.end_access(moment),
            }
        }
        self.done.extend(self.access);
        self.done.extend(self.lost.map(|lost| (FindingClass::Lost, lost)));
        self.done
    }

    fn grant(&mut self, class: Option<FindingClass>, moment: &ProvenTime) {
        self.end_lost(moment);
        let Some(class) = class else { return };
        let (known, history) = self.access.get_or_insert_with(|| (class, opened(moment)));
        // What an actor that no rule trusts does is worse than what was expected.
        *known = class.min(*known);
        history.confirmed = history.confirmed.max(Some(moment.at));
    }

    fn remove(&mut self, is_trusted: bool, moment: &ProvenTime) {
        self.end_access(moment);
        if is_trusted {
            let lost = self.lost.get_or_insert_with(|| opened(moment));
            lost.confirmed = lost.confirmed.max(Some(moment.at));
        }
    }

    /// A look-up ends a finding only if it can know: EC2 may show a grant of the last minutes later.
    fn end_access(&mut self, moment: &ProvenTime) {
        let may_be_unseen = |at: Timestamp| moment.at.duration_since(at) < SETTLING;
        let confirmed = self.access.as_ref().and_then(|(_, history)| history.confirmed);
        if moment.proof == Proof::LookUp && confirmed.is_some_and(may_be_unseen) {
            return;
        }
        if let Some((class, history)) = self.access.take() {
            self.done.push((class, FindingHistory { closed: Some(moment.clone()), ..history }));
        }
    }

    fn end_lost(&mut self, moment: &ProvenTime) {
        if let Some(history) = self.lost.take() {
            let history = FindingHistory { closed: Some(moment.clone()), ..history };
            self.done.push((FindingClass::Lost, history));
        }
    }
}

fn opened(moment: &ProvenTime) -> FindingHistory {
    FindingHistory { opened: Some(moment.clone()), confirmed: Some(moment.at), ..FindingHistory::default() }
}
