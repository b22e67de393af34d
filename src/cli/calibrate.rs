//! `stillwatch calibrate`: fits a model to an operator's own history.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::progress::Progress;
use super::replay::files;
use super::train::{feed, gather, open};
use super::{Failure, stdout};
use crate::calibrate::{
    CalibrateError, CalibrateSpec, Correction, Outcome, Review, Written, calibrate, figures, write,
};
use crate::config::{self, FoldConfig};
use crate::model::Model;
use crate::record::time::format_rfc3339;
use crate::source::pass::names;
use crate::trace::Tracer;
use crate::trace::slots::Slots;

/// Arguments of `calibrate`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch calibrate history.jsonl.zst --budget 10 --out calibrated
  stillwatch calibrate history/ --budget 10 --out calibrated --reviewed reviewed.jsonl
  stillwatch replay today.jsonl --model calibrated/calibrated.json

The history is some weeks of ordinary traffic, harvesters left out if any are known. Look at
calibrated/suspects.jsonl, add \"verdict\":\"harvest\" or \"calm\" to the lines you have looked into, and give them
back with --reviewed: an unnoticed harvester among them makes the guaranteed threshold deaf.

Where two weeks or more have the tenant-months that the budget needs and differ by more than chance (a release day
moves everyone at once), the most severe week's threshold is used.

A budget of 1 false finding per 1,000 tenant-months needs 999 tenant-months of history, 3 needs 333, 10 needs 99.")]
pub struct CalibrateArgs {
    /// Files (.jsonl, .gz, .zst) or folders with the operator's history.
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// False findings accepted per 1,000 tenant-months.
    #[arg(long, value_name = "N")]
    pub budget: f64,
    /// Folder for the model, its card, the suspects and the figures.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// What became of suspects: JSON lines with `tenant` and `verdict` (harvest or calm).
    #[arg(long, value_name = "FILE")]
    pub reviewed: Option<PathBuf>,
    /// Leave the model's trees as they are; fit what is usual and the threshold alone.
    #[arg(long)]
    pub no_adapt: bool,
    /// Correct the trees by your calm tenants alone, without harvests composed of your own prompts.
    #[arg(long, conflicts_with = "no_adapt")]
    pub no_spikes: bool,
    /// Which threshold the model gets.
    #[arg(long, value_enum, default_value_t = Which::Guaranteed)]
    pub threshold: Which,
    /// Config whose `fold.secret` keys the tables of slots; without it the public key that `replay` has.
    #[arg(long, short = 'c', value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Tables of slots to go by, instead of new ones: a fold that runs with them goes on.
    #[arg(long, value_name = "FILE")]
    pub slots: Option<PathBuf>,
    /// Model to start from; without it, the one inside the binary.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Name of the new model in findings.
    #[arg(long, value_name = "NAME", default_value = "calibrated")]
    pub name: String,
    /// Seed; the same seed, model, review and history give the same bytes.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// End with one line of JSON on stdout.
    #[arg(long)]
    pub json: bool,
}

/// A threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Holds the budget whoever is in the history; deaf if a harvester is.
    Guaranteed,
    /// From the tail below the suspects, extrapolated.
    Modelled,
}

/// Does it.
pub fn run(args: &CalibrateArgs) -> Result<(), Failure> {
    if !(args.budget > 0.0 && args.budget <= 500.0) {
        return Err(Failure::Usage(format!("--budget {} is not above 0 and at most 500", args.budget)));
    }
    crate::train::check_name(&args.name).map_err(|error| Failure::Usage(error.to_string()))?;
    let inputs = files(&args.inputs)?;
    let review = match &args.reviewed {
        Some(path) => Review::read(open(path)?).map_err(|e| Failure::Usage(format!("{}: {e}", path.display())))?,
        None => Review::default(),
    };
    let secret = match &args.config {
        Some(path) => config::load_for_replay(path)?.config.fold.secret,
        None => FoldConfig::public_secret(),
    };
    let (shipped, taught) = (Model::body(args.model.as_deref())?, Model::taught(args.model.as_deref())?);
    let spec = CalibrateSpec {
        out: args.out.clone(),
        name: args.name.clone(),
        budget: args.budget,
        seed: args.seed,
        correction: match (args.no_adapt, args.no_spikes) {
            (true, _) => Correction::None,
            (false, true) => Correction::Calm,
            (false, false) => Correction::CalmAndSpikes,
        },
        modelled: args.threshold == Which::Modelled,
        source: names(&inputs),
        slots: None,
    };
    let progress = Progress::bytes("calibrate");
    progress.say("calibrate, what is usual".to_owned());
    let tracer = Tracer::new(&secret);
    let slots = match &args.slots {
        Some(path) => Some(Arc::new(Slots::load(path, &secret).map_err(|e| Failure::Usage(e.to_string()))?)),
        None => gather(&inputs, &tracer, &|tenant| !review.is_harvest(tenant), &progress)
            .map_err(|error| Failure::Usage(error.to_string()))?,
    };
    let spec = CalibrateSpec { slots: slots.clone(), ..spec };
    let (tracer, mut pass) = (tracer.comparing(slots), 0);
    let outcome = calibrate(&spec, &shipped, &taught, &review, &mut |sink| {
        pass += 1;
        progress.say(format!("calibrate, pass {pass} of 3"));
        feed(&inputs, None, &tracer, &mut 0, &progress, sink)
    });
    progress.end();
    let outcome = outcome.map_err(failure)?;
    let written = write(&spec, &outcome).map_err(failure)?;
    if args.json {
        return stdout::json(&figures(&spec, &outcome, &written.sha256));
    }
    tell(&spec, &outcome, &written)
}

