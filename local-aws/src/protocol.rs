//! Tells what a request asks, whatever protocol it came in, and sends the answer back the same way.
//!
//! Each protocol is a module that turns a request into a [`Wire`] and an outcome into a response; services see JSON
//! values only. The service is the one the request was signed for: that works for every protocol AWS has.

mod aws_json;
mod aws_query;
mod ec2_query;
mod form;
mod rest_json;
mod rpc_v2_cbor;
mod xml;

use form::Lists;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::http::HeaderMap;
use serde_json::Value;

use crate::refusal::Refusal;
use crate::server::Request;

/// What a request asks.
#[derive(Debug)]
pub(crate) struct Wire {
    /// Empty when the request is not signed.
    pub(crate) service: String,
    pub(crate) region: String,
    /// Empty when the request names none.
    pub(crate) operation: String,
    /// What says which API is meant, beside the operation: the target prefix of the JSON protocols, the `Version` of
    /// Query.
    pub(crate) api: String,
    dialect: Dialect,
    /// Why it cannot be carried out, when that is clear from the request's form.
    pub(crate) input: Result<Value, Refusal>,
}

/// The protocols that are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Json,
    RestJson,
    Cbor,
    Query,
    Ec2,
}

/// Reads a request. One that cannot be read keeps what is known of it, so that the journal can show it.
pub(crate) fn read(request: &Request) -> Wire {
    let scope = Scope::of(&request.parts.headers);
    // Both are forms; only the signature tells EC2's from the others'.
    let dialect = match (form::speaks(&request.parts.headers), &scope) {
        (false, _) if rpc_v2_cbor::speaks(&request.parts.headers) => Dialect::Cbor,
        // Where each operation has a path of its own, only the signature says which service it is of.
        (false, Some(Scope { service, .. })) if rest_json::serves(service) => Dialect::RestJson,
        (false, _) => Dialect::Json,
        (true, Some(Scope { service, .. })) if service == "ec2" => Dialect::Ec2,
        (true, _) => Dialect::Query,
    };
    let (api, operation, asked) = match dialect {
        Dialect::Json => aws_json::read(request),
        Dialect::RestJson => rest_json::read(request),
        Dialect::Cbor => rpc_v2_cbor::read(request),
        Dialect::Query => form::read(request, Lists::Wrapped),
        Dialect::Ec2 => form::read(request, Lists::Flat),
    };
    let input = match &scope {
        None => Err(Refusal {
            status: 403,
            ..Refusal::new("MissingAuthenticationTokenException", "Missing Authentication Token")
        }),
        Some(_) => asked,
    };
    let Scope { service, region } = scope.unwrap_or_default();
    Wire { service, region, operation, api, dialect, input }
}

/// Puts an outcome into the response that the caller's protocol wants.
pub(crate) fn write(
    wire: &Wire,
    outcome: &Result<Value, Refusal>,
    request_id: &str,
) -> Response<Full<Bytes>> {
    match wire.dialect {
        Dialect::Json => aws_json::response(wire, outcome, request_id),
        Dialect::RestJson => rest_json::response(wire, outcome, request_id),
        Dialect::Cbor => rpc_v2_cbor::response(outcome, request_id),
        Dialect::Ec2 => ec2_query::response(wire, outcome, request_id),
        Dialect::Query => aws_query::response(wire, outcome, request_id),
    }
}

/// The credential scope of a signature: `Credential=KEY/date/region/service/aws4_request`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Scope {
    service: String,
    region: String,
}

impl Scope {
    fn of(headers: &HeaderMap) -> Option<Scope> {
        let authorization = headers.get("authorization")?.to_str().ok()?;
        let (_, credential) = authorization.split_once("Credential=")?;
        let mut parts = credential.split([',', ' ']).next()?.split('/').skip(2);
        let region = parts.next()?.to_owned();
        Some(Scope { service: parts.next()?.to_owned(), region })
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
        let scope = Scope { service: "codecommit".into(), region: "eu-west-1".into() };
        assert_eq!(Scope::of(&headers), Some(scope));
    }
}
