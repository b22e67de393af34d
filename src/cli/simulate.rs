//! `stillwatch simulate`: writes simulated traffic and its labels.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::progress::Progress;
use super::{Failure, stdout};
use crate::simulate::{AttackSpec, Spec, demo_spec, write_jsonl};

/// Arguments of `simulate`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch simulate --tenants 500 --days 14 --out calm.jsonl
  stillwatch simulate --tenants 500 --days 14 --attacks default --out traffic.jsonl --labels labels.jsonl")]
pub struct SimulateArgs {
    /// Calm tenants.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub tenants: u32,
    /// Days of traffic.
    #[arg(long, value_name = "D", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
    /// Attackers to plant: `none`, `default` (one in twenty), or `family=count[@share%[+own]],…`.
    #[arg(long, value_name = "SPEC", default_value = "none")]
    pub attacks: String,
    /// Seed; the same seed gives the same bytes.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Write records here, one a line; `-` is stdout.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: PathBuf,
    /// Write labels here.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
}

/// Does it.
pub fn run(args: &SimulateArgs) -> Result<(), Failure> {
    let attacks: AttackSpec =
        args.attacks.parse().map_err(|error| Failure::Usage(format!("--attacks {}: {error}", args.attacks)))?;
    let start = demo_spec(args.seed).start;
    let spec = Spec { tenants: args.tenants as usize, days: f64::from(args.days), attacks, seed: args.seed, start };
    let mut out = sink(&args.out)?;
    let mut labels: Box<dyn Write> = match &args.labels {
        Some(path) => sink(path)?,
        None => Box::new(std::io::sink()),
    };
    let progress = Progress::items("records");
    let summary = write_jsonl(&spec, &mut out, &mut labels, &mut |done| progress.at(done, done));
    progress.end();
    let summary = summary.map_err(|error| Failure::Failed(format!("cannot write {}: {error}", args.out.display())))?;
    if args.out.as_os_str() == "-" {
        return Ok(());
    }
    stdout::line(&format!(
        "{} records of {} tenants, {} of them harvesting ({} records); {} bytes",
        summary.records, summary.tenants, summary.attackers, summary.harvested, summary.bytes
    ))
}

fn sink(path: &Path) -> Result<Box<dyn Write>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufWriter::new(std::io::stdout())));
    }
    let file =
        File::create(path).map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))?;
    Ok(Box::new(BufWriter::with_capacity(1 << 20, file)))
}
