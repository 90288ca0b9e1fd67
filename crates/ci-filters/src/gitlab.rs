//! Reads `.gitlab-ci.yml`: the jobs with `rules:changes` or `only:changes`, also of its local includes.

mod job;
mod pattern;

use std::collections::{BTreeMap, BTreeSet};

use crate::yaml::YamlNode;
use crate::{CiFilter, CiFilters, CiGap, CiSystem};
use job::{ChangesJob, job};

/// The file at the top of the repository.
pub const GITLAB_FILE: &str = ".gitlab-ci.yml";

/// The most files that are read.
const MOST_FILES: usize = 150;

/// Keys at the top level that are no jobs ("CI/CD YAML syntax reference", GitLab Docs).
const NO_JOBS: [&str; 12] = [
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "spec",
    "types",
];

/// A job with the file that it is in.
#[derive(Debug, Clone)]
struct JobAt {
    file: String,
    node: YamlNode,
}

/// Every job of the configuration, by name.
type Jobs = BTreeMap<String, JobAt>;

/// The filters of the jobs. `read` has the text of a file of the repository; `None` if there is none. `default_branch` is the
/// value of `$CI_DEFAULT_BRANCH`.
pub fn gitlab(read: &mut dyn FnMut(&str) -> Option<String>, default_branch: Option<&str>) -> CiFilters {
    let mut found = CiFilters::default();
    let mut order = Vec::new();
    let jobs = jobs(read, &mut order, &mut found);
    let mut filters: Vec<CiFilter> = Vec::new();
    for name in order.iter().filter(|name| !name.starts_with('.')) {
        match job(&jobs, name, default_branch) {
            Ok(of_job) => of_job.into_iter().for_each(|job| add(&mut filters, name, job)),
            Err(why) => found.gaps.push(CiGap::new(&jobs[name].file, format!("job `{name}`: {why}"))),
        }
    }
    found.filters = filters;
    found
}

/// Adds a job to the filter that has the same branches and files, or as a new filter.
fn add(filters: &mut Vec<CiFilter>, name: &str, job: ChangesJob) {
    let ChangesJob { file, line, key, branches, tags, paths, notes } = job;
    let same = filters
        .iter_mut()
        .find(|filter| (&filter.branches, &filter.tags, &filter.paths) == (&branches, &tags, &paths));
    match same {
        Some(filter) => {
            filter.names.push(name.to_owned());
            let new = notes.into_iter().filter(|note| !filter.notes.contains(note)).collect::<Vec<_>>();
            filter.notes.extend(new);
        }
        None => filters.push(CiFilter {
            system: CiSystem::GitLab,
            names: vec![name.to_owned()],
            file,
            line,
            key,
            branches,
            tags,
            paths,
            notes,
        }),
    }
}

/// The jobs of the file and of what it includes. A file's own jobs replace included ones.
fn jobs(
    read: &mut dyn FnMut(&str) -> Option<String>,
    order: &mut Vec<String>,
    found: &mut CiFilters,
) -> Jobs {
    let mut jobs = Jobs::new();
    let mut seen = BTreeSet::from([GITLAB_FILE.to_owned()]);
    let mut open = vec![GITLAB_FILE.to_owned()];
    while let Some(file) = open.pop() {
        let Some(text) = read(&file) else {
            if file != GITLAB_FILE {
                found.gaps.push(CiGap::new(&file, "it is included, and it could not be read"));
            }
            continue;
        };
        let node = match YamlNode::parse(&text) {
            Ok(node) => node,
            Err(error) => {
                found.gaps.push(CiGap::new(&file, error.to_string()));
                continue;
            }
        };
        for included in includes(&file, &node, found) {
            if seen.len() == MOST_FILES {
                found.gaps.push(CiGap::new(&file, format!("more than {MOST_FILES} files are included")));
                break;
            }
            if seen.insert(included.clone()) {
                open.push(included);
            }
        }
        if node.get("workflow").is_some_and(|workflow| workflow.get("rules").is_some_and(has_changes)) {
            found.gaps.push(CiGap::new(
                &file,
                "`workflow:rules:changes` holds for every job, and is not translated",
            ));
        }
        for (name, node) in node.entries() {
            if NO_JOBS.contains(&name.as_str()) || node.entries().is_empty() || jobs.contains_key(name) {
                continue;
            }
            order.push(name.clone());
            jobs.insert(name.clone(), JobAt { file: file.clone(), node: node.clone() });
        }
    }
    jobs
}

