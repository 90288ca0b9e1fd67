//! Every problem that a rules file can have: what is reported, where, and what to do about it.

use std::collections::BTreeSet;

use pipeline_trigger::rules;
use shared::config::{Code, Document, Problem, ProblemLevel, has_errors, render};

/// A file in which `\u{fffd}` stands for a byte that is not UTF-8.
fn document(text: &str) -> (tempfile::TempDir, Document) {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("pointsman.toml");
    let bytes = text.split('\u{fffd}').map(str::as_bytes).collect::<Vec<_>>().join(&0xe9);
    std::fs::write(&file, bytes).expect("the folder is ours");
    for (name, days) in
        [("old.ics", "DTSTART:20011225"), ("yearly.ics", "DTSTART:20011225\nRRULE:FREQ=YEARLY")]
    {
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{days}\nEND:VEVENT\nEND:VCALENDAR\n");
        std::fs::write(folder.path().join(name), text).expect("the folder is ours");
    }
    let document = Document::read(&file).expect("it was written");
    (folder, document)
}

fn problems(text: &str) -> (Document, Vec<Problem>) {
    let (_folder, document) = document(text);
    let mut problems = Vec::new();
    let tables: Vec<_> = pipeline_trigger::FUNCTION.tables.iter().collect();
    document.unknown_tables(&tables, &mut problems);
    rules::read(&document, &mut problems);
    (document, problems)
}

/// The codes of the problems, the warnings with a `?`.
fn codes(text: &str) -> Vec<String> {
    let mark = |problem: &Problem| match problem.level {
        ProblemLevel::Error => problem.code.name.to_owned(),
        ProblemLevel::Warning => format!("{}?", problem.code.name),
    };
    problems(text).1.iter().map(mark).collect()
}

fn rendered(text: &str) -> String {
    let (document, problems) = problems(text);
    render(&document, "config/pointsman.toml", &problems, false)
}

fn rule(more: &str) -> String {
    format!("[[pipeline]]\nname = \"web\"\nrepository = \"shop\"\n{more}\n")
}

fn image(more: &str) -> String {
    format!("[[pipeline]]\nname = \"web\"\nimage = \"shop/web\"\n{more}\n")
}

fn bucket(more: &str) -> String {
    format!("[[pipeline]]\nname = \"web\"\nbucket = \"shop\"\nkey = \"k\"\n{more}\n")
}

fn variables(count: usize) -> String {
    let entries: Vec<String> = (0..count).map(|number| format!("V{number} = \"x\"")).collect();
    entries.join(", ")
}

fn group(name: &str, more: &str) -> String {
    format!("[[group]]\nname = \"{name}\"\n{more}\n")
}

/// A window and a rule that uses it.
fn window(more: &str) -> String {
    rule("window = \"office\"") + &only_window(&format!("time-zone = \"Europe/Berlin\"\n{more}"))
}

fn only_window(more: &str) -> String {
    format!("[[window]]\nname = \"office\"\n{more}\n")
}

