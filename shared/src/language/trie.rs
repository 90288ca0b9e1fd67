//! Many patterns as one automaton: a trie of their steps, and the states that a name leads to.

use std::cell::Cell;
use std::hash::Hash;

use super::search::{Alphabet, SearchResult, shortest};
use super::{ByteSet, NameKind, NameState};

/// One step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PatternStep {
    /// This byte.
    Byte(u8),
    /// One byte of a set.
    OneOf(ByteSet),
    /// Any bytes but slashes, or none.
    Star,
    /// Any bytes, or none.
    Across,
    /// Nothing, or any bytes and a slash.
    Folders,
}

impl PatternStep {
    /// Whether the step may match nothing.
    fn is_free(self) -> bool {
        matches!(self, Self::Star | Self::Across | Self::Folders)
    }
}

const NONE: u32 = u32::MAX;
/// The most items that the questions about one trie may visit.
const MOST_VISITS: usize = 20_000_000;

#[derive(Debug, Clone)]
struct TrieNode {
    step: PatternStep,
    parent: u32,
    /// The first child whose step takes a byte, and the first whose step may match nothing.
    children: u32,
    free_children: u32,
    sibling: u32,
    /// The last entry that ends here.
    end: u32,
    /// The highest pattern that ends here or below.
    highest: u32,
}

/// An end of a pattern. A pattern with braces has several.
#[derive(Debug, Clone, Copy)]
struct TrieEnd {
    pattern: u32,
    /// The entry before this one that ends at the same node.
    before: u32,
}

/// Many patterns, numbered in their order. A state is a list of items: a node, and whether it is inside of folders.
#[derive(Debug, Clone)]
pub struct PatternTrie {
    nodes: Vec<TrieNode>,
    ends: Vec<TrieEnd>,
    sets: Vec<ByteSet>,
    visits: Cell<usize>,
}

impl Default for PatternTrie {
    fn default() -> Self {
        let step = PatternStep::Folders;
        let root = TrieNode {
            step,
            parent: NONE,
            children: NONE,
            free_children: NONE,
            sibling: NONE,
            end: NONE,
            highest: 0,
        };
        Self { nodes: vec![root], ends: Vec::new(), sets: Vec::new(), visits: Cell::default() }
    }
}

