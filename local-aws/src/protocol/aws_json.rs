//! AWS JSON 1.1: `POST /` with the operation in `X-Amz-Target`, JSON in and out.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::{HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use crate::refusal::Refusal;
use crate::server::{Request, respond};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// The API, the operation and the input.
pub(super) fn read(request: &Request) -> (String, String, Result<Value, Refusal>) {
    let (api, operation) = target(&request.parts.headers);
    let input = match operation.is_empty() {
        true => Err(Refusal::not_served(format_args!(
            "{} {} without X-Amz-Target and without a form (it speaks AWS JSON 1.1 and AWS Query)",
            request.parts.method, request.parts.uri
        ))),
        false => input(request),
    };
    (api, operation, input)
}

/// `CodeCommit_20150413.GetBranch`, taken apart; both are empty when there is no target.
fn target(headers: &HeaderMap) -> (String, String) {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (api, operation) = target.rsplit_once('.').unwrap_or(("", target));
    (api.to_owned(), operation.to_owned())
}

fn input(request: &Request) -> Result<Value, Refusal> {
    let content_type = request.parts.headers.get("content-type").and_then(|value| value.to_str().ok());
    // CodePipeline's model lists another protocol (RPC v2 CBOR) first: an SDK that starts to use it must be noticed.
    if content_type.map(|value| value.split(';').next().unwrap_or_default().trim()) != Some(CONTENT_TYPE) {
        return Err(Refusal::not_served(format_args!(
            "the content type `{}`",
            content_type.unwrap_or("none")
        )));
    }
    serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::new("SerializationException", format!("the request is not JSON: {error}")))
}

pub(super) fn response(outcome: &Result<Value, Refusal>, request_id: &str) -> Response<Full<Bytes>> {
    let (status, body) = match outcome {
        Ok(output) => (200, output.clone()),
        Err(refusal) => (refusal.status, json!({"__type": refusal.code, "message": refusal.message})),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, CONTENT_TYPE, body.to_string());
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-RequestId", id);
    }
    response
}
