//! REST XML, as S3 speaks it: the method, the path (`/bucket/key`) and the query name the operation, members are in the
//! query and in headers, and errors are XML. Only path-style requests are served.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde_json::{Map, Value};

use super::Wire;
use super::xml::Xml;
use crate::error_answer::ErrorAnswer;
use crate::server::{Request, respond};

/// Whether a service uses this protocol.
pub(super) fn serves(service: &str) -> bool {
    service == "s3"
}

/// The members that a query parameter or a header carries.
const MEMBERS: &[(&str, &str)] = &[
    ("versionid", "VersionId"),
    ("prefix", "Prefix"),
    ("key-marker", "KeyMarker"),
    ("version-id-marker", "VersionIdMarker"),
    ("max-keys", "MaxKeys"),
    ("encoding-type", "EncodingType"),
    ("range", "Range"),
    ("if-match", "IfMatch"),
    ("if-none-match", "IfNoneMatch"),
    ("x-amz-expected-bucket-owner", "ExpectedBucketOwner"),
];

/// Parts of a request that are no member, or one without effect here: no object has a checksum.
const NO_MEMBER: &[&str] = &[
    "x-id",
    "versions",
    "x-amz-checksum-mode",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-user-agent",
];

/// The API (none is named), the operation and the input.
pub(super) fn read(request: &Request) -> (String, String, Result<Value, ErrorAnswer>) {
    let uri = &request.parts.uri;
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let query: Vec<(String, String)> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let has = |name: &str| query.iter().any(|(given, _)| given == name);
    let operation = match (&request.parts.method, bucket.is_empty(), key.is_empty()) {
        (&Method::GET, false, false) => "GetObject",
        (&Method::HEAD, false, false) => "HeadObject",
        (&Method::GET, false, true) if has("versions") => "ListObjectVersions",
        _ => {
            let what = format!("{} {uri}", request.parts.method);
            return (String::new(), String::new(), Err(ErrorAnswer::not_served(what)));
        }
    };
    let input = input(bucket, key, query, &request.parts.headers);
    (String::new(), operation.to_owned(), input)
}

fn input(
    bucket: &str,
    key: &str,
    query: Vec<(String, String)>,
    headers: &HeaderMap,
) -> Result<Value, ErrorAnswer> {
    let mut members = Map::new();
    members.insert("Bucket".to_owned(), decoded(bucket)?.into());
    if !key.is_empty() {
        members.insert("Key".to_owned(), decoded(key)?.into());
    }
    let conditions = ["range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];
    let of_headers = headers.iter().filter_map(|(name, value)| {
        let is_member = name.as_str().starts_with("x-amz-") || conditions.contains(&name.as_str());
        is_member.then(|| Some((name.to_string(), value.to_str().ok()?.to_owned())))?
    });
    for (name, value) in query.into_iter().chain(of_headers) {
        let small = name.to_ascii_lowercase();
        if NO_MEMBER.contains(&&*small) {
            continue;
        }
        let member = MEMBERS.iter().find(|(given, _)| *given == small).map(|(_, member)| *member);
        // An unknown one keeps its name, and the operation refuses it.
        members.insert(member.map_or(name, str::to_owned), value.into());
    }
    Ok(Value::Object(members))
}

/// A path's part without percent signs. A `+` is itself.
fn decoded(part: &str) -> Result<String, ErrorAnswer> {
    let pair = format!("={}", part.replace('+', "%2B").replace('&', "%26"));
    let text = form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned());
    let text = text.unwrap_or_default();
    // The decoder replaces bytes that are not UTF-8.
    match text.contains(char::REPLACEMENT_CHARACTER) {
        true => Err(ErrorAnswer::new("InvalidURI", "Couldn't parse the specified URI.")),
        false => Ok(text),
    }
}

pub(super) fn response(
    wire: &Wire,
    outcome: &Result<Value, ErrorAnswer>,
    request_id: &str,
) -> Response<Full<Bytes>> {
    let mut response = match outcome {
        Ok(output) if wire.operation == "ListObjectVersions" => {
            respond(StatusCode::OK, "application/xml", listed(output))
        }
        Ok(output) => object(wire, output),
        Err(refusal) => error(wire, refusal, request_id),
    };
    set(&mut response, "x-amz-request-id", request_id);
    response
}

/// The headers of an object, and its bytes.
fn object(wire: &Wire, output: &Value) -> Response<Full<Bytes>> {
    let text = |member: &str| output[member].as_str().map(str::to_owned);
    let status = if output["ContentRange"].is_string() { 206 } else { 200 };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let bytes = text("Body").and_then(|body| BASE64.decode(body).ok()).unwrap_or_default();
    let mut response = respond(status, &text("ContentType").unwrap_or_default(), bytes);
    for (name, member) in [
        ("etag", "ETag"),
        ("last-modified", "LastModified"),
        ("accept-ranges", "AcceptRanges"),
        ("content-range", "ContentRange"),
        ("x-amz-version-id", "VersionId"),
    ] {
        if let Some(value) = text(member) {
            set(&mut response, name, &value);
        }
    }
    if wire.operation == "HeadObject" {
        set(&mut response, "content-length", &output["ContentLength"].to_string());
    }
    response
}

fn listed(output: &Value) -> Vec<u8> {
    let mut xml = Xml::with_items("member");
    xml.open_in("ListVersionsResult", "http://s3.amazonaws.com/doc/2006-03-01/");
    for (name, member) in output.as_object().into_iter().flatten() {
        // Both lists are flat in the model: an element for each item.
        let item = match &**name {
            "Versions" => "Version",
            "DeleteMarkers" => "DeleteMarker",
            _ => name,
        };
        match member.as_array() {
            Some(items) => items.iter().for_each(|one| xml.value(item, one)),
            None => xml.value(item, member),
        }
    }
    xml.close("ListVersionsResult");
    xml.finish()
}

/// An error. A further member is a header if it is named like one. The answer to HEAD and one of status 304 have no body.
fn error(wire: &Wire, refusal: &ErrorAnswer, request_id: &str) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let further: Vec<(&String, &str)> = refusal
        .further
        .iter()
        .flat_map(|further| further.iter())
        .filter_map(|(name, value)| Some((name, value.as_str()?)))
        .collect();
    let is_header = |name: &str| name.starts_with("x-amz-") || name == "etag";
    let mut xml = Xml::with_items("member");
    xml.open("Error");
    xml.text("Code", &refusal.code);
    xml.text("Message", &refusal.message);
    further.iter().filter(|(name, _)| !is_header(name)).for_each(|(name, value)| xml.text(name, value));
    xml.text("RequestId", request_id);
    xml.close("Error");
    let has_body = wire.operation != "HeadObject" && refusal.status != 304;
    let mut response = respond(status, "application/xml", if has_body { xml.finish() } else { Vec::new() });
    further
        .iter()
        .filter(|(name, _)| is_header(name))
        .for_each(|(name, value)| set(&mut response, name, value));
    response
}

fn set(response: &mut Response<Full<Bytes>>, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}
