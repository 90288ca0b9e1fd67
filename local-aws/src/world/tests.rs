//! World files, read as a user would write them.

use tempfile::TempDir;

use super::AwsWorld;

fn read(text: &str) -> Result<AwsWorld, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("world.toml");
    std::fs::write(&path, text).unwrap();
    AwsWorld::read(&path)
        .map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

const STOREFRONT: &str = r#"
now = "2026-03-02T10:00:05Z"
[lambda]
deliveries = 2
[[repository]]
name = "storefront"
[[repository.commit]]
label = "base"
files = { "README.md" = "hello\n", "bin/run" = { content = "x", mode = "755" }, "logo" = { base64 = "AAH/" }, "l" = { symlink = "bin/run" }, "big" = { repeat = "ab", times = 3 } }
[[repository.commit]]
label = "more"
generate = { prefix = "gen/", count = 3 }
delete = ["logo"]
[repository.branches]
main = "more"
[repository.tags]
v1 = "base"
[[pipeline]]
name = "web"
repository = "storefront"
[[pipeline.execution]]
commit = "base"
started = "2026-03-02T09:00:00Z"
"#;

#[test]
fn a_world_is_built_and_its_ids_never_change() {
    let world = read(STOREFRONT).unwrap();
    let ids = world.commit_ids("storefront");
    let labels: Vec<&str> = ids.iter().map(|(label, _)| &**label).collect();
    assert_eq!(labels, ["base", "more"]);
    assert_eq!(ids, read(STOREFRONT).unwrap().commit_ids("storefront"));
    assert!(world.has_commit("storefront", &ids[0].1));
    assert!(!world.has_commit("storefront", "0123456789012345678901234567890123456789"));
    assert_eq!((world.deliveries(), world.retries()), (2, 0));
    let git = &world.codecommit.repository("storefront").unwrap().git;
    assert_eq!(git.file("main", "big").unwrap().map(|file| file.content).as_deref(), Some(&b"ababab"[..]));
    assert_eq!(git.file("v1", "logo").unwrap().map(|file| file.content).as_deref(), Some(&[0, 1, 255][..]));
    assert_eq!(git.differences(Some("v1"), "main").unwrap().len(), 4);
}

