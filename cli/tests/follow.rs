//! A world that follows events: what AWS makes of a function's calls reaches the functions, too.

use std::path::Path;

use pointsman::arguments::ReplayArguments;
use pointsman::replay::{Case, replay, told};
use pointsman::workspace;

/// The one function that is about everything here. Of what it decides, nothing matters but when.
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

#[test]
fn what_is_under_way_ends_and_its_end_is_delivered_at_its_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it is ours");
    let files =
        [("template.yaml", TEMPLATE), ("event.json", EVENT), ("world.toml", WORLD), ("pointsman.toml", "")];
    files.into_iter().for_each(|(name, text)| write(name, text));
    // The template is the test's own, the function's binary is the workspace's.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    workspace::build(root, "pipeline-trigger").expect("it can be built");
    let arguments = ReplayArguments::default();
    let case = Case::read(folder.path(), &arguments, folder.path()).expect("the case is right");
    let replays = replay(&case, &arguments, folder.path()).expect("it can be replayed");
    let text = told(&case, &replays);
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