/// The local files that a file includes. Anything else is a gap.
fn includes(file: &str, node: &YamlNode, found: &mut CiFilters) -> Vec<String> {
    let Some(include) = node.get("include") else { return Vec::new() };
    let elements =
        if include.entries().is_empty() { include.elements() } else { std::slice::from_ref(include) };
    let mut local = Vec::new();
    let mut others = 0;
    for element in elements {
        let path = element.text().or_else(|| element.get("local").and_then(YamlNode::text));
        match path.filter(|path| !path.contains(['*', '$']) && !path.contains("://")) {
            Some(path) => local.push(path.trim_start_matches('/').to_owned()),
            None => others += 1,
        }
    }
    if others > 0 {
        found.gaps.push(CiGap::new(
            file,
            format!("{} not read: only single local files are", shared::text::count(others, "include")),
        ));
    }
    local
}

/// Whether any of the rules has `changes`.
fn has_changes(rules: &YamlNode) -> bool {
    rules.elements().iter().any(|rule| rule.get("changes").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(text: &str) -> CiFilters {
        gitlab(&mut |file| (file == GITLAB_FILE).then(|| text.to_owned()), Some("main"))
    }

    #[test]
    fn jobs_with_the_same_changes_are_one_filter() {
        let found = filters(
            "stages: [a]\nbuild web:\n  script: x\n  rules:\n    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n      changes:\n        - web/**/*\n\
             test web:\n  rules:\n    - if: '$CI_COMMIT_BRANCH == \"main\"'\n      changes: {paths: [web/**/*]}\n    - when: never\n",
        );
        let [filter] = &found.filters[..] else { panic!("{found:?}") };
        assert_eq!(filter.names, ["build web", "test web"]);
        assert_eq!((filter.line, filter.key), (7, "rules:changes"));
        assert_eq!(
            (&filter.branches[..], &filter.paths[..]),
            (&["main".to_owned()][..], &["web/**/*".to_owned()][..])
        );
        assert!(filter.notes.is_empty() && found.gaps.is_empty(), "{found:?}");
    }

    #[test]
    fn rules_come_from_extended_jobs_references_and_includes() {
        let main = "include:\n  - local: /ci/base.yml\n  - template: X.yml\njob:\n  extends: .base\n  script: x\n\
                    other:\n  rules:\n    - !reference [.base, rules]\n    - changes: !reference [.base, files]\n";
        let base = ".base:\n  files: [a/*]\n  rules:\n    - changes: [a/*]\n";
        let found = gitlab(
            &mut |file| match file {
                GITLAB_FILE => Some(main.to_owned()),
                "ci/base.yml" => Some(base.to_owned()),
                _ => None,
            },
            None,
        );
        assert_eq!(found.filters[0].names, ["job", "other"], "{found:?}");
        assert_eq!(found.filters[0].file, "ci/base.yml");
        assert!(found.gaps.iter().any(|gap| gap.why.contains("1 include not read")), "{found:?}");
    }

    #[test]
    fn what_is_not_translated_is_noted() {
        let found = filters(
            "a:\n  rules:\n    - if: $X\n      changes: [a/*]\n    - changes: [b/*]\n      when: never\n    - if: $CI_COMMIT_TAG\n\
             b:\n  except:\n    changes: [c/*]\nc:\n  rules:\n    - changes: [c/*]\n    - when: on_success\n",
        );
        let [filter] = &found.filters[..] else { panic!("{found:?}") };
        let notes = filter.notes.join("\n");
        for part in ["`if: $X` is left out", "`when: never`", "`if: $CI_COMMIT_TAG`"] {
            assert!(notes.contains(part), "{notes}");
        }
        assert_eq!(found.gaps.len(), 2, "{found:?}");
        assert!(
            found.gaps[0].why.contains("except:changes") && found.gaps[1].why.contains("whatever changed")
        );
    }

    #[test]
    fn only_changes_is_read_with_its_branches() {
        let found =
            filters("a:\n  only:\n    refs: [main, tags]\n    changes: [a/**/*]\nb:\n  only: [main]\n");
        let [filter] = &found.filters[..] else { panic!("{found:?}") };
        assert_eq!((&filter.branches[..], filter.key), (&["main".to_owned()][..], "only:changes"));
        assert_eq!(filter.notes.len(), 1);
    }

    #[test]
    fn jobs_that_extend_each_other_end() {
        let found =
            filters("a:\n  extends: b\nb:\n  extends: a\nc:\n  rules:\n    - !reference [c, rules]\n");
        assert!(found.filters.is_empty());
        assert_eq!(gitlab(&mut |_| None, None), CiFilters::default());
    }
}
