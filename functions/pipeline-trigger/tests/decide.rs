//! The decision, asked as an operator would ask it: a quiet world, one thing changed, every reason read.

use std::collections::{BTreeMap, BTreeSet};

use pipeline_trigger::because::Because;
use pipeline_trigger::compare::{Comparison, comparison};
use pipeline_trigger::decide::{StartPlan, claiming, decide};
use pipeline_trigger::event::{Change, Push, Reference};
use pipeline_trigger::facts::{BranchHead, Facts, Files, PipelineFacts, Takes};
use pipeline_trigger::matching::{Candidate, Matching};
use pipeline_trigger::rules::{self, Rules};
use pipeline_trigger::unread::FilesUnknown;
use shared::config::Document;
use shared::decision::Verdict;

const OLD: &str = "1111111111111111111111111111111111111111";
const NEW: &str = "2222222222222222222222222222222222222222";
const LATER: &str = "3333333333333333333333333333333333333333";

/// A push of one file to `main`, whose head it is, to a repository whose pipelines all exist and have run nothing.
struct World {
    rules: Rules,
    push: Push,
    files: Vec<&'static str>,
    facts: Facts,
}

fn quiet(rules: &str) -> World {
    let mut problems = Vec::new();
    let rules = rules::read(&Document::new("pointsman.toml", rules), &mut problems);
    assert!(!shared::config::has_errors(&problems), "{problems:#?}");
    let push = Push {
        repository: "shop".into(),
        reference: Reference::Branch("main".into()),
        change: Change::Updated { old: Some(OLD.into()), new: NEW.into() },
        time: "2026-03-02T10:00:00Z".into(),
    };
    let facts = Facts { head: BranchHead::At(NEW.into()), ..Facts::default() };
    World { rules, push, files: vec!["services/web/app.ts"], facts }
}

impl World {
    fn decide(&self) -> StartPlan {
        let rules = self.rules.of_repository(&self.push.repository);
        let mut facts = self.facts.clone();
        if facts.files.is_empty() {
            let candidates = rules.iter().map(|rule| Candidate { rule, ignore_file: &[] }).collect();
            let claiming = claiming(&rules, &self.push);
            let mut matching = Matching::among(candidates, &claiming).expect("the patterns are few");
            self.files.iter().for_each(|file| matching.see(file));
            let needed = rules.iter().map(|rule| comparison(rule, &self.push) != Comparison::NotNeeded);
            let groups = matching.groups(None).into_iter().enumerate();
            facts.groups = groups.filter_map(|(index, groups)| Some((index, groups?))).collect();
            let read = matching.finish(None).into_iter();
            facts.files = read
                .zip(needed)
                .map(|(files, needed)| if needed { files } else { Files::NotAsked })
                .collect();
        }
        decide(&self.push, &facts, &rules)
    }

    /// Every reason in a line.
    fn reasons(&self) -> String {
        let lines = self.decide().verdicts.into_iter();
        lines
            .map(|verdict| format!("{:<5} {}: {}\n", verdict.verdict, verdict.subject, verdict.because))
            .collect()
    }
}

fn rule(name: &str, more: &str) -> String {
    format!("[[pipeline]]\nname = \"{name}\"\nrepository = \"shop\"\n{more}\n")
}

