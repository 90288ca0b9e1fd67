//! The documents held against the code: facts that stand in both must agree.

use std::collections::BTreeSet;
use std::process::Command;

use pointsman::functions::FUNCTIONS;
use shared::function::{Function, KeyDefault};

use crate::repository::{files, read, relative, root};

#[test]
fn each_problem_code_has_its_heading() {
    let page = read("docs/problems.md");
    let headings: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("## ")).map(str::trim).collect();
    let codes: BTreeSet<&str> = pointsman::check::codes().map(|code| code.name).collect();
    assert_eq!(headings, codes);
}

#[test]
fn each_reason_of_a_function_is_explained_in_its_section_and_no_other_code_is() {
    let page = read("docs/decisions.md");
    for function in FUNCTIONS {
        let explained: BTreeSet<&str> = first_cells(section(&page, function.name)).collect();
        let codes: BTreeSet<&str> = function.reason_codes().into_iter().collect();
        let missing: Vec<_> = codes.difference(&explained).collect();
        let stale: Vec<_> = explained.difference(&codes).collect();
        assert!(
            missing.is_empty() && stale.is_empty(),
            "docs/decisions.md, {}: lacks {missing:?}, and explains {stale:?}, which the function does not have",
            function.name
        );
    }
}

#[test]
fn each_key_of_a_table_is_documented_with_its_default_and_no_other_key_is() {
    let page = read("docs/configuration.md");
    for table in FUNCTIONS.iter().flat_map(|function| function.tables) {
        let section = section(&page, &format!("`{}`", table.heading()));
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        let row = |key: &str| rows.iter().find(|row| row.starts_with(&format!("| `{key}` |")));
        for key in table.keys {
            let row = row(key.name);
            let row = row
                .unwrap_or_else(|| panic!("docs/configuration.md: [[{}]] lacks `{}`", table.name, key.name));
            let takes = without_links(row.split('|').nth(2).unwrap_or_default());
            assert_eq!(takes, key.takes.to_string(), "docs/configuration.md: the type in {row}");
            if let KeyDefault::Value(value) = key.default {
                let value = format!("`{value}`");
                assert!(row.contains(&value), "docs/configuration.md: the default {value} is not in {row}");
            }
        }
        let first_table: Vec<&str> = first_cells(first_table(section)).collect();
        let stale: Vec<&&str> =
            first_table.iter().filter(|name| !table.keys.iter().any(|key| key.name == **name)).collect();
        assert!(stale.is_empty(), "docs/configuration.md: [[{}]] has no key {stale:?}", table.name);
    }
}

#[test]
fn each_setting_is_documented_and_names_the_functions_that_read_it() {
    let page = read("docs/operating.md");
    for function in FUNCTIONS {
        for setting in function.settings {
            let start = format!("| `{}` |", setting.name);
            let row = page.lines().find(|line| line.starts_with(&start));
            let row = row.unwrap_or_else(|| panic!("docs/operating.md lacks {}", setting.name));
            assert!(row.contains(function.name), "{} reads {}: {row}", function.name, setting.name);
        }
    }
}

#[test]
fn each_documented_setting_is_one_that_a_function_reads() {
    let page = read("docs/operating.md");
    let of_all = [
        "POINTSMAN_CONFIG",
        "POINTSMAN_CONFIG_MAX_AGE",
        "POINTSMAN_DRY_RUN",
        "POINTSMAN_NOW",
        "POINTSMAN_TEMPLATES",
    ];
    let of_functions = FUNCTIONS.iter().flat_map(|function| function.settings).map(|setting| setting.name);
    let known: BTreeSet<&str> = of_functions.chain(of_all).collect();
    let documented = first_cells(&page).filter(|cell| cell.starts_with("POINTSMAN_"));
    let stale: Vec<&str> = documented.filter(|name| !known.contains(name)).collect();
    assert!(stale.is_empty(), "docs/operating.md documents {stale:?}, which no function reads");
}

