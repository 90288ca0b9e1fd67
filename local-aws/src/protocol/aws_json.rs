//! AWS JSON 1.1, and 1.0 for DynamoDB and CloudWatch: `POST /` with the operation in `X-Amz-Target`, JSON in and out.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::{HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::Wire;
use crate::error_answer::ErrorAnswer;
use crate::server::{Request, respond};

/// The version that a service's model names (`jsonVersion`).
fn content_type(api: &str) -> &'static str {
    match api {
        api if api.starts_with("DynamoDB") => "application/x-amz-json-1.0",
        // CloudWatch's second protocol, which boto3 takes.
        "GraniteServiceVersion20100801" => "application/x-amz-json-1.0",
        _ => "application/x-amz-json-1.1",
    }
}

/// The API, the operation and the input.
pub(super) fn read(request: &Request) -> (String, String, Result<Value, ErrorAnswer>) {
    let (api, operation) = target(&request.parts.headers);
    let input = match operation.is_empty() {
        true => Err(ErrorAnswer::not_served(format_args!(
            "{} {} without X-Amz-Target and without a form (it speaks AWS JSON and AWS Query)",
            request.parts.method, request.parts.uri
        ))),
        false => input(request, &api),
    };
    (api, operation, input)
}

/// The parts of `CodeCommit_20150413.GetBranch`; both are empty if there is no target.
fn target(headers: &HeaderMap) -> (String, String) {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (api, operation) = target.rsplit_once('.').unwrap_or(("", target));
    (api.to_owned(), operation.to_owned())
}

fn input(request: &Request, api: &str) -> Result<Value, ErrorAnswer> {
    let given = request.parts.headers.get("content-type").and_then(|value| value.to_str().ok());
    // CodePipeline's model lists another protocol (RPC v2 CBOR) first: an SDK that starts to use it must be noticed.
    if given.map(|value| value.split(';').next().unwrap_or_default().trim()) != Some(content_type(api)) {
        return Err(ErrorAnswer::not_served(format_args!("the content type `{}`", given.unwrap_or("none"))));
    }
    serde_json::from_slice(&request.body).map_err(|error| {
        ErrorAnswer::new("SerializationException", format!("the request is not JSON: {error}"))
    })
}

pub(super) fn response(
    wire: &Wire,
    outcome: &Result<Value, ErrorAnswer>,
    request_id: &str,
) -> Response<Full<Bytes>> {
    let (status, body) = match outcome {
        Ok(output) => (200, output.clone()),
        Err(refusal) => (refusal.status, error(&wire.api, refusal)),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, content_type(&wire.api), body.to_string());
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-RequestId", id);
    }
    response
}

fn error(api: &str, refusal: &ErrorAnswer) -> Value {
    let mut body = json!({"__type": shape_id(api, &refusal.code), "message": refusal.message});
    for (member, value) in refusal.further.iter().flat_map(|further| further.iter()) {
        body[member] = value.clone();
    }
    body
}

/// DynamoDB names the namespace of an error's shape; the other services only the shape.
fn shape_id(api: &str, code: &str) -> String {
    match code {
        _ if !api.starts_with("DynamoDB") => code.to_owned(),
        "ValidationException" => format!("com.amazon.coral.validate#{code}"),
        "SerializationException" => format!("com.amazon.coral.service#{code}"),
        _ => format!("com.amazonaws.dynamodb.v20120810#{code}"),
    }
}
