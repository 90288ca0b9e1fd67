//! Reads an operation's input, member by member, and refuses unknown members.

use serde_json::{Map, Value};

use crate::error_answer::ErrorAnswer;

/// The members of an input that the operation has not read yet.
///
/// An operation reads the members that it knows and calls [`Members::finish`] before it has any effect. An unknown
/// member would otherwise be ignored, and a test would pass that fails with AWS.
#[derive(Debug)]
pub(crate) struct Members {
    /// The name of the input in error messages: `StartPipelineExecution`, `sourceRevisions[0]`.
    of: String,
    left: Map<String, Value>,
}

impl Members {
    pub(crate) fn new(of: &str, input: Value) -> Result<Members, ErrorAnswer> {
        match input {
            Value::Object(left) => Ok(Members { of: of.to_owned(), left }),
            _ => Err(wrong_type(of, "a structure")),
        }
    }

    /// `null` is the same as left out.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    /// Whether the member is present.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.left.get(name).is_some_and(|value| !value.is_null())
    }

    pub(crate) fn string(&mut self, name: &str) -> Result<Option<String>, ErrorAnswer> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(name, "a string")),
        }
    }

    /// Text counts too: in a form everything is text.
    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i64>, ErrorAnswer> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| wrong_type(name, "an integer")),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| wrong_type(name, "an integer")),
        }
    }

    /// Text counts too: in a form everything is text.
    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, ErrorAnswer> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(Value::String(text)) if matches!(&*text, "true" | "false") => Ok(Some(text == "true")),
            Some(_) => Err(wrong_type(name, "true or false")),
        }
    }

    /// A list; one that is left out is empty, and so is the empty text that stands for it in a form.
    fn list(&mut self, name: &str) -> Result<Vec<Value>, ErrorAnswer> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
            Some(_) => Err(wrong_type(name, "a list")),
        }
    }

    pub(crate) fn strings(&mut self, name: &str) -> Result<Vec<String>, ErrorAnswer> {
        let text = |item| match item {
            Value::String(text) => Ok(text),
            _ => Err(wrong_type(name, "a list of strings")),
        };
        self.list(name)?.into_iter().map(text).collect()
    }

    /// A map from names to structures; one that is left out is empty.
    pub(crate) fn map(&mut self, name: &str) -> Result<Vec<(String, Members)>, ErrorAnswer> {
        let entries = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Object(entries)) => entries,
            Some(Value::String(text)) if text.is_empty() => return Ok(Vec::new()),
            Some(_) => return Err(wrong_type(name, "a map")),
        };
        let entry = |(key, value): (String, Value)| {
            let members = Members::new(&format!("{}.{name}.{key}", self.of), value)?;
            Ok((key, members))
        };
        entries.into_iter().map(entry).collect()
    }

    /// A structure; an empty one is the empty text in a form.
    pub(crate) fn structure(&mut self, name: &str) -> Result<Option<Members>, ErrorAnswer> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(value) => Members::new(&format!("{}.{name}", self.of), value).map(Some),
        }
    }

    /// A map from names to whatever they stand for.
    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, ErrorAnswer> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(entries)) => Ok(Some(entries)),
            Some(_) => Err(wrong_type(name, "a map")),
        }
    }

    /// A list of structures as they are; one that is left out is empty.
    pub(crate) fn objects(&mut self, name: &str) -> Result<Vec<Map<String, Value>>, ErrorAnswer> {
        let object = |item| match item {
            Value::Object(entries) => Ok(entries),
            _ => Err(wrong_type(name, "a list of structures")),
        };
        self.list(name)?.into_iter().map(object).collect()
    }

    /// The unread members, without those that select a page: a page's token is valid only for the request of the
    /// first page.
    pub(crate) fn text(&self) -> String {
        let rest = self.left.iter().filter(|(name, _)| !matches!(&***name, "NextToken" | "MaxResults"));
        rest.map(|(name, value)| format!("{name}={value};")).collect()
    }

    /// A list of structures; one that is left out is empty.
    pub(crate) fn structures(&mut self, name: &str) -> Result<Vec<Members>, ErrorAnswer> {
        let items = self.list(name)?;
        let item = |(index, item)| Members::new(&format!("{}.{name}[{index}]", self.of), item);
        items.into_iter().enumerate().map(item).collect()
    }

    /// Everything must have been taken by now.
    pub(crate) fn finish(self) -> Result<(), ErrorAnswer> {
        match self.left.iter().find(|(_, value)| !value.is_null()) {
            None => Ok(()),
            Some((name, _)) => {
                Err(ErrorAnswer::not_served(format_args!("the member `{name}` of {}", self.of)))
            }
        }
    }
}

fn wrong_type(name: &str, wanted: &str) -> ErrorAnswer {
    ErrorAnswer::new("SerializationException", format!("`{name}` is not {wanted}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Members;

    #[test]
    fn an_unknown_member_is_refused_by_name() {
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
