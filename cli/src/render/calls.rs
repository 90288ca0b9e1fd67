//! Renders calls to AWS for a terminal: the request, the answer, and published messages as emails.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use local_aws::{JournaledAnswer, JournaledCall};
use serde_json::{Map, Value};
use shared::text::printable;

use super::{DIM, wrapped};

/// The calls, service by service, in an order that is the same in every run ([`place`]). The pages of one list are
/// one line. A published message is rendered as the subscriber's email.
pub fn calls(calls: &[JournaledCall]) -> String {
    let mut sorted: Vec<(String, &JournaledCall)> = calls.iter().map(|call| (asked(call), call)).collect();
    sorted.sort_by(|(asked, call), (other_asked, other)| {
        call.service.cmp(&other.service).then_with(|| place(asked, call).cmp(&place(other_asked, other)))
    });
    let mut out = String::new();
    for pages in sorted.chunk_by(|(asked, call), (next, other)| asked == next && continues(call, other)) {
        let (asked, first) = &pages[0];
        let answers: Vec<&JournaledAnswer> = pages.iter().map(|(_, call)| &call.answer).collect();
        let times = if pages.len() > 1 { format!(" ({} pages)", pages.len()) } else { String::new() };
        let effect = if first.injected && first.took_effect { ", after its effect" } else { "" };
        let line = printable(&format!("{asked}{times} -> {}{effect}", answered(&answers)));
        let _ = writeln!(out, "{DIM}{}{DIM:#}", wrapped(&line, "  call   ", 9));
        if first.operation == "Publish"
            && (first.took_effect || matches!(first.answer, JournaledAnswer::Ok(_)))
        {
            out.push_str(&email(&first.input));
        }
        if first.operation == IMPORT && first.took_effect {
            out.push_str(&findings(&first.input));
        }
        if first.took_effect {
            out.push_str(&written(first));
        }
    }
    out
}

/// The sort key of a call among those of its service. Calls of these services are concurrent and arrive in any order,
/// so the request is the key. The calls of a table are in order within each partition.
fn place(asked: &str, call: &JournaledCall) -> String {
    match call.service.as_str() {
        "cloudwatch" | "codepipeline" | "drs" | "ec2" | "http" | "iam" | "organizations" | "securityhub"
        | "ssm" | "sts" => asked.to_owned(),
        "dynamodb" => keys(&call.input).first().and_then(|key| key.first()).cloned().unwrap_or_default(),
        // The calls of one schedule are in order.
        "scheduler" => call.input["Name"].as_str().unwrap_or_default().to_owned(),
        // The messages of one topic differ by the attributes that a subscription can filter by.
        "sns" => asked.to_owned(),
        _ => String::new(),
    }
}

/// The call that imports findings into Security Hub.
const IMPORT: &str = "BatchImportFindings";

/// The most findings of one import that are shown.
const MOST_FINDINGS: usize = 5;

/// Findings of Security Hub: state, severity and id in a line, title and description below it.
fn findings(input: &Value) -> String {
    let mut out = String::new();
    let findings = input["Findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    for finding in findings.iter().take(MOST_FINDINGS) {
        let text = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (state, severity) = (text("/RecordState"), text("/FindingProviderFields/Severity/Label"));
        let _ = writeln!(out, "  finding {}", printable(&format!("{state} {severity} {}", text("/Id"))));
        let _ = writeln!(out, "           {}", printable(text("/Title")));
        let _ = writeln!(out, "           {}", printable(text("/Description")));
    }
    out
}

/// An email: its subject, and its lines without wrapping, so that a reader can copy the commands in them.
fn email(input: &Value) -> String {
    let text = |member: &str| input[member].as_str().unwrap_or_default();
    let mut out = format!("  email  {}\n", printable(text("Subject")));
    for line in email_text(input).lines() {
        let _ = writeln!(out, "{}", format!("           {}", printable(line)).trim_end());
    }
    out
}

/// The text of a comment, or the detail of each event, that a call wrote.
fn written(call: &JournaledCall) -> String {
    let block = |heading: &str, text: &str| {
        let lines = text.lines().map(|line| format!("           {}", printable(line)).trim_end().to_owned());
        std::iter::once(format!("  {heading}"))
            .chain(lines)
            .fold(String::new(), |out, line| out + &line + "\n")
    };
    match call.operation.as_str() {
        "PostCommentForPullRequest" | "UpdateComment" => {
            block("comment", call.input["content"].as_str().unwrap_or_default())
        }
        "PutEvents" => {
            let details = call.input["Entries"].as_array().into_iter().flatten();
            let details = details.filter_map(|entry| serde_json::from_str(entry["Detail"].as_str()?).ok());
            let pretty =
                |detail: Value| block("event", &serde_json::to_string_pretty(&detail).unwrap_or_default());
            details.map(pretty).collect()
        }
        _ => String::new(),
    }
}

