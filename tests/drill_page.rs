//! docs/drill.md, followed as it is written: the payloads of its commands are the events of a case, and lead to a drill that is
//! cleaned up.

use pointsman::arguments::ReplayArguments;
use pointsman::replay::{Case, outcome_text, replay};
use serde_json::Value;

use crate::repository::{read, root};

const CASE: &str = "events/dr-failover/a-drill-is-commanded-followed-and-cleaned-up";

/// The payloads of the page's commands, in their order.
fn payloads() -> Vec<Value> {
    let page = read("docs/drill.md");
    let quoted = page.split("--payload '").skip(1);
    quoted
        .map(|rest| serde_json::from_str(rest.split('\'').next().expect("a quote")).expect("JSON"))
        .collect()
}

#[test]
fn do_the_commands_of_the_page_drill_and_clean_up() {
    let payloads = payloads();
    let kinds: Vec<&str> = payloads.iter().filter_map(|payload| payload["detail-type"].as_str()).collect();
    assert_eq!(kinds, ["drill", "reconcile", "clean-up"]);
    // The payloads take the place of the case's own events.
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let case = folder.path().join("events/dr-failover/drill");
    std::fs::create_dir_all(&case).expect("the folder is ours");
    for file in ["world.toml", "pointsman.toml"] {
        std::fs::copy(root().join(CASE).join(file), case.join(file)).expect("the case has it");
    }
    for (file, payload) in [("event.json", &payloads[0]), ("clean-up.json", &payloads[2])] {
        std::fs::write(case.join(file), payload.to_string()).expect("the folder is ours");
    }
    let arguments = ReplayArguments::default();
    let case = Case::read(&case, &arguments, &root()).expect("it is a case");
    let replays = replay(&case, &arguments, &root()).expect("it is replayed");
    let outcome = outcome_text(&case, &replays);
    let page = read("docs/drill.md");
    for subject in [
        "STARTED: drill of shop",
        "DRILL PASSED",
        "CLEANED UP: shop: 2 of 2 drill instances terminated, none remains",
    ] {
        assert!(page.contains(subject), "the page lacks {subject}");
        assert!(outcome.contains(subject), "the drill came to no {subject}: {outcome}");
    }
}
