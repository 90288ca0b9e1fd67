//! Prints the graph of a folder, one project a line; with changed files, the projects that they affect.

use std::path::Path;
use std::process::ExitCode;

use build_graph::{BuildGraph, FolderFiles, Project};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: graph FOLDER [CHANGED FILE]...");
        return ExitCode::from(2);
    };
    let files = match FolderFiles::open(Path::new(&folder)) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let graph = BuildGraph::read(&files);
    graph.gaps.iter().for_each(|gap| eprintln!("gap: {} {}", gap.file, gap.why));
    let changed: Vec<String> = arguments.collect();
    if changed.is_empty() {
        graph.projects.iter().for_each(print);
    } else {
        graph.affected(changed.iter().map(String::as_str)).into_iter().for_each(print);
    }
    ExitCode::SUCCESS
}

/// Tool, folder, name, and the folders that it depends on.
fn print(project: &Project) {
    let needs: Vec<&str> = project.depends_on.iter().map(|dependency| dependency.folder.as_str()).collect();
    println!("{:?}\t{}\t{}\t{}", project.tool, project.folder, project.name, needs.join(","));
}
