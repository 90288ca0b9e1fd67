//! The local AWS over real HTTP, by a client that knows nothing of AWS but the wire.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not their helper functions"
)]

mod accounts;
mod addresses;
mod client;
mod delays;
mod emails;
mod findings;
mod images;
mod interleavings;
mod items;
mod objects;
mod pull_requests;
mod recovery;
mod signals;
mod snapshots;
mod stack_rules;
mod stacks;
mod stages;
mod usage;

use std::time::Duration;

use client::{Client, WorldText, error};
use local_aws::{InvocationOutcome, JournaledAnswer, JournaledCall, LocalAws, RuntimeApi};
use serde_json::{Value, json};

const WORLD: &str = include_str!("../world.toml");

/// A running world, and a client of it.
struct WireFixture {
    aws: LocalAws,
    client: Client,
}

fn start(more: &str) -> WireFixture {
    let world = WorldText::of(&format!("{WORLD}{more}"));
    let aws = LocalAws::start(world).unwrap();
    let client = Client::new(&aws.endpoint());
    WireFixture { aws, client }
}

impl WireFixture {
    fn commit(&self, operation: &str, input: Value) -> JournaledAnswer {
        let mut input = input;
        input["repositoryName"] = json!("storefront");
        self.client.call("codecommit", "CodeCommit_20150413", operation, &input)
    }

    fn pipeline(&self, operation: &str, input: Value) -> JournaledAnswer {
        self.client.call("codepipeline", "CodePipeline_20150709", operation, &input)
    }

    fn last(&self) -> JournaledCall {
        self.aws.journal().pop().unwrap()
    }
}

fn ok(answer: JournaledAnswer) -> Value {
    match answer {
        JournaledAnswer::Ok(output) => output,
        other => panic!("{other:?}"),
    }
}

#[test]
fn differences_come_page_by_page_with_every_kind_of_change() {
    let fixture = start("");
    let mut input = json!({"beforeCommitSpecifier": "v1", "afterCommitSpecifier": "refs/heads/main"});
    let mut seen = Vec::new();
    loop {
        let page = ok(fixture.commit("GetDifferences", input.clone()));
        seen.extend(page["differences"].as_array().unwrap().clone());
        assert!(page["differences"].as_array().unwrap().len() <= 2);
        let Some(next) = page.get("NextToken") else { break };
        input["NextToken"] = next.clone();
    }
    let line = |difference: &Value| {
        let side = |blob: &str| difference[blob]["mode"].as_str().unwrap_or("-").to_owned();
        let path =
            difference["afterBlob"]["path"].as_str().or(difference["beforeBlob"]["path"].as_str()).unwrap();
        format!(
            "{} {} {} {path}",
            difference["changeType"].as_str().unwrap(),
            side("beforeBlob"),
            side("afterBlob")
        )
    };
    let lines: Vec<String> = seen.iter().map(line).collect();
    let expected = [
        "A - 100644 a b/größe.md",
        "A - 100644 big",
        "A - 120000 link",
        "A - 100644 new.txt",
        "D 100644 - old.txt",
        "M 100644 100755 run",
        "A - 160000 vendored",
    ];
    assert_eq!(lines, expected);
    assert_eq!(fixture.aws.journal().len(), 4);
}

#[test]
fn a_page_can_be_asked_for_and_a_token_is_only_good_for_its_request() {
    let fixture = start("");
    let input = json!({"afterCommitSpecifier": "main", "MaxResults": 3});
    let page = ok(fixture.commit("GetDifferences", input));
    assert_eq!(page["differences"].as_array().unwrap().len(), 3);
    let other = json!({"afterCommitSpecifier": "v1", "NextToken": page["NextToken"]});
    assert_eq!(error(&fixture.commit("GetDifferences", other)), (400, "InvalidContinuationTokenException"));
    let none = json!({"afterCommitSpecifier": "main", "MaxResults": 0});
    assert_eq!(error(&fixture.commit("GetDifferences", none)), (400, "InvalidMaxResultsException"));
}

#[test]
fn differences_keep_to_a_path() {
    let fixture = start("");
    let input = json!({"afterCommitSpecifier": "main", "afterPath": "a b/"});
    assert_eq!(ok(fixture.commit("GetDifferences", input))["differences"].as_array().unwrap().len(), 1);
    let input = json!({"afterCommitSpecifier": "main", "afterPath": "nowhere"});
    assert_eq!(error(&fixture.commit("GetDifferences", input)), (400, "PathDoesNotExistException"));
}

