//! `stillwatch simulate`: writes simulated traffic and its labels.

use core::cell::Cell;
use core::str::FromStr;
use core::time::Duration;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::progress::Progress;
use super::{Failure, stdout};
use crate::clock::Stopwatch;
use crate::record::time::parse_rfc3339;
use crate::simulate::{
    AttackSpec, Corpora, History, KafkaSink, KafkaTarget, Plan, SimRecord, Sinks, Spec, demo_spec, simulate_plan,
    write_line, write_out,
};
use crate::source::parquet::{EXCHANGE, RowWriter, is_parquet, row_of_line};
use crate::units::Millis;

/// Arguments of `simulate`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch simulate --tenants 500 --days 14 --out calm.jsonl.zst
  stillwatch simulate --tenants 500 --days 14 --attacks default --out traffic.jsonl.zst \\
                      --labels labels.jsonl --harvest-ids harvested.txt
  stillwatch simulate --tenants 500 --days 14 --attacks default --out traffic.parquet
  stillwatch simulate --tenants 500 --days 1 --speed x60 --out kafka://localhost:9092/llm.exchanges
  stillwatch simulate --seed 7 --days 30 --start 2026-10-05 --out history.jsonl.zst
  stillwatch simulate --seed 8 --days 30 --start 2026-11-04 --continues 7 --attacks default --out next.jsonl.zst

Families:
  reasoning_harvest, instruction_sweep, evolved_instructions, judge_farm, agent_trajectories, code_harvest,
  single_domain, logit_extraction, classifier_distillation (or one kind of it: classifier_words,
  classifier_foreign_text, classifier_questions), relay, replayed_reasoning
Evasions:
  paraphrase, translation, script, base64, human, jitter, ramp, shuffle, decoys, chaff, no-metadata,
  camouflage, rotate-ids, multi-turn, drift, frameless, split, replace, probe, tools; with a share
  also stolen")]
pub struct SimulateArgs {
    /// Calm tenants.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub tenants: u32,
    /// Days of traffic.
    #[arg(long, value_name = "D", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
    /// Attackers to plant: `none`, `default` (one in twenty), or a list of
    /// `family=count[@share%][+own][+evasion…]`, such as `judge_farm=3@5%+own+paraphrase,relay=2`.
    #[arg(long, value_name = "SPEC", default_value = "none")]
    pub attacks: String,
    /// Seed; the same seed gives the same bytes.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// First day, such as 2026-10-05, or first moment.
    #[arg(long, value_name = "DATE")]
    pub start: Option<String>,
    /// Go on from the calm log of this seed and as many tenants: most of them stay, some are new, a model is
    /// released, customers grow. That log ends where this one starts.
    #[arg(long, value_name = "SEED")]
    pub continues: Option<u64>,
    /// Days of the log that is continued; as many as of this one if not given.
    #[arg(long, value_name = "D", requires = "continues", value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub history_days: Option<u32>,
    /// Write records here, one a line; `-` is stdout; compressed if the name ends in `.zst`, Parquet if in
    /// `.parquet`; or straight into a topic that exists, as kafka://host:port/topic, with the tenant as key.
    #[arg(long, value_name = "FILE|kafka://…", default_value = "-")]
    pub out: PathBuf,
    /// How fast: `max`, `real` or `xN` times as fast as it happened.
    #[arg(long, default_value = "max")]
    pub speed: Speed,
    /// Write labels here.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Write the ids of harvested exchanges here, one a line.
    #[arg(long, value_name = "FILE")]
    pub harvest_ids: Option<PathBuf>,
    /// Read text from the *.jsonl and *.jsonl.zst of this folder (keys prompt, response, conv, template;
    /// the first 20,000 rows of each), for both sides alike.
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
    /// Exchange words for others of the same frequency, and digits, case, punctuation, script and lengths, for
    /// both sides alike: new text of the same structure.
    #[arg(long)]
    pub randomise: bool,
    /// Only these of its sources, by file name; `built-in` adds the generator's own text.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', requires = "corpus")]
    pub corpora: Vec<String>,
    /// Not these of its sources.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', requires = "corpus")]
    pub without_corpora: Vec<String>,
}