/// The text of an email, for a message with or without a text for each protocol.
pub(crate) fn email_text(input: &Value) -> String {
    let message = input["Message"].as_str().unwrap_or_default();
    if input["MessageStructure"] != "json" {
        return message.to_owned();
    }
    let bodies: Value = serde_json::from_str(message).unwrap_or_default();
    let body = bodies["email"].as_str().or(bodies["default"].as_str());
    body.unwrap_or_default().to_owned()
}

/// The attributes that a subscription can filter by.
fn attributes(input: &Value) -> String {
    let shown = |(name, attribute): (&String, &Value)| {
        let value = attribute["StringValue"].as_str().or(attribute["BinaryValue"].as_str());
        format!("{name}={}", short(value.unwrap_or_default()))
    };
    let members = input["MessageAttributes"].as_object().into_iter().flatten();
    let mut attributes: Vec<String> = members.map(shown).collect();
    // The SDK sends them in any order.
    attributes.sort();
    attributes.join(" ")
}

/// The table and the keys of the items, or the values of a query. Items are left out because they differ from run to
/// run.
fn key(input: &Value) -> String {
    let table = input["TableName"].as_str();
    let table = table.or_else(|| writes(input).find_map(|write| write["TableName"].as_str()));
    let keys: Vec<String> = keys(input).iter().map(|key| key.join(" ")).collect();
    format!("{} {}", table.unwrap_or_default(), keys.join(", "))
}

/// The parts of each key.
fn keys(input: &Value) -> Vec<Vec<String>> {
    let text = |value: &Value| short(value["S"].as_str().or(value["N"].as_str()).unwrap_or_default());
    let of = |named: &Value| {
        let item = ["Key", "Item"].into_iter().find_map(|member| named[member].as_object())?;
        Some(["pk", "sk"].into_iter().filter_map(|part| item.get(part)).map(text).collect())
    };
    let keys: Vec<Vec<String>> = std::iter::once(input).chain(writes(input)).filter_map(of).collect();
    if !keys.is_empty() {
        return keys;
    }
    // The SDK sends them in any order.
    let values = input["ExpressionAttributeValues"].as_object().into_iter().flatten();
    let values: BTreeMap<&String, &Value> = values.collect();
    vec![values.into_values().map(text).collect()]
}

/// The writes of a transaction.
fn writes(input: &Value) -> impl Iterator<Item = &Value> {
    input["TransactItems"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|write| write.as_object()?.values().next())
}

fn asked(call: &JournaledCall) -> String {
    // The text is rendered as an email.
    if call.operation == "Publish" {
        let (topic, attributes) = (brief(&call.input["TopicArn"]), attributes(&call.input));
        return format!("Publish {topic} {attributes}").trim_end().to_owned();
    }
    // The findings are shown below the call.
    if call.operation == IMPORT {
        let findings = call.input["Findings"].as_array().map_or(0, Vec::len);
        return format!("{IMPORT} {}", shared::text::count(findings, "finding"));
    }
    if call.service == "scheduler" {
        return format!("{} {}", call.operation, schedule(&call.input)).trim_end().to_owned();
    }
    let input = if call.service == "dynamodb" { key(&call.input) } else { brief(&call.input) };
    format!("{} {input}", call.operation).trim_end().to_owned()
}

/// A schedule: its name, its time, and the commits of the push that it holds.
fn schedule(input: &Value) -> String {
    let target: Value = input["Target"]["Input"]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let push = &target["detail"]["event"]["detail"];
    let held = [&push["oldCommitId"], &push["commitId"]].into_iter().filter_map(Value::as_str).map(short);
    let named = [&input["Name"], &input["ScheduleExpression"]].into_iter().filter_map(Value::as_str);
    named.map(str::to_owned).chain(held).collect::<Vec<_>>().join(" ")
}

/// Whether `next` requests a further page of the list of `call`.
fn continues(call: &JournaledCall, next: &JournaledCall) -> bool {
    let lists =
        |call: &JournaledCall| matches!(&call.answer, JournaledAnswer::Ok(answer) if list(answer).is_some());
    let further =
        ["nextToken", "NextToken"].iter().any(|token| next.input.get(token).is_some_and(Value::is_string));
    further && lists(call) && lists(next)
}

/// The names and ids in a call's input, shortened, without tokens.
fn brief(input: &Value) -> String {
    match input {
        Value::String(text) => short(text),
        Value::Array(items) => joined(items.iter()),
        Value::Object(members) => {
            if let Some(pair) = pair(members) {
                return pair;
            }
            let mut named: Vec<_> = members.iter().filter(|(name, _)| !is_token(name)).collect();
            // The SDK sends a map, such as tags, in a random order.
            if named.iter().all(|(name, _)| name.contains(':')) {
                named.sort_unstable_by_key(|(name, _)| *name);
            }
            let parts = named.into_iter().map(member);
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        }
        Value::Number(_) | Value::Null | Value::Bool(_) => String::new(),
    }
}