/// The ids of the two versions of a file.
fn blobs(fixture: &WireFixture) -> (Value, Value) {
    let input =
        json!({"repositoryName": "lines", "beforeCommitSpecifier": "old", "afterCommitSpecifier": "main"});
    let page = ok(fixture.client.call("codecommit", "CodeCommit_20150413", "GetDifferences", &input));
    let file = &page["differences"][0];
    (file["beforeBlob"]["blobId"].clone(), file["afterBlob"]["blobId"].clone())
}

#[test]
fn lines_that_differ_come_in_hunks() {
    let fixture = start(
        "[[repository]]\nname = \"lines\"\n[[repository.commit]]\nlabel = \"1\"\nfiles = { f = \"a\\nb\\n\" }\n\
         [[repository.commit]]\nlabel = \"2\"\nfiles = { f = \"a\\nc\\n\" }\n\
         [repository.branches]\nold = \"1\"\nmain = \"2\"\n",
    );
    let (old, new) = blobs(&fixture);
    let ask = |input: Value| {
        let mut input = input;
        input["repositoryName"] = json!("lines");
        ok(fixture.client.call("codecommit", "CodeCommit_20150413", "GetBlobDifferences", &input))
    };
    let answer = ask(json!({"beforeBlobId": old, "afterBlobId": new, "contextLines": 0}));
    let hunk = json!({
        "beforeStartLine": 2, "beforeLineCount": 1, "afterStartLine": 2, "afterLineCount": 1,
        "changes": [
            {"type": "DELETE", "content": "b", "beforeLineNumber": 2},
            {"type": "ADD", "content": "c", "afterLineNumber": 2},
        ],
    });
    let sizes = json!({"hunks": [hunk], "isBinary": false, "beforeBlobSize": 4, "afterBlobSize": 4});
    assert_eq!(answer, sizes);
    let around = ask(json!({"beforeBlobId": old, "afterBlobId": new}));
    assert_eq!(around["hunks"][0]["changes"][0]["type"], "CONTEXT");
    let added = ask(json!({"afterBlobId": new}));
    assert_eq!(
        (&added["hunks"][0]["changes"][1]["content"], &added["beforeBlobSize"]),
        (&json!("c"), &json!(0))
    );
}

#[test]
fn what_codecommit_refuses_is_refused_in_its_words() {
    let fixture = start("");
    let gone = "0123456789012345678901234567890123456789";
    let cases = [
        ("GetDifferences", json!({}), "CommitRequiredException"),
        ("GetDifferences", json!({"afterCommitSpecifier": gone}), "CommitDoesNotExistException"),
        ("GetDifferences", json!({"afterCommitSpecifier": "main~1"}), "InvalidCommitException"),
        ("GetDifferences", json!({"afterCommitSpecifier": "--output=x"}), "CommitDoesNotExistException"),
        ("GetBlobDifferences", json!({}), "BlobIdRequiredException"),
        ("GetBlobDifferences", json!({"afterBlobId": "main"}), "InvalidBlobIdException"),
        ("GetBlobDifferences", json!({"afterBlobId": gone}), "BlobIdDoesNotExistException"),
        (
            "GetBlobDifferences",
            json!({"afterBlobId": gone, "MaxResults": 1001}),
            "InvalidMaxResultsException",
        ),
        ("GetBlobDifferences", json!({"afterBlobId": gone, "contextLines": 21}), "ValidationException"),
        ("GetBranch", json!({}), "BranchNameRequiredException"),
        ("GetBranch", json!({"branchName": "a b"}), "InvalidBranchNameException"),
        ("GetBranch", json!({"branchName": "v1"}), "BranchDoesNotExistException"),
        ("GetCommit", json!({}), "CommitIdRequiredException"),
        ("GetCommit", json!({"commitId": "main"}), "InvalidCommitIdException"),
        ("GetCommit", json!({"commitId": gone}), "CommitIdDoesNotExistException"),
        ("GetFile", json!({}), "PathRequiredException"),
        ("GetFile", json!({"filePath": "a//b"}), "InvalidPathException"),
        ("GetFile", json!({"filePath": "a b"}), "FileDoesNotExistException"),
        ("GetFile", json!({"filePath": "vendored"}), "FileDoesNotExistException"),
        ("GetFile", json!({"filePath": "big"}), "FileTooLargeException"),
        ("ListBranches", json!({"nextToken": "junk"}), "InvalidContinuationTokenException"),
        ("GetBranch", json!({"branchName": 1}), "SerializationException"),
    ];
    for (operation, input, code) in cases {
        assert_eq!(error(&fixture.commit(operation, input)), (400, code), "{operation}");
    }
    for (name, code) in
        [("unknown", "RepositoryDoesNotExistException"), ("a b", "InvalidRepositoryNameException")]
    {
        let input = json!({"repositoryName": name});
        let answer = fixture.client.call("codecommit", "CodeCommit_20150413", "GetRepository", &input);
        assert_eq!(error(&answer), (400, code));
    }
}

