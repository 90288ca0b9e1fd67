//! Writes XML answers.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::HeaderValue;
use hyper::{Response, StatusCode};
use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use serde_json::Value;

use crate::server::respond;

/// A response with an XML body.
pub(super) fn response(status: u16, body: Vec<u8>, request_id: &str) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, "text/xml", body);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-RequestId", id);
    }
    response
}

/// Writes elements into memory, which cannot fail.
pub(super) struct Xml {
    writer: Writer<Vec<u8>>,
    /// The name of a list's items.
    item: &'static str,
}

impl Xml {
    pub(super) fn with_items(item: &'static str) -> Xml {
        Xml { writer: Writer::new(Vec::new()), item }
    }

    fn event(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("writing to memory does not fail");
    }

    /// The outermost element, in the service's namespace.
    pub(super) fn open_in(&mut self, name: &str, namespace: &str) {
        self.event(Event::Start(BytesStart::new(name).with_attributes([("xmlns", namespace)])));
    }

    pub(super) fn open(&mut self, name: &str) {
        self.event(Event::Start(BytesStart::new(name)));
    }

    pub(super) fn close(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        self.event(Event::Text(BytesText::new(text)));
        self.close(name);
    }

    pub(super) fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::String(text) => self.text(name, text),
            Value::Bool(_) | Value::Number(_) => self.text(name, &value.to_string()),
            Value::Array(items) => {
                self.open(name);
                items.iter().for_each(|item| self.value(self.item, item));
                self.close(name);
            }
            Value::Object(members) => {
                self.open(name);
                members.iter().for_each(|(name, member)| self.value(name, member));
                self.close(name);
            }
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.writer.into_inner()
    }
}