fn member((name, value): (&String, &Value)) -> String {
    match value {
        Value::String(body) if name == "TemplateBody" => sized(body),
        // Rendered below the call.
        Value::String(_) if matches!(name.as_str(), "content" | "Detail") => String::new(),
        // A flag, which the Query protocol sends as text.
        Value::String(flag) if flag == "true" => name.clone(),
        Value::String(flag) if flag == "false" => String::new(),
        value => brief(value),
    }
}

/// A tag, or a stack's parameter.
fn pair(members: &Map<String, Value>) -> Option<String> {
    let text = |names: [&str; 2]| names.iter().find_map(|name| members.get(*name)?.as_str());
    Some(format!("{}={}", text(["Key", "ParameterKey"])?, short(text(["Value", "ParameterValue"])?)))
}

fn is_token(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("token")
}

fn joined<'v>(values: impl Iterator<Item = &'v Value>) -> String {
    let parts: Vec<String> = values.map(brief).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// A call's answer in a few words; for several pages, the total.
fn answered(answers: &[&JournaledAnswer]) -> String {
    match answers {
        [JournaledAnswer::Ok(value)] => given(value),
        [JournaledAnswer::Error { code, message, .. }] if message.is_empty() => code.clone(),
        [JournaledAnswer::Error { code, message, .. }] => format!("{code}: {message}"),
        [JournaledAnswer::Cut] => "the connection was cut".to_owned(),
        pages => {
            let lists = pages.iter().filter_map(|page| match page {
                JournaledAnswer::Ok(value) => list(value),
                JournaledAnswer::Error { .. } | JournaledAnswer::Cut => None,
            });
            let lists: Vec<(&str, usize)> = lists.collect();
            counted(lists.iter().map(|(_, count)| count).sum(), lists.first().map_or("", |(name, _)| name))
        }
    }
}

/// The id in an answer, or the number of listed items.
fn given(value: &Value) -> String {
    if let Some([stack]) = value["Stacks"].as_array().map(Vec::as_slice) {
        return stack["StackStatus"].as_str().unwrap_or("1 stack").to_owned();
    }
    for pointer in [
        "/pipelineExecutionId",
        "/branch/commitId",
        "/commit/commitId",
        "/baseCommitId",
        "/repositoryMetadata/defaultBranch",
        "/StackId",
        "/MessageId",
        "/comment/commentId",
        "/pullRequest/pullRequestStatus",
        "/AccountAliases/0",
        "/imageBlockPublicAccessState",
        "/Arn",
        "/reportId",
    ] {
        if let Some(id) = value.pointer(pointer).and_then(Value::as_str) {
            return short(id);
        }
    }
    // The value of a parameter, the status of an execution, the status of an endpoint.
    for pointer in ["/Parameter/Value", "/recoveryPlanExecution/status", "/recoveryPlan/status", "/status"] {
        match value.pointer(pointer) {
            Some(Value::String(text)) => return short(text),
            Some(Value::Number(number)) => return number.to_string(),
            _ => {}
        }
    }
    if let (Some(imported), Some(refused)) = (value["SuccessCount"].as_u64(), value["FailedCount"].as_u64()) {
        return format!("{imported} imported, {refused} refused");
    }
    alarm_states(value)
        .or_else(|| list(value).map(|(name, count)| counted(count, name)))
        .unwrap_or_else(|| "ok".to_owned())
}

/// The states of the alarms, if the answer has any.
fn alarm_states(value: &Value) -> Option<String> {
    let alarms = ["MetricAlarms", "CompositeAlarms"].into_iter().filter_map(|kind| value[kind].as_array());
    let states: Vec<&str> = alarms.flatten().filter_map(|alarm| alarm["StateValue"].as_str()).collect();
    (!states.is_empty()).then(|| states.join(", "))
}

fn list(value: &Value) -> Option<(&str, usize)> {
    value.as_object()?.iter().find_map(|(name, list)| Some((name.as_str(), list.as_array()?.len())))
}

fn counted(count: usize, name: &str) -> String {
    let (one, many) = match name {
        "pipelineExecutionSummaries" => ("execution", "executions"),
        "Stacks" => ("stack", "stacks"),
        "StackEvents" => ("event", "events"),
        "branches" => ("branch", "branches"),
        "imagesSet" => ("image", "images"),
        "imageAncestryEntrySet" => ("ancestor", "ancestors"),
        "imageUsageReportEntrySet" => ("entry", "entries"),
        "imageUsageReportSet" => ("usage report", "usage reports"),
        "snapshotSet" => ("snapshot", "snapshots"),
        "recoveryPlanExecutions" => ("execution", "executions"),
        "recoveryPlanSteps" | "recoveryPlanExecutionSteps" => ("step", "steps"),
        "MetricAlarms" | "CompositeAlarms" => ("alarm", "alarms"),
        "AccountAliases" => ("alias", "aliases"),
        "Items" => ("item", "items"),
        "launchPermission" => ("launch permission", "launch permissions"),
        "createVolumePermission" => ("permission", "permissions"),
        "repositories" => ("repository", "repositories"),
        "pullRequestIds" => ("pull request", "pull requests"),
        "commentsForPullRequestData" => ("group of comments", "groups of comments"),
        "Entries" => ("entry", "entries"),
        name => (name.trim_end_matches('s'), name),
    };
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// The longest text that is shown whole: a branch's name may have 256 characters.
const LONGEST: usize = 300;

/// A commit or a digest by its beginning, a stack's ARN by its name and the beginning of its id, a template by its size.
pub(super) fn short(text: &str) -> String {
    if is_hexadecimal(text, 40) || is_hexadecimal(text, 64) {
        return text[..7].to_owned();
    }
    if let Some((name, id)) = text.split_once(":stack/").and_then(|(_, stack)| stack.split_once('/')) {
        return format!("{name}/{}", id.get(..8).unwrap_or(id));
    }
    if text.len() > LONGEST { sized(text) } else { text.to_owned() }
}

fn sized(text: &str) -> String {
    format!("({} bytes)", thousands(text.len()))
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

fn is_hexadecimal(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use local_aws::{JournaledAnswer, JournaledCall};
    use serde_json::{Value, json};

    fn call(service: &str, operation: &str, input: Value, answer: JournaledAnswer) -> JournaledCall {
        let (service, operation) = (service.to_owned(), operation.to_owned());
        JournaledCall {
            service,
            operation,
            input,
            answer,
            injected: false,
            took_effect: true,
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn rendered(calls: &[JournaledCall]) -> String {
        anstream::adapter::strip_str(&super::calls(calls)).to_string()
    }

    #[test]
    fn a_stack_is_shown_by_its_name_and_a_template_by_its_size() {
        let id = "arn:aws:cloudformation:us-east-1:111122223333:stack/branch-shop-main/0a1b2c3d-0000-4000-a000-000000000000";
        let input = json!({
            "StackName": "branch-shop-main",
            "TemplateBody": "x".repeat(1234),
            "Parameters": [{"ParameterKey": "Branch", "ParameterValue": "main"}],
            "Tags": [{"Key": "pointsman:commit", "Value": "0123456789012345678901234567890123456789"}],
            "ClientRequestToken": "create-1",
        });
        let missing =
            JournaledAnswer::Error { code: "ValidationError".into(), message: "no".into(), status: 400 };
        let calls = [
            call("cloudformation", "DescribeStacks", json!({"StackName": "branch-shop-main"}), missing),
            call("cloudformation", "CreateStack", input, JournaledAnswer::Ok(json!({"StackId": id}))),
            call("cloudformation", "DeleteStack", json!({"StackName": id}), JournaledAnswer::Ok(Value::Null)),
            call(
                "cloudformation",
                "DescribeStacks",
                json!({}),
                JournaledAnswer::Ok(json!({"Stacks": [{}, {}]})),
            ),
        ];
        insta::assert_snapshot!(rendered(&calls), @r"
          call   DescribeStacks branch-shop-main -> ValidationError: no
          call   CreateStack branch-shop-main (1,234 bytes) Branch=main
                 pointsman:commit=0123456 -> branch-shop-main/0a1b2c3d
          call   DeleteStack branch-shop-main/0a1b2c3d -> ok
          call   DescribeStacks -> 2 stacks
        ");
    }

    #[test]
    fn an_email_is_shown_as_it_is_read() {
        let text = "The stack branch-shop-main could not be created, because two of its resources failed and a third was cancelled.\n\nRole  no\n";
        let input = json!({"TopicArn": "arn:aws:sns:us-east-1:111122223333:mail", "Subject": "One failed", "Message": text});
        let sent = call("sns", "Publish", input.clone(), JournaledAnswer::Ok(json!({"MessageId": "m-1"})));
        let mut refused = call("sns", "Publish", input, JournaledAnswer::Cut);
        refused.took_effect = false;
        insta::assert_snapshot!(rendered(&[sent, refused]), @r"
          call   Publish arn:aws:sns:us-east-1:111122223333:mail -> m-1
          email  One failed
                   The stack branch-shop-main could not be created, because two of its resources failed and a third was cancelled.

                   Role  no
          call   Publish arn:aws:sns:us-east-1:111122223333:mail -> the connection was
                 cut
        ");
    }
}
