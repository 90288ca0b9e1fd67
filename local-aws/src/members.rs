//! Takes an operation's input apart, member by member, and refuses what is left over.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The members of an input that nobody has taken yet.
///
/// An operation takes what it knows and calls [`Members::finish`] before it does anything: a member that it does not
/// know would otherwise be ignored, and a test would pass that AWS would not.
#[derive(Debug)]
pub(crate) struct Members {
    /// What the error message calls the input: `StartPipelineExecution`, `sourceRevisions[0]`.
    of: String,
    left: Map<String, Value>,
}

impl Members {
    pub(crate) fn new(of: &str, input: Value) -> Result<Members, Refusal> {
        match input {
            Value::Object(left) => Ok(Members { of: of.to_owned(), left }),
            _ => Err(wrong_type(of, "a structure")),
        }
    }

    /// `null` is the same as left out.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn string(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(name, "a string")),
        }
    }

    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| wrong_type(name, "an integer")),
        }
    }

    /// A list of structures; one that is left out is empty.
    pub(crate) fn structures(&mut self, name: &str) -> Result<Vec<Members>, Refusal> {
        let items = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(wrong_type(name, "a list")),
        };
        let item = |(index, item)| Members::new(&format!("{}.{name}[{index}]", self.of), item);
        items.into_iter().enumerate().map(item).collect()
    }

    /// Everything must have been taken by now.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        match self.left.iter().find(|(_, value)| !value.is_null()) {
            None => Ok(()),
            Some((name, _)) => Err(Refusal::not_served(format_args!("the member `{name}` of {}", self.of))),
        }
    }
}

fn wrong_type(name: &str, wanted: &str) -> Refusal {
    Refusal::new("SerializationException", format!("`{name}` is not {wanted}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Members;

    #[test]
    fn a_member_that_nobody_took_is_refused_by_name() {
        let mut members = Members::new("GetBranch", json!({"branchName": "main", "depth": 1})).unwrap();
        assert_eq!(members.string("branchName").unwrap().as_deref(), Some("main"));
        let refusal = members.finish().unwrap_err();
        assert_eq!(refusal.status, 501);
        assert_eq!(refusal.message, "the local AWS does not serve the member `depth` of GetBranch");
    }

    #[test]
    fn null_is_left_out_and_a_wrong_type_is_a_serialization_error() {
        let mut members = Members::new("X", json!({"a": null, "b": 1.5, "c": null})).unwrap();
        assert_eq!(members.string("a").unwrap(), None);
        assert_eq!(members.integer("b").unwrap_err().code, "SerializationException");
        members.finish().unwrap();
    }
}
