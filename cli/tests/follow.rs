//! Replays worlds that follow events: the functions also receive the events that their own calls cause.

use std::path::Path;

use pointsman::arguments::ReplayArguments;
use pointsman::replay::{Case, NotAtRest, Replay, outcome_text, replay};
use pointsman::workspace;
use tempfile::TempDir;

/// The one function of these cases. Only the times of its decisions matter here.
const TEMPLATE: &str = r#"
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/pipeline-trigger
      Timeout: 30
      Events:
        Push:
          Type: EventBridgeRule
          Properties: { Pattern: { source: [aws.codecommit] } }
        Stack:
          Type: EventBridgeRule
          Properties:
            Pattern:
              source: [aws.cloudformation]
              detail: { status-details: { status: [{ anything-but: { suffix: _IN_PROGRESS } }] } }
"#;

const EVENT: &str = r#"{"source": "aws.codecommit", "detail-type": "Other", "detail": {}}"#;

const WORLD: &str = r#"
now = "2026-03-02T10:00:00Z"
[events]
follow = true
[[stack]]
name = "one"
status = "CREATE_IN_PROGRESS"
[[stack]]
name = "two"
status = "UPDATE_IN_PROGRESS"
"#;

/// A folder with a case, a template and rules without any entry.
fn folder(template: &str, world: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files =
        [("template.yaml", template), ("event.json", EVENT), ("world.toml", world), ("pointsman.toml", "")];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("it is ours");
    }
    folder
}

/// The replays of a case, and their text.
fn replayed(folder: &TempDir) -> anyhow::Result<(Case, Vec<Replay>)> {
    // The template is the test's own, the function's binary is the workspace's.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    workspace::build(root, "pipeline-trigger").expect("it can be built");
    let arguments = ReplayArguments::default();
    let case = Case::read(folder.path(), &arguments, folder.path()).expect("the case is right");
    let replays = replay(&case, &arguments, folder.path())?;
    Ok((case, replays))
}

fn followed(replays: &[Replay]) -> usize {
    let invocations = replays.iter().flat_map(|replay| &replay.run.invocations);
    invocations.filter(|invoked| invoked.what.is_some()).count()
}

#[test]
fn what_is_under_way_ends_and_its_end_is_delivered_at_its_time() {
    let folder = folder(TEMPLATE, WORLD);
    let (case, replays) = replayed(&folder).expect("it can be replayed");
    let text = outcome_text(&case, &replays);
    let headings: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("--- ")).collect();
    let expected = [
        "2026-03-02T10:01:00Z CloudFormation Stack Status Change CREATE_COMPLETE",
        "2026-03-02T10:02:00Z CloudFormation Stack Status Change UPDATE_COMPLETE",
    ];
    assert_eq!(headings, expected, "{text}");
    let times: Vec<String> = replays
        .iter()
        .flat_map(|replay| &replay.run.invocations)
        .flat_map(|invoked| &invoked.decisions)
        .map(|decision| decision.now.to_string())
        .collect();
    assert_eq!(times, ["2026-03-02T10:00:00Z", "2026-03-02T10:01:00Z", "2026-03-02T10:02:00Z"]);
}

#[test]
fn a_large_world_may_have_many_events() {
    let stack = |n: u32| format!("[[stack]]\nname = \"s{n}\"\nstatus = \"CREATE_IN_PROGRESS\"\n");
    let stacks: String = (0..60).map(stack).collect();
    let world = format!("now = \"2026-03-02T10:00:00Z\"\n[events]\nfollow = true\n{stacks}");
    let (_, replays) = replayed(&folder(TEMPLATE, &world)).expect("it comes to rest");
    assert_eq!(followed(&replays), 60);
}

/// No event of this case loops, but so many functions react to one stack that the count is high.
#[test]
fn what_does_not_come_to_rest_is_given_up_and_what_happened_is_known() {
    let function = |n: u32| TEMPLATE.replace("  Function:", &format!("  Function{n}:"));
    let resources: String =
        (0..71).map(|n| function(n).replace("\nResources:\n", "").trim_end().to_owned() + "\n").collect();
    let world = WORLD.split("[[stack]]").take(2).collect::<Vec<_>>().join("[[stack]]");
    let error = replayed(&folder(&format!("Resources:\n{resources}"), &world)).expect_err("it goes on");
    let given_up = error.downcast_ref::<NotAtRest>().expect("it is no other error");
    assert_eq!((given_up.count, followed(&given_up.replays)), (70, 70));
}
