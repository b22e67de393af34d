//! `stillwatch run`: Kafka in, findings out.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, logs};
use crate::config;
use crate::library::Library;
use crate::live::engine::Options;
use crate::live::start;

/// Arguments of `run`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch run -c stillwatch.toml
  STILLWATCH__KAFKA__INSTANCE_ID=$(hostname) stillwatch run -c stillwatch.toml

Start more instances in the same group to scale out. SIGTERM publishes, checkpoints and leaves within
live.drain_limit. With kafka.instance_id it means restart: the partitions stay with this instance until
the session time-out, unless --leave-on-stop. SIGHUP reads the configuration again and judges by the
model that it names now, from each partition's next record on; a bad one is refused and the old one stays.

With kafka.mode = \"shadow\" the group and every topic written have names that end in .shadow, and findings are
marked and no alerts: run another model beside the live one, and `stillwatch compare` the two.")]
pub struct RunArgs {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// Go on past a gap in the input (records deleted before they were read) and record it; without this
    /// a gap stops the partition.
    #[arg(long)]
    pub accept_gap: bool,
    /// On SIGTERM give the partitions away at once: for scaling in, not for a restart.
    #[arg(long)]
    pub leave_on_stop: bool,
}

/// Does it.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let loaded = config::load(&args.config)?;
    logs::start(&loaded.config.log);
    let opened = Library::open(&loaded.config)?;
    opened.tell();
    let options = Options { accept_gap: args.accept_gap, leave_on_stop: args.leave_on_stop };
    start::run(&args.config, loaded, opened, options).map_err(Failure::from)
}
