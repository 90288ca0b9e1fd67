//! `local-aws`: serves a world until it is stopped.

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use local_aws::{AwsWorld, LocalAws};

/// Serve CodeCommit, CodePipeline, CloudFormation, CloudWatch, DynamoDB, DRS, EC2, IAM, SNS, SSM and STS on
/// 127.0.0.1, from a world file and git clones.
///
/// Point any AWS client at it with AWS_ENDPOINT_URL; any credentials and region are accepted. One line prints the
/// address.
#[derive(Parser)]
#[command(version)]
struct ServerArguments {
    /// The state of AWS at the start; without it, the account is empty
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Serve a git clone as the CodeCommit repository NAME; it is never written to
    #[arg(long, value_name = "NAME=PATH", value_parser = name_and_path)]
    repo: Vec<(String, PathBuf)>,
    /// Listen on this port instead of a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
}

fn main() -> anyhow::Result<()> {
    let arguments = ServerArguments::parse();
    let mut world = match &arguments.world {
        Some(path) => AwsWorld::read(path).context("the world cannot be used")?,
        None => AwsWorld::empty(),
    };
    for (name, path) in &arguments.repo {
        world.serve_clone(name, path)?;
    }
    let aws = LocalAws::start_on(world, arguments.port)?;
    println!("listening on {}", aws.endpoint());
    wait_for_the_end()
}

fn name_and_path(argument: &str) -> Result<(String, PathBuf), &'static str> {
    let (name, path) = argument.split_once('=').ok_or("write NAME=PATH")?;
    Ok((name.to_owned(), path.into()))
}

/// Returns on Ctrl-C or SIGTERM, so that the temporary repositories are removed.
fn wait_for_the_end() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        #[cfg(unix)]
        {
            let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
            tokio::select! {
                _ = terminate.recv() => Ok(()),
                interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
            }
        }
        #[cfg(not(unix))]
        Ok(tokio::signal::ctrl_c().await?)
    })
}
