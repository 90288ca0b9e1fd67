//! Random sequences of operations and failures of CloudFormation: a pipeline exists exactly as long as its stack has
//! it.

use std::collections::BTreeSet;
use std::time::Duration;

use local_aws::{LocalAws, StackNow};
use proptest::prelude::*;

use crate::client::{Client, WorldText};

const TEMPLATE: &str = r#"
Parameters: { Variant: { Type: String } }
Resources:
  Topic: { Type: AWS::SNS::Topic }
  Pipeline:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Name: !Sub "${AWS::StackName}@${Variant}"
      Stages: [{ Name: Source, Actions: [{ Name: S, ActionTypeId: { Category: Source, Provider: S3 } }] }]
"#;

const STACKS: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
enum StackStep {
    Create(usize, u8),
    Update(usize, u8),
    Delete(usize),
    Protect(usize, bool),
    Wait(u64),
    Fail(&'static str, &'static str),
    EndFailures,
}

fn step() -> impl Strategy<Value = StackStep> {
    let stack = || 0..STACKS.len();
    prop_oneof![
        3 => (stack(), 0..3u8).prop_map(|(stack, variant)| StackStep::Create(stack, variant)),
        3 => (stack(), 0..3u8).prop_map(|(stack, variant)| StackStep::Update(stack, variant)),
        2 => stack().prop_map(StackStep::Delete),
        1 => (stack(), any::<bool>()).prop_map(|(stack, on)| StackStep::Protect(stack, on)),
        4 => (0..200u64).prop_map(StackStep::Wait),
        1 => (prop_oneof![Just("Topic"), Just("Pipeline")],
              prop_oneof![Just("create"), Just("update"), Just("delete"), Just("rollback")])
            .prop_map(|(resource, on)| StackStep::Fail(resource, on)),
        1 => Just(StackStep::EndFailures),
    ]
}

fn call(client: &Client, operation: &str, members: &[(&str, &str)]) {
    let answer = client.query("cloudformation", "2010-05-15", operation, members);
    assert!(matches!(answer.status, 200 | 400), "{operation}: {}", answer.body);
}

fn take(aws: &LocalAws, client: &Client, step: &StackStep) {
    let put = |operation: &str, stack: usize, variant: u8| {
        let variant = variant.to_string();
        let members = [
            ("StackName", STACKS[stack]),
            ("TemplateBody", TEMPLATE),
            ("Parameters.member.1.ParameterKey", "Variant"),
            ("Parameters.member.1.ParameterValue", &*variant),
        ];
        call(client, operation, &members);
    };
    match *step {
        StackStep::Create(stack, variant) => put("CreateStack", stack, variant),
        StackStep::Update(stack, variant) => put("UpdateStack", stack, variant),
        StackStep::Delete(stack) => call(client, "DeleteStack", &[("StackName", STACKS[stack])]),
        StackStep::Protect(stack, on) => {
            let members = [
                ("StackName", STACKS[stack]),
                ("EnableTerminationProtection", if on { "true" } else { "false" }),
            ];
            call(client, "UpdateTerminationProtection", &members);
        }
        StackStep::Wait(seconds) => aws.advance(Duration::from_secs(seconds)),
        StackStep::Fail(resource, on) => aws.fail("*", resource, on, "arranged", Some(1)),
        StackStep::EndFailures => aws.end_failures(),
    }
}

/// The pipelines that a stack at rest has; `None` if a failure left some of them.
fn pipelines(stack: &StackNow) -> Option<Vec<String>> {
    match stack.status.as_str() {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" => {
            Some(vec![format!("{}@{}", stack.name, stack.parameters[0].1)])
        }
        "ROLLBACK_COMPLETE" => Some(Vec::new()),
        "ROLLBACK_FAILED" | "UPDATE_ROLLBACK_FAILED" | "DELETE_FAILED" => None,
        other => panic!("{other} is no status at rest"),
    }
}

fn settle(aws: &LocalAws) {
    while aws.advance_to_next().is_some() {}
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pipeline_is_there_as_long_as_its_stack_has_it(steps in prop::collection::vec(step(), 1..24)) {
        let aws = LocalAws::start(WorldText::of("now = \"2026-03-02T10:00:00Z\"")).unwrap();
        let client = Client::new(&aws.endpoint());
        for step in &steps {
            take(&aws, &client, step);
        }
        settle(&aws);
        let stacks = aws.stacks();
        if let Some(expected) = stacks.iter().map(pipelines).collect::<Option<Vec<_>>>() {
            let expected: BTreeSet<String> = expected.into_iter().flatten().collect();
            prop_assert_eq!(aws.pipelines().into_iter().collect::<BTreeSet<_>>(), expected);
        }
        aws.end_failures();
        for stack in 0..STACKS.len() {
            take(&aws, &client, &StackStep::Protect(stack, false));
            take(&aws, &client, &StackStep::Delete(stack));
        }
        settle(&aws);
        prop_assert!(aws.stacks().is_empty() && aws.pipelines().is_empty(), "{:?} {:?}", aws.stacks(), aws.pipelines());
    }
}
