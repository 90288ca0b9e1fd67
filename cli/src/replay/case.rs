//! Owns the input of a replay: an event file by itself, or a case folder with its event, world and rules.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use local_aws::{AwsWorld, PipelineSource};
use pipeline_trigger::event::{Parsed, Push, parse};
use pipeline_trigger::image::{self, ParsedImage};
use pipeline_trigger::object;
use pipeline_trigger::rules::{ArtifactRule, Rules};
use serde_json::Value;
use shared::envelope::{Envelope, open};
use shared::home::{is_account, is_region};
use shared::text::printable;
use shared::text_file;

use crate::arguments::ReplayArguments;
use crate::check::deployed_rules;
use crate::template::{ACCOUNT, REGION};

/// One event with its world and its rules.
#[derive(Debug)]
pub struct Case {
    /// The folder's or the file's name.
    pub name: String,
    /// The event.
    pub event: Value,
    /// The file of the account before the event, if there is one.
    pub world: Option<PathBuf>,
    /// The rules.
    pub config: PathBuf,
    /// The function that the case's folder in `events/` names.
    pub function: Option<String>,
}

impl Case {
    /// Reads the case at `path`. Options of the command line override the files of the folder.
    pub fn read(path: &Path, arguments: &ReplayArguments, root: &Path) -> Result<Self> {
        let folder = path.is_dir().then_some(path);
        let event = folder.map_or_else(|| path.to_owned(), |folder| folder.join("event.json"));
        if folder.is_some() && !event.is_file() {
            bail!("the folder has no event.json; a case is a folder such as events/pipeline-trigger/<case>");
        }
        let beside = |name: &str| folder.map(|folder| folder.join(name)).filter(|file| file.is_file());
        let absolute = std::path::absolute(path)?;
        let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let parents: Vec<String> =
            absolute.iter().rev().skip(1).take(2).map(|part| part.to_string_lossy().into_owned()).collect();
        Ok(Self {
            name,
            event: read_event(&event)?,
            world: arguments.world.clone().or_else(|| beside("world.toml")),
            config: arguments
                .config
                .clone()
                .or_else(|| beside("pointsman.toml"))
                .unwrap_or_else(|| deployed_rules(root)),
            function: match &parents[..] {
                [function, events] if folder.is_some() && events == "events" => Some(function.clone()),
                _ => None,
            },
        })
    }

    /// The account and region of the functions. An event without a world happened somewhere else, and the functions run
    /// there; a world is the account of the local AWS, in the region that it names.
    pub fn home(&self) -> ReplayHome {
        let events = if self.world.is_none() { self.events() } else { Vec::new() };
        let text = |name: &str| events.iter().find_map(|event| event.get(name)?.as_str().map(str::to_owned));
        ReplayHome {
            account: text("account").filter(|text| is_account(text)).unwrap_or_else(|| ACCOUNT.to_owned()),
            region: text("region")
                .or_else(|| self.region_of_world())
                .filter(|text| is_region(text))
                .unwrap_or_else(|| REGION.to_owned()),
        }
    }

    fn region_of_world(&self) -> Option<String> {
        let world: toml::Table = std::fs::read_to_string(self.world.as_ref()?).ok()?.parse().ok()?;
        world.get("account")?.get("region")?.as_str().map(str::to_owned)
    }

    /// Puts into `world` every pipeline that the rules name for the pushed repositories.
    pub fn make_pipelines(&self, world: &mut AwsWorld, rules: &Rules) {
        self.make_artifact_pipelines(world, rules);
        for push in self.pushes() {
            let branch = push.reference.branch();
            for rule in rules.of_repository(&push.repository) {
                let source = PipelineSource::CodeCommit {
                    repository: push.repository.clone(),
                    branch: branch.unwrap_or("main").to_owned(),
                    action: rule.source_action.clone().unwrap_or_else(|| "Source".to_owned()),
                };
                world.ensure_pipeline(&rule.name.name(&push.repository, branch), Some(source));
            }
        }
    }