impl PatternTrie {
    /// The trie of patterns, each with its alternatives.
    pub fn of<'p>(patterns: impl IntoIterator<Item = &'p [Vec<PatternStep>]>) -> Self {
        let mut trie = Self::default();
        for (number, alternatives) in (0..).zip(patterns) {
            alternatives.iter().for_each(|steps| trie.add(number, steps));
        }
        trie
    }

    /// Adds an alternative of a pattern; patterns are added in their order.
    pub fn add(&mut self, pattern: u32, steps: &[PatternStep]) {
        let mut node = 0;
        self.nodes[0].highest = pattern;
        for step in steps {
            node = self.child(node, *step);
            self.nodes[node as usize].highest = pattern;
        }
        let before = self.nodes[node as usize].end;
        self.nodes[node as usize].end = self.ends.len() as u32;
        self.ends.push(TrieEnd { pattern, before });
    }

    fn child(&mut self, parent: u32, step: PatternStep) -> u32 {
        let of_parent = &self.nodes[parent as usize];
        let first = if step.is_free() { of_parent.free_children } else { of_parent.children };
        let mut at = first;
        while at != NONE {
            if self.nodes[at as usize].step == step {
                return at;
            }
            at = self.nodes[at as usize].sibling;
        }
        let new = self.nodes.len() as u32;
        if let PatternStep::OneOf(set) = step
            && !self.sets.contains(&set)
        {
            self.sets.push(set);
        }
        self.nodes.push(TrieNode {
            step,
            parent,
            children: NONE,
            free_children: NONE,
            sibling: first,
            end: NONE,
            highest: 0,
        });
        let of_parent = &mut self.nodes[parent as usize];
        if step.is_free() {
            of_parent.free_children = new;
        } else {
            of_parent.children = new;
        }
        new
    }

    /// The sets of bytes in the patterns.
    pub fn sets(&self) -> &[ByteSet] {
        &self.sets
    }

    /// The state before the first byte.
    pub fn start(&self) -> Vec<u32> {
        let mut items = Vec::new();
        self.enter(0, &mut items);
        items.sort_unstable();
        items
    }

    /// The state after one more byte.
    pub fn step(&self, items: &[u32], byte: u8) -> Vec<u32> {
        let mut next = Vec::with_capacity(items.len() + 2);
        for item in items {
            let (node, inside) = (item >> 1, item & 1 == 1);
            let of = &self.nodes[node as usize];
            match of.step {
                PatternStep::Folders if inside => {
                    next.push(*item);
                    if byte == b'/' {
                        self.pass(node, &mut next);
                    }
                    continue;
                }
                PatternStep::Star if byte != b'/' => self.pass(node, &mut next),
                PatternStep::Across => self.pass(node, &mut next),
                _ => {}
            }
            for child in self.siblings(of.children) {
                match self.nodes[child as usize].step {
                    PatternStep::Byte(own) if own == byte => self.enter(child, &mut next),
                    PatternStep::OneOf(set) if set.contains(byte) => self.enter(child, &mut next),
                    _ => {}
                }
            }
        }
        next.sort_unstable();
        next.dedup();
        self.visit(items.len() + next.len());
        next
    }

    fn visit(&self, items: usize) {
        self.visits.set(self.visits.get() + items);
    }

    /// Whether the questions about this trie have taken long. What is not answered by then is taken to be fine.
    pub fn is_spent(&self) -> bool {
        self.visits.get() > MOST_VISITS
    }

    /// The state after a whole name.
    pub fn read(&self, name: &[u8]) -> Vec<u32> {
        name.iter().fold(self.start(), |items, byte| self.step(&items, *byte))
    }

    /// Adds a node that has just been reached, with what may follow it without a byte.
    fn enter(&self, node: u32, items: &mut Vec<u32>) {
        if node != 0 && self.nodes[node as usize].step == PatternStep::Folders {
            items.push(node << 1 | 1);
        }
        self.pass(node, items);
    }

    fn pass(&self, node: u32, items: &mut Vec<u32>) {
        items.push(node << 1);
        for child in self.siblings(self.nodes[node as usize].free_children) {
            self.enter(child, items);
        }
    }

    fn siblings(&self, first: u32) -> impl Iterator<Item = u32> {
        let some = |node: u32| (node != NONE).then_some(node);
        std::iter::successors(some(first), move |node| some(self.nodes[*node as usize].sibling))
    }

    /// The bytes that patterns name in this state.
    pub fn named(&self, items: &[u32]) -> ByteSet {
        self.visit(items.len());
        let mut named = ByteSet::default();
        for item in items.iter().filter(|item| *item & 1 == 0) {
            for child in self.siblings(self.nodes[(item >> 1) as usize].children) {
                if let PatternStep::Byte(byte) = self.nodes[child as usize].step {
                    named.insert(byte);
                }
            }
        }
        named
    }

    /// The bytes after which one of the items on a way goes on; none when any byte may do.
    pub fn useful(&self, items: &[u32], is_on_way: impl Fn(u32) -> bool) -> Option<ByteSet> {
        self.visit(items.len());
        let mut useful = ByteSet::default();
        for item in items.iter().filter(|item| is_on_way(*item >> 1)) {
            let node = &self.nodes[(item >> 1) as usize];
            let is_loop = match node.step {
                PatternStep::Star | PatternStep::Across => true,
                PatternStep::Folders => item & 1 == 1,
                PatternStep::Byte(_) | PatternStep::OneOf(_) => false,
            };
            if is_loop {
                return None;
            }
            for child in self.siblings(node.children).filter(|child| is_on_way(*child)) {
                match self.nodes[child as usize].step {
                    PatternStep::Byte(byte) => useful.insert(byte),
                    _ => return None,
                }
            }
        }
        Some(useful)
    }

    /// The bytes to try in a state when only the patterns on a way matter.
    pub fn bytes(&self, items: &[u32], alphabet: &Alphabet, is_on_way: impl Fn(u32) -> bool) -> Vec<u8> {
        match self.useful(items, is_on_way) {
            Some(useful) => useful.iter().collect(),
            None => alphabet.bytes(&self.named(items)).collect(),
        }
    }

    /// The patterns that match a name that ends in this state, in no order.
    pub fn matching<'t>(&'t self, items: &'t [u32]) -> impl Iterator<Item = u32> + 't {
        self.visit(items.len());
        let ends =
            items.iter().filter(|item| *item & 1 == 0).map(|item| self.nodes[(item >> 1) as usize].end);
        ends.flat_map(|end| self.entries(end))
    }

    fn entries(&self, end: u32) -> impl Iterator<Item = u32> {
        let some = |end: u32| (end != NONE).then_some(end);
        let ends = std::iter::successors(some(end), move |end| some(self.ends[*end as usize].before));
        ends.map(|end| self.ends[end as usize].pattern)
    }

    /// The highest pattern of those `alive` that matches every name that goes on from this state.
    pub fn always(&self, items: &[u32], alive: impl Fn(u32) -> bool) -> Option<u32> {
        let across = items.iter().map(|item| &self.nodes[(item >> 1) as usize]);
        let across = across.filter(|node| node.step == PatternStep::Across && node.end != NONE);
        across.filter_map(|node| self.entries(node.end).find(|pattern| alive(*pattern))).max()
    }

    /// Whether this item is the end of a pattern that goes on with any bytes.
    pub fn is_end_of(&self, item: u32, pattern: u32) -> bool {
        let node = &self.nodes[(item >> 1) as usize];
        node.step == PatternStep::Across && node.highest == pattern && node.end != NONE
    }

    /// The items from which a pattern above `floor` can still match.
    pub fn above(&self, mut items: Vec<u32>, floor: u32) -> Vec<u32> {
        items.retain(|item| self.nodes[(item >> 1) as usize].highest >= floor);
        items
    }

    /// The nodes on the way to the ends of a pattern.
    pub fn way(&self, alternatives: &[Vec<PatternStep>]) -> std::collections::HashSet<u32> {
        let mut way = std::collections::HashSet::from([0]);
        for steps in alternatives {
            let mut node = 0;
            for step in steps {
                let of = &self.nodes[node as usize];
                let first = if step.is_free() { of.free_children } else { of.children };
                let found = self.siblings(first).find(|child| self.nodes[*child as usize].step == *step);
                let Some(child) = found else { break };
                node = child;
                way.insert(node);
            }
        }
        way
    }

    /// The number of steps to the item that is the furthest.
    fn depth(&self, items: &[u32]) -> usize {
        let depth = |item: &u32| {
            let parent =
                |node: &u32| Some(self.nodes[*node as usize].parent).filter(|parent| *parent != NONE);
            std::iter::successors(Some(item >> 1), parent).count() - 1
        };
        items.iter().map(depth).max().unwrap_or_default()
    }
}

