//! `stillwatch route`: any schema in, native records keyed by tenant out.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, logs};
use crate::config;
use crate::live::route::{self, Options};

/// Arguments of `route`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch route -c stillwatch.toml

Reads route.input, splits its records into exchanges and writes them to route.output, keyed by tenant, exactly once.
Start more instances to scale out; their group is kafka.group with `-route` at its end. SIGTERM publishes and leaves
within live.drain_limit. `stillwatch run` then reads route.output: name it in kafka.topics.input.")]
pub struct RouteArgs {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// Go on past a gap in the input (records deleted before they were read); without this a gap is fatal.
    #[arg(long)]
    pub accept_gap: bool,
    /// On SIGTERM give the partitions away at once: for scaling in, not for a restart.
    #[arg(long)]
    pub leave_on_stop: bool,
}

/// Does it.
pub fn run(args: &RouteArgs) -> Result<(), Failure> {
    let loaded = config::load(&args.config)?;
    logs::start(&loaded.config.log);
    let options = Options { accept_gap: args.accept_gap, leave_on_stop: args.leave_on_stop };
    route::run(loaded, options).map_err(Failure::from)
}
