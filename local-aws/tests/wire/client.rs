//! A client of a few lines, and worlds for it to call.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use local_aws::JournaledAnswer;
use serde_json::Value;
use tempfile::TempDir;

/// Reads worlds from text.
pub(crate) struct WorldText;

impl WorldText {
    pub(crate) fn of(text: &str) -> local_aws::AwsWorld {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("world.toml");
        std::fs::write(&path, text).unwrap();
        local_aws::AwsWorld::read(&path).unwrap()
    }

    /// A clone that knows `branch` only as the remote's.
    pub(crate) fn clone_with_remote_branch(branch: &str) -> TempDir {
        let folder = TempDir::new().unwrap();
        let script = format!(
            "git init -q -b main .; git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m one
             git update-ref refs/remotes/origin/{branch} HEAD"
        );
        sh(folder.path(), &script);
        folder
    }
}

fn sh(folder: &Path, script: &str) {
    assert!(Command::new("sh").args(["-ec", script]).current_dir(folder).status().unwrap().success());
}

pub(crate) struct Client {
    address: String,
}

pub(crate) struct Response {
    pub(crate) status: u16,
    headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Response {
    /// The texts of the elements of that name.
    pub(crate) fn texts(&self, element: &str) -> Vec<String> {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let parts = self.body.split(&open).skip(1).map(|part| part.split(&close).next().unwrap());
        parts.map(|text| quick_xml::escape::unescape(text).unwrap().into_owned()).collect()
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        &self.headers[name]
    }
}

impl Client {
    pub(crate) fn new(url: &str) -> Client {
        Client { address: url.strip_prefix("http://").unwrap().to_owned() }
    }

    /// An operation of a service with a JSON protocol.
    pub(crate) fn call(&self, service: &str, api: &str, operation: &str, input: &Value) -> JournaledAnswer {
        let signed = format!(
            "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260302/eu-west-1/{service}/aws4_request, Signature=0\r\n\
             X-Amz-Target: {api}.{operation}\r\nContent-Type: application/x-amz-json-1.1\r\n"
        );
        self.answer("/", &signed, &input.to_string())
    }

    /// An operation of DynamoDB, which has a version of the JSON protocol of its own.
    pub(crate) fn dynamodb(&self, operation: &str, input: &Value) -> JournaledAnswer {
        let signed = format!(
            "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260302/us-east-1/dynamodb/aws4_request, Signature=0\r\n\
             X-Amz-Target: DynamoDB_20120810.{operation}\r\nContent-Type: application/x-amz-json-1.0\r\n"
        );
        self.answer("/", &signed, &input.to_string())
    }

    /// An operation of Elastic Disaster Recovery: the status of its answer, the name of its error, and its body.
    pub(crate) fn drs(&self, operation: &str, input: &Value) -> (u16, String, Value) {
        self.rest("drs", &format!("/{operation}"), input)
    }

    /// A call to a path of a service with the REST JSON protocol.
    pub(crate) fn rest(&self, service: &str, path: &str, input: &Value) -> (u16, String, Value) {
        let signed = format!(
            "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260302/us-east-1/{service}/aws4_request, Signature=0\r\n\
             Content-Type: application/json\r\n"
        );
        let response = self.send("POST", path, &signed, &input.to_string()).unwrap();
        let code = response.headers.get("x-amzn-errortype").cloned().unwrap_or_default();
        (response.status, code, serde_json::from_str(&response.body).unwrap())
    }

    /// A call to S3: a path-style URL, and further headers.
    pub(crate) fn s3(&self, method: &str, path: &str, headers: &str) -> Response {
        self.s3_in("eu-west-1", method, path, headers)
    }

    /// The same, from a region.
    pub(crate) fn s3_in(&self, region: &str, method: &str, path: &str, headers: &str) -> Response {
        let signed = format!(
            "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260302/{region}/s3/aws4_request, Signature=0\r\n{headers}"
        );
        self.send(method, path, &signed, "").unwrap()
    }

    /// The answer that a client with this server as its proxy gets for a URL; `None` if there is none.
    pub(crate) fn through_proxy(&self, url: &str) -> Option<u16> {
        self.send("GET", url, "", "").map(|response| response.status)
    }

    /// Calls an operation of a service with the Query protocol; the members are form fields. The journal has the
    /// answer as JSON; this function returns the XML.
    pub(crate) fn query(
        &self,
        service: &str,
        version: &str,
        operation: &str,
        members: &[(&str, &str)],
    ) -> Response {
        self.query_as("AKID", service, version, operation, members)
    }

    /// The same, signed with an access key.
    pub(crate) fn query_as(
        &self,
        access_key: &str,
        service: &str,
        version: &str,
        operation: &str,
        members: &[(&str, &str)],
    ) -> Response {
        let signed = format!(
            "Authorization: AWS4-HMAC-SHA256 Credential={access_key}/20260302/us-east-1/{service}/aws4_request, Signature=0\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n"
        );
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation).append_pair("Version", version).extend_pairs(members);
        self.send("POST", "/", &signed, &form.finish()).unwrap()
    }

    pub(crate) fn unsigned(&self, operation: &str) -> JournaledAnswer {
        let headers = format!("X-Amz-Target: CodeCommit_20150413.{operation}\r\n");
        self.answer("/", &headers, "{}")
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.send("GET", path, "", "").unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Response {
        self.send("POST", path, "", body).unwrap()
    }

    fn answer(&self, path: &str, headers: &str, body: &str) -> JournaledAnswer {
        let Some(response) = self.send("POST", path, headers, body) else { return JournaledAnswer::Cut };
        let body: Value = serde_json::from_str(&response.body).unwrap();
        if response.status == 200 {
            return JournaledAnswer::Ok(body);
        }
        let text = |member: &str| body[member].as_str().unwrap().to_owned();
        JournaledAnswer::Error { code: text("__type"), message: text("message"), status: response.status }
    }

    /// `None` when the connection is closed without an answer.
    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Option<Response> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}");
        stream.write_all(format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let (status, headers) = head.split_once("\r\n").unwrap();
        let header =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Some(Response {
            status: status.split(' ').nth(1).unwrap().parse().unwrap(),
            headers: headers.lines().filter_map(header).collect(),
            body: body.to_owned(),
        })
    }
}

/// The status and code of an error.
pub(crate) fn error(answer: &JournaledAnswer) -> (u16, &str) {
    match answer {
        JournaledAnswer::Error { status, code, .. } => (*status, code),
        other => panic!("{other:?}"),
    }
}
