//! CloudFormation over real HTTP: requests, answers, and changes as the clock moves.

use std::time::Duration;

use local_aws::LocalAws;
use serde_json::{Value, json};

use crate::client::{Client, Response, WorldText};

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

struct StackFixture {
    aws: LocalAws,
    client: Client,
}

fn start(more: &str) -> StackFixture {
    let aws = LocalAws::start(WorldText::of(&format!("{WORLD}{more}"))).unwrap();
    let client = Client::new(&aws.endpoint());
    StackFixture { aws, client }
}

impl StackFixture {
    fn call(&self, operation: &str, members: &[(&str, &str)]) -> Response {
        self.client.query("cloudformation", "2010-05-15", operation, members)
    }

    fn create(&self, name: &str, more: &[(&str, &str)]) -> Response {
        let mut members = vec![("StackName", name), ("TemplateBody", TEMPLATE)];
        members.extend(more);
        self.call("CreateStack", &members)
    }

    /// Moves the clock until no operation is in progress.
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
fn a_stack_is_created_and_deleted_as_the_clock_moves() {
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

#[test]
fn a_create_that_fails_is_rolled_back_and_names_the_failed_resource() {
    let fixture = start(
        "[[cloudformation.failing]]\nresource = \"Pipeline\"\nstack = \"b-*\"\non = \"create\"\nreason = \"no role\"\ntimes = 1",
    );
    fixture.create("b-shop", &[("ClientRequestToken", "t1")]);
    fixture.settle();
    assert_eq!(fixture.statuses(), ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]);
    let events = fixture.call("DescribeStackEvents", &[("StackName", "b-shop")]);
    let answered: Vec<String> = events
        .texts("LogicalResourceId")
        .into_iter()
        .zip(events.texts("ResourceStatus"))
        .map(|(resource, status)| format!("{resource} {status}"))
        .collect();
    let newest_first = [
        "b-shop ROLLBACK_COMPLETE",
        "Topic DELETE_COMPLETE",
        "Topic DELETE_IN_PROGRESS",
        "b-shop ROLLBACK_IN_PROGRESS",
        "Pipeline CREATE_FAILED",
        "Pipeline CREATE_IN_PROGRESS",
        "Topic CREATE_COMPLETE",
        "Topic CREATE_IN_PROGRESS",
        "b-shop CREATE_IN_PROGRESS",
    ];
    assert_eq!(answered, newest_first);
    let reasons = events.texts("ResourceStatusReason");
    let rollback = "The following resource(s) failed to create: [Pipeline]. Rollback requested by user.";
    assert_eq!(reasons, [rollback, "no role", "User Initiated"]);
    assert_eq!(events.texts("ClientRequestToken").len(), newest_first.len());
    let update = fixture.call("UpdateStack", &[("StackName", "b-shop"), ("TemplateBody", TEMPLATE)]);
    assert!(refused(&update).1.ends_with("is in ROLLBACK_COMPLETE state and can not be updated."));
    assert_eq!(refused(&fixture.create("b-shop", &[])).0, "AlreadyExistsException");
    // It failed as often as was arranged.
    fixture.call("DeleteStack", &[("StackName", "b-shop")]);
    fixture.settle();
    fixture.create("b-shop", &[]);
    fixture.settle();
    assert_eq!(fixture.status("b-shop"), "CREATE_COMPLETE");
}

#[test]
fn a_pipeline_whose_name_is_taken_fails_its_stack_and_keeps_the_other() {
    let fixture = start("");
    fixture.create("one", &[]);
    fixture.settle();
    fixture.create("two", &[]);
    fixture.settle();
    assert_eq!(fixture.status("two"), "ROLLBACK_COMPLETE");
    assert_eq!(fixture.aws.executions("shop@main").len(), 1);
    let events = fixture.call("DescribeStackEvents", &[("StackName", "two")]);
    assert!(events.texts("ResourceStatusReason").iter().any(|reason| reason.contains("already exists")));
}

#[test]
fn an_update_walks_through_its_clean_up_and_an_equal_one_is_refused() {
    let fixture = start("");
    fixture.create("b-shop", &[("Tags.member.1.Key", "commit"), ("Tags.member.1.Value", "one")]);
    fixture.settle();
    fixture.aws.take_events();
    let update = |more: &[(&str, &str)]| {
        let mut members = vec![("StackName", "b-shop"), ("TemplateBody", TEMPLATE)];
        members.extend(more);
        fixture.call("UpdateStack", &members)
    };
    let same = [("Tags.member.1.Key", "commit"), ("Tags.member.1.Value", "one")];
    assert_eq!(refused(&update(&same)).1, "No updates are to be performed.");
    assert_eq!(refused(&update(&[])).1, "No updates are to be performed.", "tags that are left out stay");
    let answer = update(&[
        ("Tags.member.1.Key", "commit"),
        ("Tags.member.1.Value", "two"),
        ("ClientRequestToken", "u1"),
    ]);
    assert_eq!(answer.status, 200);
    let refusal = refused(&fixture.call("DeleteStack", &[("StackName", "b-shop")])).1;
    assert!(refusal.ends_with("cannot be deleted while in status UPDATE_IN_PROGRESS"), "{refusal}");
    fixture.settle();
    let walked = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"];
    assert_eq!(fixture.statuses(), walked);
    assert_eq!(fixture.aws.stack("b-shop").unwrap().tags, [("commit".to_owned(), "two".to_owned())]);
    assert_eq!(fixture.aws.executions("shop@main").len(), 1, "the pipeline is the same one");
    assert_eq!(update(&[("Tags", "")]).status, 200);
    fixture.settle();
    assert!(fixture.aws.stack("b-shop").unwrap().tags.is_empty());
}

#[test]
fn a_resource_that_a_clean_up_cannot_delete_is_left_behind() {
    let fixture = start("");
    fixture.create("b-shop", &[]);
    fixture.settle();
    fixture.aws.fail("b-*", "Pipeline", "cleanup", "it is not empty", Some(1));
    let other = TEMPLATE.replace("@main", "@other");
    fixture.call("UpdateStack", &[("StackName", "b-shop"), ("TemplateBody", &other)]);
    fixture.settle();
    let stack = fixture.aws.stack("b-shop").unwrap();
    assert_eq!(stack.status, "UPDATE_COMPLETE");
    assert!(stack.reason.unwrap().ends_with("One or more resources could not be deleted."));
    assert_eq!(fixture.aws.pipelines(), ["shop@main", "shop@other"]);
    let events = fixture.call("DescribeStackEvents", &[("StackName", "b-shop")]);
    let left = events.texts("PhysicalResourceId").into_iter().zip(events.texts("ResourceStatus"));
    let left: Vec<String> =
        left.filter(|(_, status)| status == "DELETE_FAILED").map(|(resource, _)| resource).collect();
    assert_eq!(left, ["shop@main"]);
    fixture.call("DeleteStack", &[("StackName", "b-shop")]);
    fixture.settle();
    assert_eq!(fixture.aws.pipelines(), ["shop@main"], "it is no longer the stack's");
}

#[test]
fn an_update_that_fails_goes_back_to_what_was_and_may_stay_stuck() {
    let fixture = start("");
    fixture.create("b-shop", &[("RoleARN", "arn:aws:iam::111122223333:role/first")]);
    fixture.settle();
    let before = fixture.aws.stack("b-shop").unwrap();
    fixture.aws.take_events();
    fixture.aws.fail("b-*", "Topic", "update", "it said no", Some(1));
    let update = || {
        fixture.call(
            "UpdateStack",
            &[
                ("StackName", "b-shop"),
                ("TemplateBody", &TEMPLATE.replace("@main", "@other")),
                ("RoleARN", "arn:aws:iam::111122223333:role/second"),
            ],
        )
    };
    assert_eq!(update().status, 200);
    fixture.settle();
    let walked = [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ];
    assert_eq!(fixture.statuses(), walked);
    let after = fixture.aws.stack("b-shop").unwrap();
    assert_eq!(
        (&after.role, &after.parameters, &after.tags),
        (&before.role, &before.parameters, &before.tags)
    );
    assert_eq!(fixture.aws.pipelines(), ["shop@main"]);
    assert_eq!(update().status, 200);
    fixture.settle();
    assert_eq!(
        (fixture.status("b-shop"), fixture.aws.pipelines()),
        ("UPDATE_COMPLETE".into(), vec!["shop@other".into()])
    );
    fixture.aws.fail("*", "Pipeline", "update", "no", None);
    fixture.aws.fail("*", "Topic", "rollback", "no", None);
    fixture.call("UpdateStack", &[("StackName", "b-shop"), ("TemplateBody", TEMPLATE)]);
    fixture.settle();
    assert_eq!(fixture.status("b-shop"), "UPDATE_ROLLBACK_FAILED");
    fixture.aws.end_failures();
    assert_eq!(fixture.call("DeleteStack", &[("StackName", "b-shop")]).status, 200);
    fixture.settle();
    assert_eq!((fixture.status("b-shop"), fixture.aws.pipelines()), ("none".into(), vec![]));
}

#[test]
fn a_delete_that_fails_keeps_the_resource_and_can_be_tried_again() {
    let fixture = start("");
    fixture.create("b-shop", &[]);
    fixture.settle();
    fixture.aws.fail("b-shop", "Topic", "delete", "in use", Some(1));
    let delete =
        |token: &str| fixture.call("DeleteStack", &[("StackName", "b-shop"), ("ClientRequestToken", token)]);
    assert_eq!(delete("d1").status, 200);
    fixture.settle();
    let stack = fixture.aws.stack("b-shop").unwrap();
    assert_eq!(stack.status, "DELETE_FAILED");
    assert_eq!(stack.reason.as_deref(), Some("The following resource(s) failed to delete: [Topic]."));
    assert_eq!(delete("d1").status, 200);
    assert_eq!(fixture.status("b-shop"), "DELETE_FAILED", "the same token is the same delete");
    delete("d2");
    fixture.settle();
    assert_eq!(fixture.status("b-shop"), "none");
}

#[test]
fn what_a_policy_retains_outlives_its_stack() {
    let fixture = start("");
    let template = TEMPLATE.replace(
        "Type: AWS::CodePipeline::Pipeline",
        "Type: AWS::CodePipeline::Pipeline\n    DeletionPolicy: Retain",
    );
    fixture.call("CreateStack", &[("StackName", "b"), ("TemplateBody", &template)]);
    fixture.settle();
    fixture.call("DeleteStack", &[("StackName", "b")]);
    fixture.settle();
    assert_eq!((fixture.status("b"), fixture.aws.pipelines()), ("none".into(), vec!["shop@main".into()]));
}

#[test]
fn a_creation_can_be_cut_short_by_a_delete() {
    let fixture = start("");
    fixture.create("b", &[]);
    assert_eq!(fixture.call("DeleteStack", &[("StackName", "b")]).status, 200);
    fixture.settle();
    assert_eq!(fixture.statuses(), ["CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]);
}

#[test]
fn a_protected_stack_stays_until_it_is_unprotected() {
    let fixture = start("");
    fixture.create("b", &[("EnableTerminationProtection", "true")]);
    fixture.settle();
    let refusal = refused(&fixture.call("DeleteStack", &[("StackName", "b")]));
    assert_eq!(
        refusal,
        (
            "ValidationError".into(),
            "Stack [b] cannot be deleted while TerminationProtection is enabled".into()
        )
    );
    let off = [("StackName", "b"), ("EnableTerminationProtection", "false")];
    assert_eq!(
        fixture.call("UpdateTerminationProtection", &off).texts("StackId"),
        [fixture.aws.stack("b").unwrap().id]
    );
    assert_eq!(fixture.call("DeleteStack", &[("StackName", "b")]).status, 200);
    let gone = fixture
        .call("UpdateTerminationProtection", &[("StackName", "c"), ("EnableTerminationProtection", "true")]);
    assert_eq!(refused(&gone).1, "Stack [c] does not exist");
}

#[test]
fn a_token_is_one_operation_whatever_happens_to_its_stack() {
    let fixture = start("");
    let id = fixture.create("b", &[("ClientRequestToken", "t")]).texts("StackId");
    assert_eq!(fixture.create("b", &[("ClientRequestToken", "t")]).texts("StackId"), id);
    assert_eq!(
        refused(&fixture.create("c", &[("ClientRequestToken", "t")])).0,
        "TokenAlreadyExistsException"
    );
    let delete = fixture.call("DeleteStack", &[("StackName", "b"), ("ClientRequestToken", "t")]);
    assert_eq!(refused(&delete).0, "TokenAlreadyExistsException");
    fixture.call("DeleteStack", &[("StackName", "b")]);
    fixture.settle();
    assert_eq!(fixture.create("b", &[("ClientRequestToken", "t")]).texts("StackId"), id);
    assert_eq!(fixture.status("b"), "none", "the creation it stands for is over");
    assert_ne!(fixture.create("b", &[("ClientRequestToken", "t2")]).texts("StackId"), id);
}

#[test]
fn stacks_and_events_come_in_pages_and_deleted_stacks_are_in_none() {
    let fixture = start("[cloudformation]\npage-size = 2\n");
    for name in ["a", "b", "c", "d"] {
        let template = TEMPLATE.replace("@main", &format!("@{name}"));
        fixture.call("CreateStack", &[("StackName", name), ("TemplateBody", &template)]);
        fixture.settle();
    }
    fixture.call("DeleteStack", &[("StackName", "d")]);
    fixture.settle();
    let all = |operation: &str, of: Option<&str>, element: &str| {
        let (mut found, mut pages, mut token) = (Vec::new(), 0, None::<String>);
        loop {
            let mut members: Vec<(&str, &str)> = of.map(|name| ("StackName", name)).into_iter().collect();
            members.extend(token.as_deref().map(|token| ("NextToken", token)));
            let page = fixture.call(operation, &members);
            found.extend(page.texts(element));
            pages += 1;
            token = page.texts("NextToken").pop();
            if token.is_none() {
                return (found, pages);
            }
        }
    };
    assert_eq!(all("DescribeStacks", None, "StackName"), (vec!["c".into(), "b".into(), "a".into()], 2));
    let (events, pages) = all("DescribeStackEvents", Some("a"), "EventId");
    assert_eq!((events.len(), pages), (6, 3));
    assert_eq!(refused(&fixture.call("DescribeStacks", &[("NextToken", "junk")])).0, "ValidationError");
}

#[test]
fn a_stack_of_the_worlds_file_is_as_the_file_describes_it() {
    let fixture = start(
        r#"
[[stack]]
name = "old"
status = "DELETE_COMPLETE"
id = "arn:aws:cloudformation:us-east-1:111122223333:stack/old/1"
[[stack]]
name = "old"
status = "UPDATE_ROLLBACK_COMPLETE"
status-reason = "it failed"
created = "2026-02-01T00:00:00Z"
updated = "2026-02-02T00:00:00Z"
tags = { "pointsman:branch" = "main" }
parameters = { Name = "shop" }
role = "arn:aws:iam::111122223333:role/x"
protected = true
parent = "arn:aws:cloudformation:us-east-1:111122223333:stack/root/2"
[[stack.event]]
status = "UPDATE_IN_PROGRESS"
token = "update-1"
[[stack.event]]
status = "UPDATE_FAILED"
resource = "Pipeline"
type = "AWS::CodePipeline::Pipeline"
reason = "no"
time = "2026-02-02T00:00:00Z"
"#,
    );
    let shown = fixture.call("DescribeStacks", &[("StackName", "old")]);
    let text = |element: &str| shown.texts(element).join(" ");
    assert_eq!(text("StackStatus"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(text("StackStatusReason"), "it failed");
    assert_eq!(text("CreationTime"), "2026-02-01T00:00:00.000Z");
    assert_eq!(text("LastUpdatedTime"), "2026-02-02T00:00:00.000Z");
    assert_eq!(text("EnableTerminationProtection"), "true");
    assert_eq!((text("ParentId"), text("RootId")), (text("ParentId"), text("ParentId")));
    assert!(text("ParentId").ends_with("stack/root/2"));
    let by_id = fixture.call(
        "DescribeStacks",
        &[("StackName", "arn:aws:cloudformation:us-east-1:111122223333:stack/old/1")],
    );
    assert_eq!(by_id.texts("StackStatus"), ["DELETE_COMPLETE"]);
    let events = fixture.call("DescribeStackEvents", &[("StackName", "old")]);
    assert_eq!(events.texts("LogicalResourceId"), ["Pipeline", "old"]);
    assert_eq!(events.texts("ClientRequestToken"), ["update-1"]);
}

#[test]
fn an_import_needs_an_export_of_the_world_or_of_a_stack() {
    let fixture = start("[cloudformation.exports]\nrole = \"arn:aws:iam::111122223333:role/p\"\n");
    let importing = |name: &str| {
        format!(
            "Resources:\n  T: {{ Type: AWS::SNS::Topic, Properties: {{ TopicName: !ImportValue {name} }} }}\n\
             Outputs:\n  Of: {{ Value: !Ref T, Export: {{ Name: !Sub \"${{AWS::StackName}}-topic\" }} }}\n"
        )
    };
    for (stack, export, status) in [
        ("a", "role", "CREATE_COMPLETE"),
        ("b", "unknown", "ROLLBACK_COMPLETE"),
        ("c", "a-topic", "CREATE_COMPLETE"),
    ] {
        fixture.call("CreateStack", &[("StackName", stack), ("TemplateBody", &importing(export))]);
        fixture.settle();
        assert_eq!(fixture.status(stack), status, "{stack}");
    }
    let shown = fixture.call("DescribeStacks", &[("StackName", "c")]);
    assert_eq!(shown.texts("OutputValue"), ["arn:aws:iam::111122223333:role/p"]);
    assert_eq!(shown.texts("ExportName"), ["c-topic"]);
}

#[test]
fn an_export_is_one_stacks_only() {
    let exporting = |name: &str, value: &str| {
        format!(
            "{{ Resources: {{ T: {{ Type: AWS::SNS::Topic }} }}, \
             Outputs: {{ O: {{ Value: {value}, Export: {{ Name: {name} }} }} }} }}"
        )
    };
    let world = format!(
        "[cloudformation.exports]\nshared = \"x\"\n[[stack]]\nname = \"there\"\ntemplate = \"{}\"\n",
        exporting("seeded", "x")
    );
    let fixture = start(&world);
    let call = |operation: &str, stack: &str, body: &str| {
        fixture.call(operation, &[("StackName", stack), ("TemplateBody", body)]);
        fixture.settle();
    };
    let refusal = |stack: &str| {
        let events = fixture.call("DescribeStackEvents", &[("StackName", stack)]);
        events.texts("ResourceStatusReason").into_iter().find(|reason| reason.starts_with("Export"))
    };
    call("CreateStack", "mine", &exporting("mine", "x"));
    assert_eq!(fixture.status("mine"), "CREATE_COMPLETE");
    for (stack, export, owner) in
        [("a", "shared", "elsewhere"), ("b", "seeded", "there"), ("c", "mine", "mine")]
    {
        call("CreateStack", stack, &exporting(export, "x"));
        let answered = format!("Export with name {export} is already exported by stack {owner}.");
        assert_eq!(refusal(stack), Some(format!("{answered} Rollback requested by user.")));
        assert_eq!(fixture.status(stack), "ROLLBACK_COMPLETE");
    }
    call("UpdateStack", "mine", &exporting("seeded", "y"));
    let answered = "Export with name seeded is already exported by stack there.";
    assert_eq!(refusal("mine").as_deref(), Some(answered));
    assert_eq!(fixture.status("mine"), "UPDATE_ROLLBACK_COMPLETE");
    call("UpdateStack", "mine", &exporting("mine", "y"));
    assert_eq!(fixture.status("mine"), "UPDATE_COMPLETE", "its own export is no other's");
    fixture.call("DeleteStack", &[("StackName", "mine")]);
    fixture.settle();
    call("CreateStack", "d", &exporting("mine", "x"));
    assert_eq!(fixture.status("d"), "CREATE_COMPLETE", "a stack that is gone exports nothing");
}

#[test]
fn a_condition_compares_text_for_every_type_of_yaml() {
    let fixture = start("");
    let body = "Parameters: { Setup: { Type: String, Default: true }, Count: { Type: Number, Default: 1 } }
Conditions: { Setup: !Equals [!Ref Setup, true], Once: !Equals [1, !Ref Count], Twice: !Equals [!Ref Count, 2] }
Resources:
  T: { Type: AWS::SNS::Topic, Condition: Setup }
  U: { Type: AWS::SNS::Topic, Condition: Once }
  V: { Type: AWS::SNS::Topic, Condition: Twice }
";
    fixture.call("CreateStack", &[("StackName", "s"), ("TemplateBody", body)]);
    fixture.settle();
    let events = fixture.call("DescribeStackEvents", &[("StackName", "s")]);
    let mut made = events.texts("LogicalResourceId");
    made.retain(|name| name != "s");
    made.dedup();
    assert_eq!(made, ["U", "T"]);
}

#[test]
fn a_branch_that_is_pushed_is_there_and_on_the_bus() {
    let fixture = start("");
    fixture.aws.push("shop", "feature/größe", Some("two")).unwrap();
    fixture.aws.push("shop", "feature/größe", Some("two")).unwrap();
    fixture.aws.push("shop", "feature/größe", Some("one")).unwrap();
    fixture.aws.push("shop", "feature/größe", None).unwrap();
    assert_eq!(fixture.aws.head("shop", "feature/größe"), None);
    let events = fixture.aws.take_events();
    let answered = |event: &Value| {
        let detail = &event["detail"];
        let has = |member: &str| if detail[member].is_string() { member } else { "-" }.to_owned();
        format!("{} {} {}", detail["event"].as_str().unwrap(), has("oldCommitId"), has("commitId"))
    };
    let answered: Vec<String> = events.iter().map(answered).collect();
    let expected = [
        "referenceCreated - commitId",
        "referenceUpdated oldCommitId commitId",
        "referenceDeleted oldCommitId -",
    ];
    assert_eq!(answered, expected);
    assert_eq!(events[0]["detail"]["referenceFullName"], json!("refs/heads/feature/größe"));
    assert!(fixture.aws.push("shop", "a..b", Some("one")).is_err());
    assert!(fixture.aws.push("shop", "b", Some("three")).is_err());
    assert!(fixture.aws.push("other", "b", Some("one")).is_err());
}

#[test]
fn a_branch_that_git_has_no_file_for_is_refused_and_the_limit_said() {
    let fixture = start("");
    let (fits, too_long) = ("a".repeat(250), "a".repeat(251));
    fixture.aws.push("shop", &format!("{fits}/b"), Some("one")).unwrap();
    let refused = fixture.aws.push("shop", &too_long, Some("one")).unwrap_err().to_string();
    assert!(refused.contains("more than 250 bytes"), "{refused}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.toml");
    let world = |name: &str| WORLD.replace("main = \"one\"", &format!("\"{name}\" = \"one\""));
    std::fs::write(&path, world(&fits)).unwrap();
    local_aws::AwsWorld::read(&path).unwrap();
    std::fs::write(&path, world(&too_long)).unwrap();
    let refused = local_aws::AwsWorld::read(&path).unwrap_err().to_string();
    assert!(refused.contains("more than 250 bytes"), "{refused}");
}

#[test]
fn repositories_come_in_pages() {
    let more = "[codecommit]\nlist-page-size = 1\n[[repository]]\nname = \"attic\"\n";
    let fixture = start(more);
    let list = |input: Value| match fixture.client.call(
        "codecommit",
        "CodeCommit_20150413",
        "ListRepositories",
        &input,
    ) {
        local_aws::JournaledAnswer::Ok(page) => page,
        other => panic!("{other:?}"),
    };
    let first = list(json!({"sortBy": "repositoryName", "order": "ascending"}));
    assert_eq!(first["repositories"][0]["repositoryName"], json!("attic"));
    let second =
        list(json!({"sortBy": "repositoryName", "order": "ascending", "nextToken": first["nextToken"]}));
    assert_eq!(
        (&second["repositories"][0]["repositoryName"], second.get("nextToken")),
        (&json!("shop"), None)
    );
}

/// The newest event of the operation that created the stack.
fn creation(fixture: &StackFixture, name: &str) -> String {
    fixture.call("DescribeStackEvents", &[("StackName", name)]).texts("OperationId").pop().unwrap()
}

#[test]
fn a_failed_validation_is_an_event_of_its_operation_and_nothing_is_provisioned() {
    let fixture = start(
        "[[cloudformation.failing]]\nresource = \"Topic\"\non = \"create\"\nvalidation = \"PROPERTY_VALIDATION\"\n\
         reason = \"#: extraneous key [Colour] is not permitted\"",
    );
    fixture.create("b-shop", &[]);
    fixture.settle();
    assert_eq!(fixture.statuses(), ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]);
    let stack_events = fixture.call("DescribeStackEvents", &[("StackName", "b-shop")]);
    assert_eq!(stack_events.texts("LogicalResourceId"), ["b-shop", "b-shop", "b-shop"]);
    let operation = creation(&fixture, "b-shop");
    let by_id = [("OperationId", operation.as_str()), ("Filters.FailedEvents", "true")];
    let failed = fixture.call("DescribeEvents", &by_id);
    assert_eq!(failed.texts("EventType"), ["STACK_EVENT", "VALIDATION_ERROR"]);
    assert_eq!(failed.texts("ValidationPath"), ["/Resources/Topic/Properties"]);
    assert_eq!(failed.texts("ValidationStatusReason"), ["#: extraneous key [Colour] is not permitted"]);
    let newest = fixture.call("DescribeEvents", &[("StackName", "b-shop")]);
    assert_eq!(newest.texts("OperationType"), ["ROLLBACK"], "the newest operation is the rollback");
    assert_eq!(refused(&fixture.call("DescribeEvents", &[])).0, "ValidationError");
    assert_eq!(refused(&fixture.call("DescribeEvents", &[("OperationId", "x")])).0, "ValidationError");
}

#[test]
fn express_mode_rolls_back_only_where_the_caller_asks_for_it() {
    let failing = "[[cloudformation.failing]]\nresource = \"Topic\"\non = \"create\"";
    let express = ("DeploymentConfig.Mode", "EXPRESS");
    for (more, status) in [
        (vec![express], "CREATE_FAILED"),
        (vec![express, ("DeploymentConfig.DisableRollback", "false")], "ROLLBACK_COMPLETE"),
        (vec![("DeploymentConfig.Mode", "STANDARD")], "ROLLBACK_COMPLETE"),
    ] {
        let fixture = start(failing);
        fixture.create("b-shop", &more);
        fixture.settle();
        assert_eq!(fixture.status("b-shop"), status, "{more:?}");
    }
    let fixture = start("");
    let unknown = fixture.create("b-shop", &[("DeploymentConfig.Mode", "FAST")]);
    assert!(refused(&unknown).1.contains("[STANDARD, EXPRESS]"));
    fixture.create("b-shop", &[express]);
    fixture.settle();
    let described = fixture.call("DescribeStacks", &[("StackName", "b-shop")]);
    assert_eq!(
        (described.texts("Mode"), described.texts("StackStatus")),
        (vec!["EXPRESS".into()], vec!["CREATE_COMPLETE".into()])
    );
    fixture.call("DeleteStack", &[("StackName", "b-shop"), express]);
    fixture.settle();
    assert_eq!(fixture.status("b-shop"), "none");
}
