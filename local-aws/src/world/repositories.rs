//! `[[repository]]`: its commits become a plan for git, its labels become ids.

use std::collections::BTreeSet;

use git_reader::is_ref_name;
use toml::Spanned;

use super::build::{self, Planned, RepositoryPlan};
use super::content::Content;
use super::file::WorldFile;
use super::raw::{RawCommit, RawGenerate, RawRepository};
use super::{AwsWorld, WorldError, pull_requests};
use crate::codecommit::{self, Hosted};
use crate::git_writer::{LONGEST_PART, can_be_written};

pub(super) fn add(
    world: &mut AwsWorld,
    file: &WorldFile<'_>,
    mut raw: RawRepository,
) -> Result<(), WorldError> {
    let name = raw.name.get_ref().clone();
    if !codecommit::is_repository_name(&name) {
        return Err(file.invalid(&raw.name, format!("`{name}` cannot be a repository's name")));
    }
    if world.has_repository(&name) {
        return Err(file.invalid(&raw.name, format!("repository `{name}` is listed twice")));
    }
    let default_branch = default_branch(file, &raw)?;
    let pull_requests = std::mem::take(&mut raw.pull_request);
    let plan = plan(file, raw)?;
    let folder = world.folder()?.join(format!("{name}.git"));
    let (git, ids) = build::build(&name, &folder, &plan)?;
    let commits = plan.commits.into_iter().map(|commit| commit.label).zip(ids).collect();
    world.codecommit.host(&name, Hosted { git, default_branch, commits });
    pull_requests.into_iter().try_for_each(|raw| pull_requests::add(world, file, &name, raw))
}

fn default_branch(file: &WorldFile<'_>, raw: &RawRepository) -> Result<Option<String>, WorldError> {
    let Some(named) = &raw.default_branch else {
        return Ok(raw.branches.contains_key("main").then(|| "main".to_owned()));
    };
    if raw.branches.contains_key(named.get_ref()) {
        return Ok(Some(named.get_ref().clone()));
    }
    Err(file.invalid(named, format!("the default branch `{}` is not one of the branches", named.get_ref())))
}

fn plan(file: &WorldFile<'_>, raw: RawRepository) -> Result<RepositoryPlan, WorldError> {
    let mut plan = RepositoryPlan::default();
    for commit in raw.commit {
        let planned = planned(file, &plan, commit)?;
        plan.commits.push(planned);
    }
    for (kind, refs) in [("heads", raw.branches), ("tags", raw.tags)] {
        for (name, label) in refs {
            if !is_ref_name(&name) {
                return Err(file.invalid(&label, format!("git does not accept the name `{name}`")));
            }
            if !can_be_written(&name) {
                let message = format!(
                    "`{name}` has a part of more than {LONGEST_PART} bytes, which git cannot write as a file here"
                );
                return Err(file.invalid(&label, message));
            }
            plan.refs.push((format!("refs/{kind}/{name}"), index(file, &plan, &label)?));
        }
    }
    Ok(plan)
}

fn planned(file: &WorldFile<'_>, plan: &RepositoryPlan, raw: RawCommit) -> Result<Planned, WorldError> {
    let label = raw.label.get_ref().clone();
    if plan.index(&label).is_some() {
        return Err(file.invalid(&raw.label, format!("two commits are labelled `{label}`")));
    }
    let parents: Vec<usize> = match &raw.parents {
        Some(labels) => labels.iter().map(|label| index(file, plan, label)).collect::<Result<_, _>>()?,
        None => plan.commits.len().checked_sub(1).into_iter().collect(),
    };
    let message = raw.message.unwrap_or_else(|| label.clone());
    let mut files: Vec<_> = raw.files.into_iter().collect();
    files.extend(raw.generate.into_iter().flat_map(generated));
    let before = parents.first().map(|parent| plan.commits[*parent].paths.clone());
    let paths = paths_after(before.unwrap_or_default(), &raw.delete, &files);
    let paths = paths.map_err(|message| file.invalid(&raw.label, message))?;
    Ok(Planned { label, parents, message, files, delete: raw.delete, paths })
}

/// The paths of a commit's tree. git itself would accept a path outside the repository, and a deletion of a missing
/// file.
fn paths_after(
    mut paths: BTreeSet<String>,
    delete: &[String],
    files: &[(String, Content)],
) -> Result<BTreeSet<String>, String> {
    if let Some(missing) = delete.iter().find(|path| !paths.remove(*path)) {
        return Err(format!("there is no file `{missing}` to delete"));
    }
    for (path, _) in files {
        let beside = |part: &str| matches!(part, "" | "." | ".." | ".git");
        if path.split('/').any(beside) {
            return Err(format!("`{path}` cannot be a file's path"));
        }
        paths.insert(path.clone());
    }
    Ok(paths)
}

fn generated(RawGenerate { prefix, count }: RawGenerate) -> impl Iterator<Item = (String, Content)> {
    (0..count).map(move |number| {
        let bytes = format!("{number}\n").into_bytes();
        (format!("{prefix}{number:05}"), Content::Blob { mode: "100644", bytes })
    })
}

fn index(file: &WorldFile<'_>, plan: &RepositoryPlan, label: &Spanned<String>) -> Result<usize, WorldError> {
    let unknown = || file.invalid(label, format!("no commit before this is labelled `{}`", label.get_ref()));
    plan.index(label.get_ref()).ok_or_else(unknown)
}
