//! `stillwatch replay`: the same fold over files.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::progress::Progress;
use super::{Failure, stdout};
use crate::config::{self, Config};
use crate::knowledge::Knowledge;
use crate::library::{Library, Opened};
use crate::model::Model;
use crate::pipeline::Core;
use crate::record::schema::Format;
use crate::record::time::parse_rfc3339;
use crate::replay::{Control, ReplayError, Spec, replay};
use crate::source::files::FileError;
use crate::trace::slots::Slots;
use crate::units::Millis;
use crate::verdicts::Verdicts;

/// Arguments of `replay`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch replay day.jsonl --findings findings.jsonl
  stillwatch replay logs/ --config stillwatch.toml --scores scores.parquet --threads 4
  stillwatch replay litellm.jsonl --format litellm --findings findings.jsonl
  stillwatch replay dump.jsonl --control control.jsonl --model new.json --model former.json --findings f.jsonl
  stillwatch replay day.jsonl.zst --findings - --tenant acme --from 2026-07-24T00:00:00Z

--from, --to and --tenant choose what is shown: the fold always sees everything, else it would see
something else than `run`. Without --config the hashes are keyed with a public key, and the limits are
the defaults.")]
pub struct ReplayArgs {
    /// Files (.jsonl, .gz, .zst, .parquet) or folders; `-` is stdin.
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Write findings here, one a line; `-` is stdout.
    #[arg(long, value_name = "FILE")]
    pub findings: Option<PathBuf>,
    /// Write one row per scored window here: JSON lines, or Parquet if the name ends in `.parquet`.
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
    /// Model file instead of the configured or built-in one; more that a --control names may follow.
    #[arg(long, value_name = "FILE")]
    pub model: Vec<PathBuf>,
    /// What is known of tenants, one a line, from the first offset on; more that a --control names may follow.
    #[arg(long, value_name = "FILE")]
    pub tenants: Vec<PathBuf>,
    /// What people have decided about findings, one a line, from the first offset on; more that a --control names
    /// may follow.
    #[arg(long, value_name = "FILE")]
    pub verdicts: Vec<PathBuf>,
    /// Records of the control topic, one a line: models, what is known of tenants and verdicts take over where
    /// they did in `run`.
    #[arg(long, value_name = "FILE")]
    pub control: Option<PathBuf>,
    /// How the records are written, instead of the configured `input.format`.
    #[arg(long, value_name = "SCHEMA")]
    pub format: Option<Format>,
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

/// Does it.
pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let mut config = match &args.config {
        Some(path) => config::load_for_replay(path)?.config,
        None => Config::public(),
    };
    super::logs::start(&config.log);
    if let Some(topic) = &args.topic {
        config.kafka.input.clone_from(topic);
    }
    if let Some(format) = args.format {
        config.fold.reading.format = format;
    }
    if let Some(model) = args.model.first() {
        let slots = Slots::beside(model, &config.fold.secret);
        config.fold.slots = slots.map_err(|error| Failure::Model(error.to_string()))?;
    }
    if config.fold.is_public() {
        tracing::info!("no config with a secret: hashes are keyed with a public key");
    }
    let (opened, control) = side_inputs(args, &config)?;
    if args.threads > 0 {
        // fails only where a pool exists already
        rayon::ThreadPoolBuilder::new().num_threads(args.threads).build_global().ok();
    }
    let core = Core::new(&config, Arc::clone(&opened.model), args.partitions);
    let side = Arc::new(opened.side_inputs(&core.tracer));
    let core = core.judging_by(side);
    let spec = Spec {
        inputs: files(&args.inputs)?,
        findings: args.findings.clone(),
        scores: args.scores.clone(),
        dead_letters: args.dead_letters.clone(),
        from: args.from.as_deref().map(|text| time("--from", text)).transpose()?,
        to: args.to.as_deref().map(|text| time("--to", text)).transpose()?,
        tenants: args.tenant.clone(),
        topic: config.kafka.input.clone(),
        partitions: args.partitions,
        control,
    };
    let core = if spec.scores.is_some() { core.keeping_scores() } else { core };
    let progress = Progress::bytes("replay");
    let summary = replay(&spec, &core, &mut |done, total| progress.at(done, total), &mut |_| {});
    progress.end();
    let summary = summary.map_err(failure)?;
    let [created, updated, closed] = summary.findings;
    if args.json {
        stdout::json(&summary.to_json())?;
    } else if !args.writes_to_stdout() {
        let rejected = summary.counts.rejected.total();
        let seconds = summary.seconds;
        stdout::line(&format!(
            "{} records read, {} accepted, {rejected} rejected; {} tenants; findings: {created} created, {updated} updated, {closed} closed; {seconds:.1} s",
            summary.counts.read, summary.counts.accepted, summary.tenants
        ))?;
    }
    if args.fail_on_findings && created > 0 {
        return Err(Failure::Findings(created));
    }
    Ok(())
}

