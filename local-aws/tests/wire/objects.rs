//! S3 over real HTTP: objects by range, version and condition, the list of versions, and events.

use local_aws::{JournaledAnswer, LocalAws};
use serde_json::json;

use crate::client::{Client, Response, WorldText};

const WORLD: &str = r#"
now = "2026-03-02T10:00:05Z"
[[bucket]]
name = "sources"
[[bucket.object]]
key = "web app/a+b.txt"
content = "0123456789"
version = "one"
modified = "2026-03-01T10:00:00Z"
[[bucket.object]]
key = "web app/a+b.txt"
content = "abcdef"
version = "two"
[[bucket.object]]
key = "gone"
content = "x"
version = "first"
[[bucket.object]]
key = "gone"
deleted = true
version = "marker"
[[bucket.object]]
key = "made.zip"
zip = { "a.txt" = "one" }
[[bucket]]
name = "plain"
versioning = "off"
region = "eu-west-1"
[[bucket.object]]
key = "k"
content = "1"
"#;

fn start(more: &str) -> (LocalAws, Client) {
    let aws = LocalAws::start(WorldText::of(&format!("{WORLD}{more}"))).unwrap();
    let client = Client::new(&aws.endpoint());
    (aws, client)
}

const OBJECT: &str = "/sources/web%20app/a%2Bb.txt";

fn code(response: &Response) -> String {
    response.texts("Code").pop().unwrap_or_default()
}

#[test]
fn the_latest_version_is_read_and_an_older_one_by_its_id() {
    let (aws, client) = start("");
    let latest = client.s3("GET", OBJECT, "");
    assert_eq!((latest.status, &*latest.body, latest.header("x-amz-version-id")), (200, "abcdef", "two"));
    assert_eq!(latest.header("last-modified"), "Mon, 02 Mar 2026 10:00:05 GMT");
    let older = client.s3("GET", &format!("{OBJECT}?versionId=one"), "");
    assert_eq!((older.status, &*older.body, older.header("x-amz-version-id")), (200, "0123456789", "one"));
    assert_ne!(older.header("etag"), latest.header("etag"));
    let call = &aws.journal()[1];
    assert_eq!(call.operation, "GetObject");
    assert_eq!(call.input, json!({"Bucket": "sources", "Key": "web app/a+b.txt", "VersionId": "one"}));
    let unversioned = client.s3("GET", "/plain/k", "");
    assert_eq!((unversioned.status, unversioned.has_header("x-amz-version-id")), (200, false));
}

#[test]
fn a_range_is_a_part_and_says_how_large_the_object_is() {
    let (_aws, client) = start("");
    let older = format!("{OBJECT}?versionId=one");
    for (range, body, shown) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=8-100", "89", "bytes 8-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
    ] {
        let part = client.s3("GET", &older, &format!("Range: {range}\r\n"));
        assert_eq!((part.status, &*part.body, part.header("content-range")), (206, body, shown));
    }
    let beyond = client.s3("GET", &older, "Range: bytes=10-\r\n");
    assert_eq!((beyond.status, code(&beyond)), (416, "InvalidRange".to_owned()));
    assert_eq!(beyond.texts("ActualObjectSize"), ["10"]);
    assert_eq!(client.s3("GET", &older, "Range: bytes=0-0,2-2\r\n").status, 501);
}

#[test]
fn head_has_the_size_and_no_body() {
    let (_aws, client) = start("");
    let head = client.s3("HEAD", OBJECT, "");
    assert_eq!((head.status, head.header("content-length"), &*head.body), (200, "6", ""));
    let missing = client.s3("HEAD", "/sources/none", "");
    assert_eq!((missing.status, &*missing.body), (404, ""));
}

#[test]
fn a_condition_is_compared_with_the_etag() {
    let (_aws, client) = start("");
    let etag = client.s3("HEAD", OBJECT, "").header("etag").to_owned();
    let bare = etag.trim_matches('"').to_owned();
    for given in [&etag, &bare] {
        let same = client.s3("GET", OBJECT, &format!("If-None-Match: {given}\r\n"));
        assert_eq!((same.status, &*same.body, same.header("etag")), (304, "", &*etag));
        assert_eq!(client.s3("GET", OBJECT, &format!("If-Match: {given}\r\n")).status, 200);
    }
    assert_eq!(client.s3("GET", OBJECT, "If-None-Match: \"0\"\r\n").status, 200);
    let other = client.s3("GET", OBJECT, "If-Match: \"0\"\r\n");
    assert_eq!((other.status, code(&other)), (412, "PreconditionFailed".to_owned()));
}