/// The smallest file that has each problem.
fn samples() -> Vec<(&'static str, String)> {
    vec![
        ("bad-group-name", rule("uses = [\"a,b\"]") + &group("a,b", "paths = [\"a\"]")),
        ("bad-group-name", group("", "paths = [\"a\"]")),
        (
            "duplicate-group",
            rule("uses = [\"a\"]") + &group("a", "paths = [\"a\"]") + &group("a", "paths = [\"b\"]"),
        ),
        ("empty-group", rule("uses = [\"a\"]") + &group("a", "")),
        ("covers-nothing", rule("uses = [\"a\"]") + &group("a", "paths = [\"a\", \"!**\"]")),
        ("group-cycle", rule("uses = [\"a\"]") + &group("a", "uses = [\"a\"]")),
        (
            "group-cycle",
            rule("uses = [\"a\"]") + &group("a", "uses = [\"b\"]") + &group("b", "uses = [\"a\"]"),
        ),
        ("unknown-group", rule("uses = [\"a\"]")),
        ("unknown-group", rule("uses = [\"a\"]") + &group("a", "uses = [\"b\"]")),
        ("unknown-group", rule("uses = [\"a\"]") + &group("b", "paths = [\"b\"]")),
        ("unused-group", group("a", "paths = [\"a\"]")),
        ("used-twice", rule("uses = [\"a\", \"a\"]") + &group("a", "paths = [\"a\"]")),
        ("default-with-files", rule("default = true\npaths = [\"a\"]")),
        ("never-filled", rule("paths = [\"a\"]\nvariables = { A = \"{groups}\" }")),
        ("empty-list", rule("uses = []")),
        ("syntax", "[[pipeline]\n".into()),
        ("unknown-table", "[[pipelines]]\n".into()),
        ("unknown-key", rule("path = [\"a\"]")),
        ("missing-key", "[[pipeline]]\nname = \"web\"\n".into()),
        ("wrong-type", rule("paths = \"a\"")),
        ("wrong-type", rule("paths = [1]")),
        ("wrong-type", "[pipeline]\nname = \"web\"\n".into()),
        ("bad-value", rule("pin = \"tail\"")),
        ("bad-line-pattern", rule("ignore-lines = [\"(?!a)\"]")),
        ("bad-line-pattern", rule("ignore-lines = [\".*\"]")),
        ("bad-line-pattern", rule("ignore-lines = [\"\"]")),
        ("empty-name", "[[pipeline]]\nname = \"\"\nrepository = \"shop\"\n".into()),
        ("empty-repository", "[[pipeline]]\nname = \"web\"\nrepository = \" \"\n".into()),
        ("empty-list", rule("paths = []")),
        ("bad-pipeline-name", "[[pipeline]]\nname = \"web main\"\nrepository = \"shop\"\n".into()),
        ("bad-repository-name", "[[pipeline]]\nname = \"web\"\nrepository = \"shop/web\"\n".into()),
        ("bad-action-name", rule("source-action = \"the source\"")),
        ("bad-glob", rule("paths = [\"libs/{ui,core\"]")),
        ("bad-glob", rule("paths = [\"docs/\"]")),
        ("bad-glob", rule("branches = [\"refs/heads/main\"]")),
        ("bad-ignore-line", rule("ignore = [\"# a comment\"]")),
        ("bad-ignore-line", rule("ignore = [\"[z-a]\"]")),
        ("bad-ignore-file", rule("ignore-file = \"ci/.pipelineignore\"")),
        ("duplicate-pipeline", rule("") + &rule("")),
        ("bad-variable-name", rule("variables = { \"THE BRANCH\" = \"{branch}\" }")),
        ("bad-variable-name", rule(&format!("variables = {{ {} = \"x\" }}", "N".repeat(129)))),
        ("bad-variable-value", rule("variables = { STAGE = \"\" }")),
        ("bad-variable-value", rule("variables = { STAGE = \"two\\nlines\" }")),
        (
            "bad-variable-value",
            rule(&format!("variables = {{ STAGE = \"{}{{branch}}\" }}", "x".repeat(1001))),
        ),
        ("bad-placeholder", rule("variables = { BRANCH = \"{Branch}\" }")),
        ("bad-placeholder", rule("variables = { BRANCH = \"{branch\" }")),
        ("never-filled", rule("variables = { TAG = \"{tag}\" }")),
        ("never-filled", rule("tags = [\"v*\"]\nvariables = { BRANCH = \"{branch}\" }")),
        ("never-filled", rule("variables = { COUNT = \"{changed-files}\" }")),
        ("never-filled", rule("tags = [\"v*\"]\nvariables = { COUNT = \"{changed-files}\" }")),
        ("too-many-variables", rule(&format!("variables = {{ {} }}", variables(51)))),
        ("wrong-type", rule("variables = [\"BRANCH\"]")),
        ("wrong-type", rule("variables = { COUNT = 1 }")),
        ("never-decides", rule("paths = [\"a/b\", \"a/**\"]")),
        ("not-utf-8", rule("# \u{fffd}")),
        ("unlikely-pattern", rule("paths = [\"a\", \" b\"]")),
        ("unlikely-pattern", rule("paths = [\"^src/main$\"]")),
        ("covers-nothing", rule("branches = [\"main\", \"!*\"]")),
        ("covers-nothing", rule("paths = [\"a/b\", \"!a/**\"]")),
        ("covers-nothing", rule("paths = [\"a/**\"]\nignore = [\"/a\"]")),
        ("no-effect", rule("tags = [\"v*\"]\npaths = [\"a\"]")),
        ("no-effect", rule("baseline = \"last-started\"")),
        (
            "no-branch-in-a-tag",
            "[[pipeline]]\nname = \"{branch-slug}\"\nrepository = \"shop\"\ntags = [\"v*\"]\n".into(),
        ),
        ("several-sources", rule("image = \"shop/web\"")),
        ("key-of-another-source", rule("key = \"a\"")),
        ("key-of-another-source", image("branches = [\"main\"]")),
        ("key-of-another-source", bucket("pin = \"head\"")),
        ("empty-image", "[[pipeline]]\nname = \"web\"\nimage = \"\"\n".into()),
        ("bad-image-name", "[[pipeline]]\nname = \"web\"\nimage = \"Shop\"\n".into()),
        ("empty-bucket", "[[pipeline]]\nname = \"web\"\nbucket = \"\"\nkey = \"k\"\n".into()),
        ("bad-bucket-name", "[[pipeline]]\nname = \"web\"\nbucket = \"Shop\"\nkey = \"k\"\n".into()),
        ("missing-key", "[[pipeline]]\nname = \"web\"\nbucket = \"shop\"\n".into()),
        ("bad-pipeline-name", "[[pipeline]]\nname = \"{repository}\"\nimage = \"shop/web\"\n".into()),
        ("bad-glob", image("image-tags = [\"shop/v*\"]")),
        ("covers-nothing", image("image-tags = [\"v1\", \"!v*\"]")),
        ("no-effect", bucket("paths = [\"a\"]")),
        ("never-filled", image("variables = { BRANCH = \"{branch}\" }")),
        ("never-filled", bucket("variables = { COUNT = \"{changed-files}\" }")),
        ("duplicate-pipeline", image("") + &image("")),
        ("empty-window-name", "[[window]]\nname = \"\"\ntime-zone = \"UTC\"\n".into()),
        (
            "empty-window-name",
            window("freezes = [{ from = \"2026-12-20\", until = \"2026-12-21\", reason = \"\" }]"),
        ),
        ("duplicate-window", window("") + &only_window("time-zone = \"UTC\"")),
        ("missing-key", rule("window = \"office\"") + &only_window("")),
        ("bad-time-zone", rule("window = \"office\"") + &only_window("time-zone = \"Berlin\"")),
        ("bad-time-zone", rule("window = \"office\"") + &only_window("time-zone = \"localtime\"")),
        ("bad-time-zone", rule("window = \"office\"") + &only_window("time-zone = \"\"")),
        ("bad-day", window("days = [\"monday\"]")),
        ("bad-hours", window("hours = \"9-17\"")),
        ("bad-hours", window("hours = [\"09:00-12:00\", \"13:00-13:00\"]")),
        ("bad-date", window("holidays = [\"2027-02-29\"]")),
        ("bad-date", window("freezes = [{ from = \"2026-12-21\", until = \"2026-12-20\", reason = \"x\" }]")),
        ("bad-calendar", window("holidays-file = \"missing.ics\"")),
        ("bad-calendar", window("holidays-file = \"../holidays.ics\"")),
        ("stale-calendar", window("holidays-file = \"old.ics\"")),
        ("bad-exception", window("except-authors = [\"alice\"]")),
        ("bad-exception", window("except-marker = \" \"")),
        ("never-opens", window("days = []")),
        ("never-opens", window("hours = []")),
        (
            "never-opens",
            window("freezes = [{ from = \"2020-01-01\", until = \"2999-12-31\", reason = \"x\" }]"),
        ),
        ("unknown-window", rule("window = \"office\"")),
        ("unused-window", only_window("time-zone = \"UTC\"")),
    ]
}

