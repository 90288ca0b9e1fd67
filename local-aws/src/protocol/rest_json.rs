//! REST JSON: JSON in and out, an error's name in a header. The path names the operation: `POST /Operation` of Elastic
//! Disaster Recovery, and a path of its own of Security Hub.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::HeaderValue;
use hyper::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::Wire;
use crate::error_answer::ErrorAnswer;
use crate::server::{Request, respond};

/// Whether a service uses this protocol.
pub(super) fn serves(service: &str) -> bool {
    matches!(service, "drs" | "scheduler" | "securityhub")
}

/// The API (none is named), the operation and the input.
pub(super) fn read(request: &Request, service: &str) -> (String, String, Result<Value, ErrorAnswer>) {
    if service == "scheduler" {
        return of_scheduler(request);
    }
    let operation = match (service, request.parts.uri.path()) {
        ("securityhub", "/findings/import") => "BatchImportFindings".to_owned(),
        (_, path) => path.trim_start_matches('/').to_owned(),
    };
    let input = match request.parts.method {
        Method::POST if request.body.is_empty() => Ok(json!({})),
        Method::POST => serde_json::from_slice(&request.body).map_err(|error| {
            ErrorAnswer::new("ValidationException", format!("the request is not JSON: {error}"))
                .with("reason", "cannotParse".into())
        }),
        _ => Err(ErrorAnswer::not_served(format_args!("{} {}", request.parts.method, request.parts.uri))),
    };
    (String::new(), operation, input)
}

/// EventBridge Scheduler: the method names the operation, the path the schedule, and the query the group.
fn of_scheduler(request: &Request) -> (String, String, Result<Value, ErrorAnswer>) {
    let uri = &request.parts.uri;
    let name = uri.path().strip_prefix("/schedules/").filter(|name| !name.contains('/'));
    let operation = match (name, request.parts.method.as_str()) {
        (Some(_), "POST") => "CreateSchedule",
        (Some(_), "GET") => "GetSchedule",
        (Some(_), "PUT") => "UpdateSchedule",
        (Some(_), "DELETE") => "DeleteSchedule",
        _ => return (String::new(), format!("{} {}", request.parts.method, uri.path()), Ok(json!({}))),
    };
    let mut input = match request.body.is_empty() {
        true => json!({}),
        false => serde_json::from_slice(&request.body).unwrap_or_default(),
    };
    if let Some(members) = input.as_object_mut() {
        members.insert("Name".to_owned(), json!(name));
        for (key, value) in uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='))
        {
            let member = match key {
                "groupName" => "GroupName",
                "clientToken" => "ClientToken",
                other => other,
            };
            members.insert(member.to_owned(), json!(value));
        }
        return (String::new(), operation.to_owned(), Ok(input));
    }
    let refused = ErrorAnswer::new("ValidationException", "the request is not a JSON object");
    (String::new(), operation.to_owned(), Err(refused))
}

pub(super) fn response(
    wire: &Wire,
    outcome: &Result<Value, ErrorAnswer>,
    request_id: &str,
) -> Response<Full<Bytes>> {
    let (status, body) = match outcome {
        Ok(output) => (success(&wire.operation), output.clone()),
        Err(refusal) => (status(refusal), error(wire, refusal)),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, "application/json", body.to_string());
    let headers = [
        ("x-amzn-requestid", Some(request_id)),
        ("x-amzn-errortype", outcome.as_ref().err().map(|refusal| refusal.code.as_str())),
    ];
    for (name, value) in headers {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The model's `responseCode` of an operation.
fn success(operation: &str) -> u16 {
    if operation == "StartRecoveryPlanExecution" { 201 } else { 200 }
}

/// The model's `httpStatusCode` of an error, which differs from that of other services for errors of the same name.
fn status(refusal: &ErrorAnswer) -> u16 {
    match refusal.code.as_str() {
        "ServiceQuotaExceededException" => 402,
        "InvalidAccessException" => 401,
        "AccessDeniedException" => 403,
        "ResourceNotFoundException" => 404,
        "ThrottlingException" | "LimitExceededException" => 429,
        "InternalException" => 500,
        _ => refusal.status,
    }
}

fn error(wire: &Wire, refusal: &ErrorAnswer) -> Value {
    let mut body = match &*wire.service {
        // The names of the members in the service's model.
        "scheduler" | "securityhub" => json!({"Message": refusal.message, "Code": refusal.code}),
        _ => json!({"message": refusal.message, "code": refusal.code}),
    };
    for (member, value) in refusal.further.iter().flat_map(|further| further.iter()) {
        body[member] = value.clone();
    }
    body
}
