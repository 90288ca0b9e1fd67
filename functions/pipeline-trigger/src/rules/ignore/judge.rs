//! Questions about all ignore lines of a rule: which lines change nothing, and whether they leave a file of `paths`.

use std::cell::Cell;
use std::collections::HashMap;

use shared::glob::ListJudge;
use shared::language::{
    Alphabet, NameKind, NameState, PatternStep, PatternTrie, SearchResult, can_match, samples, search,
    shortest,
};

use super::IgnoreLine;

/// The most steps of all searches about one list. What they do not answer is taken to be fine.
const ENOUGH: usize = 2_000_000;
/// The most steps of one search.
const ENOUGH_AT_ONCE: usize = 100_000;

/// A line that can be removed: the same files are then ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) struct RedundantLine {
    pub(in crate::rules) index: usize,
    pub(in crate::rules) why: WhyNeedless,
}

/// Why a line changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) enum WhyNeedless {
    /// This later line decides about everything that it matches.
    Later(usize),
    /// This line ignores the folder of what the line would take back, or ignores the same files.
    Ignored(usize),
    /// Nothing that the line matches is decided otherwise without it.
    Same,
}

/// The ignore lines of a rule, ready for questions.
#[derive(Debug)]
pub(in crate::rules) struct IgnoreJudge<'l> {
    lines: Vec<&'l IgnoreLine>,
    /// Of each line; without an alternative when it matches nothing.
    steps: Vec<Vec<Vec<PatternStep>>>,
    trie: PatternTrie,
}

impl<'l> IgnoreJudge<'l> {
    pub(in crate::rules) fn new(lines: Vec<&'l IgnoreLine>) -> Self {
        let steps: Vec<Vec<Vec<PatternStep>>> =
            lines.iter().map(|line| line.steps().into_iter().collect()).collect();
        let trie = PatternTrie::of(steps.iter().map(Vec::as_slice));
        Self { lines, steps, trie }
    }

    /// Whether a line matches a file or a folder that git allows.
    pub(in crate::rules) fn can_match(&self, line: usize) -> bool {
        !self.steps[line].is_empty() && can_match(&self.steps[line], NameKind::Path, false)
    }

    /// Whether a file counts that `paths` includes. If in doubt, one does.
    pub(in crate::rules) fn leave_a_file(&self, paths: Option<&ListJudge<'_>>) -> bool {
        let anything: [Vec<PatternStep>; 1] = [vec![PatternStep::Across]];
        let candidates: Vec<Vec<u8>> = paths
            .map_or_else(|| samples(&anything).collect(), |paths| paths.candidates().take(1_000).collect());
        let includes = |items: &[u32]| paths.is_none_or(|paths| paths.includes(items));
        let read = |name: &[u8]| paths.map(|paths| paths.trie().read(name)).unwrap_or_default();
        let is_spent = || self.trie.is_spent() || paths.is_some_and(|paths| paths.trie().is_spent());
        let counts = |name: &Vec<u8>| {
            is_spent()
                || NameKind::Path.allows(name, true)
                    && includes(&read(name))
                    && self.ignored(name, |_| true).is_none()
        };
        candidates.iter().any(counts) || self.search_a_file(paths) != SearchResult::Nothing
    }

    fn search_a_file(&self, paths: Option<&ListJudge<'_>>) -> SearchResult {
        let of_paths = paths.map(ListJudge::trie);
        let sets = of_paths.into_iter().flat_map(|trie| trie.sets()).chain(self.trie.sets()).copied();
        let alphabet = Alphabet::new(NameKind::Path, &sets.collect::<Vec<_>>());
        let start = of_paths.map(PatternTrie::start).unwrap_or_default();
        let tries: Vec<&PatternTrie> = of_paths.into_iter().chain([&self.trie]).collect();
        search(
            &tries,
            (NameState::default(), start, self.trie.start()),
            &mut ENOUGH_AT_ONCE.clone(),
            |(_, of_list, items)| {
                let mut named = self.trie.named(items);
                let of_paths = of_paths.map(|trie| trie.named(of_list)).unwrap_or_default();
                of_paths.iter().for_each(|byte| named.insert(byte));
                alphabet.bytes(&named).collect()
            },
            |(state, of_list, items), byte| {
                if byte == b'/' && self.ignores(items, true, |_| true).is_some() {
                    return None;
                }
                let state = NameKind::Path.step(*state, byte, true)?;
                let of_list = of_paths.map(|trie| trie.step(of_list, byte)).unwrap_or_default();
                Some((state, of_list, self.trie.step(items, byte)))
            },
            |(state, of_list, items)| {
                NameKind::Path.accepts(*state, true)
                    && paths.is_none_or(|paths| paths.includes(of_list))
                    && self.ignores(items, false, |_| true).is_none()
            },
        )
    }

