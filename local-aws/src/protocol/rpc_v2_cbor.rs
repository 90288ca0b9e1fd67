//! Owns Smithy's RPC v2 with CBOR, the protocol of the SDK for CloudWatch: `POST /service/NAME/operation/NAME`, CBOR
//! in and out.
//!
//! The source is "Smithy RPC v2 CBOR protocol" of the Smithy documentation. Services see JSON: a member whose name
//! ends in `Timestamp` is a time, in whole seconds.

use ciborium::Value as Cbor;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::{HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Map, Number, Value, json};

use crate::error_answer::ErrorAnswer;
use crate::server::{Request, respond};

const PROTOCOL: &str = "rpc-v2-cbor";

/// The tag of a time: seconds since 1970.
const EPOCH: u64 = 1;

pub(super) fn speaks(headers: &HeaderMap) -> bool {
    headers.get("smithy-protocol").is_some_and(|value| value.as_bytes() == PROTOCOL.as_bytes())
}

/// The API, the operation and the input.
pub(super) fn read(request: &Request) -> (String, String, Result<Value, ErrorAnswer>) {
    let parts: Vec<&str> = request.parts.uri.path().trim_start_matches('/').split('/').collect();
    let ["service", api, "operation", operation] = parts[..] else {
        let what = format!("the path {} in RPC v2", request.parts.uri.path());
        return (String::new(), String::new(), Err(ErrorAnswer::not_served(what)));
    };
    let input = match request.body.is_empty() {
        true => Ok(json!({})),
        false => ciborium::from_reader::<Cbor, _>(&request.body[..])
            .map_err(|error| {
                ErrorAnswer::new("SerializationException", format!("the request is not CBOR: {error}"))
            })
            .and_then(from_cbor),
    };
    (api.to_owned(), operation.to_owned(), input)
}

pub(super) fn response(outcome: &Result<Value, ErrorAnswer>, request_id: &str) -> Response<Full<Bytes>> {
    let (status, body) = match outcome {
        Ok(output) => (200, output.clone()),
        Err(refusal) => (refusal.status, json!({"__type": refusal.code, "message": refusal.message})),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut bytes = Vec::new();
    ciborium::into_writer(&to_cbor("", body), &mut bytes).expect("writing to a vector does not fail");
    let mut response = respond(status, "application/cbor", bytes);
    response.headers_mut().insert("smithy-protocol", HeaderValue::from_static(PROTOCOL));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-RequestId", id);
    }
    response
}

fn from_cbor(value: Cbor) -> Result<Value, ErrorAnswer> {
    let refused = |what: &str| ErrorAnswer::new("SerializationException", format!("the request has {what}"));
    Ok(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => value.into(),
        Cbor::Text(text) => text.into(),
        Cbor::Integer(number) => {
            let number =
                i64::try_from(i128::from(number)).map_err(|_| refused("a number that is too large"))?;
            number.into()
        }
        Cbor::Float(number) => {
            Number::from_f64(number).map(Value::Number).ok_or_else(|| refused("no number"))?
        }
        Cbor::Array(items) => items.into_iter().map(from_cbor).collect::<Result<_, _>>()?,
        Cbor::Map(entries) => {
            let entry = |(key, value): (Cbor, Cbor)| match key {
                Cbor::Text(key) => Ok((key, from_cbor(value)?)),
                _ => Err(refused("a name that is no text")),
            };
            Value::Object(entries.into_iter().map(entry).collect::<Result<Map<_, _>, _>>()?)
        }
        Cbor::Tag(EPOCH, seconds) => from_cbor(*seconds)?,
        _ => return Err(refused("a value of a type that is not served")),
    })
}

fn to_cbor(name: &str, value: Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(value) => Cbor::Bool(value),
        Value::String(text) => Cbor::Text(text),
        Value::Number(number) => {
            let plain = match number.as_i64() {
                Some(whole) => Cbor::Integer(whole.into()),
                None => Cbor::Float(number.as_f64().unwrap_or_default()),
            };
            match name.ends_with("Timestamp") {
                true => Cbor::Tag(EPOCH, Box::new(plain)),
                false => plain,
            }
        }
        Value::Array(items) => Cbor::Array(items.into_iter().map(|item| to_cbor(name, item)).collect()),
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Cbor::Map(members.map(|(key, value)| (Cbor::Text(key.clone()), to_cbor(&key, value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_value_reads_back_and_times_are_tagged() {
        let output = json!({"MetricAlarms": [{"AlarmName": "a", "StateUpdatedTimestamp": 1_700_000_000, "Period": 60}]});
        let cbor = to_cbor("", output.clone());
        let mut bytes = Vec::new();
        ciborium::into_writer(&cbor, &mut bytes).unwrap();
        let read: Cbor = ciborium::from_reader(&bytes[..]).unwrap();
        assert!(format!("{read:?}").contains("Tag(1, Integer"), "{read:?}");
        assert_eq!(from_cbor(read).unwrap(), output);
    }

    #[test]
    fn an_invalid_request_is_refused() {
        let error = from_cbor(Cbor::Map(vec![(Cbor::Integer(1.into()), Cbor::Null)])).unwrap_err();
        assert_eq!(error.code, "SerializationException");
        assert!(from_cbor(Cbor::Bytes(vec![1])).is_err());
    }
}
