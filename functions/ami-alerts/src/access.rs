//! The access that a recorded call changed, and the access that other grantees have now, from the record, the look-up and the
//! memory. Pure.

use std::collections::BTreeSet;

use crate::actor::Actor;
use crate::change::{PermissionChange, SharingChange};
use crate::event::Record;
use crate::exposure::Exposure;
use crate::facts::Facts;
use crate::grantee::Grantee;
use crate::history::CallTime;
use crate::memory::{FindingClass, ProvenTime, ResourceMemory, SETTLING};
use crate::rules::{ImageRule, Trusted};

/// The longest event id and actor's name that the memory keeps.
const LONGEST: usize = 128;

/// The access that a call changed, and that others have now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallAccess {
    /// The time of the call, and its record.
    pub moment: ProvenTime,
    /// The grantees that the record says it adds.
    pub added: Vec<Grantee>,
    /// The grantees that lose access by the call, and that no rule trusts. For a reset: those that are known to have had it.
    pub removed: Vec<Grantee>,
    /// The grantees that lose access by the call, and that a rule trusts.
    pub lost: Vec<Grantee>,
    /// Whether the call removes all permissions.
    pub reset: bool,
    /// The untrusted grantees that the look-up saw, and that the call is not about.
    pub exposed_now: Vec<Grantee>,
}

/// What the access of a call is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AccessQuestion<'a> {
    pub(crate) record: &'a Record,
    pub(crate) change: &'a SharingChange,
    pub(crate) facts: &'a Facts,
    pub(crate) trusted: &'a Trusted,
    pub(crate) rule: Option<&'a ImageRule>,
    /// The entry of the rule's `trusted-actors` that names the actor.
    pub(crate) trusted_as: Option<&'a str>,
    pub(crate) time: CallTime,
}

impl AccessQuestion<'_> {
    /// The access that the call changed, and that others have now.
    pub(crate) fn access(&self) -> CallAccess {
        let moment = moment(self.record, self.time).expected_as(self.trusted_as);
        let (lost, removed) = self.removed(&moment);
        let mut access = CallAccess {
            added: self.permissions().map(|permissions| permissions.added.clone()).unwrap_or_default(),
            reset: self.permissions().is_some_and(|permissions| permissions.reset),
            exposed_now: Vec::new(),
            moment,
            removed,
            lost,
        };
        access.exposed_now = self.exposed_now(&access);
        access
    }

    fn permissions(&self) -> Option<&PermissionChange> {
        match self.change {
            SharingChange::Permissions(permissions) => Some(permissions),
            _ => None,
        }
    }

    fn exposure(&self, grantee: &Grantee) -> Exposure {
        Exposure::of(grantee, self.record.account.as_deref(), self.trusted)
    }

    /// The grantees that lose access: those that a rule trusts, and the others. The owner always has access.
    fn removed(&self, moment: &ProvenTime) -> (Vec<Grantee>, Vec<Grantee>) {
        let Some(permissions) = self.permissions() else { return (Vec::new(), Vec::new()) };
        let mut removed = permissions.removed.clone();
        if let (true, Some(memory)) = (permissions.reset, self.facts.memory.found()) {
            // A retry finds its own removal in the memory.
            let known = memory.access_before(moment.at).into_iter().chain(memory.removed_by(moment));
            removed.extend(known.collect::<BTreeSet<Grantee>>());
        }
        removed.retain(|grantee| !permissions.reset || self.exposure(grantee) != Exposure::Own);
        removed.into_iter().partition(|grantee| self.is_lost(grantee))
    }

    /// Whether a rule names the grantee. `public = true` expects access of everyone, and of no account in particular.
    fn is_lost(&self, grantee: &Grantee) -> bool {
        let by_name = Trusted { everyone: false, ..self.trusted.clone() };
        match grantee {
            Grantee::Everyone => self.trusted.everyone,
            grantee => Exposure::of(grantee, self.record.account.as_deref(), &by_name) == Exposure::Trusted,
        }
    }

    fn exposed_now(&self, access: &CallAccess) -> Vec<Grantee> {
        let Some(now) = self.facts.permissions.found() else { return Vec::new() };
        let (memory, succeeded) = (self.facts.memory.found(), self.record.outcome.succeeded());
        let known = KnownAccess { access, memory, rule: self.rule, succeeded };
        let seen_at = self.facts.permissions_at.unwrap_or(access.moment.at);
        let is_settling = seen_at.duration_since(access.moment.at) < SETTLING;
        if known.succeeded && access.reset && is_settling {
            return Vec::new();
        }
        let (about_call, expected) = (known.about_call(is_settling), known.expected());
        let is_exposed = |grantee: &&Grantee| {
            let was_removed = |memory: &ResourceMemory| memory.is_removal_settling(grantee, seen_at);
            self.exposure(grantee).is_untrusted()
                && !about_call.contains(grantee)
                && !expected.contains(grantee)
                && !known.memory.is_some_and(was_removed)
        };
        now.iter().filter(is_exposed).cloned().collect()
    }
}

struct KnownAccess<'a> {
    access: &'a CallAccess,
    memory: Option<&'a ResourceMemory>,
    rule: Option<&'a ImageRule>,
    succeeded: bool,
}

impl<'a> KnownAccess<'a> {
    /// The grantees that the call added, and those that it removed so shortly before the look-up that EC2 may still show them.
    fn about_call(&self, is_settling: bool) -> BTreeSet<&'a Grantee> {
        let removed = self.access.removed.iter().chain(&self.access.lost).filter(|_| is_settling);
        // What a later call removed, this call does not explain.
        let was_removed = |grantee: &Grantee| {
            let removal = |memory: &ResourceMemory| memory.removed_after(grantee, self.access.moment.at);
            self.memory.and_then(removal).is_some()
        };
        let added = self.access.added.iter().filter(|grantee| !was_removed(grantee));
        added.chain(removed).filter(|_| self.succeeded).collect()
    }

    /// The grantees to which an actor gave access that the rule still trusts.
    fn expected(&self) -> BTreeSet<&'a Grantee> {
        let open = self.memory.into_iter().flat_map(ResourceMemory::open);
        let is_expected = |history| self.rule.is_some_and(|rule| rule.expects(history));
        let expected =
            open.filter(|finding| finding.class == FindingClass::Expected && is_expected(&finding.history));
        expected.map(|finding| &finding.grantee).collect()
    }
}

/// The time of a call, and its record.
fn moment(record: &Record, time: CallTime) -> ProvenTime {
    let event = record.id.as_deref().filter(|id| id.len() <= LONGEST);
    let actor: String = Actor::of(record).name.chars().take(LONGEST).collect();
    ProvenTime::recorded(time.at, event, &actor)
}
