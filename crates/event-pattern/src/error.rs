//! Owns the reasons for which EventBridge refuses a pattern, and the place of each in the pattern.

use crate::MAX_COMBINATIONS;

/// The reason for which EventBridge would refuse a pattern, and the field that causes it.
///
/// ```
/// use eventbridge_pattern::{EventPattern, PatternProblem};
/// use serde_json::json;
///
/// let error = EventPattern::parse(&json!({ "detail": { "size": [{ "above": 5 }] } })).unwrap_err();
/// assert_eq!(error.path(), "detail.size");
/// assert_eq!(*error.problem(), PatternProblem::UnknownOperator { operator: "above".to_owned() });
/// assert_eq!(error.to_string(), "event pattern is not valid at detail.size: there is no operator `above`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event pattern is not valid at {}: {problem}", if path.is_empty() { "its top level" } else { path })]
pub struct PatternError {
    path: String,
    problem: PatternProblem,
}

impl PatternError {
    pub(crate) fn new(path: &str, problem: PatternProblem) -> PatternError {
        PatternError { path: path.to_owned(), problem }
    }

    /// The dotted path of the field, as `detail.referenceType`; empty for the pattern as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The reason for which the field is refused.
    pub fn problem(&self) -> &PatternProblem {
        &self.problem
    }
}

/// What is wrong at a place of a pattern. Its text is a clause that can follow "at `path`:".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternProblem {
    /// The whole pattern is an array or a scalar.
    #[error("the pattern must be an object")]
    PatternIsNoObject,
    /// The pattern, or an object in it, is empty.
    #[error("an object must name at least one field")]
    EmptyObject,
    /// A field's value is a scalar.
    #[error("the value must be an array or an object")]
    FieldIsScalar,
    /// A field's array is empty.
    #[error("an array must hold at least one value")]
    EmptyArray,
    /// A field's array has an array as an element.
    #[error("an array cannot hold another array")]
    NestedArray,
    /// An object in a field's array has no operator, or several.
    #[error("an object in an array must have exactly one operator")]
    NotOneOperator,
    /// EventBridge has no operator of this name.
    #[error("there is no operator `{operator}`")]
    UnknownOperator {
        /// The name, as the pattern writes it.
        operator: String,
    },
    /// An operand has the wrong type.
    #[error("`{operator}` takes {wanted}")]
    WrongOperand {
        /// The operator.
        operator: String,
        /// The operands that it takes, as a noun phrase.
        wanted: &'static str,
    },
    /// An operator has an empty list of operands.
    #[error("the list of an operator must not be empty")]
    EmptyOperandList,
    /// `anything-but` holds an operator that it cannot negate.
    #[error("`anything-but` cannot hold `{operator}`")]
    CannotNegate {
        /// The inner operator.
        operator: String,
    },
    /// `anything-but` negates an empty prefix or suffix, so the field would never match.
    #[error("`anything-but` takes no empty `{operator}`")]
    NegatesEverything {
        /// The inner operator: `prefix` or `suffix`.
        operator: String,
    },
    /// A wildcard has two stars side by side.
    #[error("`wildcard` has two stars in a row")]
    TwoStars,
    /// A wildcard has a backslash that escapes nothing.
    #[error("`wildcard` has a backslash before neither `*` nor `\\`")]
    BadEscape,
    /// A `numeric` bound has an unknown comparison.
    #[error("`numeric` has no operator {comparison}")]
    UnknownComparison {
        /// The comparison, as JSON.
        comparison: String,
    },
    /// A `numeric` range is empty or has its bounds in the wrong order.
    #[error("a `numeric` range goes from `>` or `>=` a smaller to `<` or `<=` a larger number")]
    BadRange,
    /// A `cidr` block covers one address or less.
    #[error("`cidr` of this family takes a length of at most {longest}")]
    PrefixTooLong {
        /// The longest prefix of the address family that EventBridge accepts.
        longest: u32,
    },
    /// `$or` has fewer than two branches.
    #[error("`$or` takes at least two objects")]
    OneBranch,
    /// A branch of `$or` is no object.
    #[error("`$or` takes objects only")]
    BranchIsNoObject,
    /// A branch of `$or` has a field with the name of an operator.
    #[error("`$or` cannot hold a field named `{field}`: it is reserved")]
    ReservedField {
        /// The field's name.
        field: String,
    },
    /// `$or` makes more than [`MAX_COMBINATIONS`] combinations.
    #[error("`$or` makes more than {MAX_COMBINATIONS} combinations")]
    TooManyCombinations,
}
