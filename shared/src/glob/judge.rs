//! Questions about an ordered list of patterns: whether it includes any name, and which patterns change nothing.

use std::cell::Cell;
use std::collections::HashMap;

use super::{Pattern, PatternList};
use crate::language::{
    Alphabet, NameKind, NameState, PatternStep, PatternTrie, SearchResult, samples, search, shortest,
};

/// The most steps of all searches about one list. What they do not answer is taken to be fine.
const ENOUGH: usize = 2_000_000;
/// The most steps of one search.
const ENOUGH_AT_ONCE: usize = 100_000;

/// A pattern that can be removed: the list then includes the same names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redundant {
    /// Its index.
    pub index: usize,
    /// Why.
    pub why: WhyRedundant,
}

/// Why a pattern changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyRedundant {
    /// This later pattern matches everything that it matches.
    Later(usize),
    /// This earlier pattern matches everything that it matches, and decides the same.
    Earlier(usize),
    /// Later patterns together do.
    LaterOnes,
    /// Without it, what it matches is included just the same.
    Included,
    /// Without it, what it matches is excluded just the same.
    Excluded,
}

/// An ordered list of patterns of one kind of names, ready for questions.
#[derive(Debug)]
pub struct ListJudge<'l> {
    list: &'l PatternList,
    kind: NameKind,
    steps: Vec<Vec<Vec<PatternStep>>>,
    trie: PatternTrie,
    /// For each pattern, the first of those before it from which on all decide as it does.
    run: Vec<usize>,
}

/// The patterns of a list that are still in it, while others are taken out.
struct Remaining {
    removed: Vec<bool>,
    patterns: usize,
    including: usize,
}

impl<'l> ListJudge<'l> {
    /// The judge of a list that has a pattern.
    pub fn new(list: &'l PatternList, kind: NameKind) -> Self {
        let steps: Vec<_> = list.patterns.iter().map(Pattern::steps).collect();
        let trie = PatternTrie::of(steps.iter().map(Vec::as_slice));
        let mut run: Vec<usize> = Vec::with_capacity(list.patterns.len());
        for (index, pattern) in list.patterns.iter().enumerate() {
            let goes_on = index > 0 && list.patterns[index - 1].excludes == pattern.excludes;
            run.push(if goes_on { run[index - 1] } else { index });
        }
        Self { list, kind, steps, trie, run }
    }

    /// The automaton of all patterns.
    pub fn trie(&self) -> &PatternTrie {
        &self.trie
    }

    /// Whether the list includes a name that ends in this state of its automaton.
    pub fn includes(&self, items: &[u32]) -> bool {
        let last = self.trie.matching(items).max();
        last.map_or_else(|| self.list.starts_from_everything(), |last| !self.excludes(last))
    }

    /// Names that the list may include: of each pattern, and of none.
    pub fn candidates(&self) -> impl Iterator<Item = Vec<u8>> {
        let including = self.list.patterns.iter().zip(&self.steps).filter(|(pattern, _)| !pattern.excludes);
        let of_patterns = including.flat_map(|(_, steps)| samples(steps));
        let names: [&[u8]; 3] = [b"zq", b"zq/zq", b"zq.zq"];
        of_patterns.chain(names.into_iter().map(<[u8]>::to_vec))
    }

    /// Whether the list includes any name. If in doubt, it does.
    pub fn includes_anything(&self) -> bool {
        let mut candidates = self.candidates().filter(|name| self.kind.allows(name, true));
        if candidates.any(|name| self.trie.is_spent() || self.includes(&self.trie.read(&name))) {
            return true;
        }
        let alphabet = Alphabet::new(self.kind, self.trie.sets());
        let found = search(
            &[&self.trie],
            (NameState::default(), self.trie.start()),
            &mut ENOUGH.clone(),
            |(_, items)| alphabet.bytes(&self.trie.named(items)).collect(),
            |(state, items), byte| {
                let state = self.kind.step(*state, byte, true)?;
                let next = self.trie.step(items, byte);
                match self.trie.always(&next, |_| true) {
                    Some(floor) => {
                        let next = self.trie.above(next, floor);
                        let is_settled =
                            self.excludes(floor) && next.iter().all(|item| self.trie.is_end_of(*item, floor));
                        (!is_settled).then_some((state, next))
                    }
                    None => Some((state, next)),
                }
            },
            |(state, items)| self.kind.accepts(*state, true) && self.includes(items),
        );
        found != SearchResult::Nothing
    }