    /// Puts into `world` every pipeline that the rules name for the pushed images and the created objects.
    fn make_artifact_pipelines(&self, world: &mut AwsWorld, rules: &Rules) {
        for event in self.events() {
            let action =
                |rule: &ArtifactRule| rule.source_action.clone().unwrap_or_else(|| "Source".to_owned());
            if let Ok(ParsedImage::Push(push)) = image::parse(&event) {
                for rule in rules.of_image(&push.repository) {
                    let (repository, action) = (push.repository.clone(), action(&rule.common));
                    let tag = push.tag.clone().unwrap_or_else(|| "latest".to_owned());
                    world.ensure_pipeline(
                        &rule.common.name,
                        Some(PipelineSource::Ecr { repository, tag, action }),
                    );
                }
            }
            if let Ok(put) = object::parse(&event) {
                for rule in rules.of_bucket(&put.bucket) {
                    let (bucket, key, action) = (put.bucket.clone(), put.key.clone(), action(&rule.common));
                    world
                        .ensure_pipeline(&rule.common.name, Some(PipelineSource::S3 { bucket, key, action }));
                }
            }
        }
    }

    /// Hints for a caller with a new event: no clone serves its repository, or the world lacks its commit.
    pub fn hints(&self, world: &AwsWorld) -> Vec<String> {
        self.pushes().iter().filter_map(|push| hint(push, world)).collect()
    }

    /// The event, or the events of a redriven batch.
    fn events(&self) -> Vec<Value> {
        match open(self.event.clone()) {
            Ok(Envelope::Event(event)) => vec![event],
            Ok(Envelope::Redrive { messages, .. }) => {
                messages.into_iter().flat_map(|message| message.events).filter_map(Result::ok).collect()
            }
            Err(_) => Vec::new(),
        }
    }

    /// The pushes in the event: one, or those of a redriven batch.
    fn pushes(&self) -> Vec<Push> {
        let events = self.events();
        let pushes = events.iter().filter_map(|event| match parse(event) {
            Ok(Parsed::Ours(push)) => Some(push),
            _ => None,
        });
        pushes.collect()
    }
}

/// The account and region of the functions in a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayHome {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
}

impl ReplayHome {
    /// The event as the rules of the template match it: they name the stand-ins of the account and the region. EventBridge sets
    /// both in every event, so an event that was written without them is of the functions' own.
    pub(super) fn as_deployed(&self, event: &Value) -> Value {
        let mut event = event.clone();
        if !event["source"].as_str().is_some_and(|source| source.starts_with("aws.")) {
            return event;
        }
        for (name, own, stand_in) in [("account", &self.account, ACCOUNT), ("region", &self.region, REGION)] {
            let is_own = event.get(name).is_none_or(|value| value == own);
            if let (true, Some(members)) = (is_own, event.as_object_mut()) {
                members.insert(name.to_owned(), stand_in.into());
            }
        }
        event
    }
}

fn hint(push: &Push, world: &AwsWorld) -> Option<String> {
    let (repository, commit) = (&push.repository, push.commit()?);
    let has_repository = world.has_repository(repository);
    if has_repository && world.has_commit(repository, commit) {
        return None;
    }
    // An event's names are untrusted input, and the hint has line breaks of its own.
    let (shown, commit) = (printable(repository), printable(commit));
    if !has_repository {
        return Some(format!("no repository serves as `{shown}`; give a clone of it: --repo {shown}=PATH"));
    }
    let known = world.commit_ids(repository).into_iter();
    let known = known.map(|(label, id)| format!("\n  {} {id}", printable(&label)));
    let known: String = known.collect();
    let known = if known.is_empty() { String::new() } else { format!("; its commits are{known}") };
    Some(format!("commit {commit} is not in {shown}{known}"))
}

fn read_event(path: &Path) -> Result<Value> {
    let text = text_file::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}