#[test]
fn what_is_missing_has_its_own_error() {
    let (_aws, client) = start("");
    for (path, status, expected) in [
        ("/none/k", 404, "NoSuchBucket"),
        ("/sources/none", 404, "NoSuchKey"),
        ("/sources/gone", 404, "NoSuchKey"),
        ("/sources/gone?versionId=marker", 405, "MethodNotAllowed"),
        ("/sources/gone?versionId=none", 404, "NoSuchVersion"),
        ("/sources/%FF", 400, "InvalidURI"),
        ("/sources", 501, "NotServedLocally"),
        ("/sources/gone?partNumber=1", 501, "NotServedLocally"),
    ] {
        let answer = client.s3("GET", path, "");
        assert_eq!((answer.status, &*code(&answer)), (status, expected), "{path}");
    }
    assert_eq!(client.s3("GET", "/sources/gone", "").header("x-amz-delete-marker"), "true");
    assert_eq!(client.s3("GET", "/sources/gone?versionId=first", "").body, "x");
    let owner = client.s3("GET", OBJECT, "x-amz-expected-bucket-owner: 444455556666\r\n");
    assert_eq!((owner.status, &*code(&owner)), (403, "AccessDenied"));
    let elsewhere = client.s3_in("us-east-1", "GET", "/plain/k", "");
    assert_eq!((elsewhere.status, &*code(&elsewhere)), (301, "PermanentRedirect"));
    assert_eq!(elsewhere.header("x-amz-bucket-region"), "eu-west-1");
}

#[test]
fn versions_are_listed_page_by_page_the_newest_first() {
    let (_aws, client) = start("[s3]\npage-size = 2\n");
    let mut seen = Vec::new();
    let mut markers = String::new();
    loop {
        let page = client.s3("GET", &format!("/sources?versions&encoding-type=url{markers}"), "");
        assert_eq!(page.status, 200);
        let (keys, ids) = (page.texts("Key"), page.texts("VersionId"));
        assert!(keys.len() <= 2);
        seen.extend(keys.into_iter().zip(ids).zip(page.texts("IsLatest")));
        let Some(key) = page.texts("NextKeyMarker").pop() else { break };
        let id = page.texts("NextVersionIdMarker").pop().unwrap();
        markers = format!("&key-marker={key}&version-id-marker={id}");
    }
    let shown: Vec<String> = seen.iter().map(|((key, id), latest)| format!("{key} {id} {latest}")).collect();
    // A page lists its versions, and then its delete markers.
    assert_eq!(shown[0], "gone first false");
    assert_eq!(shown[1], "gone marker true");
    assert!(shown[2].starts_with("made.zip ") && shown[2].ends_with(" true"), "{shown:?}");
    assert_eq!(&shown[3..], ["web+app%2Fa%2Bb.txt two true", "web+app%2Fa%2Bb.txt one false"]);
    let prefix = client.s3("GET", "/sources?versions&prefix=web", "");
    assert_eq!(prefix.texts("VersionId"), ["two", "one"]);
    let wrong = client.s3("GET", "/sources?versions&version-id-marker=one", "");
    assert_eq!((wrong.status, &*code(&wrong)), (400, "InvalidArgument"));
}

#[test]
fn a_put_is_a_new_version_and_an_event() {
    let (aws, client) = start("");
    let id = aws.put_object("sources", "new file", Some(b"hello")).unwrap();
    let [event] = &aws.take_events()[..] else { panic!("one event") };
    assert_eq!((&event["source"], &event["detail-type"]), (&json!("aws.s3"), &json!("Object Created")));
    assert_eq!(event["resources"], json!(["arn:aws:s3:::sources"]));
    let object = &event["detail"]["object"];
    assert_eq!(
        (&object["key"], &object["size"], &object["version-id"]),
        (&json!("new file"), &json!(5), &json!(id))
    );
    assert_eq!(client.s3("GET", &format!("/sources/new%20file?versionId={id}"), "").body, "hello");
    let marker = aws.put_object("sources", "new file", None).unwrap();
    assert_eq!(aws.object_versions("sources", "new file"), [id, marker]);
    assert_eq!(aws.take_events()[0]["detail"]["deletion-type"], "Delete Marker Created");
    assert_eq!(aws.put_object("plain", "k", Some(b"2")).unwrap(), "null");
    assert_eq!(aws.object_versions("plain", "k"), ["null"]);
    assert_eq!(aws.take_events()[0]["detail"]["object"].get("version-id"), None);
    assert!(aws.put_object("none", "k", None).is_err());
}

#[test]
fn a_fault_of_s3_is_an_error_in_xml() {
    let (aws, client) = start("[[fault]]\noperation = \"s3:GetObject\"\nanswer = \"SlowDown\"\n");
    let slow = client.s3("GET", OBJECT, "");
    assert_eq!((slow.status, &*code(&slow)), (503, "SlowDown"));
    assert!(matches!(&aws.journal()[0].answer, JournaledAnswer::Error { code, .. } if code == "SlowDown"));
}
