//! Several lists of patterns as one automaton: which of them include a name, and whether some cover all of another.

use super::{Pattern, PatternList};
use crate::language::{Alphabet, NameKind, NameState, PatternTrie, SearchResult, samples, shortest};

/// The most steps of a search. What it does not answer is taken to be fine.
const ENOUGH: usize = 200_000;

/// Lists of patterns of one kind of names.
#[derive(Debug)]
pub struct ListSet<'l> {
    kind: NameKind,
    lists: Vec<&'l PatternList>,
    trie: PatternTrie,
    /// The list of each pattern, and whether the pattern excludes.
    patterns: Vec<(usize, bool)>,
    /// The lists that start from everything.
    from_everything: Vec<usize>,
}

impl<'l> ListSet<'l> {
    /// The lists as one automaton.
    pub fn new(lists: Vec<&'l PatternList>, kind: NameKind) -> Self {
        let steps: Vec<_> = lists.iter().flat_map(|list| &list.patterns).map(Pattern::steps).collect();
        let of_list = |(number, list): (usize, &&'l PatternList)| {
            list.patterns.iter().map(move |pattern| (number, pattern.excludes)).collect::<Vec<_>>()
        };
        let patterns = lists.iter().enumerate().flat_map(of_list).collect();
        let from_everything =
            (0..lists.len()).filter(|number| lists[*number].starts_from_everything()).collect();
        let trie = PatternTrie::of(steps.iter().map(Vec::as_slice));
        Self { kind, lists, trie, patterns, from_everything }
    }

    /// The lists that include a name, in their order.
    pub fn including(&self, name: &[u8]) -> Vec<usize> {
        self.including_at(&self.trie.read(name))
    }

    /// Some names that a list includes.
    pub fn names(&self, list: usize) -> impl Iterator<Item = Vec<u8>> {
        let patterns: Vec<_> = self.lists[list]
            .patterns
            .iter()
            .filter(|pattern| !pattern.excludes)
            .map(Pattern::steps)
            .collect();
        let sampled: Vec<Vec<u8>> = patterns.iter().flat_map(|steps| samples(steps)).collect();
        let any: [&[u8]; 2] = [b"zq", b"zq/zq"];
        let names = sampled.into_iter().chain(any.into_iter().map(<[u8]>::to_vec));
        names.filter(move |name| self.kind.allows(name, true) && self.including(name).contains(&list))
    }

    fn including_at(&self, items: &[u32]) -> Vec<usize> {
        let mut matching: Vec<u32> = self.trie.matching(items).collect();
        matching.sort_unstable();
        let mut last: Vec<(usize, bool)> = Vec::new();
        for (list, excludes) in matching.into_iter().map(|pattern| self.patterns[pattern as usize]) {
            match last.last_mut() {
                Some(entry) if entry.0 == list => entry.1 = excludes,
                _ => last.push((list, excludes)),
            }
        }
        let unmatched = self
            .from_everything
            .iter()
            .filter(|list| last.binary_search_by_key(*list, |entry| entry.0).is_err());
        let mut including: Vec<usize> = last
            .iter()
            .filter(|(_, excludes)| !excludes)
            .map(|(list, _)| *list)
            .chain(unmatched.copied())
            .collect();
        including.sort_unstable();
        including
    }

    /// Each set of other lists that include a name of the first list, or none when there are too many states.
    pub fn companies(&self) -> Option<Vec<Vec<usize>>> {
        let companies = std::cell::RefCell::new(std::collections::BTreeSet::new());
        let found = self.search(|items| {
            let including = self.including_at(items);
            if including.first() == Some(&0) {
                companies.borrow_mut().insert(including);
            }
            false
        });
        (found == SearchResult::Nothing).then(|| companies.into_inner().into_iter().collect())
    }

    /// Whether every name of the first list is in another one.
    pub fn others_cover_the_first(&self) -> bool {
        self.search(|items| self.including_at(items) == [0]) == SearchResult::Nothing
    }

    fn search(&self, accepts: impl Fn(&[u32]) -> bool) -> SearchResult {
        let alphabet = Alphabet::new(self.kind, self.trie.sets());
        shortest(
            (NameState::default(), self.trie.start()),
            &mut ENOUGH.clone(),
            |(_, items)| alphabet.bytes(&self.trie.named(items)).collect(),
            |(state, items), byte| Some((self.kind.step(*state, byte, false)?, self.trie.step(items, byte))),
            |(state, items)| self.kind.accepts(*state, false) && accepts(items),
        )
    }
}
