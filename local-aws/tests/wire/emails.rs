//! SNS over real HTTP: deliveries, and refused requests.

use local_aws::LocalAws;

use crate::client::{Client, Response, WorldText};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:mail";

fn start(more: &str) -> (LocalAws, Client) {
    let aws = LocalAws::start(WorldText::of(more)).unwrap();
    let client = Client::new(&aws.endpoint());
    (aws, client)
}

fn publish(client: &Client, members: &[(&str, &str)]) -> Response {
    client.query("sns", "2010-03-31", "Publish", members)
}

#[test]
fn an_email_is_delivered_as_it_was_written() {
    let (aws, client) = start("");
    let message = "line one\n\n  <two> & größe\n";
    let answer =
        publish(&client, &[("TopicArn", TOPIC), ("Subject", "Stack büro failed"), ("Message", message)]);
    assert_eq!(answer.texts("MessageId").len(), 1);
    let both = r#"{"default": "short", "email": "long"}"#;
    publish(&client, &[("TopicArn", TOPIC), ("MessageStructure", "json"), ("Message", both)]);
    let emails = aws.emails();
    let answered: Vec<(&str, &str)> = emails.iter().map(|mail| (&*mail.subject, &*mail.message)).collect();
    assert_eq!(answered, [("Stack büro failed", message), ("AWS Notification Message", "long")]);
}

#[test]
fn what_sns_refuses_is_refused_in_its_words() {
    let (aws, client) = start(&format!("[sns]\ntopics = [\"{TOPIC}\"]\n"));
    let long = "x".repeat(262_145);
    let cases: [(&[(&str, &str)], &str); 10] = [
        (&[("TopicArn", "arn:aws:sns:us-east-1:111122223333:other"), ("Message", "m")], "NotFound"),
        (&[("TopicArn", "mail"), ("Message", "m")], "InvalidParameter"),
        (&[("TopicArn", "arn:aws:sns:eu-west-1:111122223333:mail"), ("Message", "m")], "InvalidParameter"),
        (&[("TopicArn", TOPIC)], "InvalidParameter"),
        (&[("TopicArn", TOPIC), ("Message", &long)], "InvalidParameter"),
        (&[("TopicArn", TOPIC), ("Message", "m"), ("Subject", "")], "InvalidParameter"),
        (&[("TopicArn", TOPIC), ("Message", "m"), ("Subject", "two\nlines")], "InvalidParameter"),
        (&[("TopicArn", TOPIC), ("Message", "m"), ("Subject", &"s".repeat(100))], "InvalidParameter"),
        (
            &[("TopicArn", TOPIC), ("Message", r#"{"email": "m"}"#), ("MessageStructure", "json")],
            "InvalidParameter",
        ),
        (
            &[
                ("TopicArn", TOPIC),
                ("Message", "m"),
                ("MessageAttributes.entry.1.Name", "a"),
                ("MessageAttributes.entry.1.Value.DataType", "Text"),
                ("MessageAttributes.entry.1.Value.StringValue", "v"),
            ],
            "ParameterValueInvalid",
        ),
    ];
    for (members, code) in cases {
        let answer = publish(&client, members);
        assert_eq!(answer.texts("Code"), [code], "{}", answer.body);
    }
    let attributes = [
        ("AWS.x", "String", "v"),
        ("a..b", "String", "v"),
        ("a b", "String", "v"),
        ("a", "String", ""),
        ("a", "Number", "one"),
        ("a", "String.Array", "one"),
    ];
    for (name, kind, value) in attributes {
        let members = [
            ("TopicArn", TOPIC),
            ("Message", "m"),
            ("MessageAttributes.entry.1.Name", name),
            ("MessageAttributes.entry.1.Value.DataType", kind),
            ("MessageAttributes.entry.1.Value.StringValue", value),
        ];
        assert_eq!(
            publish(&client, &members).texts("Code"),
            ["ParameterValueInvalid"],
            "{name} {kind} {value}"
        );
    }
    assert!(aws.emails().is_empty());
    let attribute = [
        ("TopicArn", TOPIC),
        ("Message", &long[..262_134]),
        ("Subject", &"s".repeat(99)),
        ("MessageAttributes.entry.1.Name", "a"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", "123"),
    ];
    assert_eq!(publish(&client, &attribute).status, 200);
    let kept = &aws.emails()[0].attributes;
    let kept: Vec<_> = kept.iter().map(|one| (&*one.name, &*one.kind, &*one.value)).collect();
    assert_eq!(kept, [("a", "String", "123")]);
    let mut larger = attribute;
    larger[5].1 = "1234";
    assert_eq!(publish(&client, &larger).texts("Message"), ["Invalid parameter: Message too long"]);
    let phone = publish(&client, &[("PhoneNumber", "+491234"), ("Message", "m")]);
    assert!(phone.status >= 400);
}
