//! Finds the workspace (its template, its rules) and builds its functions.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::progress;

/// The folder with `template.yaml` and `functions/`: this folder or one above it, else the one this command was
/// built from.
pub fn root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned);
    let found = here.ancestors().map(Path::to_owned).chain(built_from).find(|folder| is_workspace(folder));
    found.context("no template.yaml with a functions/ folder beside it, here or in any folder above")
}

fn is_workspace(folder: &Path) -> bool {
    folder.join("template.yaml").is_file() && folder.join("functions").is_dir()
}

/// Builds the function's binary with cargo, once in a process, and returns its path.
pub fn build(root: &Path, package: &str) -> Result<PathBuf> {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().expect("no holder of this lock panics");
    if let Some(binary) = built.get(package) {
        return Ok(binary.clone());
    }
    let binary = cargo_build(root, package)?;
    built.insert(package.to_owned(), binary.clone());
    Ok(binary)
}

fn cargo_build(root: &Path, package: &str) -> Result<PathBuf> {
    let _progress = progress::after_a_second(format!("building {package} (minutes the first time)"));
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        // The command line is in the selection so that cargo unifies features as it did when it built this command:
        // another selection would build every SDK a second time.
        .args(["build", "--locked", "--bins", "-p", "pointsman", "-p", package])
        // On a terminal cargo shows its own progress.
        .args((!std::io::stderr().is_terminal()).then_some("--quiet"))
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let output = BufReader::new(cargo.stdout.take().context("cargo has no output")?);
    let binary = output.lines().map_while(Result::ok).filter_map(|line| executable(&line, package)).last();
    if !cargo.wait().context("cannot wait for cargo")?.success() {
        bail!("cargo could not build {package}");
    }
    binary.with_context(|| format!("the package {package} has no binary of the same name"))
}

fn executable(line: &str, package: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let is_it = message["reason"] == "compiler-artifact" && message["target"]["name"] == package;
    is_it.then(|| message["executable"].as_str().map(PathBuf::from))?
}
