//! Owns the failures that the world arranges: which resource, of which stacks, when, and how often.

use super::operation_events::ValidationRecord;

/// A failure that the world arranges: the resource fails when the stack does this.
#[derive(Debug, Clone)]
pub(crate) struct ArrangedFailure {
    /// A logical id.
    pub(crate) resource: String,
    /// A stack's name, in which `*` is anything; `None` is every stack.
    pub(crate) stack: Option<String>,
    pub(crate) on: StackOperation,
    pub(crate) reason: String,
    /// The resource fails in the validation before the deployment, and nothing is provisioned.
    pub(crate) validation: Option<ArrangedValidation>,
    /// The number of failures left; `None` for a failure that lasts.
    pub(crate) times: Option<u32>,
}

/// The validation that fails, and the path in the template that it names.
#[derive(Debug, Clone)]
pub(crate) struct ArrangedValidation {
    pub(crate) name: String,
    pub(crate) path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StackOperation {
    Create,
    Update,
    Delete,
    Rollback,
    /// The deletion of what an update or its rollback no longer needs.
    Cleanup,
}

impl StackOperation {
    pub(crate) fn named(name: &str) -> Option<StackOperation> {
        Some(match name {
            "create" => StackOperation::Create,
            "update" => StackOperation::Update,
            "delete" => StackOperation::Delete,
            "rollback" => StackOperation::Rollback,
            "cleanup" => StackOperation::Cleanup,
            _ => return None,
        })
    }
}

impl ArrangedFailure {
    /// Whether the resource fails now while it is provisioned. A limited failure then has one failure less left.
    pub(super) fn strikes(&mut self, stack: &str, resource: &str, on: StackOperation) -> bool {
        self.validation.is_none() && self.is_due(stack, resource, on)
    }

    /// The failure of the resource's validation now. A limited failure then has one failure less left.
    pub(super) fn fails_validation(
        &mut self,
        stack: &str,
        resource: &str,
        on: StackOperation,
    ) -> Option<ValidationRecord> {
        let ArrangedValidation { name, path } = self.validation.clone()?;
        let reason = self.reason.clone();
        self.is_due(stack, resource, on).then_some(ValidationRecord { name, reason, path })
    }

    fn is_due(&mut self, stack: &str, resource: &str, on: StackOperation) -> bool {
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

/// Whether a name matches a pattern in which `*` is any text. A stack's name has no character with a meaning in a
/// pattern.
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
