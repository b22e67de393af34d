//! `stillwatch simulate`: writes simulated traffic and its labels.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `simulate`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch simulate --tenants 500 --days 14 --out calm.jsonl
  stillwatch simulate --tenants 500 --days 14 --attacks all --out traffic.jsonl --labels labels.jsonl")]
pub struct SimulateArgs {
    /// Calm tenants.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub tenants: u32,
    /// Days of traffic.
    #[arg(long, value_name = "D", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
    /// Attackers to plant: `none`, `all`, or `family=count[,family=count]`.
    #[arg(long, value_name = "SPEC", default_value = "none")]
    pub attacks: String,
    /// Seed; the same seed gives the same bytes.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Write records here, one a line (.gz and .zst are compressed); `-` is stdout.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: PathBuf,
    /// Write labels here.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Write the ids of harvested exchanges here, one a line.
    #[arg(long, value_name = "FILE")]
    pub harvest_ids: Option<PathBuf>,
}
