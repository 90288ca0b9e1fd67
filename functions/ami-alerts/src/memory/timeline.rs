//! The changes of one grantee's access in the order of their times, and the findings that follow from them. A late, repeated or
//! reordered record gives the same findings as one that arrives in time. Pure.

use jiff::Timestamp;

use super::{
    AccessChange, AccessChangeKind, FindingClass, FindingHistory, Moment, Proof, RememberedFinding, Reported,
    SETTLING,
};
use crate::grantee::Grantee;

/// How many changes of one grantee are kept.
const MOST_CHANGES: usize = 20;

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
pub(super) fn with_resets(changes: &[AccessChange], resets: &[Moment]) -> Vec<AccessChange> {
    let is_known = |reset: &Moment| {
        let is_removal = |change: &AccessChange| matches!(change.kind, AccessChangeKind::Removed { .. });
        changes.iter().any(|change| is_removal(change) && change.moment.is_of(reset))
    };
    let removal = |moment: &Moment| AccessChange {
        kind: AccessChangeKind::Removed { is_trusted: false },
        moment: moment.clone(),
    };
    let mut all = changes.to_vec();
    all.extend(resets.iter().filter(|reset| !is_known(reset)).map(removal));
    all.sort_by_key(order);
    all
}

/// The findings about a grantee that follow from its changes. What was emailed about the `known` ones is kept.
pub(super) fn findings(
    grantee: &Grantee,
    changes: &[AccessChange],
    known: &[RememberedFinding],
) -> Vec<RememberedFinding> {
    let first = changes.first().map(|change| change.moment.at);
    let mut findings = Progress::default().through(changes);
    let mut is_replaced = vec![false; known.len()];
    for (class, history) in &mut findings {
        for (known, is_replaced) in known.iter().zip(&mut is_replaced) {
            let is_same = is_access(*class) == is_access(known.class) && overlap(history, &known.history);
            if is_same {
                *is_replaced = true;
                keep(history, &known.history, first);
            }
        }
    }
    // A finding whose changes are no longer kept stays as it was.
    let kept = known.iter().zip(is_replaced).filter(|(_, is_replaced)| !is_replaced);
    let new = findings.into_iter();
    let new = new.map(|(class, history)| RememberedFinding { class, grantee: grantee.clone(), history });
    kept.map(|(known, _)| known.clone()).chain(new).collect()
}

/// The ids of the records in a finding's time.
pub(super) fn records(history: &FindingHistory, changes: &[AccessChange]) -> Vec<String> {
    let is_within = |moment: &&Moment| {
        let begins = history.opened.as_ref().is_none_or(|opened| opened.at <= moment.at);
        begins && history.closed.as_ref().is_none_or(|closed| moment.at <= closed.at)
    };
    let between = changes.iter().map(|change| &change.moment).filter(is_within);
    let moments = history.opened.iter().chain(between).chain(&history.closed);
    let mut records: Vec<String> = Vec::new();
    for event in moments.filter_map(Moment::event) {
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

/// Keeps what was known of a finding: what was emailed, the last look-up that saw it, and a beginning before the first change
/// that is kept.
fn keep(history: &mut FindingHistory, known: &FindingHistory, first: Option<Timestamp>) {
    if known.opened.as_ref().is_some_and(|opened| first.is_some_and(|first| opened.at < first)) {
        history.opened = known.opened.clone();
    }
    let is_within =
        |at: &Timestamp| history.closed.as_ref().is_none_or(|closed| *at <= closed.at || !closed.is_proven());
    history.confirmed = history.confirmed.max(known.confirmed.filter(is_within));
    history.is_end_reported |= known.is_end_reported && history.closed.is_some();
    history.reported = match (history.reported, known.reported) {
        (Some(one), Some(other)) => Some(Reported {
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
struct Progress {
    access: Option<(FindingClass, FindingHistory)>,
    lost: Option<FindingHistory>,
    done: Vec<(FindingClass, FindingHistory)>,
}

impl Progress {
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
        for (_, history) in &mut self.done {
            history.records = records(history, changes);
        }
        self.done
    }

    fn grant(&mut self, class: Option<FindingClass>, moment: &Moment) {
        self.end_lost(moment);
        let Some(class) = class else { return };
        let (known, history) = self.access.get_or_insert_with(|| (class, opened(moment)));
        // What an actor that no rule trusts does is worse than what was expected.
        *known = class.min(*known);
        history.confirmed = history.confirmed.max(Some(moment.at));
    }

    fn remove(&mut self, is_trusted: bool, moment: &Moment) {
        self.end_access(moment);
        if is_trusted {
            let lost = self.lost.get_or_insert_with(|| opened(moment));
            lost.confirmed = lost.confirmed.max(Some(moment.at));
        }
    }

    /// A look-up ends a finding only if it can know: EC2 may show a grant of the last minutes later.
    fn end_access(&mut self, moment: &Moment) {
        let may_be_unseen = |at: Timestamp| moment.at.duration_since(at) < SETTLING;
        let confirmed = self.access.as_ref().and_then(|(_, history)| history.confirmed);
        if moment.proof == Proof::LookUp && confirmed.is_some_and(may_be_unseen) {
            return;
        }
        if let Some((class, history)) = self.access.take() {
            self.done.push((class, FindingHistory { closed: Some(moment.clone()), ..history }));
        }
    }

    fn end_lost(&mut self, moment: &Moment) {
        if let Some(history) = self.lost.take() {
            let history = FindingHistory { closed: Some(moment.clone()), ..history };
            self.done.push((FindingClass::Lost, history));
        }
    }
}

fn opened(moment: &Moment) -> FindingHistory {
    FindingHistory { opened: Some(moment.clone()), confirmed: Some(moment.at), ..FindingHistory::default() }
}