    /// The lines that can be removed, all of them at once, without a change of what is ignored.
    pub(in crate::rules) fn redundant(&self) -> Vec<RedundantLine> {
        let body = |line: &'l IgnoreLine| line.text.strip_prefix('!').unwrap_or(&line.text);
        let last_of: HashMap<&str, usize> =
            self.lines.iter().enumerate().map(|(index, line)| (body(line), index)).collect();
        let mut removed = vec![false; self.lines.len()];
        let budget = Cell::new(ENOUGH);
        let mut redundant = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            if self.steps[index].is_empty() {
                continue;
            }
            let again = last_of[body(line)];
            let why = match again > index {
                true => Some(WhyNeedless::Later(again)),
                false => self.why_needless(index, &removed, &budget),
            };
            if let Some(why) = why {
                removed[index] = true;
                redundant.push(RedundantLine { index, why });
            }
        }
        redundant
    }

    fn why_needless(&self, index: usize, removed: &[bool], budget: &Cell<usize>) -> Option<WhyNeedless> {
        if self.trie.is_spent() {
            return None;
        }
        let with = |line: u32| !removed[line as usize];
        let without = |line: u32| with(line) && line as usize != index;
        let (mut later, mut by) = (None, None);
        let below = |name: Vec<u8>| [[&name[..], b"/zq"].concat(), name];
        let names = samples(&self.steps[index]).flat_map(below);
        for name in names.filter(|name| NameKind::Path.allows(name, false)) {
            let (ignored, otherwise) = (self.ignored(&name, with), self.ignored(&name, without));
            if ignored.is_some() != otherwise.is_some() {
                return None;
            }
            by = by.or(otherwise);
            let last = self.deciding(&self.trie.read(&name), true, with);
            later = later.or(last.filter(|last| *last as usize > index));
        }
        if let Some(later) = later
            && self.covers(later as usize, index)
        {
            return Some(WhyNeedless::Later(later as usize));
        }
        (self.search_difference(index, removed, budget) == SearchResult::Nothing)
            .then_some(by.map_or(WhyNeedless::Same, |by| WhyNeedless::Ignored(by as usize)))
    }

    /// A path that is ignored only with a line, or only without it.
    fn search_difference(&self, index: usize, removed: &[bool], budget: &Cell<usize>) -> SearchResult {
        let with = |line: u32| !removed[line as usize];
        let without = |line: u32| with(line) && line as usize != index;
        let way = self.trie.way(&self.steps[index]);
        let alphabet = Alphabet::new(NameKind::Path, self.trie.sets());
        let mut steps = budget.get().min(ENOUGH_AT_ONCE);
        let allowed = steps;
        let found = search(
            &[&self.trie],
            (NameState::default(), self.trie.start(), (false, false)),
            &mut steps,
            |(_, items, (ignored, otherwise))| {
                let is_on_way = |node| ignored != otherwise || way.contains(&node);
                let mut bytes = self.trie.bytes(items, &alphabet, is_on_way);
                // A line that matches a folder decides about what is below it.
                if !bytes.contains(&b'/') {
                    bytes.push(b'/');
                }
                bytes
            },
            |(state, items, (ignored, otherwise)), byte| {
                let is_folder = byte == b'/';
                let ignored = *ignored || (is_folder && self.ignores(items, true, with).is_some());
                let otherwise = *otherwise || (is_folder && self.ignores(items, true, without).is_some());
                let state = NameKind::Path.step(*state, byte, false)?;
                let next = self.trie.step(items, byte);
                let may_differ = ignored != otherwise || next.iter().any(|item| way.contains(&(item >> 1)));
                (!(ignored && otherwise) && may_differ).then_some((state, next, (ignored, otherwise)))
            },
            |(state, items, (ignored, otherwise))| {
                let ignored = *ignored || self.ignores(items, false, with).is_some();
                let otherwise = *otherwise || self.ignores(items, false, without).is_some();
                NameKind::Path.accepts(*state, false) && ignored != otherwise
            },
        );
        budget.set(budget.get() - (allowed - steps));
        found
    }

    /// Whether a line matches everything that another one matches.
    fn covers(&self, wide: usize, narrow: usize) -> bool {
        if self.lines[wide].folders_only && !self.lines[narrow].folders_only {
            return false;
        }
        let trie = PatternTrie::of([&self.steps[narrow][..], &self.steps[wide][..]]);
        let way = trie.way(&self.steps[narrow]);
        let alphabet = Alphabet::new(NameKind::Path, trie.sets());
        let found = shortest(
            (NameState::default(), trie.start()),
            &mut ENOUGH_AT_ONCE.clone(),
            |(_, items)| trie.bytes(items, &alphabet, |node| way.contains(&node)),
            |(state, items), byte| {
                let state = NameKind::Path.step(*state, byte, false)?;
                let next = trie.step(items, byte);
                next.iter().any(|item| way.contains(&(item >> 1))).then_some((state, next))
            },
            |(state, items)| {
                let matched: Vec<u32> = trie.matching(items).collect();
                NameKind::Path.accepts(*state, false) && matched.contains(&0) && !matched.contains(&1)
            },
        );
        found == SearchResult::Nothing
    }

    /// The line of those `alive` that ignores a whole path, or a folder of it.
    fn ignored(&self, name: &[u8], alive: impl Fn(u32) -> bool + Copy) -> Option<u32> {
        let mut items = self.trie.start();
        for byte in name {
            if *byte == b'/'
                && let Some(line) = self.ignores(&items, true, alive)
            {
                return Some(line);
            }
            items = self.trie.step(&items, *byte);
        }
        self.ignores(&items, false, alive)
    }

    /// The line that ignores what ends in this state.
    fn ignores(&self, items: &[u32], is_folder: bool, alive: impl Fn(u32) -> bool) -> Option<u32> {
        self.deciding(items, is_folder, alive).filter(|line| !self.lines[*line as usize].takes_back)
    }

    /// The last line that matches what ends in this state.
    fn deciding(&self, items: &[u32], is_folder: bool, alive: impl Fn(u32) -> bool) -> Option<u32> {
        let applies = |line: &u32| alive(*line) && (is_folder || !self.lines[*line as usize].folders_only);
        self.trie.matching(items).filter(applies).max()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{ignored_by, parse_file};
    use super::*;

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("a"),
            Just("b"),
            Just("/"),
            Just("*"),
            Just("**"),
            Just("?"),
            Just("[ab]"),
            Just("[!a]"),
            Just("."),
        ];
        (any::<bool>(), prop::collection::vec(piece, 1..5)).prop_map(|(takes_back, pieces)| {
            format!("{}{}", if takes_back { "!" } else { "" }, pieces.concat())
        })
    }

    fn short_paths() -> Vec<String> {
        let mut paths = vec![String::new()];
        let mut longest = paths.clone();
        for _ in 0..5 {
            longest = longest
                .iter()
                .flat_map(|path| ["a", "b", "/", "."].map(|piece| format!("{path}{piece}")))
                .collect();
            paths.extend(longest.iter().cloned());
        }
        paths.retain(|path| NameKind::Path.allows(path.as_bytes(), false));
        paths
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn the_automaton_ignores_what_the_lines_ignore(texts in prop::collection::vec(text(), 1..4)) {
            let lines = parse_file("f", &texts.join("\n"));
            let judge = IgnoreJudge::new(lines.iter().collect());
            for path in short_paths() {
                let ignored = judge.ignored(path.as_bytes(), |_| true).is_some();
                prop_assert_eq!(ignored, ignored_by(&lines, &path).is_some(), "{:?}: {}", texts, path);
            }
        }

        #[test]
        fn the_advice_to_remove_lines_changes_nothing_that_is_ignored(texts in prop::collection::vec(text(), 1..6)) {
            let lines = parse_file("f", &texts.join("\n"));
            let judge = IgnoreJudge::new(lines.iter().collect());
            let redundant = judge.redundant();
            let kept: Vec<IgnoreLine> = lines.iter().enumerate()
                .filter(|(index, _)| judge.can_match(*index) && !redundant.iter().any(|line| line.index == *index))
                .map(|(_, line)| line.clone()).collect();
            for path in short_paths() {
                let (before, after) = (ignored_by(&lines, &path).is_some(), ignored_by(&kept, &path).is_some());
                prop_assert_eq!(before, after, "{:?} without {:?}: {}", texts, redundant, path);
            }
        }

        #[test]
        fn a_file_is_left_if_a_short_one_is(texts in prop::collection::vec(text(), 1..4)) {
            let lines = parse_file("f", &texts.join("\n"));
            let left = IgnoreJudge::new(lines.iter().collect()).leave_a_file(None);
            let some = short_paths().into_iter().find(|path| ignored_by(&lines, path).is_none());
            prop_assert!(left || some.is_none(), "{:?} leave {:?}", texts, some);
        }
    }

    #[test]
    fn lines_that_ignore_every_file() {
        let leave = |text: &str| IgnoreJudge::new(parse_file("f", text).iter().collect()).leave_a_file(None);
        for all in ["*", "**", "/*", "*\n!a/b", "?*", "**/*", "[!a]*\na*", "*/\n*"] {
            assert!(!leave(all), "{all}");
        }
        for some in ["*.md", "*\n!a", "*/", "*\n!a/\n!a/b", "!*", "/a"] {
            assert!(leave(some), "{some}");
        }
    }
}