fn failure(error: CalibrateError) -> Failure {
    match error {
        CalibrateError::Unwritable { .. } => Failure::Failed(error.to_string()),
        CalibrateError::Model(error) => Failure::Model(error.to_string()),
        other => Failure::Usage(other.to_string()),
    }
}

fn tell(spec: &CalibrateSpec, outcome: &Outcome, written: &Written) -> Result<(), Failure> {
    let Outcome { needed, thresholds, .. } = outcome;
    let confident = if outcome.months >= needed.confident as f64 { "held" } else { "not yet held" };
    let of_whole = outcome.weeks.in_use().is_none();
    let used = |modelled: bool| if of_whole && modelled == spec.modelled { " (in use)" } else { "" };
    stdout::text(&format!(
        "history      {} tenants, {:.1} tenant-months\n\
         budget       {} per 1,000 tenant-months: needs {} tenant-months on average, {} with 95 % confidence ({confident})\n\
         threshold    guaranteed {:.3}{}, modelled {:.3}{}\n\
         days         {}\n\
         weeks        {}\n\
         slots        {}\n\
         reviewed     {} harvesters removed, {} found calm\n",
        outcome.tenants,
        outcome.months,
        spec.budget,
        needed.average,
        needed.confident,
        thresholds.guaranteed,
        used(false),
        thresholds.modelled,
        used(true),
        outcome.days.says(),
        outcome.weeks.says(spec.budget),
        spec.slots.as_ref().map_or_else(
            || "too few prompts to tell what is usual in them".to_owned(),
            |slots| format!(
                "what is usual in all, and under {} templates and system prompts of several customers",
                slots.groups()
            ),
        ),
        outcome.reviewed.0,
        outcome.reviewed.1,
    ))?;
    for (number, week) in (1..).zip(&outcome.weeks.all) {
        let own = week.thresholds.map_or_else(
            || "too little for a threshold of its own".to_owned(),
            |own| format!("guaranteed {:.3}, modelled {:.3}", own.guaranteed, own.modelled),
        );
        stdout::line(&format!(
            "  week {number:<3} from {}  {:>6.1} tenant-months, {} of {} tenants in the highest tenth; {own}",
            format_rfc3339(week.begins),
            week.months,
            week.high,
            week.tenants,
        ))?;
    }
    if outcome.weeks.in_use().is_some() {
        stdout::line(&format!("threshold in use: {:.3}, the most severe week's", outcome.body.threshold))?;
    }
    stdout::line(
        "\nharvests made of this history's own prompts, found at that threshold by models that saw neither tenant nor harvest",
    )?;
    for row in &outcome.recall {
        let kind = row.kind.replace('_', " ");
        stdout::line(&format!("  {kind:<12} {:>3} %  {:>4} of {:<4}", row.percent, row.found, row.made))?;
    }
    stdout::line(&format!("\nsuspects: look into them, the strongest first (all in {})", written.suspects.display()))?;
    for suspect in outcome.suspects.iter().take(10) {
        stdout::line(&format!("  {:<32} {:.2}", suspect.tenant, suspect.evidence))?;
        for reason in &suspect.reasons {
            stdout::line(&format!("      {reason}"))?;
        }
    }
    stdout::line(&format!("\nmodel {} ({}), card {}", written.model.display(), written.sha256, written.card.display()))
}
