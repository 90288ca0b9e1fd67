//! Owns the output formats of `bazel query`, by their first characters.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

use crate::bazel::{BazelPackages, line_of};

pub(crate) fn read(output: &str, packages: &mut BazelPackages) -> Result<(), String> {
    match output.trim_start().trim_start_matches('\u{feff}') {
        output if output.starts_with('<') => read_xml(output, packages),
        output if output.starts_with("digraph") => read_graph(output, packages),
        output if output.starts_with('{') => read_json_lines(output, packages),
        _ => Err("is no output of bazel query in the formats xml, graph or streamed_jsonproto".to_owned()),
    }
}

/// Each `rule` and `source-file` of `query`, and the labels inside. Nothing is kept of the document.
fn read_xml(output: &str, packages: &mut BazelPackages) -> Result<(), String> {
    let mut reader = Reader::from_str(output);
    let mut current: Option<(String, Option<usize>)> = None;
    let mut is_complete = false;
    loop {
        let event = reader.read_event().map_err(|error| format!("cannot be read: {error}"))?;
        match event {
            Event::Start(tag) => start(&tag, &mut current, packages),
            Event::Empty(tag) if tag.local_name().as_ref() == "query" => is_complete = true,
            Event::Empty(tag) => {
                let before = current.clone();
                start(&tag, &mut current, packages);
                current = before;
            }
            Event::End(tag) if is_target(tag.local_name().as_ref()) => current = None,
            Event::End(tag) if tag.local_name().as_ref() == "query" => is_complete = true,
            Event::Eof if is_complete => return Ok(()),
            Event::Eof => return Err("ends before </query>".to_owned()),
            _ => {}
        }
    }
}

fn is_target(name: &str) -> bool {
    matches!(name, "rule" | "source-file" | "generated-file" | "package-group")
}

fn start(tag: &BytesStart<'_>, current: &mut Option<(String, Option<usize>)>, packages: &mut BazelPackages) {
    let name = tag.local_name();
    let Some(label) = attribute(tag, "name") else { return };
    match (name.as_ref(), current.as_ref()) {
        (target, _) if is_target(target) => {
            let line = attribute(tag, "location").and_then(|location| line_of(&location));
            *current = packages.add(&label).map(|package| (package, line));
        }
        ("rule-input", Some((package, line))) => packages.needs(package, &label, *line),
        ("load", Some((package, _))) => packages.needs(package, &label, None),
        _ => {}
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok()??;
    quick_xml::escape::unescape(&attribute.value).ok().map(std::borrow::Cow::into_owned)
}

/// Nodes and edges in quotes. A node of several labels has them on lines of their own.
fn read_graph(output: &str, packages: &mut BazelPackages) -> Result<(), String> {
    for line in output.lines().filter(|line| line.trim_start().starts_with('"')) {
        // `"a" -> "b"  [label=...]`: the parts between quotes are the nodes.
        let mut quoted = line.split('"').skip(1).step_by(2);
        let (Some(from), second) = (quoted.next(), quoted.next()) else { continue };
        let to = if line.contains("\" -> \"") { second } else { None };
        let own: Vec<String> = labels(from).filter_map(|label| add_listed(label, packages)).collect();
        for label in to.into_iter().flat_map(labels) {
            let listed = add_listed(label, packages);
            if listed.is_some() {
                own.iter().for_each(|package| packages.needs(package, label, None));
            }
        }
    }
    if output.trim_end().ends_with('}') { Ok(()) } else { Err("ends before the closing brace".to_owned()) }
}

fn labels(node: &str) -> impl Iterator<Item = &str> {
    node.split("\\n").filter(|label| !label.is_empty())
}

/// Bazel shortens long nodes unless `--graph:node_limit=-1` is given.
fn add_listed(label: &str, packages: &mut BazelPackages) -> Option<String> {
    if label.starts_with("...and ") {
        packages.gaps.insert("has shortened nodes: run bazel query with --graph:node_limit=-1".to_owned());
        return None;
    }
    packages.add(label)
}

fn read_json_lines(output: &str, packages: &mut BazelPackages) -> Result<(), String> {
    for (number, line) in output.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let target: Value = serde_json::from_str(line)
            .map_err(|error| format!("line {} cannot be read: {error}", number + 1))?;
        read_target(&target, packages);
    }
    Ok(())
}

fn read_target(target: &Value, packages: &mut BazelPackages) {
    let kinds = ["rule", "sourceFile", "generatedFile", "packageGroup"];
    let Some(inner) = kinds.iter().find_map(|kind| target.get(kind)) else { return };
    let text = |key: &str| inner.get(key).and_then(Value::as_str);
    let Some(package) = text("name").and_then(|label| packages.add(label)) else { return };
    let line = text("location").and_then(line_of);
    for (key, line) in [("ruleInput", line), ("subinclude", None)] {
        let labels = inner.get(key).and_then(Value::as_array).into_iter().flatten();
        labels.filter_map(Value::as_str).for_each(|label| packages.needs(&package, label, line));
    }
}
