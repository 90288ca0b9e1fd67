//! Compares how `samconfig.toml` is read with the recorded answers of aws-sam-cli: `make lint-template` compares the record with the
//! pinned aws-sam-cli itself.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not their helper functions"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pointsman::template::{environments, overrides, region, template_file};

type Answers = BTreeMap<String, Option<BTreeMap<String, String>>>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samconfig")
}

fn answers() -> Answers {
    serde_json::from_str(&std::fs::read_to_string(folder().join("answers.json")).unwrap()).unwrap()
}

/// The error of the environment `default` in a file with this text.
fn refusal(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samconfig.toml");
    std::fs::write(&path, text).unwrap();
    let message = overrides(&path, "default").unwrap_err().to_string();
    message.replace(&folder.path().display().to_string(), "..")
}

#[test]
fn the_record_has_every_environment() {
    let names: Vec<String> = answers().into_keys().collect();
    let mut environments = environments(&folder().join("samconfig.toml")).unwrap();
    environments.sort();
    assert_eq!(names, environments);
}

#[test]
fn overrides_are_read_as_sam_reads_them_and_ignored_text_is_refused() {
    for (env, answer) in answers() {
        let read = overrides(&folder().join("samconfig.toml"), &env);
        match answer {
            Some(answer) if !env.starts_with("ignored-") => {
                assert_eq!(read.map_err(|error| error.to_string()), Ok(answer), "{env}");
            }
            _ => {
                let message = read.expect_err(&env).to_string();
                let place = format!("`parameter_overrides` of [{env}.deploy.parameters]: ");
                assert!(message.contains(&place), "{env}: {message}");
            }
        }
    }
}

#[test]
fn an_ignored_text_is_named_with_what_to_write() {
    let file = folder().join("samconfig.toml");
    let message = overrides(&file, "ignored-blank").unwrap_err().to_string();
    assert!(
        message.ends_with(
            "SAM ignores `3 * * ? *)` in `Schedule=cron(0 3 * * ? *)`: put a value with blanks into quotation marks (NAME=\"a b\"), or \
             write a table ({ NAME = \"a b\" })"
        ),
        "{message}"
    );
}

#[test]
fn a_file_that_sam_refuses_is_refused() {
    let version = "../samconfig.toml: `version`: SAM ";
    assert!(refusal("[default.deploy.parameters]\n").starts_with(version));
    assert!(refusal("version = 1\n[default]\n").starts_with(version));
    assert!(refusal("version = \"0.1\"\n[default]\n").starts_with(version));
    assert_eq!(refusal("version = 0.1\ndefault = 5\n"), "../samconfig.toml: `default`: this is not a table");
    assert_eq!(
        refusal("version = 0.1\n[default.deploy]\nparameters = 5\n"),
        "../samconfig.toml: `default.deploy.parameters`: this is not a table"
    );
    assert_eq!(refusal("version = 0.1\n[other]\n"), "../samconfig.toml has no environment `default`");
}

#[test]
fn a_key_of_global_counts_where_the_command_does_not_have_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samconfig.toml");
    let text = "version = 0.1\n[a.global.parameters]\nregion = \"eu-west-1\"\ntemplate_file = \"a.yaml\"\n\
                [a.deploy.parameters]\nregion = \"us-east-1\"\n";
    std::fs::write(&path, text).unwrap();
    assert_eq!(region(&path, "a").unwrap().as_deref(), Some("us-east-1"));
    assert_eq!(template_file(&path, "a").unwrap(), Some(folder.path().join("a.yaml")));
}