#[test]
fn files_branches_and_commits_are_what_git_has() {
    let fixture = start("");
    let file = ok(fixture.commit("GetFile", json!({"filePath": "/run"})));
    assert_eq!((&file["fileMode"], &file["fileContent"]), (&json!("EXECUTABLE"), &json!("IyEvYmluL3NoCg==")));
    let link = ok(fixture.commit("GetFile", json!({"filePath": "link", "commitSpecifier": "main"})));
    assert_eq!((&link["fileMode"], &link["fileContent"]), (&json!("SYMLINK"), &json!("cnVu")));
    let head = ok(fixture.commit("GetBranch", json!({"branchName": "main"})))["branch"]["commitId"].clone();
    let commit = ok(fixture.commit("GetCommit", json!({"commitId": head})));
    assert_eq!(commit["commit"]["author"]["date"], json!("1767225660 +0000"));
    assert_eq!(commit["commit"]["parents"].as_array().unwrap().len(), 1);
    assert_eq!(
        ok(fixture.commit("ListBranches", json!({})))["branches"],
        json!(["clash", "feature/x", "main"])
    );
    let repository = ok(fixture.commit("GetRepository", json!({})));
    assert_eq!(repository["repositoryMetadata"]["defaultBranch"], json!("main"));
}

#[test]
fn merge_options_name_the_base_and_see_conflicts_by_file() {
    let fixture = start("");
    let base = ok(fixture.commit("GetMergeOptions", merge("v1", "v1")))["sourceCommitId"].clone();
    let forward = ok(fixture.commit("GetMergeOptions", merge("main", "v1")));
    assert_eq!(forward["baseCommitId"], base);
    assert_eq!(forward["mergeOptions"], json!(["FAST_FORWARD_MERGE", "SQUASH_MERGE", "THREE_WAY_MERGE"]));
    let diverged = ok(fixture.commit("GetMergeOptions", merge("feature/x", "main")));
    assert_eq!(
        (&diverged["baseCommitId"], &diverged["mergeOptions"]),
        (&base, &json!(["SQUASH_MERGE", "THREE_WAY_MERGE"]))
    );
    let clash = ok(fixture.commit("GetMergeOptions", merge("feature/x", "clash")));
    assert_eq!((&clash["baseCommitId"], &clash["mergeOptions"]), (&base, &json!([])));
}

fn merge(source: &str, destination: &str) -> Value {
    json!({"sourceCommitSpecifier": source, "destinationCommitSpecifier": destination})
}

