//! Which names can exist, and which of them patterns match: questions about every name at once, answered with automata.
//!
//! A pattern is a sequence of [`PatternStep`]s over bytes. Many patterns are one [`PatternTrie`]. [`NameKind`] has the names
//! that git and CodeCommit allow. [`shortest`] searches the names that both allow.

mod bytes;
mod names;
mod search;
mod trie;

pub use bytes::ByteSet;
pub use names::{NameKind, NameState};
pub use search::{Alphabet, SearchResult, shortest};
pub use trie::{PatternStep, PatternTrie, can_match, furthest, samples, search};