/// Pages with a list of the functions: the fourth was once missing from five of them.
const LISTS_OF_FUNCTIONS: [&str; 10] = [
    "ARCHITECTURE.md",
    "README.md",
    "docs/README.md",
    "docs/SUMMARY.md",
    "docs/configuration.md",
    "docs/costs.md",
    "docs/decisions.md",
    "docs/operating.md",
    "docs/permissions.md",
    "docs/threat-model.md",
];

#[test]
fn each_page_that_lists_the_functions_names_all_of_them() {
    for page in LISTS_OF_FUNCTIONS {
        let text = read(page);
        let missing: Vec<&str> =
            FUNCTIONS.iter().map(|function| function.name).filter(|name| !text.contains(name)).collect();
        assert!(missing.is_empty(), "{page} does not name {missing:?}");
    }
}

#[test]
fn each_case_is_named_on_the_page_of_its_function() {
    let mut missing = Vec::new();
    for Function { name, .. } in FUNCTIONS {
        let page = read(&format!("docs/{name}.md"));
        let cases = std::fs::read_dir(root().join("events").join(name)).expect("each function has cases");
        for case in cases {
            let case = case.expect("a folder can be listed").file_name().to_string_lossy().into_owned();
            if !page.contains(&format!("`{case}`")) {
                missing.push(format!("docs/{name}.md: {case}"));
            }
        }
    }
    assert!(missing.is_empty(), "{} cases are named nowhere:\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn each_link_within_the_documents_leads_to_a_file() {
    let mut broken = Vec::new();
    for path in files().into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        let text = std::fs::read_to_string(&path).expect("a tracked file can be read");
        let folder = path.parent().expect("a file is in a folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            let is_local = !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:");
            if is_local && !target.contains(' ') && !folder.join(target).exists() {
                broken.push(format!("{}: {link}", relative(&path)));
            }
        }
    }
    assert!(broken.is_empty(), "links to nothing:\n{}", broken.join("\n"));
}

#[test]
fn one_tls_stack_is_compiled_and_no_ec2_for_a_push() {
    for (what, arguments) in [
        ("a second TLS stack", &["tree", "--workspace", "-i", "rustls@0.21"][..]),
        ("EC2 for a replay of a push", &["tree", "-p", "pointsman", "-i", "aws-sdk-ec2"]),
    ] {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let tree =
            Command::new(cargo).args(arguments).args(["--offline", "--locked"]).current_dir(root()).output();
        let tree = tree.expect("cargo runs");
        let printed = String::from_utf8_lossy(&tree.stderr);
        assert!(
            printed.contains("did not match any packages"),
            "{what} is compiled: {}{printed}",
            String::from_utf8_lossy(&tree.stdout)
        );
    }
}

/// The part of a page below the heading that holds `name`, up to the next heading of its level or a higher one.
fn section<'p>(page: &'p str, name: &str) -> &'p str {
    let is_heading = |line: &str| line.starts_with('#') && line.trim_start_matches('#').starts_with(' ');
    let level = |line: &str| line.chars().take_while(|next| *next == '#').count();
    let mut offset = 0;
    let mut found: Option<(usize, usize)> = None;
    for line in page.split_inclusive('\n') {
        match found {
            None if is_heading(line) && line.contains(name) => found = Some((offset, level(line))),
            Some((start, of)) if is_heading(line) && level(line) <= of => return &page[start..offset],
            _ => {}
        }
        offset += line.len();
    }
    found.map_or_else(|| panic!("no heading holds {name}"), |(start, _)| &page[start..])
}

/// The text in backticks of the first cell of each row.
fn first_cells(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(cell, _)| cell))
}

/// The text of a cell, with the texts of its links in place of the links.
fn without_links(cell: &str) -> String {
    let mut parts = cell.trim().split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (shown, rest) = part.split_once("](").unwrap_or((part, ")"));
        text + shown + rest.split_once(')').map_or(rest, |(_, after)| after)
    })
}

/// The first table of a section.
fn first_table(section: &str) -> &str {
    let Some(start) = section.find("\n|") else { return "" };
    let table = &section[start + 1..];
    table.find("\n\n").map_or(table, |end| &table[..end])
}
