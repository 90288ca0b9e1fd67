//! `pointsman check` and CreateStack of the local AWS give the same verdict on a template: accepted, refused with the same message,
//! or not judged.
//!
//! POINTSMAN_MORE_TEMPLATES names a folder of further templates to compare, such as a clone of a public repository.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not their helper functions"
)]

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use cloudformation_template::{members, parse, text};
use local_aws::{AwsWorld, LocalAws, NOT_SERVED};
use pointsman::check::stack_template::of_stack;
use serde::Deserialize;
use shared::config::{Document, Problem, ProblemLevel};

#[derive(Deserialize)]
struct Cases {
    template: Vec<Case>,
}

/// A template with its verdict.
#[derive(Deserialize)]
struct Case {
    name: String,
    verdict: String,
    text: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    parameters: Vec<(String, String)>,
    #[serde(default)]
    capabilities: Vec<String>,
}

/// The verdict and the words of the refusal.
#[derive(Debug, PartialEq)]
struct Verdict(&'static str, String);

fn checked(case: &Case) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stack.template"), &case.text).unwrap();
    let parameters: toml::Table = case
        .parameters
        .iter()
        .map(|(name, value)| (name.clone(), toml::Value::from(value.as_str())))
        .collect();
    let rule = format!(
        "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [\"**\"]\ntemplate = \"stack.template\"\n\
         capabilities = {:?}\n[branch-stack.parameters]\n{parameters}",
        case.capabilities
    );
    let rules = folder.path().join("pointsman.toml");
    std::fs::write(&rules, rule).unwrap();
    let document = Document::read(&rules).unwrap();
    let mut problems = Vec::new();
    let read = branch_stacks::rules::read(&document, &[folder.path().to_owned()], &mut problems);
    problems.extend(read.stacks.iter().flat_map(of_stack));
    let (errors, warnings): (Vec<Problem>, Vec<Problem>) =
        problems.into_iter().partition(|problem| problem.level == ProblemLevel::Error);
    let words = |problems: &[Problem]| {
        let text =
            |problem: &Problem| format!("{}: {}", problem.label, problem.help.clone().unwrap_or_default());
        problems.iter().map(text).collect::<Vec<_>>().join("; ")
    };
    match (errors.is_empty(), warnings.is_empty()) {
        (false, _) => Verdict("refused", words(&errors)),
        (true, false) => Verdict("not judged", words(&warnings)),
        (true, true) => Verdict("accepted", String::new()),
    }
}

fn created(aws: &LocalAws, name: &str, case: &Case) -> Verdict {
    let mut form = format!("Action=CreateStack&Version=2010-05-15&StackName={}", encoded(name));
    let mut add = |key: String, value: &str| write!(form, "&{key}={}", encoded(value)).unwrap();
    add("TemplateBody".to_owned(), &case.text);
    for (nth, (name, value)) in (1..).zip(&case.parameters) {
        add(format!("Parameters.member.{nth}.ParameterKey"), name);
        add(format!("Parameters.member.{nth}.ParameterValue"), value);
    }
    for (nth, capability) in (1..).zip(&case.capabilities) {
        add(format!("Capabilities.member.{nth}"), capability);
    }
    let body = post(aws, &form);
    let inside = |element: &str| {
        let (_, rest) = body.split_once(&format!("<{element}>"))?;
        rest.split_once(&format!("</{element}>")).map(|(text, _)| text.to_owned())
    };
    let message = || {
        let text = inside("Message").unwrap_or_default();
        let plain = [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&apos;", "'"),
            ("&#10;", "\n"),
            ("&amp;", "&"),
        ];
        plain.iter().fold(text, |text, (escape, plain)| text.replace(escape, plain))
    };
    match inside("Code") {
        None => Verdict("accepted", String::new()),
        Some(code) if code == NOT_SERVED => Verdict("not judged", message()),
        Some(_) => Verdict("refused", message()),
    }
}

fn post(aws: &LocalAws, form: &str) -> String {
    let address = aws.endpoint().strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let signed =
        "AWS4-HMAC-SHA256 Credential=AKID/20260302/us-east-1/cloudformation/aws4_request, Signature=0";
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: {signed}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

fn aws() -> LocalAws {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world.toml");
    std::fs::write(&world, "now = \"2026-03-02T10:00:00Z\"\n").unwrap();
    LocalAws::start(AwsWorld::read(&world).unwrap()).unwrap()
}

/// A region and an account decide, and check does not know them.
const DEPENDS: &str = "the branch, the region or the account decides";

/// How check says what the local AWS says. The local AWS names the first problem only.
fn differs(checked: &Verdict, created: &Verdict) -> bool {
    let own_words =
        ["must have values", "Requires capabilities", "Member must have length", "do not exist in"];
    match (checked.0, created.0) {
        ("refused", "refused") => {
            !own_words.iter().any(|own| created.1.contains(own)) && !checked.1.contains(&created.1)
        }
        ("not judged", "accepted" | "refused") => !checked.1.contains(DEPENDS),
        (checked, created) => checked != created,
    }
}

#[test]
fn check_and_create_stack_agree() {
    let cases =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates.toml")).unwrap();
    let cases: Cases = toml::from_str(&cases).unwrap();
    let aws = aws();
    for case in &cases.template {
        let (checked, created) = (checked(case), created(&aws, &case.name, case));
        assert_eq!(checked.0, case.verdict, "{}: {}", case.name, checked.1);
        assert!(checked.1.contains(&case.message), "{}: {}", case.name, checked.1);
        assert!(!differs(&checked, &created), "{}:\n{checked:?}\n{created:?}", case.name);
    }
}

#[test]
fn check_and_create_stack_agree_on_further_templates() {
    let Some(folder) = std::env::var_os("POINTSMAN_MORE_TEMPLATES") else { return };
    let (mut files, aws) = (Vec::new(), aws());
    collect(Path::new(&folder), &mut files);
    let mut different = 0;
    for (nth, file) in files.iter().enumerate() {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        let case = further(text);
        let (checked, created) = (checked(&case), created(&aws, &format!("s{nth}"), &case));
        println!("{} {}: {}", checked.0, file.display(), created.1);
        if differs(&checked, &created) {
            different += 1;
            println!("DIFFERENT {}\n  {checked:?}\n  {created:?}", file.display());
        }
    }
    assert_eq!(different, 0, "of {}", files.len());
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => collect(&path, files),
            Some("yaml" | "yml" | "json" | "template") => files.push(path),
            _ => {}
        }
    }
}

/// Every capability, and a value for each parameter that has no default.
fn further(template: String) -> Case {
    let parsed = parse(&template).unwrap_or_default();
    let needed = members(&parsed["Parameters"]).filter(|(_, parameter)| parameter.get("Default").is_none());
    let value = |parameter: &serde_json::Value| {
        text(&parameter["AllowedValues"][0]).unwrap_or_else(|| "1".to_owned())
    };
    let parameters = needed.map(|(name, parameter)| (name.clone(), value(parameter))).collect();
    let capabilities =
        ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"].map(str::to_owned);
    Case {
        name: String::new(),
        verdict: String::new(),
        text: template,
        message: String::new(),
        parameters,
        capabilities: capabilities.into(),
    }
}