/// Does it.
pub fn run(args: &SimulateArgs) -> Result<(), Failure> {
    let attacks: AttackSpec =
        args.attacks.parse().map_err(|error| Failure::Usage(format!("--attacks {}: {error}", args.attacks)))?;
    let start = match &args.start {
        None => demo_spec(args.seed).start,
        Some(date) => parse_rfc3339(&format!("{date}T00:00:00Z"))
            .or_else(|| parse_rfc3339(date))
            .ok_or_else(|| Failure::Usage(format!("--start {date} is neither a date nor an RFC 3339 time")))?,
    };
    let spec = Spec { tenants: args.tenants as usize, days: f64::from(args.days), attacks, seed: args.seed, start };
    let history = args.continues.map(|seed| History { seed, days: f64::from(args.history_days.unwrap_or(args.days)) });
    let mut plan = Plan { randomise: args.randomise, history, ..Plan::from(spec) };
    if let Some(folder) = &args.corpus {
        let corpora = Corpora::read(folder, &args.corpora, &args.without_corpora);
        plan.corpora = Arc::new(corpora.map_err(|error| Failure::Usage(format!("--corpus: {error}")))?);
    }
    let files = [Some(&args.out), args.labels.as_ref(), args.harvest_ids.as_ref()];
    let mut named = files.into_iter().flatten().filter(|path| !path.starts_with("/dev")).collect::<Vec<_>>();
    named.sort_unstable();
    if let Some(twice) = named.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Failure::Usage(format!("{} is to hold two things: give each its own file", twice[0].display())));
    }
    let mut labels = Beside::open(args.labels.as_deref())?;
    let mut harvest_ids = Beside::open(args.harvest_ids.as_deref())?;
    let mut records = Out::open(&args.out)?;
    let progress = Progress::items("records");
    let pace = Pace { speed: args.speed, clock: Stopwatch::start(), first: Cell::new(None) };
    let mut put = |record: &SimRecord| {
        let early = pace.early(record.ts);
        if !early.is_zero() {
            // whoever reads along is not to wait for a full buffer
            records.flush()?;
            std::thread::sleep(early);
        }
        records.put(record)
    };
    let mut sinks = Sinks { records: &mut put, labels: &mut labels, harvest_ids: &mut harvest_ids };
    let summary = write_out(simulate_plan(&plan), &mut sinks, &mut |done| progress.at(done, done));
    progress.end();
    // who reads along (`| head`) may have enough: what stands beside the records ends whole
    let to_stdout = args.out.as_os_str() == "-";
    let enough = |error: &io::Error| to_stdout && stdout::has_enough(error);
    let beside = [&labels, &harvest_ids].into_iter().find(|beside| beside.failed).and_then(|beside| beside.path);
    let written = match summary {
        Err(error) if beside.is_some() || !enough(&error) => {
            return Err(Failure::unwritable(beside.unwrap_or(&args.out), &error));
        }
        written => written.ok(),
    };
    if let Err(error) = records.finish()
        && !enough(&error)
    {
        return Err(Failure::unwritable(&args.out, &error));
    }
    labels.finish()?;
    harvest_ids.finish()?;
    let Some(summary) = written.filter(|_| !to_stdout) else { return Ok(()) };
    stdout::line(&format!(
        "{} records of {} tenants, {} of them harvesting ({} records); {} bytes",
        summary.records, summary.tenants, summary.attackers, summary.harvested, summary.bytes
    ))
}

/// How fast a log is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As fast as can be.
    Max,
    /// So many times as fast as it happened.
    Times(f64),
}

/// A day in three years: slower than that no clock need count.
const SLOWEST: f64 = 0.001;

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let times =
            text.strip_prefix('x').and_then(|n| n.parse().ok()).filter(|n: &f64| n.is_finite() && *n >= SLOWEST);
        match (text, times) {
            ("max", _) => Ok(Speed::Max),
            ("real", _) => Ok(Speed::Times(1.0)),
            (_, Some(times)) => Ok(Speed::Times(times)),
            _ => Err(format!("neither `max`, `real` nor `xN` with N of {SLOWEST} at least")),
        }
    }
}

/// Holds records back until their time.
struct Pace {
    speed: Speed,
    clock: Stopwatch,
    first: Cell<Option<Millis>>,
}

impl Pace {
    /// How long a record is early.
    fn early(&self, ts: Millis) -> Duration {
        let Speed::Times(times) = self.speed else { return Duration::ZERO };
        let first = self.first.get().unwrap_or(ts);
        self.first.set(Some(first));
        let due = Duration::from_secs_f64(ts.since(first) as f64 / 1_000.0 / times);
        due.saturating_sub(self.clock.elapsed())
    }
}

/// Where records go.
enum Out {
    Sink(Sink),
    Parquet(Box<RowWriter<BufWriter<File>>>),
    Kafka(KafkaSink),
}

