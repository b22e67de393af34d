//! `stillwatch train`: fits a model to calm traffic.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;

use super::progress::Progress;
use super::replay::files;
use super::{Failure, stdout};
use crate::record::Limits;
use crate::source::files::Line;
use crate::source::pass::{names, pass};
use crate::trace::Tracer;
use crate::train::{HarvestIds, Labels, Sink, TRAIN_SECRET, TrainError, TrainReport, TrainSpec, read_lines, train};

/// Arguments of `train`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch train calm.jsonl --out trees-2.json
  stillwatch train traffic.jsonl --labels labels.jsonl --out trees-2.json --seed 7

With --labels, tenants that are labelled as attacks are left out of the fit. Beside the model a card is
written: what it was trained on, its threshold and how it does.")]
pub struct TrainArgs {
    /// Files (.jsonl, .gz, .zst) or folders with calm traffic.
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Labels, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Ids of harvested exchanges, one a line: lets attackers teach that harvest only in part.
    #[arg(long, value_name = "FILE", requires = "labels")]
    pub harvest_ids: Option<PathBuf>,
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

/// Does it.
pub fn run(args: &TrainArgs) -> Result<(), Failure> {
    let inputs = files(&args.inputs)?;
    let labels = match &args.labels {
        Some(path) => Labels::read(open(path)?).map_err(|e| Failure::Usage(format!("{}: {e}", path.display())))?,
        None => Labels::default(),
    };
    let ids = args.harvest_ids.as_deref().map(read_ids).transpose()?;
    let stem = args.out.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let spec = TrainSpec {
        name: args.name.clone().unwrap_or(stem),
        out: args.out.clone(),
        seed: args.seed,
        budget: args.budget,
        source: names(&inputs),
    };
    let progress = Progress::bytes("train");
    let mut pass = 0;
    let result = train(&spec, &labels, &mut |sink| {
        pass += 1;
        progress.say(format!("train, pass {pass}"));
        feed(&inputs, ids.as_ref(), &progress, sink)
    });
    progress.end();
    let report = result.map_err(|error| match error {
        TrainError::Unwritable { .. } => Failure::Failed(error.to_string()),
        other => Failure::Usage(other.to_string()),
    })?;
    tell(&report, args.json)
}

/// One pass over the files, in order. Rejects are left out, as everywhere.
pub(super) fn feed(
    inputs: &[PathBuf],
    ids: Option<&HarvestIds>,
    progress: &Progress,
    sink: &mut Sink<'_>,
) -> Result<(), TrainError> {
    let (tracer, mut offset) = (Tracer::new(TRAIN_SECRET), 0);
    pass(inputs, Limits::default().max_bytes, |_, batch, (done, total)| {
        let mut lines = Vec::new();
        for line in batch.iter() {
            if let Line::Whole(line) = line {
                lines.push((offset, line));
            }
            offset += 1;
        }
        read_lines(&lines, &tracer, &mut |trace, at, id| sink(trace, at, HarvestIds::taken(ids, id)));
        progress.at(done, total);
        Ok(())
    })
}

/// A file that an option names.
pub(super) fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    let file = File::open(path).map_err(|e| Failure::Usage(format!("cannot read {}: {e}", path.display())))?;
    Ok(BufReader::new(file))
}

fn read_ids(path: &Path) -> Result<HarvestIds, Failure> {
    let mut ids = HarvestIds::default();
    ids.read(open(path)?).map_err(|(_, e)| Failure::Usage(format!("cannot read {}: {e}", path.display())))?;
    Ok(ids)
}

fn tell(report: &TrainReport, json: bool) -> Result<(), Failure> {
    if json {
        let metrics: serde_json::Map<String, serde_json::Value> =
            report.metrics.iter().map(|(name, value)| (name.clone(), (*value).into())).collect();
        return stdout::json(&serde_json::json!({
            "file": report.file, "card": report.card, "sha256": report.sha256,
            "trees": report.trees, "components": report.components, "threshold": report.threshold, "metrics": metrics,
        }));
    }
    stdout::line(&format!(
        "{}: {} trees, {} calm and {} harvest components, threshold {:.3}, sha256 {}; card: {}",
        report.file.display(),
        report.trees,
        report.components.0,
        report.components.1,
        report.threshold,
        report.sha256,
        report.card.display()
    ))?;
    report.metrics.iter().try_for_each(|(name, value)| stdout::line(&format!("  {name}: {value:.4}")))
}