/// A shortest name, as [`shortest`] finds it, unless one of the tries that the states are about is spent.
pub fn search<S: Clone + Eq + Hash>(
    tries: &[&PatternTrie],
    start: S,
    budget: &mut usize,
    bytes: impl Fn(&S) -> Vec<u8>,
    next: impl Fn(&S, u8) -> Option<S>,
    accepts: impl Fn(&S) -> bool,
) -> SearchResult {
    let is_spent = || tries.iter().any(|trie| trie.is_spent());
    let bytes = |state: &S| if is_spent() { Vec::new() } else { bytes(state) };
    match shortest(start, budget, bytes, next, accepts) {
        SearchResult::Nothing if is_spent() => SearchResult::GaveUp,
        found => found,
    }
}

/// The most steps of a search about one pattern.
const ENOUGH: usize = 200_000;

/// Whether a pattern matches a name of `kind`. If in doubt, it does.
pub fn can_match(alternatives: &[Vec<PatternStep>], kind: NameKind, by_command: bool) -> bool {
    let fits = |name: &[u8]| kind.longest().is_none_or(|most| name.len() <= most);
    if samples(alternatives).any(|name| fits(&name) && kind.allows(&name, by_command)) {
        return true;
    }
    let trie = PatternTrie::of([alternatives]);
    let alphabet = Alphabet::new(kind, trie.sets());
    let found = shortest(
        (NameState::default(), trie.start()),
        &mut ENOUGH.clone(),
        |(_, items)| trie.bytes(items, &alphabet, |_| true),
        |(state, items), byte| {
            let next = trie.step(items, byte);
            let state = kind.step(*state, byte, by_command)?;
            (!next.is_empty()).then_some((state, next))
        },
        |(state, items)| kind.accepts(*state, by_command) && trie.matching(items).next().is_some(),
    );
    match found {
        // A shortest name in bytes has at most four times the characters of a shortest name.
        SearchResult::Name(name) => {
            kind.longest().is_none_or(|most| name.len() <= most || !name.is_ascii() && name.len() <= 4 * most)
        }
        SearchResult::Nothing => false,
        SearchResult::GaveUp => true,
    }
}

/// How many steps of a pattern that matches no name of `kind` some beginning of a name gets through.
pub fn furthest(steps: &[PatternStep], kind: NameKind, by_command: bool) -> usize {
    let alternatives = [steps.to_vec()];
    let trie = PatternTrie::of([&alternatives[..]]);
    let alphabet = Alphabet::new(kind, trie.sets());
    let deepest = std::cell::Cell::new(0);
    shortest(
        (NameState::default(), trie.start()),
        &mut ENOUGH.clone(),
        |(_, items)| trie.bytes(items, &alphabet, |_| true),
        |(state, items), byte| {
            let next = trie.step(items, byte);
            let state = kind.step(*state, byte, by_command)?;
            deepest.set(deepest.get().max(trie.depth(&next)));
            (!next.is_empty()).then_some((state, next))
        },
        |_| false,
    );
    deepest.get()
}

/// Some texts that a pattern matches; not all of them are names.
pub fn samples(alternatives: &[Vec<PatternStep>]) -> impl Iterator<Item = Vec<u8>> {
    const FILLINGS: [(&str, &str, &str); 4] =
        [("zq", "", "zq"), ("", "", "zq"), ("zq", "zq/", "zq/zq"), ("", "zq/", "qz")];
    alternatives.iter().flat_map(|steps| FILLINGS.iter().map(move |filling| sample(steps, *filling)))
}

fn sample(steps: &[PatternStep], (star, folders, across): (&str, &str, &str)) -> Vec<u8> {
    let mut name = Vec::with_capacity(steps.len() + 8);
    for step in steps {
        match step {
            PatternStep::Byte(byte) => name.push(*byte),
            PatternStep::OneOf(set) => name.extend(set.iter().next()),
            PatternStep::Star => name.extend_from_slice(star.as_bytes()),
            PatternStep::Across => name.extend_from_slice(across.as_bytes()),
            PatternStep::Folders => name.extend_from_slice(folders.as_bytes()),
        }
    }
    name
}