    /// The patterns that can be removed, all of them at once, without a change of what is included.
    pub fn redundant(&self) -> Vec<Redundant> {
        let patterns = &self.list.patterns;
        let including = patterns.iter().filter(|pattern| !pattern.excludes).count();
        let mut remaining =
            Remaining { removed: vec![false; patterns.len()], patterns: patterns.len(), including };
        let last_of: HashMap<&str, usize> =
            patterns.iter().enumerate().map(|(index, pattern)| (pattern.body(), index)).collect();
        let budget = Cell::new(ENOUGH);
        let mut redundant = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            // Without the last pattern that includes, the list would start from everything.
            let is_needed = remaining.patterns == 1 || (!pattern.excludes && remaining.including == 1);
            if is_needed {
                continue;
            }
            let again = last_of[pattern.body()];
            let why = match again > index {
                true => Some(WhyRedundant::Later(again)),
                false => self.why_redundant(index, &remaining, &budget),
            };
            if let Some(why) = why {
                remaining.removed[index] = true;
                remaining.patterns -= 1;
                remaining.including -= usize::from(!pattern.excludes);
                redundant.push(Redundant { index, why });
            }
        }
        redundant
    }

    fn why_redundant(
        &self,
        index: usize,
        remaining: &Remaining,
        budget: &Cell<usize>,
    ) -> Option<WhyRedundant> {
        if self.trie.is_spent() {
            return None;
        }
        let names = samples(&self.steps[index]).filter(|name| self.kind.allows(name, false));
        let (mut later, mut earlier) = (None, None);
        for name in names {
            let items = self.trie.read(&name);
            let (last, before) = self.last_two(&items, remaining);
            if self.decides(&items, index, remaining) {
                return None;
            }
            later = later.or(last.filter(|last| *last as usize > index));
            earlier = earlier.or(before.filter(|_| last == Some(index as u32)));
        }
        if let Some(later) = later
            && self.covers(later as usize, index)
        {
            return Some(WhyRedundant::Later(later as usize));
        }
        // The patterns from the earlier one on decide alike, so that no name between them is decided otherwise.
        if let Some(earlier) = earlier
            && earlier as usize >= self.run[index]
            && self.covers(earlier as usize, index)
        {
            return Some(WhyRedundant::Earlier(earlier as usize));
        }
        match self.search_decided(index, remaining, budget) {
            SearchResult::Nothing if later.is_some() => Some(WhyRedundant::LaterOnes),
            SearchResult::Nothing if self.excludes(index as u32) => Some(WhyRedundant::Excluded),
            SearchResult::Nothing => Some(WhyRedundant::Included),
            SearchResult::Name(_) | SearchResult::GaveUp => None,
        }
    }

    /// A name that is included only because of a pattern, or excluded only because of it.
    fn search_decided(&self, index: usize, remaining: &Remaining, budget: &Cell<usize>) -> SearchResult {
        let way = self.trie.way(&self.steps[index]);
        let alphabet = Alphabet::new(self.kind, self.trie.sets());
        let mut steps = budget.get().min(ENOUGH_AT_ONCE);
        let allowed = steps;
        let found = search(
            &[&self.trie],
            (NameState::default(), self.trie.start()),
            &mut steps,
            |(_, items)| self.trie.bytes(items, &alphabet, |node| way.contains(&node)),
            |(state, items), byte| {
                let state = self.kind.step(*state, byte, false)?;
                let next = self.trie.step(items, byte);
                if !next.iter().any(|item| way.contains(&(item >> 1))) {
                    return None;
                }
                match self.trie.always(&next, |pattern| !remaining.removed[pattern as usize]) {
                    Some(always) if always as usize > index => None,
                    Some(always) if (always as usize) < index => Some((state, self.trie.above(next, always))),
                    _ => Some((state, next)),
                }
            },
            |(state, items)| self.kind.accepts(*state, false) && self.decides(items, index, remaining),
        );
        budget.set(budget.get() - (allowed - steps));
        found
    }

    /// Whether a name that ends in this state would be decided otherwise without the pattern.
    fn decides(&self, items: &[u32], index: usize, remaining: &Remaining) -> bool {
        let (last, before) = self.last_two(items, remaining);
        let without = before.map_or(remaining.including == 0, |before| !self.excludes(before));
        last == Some(index as u32) && without == self.excludes(index as u32)
    }

    /// The last remaining pattern that matches, and the one before it.
    fn last_two(&self, items: &[u32], remaining: &Remaining) -> (Option<u32>, Option<u32>) {
        let matching = self.trie.matching(items).filter(|pattern| !remaining.removed[*pattern as usize]);
        matching.fold((None, None), |(last, before), pattern| match last {
            None => (Some(pattern), None),
            Some(known) if pattern > known => (Some(pattern), last),
            Some(known) if pattern < known => (last, before.max(Some(pattern))),
            Some(_) => (last, before),
        })
    }

    /// Whether a pattern matches every name that another one matches.
    fn covers(&self, wide: usize, narrow: usize) -> bool {
        if self.steps[wide] == [[PatternStep::Across]] {
            return true;
        }
        let trie = PatternTrie::of([&self.steps[narrow][..], &self.steps[wide][..]]);
        let way = trie.way(&self.steps[narrow]);
        let alphabet = Alphabet::new(self.kind, trie.sets());
        let found = shortest(
            (NameState::default(), trie.start()),
            &mut ENOUGH_AT_ONCE.clone(),
            |(_, items)| trie.bytes(items, &alphabet, |node| way.contains(&node)),
            |(state, items), byte| {
                let state = self.kind.step(*state, byte, false)?;
                let next = trie.step(items, byte);
                let may_match = next.iter().any(|item| way.contains(&(item >> 1)));
                (may_match && trie.always(&next, |pattern| pattern == 1).is_none()).then_some((state, next))
            },
            |(state, items)| {
                let matched: Vec<u32> = trie.matching(items).collect();
                self.kind.accepts(*state, false) && matched.contains(&0) && !matched.contains(&1)
            },
        );
        found == SearchResult::Nothing
    }

    fn excludes(&self, pattern: u32) -> bool {
        self.list.patterns[pattern as usize].excludes
    }
}
