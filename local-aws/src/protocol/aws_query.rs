//! AWS Query: `POST /` with a form whose `Action` is the operation and whose `Version` is the API; answers are XML.
//!
//! A list is `Tags.member.1.Key=..`, a map `MessageAttributes.entry.1.Name=..`; an empty list is `Tags=`. Everything is
//! text: whoever takes a member says what it should be. Written after "AWS Query protocol" of the Smithy documentation.

use std::collections::BTreeMap;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::{HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value};

use super::Wire;
use crate::refusal::Refusal;
use crate::server::{Request, respond};

const FORM: &str = "application/x-www-form-urlencoded";

/// Whether the request is a form, as every request of this protocol is.
pub(super) fn speaks(headers: &HeaderMap) -> bool {
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM)
}

/// `Version` and `Action`, and everything else as the input.
pub(super) fn read(request: &Request) -> (String, String, Result<Value, Refusal>) {
    let (mut api, mut operation, mut root) = (String::new(), String::new(), Node::default());
    for (name, value) in form_urlencoded::parse(&request.body) {
        match &*name {
            "Version" => api = value.into_owned(),
            "Action" => operation = value.into_owned(),
            _ => root.put(name.split('.'), value.into_owned()),
        }
    }
    let input = match operation.is_empty() {
        true => Err(Refusal::new("MissingAction", "the request has no Action")),
        false => Ok(root.structure()),
    };
    (api, operation, input)
}

/// What one name of the form stands for, by its parts: a value, or what is below it.
#[derive(Debug, Default)]
struct Node {
    value: Option<String>,
    /// In the order in which they came.
    below: Vec<(String, Node)>,
}

impl Node {
    fn put<'n>(&mut self, mut parts: impl Iterator<Item = &'n str>, value: String) {
        let Some(part) = parts.next() else {
            self.value = Some(value);
            return;
        };
        let found = self.below.iter().position(|(name, _)| name == part);
        let index = found.unwrap_or_else(|| {
            self.below.push((part.to_owned(), Node::default()));
            self.below.len() - 1
        });
        self.below[index].1.put(parts, value);
    }

    fn json(self) -> Value {
        match &*self.below {
            [] => self.value.map_or(Value::Null, Value::String),
            [(name, _)] if name == "member" => self.items().map(Node::json).collect(),
            [(name, _)] if name == "entry" => Value::Object(self.items().filter_map(Node::entry).collect()),
            _ => self.structure(),
        }
    }

    fn structure(self) -> Value {
        Value::Object(self.below.into_iter().map(|(name, node)| (name, node.json())).collect::<Map<_, _>>())
    }

    /// What is below `member` or `entry`, by its numbers.
    fn items(self) -> impl Iterator<Item = Node> {
        let numbered = self.below.into_iter().flat_map(|(_, list)| list.below);
        let by_number: BTreeMap<usize, Node> =
            numbered.filter_map(|(number, node)| Some((number.parse().ok()?, node))).collect();
        by_number.into_values()
    }

    fn entry(self) -> Option<(String, Value)> {
        let (names, values): (Vec<_>, Vec<_>) =
            self.below.into_iter().partition(|(part, _)| matches!(&**part, "Name" | "key"));
        let name = names.into_iter().next()?.1.value?;
        Some((name, values.into_iter().next()?.1.json()))
    }
}

pub(super) fn response(
    wire: &Wire,
    outcome: &Result<Value, Refusal>,
    request_id: &str,
) -> Response<Full<Bytes>> {
    let (status, body) = match outcome {
        Ok(output) => (200, answer(wire, output, request_id)),
        Err(refusal) => (refusal.status, error(wire, refusal, request_id)),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, "text/xml", body);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-RequestId", id);
    }
    response
}

/// An operation without an output, such as DeleteStack, answers `null` and has no result element.
fn answer(wire: &Wire, output: &Value, request_id: &str) -> Vec<u8> {
    let name = &wire.operation;
    let mut xml = Xml::default();
    xml.open_in(&format!("{name}Response"), wire);
    if !output.is_null() {
        xml.value(&format!("{name}Result"), output);
    }
    xml.open("ResponseMetadata");
    xml.text("RequestId", request_id);
    xml.close("ResponseMetadata");
    xml.close(&format!("{name}Response"));
    xml.finish()
}

fn error(wire: &Wire, refusal: &Refusal, request_id: &str) -> Vec<u8> {
    let mut xml = Xml::default();
    xml.open_in("ErrorResponse", wire);
    xml.open("Error");
    xml.text("Type", if refusal.status < 500 { "Sender" } else { "Receiver" });
    xml.text("Code", &refusal.code);
    xml.text("Message", &refusal.message);
    xml.close("Error");
    xml.text("RequestId", request_id);
    xml.close("ErrorResponse");
    xml.finish()
}

/// Writes elements into memory, which cannot fail.
struct Xml(Writer<Vec<u8>>);

impl Default for Xml {
    fn default() -> Xml {
        Xml(Writer::new(Vec::new()))
    }
}

impl Xml {
    fn event(&mut self, event: Event<'_>) {
        self.0.write_event(event).expect("memory takes everything");
    }

    /// The outermost element, in the service's namespace.
    fn open_in(&mut self, name: &str, wire: &Wire) {
        let namespace = format!("http://{}.amazonaws.com/doc/{}/", wire.service, wire.api);
        self.event(Event::Start(BytesStart::new(name).with_attributes([("xmlns", namespace.as_str())])));
    }

    fn open(&mut self, name: &str) {
        self.event(Event::Start(BytesStart::new(name)));
    }

    fn close(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        self.event(Event::Text(BytesText::new(text)));
        self.close(name);
    }

    fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::String(text) => self.text(name, text),
            Value::Bool(_) | Value::Number(_) => self.text(name, &value.to_string()),
            Value::Array(items) => {
                self.open(name);
                items.iter().for_each(|item| self.value("member", item));
                self.close(name);
            }
            Value::Object(members) => {
                self.open(name);
                members.iter().for_each(|(name, member)| self.value(name, member));
                self.close(name);
            }
        }
    }

    fn finish(self) -> Vec<u8> {
        self.0.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Node;

    fn decoded(form: &str) -> Value {
        let mut root = Node::default();
        for (name, value) in form_urlencoded::parse(form.as_bytes()) {
            root.put(name.split('.'), value.into_owned());
        }
        root.structure()
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
        assert_eq!(decoded(form), expected);
    }

    #[test]
    fn more_than_nine_items_keep_their_order() {
        let form: Vec<String> = (1..=12).map(|number| format!("L.member.{number}={number}")).collect();
        let numbers: Vec<String> = (1..=12).map(|number| number.to_string()).collect();
        assert_eq!(decoded(&form.join("&")), json!({"L": numbers}));
    }
}
