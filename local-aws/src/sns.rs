//! SNS: Publish, the delivered emails, and ListSubscriptionsByTopic.
//!
//! Shapes and errors follow the service's API reference.

use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::paging::page;
use crate::service::{ACCOUNT, Context, Service};

pub(crate) const SERVICE: Service = Service {
    name: "sns",
    api: "2010-03-31",
    operations: &[("ListSubscriptionsByTopic", list_subscriptions), ("Publish", publish)],
};

/// A topic's default MaximumMessageSize, and its range: "any integer value between 1,024 and 1,048,576 bytes"
/// ("Publishing large messages with Amazon SNS", Amazon SNS Developer Guide). The body and the attributes count
/// together.
const MAX_BYTES: usize = 262_144;
pub(crate) const SIZES: std::ops::RangeInclusive<usize> = 1_024..=1_048_576;

/// The topics, and their deliveries.
#[derive(Debug, Default)]
pub(crate) struct Sns {
    /// By ARN; if empty, every topic of the account exists.
    pub(crate) topics: Vec<String>,
    /// Whether each subscription of every topic is confirmed; none for one that is confirmed.
    pub(crate) subscriptions: Option<Vec<bool>>,
    /// MaximumMessageSize of every topic, if the world sets it.
    pub(crate) most_bytes: Option<usize>,
    emails: Mutex<Vec<DeliveredEmail>>,
}

/// A message, as an email subscriber of the topic receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredEmail {
    pub topic: String,
    /// Without a subject, SNS's own: `AWS Notification Message`.
    pub subject: String,
    pub message: String,
    pub attributes: Vec<MessageAttribute>,
    pub at: Timestamp,
}

/// An attribute of a message, which a subscription's filter policy can match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAttribute {
    pub name: String,
    /// As DataType has it: `String`, `String.Array`, `Number`, `Binary`, or one of them with a custom label after a
    /// dot.
    pub kind: String,
    /// A binary one in Base64.
    pub value: String,
}

impl Sns {
    pub(crate) fn emails(&self) -> Vec<DeliveredEmail> {
        self.emails.lock().expect("no holder of this lock panics").clone()
    }
}

/// "Each call returns a limited list of subscriptions, up to 100" (ListSubscriptionsByTopic, Amazon SNS API Reference).
const SUBSCRIPTIONS: usize = 100;

