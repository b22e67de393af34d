//! `stillwatch replay`: the same fold over files.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `replay`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch replay day.jsonl --findings findings.jsonl
  stillwatch replay logs/ --config stillwatch.toml --scores scores.jsonl --threads 4
  stillwatch replay day.jsonl.zst --findings - --tenant acme --from 2026-07-24T00:00:00Z

--from, --to and --tenant choose what is shown: the fold always sees everything, else it would see
something else than `run`. Without --config the hashes are keyed with a public key, and the limits are
the defaults.")]
pub struct ReplayArgs {
    /// Files (.jsonl, .gz, .zst) or folders; `-` is stdin.
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Write findings here, one a line; `-` is stdout.
    #[arg(long, value_name = "FILE")]
    pub findings: Option<PathBuf>,
    /// Write one row per scored window here.
    #[arg(long, value_name = "FILE")]
    pub scores: Option<PathBuf>,
    /// Write rejected records here, as `run` would dead-letter them.
    #[arg(long, value_name = "FILE")]
    pub dead_letters: Option<PathBuf>,
    /// Show nothing before this time (RFC 3339 or epoch milliseconds).
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Show nothing at or after this time.
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Show this tenant only; may be given more than once.
    #[arg(long, value_name = "TENANT")]
    pub tenant: Vec<String>,
    /// Threads; 0 means one per core. Changes the speed, never a finding.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Partitions that plain lines are placed in: as many as the topic has, to compare with `run`.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub partitions: u32,
    /// Topic that references name.
    #[arg(long, value_name = "NAME")]
    pub topic: Option<String>,
    /// Model file instead of the configured or built-in one.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Configuration file: secret and limits as `run` has them.
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// End with one line of JSON on stdout.
    #[arg(long)]
    pub json: bool,
    /// Exit with code 5 when there are findings.
    #[arg(long)]
    pub fail_on_findings: bool,
}
