//! `stillwatch route`: any schema in, native records keyed by tenant out.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, logs};
use crate::config;
use crate::live::route::{self, Half, Options};

/// Arguments of `route`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch route -c stillwatch.toml
  stillwatch route -c stillwatch.toml --join        the second half, where route.join is set

Reads route.input, splits its records into exchanges and writes them to route.output, keyed by
tenant, exactly once. Start more instances to scale out; their group is kafka.group with `-route`
at its end. SIGTERM publishes and leaves within live.drain_limit. `stillwatch run` then reads
route.output: name it in kafka.topics.input.

With route.join, spans and log events of one exchange may lie in different records, partitions or
topics: `route` then cuts records into parts in route.parts, and `route --join`, which must run,
too, joins them. Its group has `-join` at its end.")]
pub struct RouteArgs {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// Join the parts that `route` cuts, instead of cutting: the second half where route.join is set.
    #[arg(long)]
    pub join: bool,
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
    if args.join && loaded.config.route.join.is_none() {
        let why = "--join needs `route.join`: how far apart halves of an exchange may lie, such as join = \"1min\"";
        return Err(Failure::Usage(why.to_owned()));
    }
    let half = if args.join { Half::Join } else { Half::Split };
    let options = Options { accept_gap: args.accept_gap, leave_on_stop: args.leave_on_stop };
    route::run(loaded, half, options).map_err(Failure::from)
}
