//! Searches for a shortest name in an automaton, state by state.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use super::{ByteSet, NameKind};

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchResult {
    /// A shortest name.
    Name(Vec<u8>),
    /// There is no such name.
    Nothing,
    /// There were too many states.
    GaveUp,
}

/// The bytes, in groups: no set of the patterns and no rule of the names distinguishes the members of a group.
#[derive(Debug, Clone)]
pub struct Alphabet {
    groups: Vec<ByteSet>,
}

impl Alphabet {
    /// The groups for names of `kind` and the sets of some patterns.
    pub fn new(kind: NameKind, sets: &[ByteSet]) -> Self {
        let mut groups: BTreeMap<(u8, Vec<bool>), ByteSet> = BTreeMap::new();
        for byte in 0..=u8::MAX {
            let key = (kind.class(byte), sets.iter().map(|set| set.contains(byte)).collect());
            groups.entry(key).or_default().insert(byte);
        }
        Self { groups: groups.into_values().collect() }
    }

    /// The bytes to try in a state: those that a pattern names there, and one of each group beside them.
    pub fn bytes(&self, named: &ByteSet) -> impl Iterator<Item = u8> {
        let others = self.groups.iter().filter_map(|group| group.without(named).iter().next());
        let mut all: Vec<u8> = others.collect();
        all.extend(named.iter());
        all.into_iter()
    }
}

/// A shortest name from `start` to a state that `accepts`. `budget` is the number of steps that may still be made.
pub fn shortest<S: Clone + Eq + Hash>(
    start: S,
    budget: &mut usize,
    bytes: impl Fn(&S) -> Vec<u8>,
    next: impl Fn(&S, u8) -> Option<S>,
    accepts: impl Fn(&S) -> bool,
) -> SearchResult {
    let mut seen: HashMap<S, usize> = HashMap::from([(start.clone(), 0)]);
    let mut states: Vec<(S, usize, u8)> = vec![(start, 0, 0)];
    let mut at = 0;
    while at < states.len() {
        let state = states[at].0.clone();
        if accepts(&state) {
            return SearchResult::Name(path(&states, at));
        }
        for byte in bytes(&state) {
            if *budget == 0 {
                return SearchResult::GaveUp;
            }
            *budget -= 1;
            let Some(next) = next(&state, byte) else { continue };
            if !seen.contains_key(&next) {
                seen.insert(next.clone(), states.len());
                states.push((next, at, byte));
            }
        }
        at += 1;
    }
    SearchResult::Nothing
}

fn path<S>(states: &[(S, usize, u8)], end: usize) -> Vec<u8> {
    let mut at = end;
    let mut name = Vec::new();
    while at != 0 {
        name.push(states[at].2);
        at = states[at].1;
    }
    name.reverse();
    name
}
