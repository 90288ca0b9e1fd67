//! Owns the failures that the world arranges: which resource, of which stacks, when, and how often.

/// A failure that the world arranges: the resource fails when the stack does this.
#[derive(Debug, Clone)]
pub(crate) struct Failing {
    /// A logical id.
    pub(crate) resource: String,
    /// A stack's name, in which `*` is anything; `None` is every stack.
    pub(crate) stack: Option<String>,
    pub(crate) on: On,
    pub(crate) reason: String,
    /// How often it still fails; `None` is always.
    pub(crate) times: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Create,
    Update,
    Delete,
    Rollback,
}

impl On {
    pub(crate) fn named(name: &str) -> Option<On> {
        Some(match name {
            "create" => On::Create,
            "update" => On::Update,
            "delete" => On::Delete,
            "rollback" => On::Rollback,
            _ => return None,
        })
    }
}

impl Failing {
    /// Whether the resource is to fail; one that fails a number of times has failed once more then.
    pub(super) fn strikes(&mut self, stack: &str, resource: &str, on: On) -> bool {
        let fits = self.on == on
            && self.resource == resource
            && self.stack.as_deref().is_none_or(|pattern| fits(pattern, stack));
        if !fits || self.times == Some(0) {
            return false;
        }
        self.times = self.times.map(|times| times - 1);
        true
    }
}

/// Whether a name fits a pattern in which `*` is anything. A name has none of the characters that a pattern could mean.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|tail| {
            let ends = tail.char_indices().map(|(index, _)| index).chain([tail.len()]);
            ends.into_iter().any(|index| fits(rest, &tail[index..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_is_anything_and_nothing() {
        for (pattern, name) in
            [("a", "a"), ("*", ""), ("branch-*", "branch-x"), ("*-x", "a-x-x"), ("a*b*c", "abc")]
        {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("a", "ab"), ("branch-*", "other"), ("a*b", "abc"), ("", "a")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
