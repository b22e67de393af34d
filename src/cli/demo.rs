//! `stillwatch demo`: simulated traffic through the whole pipeline, in one process.

use clap::Args;

/// Arguments of `demo`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch demo                 a few hundred tenants, some of them attackers, at a pace one can watch
  stillwatch demo --fast          the same without waiting

The demo's hashes are keyed with a public key: they hide nothing.")]
pub struct DemoArgs {
    /// Seed of the simulated traffic; the same seed gives the same findings.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Tenants to simulate, attackers included.
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub tenants: u32,
    /// Days of traffic to simulate.
    #[arg(long, value_name = "D", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub days: u32,
    /// As fast as it goes, instead of at a pace one can watch.
    #[arg(long)]
    pub fast: bool,
    /// End with one line of JSON instead of the report.
    #[arg(long)]
    pub json: bool,
}