/// What judges, and where something else did.
fn side_inputs(args: &ReplayArgs, config: &Config) -> Result<(Opened, Control), Failure> {
    let mut named = config.clone();
    named.model.path = args.model.first().cloned().or(named.model.path);
    named.tenants.path = args.tenants.first().cloned().or(named.tenants.path);
    named.verdicts.path = args.verdicts.first().cloned().or(named.verdicts.path);
    let mut opened = Library::open(&named)?;
    for path in args.model.iter().skip(1) {
        opened.library.add_model(Arc::new(Model::load(path)?));
    }
    for path in args.tenants.iter().skip(1) {
        let knowledge = Knowledge::load(path).map_err(|error| Failure::Usage(error.to_string()))?;
        opened.library.add_knowledge(Arc::new(knowledge));
    }
    for path in args.verdicts.iter().skip(1) {
        let verdicts = Verdicts::load(path).map_err(|error| Failure::Usage(error.to_string()))?;
        opened.library.add_verdicts(Arc::new(verdicts));
    }
    opened.tell();
    let control = args.control.as_deref().map(|path| Control::read(path, opened.library.clone()));
    let control = control.transpose().map_err(failure)?.unwrap_or_default();
    Ok((opened, control))
}

#[expect(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn failure(error: ReplayError) -> Failure {
    match error {
        ReplayError::Input(FileError::Open { .. }) | ReplayError::Control { .. } => Failure::Usage(error.to_string()),
        ReplayError::Missing(_) => Failure::Model(error.to_string()),
        _ => Failure::Failed(error.to_string()),
    }
}

impl ReplayArgs {
    fn writes_to_stdout(&self) -> bool {
        [&self.findings, &self.scores, &self.dead_letters].into_iter().flatten().any(|path| path.as_os_str() == "-")
    }
}

pub(super) fn time(option: &str, text: &str) -> Result<Millis, Failure> {
    parse_rfc3339(text).or_else(|| text.parse().ok().map(Millis)).ok_or_else(|| {
        Failure::Usage(format!("{option} `{text}` is neither RFC 3339 (2026-07-24T00:00:00Z) nor epoch milliseconds"))
    })
}

/// Folders stand for the log files in them, by name.
pub(super) fn files(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for input in inputs {
        if !input.is_dir() {
            files.push(input.clone());
            continue;
        }
        let entries =
            std::fs::read_dir(input).map_err(|e| Failure::Usage(format!("cannot list {}: {e}", input.display())))?;
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| {
                let name = path.to_string_lossy();
                [".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson", ".parquet"].iter().any(|ending| name.ends_with(ending))
            })
            .collect();
        if found.is_empty() {
            return Err(Failure::Usage(format!(
                "{} holds no .jsonl, .jsonl.gz, .jsonl.zst or .parquet file",
                input.display()
            )));
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}
