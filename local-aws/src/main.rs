//! `local-aws`: serves a world until it is stopped.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, FromArgMatches, Parser};
use local_aws::{AwsWorld, LocalAws, operations};

const EXAMPLES: &str = "\
Examples:
  local-aws --world events/pipeline-trigger/monorepo-two-pipelines/world.toml --port 4566
  local-aws --repo storefront=~/src/storefront
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x \\
    AWS_REGION=us-east-1 aws codecommit list-repositories

Exit codes: 0 Ctrl-C or SIGTERM; 2 the command line is wrong; 3 the world, a clone or the port
cannot be used.";

/// Serve CodeCommit, CodePipeline, CloudFormation, CloudWatch, DynamoDB, DRS, EC2, IAM, SNS, SSM and STS on
/// 127.0.0.1, from a world file and git clones.
///
/// Point any AWS client at it with AWS_ENDPOINT_URL; any credentials and region are accepted. One line prints the
/// address. The server runs until Ctrl-C.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct ServerArguments {
    /// The state of AWS at the start; without it, the account is empty
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Serve a git clone as the CodeCommit repository NAME; it is never written to
    #[arg(long, value_name = "NAME=PATH", value_parser = name_and_path)]
    repo: Vec<(String, PathBuf)>,
    /// Listen on this port; 0 is any free port
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
}

fn main() -> ExitCode {
    let served = match arguments() {
        Ok(arguments) => serve(&arguments),
        Err(code) => return code,
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(3)
        }
    }
}

/// The arguments, or the exit code if the help was printed or an argument is wrong.
fn arguments() -> Result<ServerArguments, ExitCode> {
    let long_help = format!("{EXAMPLES}\n\nOperations:\n{}", operations());
    let command = ServerArguments::command().after_long_help(long_help);
    let usage = command.clone().render_usage();
    let matches = command.try_get_matches();
    let parsed = matches.and_then(|matches| ServerArguments::from_arg_matches(&matches));
    parsed.map_err(|error| {
        // A closed output has no consequence.
        let _ = error.print();
        // clap prints the usage for an unknown argument, but not for a wrong or missing value.
        if error.use_stderr() && !error.to_string().contains("Usage:") {
            eprintln!("\n{usage}");
        }
        ExitCode::from(if error.use_stderr() { 2 } else { 0 })
    })
}

fn serve(arguments: &ServerArguments) -> anyhow::Result<()> {
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