fn list_subscriptions(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let topic = topic(context, &mut input)?;
    let token = input.string("NextToken")?;
    input.finish()?;
    let all = context.world.sns.subscriptions.clone().unwrap_or_else(|| vec![true]);
    let all: Vec<(usize, bool)> = all.into_iter().enumerate().collect();
    let page = page(&all, SUBSCRIPTIONS, token.as_deref(), &[&topic]).map_err(|_| invalid("NextToken"))?;
    let subscriptions = page.items.iter().map(|(number, is_confirmed)| {
        let arn = match is_confirmed {
            true => format!("{topic}:{}", ids::uuid(&["subscription", &number.to_string()])),
            false => "PendingConfirmation".to_owned(),
        };
        json!({
            "SubscriptionArn": arn, "Owner": ACCOUNT, "Protocol": "email",
            "Endpoint": format!("on-call-{number}@example.com"), "TopicArn": topic,
        })
    });
    let mut answer = json!({"Subscriptions": subscriptions.collect::<Vec<Value>>()});
    if let Some(next) = page.next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

fn publish(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let topic = topic(context, &mut input)?;
    let subject = input.string("Subject")?;
    let message = input.string("Message")?.unwrap_or_default();
    let structure = input.string("MessageStructure")?;
    let attributes = attributes(&mut input)?;
    input.finish()?;
    check_subject(subject.as_deref())?;
    if message.is_empty() {
        return Err(invalid("Empty message"));
    }
    let size = |one: &MessageAttribute| one.name.len() + one.kind.len() + one.value.len();
    if message.len() + attributes.iter().map(size).sum::<usize>()
        > context.world.sns.most_bytes.unwrap_or(MAX_BYTES)
    {
        return Err(invalid("Message too long"));
    }
    let message = email_text(structure.as_deref(), message)?;
    let subject = subject.unwrap_or_else(|| "AWS Notification Message".to_owned());
    let mut emails = context.world.sns.emails.lock().expect("no holder of this lock panics");
    let id = ids::uuid(&["message", &emails.len().to_string()]);
    emails.push(DeliveredEmail { topic, subject, message, attributes, at: context.now });
    Ok(json!({"MessageId": id}))
}

/// `TopicArn`; publishing to a phone or to an endpoint is not served.
fn topic(context: &Context<'_>, input: &mut Members) -> Result<String, ErrorAnswer> {
    let arn = input.string("TopicArn")?.unwrap_or_default();
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", "aws" | "aws-cn" | "aws-us-gov", "sns", region, account, name] = parts[..] else {
        return Err(invalid("TopicArn Reason: An ARN must have at least 6 elements, not ".to_owned() + &arn));
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if name.is_empty() || name.len() > 256 || !name.chars().all(allowed) {
        return Err(invalid(format!(
            "TopicArn Reason: {name} is not a topic's name (FIFO topics are not served)"
        )));
    }
    // Only the topic's own region knows it.
    if region != context.region {
        return Err(invalid("TopicArn"));
    }
    let topics = &context.world.sns.topics;
    let known = if topics.is_empty() { account == ACCOUNT } else { topics.contains(&arn) };
    match known {
        true => Ok(arn),
        false => Err(ErrorAnswer::new("NotFound", "Topic does not exist")),
    }
}

/// "Subjects must be UTF-8 text with no line breaks or control characters, and less than 100 characters long."
fn check_subject(subject: Option<&str>) -> Result<(), ErrorAnswer> {
    let fits = |text: &str| {
        (1..100).contains(&text.chars().count())
            && !text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
    };
    if subject.is_none_or(fits) { Ok(()) } else { Err(invalid("Subject")) }
}

/// "Message attribute items and validation": the allowed names, types and values.
fn attributes(input: &mut Members) -> Result<Vec<MessageAttribute>, ErrorAnswer> {
    let mut attributes = Vec::new();
    for (name, mut attribute) in input.map("MessageAttributes")? {
        let kind = attribute.string("DataType")?.unwrap_or_default();
        let value = match attribute.string("StringValue")? {
            Some(text) => text,
            None => attribute.string("BinaryValue")?.unwrap_or_default(),
        };
        attribute.finish()?;
        if !is_attribute_name(&name) {
            return Err(bad_attribute(&name, "must have a name that is allowed"));
        }
        let fits = match kind.split('.').next().unwrap_or_default() {
            "Number" => value.parse::<f64>().is_ok_and(f64::is_finite),
            "String" if kind == "String.Array" => serde_json::from_str::<Vec<Value>>(&value).is_ok(),
            "String" | "Binary" => !value.is_empty(),
            _ => false,
        };
        if !fits {
            return Err(bad_attribute(&name, "must have a type that is supported and a value of that type"));
        }
        attributes.push(MessageAttribute { name, kind, value });
    }
    Ok(attributes)
}

/// "It must not start with AWS.-prefixed or Amazon.-prefixed values, it can't start or end with a period, and it can't
/// have periods in succession"; up to 256 of `A-Z`, `a-z`, `0-9`, `_`, `-` and `.`.
fn is_attribute_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    (1..=256).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && !lower.starts_with("aws.")
        && !lower.starts_with("amazon.")
}

fn bad_attribute(name: &str, what: &str) -> ErrorAnswer {
    ErrorAnswer::new("ParameterValueInvalid", format!("The message attribute '{name}' {what}"))
}

/// With `json`, there is a message for each protocol. An email has `email`, else the required `default`.
fn email_text(structure: Option<&str>, message: String) -> Result<String, ErrorAnswer> {
    match structure {
        None => return Ok(message),
        Some("json") => {}
        Some(_) => return Err(invalid("MessageStructure - Invalid message structure")),
    }
    let bodies: Value = serde_json::from_str(&message)
        .map_err(|_| invalid("Message Structure - JSON message body failed to parse"))?;
    let body = |protocol: &str| bodies[protocol].as_str().map(str::to_owned);
    let default = body("default")
        .ok_or_else(|| invalid("Message Structure - No default entry in JSON message body"))?;
    Ok(body("email").unwrap_or(default))
}

fn invalid(what: impl Into<String>) -> ErrorAnswer {
    ErrorAnswer::new("InvalidParameter", format!("Invalid parameter: {}", what.into()))
}
