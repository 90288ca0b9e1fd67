//! Ignore lines must mean what git says they mean: random lines and paths, compared with `git check-ignore`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use pipeline_trigger::rules::ignore::{ignored_by, parse_file};
use proptest::prelude::*;
use tempfile::TempDir;

/// git's answer for each path: whether `lines`, as a `.gitignore` at the root, ignore the file.
fn git_ignores(repository: &Path, lines: &str, paths: &[String]) -> Vec<bool> {
    std::fs::write(repository.join(".gitignore"), lines).expect("the folder is ours");
    let mut git = Command::new("git")
        .args(["check-ignore", "--no-index", "--stdin", "-z", "-v", "-n"])
        .current_dir(repository)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git is installed");
    let asked = paths.iter().map(|path| format!("{path}\0")).collect::<String>();
    git.stdin.take().expect("it is piped").write_all(asked.as_bytes()).expect("git reads");
    let output = git.wait_with_output().expect("git ends");
    let text = String::from_utf8(output.stdout).expect("the paths are UTF-8");
    // source, line, pattern, path: the pattern is empty where none matches, and starts with ! where it takes back.
    let fields: Vec<&str> = text.split_terminator('\0').collect();
    let answers: Vec<bool> =
        fields.chunks(4).map(|answer| !answer[2].is_empty() && !answer[2].starts_with('!')).collect();
    assert_eq!(answers.len(), paths.len(), "git answered {text:?}");
    answers
}

fn we_ignore(lines: &str, path: &str) -> bool {
    ignored_by(&parse_file(".gitignore", lines), path).is_some()
}

/// What git and gix-glob read differently is left out: a `[:` in brackets that begins no class (`[[:]`).
///
/// A line of a few letters, so that lines and paths often meet, with everything that means something to git.
fn line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[abc]{1,2}",
        3 => Just("*".to_owned()),
        2 => Just("**".to_owned()),
        4 => Just("/".to_owned()),
        1 => Just("?".to_owned()),
        1 => Just("[ab]".to_owned()),
        1 => Just("[!a]".to_owned()),
        1 => Just("[a-b]".to_owned()),
        1 => Just("[[:alpha:]]".to_owned()),
        1 => Just("[a/b]".to_owned()),
        1 => Just("[]a]".to_owned()),
        1 => Just("[\\]a]".to_owned()),
        1 => Just("***".to_owned()),
        1 => Just("**/".to_owned()),
        1 => Just("/**/".to_owned()),
        1 => Just("[b-a]".to_owned()),
        1 => Just("[".to_owned()),
        1 => Just("]".to_owned()),
        1 => Just("{a,b}".to_owned()),
        1 => Just("\\".to_owned()),
        1 => Just(" ".to_owned()),
        1 => Just("\t".to_owned()),
        1 => Just("#".to_owned()),
        1 => Just("!".to_owned()),
        1 => Just(".".to_owned()),
        1 => Just("é".to_owned()),
    ];
    let pieces = proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat());
    let start = prop_oneof![8 => Just(""), 3 => Just("!"), 1 => Just("#"), 1 => Just("\\!"), 1 => Just("\\#"), 2 => Just("/")];
    let end = prop_oneof![8 => Just(""), 3 => Just("/"), 1 => Just(" "), 1 => Just("\\ "), 1 => Just("\r"), 1 => Just("/**"), 1 => Just("/*")];
    (start, pieces, end).prop_map(|(start, pieces, end)| format!("{start}{pieces}{end}"))
}

fn path() -> impl Strategy<Value = String> {
    let letter = prop_oneof![12 => "[abc]", 1 => Just(" ".to_owned()), 1 => Just(".".to_owned()), 1 => Just("!".to_owned()),
        1 => Just("#".to_owned()), 1 => Just("é".to_owned()), 1 => Just("]".to_owned()), 1 => Just("{".to_owned()), 1 => Just("\\".to_owned())];
    let segment = proptest::collection::vec(letter, 1..4)
        .prop_map(|letters| letters.concat())
        // git takes neither of these as a part of a path, and reads a repository's own folder apart.
        .prop_filter("not a file's name", |name| name != "." && name != ".." && !name.starts_with(".git"));
    proptest::collection::vec(segment, 1..5).prop_map(|segments| segments.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_file_is_ignored_exactly_when_git_ignores_it(
        lines in proptest::collection::vec(line(), 1..6),
        paths in proptest::collection::vec(path(), 1..40),
    ) {
        thread_local!(static REPOSITORY: TempDir = {
            let folder = TempDir::new().expect("a temporary folder");
            let made = Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()).status();
            assert!(made.expect("git is installed").success());
            folder
        });
        let lines = lines.join("\n");
        let expected = REPOSITORY.with(|folder| git_ignores(folder.path(), &lines, &paths));
        for (path, expected) in paths.iter().zip(expected) {
            prop_assert_eq!(we_ignore(&lines, path), expected, "{:?} with lines {:?}", path, lines);
        }
    }
}

#[test]
fn a_name_of_many_stars_means_what_git_says() {
    let folder = TempDir::new().expect("a temporary folder");
    let made = Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()).status();
    assert!(made.expect("git is installed").success());
    let paths: Vec<String> = [0, 1, 62, 63, 64, 65, 66, 100, 200]
        .iter()
        .flat_map(|count| {
            let name = "a".repeat(*count);
            [format!("{name}b"), format!("x/{name}b"), format!("{name}c"), format!("x/{name}c/d")]
        })
        .collect();
    for stars in [1, 62, 63, 64, 65, 66, 100] {
        for part in ["*a", "?*", "*[ab]", "a*", "\\a*", "**a"] {
            for line in
                [part.repeat(stars), format!("{}c", part.repeat(stars)), format!("x/{}b", part.repeat(stars))]
            {
                let expected = git_ignores(folder.path(), &line, &paths);
                for (path, expected) in paths.iter().zip(expected) {
                    assert_eq!(we_ignore(&line, path), expected, "{path} with {line}");
                }
            }
        }
    }
}
