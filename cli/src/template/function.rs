//! Reads `AWS::Serverless::Function` resources: settings, triggers and policy statements.

use std::collections::BTreeMap;
use std::time::Duration;

use cloudformation_template::{Values, members, text};
use eventbridge_pattern::EventPattern;
use serde_json::Value;

use super::permissions::{Statement, allows};
use super::{ACCOUNT, PARTITION, REGION, STACK_NAME, TemplateError};

/// A Lambda function as the template deploys it.
#[derive(Debug, Clone)]
pub struct DeployedFunction {
    pub logical_id: String,
    /// The Cargo package's name: the last segment of `CodeUri`.
    pub package: String,
    /// Three seconds unless the template sets it.
    pub timeout: Duration,
    /// 128 MB unless the template sets it.
    pub memory_mb: u32,
    /// The variables whose values do not depend on a deployment.
    pub environment: BTreeMap<String, String>,
    pub rules: Vec<EventRule>,
    pub schedules: Vec<Schedule>,
    pub queues: Vec<QueueMapping>,
    /// The queue of the events on which the function failed, if it redelivers them all the time.
    pub failed_queue: Option<FailedQueue>,
    /// The statements of its own and its role's inline policies. Managed policies and SAM policy templates are not read.
    pub statements: Vec<Statement>,
}

/// An EventBridge rule that starts a function.
#[derive(Debug, Clone)]
pub struct EventRule {
    /// Its name under the function's `Events`.
    pub name: String,
    pub pattern: EventPattern,
    /// False for `State: DISABLED`.
    pub enabled: bool,
    /// Whether CloudTrail's events of read-only calls match, too: `State: ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
    pub reads: bool,
}

/// A schedule that starts a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub name: String,
    /// As written: `rate(..)`, `cron(..)` or `at(..)`.
    pub expression: String,
    /// The event that it sends; `None` if the template leaves it to EventBridge.
    pub input: Option<Value>,
    pub enabled: bool,
}

/// An SQS queue whose messages start a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMapping {
    pub name: String,
    pub enabled: bool,
}

/// A queue that redelivers the events on which a function failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedQueue {
    /// Its logical id.
    pub name: String,
    /// The time between two deliveries of a message.
    pub pause: Duration,
    /// The number of deliveries after which the message moves to another queue, and the logical id of that queue.
    pub last: Option<(u32, String)>,
}

impl DeployedFunction {
    /// Whether the function's own inline statements allow an action, such as `codepipeline:StartPipelineExecution`, on a
    /// resource's ARN, which must use the stand-ins [`super::PARTITION`], [`super::REGION`] and [`super::ACCOUNT`].
    ///
    /// `*` and `?` in a statement are IAM's, and a deny wins. An allow's `Condition` counts as met: the caller wants to know
    /// whether a name is missing, not whether a policy is safe.
    #[must_use]
    pub fn allows(&self, action: &str, resource_arn: &str) -> bool {
        allows(&self.statements, action, resource_arn)
    }
}

/// Every function of the template whose condition is true.
pub(super) fn all(document: &Value, values: &Values<'_>) -> Result<Vec<DeployedFunction>, TemplateError> {
    let globals = values.value(&document["Globals"]["Function"]);
    members(&document["Resources"])
        .filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function" && values.includes(resource))
        .map(|(id, resource)| {
            let properties = with_globals(values.value(&resource["Properties"]), &globals);
            let role = values.value(role(document, &properties));
            let mut function = function(id, &properties)?;
            function.failed_queue = failed_queue(document, &properties);
            function.statements = statements(&properties, &role);
            let role = role_name(&properties);
            for (name, other) in members(&document["Resources"]).filter(|(_, other)| values.includes(other)) {
                let properties = &other["Properties"];
                match other["Type"].as_str() {
                    // SAM's events have no condition, so a rule with a condition is a resource of its own.
                    Some("AWS::Events::Rule") if targets(properties, id) => {
                        let properties = values.value(properties);
                        function.rules.push(rule_of(id, name, &properties, "EventPattern")?);
                    }
                    // The same holds for a policy with a condition.
                    Some("AWS::IAM::Policy") if names_role(properties, role) => {
                        let document = values.value(&properties["PolicyDocument"]);
                        let further = one_or_more(&document["Statement"]).iter().filter_map(Statement::read);
                        function.statements.extend(further);
                    }
                    _ => {}
                }
            }
            Ok(function)
        })
        .collect()
}

fn targets(rule: &Value, function: &str) -> bool {
    one_or_more(&rule["Targets"]).iter().any(|target| target["Arn"]["Fn::GetAtt"][0] == function)
}

fn names_role(policy: &Value, role: &str) -> bool {
    !role.is_empty() && one_or_more(&policy["Roles"]).iter().any(|named| named["Ref"] == role)
}

fn role_name(properties: &Value) -> &str {
    properties["Role"]["Fn::GetAtt"][0].as_str().unwrap_or_default()
}

/// The properties of the role that a function names, if the template has it.
fn role<'a>(document: &'a Value, properties: &Value) -> &'a Value {
    &document["Resources"][role_name(properties)]["Properties"]
}

/// SAM's rule for `Globals`: scalars are replaced, maps are merged (AWS SAM Developer Guide, "Globals section").
fn with_globals(mut properties: Value, globals: &Value) -> Value {
    for (name, global) in members(globals) {
        match properties.get_mut(name) {
            None => properties[name] = global.clone(),
            Some(own) if own.is_object() => *own = with_globals(own.take(), global),
            Some(_) => {}
        }
    }
    properties
}

