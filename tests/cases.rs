//! Every folder under `events/` is a test: the event through the real binary must give the folder's `outcome.txt`.
//!
//! `POINTSMAN_BLESS=1` (or `make bless`) writes what is given now, to be read in the diff. It does not write `must.toml`.

mod must;
mod permitted;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use libtest_mimic::{Arguments, Failed, Trial};
use pointsman::arguments::ReplayArguments;
use pointsman::replay::{Case, outcome_text, replay};
use pointsman::workspace;
use similar::TextDiff;

fn main() -> Result<()> {
    let root = workspace::root()?;
    let cases = cases(&root.join("events"))?;
    let trials = cases.into_iter().map(|case| trial(&root, case)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// The case folders: `events/<function>/<case>`.
fn cases(events: &Path) -> Result<Vec<PathBuf>> {
    let mut cases = Vec::new();
    for function in folders(events)? {
        cases.extend(folders(&function)?);
    }
    if cases.is_empty() {
        bail!("no cases in {}", events.display());
    }
    Ok(cases)
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut folders: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    folders.retain(|path| path.is_dir());
    folders.sort();
    Ok(folders)
}

fn trial(root: &Path, folder: PathBuf) -> Trial {
    let name = folder.strip_prefix(root.join("events")).unwrap_or(&folder).display().to_string();
    let root = root.to_owned();
    Trial::test(name, move || check(&root, &folder).map_err(|error| Failed::from(format!("{error:#}"))))
}

fn check(root: &Path, folder: &Path) -> Result<()> {
    let arguments = ReplayArguments::default();
    let case = Case::read(folder, &arguments, root)?;
    let replays = replay(&case, &arguments, root)?;
    must::check(folder, &replays)?;
    permitted::check(&replays)?;
    let outcome = outcome_text(&case, &replays);
    let file = folder.join("outcome.txt");
    if std::env::var_os("POINTSMAN_BLESS").is_some() {
        return std::fs::write(&file, plain(&outcome))
            .with_context(|| format!("cannot write {}", file.display()));
    }
    let expected =
        std::fs::read_to_string(&file).with_context(|| format!("{} is missing", file.display()))?;
    if expected != plain(&outcome) {
        let outcome = plain(&outcome);
        let diff = TextDiff::from_lines(&expected, &outcome);
        bail!("the outcome changed\n{}", diff.unified_diff().header("outcome.txt", "now"));
    }
    Ok(())
}

/// Without colours.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