#[test]
fn which_pipelines_does_a_push_start_and_why() {
    let rules = [
        rule("web", r#"paths = ["services/web/**"]"#),
        rule("api", r#"paths = ["services/api/**"]"#),
        rule("all", ""),
        rule("code", r#"ignore = ["*.md"]"#),
        rule("release", r#"branches = ["release/**"]"#),
    ];
    insta::assert_snapshot!(quiet(&rules.concat()).reasons(), @r"
    start web: `services/web/app.ts` matches `services/web/**`
    skip  api: the only changed file matches none of the rule's `paths`
    start all: the rule has no file patterns, so every push to `main` starts the pipeline
    start code: `services/web/app.ts` changed and is not ignored
    skip  release: the branch `main` matches none of the rule's `branches`
    ");
}

#[test]
fn why_did_my_documentation_push_start_nothing() {
    let rules = [
        rule("web", r#"paths = ["services/web/**", "!**/*.md"]"#),
        rule("code", r#"ignore = ["*.md", "docs/"]"#),
        rule("not-docs", r#"paths = ["!docs/**", "!**/*.md"]"#),
    ];
    let mut world = quiet(&rules.concat());
    world.files = vec!["docs/a.png", "services/web/README.md"];
    insta::assert_snapshot!(world.reasons(), @r"
    skip  web: none of the 2 changed files matches the rule's `paths`; `services/web/README.md` is excluded by `!**/*.md`
    skip  code: all 2 changed files that match the rule are ignored; `docs/a.png` is ignored by `docs/`
    skip  not-docs: none of the 2 changed files matches the rule's `paths`; `docs/a.png` is excluded by `!docs/**`
    ");
}

#[test]
fn the_first_file_in_the_order_they_are_listed_decides() {
    let mut world = quiet(&rule("web", r#"paths = ["services/**"]"#));
    world.files = vec!["README.md", "services/b", "services/a"];
    insta::assert_snapshot!(world.reasons(), @"start web: `services/b` matches `services/**`");
}

#[test]
fn a_push_that_changes_no_file_starts_only_what_looks_at_no_file() {
    let mut world = quiet(&(rule("web", r#"paths = ["**"]"#) + &rule("all", "")));
    world.files.clear();
    insta::assert_snapshot!(world.reasons(), @r"
    skip  web: no file changed
    start all: the rule has no file patterns, so every push to `main` starts the pipeline
    ");
}

#[test]
fn what_does_a_tag_start() {
    let rules = [
        rule("release", "tags = [\"v*\", \"!*-rc*\"]\npaths = [\"services/**\"]"),
        rule("branches", r#"branches = ["v1"]"#),
        rule("every-branch", ""),
    ];
    let mut world = quiet(&rules.concat());
    world.push.reference = Reference::Tag("v1".into());
    insta::assert_snapshot!(world.reasons(), @r"
    start release: the tag `v1` matches `v*`; file patterns do not apply to tags
    skip  branches: the rule covers branches only, and `v1` is a tag
    skip  every-branch: the rule covers branches only, and `v1` is a tag
    ");
    world.push.reference = Reference::Tag("v1-rc2".into());
    assert!(world.reasons().contains("skip  release: the tag `v1-rc2` is excluded by `!*-rc*`"));
    world.push.reference = Reference::Branch("v1".into());
    assert!(world.reasons().contains("skip  release: the rule covers tags only, and `v1` is a branch"));
}

#[test]
fn a_branch_is_its_whole_name() {
    let mut world = quiet(&rule("main", r#"branches = ["main"]"#));
    world.push.reference = Reference::Branch("feature/main".into());
    insta::assert_snapshot!(world.reasons(), @"skip  main: the branch `feature/main` matches none of the rule's `branches`");
}

#[test]
fn unknown_files_start_and_say_so() {
    let mut world = quiet(&rule("web", r#"paths = ["docs/**"]"#));
    world.facts.files = vec![Files::Unknown(FilesUnknown::CommitGone { before: Some(OLD.into()) })];
    insta::assert_snapshot!(world.reasons(), @"start web: the changed files are unknown, so the pipeline starts: CodeCommit does not return the pushed commit or the old commit 1111111: at least one of them no longer exists");
}

#[test]
fn the_head_is_built_unless_the_rule_builds_every_push() {
    let mut world = quiet(&(rule("head", "") + &rule("each", r#"pin = "commit""#)));
    let found = PipelineFacts::Found {
        source_actions: vec!["Source".into()],
        already_started: None,
        takes: Takes::Unknown,
    };
    world.facts.pipelines = (0..2).map(|index| (index, found.clone())).collect();
    world.facts.head = BranchHead::At(LATER.into());
    let commits: Vec<String> =
        world.decide().starts.into_iter().map(|start| start.revisions[0].value.clone()).collect();
    assert_eq!(commits, [LATER, NEW]);
    world.facts.head = BranchHead::Unknown;
    assert!(
        world.decide().starts.iter().all(|start| start.revisions[0].value == NEW),
        "the pushed one, rather than none"
    );
}

#[test]
fn a_branch_that_is_gone_holds_what_builds_its_head() {
    let mut world = quiet(&(rule("head", "") + &rule("each", r#"pin = "commit""#)));
    world.facts.head = BranchHead::Gone;
    insta::assert_snapshot!(world.reasons(), @r"
    hold  head: the branch `main` no longer exists, so there is no head to build
    start each: the rule has no file patterns, so every push to `main` starts the pipeline
    ");
}

#[test]
fn a_missing_pipeline_fails_by_name_and_a_branchs_own_may_come_later() {
    let mut world = quiet(&(rule("web", "") + &rule("{repository}-{branch-slug}", "") + &rule("api", "")));
    world.facts.pipelines = BTreeMap::from([(0, PipelineFacts::Missing), (1, PipelineFacts::Missing)]);
    insta::assert_snapshot!(world.reasons(), @r"
    fail  web: CodePipeline has no pipeline of this name; correct the rule or create the pipeline
    skip  shop-main: the pipeline does not exist yet; creating it starts its first execution
    start api: the rule has no file patterns, so every push to `main` starts the pipeline
    ");
}

#[test]
fn a_head_that_is_being_built_is_not_built_again() {
    let mut world = quiet(&rule("web", ""));
    let already_started = Some("e-1".into());
    world
        .facts
        .pipelines
        .insert(0, PipelineFacts::Found { source_actions: vec![], already_started, takes: Takes::Unknown });
    insta::assert_snapshot!(world.reasons(), @"skip  web: the commit 2222222 already has an execution since this push: e-1");
}

#[test]
fn two_rules_for_one_pipeline_start_it_once() {
    let rules = rule("shop-main", "") + &rule("{repository}-{branch-slug}", "");
    let world = quiet(&rules);
    insta::assert_snapshot!(world.reasons(), @r"
    start shop-main: the rule has no file patterns, so every push to `main` starts the pipeline
    skip  shop-main: the rule at pointsman.toml:1:1 starts the same pipeline
    ");
    assert_eq!(world.decide().starts.len(), 1);
}

#[test]
fn a_first_push_is_compared_as_the_rule_says() {
    for (rule_has, expected) in [
        ("paths = [\"a\"]", Comparison::MergeBase),
        ("paths = [\"a\"]\nnew-branch = \"all\"", Comparison::WholeTree),
        ("paths = [\"a\"]\nbaseline = \"last-started\"", Comparison::LastRun),
        ("", Comparison::NotNeeded),
    ] {
        let mut world = quiet(&rule("web", rule_has));
        world.push.change = Change::Created { new: NEW.into() };
        assert_eq!(comparison(&world.rules.pipelines[0], &world.push), expected, "{rule_has}");
    }
    let mut world = quiet(&rule("web", "new-branch = \"skip\""));
    world.push.change = Change::Created { new: NEW.into() };
    insta::assert_snapshot!(world.reasons(), @r#"skip  web: this is the first push of `main`, and the rule has `new-branch = "skip"`"#);
}

#[test]
fn the_token_is_the_same_for_the_same_push_and_no_other() {
    let token = |change: &dyn Fn(&mut Push)| {
        let mut world = quiet(&rule("web", ""));
        change(&mut world.push);
        world.decide().starts.remove(0).token
    };
    let first = token(&|_| {});
    assert_eq!(first, token(&|_| {}), "delivered again");
    let back = Change::Updated { old: Some(NEW.into()), new: OLD.into() };
    for other in [
        token(&|push| push.time = "2026-03-02T10:00:01Z".into()),
        token(&|push| push.change = back.clone()),
        token(&|push| push.reference = Reference::Branch("other".into())),
    ] {
        assert_ne!(first, other);
    }
}

/// What the first start sends, and every remark about the starts.
fn sent(world: &World) -> (String, Vec<String>) {
    let mut plan = world.decide();
    let variables = plan.starts.remove(0).variables.into_iter();
    let sent: Vec<String> = variables.map(|(name, value)| format!("{name}={value}")).collect();
    (sent.join(" "), plan.remarks.iter().map(ToString::to_string).collect())
}

/// A pipeline that declares `names`.
fn declares(names: &[&str]) -> PipelineFacts {
    let names: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    PipelineFacts::Found { source_actions: vec![], already_started: None, takes: Takes::Declared(names) }
}

#[test]
fn what_is_a_pipeline_started_with() {
    let has = "paths = [\"services/**\"]\nvariables = { WHAT = \"{repository}:{branch}\", AT = \"{commit}\", N = \"{changed-files}\" }";
    let mut world = quiet(&rule("web", has));
    world.files = vec!["README.md", "services/a", "services/b"];
    world.facts.head = BranchHead::At(LATER.into());
    world.facts.pipelines.insert(0, declares(&["WHAT", "AT", "N"]));
    let (variables, remarks) = sent(&world);
    assert_eq!(
        variables,
        format!("WHAT=shop:main AT={LATER} N=3"),
        "the commit that is built, every changed file"
    );
    assert_eq!(remarks, [""; 0]);
}

#[test]
fn why_did_my_variable_not_arrive() {
    let has = "paths = [\"**\"]\ntags = [\"v*\"]\nbranches = [\"main\"]\nvariables = { A = \"{tag}\", B = \"{changed-files}\", C = \"x\" }";
    let mut world = quiet(&rule("web", has));
    world.facts.pipelines.insert(0, declares(&["A", "B"]));
    world.facts.files = vec![Files::NeverRan];
    let (variables, remarks) = sent(&world);
    assert_eq!(variables, "");
    insta::assert_snapshot!(remarks.join("\n"), @r"
    the pipeline starts without the rule's variable `A`: a branch was pushed, so {tag} has no value
    the pipeline starts without the rule's variable `B`: the number of changed files is unknown: the pipeline has no execution that the push can be compared with
    the pipeline starts without the rule's variable `C`: the pipeline declares no such variable
    ");
    world.facts.pipelines.insert(
        0,
        PipelineFacts::Found { source_actions: vec![], already_started: None, takes: Takes::TypeV1 },
    );
    insta::assert_snapshot!(sent(&world).1.join("\n"), @"the pipeline starts without the rule's variables `A`, `B` and `C`: a pipeline of type V1 has no variables");
}

#[test]
fn a_pipeline_that_does_not_start_has_no_remarks_about_its_variables() {
    let has = "variables = { STAGE = \"ci\" }";
    let mut world = quiet(&(rule("shop-main", "") + &rule("{repository}-{branch-slug}", has)));
    world.facts.pipelines = BTreeMap::from([(0, declares(&[])), (1, declares(&[]))]);
    assert_eq!(world.decide().remarks, [], "the second rule starts nothing");
    world.facts.pipelines.insert(0, PipelineFacts::Missing);
    assert_eq!(world.decide().remarks.len(), 1, "now it does");
}

#[test]
fn the_token_is_of_the_push_not_of_its_variables() {
    let token = |has: &str| quiet(&rule("web", has)).decide().starts.remove(0).token;
    assert_eq!(token(""), token("variables = { STAGE = \"ci\" }"));
    assert_eq!(token("variables = { STAGE = \"a\" }"), token("variables = { STAGE = \"b\" }"));
}

#[test]
fn a_rule_that_counts_files_has_every_file_read() {
    let rules = rule("web", r#"paths = ["services/**"]"#)
        + &rule("count", "paths = [\"**\"]\nvariables = { N = \"{changed-files}\" }");
    let world = quiet(&rules);
    let rules = world.rules.of_repository("shop");
    let candidate = |index: usize| Candidate { rule: rules[index], ignore_file: &[] };
    let mut alone = Matching::new(vec![candidate(0)]).unwrap();
    let mut both = Matching::new(vec![candidate(0), candidate(1)]).unwrap();
    alone.see("services/a");
    both.see("services/a");
    assert!(alone.settled());
    assert!(!both.settled());
}

#[test]
fn a_repository_without_a_rule_is_named() {
    let mut world = quiet(&rule("web", ""));
    world.push.repository = "elsewhere".into();
    insta::assert_snapshot!(world.reasons(), @"skip  elsewhere: no rule names the repository `elsewhere`");
}

#[test]
fn a_deleted_branch_builds_nothing() {
    let mut world = quiet(&rule("web", ""));
    world.push.change = Change::Deleted;
    let plan = world.decide();
    assert_eq!(plan.verdicts[0].verdict, Verdict::Skip);
    assert_eq!(plan.verdicts[0].because, Because::ReferenceDeleted { reference: "refs/heads/main".into() });
}

#[test]
fn what_is_settled_stays_so_when_reading_breaks_off() {
    let world = quiet(&(rule("web", r#"paths = ["services/**"]"#) + &rule("api", r#"paths = ["api/**"]"#)));
    let rules = world.rules.of_repository("shop");
    let mut matching =
        Matching::new(rules.iter().map(|rule| Candidate { rule, ignore_file: &[] }).collect()).unwrap();
    matching.see("services/a");
    assert!(!matching.settled());
    let files = matching.finish(Some(&FilesUnknown::TooManyFiles));
    assert!(matches!(files[0], Files::Read { .. }));
    assert_eq!(files[1], Files::Unknown(FilesUnknown::TooManyFiles));
}

fn group(name: &str, more: &str) -> String {
    format!("[[group]]\nname = \"{name}\"\n{more}\n")
}

/// Two rules that share groups, and a default rule.
fn shared() -> String {
    [
        rule(
            "web",
            r#"paths = ["services/web/**", "!**/*.md"]
            uses = ["ui"]
            ignore = ["*.snap"]"#,
        ),
        rule("api", r#"uses = ["tokens"]"#),
        rule("rest", "default = true\nignore = [\"*.txt\"]"),
        rule("every", ""),
        group(
            "ui",
            r#"paths = ["libs/ui/**", "!libs/ui/docs/**"]
            uses = ["icons", "tokens"]"#,
        ),
        group("icons", r#"uses = ["tokens"]"#),
        group("tokens", r#"paths = ["libs/tokens/**"]"#),
    ]
    .concat()
}

#[test]
fn a_group_starts_every_rule_that_uses_it_itself_or_through_groups() {
    let mut world = quiet(&shared());
    world.files = vec!["libs/tokens/a.css"];
    insta::assert_snapshot!(world.reasons(), @r"
    start web: `libs/tokens/a.css` matches `libs/tokens/**` of the group `tokens`, which the group `ui` uses, which the rule uses
    start api: `libs/tokens/a.css` matches `libs/tokens/**` of the group `tokens`, which the rule uses
    skip  rest: the rule at pointsman.toml:1:1 claims `libs/tokens/a.css`
    start every: the rule has no file patterns, so every push to `main` starts the pipeline
    ");
    world.files = vec!["libs/ui/button.ts"];
    insta::assert_snapshot!(world.reasons(), @r"
    start web: `libs/ui/button.ts` matches `libs/ui/**` of the group `ui`, which the rule uses
    skip  api: the only changed file is in none of the rule's `paths` and groups
    skip  rest: the rule at pointsman.toml:1:1 claims `libs/ui/button.ts`
    start every: the rule has no file patterns, so every push to `main` starts the pipeline
    ");
}

#[test]
fn a_default_rule_takes_what_no_other_rule_claims() {
    let mut world = quiet(&shared());
    for (files, reason) in [
        (vec!["README.rst"], "start rest: no other rule of the repository claims `README.rst`"),
        // Excluded by the rule of the folder, so not claimed.
        (
            vec!["services/web/README.md"],
            "start rest: no other rule of the repository claims `services/web/README.md`",
        ),
        (vec!["libs/ui/docs/a"], "start rest: no other rule of the repository claims `libs/ui/docs/a`"),
        // Ignored by the rule that claims it: it is that rule's all the same.
        (
            vec!["services/web/a.snap"],
            "skip  rest: the rule at pointsman.toml:1:1 claims `services/web/a.snap`",
        ),
        (
            vec!["libs/tokens/a", "services/web/a"],
            "skip  rest: other rules claim all 2 changed files; the rule at pointsman.toml:1:1 claims `libs/tokens/a`",
        ),
        (vec!["a.txt", "services/web/a"], "skip  rest: `a.txt` is ignored by `*.txt`"),
        (vec![], "skip  rest: no file changed"),
    ] {
        world.files = files;
        let reasons = world.reasons();
        assert!(reasons.lines().any(|line| line == reason), "{reasons}");
    }
}

#[test]
fn only_rules_that_cover_the_branch_claim_files() {
    let rules = [
        rule("release", "branches = [\"release/**\"]\npaths = [\"services/web/**\"]"),
        rule("rest", "default = true"),
        rule("other", "default = true\nignore = [\"*.md\"]"),
    ];
    let mut world = quiet(&rules.concat());
    insta::assert_snapshot!(world.reasons(), @r"
    skip  release: the branch `main` matches none of the rule's `branches`
    start rest: no other rule of the repository claims `services/web/app.ts`
    start other: no other rule of the repository claims `services/web/app.ts`
    ");
    world.push.reference = Reference::Branch("release/1".into());
    insta::assert_snapshot!(world.reasons(), @r"
    start release: `services/web/app.ts` matches `services/web/**`
    skip  rest: the rule at pointsman.toml:1:1 claims `services/web/app.ts`
    skip  other: the rule at pointsman.toml:1:1 claims `services/web/app.ts`
    ");
}

#[test]
fn the_variable_names_every_group_that_the_files_touch() {
    let rules = shared().replace("uses = [\"ui\"]", "uses = [\"ui\"]\nvariables = { GROUPS = \"{groups}\" }");
    let mut world = quiet(&rules);
    for (files, value) in [
        (vec!["services/web/a"], ","),
        (vec!["services/web/a", "libs/ui/b"], ",ui,"),
        (vec!["libs/ui/b", "libs/tokens/c"], ",ui,icons,tokens,"),
        // An ignored file touches no group.
        (vec!["libs/tokens/c.snap", "libs/ui/b"], ",ui,"),
    ] {
        world.files = files;
        let plan = world.decide();
        let start = plan.starts.iter().find(|start| start.pipeline == "web").expect("it starts");
        assert_eq!(start.variables, [("GROUPS".to_owned(), value.to_owned())]);
    }
}

/// A chain of many groups, a circle of many groups, and many rules with many groups are read and matched in a short time.
#[test]
fn many_groups_are_read_and_matched_in_a_short_time() {
    let begin = std::time::Instant::now();
    let chain: String = (0..3_000)
        .map(|number| {
            group(
                &format!("g{number}"),
                &format!("paths = [\"libs/{number}/**\"]\nuses = [\"g{}\"]", number + 1),
            )
        })
        .collect();
    let rules: String = (0..100)
        .map(|number| rule(&format!("p{number}"), "uses = [\"g0\"]\nvariables = { G = \"{groups}\" }"))
        .collect();
    let mut world = quiet(&[rules, chain.clone(), group("g3000", "paths = [\"libs/last/**\"]")].concat());
    world.files = vec!["libs/last/a", "libs/17/a", "README.md"];
    let plan = world.decide();
    assert_eq!(plan.starts.len(), 100);
    assert!(
        plan.verdicts[0].because.to_string().contains("through 2998 more groups"),
        "{}",
        plan.verdicts[0].because
    );
    let mut problems = Vec::new();
    let circle = [rule("web", "uses = [\"g0\"]"), chain, group("g3000", "uses = [\"g0\"]")].concat();
    rules::read(&Document::new("pointsman.toml", circle), &mut problems);
    assert_eq!(problems.iter().map(|problem| problem.code.name).collect::<Vec<_>>(), ["group-cycle"]);
    assert!(begin.elapsed() < std::time::Duration::from_secs(60), "{:?}", begin.elapsed());
}
