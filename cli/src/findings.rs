//! `pointsman findings`: the open findings of ami-alerts, from the table of an account or of a world. Only reads.

mod table;

use std::collections::BTreeSet;
use std::path::Path;

use ami_alerts::finding_list::{FindingList, ListedRegion};
use ami_alerts::memory_table::MemoryTable;
use anyhow::{Context as _, Result, bail};
use aws_config::{BehaviorVersion, Region};
use local_aws::{AwsWorld, LocalAws};
use shared::home::{is_account, is_region};

use crate::arguments::{FindingsArguments, ReplayArguments};
use crate::exit::Exit;
use crate::replay::{Case, replay_until_the_end};
use crate::template::REGION;
use crate::workspace;

/// The name of the table in a world.
const WORLD_TABLE: &str = "pointsman-AmiAlertsTable";

/// The function that keeps the findings.
const FUNCTION: &str = ami_alerts::FUNCTION.name;

/// What precedes account and region in the partition keys of findings.
const PREFIX: &str = "resources#";

/// Prints the findings.
pub fn run(arguments: &FindingsArguments) -> Result<Exit> {
    let list = match (&arguments.world, &arguments.table) {
        (Some(world), _) => of_world(world, arguments.all)?,
        (None, Some(table)) => of_account(table, arguments)?,
        (None, None) => bail!("name the table of ami-alerts with --table, or a world"),
    };
    match arguments.json {
        true => anstream::println!("{}", serde_json::to_string_pretty(&list)?),
        false => anstream::print!("{}", table::text(&list)),
    }
    Ok(if list.complete { Exit::Success } else { Exit::Found })
}

/// The findings of a world; of a case, those at its end.
fn of_world(path: &Path, all: bool) -> Result<FindingList> {
    if path.is_dir() && path.join("event.json").is_file() {
        return of_case(path, all);
    }
    let file = if path.is_dir() { path.join("world.toml") } else { path.to_owned() };
    let mut world = AwsWorld::read(&file)?;
    world.ensure_table(WORLD_TABLE, ("pk", "S"), Some(("sk", "S")));
    list_of(&LocalAws::start(world)?, all)
}

/// Replays the case, and reads the table at the end.
fn of_case(path: &Path, all: bool) -> Result<FindingList> {
    let root = workspace::root()?;
    let arguments = ReplayArguments {
        paths: vec![path.to_owned()],
        function: Some(FUNCTION.to_owned()),
        ..ReplayArguments::default()
    };
    let case = Case::read(path, &arguments, &root)?;
    let mut list = None;
    replay_until_the_end(&case, &arguments, &root, &mut |aws| list = Some(list_of(aws, all)))?;
    list.unwrap_or_else(|| bail!("{} did not run {FUNCTION}", path.display()))
}

/// The findings in the table of a running world, of every account and region in it.
fn list_of(aws: &LocalAws, all: bool) -> Result<FindingList> {
    let items = aws.items(WORLD_TABLE).unwrap_or_default();
    let keys = items.into_iter().filter_map(|item| {
        let (account, region) = item["pk"]["S"].as_str()?.strip_prefix(PREFIX)?.split_once('#')?;
        Some((account.to_owned(), region.to_owned()))
    });
    let partitions: BTreeSet<(String, String)> = keys.collect();
    runtime()?.block_on(async {
        let loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(Region::new(REGION));
        let config = loader.test_credentials().endpoint_url(aws.endpoint()).load().await;
        let client = aws_sdk_dynamodb::Client::new(&config);
        let regions = read(&client, WORLD_TABLE, partitions).await;
        Ok(FindingList::of(&regions, all, aws.now()))
    })
}

fn of_account(table: &str, arguments: &FindingsArguments) -> Result<FindingList> {
    let account = arguments.account.as_deref().context("name the account of the images with --account")?;
    // Another account or region would have no finding.
    if !is_account(account) {
        bail!("{account} is no account: an account's id has 12 digits");
    }
    if let Some(region) = arguments.region.iter().find(|region| !is_region(region)) {
        bail!("{region} is no region; a region is such as eu-west-1");
    }
    runtime()?.block_on(async {
        let config = shared::aws::sdk_config().await;
        let own = config.region().map(ToString::to_string);
        let own = own.context(
            "the table's region is not known: set AWS_REGION and the credentials of the table's account",
        )?;
        let regions = if arguments.region.is_empty() { vec![own] } else { arguments.region.clone() };
        let partitions = regions.into_iter().map(|region| (account.to_owned(), region));
        let client = aws_sdk_dynamodb::Client::new(&config);
        let regions = read(&client, table, partitions.collect()).await;
        let now = shared::clock::now()?;
        Ok(FindingList::of(&regions, arguments.all, now))
    })
}

async fn read(
    client: &aws_sdk_dynamodb::Client,
    name: &str,
    partitions: BTreeSet<(String, String)>,
) -> Vec<ListedRegion> {
    let table = MemoryTable { client, name };
    let mut regions = Vec::new();
    for (account, region) in partitions {
        let memories = table.read_region(&account, &region).await.map_err(|error| error.to_string());
        regions.push(ListedRegion { account, region, memories });
    }
    regions
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
