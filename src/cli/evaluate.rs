//! `stillwatch evaluate`: how well it detects, on a labelled log, beside the baselines.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::progress::Progress;
use super::replay::files;
use super::train::open;
use super::{Failure, stdout};
use crate::clock::Stopwatch;
use crate::config::Config;
use crate::evaluate::leave_out::{Axis, Training, leave_out};
use crate::evaluate::{EvaluateError, Evaluation, Feed, Spec, Truth, evaluate, report, truth_of};
use crate::model::Model;
use crate::simulate::{self, demo_spec};
use crate::trace::slots::Slots;

/// Days of the log that models are trained on to leave a group out: each is read four times.
const TRAINING_DAYS: u32 = 3;

/// Arguments of `evaluate`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch evaluate --simulate --report report.html
  stillwatch evaluate day.jsonl --labels labels.jsonl --harvest-ids harvested.txt --out tables.json
  stillwatch evaluate --simulate --days 3 --audit
  stillwatch evaluate logs/ --labels labels.jsonl --model mine.json --budget 10
  stillwatch evaluate day.jsonl --labels labels.jsonl --leave-out family \\
                      --train old.jsonl --train-labels old-labels.jsonl --train-harvest-ids old-harvested.txt

Tenants without a label are counted and left out. Without --harvest-ids, what was harvested is read from
the labels' accounts and times. The tables hold no text and no tenant's name.")]
pub struct EvaluateArgs {
    /// Files (.jsonl, .gz, .zst, .parquet) or folders; `-` is stdin.
    #[arg(value_name = "INPUT", required_unless_present = "simulate")]
    pub inputs: Vec<PathBuf>,
    /// Labels, one JSON object a line.
    #[arg(long, value_name = "FILE", required_unless_present = "simulate")]
    pub labels: Option<PathBuf>,
    /// Ids of harvested exchanges, one a line.
    #[arg(long, value_name = "FILE")]
    pub harvest_ids: Option<PathBuf>,
    /// Draw a simulated log instead: 500 innocent and 280 attacking tenants, their controls and twins.
    #[arg(long, conflicts_with_all = ["inputs", "labels", "harvest_ids"])]
    pub simulate: bool,
    /// Days of the simulated log.
    #[arg(long, value_name = "D", default_value_t = 7, conflicts_with = "inputs", value_parser = clap::value_parser!(u32).range(1..=365))]
    pub days: u32,
    /// Seed of the simulated log.
    #[arg(long, default_value_t = 11, conflicts_with = "inputs")]
    pub seed: u64,
    /// Train a model without each family, class or corpus in turn, and judge it on what it never saw.
    #[arg(long, value_name = "WHAT")]
    pub leave_out: Option<LeaveOut>,
    /// Log to train those models on; with --simulate it is drawn.
    #[arg(long, value_name = "FILE", requires = "leave_out", conflicts_with = "simulate")]
    pub train: Vec<PathBuf>,
    /// Its labels.
    #[arg(long, value_name = "FILE", requires = "train")]
    pub train_labels: Option<PathBuf>,
    /// Ids of its harvested exchanges, one a line: lets attackers teach that harvest only in part.
    #[arg(long, value_name = "FILE", requires = "train_labels")]
    pub train_harvest_ids: Option<PathBuf>,
    /// Model file instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// False findings per 1,000 tenant-months that are to be kept.
    #[arg(long, value_name = "B", default_value_t = 1.0)]
    pub budget: f64,
    /// Resamples for each interval.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub bootstrap: u32,
    /// Threads; 0 means one per core. Changes the speed, never a figure.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Write the tables here as JSON.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write one HTML page with plots here; it needs nothing else.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Print every feature and field of the audit, not only the strongest.
    #[arg(long)]
    pub audit: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// What to leave out of the training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LeaveOut {
    /// Attack families.
    Family,
    /// Innocent classes.
    Class,
    /// Sources of text, as labels name them in `corpus`.
    Corpus,
}

/// Does it.
pub fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    if !(args.budget > 0.0 && args.budget.is_finite()) {
        return Err(Failure::Usage(format!("--budget {} is not a positive number", args.budget)));
    }
    if args.threads > 0 {
        // fails only where a pool exists already
        rayon::ThreadPoolBuilder::new().num_threads(args.threads).build_global().ok();
    }
    for path in args.out.iter().chain(&args.report) {
        // minutes later would be late to hear of it
        let opened = OpenOptions::new().append(true).create(true).open(path);
        opened.map_err(|error| Failure::unwritable(path, &error))?;
    }
    let model = Model::of(args.model.as_deref())?;
    let slots = args.model.as_deref().map(|path| Slots::beside(path, &Config::public().fold.secret)).transpose();
    let slots = slots.map_err(|error| Failure::Model(error.to_string()))?.flatten();
    model.accepts(slots.as_deref())?;
    let (feed, truth) = if args.simulate { simulated(args)? } else { given(args)? };
    let watch = Stopwatch::start();
    let spec = Spec { budget: args.budget, bootstrap: args.bootstrap as usize, slots };
    let progress = Progress::steps("evaluate");
    let result = evaluate(&spec, &model, &truth, &feed, &mut |done, total| {
        progress.at(done.saturating_mul(100) / total.max(1), 100);
    });
    progress.end();
    let mut evaluation = result.map_err(|error| failure(&error, args))?;
    if let Some(what) = args.leave_out {
        let axis = what.axis();
        let training = training(args)?;
        let progress = Progress::items("leave out");
        let rows = leave_out(&spec, axis, &training, (&feed, &truth), &mut |done, total| progress.at(done, total));
        progress.end();
        (evaluation.left_out, evaluation.left_out_untrained) = rows.map_err(|error| failure(&error, args))?;
        evaluation.left_out_axis = Some(axis.name());
    }
    write(&evaluation, args)?;
    tell(&format!("evaluated {} records in {:.1} s", evaluation.counts.read, watch.seconds()));
    Ok(())
}

