//! AWS Query: `POST /` with a form; answers are XML.
//!
//! A list is `Tags.member.1.Key=..`, a map `MessageAttributes.entry.1.Name=..`; an empty list is `Tags=`. Written after
//! "AWS Query protocol" of the Smithy documentation.

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use serde_json::Value;

use super::Wire;
use super::xml::{self, Xml};
use crate::error_answer::ErrorAnswer;

pub(super) fn response(
    wire: &Wire,
    outcome: &Result<Value, ErrorAnswer>,
    request_id: &str,
) -> Response<Full<Bytes>> {
    let (status, body) = match outcome {
        Ok(output) => (200, answer(wire, output, request_id)),
        Err(refusal) => (refusal.status, error(wire, refusal, request_id)),
    };
    xml::response(status, body, request_id)
}

/// An operation without an output, such as DeleteStack, answers `null` and has no result element.
fn answer(wire: &Wire, output: &Value, request_id: &str) -> Vec<u8> {
    let name = &wire.operation;
    let mut xml = Xml::with_items("member");
    xml.open_in(&format!("{name}Response"), &namespace(wire));
    if !output.is_null() {
        xml.value(&format!("{name}Result"), output);
    }
    xml.open("ResponseMetadata");
    xml.text("RequestId", request_id);
    xml.close("ResponseMetadata");
    xml.close(&format!("{name}Response"));
    xml.finish()
}

fn error(wire: &Wire, refusal: &ErrorAnswer, request_id: &str) -> Vec<u8> {
    let mut xml = Xml::with_items("member");
    xml.open_in("ErrorResponse", &namespace(wire));
    xml.open("Error");
    xml.text("Type", if refusal.status < 500 { "Sender" } else { "Receiver" });
    xml.text("Code", &refusal.code);
    xml.text("Message", &refusal.message);
    xml.close("Error");
    xml.text("RequestId", request_id);
    xml.close("ErrorResponse");
    xml.finish()
}

/// As the services' models have it (`xmlNamespace`).
fn namespace(wire: &Wire) -> String {
    let scheme = if matches!(&*wire.service, "iam" | "sts") { "https" } else { "http" };
    format!("{scheme}://{}.amazonaws.com/doc/{}/", wire.service, wire.api)
}
