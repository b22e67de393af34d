//! `stillwatch train`: fits a model to calm traffic, or the embedding to texts.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::progress::Progress;
use super::replay::files;
use super::{Failure, stdout};
use crate::record::Limits;
use crate::source::files::{Line, LineBatch};
use crate::source::pass::{names, pass};
use crate::trace::Tracer;
use crate::trace::slots::{Sampling, Slots, Typicality};
use crate::train::embedding::{self, Gathering};
use crate::train::{
    HarvestIds, Labels, Sink, TRAIN_SECRET, Told, TrainError, TrainReport, TrainSpec, read_lines, read_slots, train,
};

/// Arguments of `train`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch train calm.jsonl --out trees-2.json
  stillwatch train traffic.jsonl --labels labels.jsonl --out trees-2.json --seed 7
  stillwatch train --embedding corpora/*.jsonl.zst --out models/embedding-1.bin

Each file is one operator's log: what is usual in slots is told from its own customers.
With --labels, tenants that are labelled as attacks are left out of the fit. Beside the model a card is
written: what it was trained on, its threshold and how it does.

With --embedding it fits the table by which prompts get their place among topics; lines need a text
`prompt`, each file is one source and all sources weigh the same. The table becomes part of the program when
it is built with it in place of models/embedding-1.bin, and models are trained anew after that.")]
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
    /// Fit the embedding of prompts instead of a model.
    #[arg(long, conflicts_with_all = ["labels", "harvest_ids", "name", "seed", "budget", "ablate"])]
    pub embedding: bool,
    /// Seed of the fit; the same seed and traffic give the same bytes.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// False findings accepted per 1,000 tenant-months; sets the threshold.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub budget: f64,
    /// Also train without each group of features in turn, fit further models, and tell in the card what is found then.
    /// Takes two more passes, and as long as the rest of the fit again.
    #[arg(long, requires = "labels")]
    pub ablate: bool,
    /// End with one line of JSON on stdout.
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub fn run(args: &TrainArgs) -> Result<(), Failure> {
    let inputs = files(&args.inputs)?;
    if args.embedding {
        return fit_embedding(&inputs, args);
    }
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
        ablate: args.ablate,
        source: names(&inputs),
    };
    let progress = Progress::bytes("train");
    progress.say("train, what is usual".to_owned());
    let usual = |tenant: &str| labels.is_customer(tenant);
    let tracers = inputs.iter().map(|input| {
        let tracer = Tracer::new(TRAIN_SECRET);
        let slots = gather(std::slice::from_ref(input), &tracer, &usual, &progress)?;
        Ok(tracer.comparing(slots))
    });
    let tracers = tracers.collect::<Result<Vec<Tracer>, TrainError>>();
    let mut pass = 0;
    let result = tracers.and_then(|tracers| {
        train(&spec, &labels, &mut |sink| {
            pass += 1;
            progress.say(format!("train, pass {pass}"));
            let mut offset = 0;
            (0..).zip(inputs.iter().zip(&tracers)).try_for_each(|(log, (input, tracer))| {
                let input = std::slice::from_ref(input);
                feed(input, ids.as_ref(), tracer, &mut offset, &progress, &mut |told| {
                    sink(&told.iter().map(|told| Told { log, ..half_blind(told) }).collect::<Vec<_>>());
                })
            })
        })
    });
    progress.end();
    let report = result.map_err(|error| match error {
        TrainError::Unwritable { .. } => Failure::Failed(error.to_string()),
        other => Failure::Usage(other.to_string()),
    })?;
    tell(&report, args.json)
}

fn fit_embedding(inputs: &[PathBuf], args: &TrainArgs) -> Result<(), Failure> {
    let progress = Progress::bytes("train --embedding");
    let mut gathered = Gathering::default();
    let read = pass(inputs, Limits::default().max_bytes, |path, lines, (done, total)| {
        let source = path.file_name().unwrap_or_default().to_string_lossy();
        let source = source.split('.').next().unwrap_or_default();
        for line in lines.iter() {
            if let Line::Whole(line) = line
                && let Ok(serde_json::Value::Object(row)) = serde_json::from_slice(line)
                && let Some(serde_json::Value::String(prompt)) = row.get("prompt")
            {
                gathered.take(source, prompt);
            }
        }
        progress.at(done, total);
        Ok::<_, TrainError>(())
    });
    progress.end();
    let report = read.and_then(|()| embedding::fit(&gathered, &args.out)).map_err(|error| match error {
        TrainError::Unwritable { .. } => Failure::Failed(error.to_string()),
        other => Failure::Usage(other.to_string()),
    })?;
    if args.json {
        return stdout::json(&serde_json::json!({
            "file": report.file, "card": report.card, "sha256": report.sha256,
            "texts": report.texts.0, "kept_back": report.texts.1, "own_half_nearer": report.won,
        }));
    }
    stdout::line(&format!(
        "{}: fitted to {} texts, sha256 {}; of {} others, the own half is nearer in {:.3}; card: {}",
        report.file.display(),
        report.texts.0,
        report.sha256,
        report.texts.1,
        report.won,
        report.card.display()
    ))
}

/// Half of the tenants are shown without what tables say of their slots: a model serves operators who have none, too.
fn half_blind<'t>(told: &Told<'t>) -> Told<'t> {
    let mut shown = *told;
    if told.trace.tenant_hash.0 >> 65 & 1 == 1 {
        shown.trace.typicality = Typicality::default();
    }
    shown
}

/// What is usual in the slots of a log; none if it has too little to tell.
pub(super) fn gather(
    inputs: &[PathBuf],
    tracer: &Tracer,
    usual: &(dyn Fn(&str) -> bool + Sync),
    progress: &Progress,
) -> Result<Option<Arc<Slots>>, TrainError> {
    let (mut sampling, mut offset) = (Sampling::default(), 0);
    pass(inputs, Limits::default().max_bytes, |_, batch, (done, total)| {
        read_slots(&numbered(batch, &mut offset), tracer, usual, &mut sampling);
        progress.at(done, total);
        Ok::<_, TrainError>(())
    })?;
    Ok(sampling.tables(tracer).ok().map(Arc::new))
}

/// The lines of a batch with their places in the log.
fn numbered<'b>(batch: &'b LineBatch, offset: &mut i64) -> Vec<(i64, &'b [u8])> {
    let mut lines = Vec::new();
    for line in batch.iter() {
        if let Line::Whole(line) = line {
            lines.push((*offset, line));
        }
        *offset += 1;
    }
    lines
}

/// One pass over the files, in order. Rejects are left out, as everywhere.
pub(super) fn feed(
    inputs: &[PathBuf],
    ids: Option<&HarvestIds>,
    tracer: &Tracer,
    offset: &mut i64,
    progress: &Progress,
    sink: &mut Sink<'_>,
) -> Result<(), TrainError> {
    pass(inputs, Limits::default().max_bytes, |_, batch, (done, total)| {
        let lines = numbered(batch, offset);
        read_lines(&lines, tracer, &|id| HarvestIds::taken(ids, id), sink);
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
