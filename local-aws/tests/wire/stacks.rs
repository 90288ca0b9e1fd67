//! CloudFormation over real HTTP: what is asked, what is answered, what happens as the clock goes.

use std::time::Duration;

use local_aws::LocalAws;
use serde_json::{Value, json};

use crate::client::{Client, Response, World};

const WORLD: &str = r#"
now = "2026-03-02T10:00:00Z"
[[repository]]
name = "shop"
[[repository.commit]]
label = "one"
files = { a = "1" }
[[repository.commit]]
label = "two"
files = { a = "2" }
[repository.branches]
main = "one"
"#;

const TEMPLATE: &str = r#"
Parameters:
  Name: { Type: String, AllowedPattern: "[a-z]+", Default: shop }
Resources:
  Topic:
    Type: AWS::SNS::Topic
  Pipeline:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Name: !Sub "${Name}@main"
      PipelineType: V2
      Stages:
        - Name: Source
          Actions:
            - Name: Checkout
              ActionTypeId: { Category: Source, Owner: AWS, Provider: CodeCommit, Version: "1" }
              Configuration: { RepositoryName: !Ref Name, BranchName: main, PollForSourceChanges: false }
"#;

struct Fixture {
    aws: LocalAws,
    client: Client,
}

fn start(more: &str) -> Fixture {
    let aws = LocalAws::start(World::of(&format!("{WORLD}{more}"))).unwrap();
    let client = Client::new(&aws.endpoint());
    Fixture { aws, client }
}

impl Fixture {
    fn call(&self, operation: &str, members: &[(&str, &str)]) -> Response {
        self.client.query("cloudformation", "2010-05-15", operation, members)
    }

    fn create(&self, name: &str, more: &[(&str, &str)]) -> Response {
        let mut members = vec![("StackName", name), ("TemplateBody", TEMPLATE)];
        members.extend(more);
        self.call("CreateStack", &members)
    }

    /// Lets everything happen that is under way.
    fn settle(&self) {
        while self.aws.advance_to_next().is_some() {}
    }

    fn status(&self, name: &str) -> String {
        self.aws.stack(name).map_or_else(|| "none".to_owned(), |stack| stack.status)
    }

    /// The statuses of the events on the bus, in order.
    fn statuses(&self) -> Vec<String> {
        let status = |event: &Value| event["detail"]["status-details"]["status"].as_str().unwrap().to_owned();
        self.aws.take_events().iter().map(status).collect()
    }
}

/// The code and message of an error.
fn refused(response: &Response) -> (String, String) {
    assert_ne!(response.status, 200, "{}", response.body);
    (response.texts("Code").remove(0), response.texts("Message").remove(0))
}

#[test]
fn a_stack_is_made_and_goes_again_as_the_clock_goes() {
    let fixture = start("");
    let answer = fixture.create(
        "b-shop",
        &[("ClientRequestToken", "t1"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v & w")],
    );
    let id = answer.texts("StackId").remove(0);
    assert!(id.starts_with("arn:aws:cloudformation:us-east-1:111122223333:stack/b-shop/"), "{id}");
    let shown = fixture.call("DescribeStacks", &[("StackName", "b-shop")]);
    assert_eq!(shown.texts("StackStatus"), ["CREATE_IN_PROGRESS"]);
    assert_eq!((shown.texts("Key"), shown.texts("Value")), (vec!["k".into()], vec!["v & w".into()]));
    assert!(fixture.aws.pipelines().is_empty());
    fixture.aws.advance(Duration::from_secs(59));
    assert_eq!(fixture.status("b-shop"), "CREATE_IN_PROGRESS");
    fixture.aws.advance(Duration::from_secs(1));
    assert_eq!(fixture.status("b-shop"), "CREATE_COMPLETE");
    let first = &fixture.aws.executions("shop@main")[0];
    assert_eq!(
        (first.trigger.as_str(), &first.commit),
        ("CreatePipeline", &fixture.aws.head("shop", "main"))
    );
    let event = fixture.aws.take_events().pop().unwrap();
    assert_eq!(
        (&event["source"], &event["detail-type"], &event["time"], &event["resources"]),
        (
            &json!("aws.cloudformation"),
            &json!("CloudFormation Stack Status Change"),
            &json!("2026-03-02T10:01:00Z"),
            &json!([id])
        )
    );
    let detail = json!({"stack-id": id, "status-details": {"status": "CREATE_COMPLETE", "status-reason": ""}, "client-request-token": "t1"});
    assert_eq!(event["detail"], detail);
    assert_eq!(fixture.call("DeleteStack", &[("StackName", &id)]).status, 200);
    assert_eq!(fixture.status("b-shop"), "DELETE_IN_PROGRESS");
    fixture.settle();
    assert_eq!((fixture.status("b-shop"), fixture.aws.pipelines()), ("none".into(), vec![]));
    assert_eq!(fixture.statuses(), ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]);
    let missing = refused(&fixture.call("DescribeStacks", &[("StackName", "b-shop")]));
    assert_eq!(missing, ("ValidationError".into(), "Stack with id b-shop does not exist".into()));
    let by_id = fixture.call("DescribeStacks", &[("StackName", &id)]);
    assert_eq!(by_id.texts("StackStatus"), ["DELETE_COMPLETE"]);
}
