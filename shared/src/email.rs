//! An email for an SNS topic: one message with a text for each protocol and its attributes, within the topic's size.

use crate::text::subject;
use serde_json::{Map, Value, json};

/// A message for a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The subject of the email.
    pub subject: String,
    /// The text of the email.
    pub text: String,
    /// The text that SNS takes: for each protocol (`default`, `email`, `sms`) in JSON, or [`Message::text`] for all of them.
    pub body: Body,
    /// The attributes that subscription filter policies can match.
    pub attributes: Vec<Attribute>,
}

/// The text that SNS delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A JSON object with a text for each protocol; published with `MessageStructure` json.
    PerProtocol(String),
    /// The email's text for every protocol.
    Text,
}

/// The most bytes of a message and its attributes on every topic ("Publishing large messages with Amazon SNS", Amazon SNS
/// Developer Guide).
pub const LARGEST_MESSAGE: usize = 262_144;

/// The most characters of an email's text that a decision holds.
const TEXT_IN_DECISION: usize = 3_000;

impl Message {
    /// An email of plain text for every protocol, without attributes. A text that is too large ends where it no longer fits.
    pub fn plain(headline: &str, text: &str) -> Self {
        let subject = subject(headline);
        let text = if text.len() <= LARGEST_MESSAGE {
            text.to_owned()
        } else {
            let most = text.floor_char_boundary(LARGEST_MESSAGE - REST_DOES_NOT_FIT.len());
            format!("{}{REST_DOES_NOT_FIT}", &text[..most])
        };
        Self { subject, text, body: Body::Text, attributes: Vec::new() }
    }

    /// The text that is handed to SNS.
    pub fn published_text(&self) -> &str {
        match &self.body {
            Body::PerProtocol(json) => json,
            Body::Text => &self.text,
        }
    }

    /// The input of Publish on that topic, as a decision holds it.
    pub fn input(&self, topic: &str) -> Value {
        let mut input = json!({
            "TopicArn": topic,
            "Subject": self.subject,
            "Message": crate::text::shortened(&self.text, TEXT_IN_DECISION),
        });
        if !self.attributes.is_empty() {
            let attributes = self.attributes.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
            input["MessageAttributes"] = attributes.collect::<Map<_, _>>().into();
        }
        input
    }
}

/// A message attribute of the type String: its name and its value.
pub type Attribute = (&'static str, String);

/// How much of an event a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// All of it.
    Whole,
    /// Lists up to so many items, texts up to so many characters.
    Shortened {
        /// The most items of a list, and members of an object.
        items: usize,
        /// The most characters of a text.
        characters: usize,
    },
    /// None of it.
    None,
}

/// The end of an email whose text is larger than the topic takes.
const REST_DOES_NOT_FIT: &str = "\n\n(The rest does not fit into a message.)\n";

/// The longest value of an attribute; an attribute longer than this is of no use to a filter, and counts against the size.
const LONGEST_VALUE: usize = 150;

/// The levels of detail, tried in this order until the message fits.
const DETAILS: [Detail; 4] = [
    Detail::Whole,
    Detail::Shortened { items: 50, characters: 1_000 },
    Detail::Shortened { items: 10, characters: 200 },
    Detail::None,
];

/// The attributes that have a value. SNS takes no empty attribute and no character that XML does not allow.
pub fn attributes<const N: usize>(values: [(&'static str, Option<String>); N]) -> Vec<Attribute> {
    let named =
        values.into_iter().filter_map(|(name, value)| Some((name, value.filter(|text| !text.is_empty())?)));
    named
        .map(|(name, value)| (name, crate::text::shortened(&crate::text::printable(&value), LONGEST_VALUE)))
        .collect()
}

/// The message with the most detail that has at most `limit` bytes with its attributes. `write` returns the text and the form
/// for machines at a level of detail.
pub fn within(
    limit: usize,
    headline: String,
    attributes: Vec<Attribute>,
    write: impl Fn(Detail) -> (String, Value),
) -> Message {
    let attribute_bytes: usize =
        attributes.iter().map(|(name, value)| name.len() + "String".len() + value.len()).sum();
    let room = limit.saturating_sub(attribute_bytes);
    let subject = subject(&headline);
    let message = |text: String, body: Body| Message {
        subject: subject.clone(),
        text,
        body,
        attributes: attributes.clone(),
    };
    for detail in DETAILS {
        let (text, form) = write(detail);
        let body = body(&subject, &text, &form);
        if body.len() <= room {
            return message(text, Body::PerProtocol(body));
        }
    }
    cut(room, &subject, &write(Detail::None).0, message)
}

/// The message if even an email without the event is too large: the beginning of the text, and a form for machines with only
/// the subject.
fn cut(room: usize, subject: &str, text: &str, message: impl Fn(String, Body) -> Message) -> Message {
    let form = json!({"version": 1, "subject": subject, "shortened": true});
    let mut most = text.chars().count();
    loop {
        let shorter: String = text.chars().take(most).chain(REST_DOES_NOT_FIT.chars()).collect();
        let body = body(subject, &shorter, &form);
        if body.len() <= room || most == 0 {
            return message(shorter, Body::PerProtocol(body));
        }
        most = most * 3 / 4;
    }
}

fn body(subject: &str, text: &str, form: &Value) -> String {
    json!({"default": form.to_string(), "email": text, "sms": subject}).to_string()
}

/// An event with as much of it as `detail` says, and whether anything was left out; nothing for [`Detail::None`].
pub fn shortened(event: &Value, detail: Detail) -> Option<Value> {
    match detail {
        Detail::Whole => Some(event.clone()),
        Detail::Shortened { items, characters } => Some(shorter(event, items, characters)),
        Detail::None => None,
    }
}

fn shorter(value: &Value, items: usize, characters: usize) -> Value {
    let further = |item: &Value| shorter(item, items, characters);
    match value {
        Value::String(text) => crate::text::shortened(text, characters).into(),
        Value::Array(list) => {
            let more = list.len().saturating_sub(items);
            let more = (more > 0).then(|| format!("... ({more} more)").into());
            list.iter().take(items).map(further).chain(more).collect()
        }
        Value::Object(members) => {
            let more = members.len().saturating_sub(items);
            let more = (more > 0).then(|| ("...".to_owned(), format!("{more} more").into()));
            let kept = members.iter().take(items);
            let kept = kept.map(|(name, value)| (crate::text::shortened(name, characters), further(value)));
            Value::Object(kept.chain(more).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
