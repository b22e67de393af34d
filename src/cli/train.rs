//! `stillwatch train`: fits a model to calm traffic.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `train`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch train calm.jsonl --out models/density-1.swm
  stillwatch train traffic.jsonl --labels labels.jsonl --out models/density-1.swm --seed 7

With --labels, tenants that are labelled as attacks are left out of the fit. Beside the model a card is
written: what it was trained on, its threshold and how it does.")]
pub struct TrainArgs {
    /// Files (.jsonl, .gz, .zst) or folders with calm traffic.
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Labels, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// The model to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Name of the model in findings; without it, the file's.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Seed of the fit; the same seed and traffic give the same bytes.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// False findings accepted per 1,000 tenant-months; sets the threshold.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub budget: f64,
    /// End with one line of JSON on stdout.
    #[arg(long)]
    pub json: bool,
}
