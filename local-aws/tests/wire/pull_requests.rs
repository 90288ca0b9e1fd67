//! Pull requests, their comments, and events of a caller, over real HTTP.

use local_aws::{JournaledAnswer, LocalAws};
use serde_json::{Value, json};

use crate::client::{Client, WorldText, error};
use crate::ok;

const WORLD: &str = r#"
now = "2026-03-02T10:00:00Z"
[codecommit]
list-page-size = 2
[[repository]]
name = "shop"
[[repository.commit]]
label = "one"
[[repository.commit]]
label = "two"
[repository.branches]
main = "one"
"feature/a" = "two"
[[repository.pull-request]]
source = "feature/a"
[[repository.pull-request]]
source = "feature/gone"
commit = "two"
status = "CLOSED"
[[repository.pull-request]]
source = "feature/a"
title = "Again"
author = "arn:aws:iam::111122223333:user/alice"
[[repository.pull-request.comment]]
content = "Fine."
author = "arn:aws:iam::111122223333:user/bob"
[[repository.pull-request.comment]]
content = "Ours."
[[repository.pull-request.comment]]
content = "Wrong."
deleted = true
"#;

struct PullRequestFixture {
    aws: LocalAws,
    client: Client,
}

fn start() -> PullRequestFixture {
    let aws = LocalAws::start(WorldText::of(WORLD)).unwrap();
    let client = Client::new(&aws.endpoint());
    PullRequestFixture { aws, client }
}

impl PullRequestFixture {
    fn call(&self, operation: &str, input: &Value) -> JournaledAnswer {
        self.client.call("codecommit", "CodeCommit_20150413", operation, input)
    }

    fn post(&self, content: &str, token: &str) -> JournaledAnswer {
        let target = ok(self.call("GetPullRequest", &json!({"pullRequestId": "1"})));
        let target = &target["pullRequest"]["pullRequestTargets"][0];
        let input = json!({
            "pullRequestId": "1", "repositoryName": "shop", "content": content, "clientRequestToken": token,
            "beforeCommitId": target["destinationCommit"], "afterCommitId": target["sourceCommit"],
        });
        self.call("PostCommentForPullRequest", &input)
    }

    fn events(&self, entries: &Value) -> JournaledAnswer {
        self.client.call("events", "AWSEvents", "PutEvents", &json!({"Entries": entries}))
    }
}

#[test]
fn pull_requests_are_listed_by_status_and_author_page_by_page() {
    let fixture = start();
    let list = |input: Value| ok(fixture.call("ListPullRequests", &input));
    let first = list(json!({"repositoryName": "shop"}));
    assert_eq!(first["pullRequestIds"], json!(["3", "2"]));
    let next = list(json!({"repositoryName": "shop", "nextToken": first["nextToken"]}));
    assert_eq!(next, json!({"pullRequestIds": ["1"]}));
    let open = list(json!({"repositoryName": "shop", "pullRequestStatus": "OPEN"}));
    assert_eq!(open, json!({"pullRequestIds": ["3", "1"]}));
    let by_alice = json!({"repositoryName": "shop", "authorArn": "arn:aws:iam::111122223333:user/alice"});
    assert_eq!(list(by_alice)["pullRequestIds"], json!(["3"]));
    let wrong =
        fixture.call("ListPullRequests", &json!({"repositoryName": "shop", "pullRequestStatus": "NEW"}));
    assert_eq!(error(&wrong), (400, "InvalidPullRequestStatusException"));
}

#[test]
fn a_pull_request_has_the_tips_of_its_branches() {
    let fixture = start();
    let get = |id: &str| fixture.call("GetPullRequest", &json!({"pullRequestId": id}));
    let target = ok(get("1"))["pullRequest"]["pullRequestTargets"][0].clone();
    assert_eq!(target["sourceReference"], "refs/heads/feature/a");
    fixture.aws.push("shop", "feature/a", Some("one")).unwrap();
    let moved = ok(get("1"))["pullRequest"]["pullRequestTargets"][0].clone();
    assert_eq!(moved["sourceCommit"], target["destinationCommit"]);
    assert_eq!(ok(get("2"))["pullRequest"]["pullRequestStatus"], "CLOSED");
    assert_eq!(error(&get("9")), (400, "PullRequestDoesNotExistException"));
    assert_eq!(error(&get("one")), (400, "InvalidPullRequestIdException"));
    assert_eq!(error(&get("")), (400, "PullRequestIdRequiredException"));
}