#[test]
fn each_problem_is_found_in_the_smallest_file_that_has_it() {
    for (code, text) in samples() {
        let (_, problems) = problems(&text);
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code.name).collect();
        assert_eq!(codes, [code], "{text}");
        assert!(problems[0].help.is_some(), "`{code}` says what to do");
    }
}

#[test]
fn a_value_that_codepipeline_accepts_is_no_problem() {
    for fine in [
        format!("variables = {{ {} }}", variables(50)),
        format!("variables = {{ \"a-Z_0@\" = \"{}\" }}", "é".repeat(1000)),
        "branches = [\"main\"]\ntags = [\"v*\"]\nvariables = { B = \"{branch}\", T = \"{tag}\" }".into(),
        "ignore = [\"*.md\"]\nvariables = { COUNT = \"{changed-files}\", TEXT = \"{{}}\" }".into(),
    ] {
        assert_eq!(problems(&rule(&fine)).1, [], "{fine}");
    }
}

#[test]
fn a_calendar_that_recurs_is_not_stale() {
    assert_eq!(problems(&window("holidays-file = \"yearly.ics\"")).1, []);
}

#[test]
fn every_code_has_a_sample_here() {
    let sampled: BTreeSet<&str> = samples().iter().map(|(code, _)| *code).collect();
    let all: BTreeSet<&str> = pipeline_trigger::FUNCTION
        .problems
        .iter()
        .chain(shared::config::CODES)
        .map(|code: &Code| code.name)
        .collect();
    assert_eq!(sampled, all);
}

