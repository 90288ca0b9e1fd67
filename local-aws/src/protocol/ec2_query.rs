//! Owns EC2's dialect of AWS Query: lists are flat (`Owner.1`), answers have `item`s and no result element.
//!
//! The source is "AWS EC2 query protocol" of the Smithy documentation. An answer uses the names of the protocol
//! (`imagesSet`), which are not those of the API reference.

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
        Err(refusal) => (refusal.status, error(refusal, request_id)),
    };
    xml::response(status, body, request_id)
}

fn answer(wire: &Wire, output: &Value, request_id: &str) -> Vec<u8> {
    let name = format!("{}Response", wire.operation);
    let mut xml = Xml::with_items("item");
    xml.open_in(&name, &format!("http://ec2.amazonaws.com/doc/{}/", wire.api));
    xml.text("requestId", request_id);
    for (name, member) in output.as_object().into_iter().flatten() {
        xml.value(name, member);
    }
    xml.close(&name);
    xml.finish()
}

fn error(refusal: &ErrorAnswer, request_id: &str) -> Vec<u8> {
    let mut xml = Xml::with_items("item");
    for name in ["Response", "Errors", "Error"] {
        xml.open(name);
    }
    xml.text("Code", &refusal.code);
    xml.text("Message", &refusal.message);
    xml.close("Error");
    xml.close("Errors");
    xml.text("RequestID", request_id);
    xml.close("Response");
    xml.finish()
}