/// Logs and labels from files.
fn given(args: &EvaluateArgs) -> Result<(Feed, Truth), Failure> {
    let Some(labels) = &args.labels else {
        return Err(Failure::Usage("--labels is needed".into()));
    };
    let truth = truth(labels, args.harvest_ids.as_deref())?;
    Ok((Feed::Files(files(&args.inputs)?), truth))
}

/// What is known of a log.
fn truth(labels: &Path, ids: Option<&Path>) -> Result<Truth, Failure> {
    let mut truth = Truth::read(open(labels)?).map_err(|error| in_file(labels, &error))?;
    if let Some(ids) = ids {
        truth.read_harvest_ids(open(ids)?).map_err(|error| in_file(ids, &error))?;
    }
    Ok(truth)
}

/// What the models are trained on that lack a group.
fn training(args: &EvaluateArgs) -> Result<Training, Failure> {
    const SEED: u64 = 7;
    if args.simulate {
        // another seed shares no tenant and no text
        let spec = world(args.seed.wrapping_add(1), TRAINING_DAYS)?;
        let truth = truth_of(&spec).map_err(|error| Failure::Failed(error.to_string()))?;
        return Ok(Training { feed: Feed::Simulated(spec), truth, seed: SEED });
    }
    let (Some(labels), false) = (&args.train_labels, args.train.is_empty()) else {
        return Err(Failure::Usage("--leave-out needs --train and --train-labels".into()));
    };
    let truth = truth(labels, args.train_harvest_ids.as_deref())?;
    Ok(Training { feed: Feed::Files(files(&args.train)?), truth, seed: SEED })
}

/// Twenty attackers of each family, from all of a tenant to 1 % of it, a twin for each, a control for each
/// diluted one, and 500 further innocent tenants.
fn world(seed: u64, days: u32) -> Result<simulate::Spec, Failure> {
    const TURNS: [(&str, usize); 7] =
        [("", 8), ("@50%", 2), ("@20%+own", 2), ("@10%", 3), ("@5%", 2), ("@5%+own", 1), ("@1%", 2)];
    let mut attacks = Vec::new();
    for family in simulate::Family::ALL {
        attacks.extend(TURNS.iter().map(|(share, count)| format!("{}={count}{share}", family.name())));
    }
    let pure = 10 * TURNS[0].1;
    let attackers = 10 * TURNS.iter().map(|(_, count)| count).sum::<usize>();
    let attacks = attacks.join(",").parse().map_err(|error| Failure::Failed(format!("attacks: {error}")))?;
    Ok(simulate::Spec {
        tenants: 500 + 2 * attackers + (attackers - pure),
        days: f64::from(days),
        attacks,
        seed,
        start: demo_spec(seed).start,
    })
}

fn simulated(args: &EvaluateArgs) -> Result<(Feed, Truth), Failure> {
    let spec = world(args.seed, args.days)?;
    let truth = truth_of(&spec).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok((Feed::Simulated(spec), truth))
}

impl LeaveOut {
    fn axis(self) -> Axis {
        match self {
            LeaveOut::Family => Axis::Family,
            LeaveOut::Class => Axis::Class,
            LeaveOut::Corpus => Axis::Corpus,
        }
    }
}

fn write(evaluation: &Evaluation, args: &EvaluateArgs) -> Result<(), Failure> {
    let json = report::json(evaluation).map_err(|error| Failure::Failed(format!("tables as JSON: {error}")))?;
    // what took minutes is told before a file that can't be written ends it
    if args.json {
        stdout::json(&json)?;
    } else {
        stdout::text(&report::text::text(evaluation, args.audit))?;
    }
    if let Some(path) = &args.out {
        save(path, &format!("{json:#}\n"))?;
    }
    args.report.as_ref().map_or(Ok(()), |path| save(path, &report::html::page(evaluation)))
}

fn save(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure::unwritable(path, &error))
}

fn in_file(path: &Path, error: &EvaluateError) -> Failure {
    Failure::Usage(format!("{}: {error}", path.display()))
}

fn failure(error: &EvaluateError, args: &EvaluateArgs) -> Failure {
    match error {
        EvaluateError::Input(crate::source::files::FileError::Open { .. }) => Failure::Usage(error.to_string()),
        EvaluateError::NothingLabelled { .. } => {
            let labels = args.labels.as_deref().map_or_else(String::new, |path| format!("{}: ", path.display()));
            Failure::Usage(format!("{labels}{error}"))
        }
        EvaluateError::Model(error) => Failure::Model(error.to_string()),
        _ => Failure::Failed(error.to_string()),
    }
}

/// A line on stderr: how long it took is no result.
fn tell(line: &str) {
    use std::io::Write;
    // nothing is left to do when stderr is gone
    drop(writeln!(std::io::stderr(), "{line}"));
}