#[test]
fn all_problems_come_out_of_one_run() {
    let text = "[[pipeline]]
name = \"web main\"
repository = \"shop\"
paths = [\"services/web/**\", \"libs/{ui,core\"]
owner = \"alice\"

[[pipeline]]
name = \"api\"
repository = \"\"
pin = \"tail\"
";
    insta::assert_snapshot!(rendered(text));
}

#[test]
fn a_duplicate_shows_both_entries() {
    insta::assert_snapshot!(rendered(&(rule("") + &rule("paths = [\"a\"]"))));
}

#[test]
fn a_pattern_that_never_decides_shows_the_one_that_does() {
    insta::assert_snapshot!(rendered(&rule(
        "paths = [\"services/web/docs/**\", \"!libs/**\", \"services/**\"]"
    )));
}

#[test]
fn which_patterns_never_decide() {
    for (list, dead) in [
        // The same again, a folder, everything.
        (r#"paths = ["a", "b", "a"]"#, 1),
        (r#"paths = ["a/**", "a/b"]"#, 1),
        (r#"paths = ["a/**", "b/**", "{a,b}/*"]"#, 1),
        (r#"paths = ["a/*.md", "!a/b*", "!a/[!b]*", "a/x"]"#, 3),
        (r#"paths = ["a/b/*.rs", "a/**"]"#, 1),
        (r#"paths = ["!a/b", "**"]"#, 1),
        (r#"paths = ["a/**", "!a/b/**", "a/**"]"#, 2),
        // The pattern excludes from an empty list.
        (r#"paths = ["!docs/**", "src/**"]"#, 1),
        // All of these decide something.
        (r#"paths = ["a/**", "!a/b/**", "a/b/c"]"#, 0),
        (r#"paths = ["!docs/**", "!*.md"]"#, 0),
        (r#"paths = ["!docs/**"]"#, 0),
        (r#"branches = ["**", "!-*"]"#, 0),
        (r#"paths = ["ab/c", "a/**"]"#, 0),
        (r#"paths = ["a/*", "a/b**"]"#, 0),
        (r#"paths = ["a/*", "a/b*"]"#, 1),
        // Ignore lines.
        (r#"ignore = ["*.md", "docs/a", "*.md"]"#, 1),
        (r#"ignore = ["/docs/a", "docs/"]"#, 1),
        (r#"ignore = ["docs/a", "!docs/**"]"#, 2),
        (r#"ignore = ["a", "b/c", "[a-z]*"]"#, 2),
        (r#"ignore = ["docs/", "!docs/keep.md"]"#, 1),
        (r#"ignore = ["docs/", "!docs/", "!docs/keep.md"]"#, 3),
        (r#"ignore = ["docs/*", "!docs/keep.md"]"#, 0),
        (r#"ignore = ["docs/", "docs2/a"]"#, 0),
        (r#"ignore = ["a.md", "docs/"]"#, 0),
        (r#"ignore = ["/docs/a", "docs/", "!docs/b"]"#, 2),
    ] {
        let (_, problems) = problems(&rule(list));
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code.name).collect();
        assert_eq!(codes, vec!["never-decides"; dead], "{list}: {problems:#?}");
    }
}

#[test]
fn a_file_cannot_write_to_the_terminal_that_shows_its_problems() {
    let shown = rendered(&rule("pin = \"\\u001B[2Jtail\""));
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn no_problem_hides_another() {
    for (text, expected) in [
        (
            "[[pipeline]]\nname = \"web main\"\nrepository = \"store front\"\n",
            &["bad-repository-name", "bad-pipeline-name"][..],
        ),
        (
            "[[pipeline]]\nname = \"a:b\"\nrepository = \"s.git\"\nbranches = [\"main\", \"!*\"]\n",
            &["bad-repository-name", "covers-nothing", "bad-pipeline-name"],
        ),
        (
            "[[pipeline]]\nname = \"w w\"\nvariables = { T = \"{tag}\" }\n",
            &["missing-key", "bad-pipeline-name", "never-filled"],
        ),
        (
            &rule("variables = { \"BAD NAME\" = \"x\", EMPTY = \"\", T = \"{tag}\", U = \"{nope}\", N = 5 }"),
            &["wrong-type", "bad-variable-name", "bad-variable-value", "bad-placeholder", "never-filled"],
        ),
        (&rule("paths = [\"a[\", 3, \"b/\", \"c\"]"), &["wrong-type", "bad-glob", "bad-glob"]),
        (&(rule("pin = \"x\"") + &rule("paths = [1]")), &["bad-value", "wrong-type", "duplicate-pipeline"]),
    ] {
        assert_eq!(codes(text), expected, "{text}");
    }
}

#[test]
fn one_mistake_of_syntax_is_one_error_and_the_other_tables_are_read() {
    for broken in [
        "[[pipeline]]\nname = \"web\"\nrepository = \"r\"\npaths = [\"a/**\"\nbranches = [\"main\"]\n",
        "[[pipeline]]\nname = \"web\"\nrepository = \"r\"\npaths = [\"a/**\"\n",
        "[[pipeline]]\nname = \"web\"\nrepository = \"r\"\npaths = [\"a/**\",\n",
        "[[pipeline]\nname = \"web\"\nrepository = \"r\"\n",
        "[[pipeline]]\nname = \"web\nrepository = \"r\"\n",
        "[[pipeline]]\nname = web\nrepository = \"r\"\n",
        "[[pipeline]]\nname = \"web\"\nname = \"web\"\n",
    ] {
        assert_eq!(codes(broken), ["syntax"], "{broken}");
        let text = format!("{broken}\n[[pipeline]]\nname = \"api\"\nrepository = \"r\"\npin = \"x\"\n");
        assert_eq!(codes(&text), ["syntax", "bad-value"], "{text}");
        assert_eq!(codes(&format!("{text}\n{broken}")), ["syntax", "syntax", "bad-value"], "{broken}");
    }
}

#[test]
fn a_gitignore_can_be_pasted() {
    let pasted =
        "# build\n\n/target/\n*.log   \n!keep.log\ndocs/\n!docs/keep.md\n*.log\n.git/\n[z-a]\n a\n\\#x\n";
    let (_, problems) = problems(&rule(&format!("ignore = '''\n{pasted}'''")));
    assert!(!has_errors(&problems), "{problems:#?}");
    let labels: Vec<usize> = problems.iter().map(|problem| problem.span.len()).collect();
    // `.git/`, `[z-a]`, `*.log   `, `!keep.log` and `!docs/keep.md`, each at its own line.
    assert_eq!(labels, [5, 5, 8, 9, 13], "{problems:#?}");
    let lines: Vec<String> = pasted.lines().map(|line| format!("{line:?}")).collect();
    let (_, problems) = self::problems(&rule(&format!("ignore = [{}]", lines.join(", "))));
    assert!(!has_errors(&problems), "{problems:#?}");
    assert_eq!(problems.len(), 7, "{problems:#?}");
}

#[test]
fn a_list_that_can_start_nothing_is_an_error_only_if_the_rule_starts_nothing() {
    for (rest, expected) in [
        ("branches = [\"!**\"]", "covers-nothing"),
        ("branches = [\"!**\"]\ntags = [\"v*\"]", "covers-nothing?"),
        ("branches = [\"main\"]\ntags = [\"v*\", \"!*\"]", "covers-nothing?"),
        ("ignore = [\"*\"]", "covers-nothing"),
        ("ignore = [\"*\"]\nbranches = [\"main\"]\ntags = [\"v*\"]", "covers-nothing?"),
        ("paths = [\"!docs/\", \"!*.md\"]", "bad-glob?"),
        ("paths = [\"docs/\", \"src/**\"]", "bad-glob"),
        ("paths = [\"docs/\"]", "bad-glob"),
        ("paths = [\" a\"]", "unlikely-pattern"),
        ("paths = [\" a\", \"b\"]", "unlikely-pattern?"),
        ("paths = ['\\ a']", ""),
        ("ignore = [\"*\", \"!*.md\"]", ""),
    ] {
        let expected: Vec<&str> = Some(expected).filter(|code| !code.is_empty()).into_iter().collect();
        assert_eq!(codes(&rule(rest)), expected, "{rest}");
    }
}

#[test]
fn advice_keeps_the_sign_of_a_pattern() {
    for (text, help) in [
        ("paths = [\"a\", \"!docs/\"]", "it excludes nothing; `!docs/**` excludes such names"),
        ("branches = [\"a\", \"!refs/heads/b\"]", "write `!b`"),
        ("branches = [\"main \"]", "write `main`"),
        ("paths = [\"./src/**\"]", "write `src/**`"),
        ("paths = [\"a//b\"]", "write `a/b`"),
    ] {
        let (_, problems) = problems(&rule(text));
        assert_eq!(problems[0].help.as_deref(), Some(help), "{text}");
    }
}

#[track_caller]
fn shows(text: &str, expected: &[&str]) {
    let shown = rendered(text).split_whitespace().collect::<Vec<_>>().join(" ");
    for part in expected {
        assert!(shown.contains(part), "{text}: {part}\n{shown}");
    }
}

#[test]
fn what_is_said_of_names_is_true() {
    for name in [".", "..", "@", "HEAD"] {
        let key = if name.starts_with('.') { "paths" } else { "branches" };
        shows(&rule(&format!("{key} = [\"{name}\"]")), &[&format!("has the name `{name}`")]);
    }
    shows(
        &rule("paths = [\"./a\", \"a/..\", \"{}\"]"),
        &["begins with `./`", "ends with `/..`", "an empty name"],
    );
    shows(&rule("ignore = [\"*\"]"), &["these lines ignore every file |"]);
    shows(&rule("ignore = [\"/\"]"), &["without it, the same files are ignored"]);
}

#[test]
fn advice_is_no_wider_than_the_pattern() {
    shows(&rule("paths = [\"a\", \"!./x/**\"]"), &["it excludes nothing; `!x/**` excludes such names"]);
    shows(&rule("branches = [\"feature/.*\"]"), &["patterns are not regular expressions"]);
    shows(&rule("branches = [\"refs/tags/v1\"]"), &["`branches` takes branches, and this is a tag"]);
    shows(
        &rule("tags = [\"v*\", \"!v*\"]\nbranches = [\"main\"]"),
        &["without `tags`, the rule does the same"],
    );
    let named = |repository: &str| format!("[[pipeline]]\nname = \"web\"\nrepository = \"{repository}\"\n");
    for repository in [
        "arn:aws:codecommit:us-east-1:111122223333:shop",
        "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/shop",
        "codecommit::us-east-1://shop",
        "shop.git",
        " shop",
    ] {
        shows(&named(repository), &["did you mean `shop`?"]);
    }
    let arn =
        "[[pipeline]]\nname = \"arn:aws:codepipeline:us-east-1:111122223333:web\"\nrepository = \"shop\"\n";
    shows(arn, &["did you mean `web`?"]);
}

#[test]
fn patterns_that_were_meant_otherwise() {
    for unlikely in [
        "paths = ['\"a/**\"']",
        "paths = [\"'a/**'\"]",
        "paths = [\"\\u200ba/**\"]",
        "paths = [\"{a, b}/**\"]",
        "paths = [\"a/**,b/**\"]",
        "paths = [\"src/.+/x\"]",
        "paths = [\"C:/src/**\"]",
        "branches = [\"release-[0-9]+\"]",
        "branches = [\"origin/main\"]",
        "branches = [\"refs/remotes/origin/main\"]",
    ] {
        assert_eq!(codes(&rule(unlikely)), ["unlikely-pattern"], "{unlikely}");
    }
    for fine in [
        "paths = ['src/+page.svelte', 'app/(shop)/**', 'a+b/**', 'x,v', 'a,b/**', 'Smith, John/**', '{a,b\\ }']",
        "branches = [\"[o]rigin/main\", \"feature/origin/x\", \"original\"]",
    ] {
        assert_eq!(codes(&rule(fine)), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn utf_16_without_a_mark_is_one_error() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("pointsman.toml");
    let bytes: Vec<u8> = rule("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(&file, bytes).expect("the folder is ours");
    let document = Document::read(&file).expect("it was written");
    let mut problems = Vec::new();
    rules::read(&document, &mut problems);
    assert_eq!(problems.iter().map(|problem| problem.code.name).collect::<Vec<_>>(), ["not-utf-8"]);
}

#[test]
fn thousands_of_intricate_patterns_are_checked() {
    let pattern =
        |number: u32| (0..16).map(|bit| if number >> bit & 1 == 0 { 'a' } else { '*' }).collect::<String>();
    let patterns: Vec<String> = (0..20_000).map(|number| format!("\"{}\"", pattern(number))).collect();
    // Without the bound on what is visited, this does not end within the time of a test run.
    assert!(!has_errors(&problems(&rule(&format!("paths = [{}]", patterns.join(",")))).1));
}
