//! `pointsman doctor`: the rules of pipeline-trigger against the pipelines of an account, and what else starts them. Only reads.

mod account;
mod finding;
mod judge;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use local_aws::{AwsWorld, LocalAws};
use pipeline_trigger::FUNCTION;
use pipeline_trigger::rules::Rules;
use serde_json::json;
use shared::config::{Document, has_errors};
use shared::text::count;

use crate::arguments::DoctorArguments;
use crate::check::deployed_rules;
use crate::exit::Exit;
use crate::rules_file::{RulesProblems, elsewhere, loaded, rendered};
use crate::template::REGION;
use crate::{render, workspace};
use account::{AccountFacts, read};
use finding::{DoctorFinding, DoctorLevel};
use judge::judge;

/// Prints the findings.
pub fn run(arguments: &DoctorArguments) -> Result<Exit> {
    let path = rules_path(arguments)?;
    let source = elsewhere(&path)?;
    // The rules of a file first: a mistake in them needs no account.
    let of_file = if source.is_none() { Some(file_rules(&path)?) } else { None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (rules, facts) = runtime.block_on(async {
        // The world answers until it is dropped.
        let (config, _world) = match &arguments.world {
            Some(world) => of_world(world).await?,
            None => (of_account().await?, None),
        };
        let rules = match (of_file, source) {
            (None, Some(source)) => {
                loaded(&source, &FUNCTION, &config, pipeline_trigger::rules::read).await?
            }
            (of_file, _) => of_file.unwrap_or_default(),
        };
        let facts = Box::pin(read(&config, &rules)).await?;
        anyhow::Ok((rules, facts))
    })?;
    let findings = judge(&rules, &facts);
    match arguments.json {
        true => anstream::println!("{}", serde_json::to_string_pretty(&json(&findings, &facts))?),
        false => anstream::print!("{}", text(&findings, &facts)),
    }
    let is_well = findings.iter().all(|finding| finding.level == DoctorLevel::Note);
    Ok(if is_well { Exit::Success } else { Exit::Found })
}

/// The rules of the file. An error in the tables of pipeline-trigger stops the command.
fn file_rules(path: &Path) -> Result<Rules> {
    let document = Document::read(path)?.without_warnings();
    let mut problems = Vec::new();
    let rules = pipeline_trigger::rules::read(&document, &mut problems);
    match has_errors(&problems) {
        false => Ok(rules),
        true => Err(RulesProblems::new(rendered(&document, path, &problems)).into()),
    }
}

fn rules_path(arguments: &DoctorArguments) -> Result<PathBuf> {
    if let Some(path) = &arguments.config {
        return Ok(path.clone());
    }
    let folder = arguments.world.as_deref().filter(|path| path.is_dir());
    let beside = folder.map(|folder| folder.join("pointsman.toml")).filter(|path| path.is_file());
    match beside {
        Some(beside) => Ok(beside),
        None => Ok(deployed_rules(&workspace::root().context("give the rules: --config FILE")?)),
    }
}

async fn of_world(path: &Path) -> Result<(SdkConfig, Option<LocalAws>)> {
    let file = if path.is_dir() { path.join("world.toml") } else { path.to_owned() };
    let aws = LocalAws::start(AwsWorld::read(&file)?)?;
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(Region::new(REGION));
    let config = loader.test_credentials().endpoint_url(aws.endpoint()).load().await;
    Ok((config, Some(aws)))
}

async fn of_account() -> Result<SdkConfig> {
    let config = shared::aws::sdk_config().await;
    if config.region().is_none() {
        bail!("no region: set AWS_REGION and the credentials of the account, or name a world");
    }
    Ok(config)
}

fn json(findings: &[DoctorFinding], facts: &AccountFacts) -> serde_json::Value {
    json!({
        "complete": facts.unread.is_empty(),
        "pipelines": facts.pipelines.len(),
        "findings": findings,
    })
}

/// The problems first, each with its command or its remedy, then the notes, then the sums.
fn text(findings: &[DoctorFinding], facts: &AccountFacts) -> String {
    let mut out: String = findings.iter().map(|finding| render::sentence(&finding.to_string())).collect();
    let problems = findings.iter().filter(|finding| finding.level == DoctorLevel::Problem).count();
    let notes = findings.len() - problems;
    let read = count(facts.pipelines.len(), "pipeline");
    out.push_str(&render::sentence(&format!(
        "{read}: {}, {}",
        count(problems, "problem"),
        count(notes, "note")
    )));
    out
}
