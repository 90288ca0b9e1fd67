//! What the command line leaves out: the clone, the repository's name and the pushed branch come from the current folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use git_reader::Repository;
use pipeline_trigger::event::{Change, Push, Reference};
use pipeline_trigger::rules::Rules;
use shared::text::{list, printable};

use super::codecommit_url::repository_name;
use crate::arguments::{CommitRange, ExplainArguments, WORK_TREE};

/// The clone, with the name that its repository has in the rules.
pub(super) struct PushedClone {
    pub(super) repository: Repository,
    pub(super) name: String,
    /// The commit that stands for the working tree, if the push has it.
    pub(super) work_tree: Option<String>,
}

impl PushedClone {
    /// The clone that the arguments name, else the one that contains the current folder.
    pub(super) fn open(arguments: &ExplainArguments, rules: &Rules) -> Result<Self> {
        let repository = Repository::open(&top_of(arguments.repo.as_deref()))?;
        let named = named_remotes(&repository)?;
        let name = match &arguments.repository {
            Some(name) => name.clone(),
            None => name_of(&named, rules)?,
        };
        let remote = named.into_iter().find(|(_, of_remote)| *of_remote == name).map(|(remote, _)| remote);
        let repository = match remote {
            Some(remote) => repository.with_remote(&remote),
            None => repository,
        };
        Ok(Self { repository, name, work_tree: None })
    }

    /// The push that the arguments describe. Without a range, the current commit without a change.
    pub(super) fn push(&mut self, arguments: &ExplainArguments) -> Result<Push> {
        let reference = self.reference(arguments)?;
        let current = CommitRange { old: Some("HEAD".to_owned()), new: "HEAD".to_owned() };
        let CommitRange { old, new } = arguments.push.clone().unwrap_or(current);
        let new = match new.as_str() {
            WORK_TREE => {
                let commit = self.repository.commit_of_work_tree()?;
                self.work_tree.insert(commit).clone()
            }
            new => self.commit(new)?,
        };
        let change = match old {
            // In a push, git writes zeros for "no commit".
            Some(old) if old.bytes().all(|byte| byte == b'0') => Change::Created { new },
            Some(old) => Change::Updated { old: Some(self.commit(&old)?), new },
            None => Change::Created { new },
        };
        let time = jiff::Timestamp::UNIX_EPOCH.to_string();
        Ok(Push { repository: self.name.clone(), reference, change, time })
    }

    fn reference(&self, arguments: &ExplainArguments) -> Result<Reference> {
        let short = |name: &str, prefix: &str| name.strip_prefix(prefix).unwrap_or(name).to_owned();
        match (&arguments.branch, &arguments.tag) {
            (Some(branch), _) => Ok(Reference::Branch(short(branch, "refs/heads/"))),
            (None, Some(tag)) => Ok(Reference::Tag(short(tag, "refs/tags/"))),
            (None, None) => {
                let current = self.repository.current_branch()?;
                let current = current.context(
                    "no branch is checked out in the clone; name the pushed branch or tag with --branch or --tag",
                )?;
                Ok(Reference::Branch(current))
            }
        }
    }

    fn commit(&self, name: &str) -> Result<String> {
        self.repository.resolve(name)?.with_context(|| {
            format!("`{}` is not a commit of {}", printable(name), self.repository.folder().display())
        })
    }
}

/// The clone's folder: as the caller gives it, else the top of the clone that contains the current folder.
pub(crate) fn top_of(repo: Option<&Path>) -> PathBuf {
    let path = repo.map(Path::to_owned).or_else(|| Repository::top_above(Path::new(".")));
    path.unwrap_or_else(|| PathBuf::from("."))
}

/// The remotes with a CodeCommit URL, and their repositories. The remote whose branches count comes first.
pub(crate) fn named_remotes(repository: &Repository) -> Result<Vec<(String, String)>> {
    let first = repository.remote()?;
    let named = repository.remotes().iter().filter_map(|remote| {
        let name = remote.urls.iter().find_map(|url| repository_name(url))?;
        Some((remote.name.clone(), name.to_owned()))
    });
    let mut named: Vec<(String, String)> = named.collect();
    named.sort_by_key(|(remote, _)| first.as_ref() != Some(remote));
    Ok(named)
}

/// The repository of the remote, else the only one that the rules name.
pub(crate) fn name_of(named: &[(String, String)], rules: &Rules) -> Result<String> {
    if let Some((_, name)) = named.first() {
        return Ok(name.clone());
    }
    let of_rules: BTreeSet<&str> = rules.pipelines.iter().map(|rule| rule.repository.as_str()).collect();
    match of_rules.iter().collect::<Vec<_>>()[..] {
        [only] => Ok((*only).to_owned()),
        [] if !(rules.images.is_empty() && rules.objects.is_empty()) => bail!(
            "no rule has a `repository`, and a clone has no images and objects; `pointsman replay` shows what an event of ECR or S3 starts"
        ),
        [] => bail!("no remote of the clone has a CodeCommit URL; name the repository with --repository"),
        _ => bail!(
            "no remote of the clone has a CodeCommit URL; name the repository with --repository: {}",
            list(of_rules)
        ),
    }
}