#[test]
fn a_busy_pipeline_refuses_one_start_and_the_same_token_starts_nothing_twice() {
    let fixture = start("");
    let start = |token: &str| {
        fixture.pipeline(
            "StartPipelineExecution",
            json!({"name": "web", "clientRequestToken": token,
        "sourceRevisions": [{"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "abc"}]}),
        )
    };
    assert_eq!(error(&start("t1")), (409, "ConflictException"));
    let first = ok(start("t1"));
    assert_eq!(ok(start("t1")), first);
    assert_ne!(ok(start("t2")), first);
    let listed =
        ok(fixture.pipeline("ListPipelineExecutions", json!({"pipelineName": "web", "maxResults": 1})));
    let newest = &listed["pipelineExecutionSummaries"][0];
    assert_eq!(newest["startTime"], json!(1_772_445_605));
    assert_eq!(newest["sourceRevisions"], json!([{"actionName": "Source", "revisionId": "abc"}]));
    let next = json!({"pipelineName": "web", "maxResults": 1, "nextToken": listed["nextToken"]});
    let older = ok(fixture.pipeline("ListPipelineExecutions", next));
    assert_eq!(older["pipelineExecutionSummaries"][0]["pipelineExecutionId"], first["pipelineExecutionId"]);
    assert_eq!(older.get("nextToken"), None);
}

#[test]
fn a_start_that_pins_nothing_runs_the_branch_as_it_is_now() {
    let fixture = start("");
    let _ = fixture.pipeline("StartPipelineExecution", json!({"name": "web"}));
    ok(fixture.pipeline("StartPipelineExecution", json!({"name": "web"})));
    let head = ok(fixture.commit("GetBranch", json!({"branchName": "main"})))["branch"]["commitId"].clone();
    let listed = ok(fixture.pipeline("ListPipelineExecutions", json!({"pipelineName": "web"})));
    assert_eq!(listed["pipelineExecutionSummaries"][0]["sourceRevisions"][0]["revisionId"], head);
}

#[test]
fn a_pipeline_is_described_as_the_wire_has_it() {
    let fixture = start("");
    let web = ok(fixture.pipeline("GetPipeline", json!({"name": "web"})));
    let source = &web["pipeline"]["stages"][0]["actions"][0];
    let configuration =
        json!({"RepositoryName": "storefront", "BranchName": "main", "PollForSourceChanges": "false"});
    assert_eq!(source["configuration"], configuration);
    let s3 = ok(fixture.pipeline("GetPipeline", json!({"name": "from-s3"})));
    assert_eq!(s3["pipeline"]["stages"][0]["actions"][0]["actionTypeId"]["provider"], json!("S3"));
    assert_eq!(s3["pipeline"]["pipelineType"], json!("V1"));
    let first = ok(fixture.pipeline("ListPipelines", json!({"maxResults": 1})));
    assert_eq!(first["pipelines"][0]["name"], json!("from-s3"));
    let second = ok(fixture.pipeline("ListPipelines", json!({"nextToken": first["nextToken"]})));
    assert_eq!(second["pipelines"][0]["name"], json!("web"));
}

#[test]
fn an_execution_has_the_variables_it_was_started_with() {
    let fixture = start("");
    let web = ok(fixture.pipeline("GetPipeline", json!({"name": "web"})));
    assert_eq!(web["pipeline"]["variables"], json!([{"name": "BRANCH"}, {"name": "COUNT"}]));
    let s3 = ok(fixture.pipeline("GetPipeline", json!({"name": "from-s3"})));
    assert_eq!(s3["pipeline"].get("variables"), None);
    let input =
        json!({"name": "web", "clientRequestToken": "t", "variables": [{"name": "BRANCH", "value": "main"}]});
    let _ = fixture.pipeline("StartPipelineExecution", input.clone());
    let id = ok(fixture.pipeline("StartPipelineExecution", input))["pipelineExecutionId"].clone();
    let asked = json!({"pipelineName": "web", "pipelineExecutionId": id});
    let execution = ok(fixture.pipeline("GetPipelineExecution", asked));
    let variables = &execution["pipelineExecution"]["variables"];
    assert_eq!(*variables, json!([{"name": "BRANCH", "resolvedValue": "main"}]));
}

#[test]
fn what_codepipeline_refuses_is_refused_in_its_words() {
    let fixture = start("");
    let pinned = |action: &str, kind: &str, value: &str| json!({"name": "web", "sourceRevisions": [{"actionName": action, "revisionType": kind, "revisionValue": value}]});
    let variables = |of: &str, given: Value| json!({"name": of, "variables": given});
    let branch = |value: &str| variables("web", json!([{"name": "BRANCH", "value": value}]));
    let many: Value = (0..51).map(|_| json!({"name": "BRANCH", "value": "x"})).collect();
    let cases = [
        ("StartPipelineExecution", branch(""), "ValidationException"),
        ("StartPipelineExecution", branch(&"x".repeat(1001)), "ValidationException"),
        ("StartPipelineExecution", branch("two\nlines"), "ValidationException"),
        ("StartPipelineExecution", variables("web", json!([{"name": "BRANCH"}])), "ValidationException"),
        ("StartPipelineExecution", variables("web", many), "ValidationException"),
        (
            "StartPipelineExecution",
            variables("web", json!([{"name": "STAGE", "value": "x"}])),
            "ValidationException",
        ),
        (
            "StartPipelineExecution",
            variables("from-s3", json!([{"name": "BRANCH", "value": "x"}])),
            "ValidationException",
        ),
        (
            "GetPipelineExecution",
            json!({"pipelineName": "web", "pipelineExecutionId": "x"}),
            "PipelineExecutionNotFoundException",
        ),
        ("StartPipelineExecution", json!({"name": "unknown"}), "PipelineNotFoundException"),
        ("StartPipelineExecution", json!({"name": "a b"}), "ValidationException"),
        ("StartPipelineExecution", json!({}), "ValidationException"),
        (
            "StartPipelineExecution",
            json!({"name": "web", "clientRequestToken": "a_b"}),
            "ValidationException",
        ),
        (
            "StartPipelineExecution",
            json!({"name": "web", "clientRequestToken": "a".repeat(129)}),
            "ValidationException",
        ),
        ("StartPipelineExecution", pinned("Sauce", "COMMIT_ID", "abc"), "ValidationException"),
        ("StartPipelineExecution", pinned("Source", "IMAGE_DIGEST", "abc"), "ValidationException"),
        ("StartPipelineExecution", pinned("Source", "COMMIT", "abc"), "ValidationException"),
        ("StartPipelineExecution", pinned("Source", "COMMIT_ID", ""), "ValidationException"),
        ("GetPipeline", json!({"name": "web", "version": 2}), "PipelineVersionNotFoundException"),
        ("ListPipelineExecutions", json!({"pipelineName": "web", "maxResults": 101}), "ValidationException"),
        (
            "ListPipelineExecutions",
            json!({"pipelineName": "web", "nextToken": "x"}),
            "InvalidNextTokenException",
        ),
        ("ListPipelines", json!({"nextToken": "x"}), "InvalidNextTokenException"),
    ];
    for (operation, input, code) in cases {
        assert_eq!(error(&fixture.pipeline(operation, input.clone())), (400, code), "{operation} {input}");
    }
    let listed = ok(fixture.pipeline("ListPipelineExecutions", json!({"pipelineName": "web"})));
    assert_eq!(listed["pipelineExecutionSummaries"], json!([]));
}

#[test]
fn what_is_not_served_is_said_by_name_and_recorded() {
    let fixture = start("");
    let said = |answer: JournaledAnswer| match answer {
        JournaledAnswer::Error { status: 501, message, .. } => message,
        other => panic!("{other:?}"),
    };
    let answer = fixture.commit("PutFile", json!({}));
    assert_eq!(said(answer), "the local AWS does not serve the operation `PutFile` of codecommit");
    assert_eq!(fixture.last().operation, "PutFile");
    let answer = fixture.client.call("ecr", "X", "DescribeImages", &json!({}));
    assert_eq!(said(answer), "the local AWS does not serve the service `ecr`");
    let answer = fixture.client.call("codecommit", "CodeCommit_2099", "GetBranch", &json!({}));
    assert_eq!(said(answer), "the local AWS does not serve the API `CodeCommit_2099` of codecommit");
    let answer = fixture.pipeline("ListPipelineExecutions", json!({"pipelineName": "web", "filter": {}}));
    assert_eq!(said(answer), "the local AWS does not serve the member `filter` of ListPipelineExecutions");
    let answer = fixture.client.unsigned("GetBranch");
    assert_eq!(error(&answer), (403, "MissingAuthenticationTokenException"));
    assert_eq!(fixture.aws.journal().len(), 5);
}

const FAULTS: &str = r#"
[[fault]]
operation = "GetBranch"
call = 2
answer = "ThrottlingException"
[[fault]]
operation = "codepipeline:StartPipelineExecution"
calls = [2, 3]
answer = "cut"
after-effect = true
[[fault]]
operation = "ListBranches"
answer = "ServiceUnavailable"
message = "try later"
[[fault]]
operation = "GetCommit"
answer = "cut"
[[fault]]
operation = "GetRepository"
delay = 50
"#;

#[test]
fn the_nth_call_goes_wrong_and_the_others_do_not() {
    let fixture = start(FAULTS);
    let branch = || fixture.commit("GetBranch", json!({"branchName": "main"}));
    ok(branch());
    assert_eq!(error(&branch()), (400, "ThrottlingException"));
    let call = fixture.last();
    assert!(call.injected && !call.took_effect, "{call:?}");
    ok(branch());
    for _ in 0..2 {
        assert_eq!(error(&fixture.commit("ListBranches", json!({}))), (503, "ServiceUnavailable"));
    }
    let before = std::time::Instant::now();
    ok(fixture.commit("GetRepository", json!({})));
    assert!(before.elapsed() >= Duration::from_millis(50));
}

#[test]
fn a_cut_closes_the_connection_before_or_after_the_effect() {
    let fixture = start(FAULTS);
    let start =
        || fixture.pipeline("StartPipelineExecution", json!({"name": "web", "clientRequestToken": "t"}));
    assert_eq!(error(&start()), (409, "ConflictException"));
    assert_eq!(start(), JournaledAnswer::Cut);
    let call = fixture.last();
    assert_eq!((call.answer, call.injected, call.took_effect), (JournaledAnswer::Cut, true, true));
    assert_eq!(start(), JournaledAnswer::Cut);
    let id = ok(start())["pipelineExecutionId"].clone();
    let listed = ok(fixture.pipeline("ListPipelineExecutions", json!({"pipelineName": "web"})));
    assert_eq!(listed["pipelineExecutionSummaries"].as_array().unwrap().len(), 1);
    assert_eq!(listed["pipelineExecutionSummaries"][0]["pipelineExecutionId"], id);
    assert_eq!(fixture.commit("GetCommit", json!({"commitId": "x"})), JournaledAnswer::Cut);
    assert!(!fixture.last().took_effect);
}

#[test]
fn a_clone_is_served_beside_the_world() {
    let mut world = WorldText::of(WORLD);
    let clone = WorldText::clone_with_remote_branch("topic");
    world.serve_clone("other", clone.path()).unwrap();
    assert!(world.serve_clone("bad name", clone.path()).is_err());
    let aws = LocalAws::start(world).unwrap();
    let client = Client::new(&aws.endpoint());
    let input = json!({"repositoryName": "other"});
    let branches = client.call("codecommit", "CodeCommit_20150413", "ListBranches", &input);
    assert_eq!(ok(branches)["branches"], json!(["main", "topic"]));
}

#[test]
fn an_event_goes_to_the_function_and_its_answer_comes_back() {
    let api = RuntimeApi::start().unwrap();
    let client = Client::new(&format!("http://{}", api.address()));
    let outcome = api.invoke(&json!({"an": "event"}), Duration::from_secs(60));
    let next = client.get("/2018-06-01/runtime/invocation/next");
    assert_eq!(next.body, r#"{"an":"event"}"#);
    assert!(next.header("lambda-runtime-deadline-ms").parse::<u64>().unwrap() > 1_767_225_600_000);
    assert!(next.header("lambda-runtime-invoked-function-arn").starts_with("arn:aws:lambda:"));
    assert!(next.header("lambda-runtime-trace-id").starts_with("Root="));
    let id = next.header("lambda-runtime-aws-request-id").to_owned();
    let path = format!("/2018-06-01/runtime/invocation/{id}/response");
    assert_eq!(client.post(&path, r#"{"done":true}"#).status, 202);
    assert_eq!(outcome.recv().unwrap(), InvocationOutcome::Response(json!({"done": true})));
    assert_eq!(client.post(&path, "{}").status, 400);
}

#[test]
fn a_function_that_waits_gets_its_event_and_its_kinds_of_error_are_distinguished() {
    let api = RuntimeApi::start().unwrap();
    let client = Client::new(&format!("http://{}", api.address()));
    let address = format!("http://{}", api.address());
    let polling =
        std::thread::spawn(move || Client::new(&address).get("/2018-06-01/runtime/invocation/next"));
    std::thread::sleep(Duration::from_millis(50));
    let outcome = api.invoke(&json!(1), Duration::from_secs(1));
    let id = polling.join().unwrap().header("lambda-runtime-aws-request-id").to_owned();
    let body = r#"{"errorType":"Busy","errorMessage":"web is busy"}"#;
    client.post(&format!("/2018-06-01/runtime/invocation/{id}/error"), body);
    let busy = InvocationOutcome::Error { error_type: "Busy".into(), message: "web is busy".into() };
    assert_eq!(outcome.recv().unwrap(), busy);
    client.post("/2018-06-01/runtime/init/error", body);
    let outcome = api.invoke(&json!(2), Duration::from_secs(1)).recv().unwrap();
    assert_eq!(
        outcome,
        InvocationOutcome::InitError { error_type: "Busy".into(), message: "web is busy".into() }
    );
    assert_eq!(client.get("/2018-06-01/extension").status, 501);
}
