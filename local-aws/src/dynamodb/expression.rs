//! Owns expressions: their structure, and the values of the names and placeholders in them.

pub(super) mod bindings;
pub(super) mod condition;
mod parse;
pub(super) mod path;
pub(super) mod update;

use serde_json::Value;

use path::DocumentPath;

/// A condition, of ConditionExpression, FilterExpression and KeyConditionExpression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    Or(Box<Condition>, Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(Operand, Comparator, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    /// A function that is true or false, such as `attribute_exists`.
    Call(FunctionCall),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparator {
    /// As it is written.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Comparator::Equal => "=",
            Comparator::NotEqual => "<>",
            Comparator::Less => "<",
            Comparator::LessOrEqual => "<=",
            Comparator::Greater => ">",
            Comparator::GreaterOrEqual => ">=",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Path(DocumentPath),
    /// `:name`, until it is bound.
    Placeholder(String),
    Value(Value),
    /// A function that has a value, such as `size`.
    Call(FunctionCall),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct FunctionCall {
    pub(super) name: String,
    pub(super) arguments: Vec<Operand>,
}

/// A clause of an UpdateExpression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Clause {
    Set(Vec<Assignment>),
    Remove(Vec<DocumentPath>),
    /// `ADD` and `DELETE`, which are not served.
    Other(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assignment {
    pub(super) path: DocumentPath,
    pub(super) first: Operand,
    /// `+` or `-` and the second operand.
    pub(super) then: Option<(char, Operand)>,
}