#[test]
fn every_mistake_names_its_line() {
    let cases = [
        ("nwo = 1", "world.toml:1: unknown field `nwo`"),
        ("\n[lambda]\ndeliveries = 0", "world.toml:3: invalid value: integer `0`, expected a nonzero u32"),
        ("\n[[repository]]\nname = \"a b\"", "world.toml:3: `a b` cannot be a repository's name"),
        (
            "[[repository]]\nname = \"r\"\n[repository.branches]\nmain = \"base\"",
            "world.toml:4: no commit before this is labelled `base`",
        ),
        (
            "[[repository]]\nname = \"r\"\n[[repository.commit]]\nlabel = \"a\"\nfiles = { \"x\" = { mode = \"755\" } }",
            "world.toml:5: a file has exactly one of content, base64, repeat, symlink and submodule",
        ),
        (
            "[[repository]]\nname = \"r\"\ndefault-branch = \"x\"",
            "world.toml:3: the default branch `x` is not one of the branches",
        ),
        (
            "[[pipeline]]\nname = \"p\"\nbranch = \"x\"",
            "world.toml:3: a pipeline with a `branch` has a `repository`",
        ),
        (
            "[[pipeline]]\nname = \"p\"\nvariables = [\"A B\"]",
            "world.toml:3: `A B` cannot be a variable's name: 1 to 128 of A-Z a-z 0-9 @ - _",
        ),
        (
            "[[pipeline]]\nname = \"p\"\nvariables = [\"A\", \"A\"]",
            "world.toml:3: variable `A` is listed twice",
        ),
        (
            "[[pipeline]]\nname = \"p\"\ntype = \"V1\"\nvariables = [\"A\"]",
            "world.toml:4: a pipeline of type V1 declares no variables",
        ),
        ("[[fault]]\noperation = \"GetDifference\"", "world.toml:2: no operation `GetDifference` is served"),
        (
            "[[fault]]\noperation = \"GetBranch\"",
            "world.toml:2: a fault without an `answer` can only have a `delay`",
        ),
        (
            "[[fault]]\noperation = \"GetBranch\"\nanswer = \"cut\"\nstatus = 500",
            "world.toml:2: `message` and `status` belong to an `answer` that is an error code",
        ),
        ("[[bucket]]\nname = \"A\"", "world.toml:2: `A` cannot be a bucket's name"),
        (
            "[[bucket]]\nname = \"abc\"\n[[bucket]]\nname = \"abc\"",
            "world.toml:4: bucket `abc` is listed twice",
        ),
        (
            "[[bucket]]\nname = \"abc\"\nversioning = \"on\"",
            "world.toml:3: `versioning` is one of enabled, suspended, off, not `on`",
        ),
        (
            "[[bucket]]\nname = \"abc\"\n[[bucket.object]]\nkey = \"k\"",
            "world.toml:3: an object has exactly one of content, file, zip and `deleted = true`",
        ),
        (
            "[[bucket]]\nname = \"abc\"\n[[bucket.object]]\nkey = \"k\"\nfile = \"gone.zip\"",
            "world.toml:3: cannot read gone.zip beside this file",
        ),
        (
            "[[bucket]]\nname = \"abc\"\nobject = [{ key = \"k\", content = \"1\", version = \"v\" }, { key = \"k\", content = \"2\", version = \"v\" }]",
            "world.toml:3: bucket abc has a version `v` of `k` already",
        ),
        ("[events]\nfollow = true", "world.toml:2: `follow` moves the clock, so the world needs `now`"),
        (
            "[[stack]]\nname = \"s\"\nstatus = \"DONE\"",
            "world.toml:3: `DONE` is not one of CREATE_IN_PROGRESS",
        ),
        ("[[stack]]\nname = \"s\"\n[[stack]]\nname = \"s\"", "world.toml:4: stack `s` is listed twice"),
        (
            "[[stack]]\nname = \"s\"\ntemplate = \"{}\"",
            "world.toml:3: Template format error: At least one Resources member must be defined.",
        ),
        (
            "[[stack]]\nname = \"s\"\ntemplate = \"{}\"\ntemplate-file = \"x\"",
            "world.toml:3: a stack has a `template` or a `template-file`, not both",
        ),
        (
            "[[cloudformation.failing]]\nresource = \"R\"\non = \"delet\"",
            "world.toml:3: `on` is create, update, delete, rollback or cleanup",
        ),
        (
            "[[cloudformation.template]]\nurl = \"https://example.com/x\"\nbody = \"\"",
            "world.toml:2: a template's `url` is an https URL of S3",
        ),
        (
            "[[cloudformation.template]]\nurl = \"https://b.s3.amazonaws.com/x\"",
            "world.toml:2: a template has a `body` or a `file`",
        ),
        ("\n[[image]]\nid = \"ami-1\"", "world.toml:3: `ami-1` is not `ami-` and 8 or 17 hexadecimal digits"),
        (
            "[[image]]\nid = \"ami-00000001\"\nshared-with = [\"o-abc\"]",
            "world.toml:3: `o-abc` is no account's id, and no ARN of an organization or an organizational unit",
        ),
        (
            "[[image]]\nid = \"ami-00000001\"\nshared-with = [\"all\"]",
            "world.toml:3: write `public = true` for all",
        ),
        (
            "[[image]]\nid = \"ami-00000001\"\n[[image]]\nid = \"ami-00000001\"",
            "world.toml:4: `ami-00000001` is listed twice",
        ),
        ("[[image]]\nid = \"ami-00000001\"\nowner = \"self\"", "world.toml:3: `self` is no account's id"),
        (
            "[account]\ncaller = \"arn:aws:iam::999988887777:user/a\"",
            "world.toml:2: `caller` is the ARN of a user, a role's session or the root user of 111122223333",
        ),
        (
            "[[image]]\nid = \"ami-00000001\"\nsnapshot = \"snap-00000001\"\nsnapshots = [\"snap-00000002\"]",
            "world.toml:3: an image has a `snapshot` or `snapshots`, not both",
        ),
        (
            "[[image]]\nid = \"ami-00000001\"\nusage = [{ account = \"44\", count = 1 }]",
            "world.toml:3: `44` is no account's id",
        ),
        (
            "[[image]]\nid = \"ami-00000001\"\nmade-from = [{ id = \"base\" }]",
            "world.toml:3: `base` is not `ami-` and 8 or 17 hexadecimal digits",
        ),
        (
            "[[snapshot]]\nid = \"snap-00000001\"\nkms-key = \"k\"",
            "world.toml:3: `kms-key` needs `encrypted = true`",
        ),
        (
            "[[snapshot]]\nid = \"snap-00000001\"\nstate = \"done\"",
            "world.toml:3: `done` is not one of completed",
        ),
        (
            "[[role]]\narn = \"arn:aws:iam::444455556666:user/a\"",
            "world.toml:2: `arn:aws:iam::444455556666:user/a` is no ARN of a role",
        ),
        (
            "[account]\norganizations-access = true",
            "world.toml:2: `organizations-access` needs `organization`",
        ),
        (
            "[account]\norganization-accounts = [\"444455556666\"]",
            "world.toml:2: `organization-accounts` needs `organization`",
        ),
        (
            "[account]\nsnapshot-block-public-access = \"on\"",
            "world.toml:2: `snapshot-block-public-access` is one of block-all-sharing, block-new-sharing, unblocked",
        ),
        ("[[table]]\nname = \"ab\"\nhash = { name = \"id\" }", "world.toml:2: `ab` cannot be a table's name"),
        (
            "[[table]]\nname = \"abc\"\nhash = { name = \"id\" }\nitems = [{ name = \"x\" }]",
            "world.toml:4: One or more parameter values were invalid: Missing the key id in the item",
        ),
        (
            "[[table]]\nname = \"abc\"\nhash = { name = \"id\" }\nitems = [{ id = 2026-01-01 }]",
            "world.toml:4: DynamoDB has no times: write a string or a number",
        ),
    ];
    for (text, expected) in cases {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_path_stays_inside_and_a_delete_hits_something() {
    let head = "[[repository]]\nname = \"r\"\n[[repository.commit]]\nlabel = \"a\"\n";
    let error = read(&format!("{head}files = {{ \"../x\" = \"\" }}")).unwrap_err();
    assert_eq!(error, "world.toml:4: `../x` cannot be a file's path");
    let error = read(&format!("{head}delete = [\"gone\"]")).unwrap_err();
    assert_eq!(error, "world.toml:4: there is no file `gone` to delete");
}

#[test]
fn the_repositories_are_deleted_with_the_world() {
    let mut world = read(STOREFRONT).unwrap();
    let folder = world.folder().unwrap().to_owned();
    assert!(folder.join("storefront.git").exists());
    drop(world);
    assert!(!folder.exists());
}

#[test]
fn the_world_in_the_readme_can_be_read() {
    let readme = include_str!("../../README.md");
    let (_, world) = readme.split_once("```toml\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.toml");
    std::fs::write(&path, world.split_once("```").unwrap().0).unwrap();
    std::fs::write(folder.path().join("ok.json"), "{}").unwrap();
    let world = AwsWorld::read(&path).unwrap();
    assert_eq!(world.commit_ids("storefront").len(), 1);
    // Ten reconciles and fourteen other entries.
    assert_eq!(world.timeline().len(), 24);
}

#[test]
fn a_timeline_is_in_order_and_each_entry_is_one_thing() {
    let head = "now = \"2026-03-02T10:00:00Z\"\n[[alarm]]\nname = \"a\"\n[[timeline]]\n";
    let times = |entries: &str| -> Vec<String> {
        let world = read(&format!("{head}{entries}")).unwrap();
        world.timeline().iter().map(|one| one.at.strftime("%H:%M:%S").to_string()).collect()
    };
    assert_eq!(
        times(
            "after = 30\nreconcile = true\nevery = 60\ntimes = 3\n[[timeline]]\nafter = 5\nreconcile = true"
        ),
        ["10:00:30", "10:01:30", "10:02:30", "10:02:35"]
    );
    assert_eq!(
        times(
            "at = \"2026-03-02T10:01:00Z\"\nreconcile = true\nevery = 60\nuntil = \"2026-03-02T10:02:30Z\""
        ),
        ["10:01:00", "10:02:00"]
    );
    for (entry, wrong) in [
        ("reconcile = true", "world.toml:4: an entry needs `at` or `after`"),
        ("at = \"2026-03-02T09:00:00Z\"\nreconcile = true", "entries must be in order of time"),
        ("after = 1", "world.toml:4: an entry needs exactly one of reconcile"),
        (
            "after = 1\nreconcile = true\nalarm = \"a\"",
            "world.toml:4: an entry needs exactly one of reconcile",
        ),
        (
            "after = 1\nreconcile = true\nstate = \"OK\"",
            "world.toml:7: `state` does not belong to `reconcile`",
        ),
        ("after = 1\nalarm = \"b\"\nstate = \"OK\"", "world.toml:6: there is no [[alarm]] `b`"),
        ("after = 1\nalarm = \"a\"", "`alarm` needs `state`"),
        (
            "after = 1\nalarm = \"a\"\nstate = \"BAD\"",
            "world.toml:7: `state` is one of OK, ALARM, INSUFFICIENT_DATA",
        ),
        (
            "after = 1\nalarm = \"a\"\nstate = \"OK\"\nevery = 60\ntimes = 2",
            "only `reconcile` can have `every`",
        ),
        ("after = 1\nevent = \"gone.json\"", "world.toml:6: cannot read gone.json"),
        (
            "after = 1\nfault = \"GetNothing\"\nanswer = \"x\"",
            "world.toml:6: no operation `GetNothing` is served",
        ),
        ("after = 1\nreconcile = true\nevery = 60\ntimes = 1000000000", "the maximum is 10080"),
        ("after = 1\nparameter = \"/p\"", "`parameter` needs `value` or `removed = true`"),
        (
            "after = 1\nimage = \"ami-00000001\"\nadd = [\"all\"]",
            "there is no [[image]] `ami-00000001` in that region",
        ),
        (
            "after = 1\nebs-snapshot = \"snap-00000001\"\nremoved = true",
            "there is no [[snapshot]] `snap-00000001`",
        ),
        ("after = 1\nblock-public-access = \"images\"", "`block-public-access` needs `state`"),
        (
            "after = 1\nblock-public-access = \"images\"\nstate = \"block-all-sharing\"",
            "`state` is one of block-new-sharing, unblocked",
        ),
        ("after = 1\nalarm = \"a\"\nstate = \"OK\"\nadd = []", "`add` does not belong to `alarm`"),
        (
            "after = 1\nobject = { bucket = \"b\", key = \"k\", content = \"x\" }",
            "world.toml:6: there is no [[bucket]] `b`",
        ),
        ("after = 1\nobject = { key = \"k\", content = \"x\" }", "an `object` here needs `bucket`"),
        ("after = 1\nreconcile = true\nsoon = true", "unknown field `soon`"),
    ] {
        let error = read(&format!("{head}{entry}")).unwrap_err();
        assert!(error.contains(wrong), "{entry}\n{error}");
    }
    let error = read("[[timeline]]\nafter = 1\nreconcile = true").unwrap_err();
    assert!(error.contains("so the world needs `now`"), "{error}");
}