impl Out {
    fn open(path: &Path) -> Result<Self, Failure> {
        match KafkaTarget::parse(&path.to_string_lossy()) {
            None if is_parquet(path) => {
                let rows = create(path).and_then(|file| RowWriter::new(file, EXCHANGE));
                rows.map(Box::new).map(Out::Parquet).map_err(|error| Failure::unwritable(path, &error))
            }
            None => Sink::create(path).map(Out::Sink),
            Some(Err(why)) => Err(Failure::Usage(format!("--out: {why}"))),
            Some(Ok(target)) => KafkaSink::open(&target).map(Out::Kafka).map_err(|error| {
                Failure::Kafka(format!("cannot write topic `{}` at {}: {error}", target.topic, target.bootstrap))
            }),
        }
    }

    fn put(&mut self, record: &SimRecord) -> io::Result<()> {
        match self {
            Out::Sink(sink) => write_line(sink, record),
            Out::Parquet(rows) => rows.put(&row_of_line(&record.line)?),
            Out::Kafka(kafka) => kafka.put(record),
        }
    }

    /// What was put can be read from now on, where the form of the file allows that.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Out::Sink(sink) => sink.flush(),
            Out::Parquet(_) | Out::Kafka(_) => Ok(()),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Out::Sink(sink) => sink.finish(),
            Out::Parquet(rows) => rows.finish(),
            Out::Kafka(kafka) => kafka.finish(),
        }
    }
}

/// What is written beside the records, and whether that failed: the error itself names no file.
struct Beside<'p> {
    sink: Sink,
    path: Option<&'p Path>,
    failed: bool,
}

impl<'p> Beside<'p> {
    fn open(path: Option<&'p Path>) -> Result<Self, Failure> {
        let sink = path.map_or(Ok(Sink::Nowhere), Sink::create)?;
        Ok(Beside { sink, path, failed: false })
    }

    fn finish(self) -> Result<(), Failure> {
        let path = self.path.unwrap_or(Path::new("-"));
        self.sink.finish().map_err(|error| Failure::unwritable(path, &error))
    }
}

impl Write for Beside<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes);
        self.failed |= written.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.sink.flush();
        self.failed |= flushed.is_err();
        flushed
    }
}

/// A file, compressed by its name, or stdout, or nowhere.
enum Sink {
    Nowhere,
    Stdout(BufWriter<io::Stdout>),
    Plain(BufWriter<File>),
    Zstd(Box<zstd::Encoder<'static, BufWriter<File>>>),
}

impl Sink {
    fn create(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Sink::Stdout(BufWriter::new(io::stdout())));
        }
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz")) {
            let why = "logs are compressed as .zst, and not as .gz";
            return Err(Failure::Usage(format!("cannot write {}: {why}", path.display())));
        }
        let file = create(path).map_err(|error| Failure::unwritable(path, &error))?;
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("zst")) {
            // Level 3: twice as fast as the simulator, an eighth of the bytes.
            let encoder = zstd::Encoder::new(file, 3).map_err(|error| Failure::unwritable(path, &error))?;
            return Ok(Sink::Zstd(Box::new(encoder)));
        }
        Ok(Sink::Plain(file))
    }

    /// Ends a compressed stream; what is left unsaid until then may fail here.
    fn finish(self) -> io::Result<()> {
        match self {
            Sink::Nowhere => Ok(()),
            Sink::Stdout(mut out) => out.flush(),
            Sink::Plain(mut out) => out.flush(),
            Sink::Zstd(encoder) => encoder.finish()?.flush(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Nowhere => Ok(bytes.len()),
            Sink::Stdout(out) => out.write(bytes),
            Sink::Plain(out) => out.write(bytes),
            Sink::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Stdout(out) => out.flush(),
            Sink::Plain(out) => out.flush(),
            // a flush would end a block and cost size; the end of the stream flushes
            Sink::Nowhere | Sink::Zstd(_) => Ok(()),
        }
    }
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_read() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("real".parse(), Ok(Speed::Times(1.0)));
        assert_eq!("x60".parse(), Ok(Speed::Times(60.0)));
        for wrong in ["", "x", "x0", "x-1", "xinf", "x1e-300", "60", "fast"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn records_wait_for_their_time() {
        let pace = Pace { speed: Speed::Times(100.0), clock: Stopwatch::start(), first: Cell::new(None) };
        assert_eq!(pace.early(Millis(1_000)), Duration::ZERO);
        // an hour later, a hundred times as fast
        let early = pace.early(Millis(3_601_000));
        assert!((Duration::from_secs(30)..=Duration::from_secs(36)).contains(&early), "{early:?}");
    }
}