#[test]
fn a_token_posts_one_comment_and_belongs_to_its_content() {
    let fixture = start();
    let first = ok(fixture.post("one", "t"));
    assert_eq!(ok(fixture.post("one", "t"))["comment"]["commentId"], first["comment"]["commentId"]);
    assert_eq!(error(&fixture.post("two", "t")), (400, "IdempotencyParameterMismatchException"));
    let update = json!({"commentId": first["comment"]["commentId"], "content": "changed"});
    ok(fixture.call("UpdateComment", &update));
    assert_eq!(ok(fixture.post("one", "t"))["comment"]["content"], "changed");
    ok(fixture.post("two", "another"));
    let contents: Vec<String> =
        fixture.aws.comments("1").into_iter().map(|comment| comment.content).collect();
    assert_eq!(contents, ["changed", "two"]);
}

#[test]
fn a_comment_has_a_limit_and_two_commits() {
    let fixture = start();
    ok(fixture.post(&"é".repeat(10_240), "a"));
    let long = fixture.post(&"é".repeat(10_241), "b");
    assert_eq!(error(&long), (400, "CommentContentSizeLimitExceededException"));
    assert_eq!(error(&fixture.post("", "c")), (400, "CommentContentRequiredException"));
    fixture.aws.push("shop", "feature/a", Some("one")).unwrap();
    assert_eq!(error(&fixture.post("x", "d")), (400, "BeforeCommitIdAndAfterCommitIdAreSameException"));
}

#[test]
fn only_the_author_of_a_comment_updates_it() {
    let fixture = start();
    let page = ok(fixture.call("GetCommentsForPullRequest", &json!({"pullRequestId": "3"})));
    let next = json!({"pullRequestId": "3", "nextToken": page["nextToken"]});
    let rest = ok(fixture.call("GetCommentsForPullRequest", &next));
    let comments =
        |page: &Value| page["commentsForPullRequestData"][0]["comments"].as_array().unwrap().clone();
    let all: Vec<Value> = comments(&page).into_iter().chain(comments(&rest)).collect();
    let shown: Vec<(&Value, &Value)> = all.iter().map(|one| (&one["content"], &one["deleted"])).collect();
    assert_eq!(
        shown,
        [(&json!("Fine."), &json!(false)), (&json!("Ours."), &json!(false)), (&json!(""), &json!(true))]
    );
    let update = |id: &Value| fixture.call("UpdateComment", &json!({"commentId": id, "content": "new"}));
    assert_eq!(error(&update(&all[0]["commentId"])), (400, "CommentNotCreatedByCallerException"));
    ok(update(&all[1]["commentId"]));
    assert_eq!(error(&update(&all[2]["commentId"])), (400, "CommentDeletedException"));
    assert_eq!(error(&update(&json!("none"))), (400, "CommentDoesNotExistException"));
    assert_eq!(fixture.aws.comments("3")[1].content, "new");
}

#[test]
fn an_event_is_put_on_the_bus_and_a_wrong_entry_fails_alone() {
    let fixture = start();
    let entry = |source: &str, detail: &str| json!({"Source": source, "DetailType": "Stack Ready", "Detail": detail, "Resources": ["arn:aws:x"]});
    let answer = ok(fixture.events(&json!([
        entry("shop", "{\"a\": 1}"),
        entry("aws.ec2", "{}"),
        entry("shop", "[]"),
        entry("", "{}"),
    ])));
    assert_eq!(answer["FailedEntryCount"], 3);
    let code = |nth: usize| answer["Entries"][nth]["ErrorCode"].clone();
    assert_eq!(
        [code(1), code(2), code(3)],
        ["NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument"].map(Value::from)
    );
    let events = fixture.aws.take_events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["detail"], json!({"a": 1}));
    assert_eq!(events[0]["id"], answer["Entries"][0]["EventId"]);
    assert_eq!(events[0]["source"], "shop");
    assert_eq!(error(&fixture.events(&json!([]))), (400, "ValidationException"));
    let many = vec![entry("shop", "{}"); 11];
    assert_eq!(error(&fixture.events(&json!(many))), (400, "ValidationException"));
    let large = entry("shop", &json!({"a": "x".repeat(1_048_576)}).to_string());
    assert_eq!(error(&fixture.events(&json!([large]))), (400, "ValidationException"));
}