fn function(id: &str, properties: &Value) -> Result<DeployedFunction, TemplateError> {
    let wrong = |property, wanted| TemplateError::Property { function: id.to_owned(), property, wanted };
    let number = |property, default| match &properties[property] {
        Value::Null => Ok(default),
        given => {
            text(given).and_then(|text| text.parse().ok()).ok_or_else(|| wrong(property, "a whole number"))
        }
    };
    let code = properties["CodeUri"].as_str().ok_or_else(|| wrong("CodeUri", "a path"))?;
    let package = code.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty());
    let events = &properties["Events"];
    Ok(DeployedFunction {
        logical_id: id.to_owned(),
        package: package.ok_or_else(|| wrong("CodeUri", "a path to a package"))?.to_owned(),
        timeout: Duration::from_secs(number("Timeout", 3)?.into()),
        memory_mb: number("MemorySize", 128)?,
        environment: environment(&properties["Environment"]["Variables"]),
        rules: of_type(events, &["EventBridgeRule", "CloudWatchEvent"])
            .map(|event| rule(id, event))
            .collect::<Result<_, _>>()?,
        schedules: of_type(events, &["Schedule", "ScheduleV2"]).filter_map(schedule).collect(),
        queues: of_type(events, &["SQS"]).map(queue).collect(),
        failed_queue: None,
        statements: Vec::new(),
    })
}

fn environment(variables: &Value) -> BTreeMap<String, String> {
    let known = |value: &Value| text(value).or_else(|| queue_arn(value));
    members(variables).filter_map(|(name, value)| Some((name.clone(), known(value)?))).collect()
}

/// The ARN of a queue of the template: `!GetAtt PipelineTriggerUndelivered.Arn`. CloudFormation chooses the queue's name.
fn queue_arn(value: &Value) -> Option<String> {
    let parts = value["Fn::GetAtt"].as_array()?;
    let (id, attribute) = (parts.first()?.as_str()?, parts.get(1)?.as_str()?);
    let is_queue = attribute == "Arn" && id.ends_with("Undelivered");
    is_queue.then(|| format!("arn:{PARTITION}:sqs:{REGION}:{ACCOUNT}:{STACK_NAME}-{id}"))
}

/// The events of these types: name and properties.
fn of_type<'a>(events: &'a Value, types: &'static [&str]) -> impl Iterator<Item = (&'a String, &'a Value)> {
    members(events)
        .filter(move |(_, event)| event["Type"].as_str().is_some_and(|kind| types.contains(&kind)))
        .map(|(name, event)| (name, &event["Properties"]))
}

fn rule(function: &str, (name, properties): (&String, &Value)) -> Result<EventRule, TemplateError> {
    rule_of(function, name, properties, "Pattern")
}

fn rule_of(
    function: &str,
    name: &str,
    properties: &Value,
    pattern: &str,
) -> Result<EventRule, TemplateError> {
    let pattern = EventPattern::parse(&properties[pattern]).map_err(|source| TemplateError::Pattern {
        function: function.to_owned(),
        rule: name.to_owned(),
        source,
    })?;
    let reads = properties["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
    Ok(EventRule { name: name.to_owned(), pattern, enabled: enabled(properties), reads })
}

fn schedule((name, properties): (&String, &Value)) -> Option<Schedule> {
    let expression =
        properties.get("Schedule").or_else(|| properties.get("ScheduleExpression"))?.as_str()?.to_owned();
    let input = properties["Input"].as_str().and_then(|input| serde_json::from_str(input).ok());
    Some(Schedule { name: name.clone(), expression, input, enabled: enabled(properties) })
}

fn queue((name, properties): (&String, &Value)) -> QueueMapping {
    QueueMapping { name: name.clone(), enabled: enabled(properties) }
}

/// The queue that Lambda sends failed events to, if an enabled mapping takes them back. A queue without a visibility timeout has
/// SQS's default of 30 seconds (SetQueueAttributes, Amazon SQS API Reference).
fn failed_queue(document: &Value, properties: &Value) -> Option<FailedQueue> {
    let id = |arn: &Value| arn["Fn::GetAtt"][0].as_str().map(str::to_owned);
    let name = id(&properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"])?;
    let mut mappings = of_type(&properties["Events"], &["SQS"]);
    mappings.find(|(_, mapping)| enabled(mapping) && id(&mapping["Queue"]).as_ref() == Some(&name))?;
    let queue = &document["Resources"][&name]["Properties"];
    let redrive = &queue["RedrivePolicy"];
    let most = redrive["maxReceiveCount"].as_u64().and_then(|most| u32::try_from(most).ok());
    Some(FailedQueue {
        pause: Duration::from_secs(queue["VisibilityTimeout"].as_u64().unwrap_or(30)),
        last: most.zip(id(&redrive["deadLetterTargetArn"])),
        name,
    })
}

/// SAM has `State` and `Enabled`; without either, the event is enabled.
fn enabled(properties: &Value) -> bool {
    properties["State"] != "DISABLED" && !matches!(text(&properties["Enabled"]).as_deref(), Some("false"))
}

/// The statements of the function's own `Policies`, one or a list, and of its role's inline policies. An entry without statements
/// names a managed policy.
fn statements(properties: &Value, role: &Value) -> Vec<Statement> {
    let of_role = one_or_more(&role["Policies"]).iter().map(|policy| &policy["PolicyDocument"]);
    let documents = one_or_more(&properties["Policies"]).iter().chain(of_role);
    documents.flat_map(|document| one_or_more(&document["Statement"])).filter_map(Statement::read).collect()
}

fn one_or_more(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}
