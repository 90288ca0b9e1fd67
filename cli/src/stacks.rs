//! `pointsman stacks`: every branch with its stack and what branch-stacks would do about it, in an account or in a world. Only
//! reads.

mod table;

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use branch_stacks::aws::Clients;
use branch_stacks::overview::{StackOverview, overview};
use branch_stacks::reports::Reports;
use branch_stacks::rules::Rules;
use branch_stacks::run::Run;
use branch_stacks::settings::Settings;
use jiff::Timestamp;
use local_aws::{AwsWorld, LocalAws};
use shared::call_error::CallError;
use shared::config::{Document, Problem, has_errors};
use shared::lambda::Invocation;

use crate::arguments::StacksArguments;
use crate::check::deployed_rules;
use crate::exit::Exit;
use crate::rules_file::{RulesProblems, elsewhere, loaded, rendered, template_folders};
use crate::template::REGION;
use crate::workspace;

/// The prefix of a world's stacks: the template's default.
const WORLD_PREFIX: &str = "branch";

/// The name of the table in a world.
const WORLD_TABLE: &str = "pointsman-BranchStacksTable";

/// The deployment that is shown: its settings, its clients, its time.
struct DeployedStacks {
    settings: Settings,
    clients: Clients,
    /// Whether the table of reports is known.
    has_table: bool,
    now: Timestamp,
    config: SdkConfig,
    /// The world, which answers until this is dropped.
    _world: Option<LocalAws>,
}

/// Prints the overview.
pub fn run(arguments: &StacksArguments) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let made = runtime.block_on(async {
        let deployment = match &arguments.world {
            Some(world) => of_world(world).await?,
            None => of_account(arguments).await?,
        };
        let rules = rules(arguments, &deployment.config).await?;
        Box::pin(made(&deployment, &rules)).await
    })?;
    match arguments.json {
        true => anstream::println!("{}", serde_json::to_string_pretty(&made)?),
        false => anstream::print!("{}", table::text(&made)),
    }
    Ok(if made.complete { Exit::Success } else { Exit::Found })
}

async fn made(deployment: &DeployedStacks, rules: &Rules) -> Result<StackOverview> {
    let DeployedStacks { settings, clients, has_table, now, .. } = deployment;
    let invocation = Invocation { now: *now, ..Invocation::by_hand(true) };
    let run = Run::new(rules, settings, clients, &invocation);
    let reports = match has_table {
        true => run.table().all().await.map_err(|error| error.to_string()),
        false => Err("no --table names it".to_owned()),
    };
    if let Err(error) = &reports {
        anstream::eprintln!(
            "note: the table of reports was not read ({error}): warnings, confirmed lists and the deletions of the last day are \
             not known"
        );
    }
    let made = overview(&run, &reports.unwrap_or_else(|_| Reports::new())).await;
    made.map_err(|because| anyhow::anyhow!("{because}"))
}

/// The rules of the file. An error in the tables of branch-stacks stops the command; a warning does not stop the function either.
async fn rules(arguments: &StacksArguments, config: &SdkConfig) -> Result<Rules> {
    let beside =
        arguments.world.as_deref().filter(|path| path.is_dir()).map(|path| path.join("pointsman.toml"));
    let path = match (&arguments.config, beside.filter(|path| path.is_file())) {
        (Some(path), _) => path.clone(),
        (None, Some(beside)) => beside,
        (None, None) => deployed_rules(&workspace::root().context("give the rules: --config FILE")?),
    };
    let folders = folders(&path, arguments);
    if let Some(source) = elsewhere(&path)? {
        let read = move |document: &Document, problems: &mut Vec<Problem>| {
            branch_stacks::rules::read(document, &folders, problems)
        };
        return loaded(&source, &branch_stacks::FUNCTION, config, read).await;
    }
    let document = Document::read(&path)?.without_warnings();
    let mut problems = Vec::new();
    let rules = branch_stacks::rules::read(&document, &folders, &mut problems);
    match has_errors(&problems) {
        false => Ok(rules),
        true => Err(RulesProblems::new(rendered(&document, &path, &problems)).into()),
    }
}

/// The folders of templates: those of the rules, and that of the world, so that other rules find its templates.
fn folders(rules: &Path, arguments: &StacksArguments) -> Vec<std::path::PathBuf> {
    let mut folders = template_folders(rules);
    folders.extend(arguments.world.clone().filter(|path| path.is_dir()));
    folders
}

async fn of_world(path: &Path) -> Result<DeployedStacks> {
    let file = if path.is_dir() { path.join("world.toml") } else { path.to_owned() };
    let mut world = AwsWorld::read(&file)?;
    world.ensure_table(WORLD_TABLE, ("pk", "S"), Some(("sk", "S")));
    let aws = LocalAws::start(world)?;
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(Region::new(REGION));
    let config = loader.test_credentials().endpoint_url(aws.endpoint()).load().await;
    Ok(DeployedStacks {
        settings: Settings::new(WORLD_PREFIX, "", WORLD_TABLE)?,
        clients: Clients::new(&config),
        has_table: true,
        now: aws.now(),
        config,
        _world: Some(aws),
    })
}

async fn of_account(arguments: &StacksArguments) -> Result<DeployedStacks> {
    let config = shared::aws::sdk_config().await;
    if config.region().is_none() {
        bail!("no region: set AWS_REGION and the credentials of the account, or name a world");
    }
    let clients = Clients::new(&config);
    let (prefix, table) = match &arguments.prefix {
        Some(prefix) => (prefix.clone(), None),
        None => deployed_settings(&clients, &arguments.application).await?,
    };
    let table = arguments.table.clone().or(table);
    Ok(DeployedStacks {
        // Without a table, the overview notes that it was not read.
        settings: Settings::new(&prefix, "", table.as_deref().unwrap_or("none"))?,
        clients,
        has_table: table.is_some(),
        now: now()?,
        config,
        _world: None,
    })
}

/// The prefix and the table of the deployment, as the application's stack has them.
async fn deployed_settings(clients: &Clients, application: &str) -> Result<(String, Option<String>)> {
    const HELP: &str = "name the application's stack with --application, or its prefix with --prefix";
    let call = clients.cloudformation.describe_stacks().stack_name(application);
    let described = call.send().await.map_err(|error| CallError::new("cloudformation:DescribeStacks", error));
    let described = described.with_context(|| format!("cannot read the stack `{application}`; {HELP}"))?;
    let stack =
        described.stacks().first().with_context(|| format!("there is no stack `{application}`; {HELP}"))?;
    let mut parameters = stack.parameters().iter();
    let prefix = parameters.find(|one| one.parameter_key() == Some("StackPrefix"));
    let prefix = prefix.and_then(|one| one.parameter_value());
    let prefix = prefix.with_context(|| format!("the stack `{application}` has no StackPrefix; {HELP}"))?;
    let mut outputs = stack.outputs().iter();
    let table = outputs.find(|one| one.output_key() == Some("BranchStacksTableName"));
    Ok((prefix.to_owned(), table.and_then(|one| one.output_value()).map(str::to_owned)))
}

/// The time of the environment, as the functions read it.
fn now() -> Result<Timestamp> {
    match std::env::var(shared::clock::VARIABLE) {
        Ok(text) if !text.is_empty() => {
            text.parse().with_context(|| format!("{} is not a time", shared::clock::VARIABLE))
        }
        _ => Ok(Timestamp::now()),
    }
}
