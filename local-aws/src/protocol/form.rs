//! Reads forms: `Action` is the operation, `Version` is the API, and every other name is a path.
//!
//! Every value is text: the operation that reads a member converts it.

use std::collections::BTreeMap;

use hyper::http::HeaderMap;
use serde_json::{Map, Value};

use crate::error_answer::ErrorAnswer;
use crate::server::Request;

const FORM: &str = "application/x-www-form-urlencoded";

/// Whether the request is a form, as every request of this protocol is.
pub(super) fn speaks(headers: &HeaderMap) -> bool {
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM)
}

/// `Version` and `Action`, and everything else as the input.
pub(super) fn read(request: &Request, lists: Lists) -> (String, String, Result<Value, ErrorAnswer>) {
    let (mut api, mut operation, mut root) = (String::new(), String::new(), FormNode::default());
    for (name, value) in form_urlencoded::parse(&request.body) {
        match &*name {
            "Version" => api = value.into_owned(),
            "Action" => operation = value.into_owned(),
            _ => root.put(name.split('.'), value.into_owned()),
        }
    }
    let input = match operation.is_empty() {
        true => Err(ErrorAnswer::new("MissingAction", "the request has no Action")),
        false => Ok(root.structure(lists)),
    };
    (api, operation, input)
}

/// The notation of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// `Tags.member.1`, and maps as `Attributes.entry.1.Name`.
    Wrapped,
    /// `Owner.1`.
    Flat,
}

/// The part of a form at one path: a value, or the parts below it.
#[derive(Debug, Default)]
struct FormNode {
    value: Option<String>,
    /// In the order in which they came.
    below: Vec<(String, FormNode)>,
}

impl FormNode {
    fn put<'n>(&mut self, mut parts: impl Iterator<Item = &'n str>, value: String) {
        let Some(part) = parts.next() else {
            self.value = Some(value);
            return;
        };
        let found = self.below.iter().position(|(name, _)| name == part);
        let index = found.unwrap_or_else(|| {
            self.below.push((part.to_owned(), FormNode::default()));
            self.below.len() - 1
        });
        self.below[index].1.put(parts, value);
    }

    fn json(self, lists: Lists) -> Value {
        let list = |node: FormNode| node.items().map(|item| item.json(lists)).collect();
        match &*self.below {
            [] => self.value.map_or(Value::Null, Value::String),
            [(name, _)] if lists == Lists::Wrapped && name == "member" => list(self.only()),
            [(name, _)] if lists == Lists::Wrapped && name == "entry" => {
                let entries = self.only().items().filter_map(|item| item.entry(lists));
                Value::Object(entries.collect())
            }
            names if lists == Lists::Flat && names.iter().all(|(name, _)| name.parse::<usize>().is_ok()) => {
                list(self)
            }
            _ => self.structure(lists),
        }
    }

    fn structure(self, lists: Lists) -> Value {
        let members = self.below.into_iter().map(|(name, node)| (name, node.json(lists)));
        Value::Object(members.collect::<Map<_, _>>())
    }

    /// The part below `member` or `entry`.
    fn only(self) -> FormNode {
        self.below.into_iter().map(|(_, node)| node).next().unwrap_or_default()
    }

    /// The parts below, in the order of their numbers.
    fn items(self) -> impl Iterator<Item = FormNode> {
        let numbered = self.below.into_iter();
        let by_number: BTreeMap<usize, FormNode> =
            numbered.filter_map(|(number, node)| Some((number.parse().ok()?, node))).collect();
        by_number.into_values()
    }

    fn entry(self, lists: Lists) -> Option<(String, Value)> {
        let (names, values): (Vec<_>, Vec<_>) =
            self.below.into_iter().partition(|(part, _)| matches!(&**part, "Name" | "key"));
        let name = names.into_iter().next()?.1.value?;
        Some((name, values.into_iter().next()?.1.json(lists)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{FormNode, Lists};

    fn decoded(form: &str, lists: Lists) -> Value {
        let mut root = FormNode::default();
        for (name, value) in form_urlencoded::parse(form.as_bytes()) {
            root.put(name.split('.'), value.into_owned());
        }
        root.structure(lists)
    }

    #[test]
    fn lists_come_by_number_and_maps_by_name() {
        let form = "Tags.member.2.Key=b&Tags.member.2.Value=2&Tags.member.1.Key=a%26&Tags.member.1.Value=\
                    &Capabilities.member.1=X&Empty=&Attributes.entry.1.Name=n&Attributes.entry.1.Value.DataType=String";
        let expected = json!({
            "Tags": [{"Key": "a&", "Value": ""}, {"Key": "b", "Value": "2"}],
            "Capabilities": ["X"],
            "Empty": "",
            "Attributes": {"n": {"DataType": "String"}},
        });
        assert_eq!(decoded(form, Lists::Wrapped), expected);
    }

    #[test]
    fn more_than_nine_items_keep_their_order() {
        let form: Vec<String> = (1..=12).map(|number| format!("L.member.{number}={number}")).collect();
        let numbers: Vec<String> = (1..=12).map(|number| number.to_string()).collect();
        assert_eq!(decoded(&form.join("&"), Lists::Wrapped), json!({"L": numbers}));
    }

    #[test]
    fn a_flat_list_has_its_numbers_at_once() {
        let form = "Owner.2=b&Owner.1=a&Filter.1.Name=name&Filter.1.Value.1=x*&LaunchPermission.Add.1.UserId=1&ImageId=i";
        let expected = json!({
            "Owner": ["a", "b"],
            "Filter": [{"Name": "name", "Value": ["x*"]}],
            "LaunchPermission": {"Add": [{"UserId": "1"}]},
            "ImageId": "i",
        });
        assert_eq!(decoded(form, Lists::Flat), expected);
        assert_eq!(decoded("Owner.member.1=a", Lists::Flat), json!({"Owner": {"member": ["a"]}}));
    }
}
