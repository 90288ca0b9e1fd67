//! Owns expressions: what they are made of once they are read, and what the names and values in them stand for.

pub(super) mod bindings;
pub(super) mod condition;
mod parse;
pub(super) mod path;
pub(super) mod update;

use serde_json::Value;

use path::Path;

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
    Call(Call),
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
    Path(Path),
    /// `:name`, until it is bound.
    Placeholder(String),
    Value(Value),
    /// A function that has a value, such as `size`.
    Call(Call),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Vec<Operand>,
}

/// What an UpdateExpression does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Clause {
    Set(Vec<Assignment>),
    Remove(Vec<Path>),
    /// `ADD` and `DELETE`, which are not served.
    Other(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assignment {
    pub(super) path: Path,
    pub(super) first: Operand,
    /// `+` or `-` and what follows it.
    pub(super) then: Option<(char, Operand)>,
}
