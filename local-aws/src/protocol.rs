//! Reads a request in any protocol of AWS, and writes the answer in the same protocol.
//!
//! Each protocol is a module that turns a request into a [`Wire`] and an outcome into a response; services see JSON
//! values only. The service is the one that the request is signed for, which works for every protocol of AWS.

mod aws_json;
mod aws_query;
mod ec2_query;
mod form;
mod rest_json;
mod rest_xml;
mod rpc_v2_cbor;
mod xml;

use form::Lists;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::http::HeaderMap;
use serde_json::Value;

use crate::error_answer::ErrorAnswer;
use crate::server::Request;

/// A request, independent of its protocol.
#[derive(Debug)]
pub(crate) struct Wire {
    /// Empty when the request is not signed.
    pub(crate) service: String,
    pub(crate) region: String,
    /// The access key that the request is signed with; empty when it is not signed.
    pub(crate) access_key: String,
    /// Empty when the request names none.
    pub(crate) operation: String,
    /// The API, besides the operation: the target prefix of the JSON protocols, the `Version` of Query.
    pub(crate) api: String,
    dialect: Dialect,
    /// The input; an error if the form of the request is wrong.
    pub(crate) input: Result<Value, ErrorAnswer>,
}

/// The protocols that are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Json,
    RestJson,
    RestXml,
    Cbor,
    Query,
    Ec2,
}

/// Reads a request. An unreadable request keeps its known parts, so that the journal can show them.
pub(crate) fn read(request: &Request) -> Wire {
    let scope = Scope::of(&request.parts.headers);
    // Both are forms; only the signature distinguishes EC2's from the others'.
    let dialect = match (form::speaks(&request.parts.headers), &scope) {
        (false, _) if rpc_v2_cbor::speaks(&request.parts.headers) => Dialect::Cbor,
        // If each operation has a path of its own, only the signature names the service.
        (false, Some(Scope { service, .. })) if rest_json::serves(service) => Dialect::RestJson,
        (false, Some(Scope { service, .. })) if rest_xml::serves(service) => Dialect::RestXml,
        (false, _) => Dialect::Json,
        (true, Some(Scope { service, .. })) if service == "ec2" => Dialect::Ec2,
        (true, _) => Dialect::Query,
    };
    let (api, operation, asked) = match dialect {
        Dialect::Json => aws_json::read(request),
        Dialect::RestJson => {
            rest_json::read(request, scope.as_ref().map(|scope| &*scope.service).unwrap_or_default())
        }
        Dialect::RestXml => rest_xml::read(request),
        Dialect::Cbor => rpc_v2_cbor::read(request),
        Dialect::Query => form::read(request, Lists::Wrapped),
        Dialect::Ec2 => form::read(request, Lists::Flat),
    };
    let input = match &scope {
        None => Err(ErrorAnswer {
            status: 403,
            ..ErrorAnswer::new("MissingAuthenticationTokenException", "Missing Authentication Token")
        }),
        Some(_) => asked,
    };
    let Scope { access_key, service, region } = scope.unwrap_or_default();
    Wire { service, region, access_key, operation, api, dialect, input }
}

/// Writes an outcome as a response in the caller's protocol.
pub(crate) fn write(
    wire: &Wire,
    outcome: &Result<Value, ErrorAnswer>,
    request_id: &str,
) -> Response<Full<Bytes>> {
    match wire.dialect {
        Dialect::Json => aws_json::response(wire, outcome, request_id),
        Dialect::RestJson => rest_json::response(wire, outcome, request_id),
        Dialect::RestXml => rest_xml::response(wire, outcome, request_id),
        Dialect::Cbor => rpc_v2_cbor::response(outcome, request_id),
        Dialect::Ec2 => ec2_query::response(wire, outcome, request_id),
        Dialect::Query => aws_query::response(wire, outcome, request_id),
    }
}

/// The credential scope of a signature: `Credential=KEY/date/region/service/aws4_request`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Scope {
    access_key: String,
    service: String,
    region: String,
}

impl Scope {
    fn of(headers: &HeaderMap) -> Option<Scope> {
        let authorization = headers.get("authorization")?.to_str().ok()?;
        let (_, credential) = authorization.split_once("Credential=")?;
        let mut parts = credential.split([',', ' ']).next()?.split('/');
        let access_key = parts.next()?.to_owned();
        let region = parts.nth(1)?.to_owned();
        Some(Scope { access_key, service: parts.next()?.to_owned(), region })
    }
}

#[cfg(test)]
mod tests {
    use hyper::http::{HeaderMap, HeaderValue};

    use super::Scope;

    #[test]
    fn the_signature_names_service_and_region() {
        let mut headers = HeaderMap::new();
        assert_eq!(Scope::of(&headers), None);
        let signed =
            "AWS4-HMAC-SHA256 Credential=AKID/20260302/eu-west-1/codecommit/aws4_request, SignedHeaders=host";
        headers.insert("authorization", HeaderValue::from_static(signed));
        let scope =
            Scope { access_key: "AKID".into(), service: "codecommit".into(), region: "eu-west-1".into() };
        assert_eq!(Scope::of(&headers), Some(scope));
    }
}
