//! What only time, load and a real Kafka show.
//!
//! ```text
//! cargo bench --bench soak                                  instances come, go and are killed for two and a half minutes
//! cargo bench --bench soak -- --minutes 60 --rate 250       for an hour
//! cargo bench --bench soak -- --mode burst --rate 3000      ten times the rate for 20 s, and the backlog's end
//! cargo bench --bench soak -- --mode tenants                memory, state and restart of a million tenants
//! ```
//!
//! Needs Kafka (java and mvn, or `STILLWATCH_TEST_BOOTSTRAP`). The program ends with 1 if a finding is lost or repeated,
//! an instance ends that nobody ended, or a memory limit is not kept or not counted; no time and no ratio fails it. The
//! raw numbers go to `benches/runs/<date>/`: `soak.json`, `burst.json`, `tenants.json`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a benchmark: it fails by panicking, talks on stdout, and has no outside"
)]

mod setup;
mod load;
mod watch;
mod fleet;
mod schedule;
mod steady;
mod verdict;
mod burst;
mod tenants;

// Where, when and how fast, from the other benchmark.
#[path = "../end_to_end/kafka.rs"]
mod kafka;
#[path = "../end_to_end/machine.rs"]
mod machine;
#[allow(dead_code, reason = "written for the other benchmark")]
#[path = "../end_to_end/measure.rs"]
mod measure;
#[path = "../end_to_end/scrape.rs"]
mod scrape;

// The broker, the instances and what their outputs must be, from the tests.
#[allow(dead_code, reason = "written for the tests")]
#[path = "../../tests/kafka/broker.rs"]
mod broker;
#[allow(dead_code, reason = "written for the tests")]
#[path = "../../tests/kafka/fill.rs"]
mod fill;
#[allow(dead_code, reason = "written for the tests")]
#[path = "../../tests/kafka/instance.rs"]
mod instance;
#[allow(dead_code, reason = "written for the tests")]
#[path = "../../tests/kafka/outputs.rs"]
mod outputs;
#[path = "../../tests/kafka/port.rs"]
mod port;
#[allow(dead_code, reason = "written for the tests")]
#[path = "../../tests/kafka/process.rs"]
mod process;
#[allow(dead_code, reason = "written for the tests")]
#[path = "../../tests/kafka/read.rs"]
mod read;
#[allow(dead_code, reason = "written for the tests")]
#[path = "../../tests/kafka/topics.rs"]
mod topics;
#[path = "../../tests/kafka/wait.rs"]
mod wait;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};

/// How long, how much, how disturbed.
#[derive(Debug, Parser, Serialize)]
pub struct Args {
    /// What to do.
    #[arg(long, default_value = "soak")]
    mode: Mode,
    /// Minutes of load.
    #[arg(long, default_value_t = 2.5)]
    minutes: f64,
    /// Records a second; 250 if not given, 3,000 before and after a burst.
    #[arg(long)]
    rate: Option<u64>,
    /// Seconds of a burst.
    #[arg(long, default_value_t = 20)]
    burst_seconds: u64,
    /// Rounds of the mode `burst`; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Tenants of the mode `tenants`.
    #[arg(long, default_value_t = 1_000_000)]
    many: usize,
    /// Of the traffic and of the schedule.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Simulated calm tenants. A hundred write 250 records a second for an hour within 47 days of their time: a finding
    /// holds for 30 days before it can close.
    #[arg(long, default_value_t = 100)]
    tenants: usize,
    /// Partitions of the input.
    #[arg(long, default_value_t = 6)]
    partitions: i32,
    /// Day of the run; today without it.
    #[arg(long)]
    date: Option<String>,
    /// Folder of raw numbers.
    #[arg(long, default_value = "benches/runs")]
    #[serde(skip)]
    out: PathBuf,
    /// Given by cargo.
    #[arg(long, hide = true)]
    #[serde(skip)]
    bench: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Soak,
    Burst,
    Tenants,
}

impl Args {
    fn rate(&self) -> u64 {
        self.rate.unwrap_or(if matches!(self.mode, Mode::Burst) { 3_000 } else { 250 })
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let broker = match kafka::a_broker() {
        Ok(broker) => broker,
        Err(why) => {
            println!("not measured: {why}");
            return ExitCode::FAILURE;
        }
    };
    let (held, result) = match args.mode {
        Mode::Soak => steady::soak(&args, broker.bootstrap()),
        Mode::Burst => burst::burst(&args, broker.bootstrap()),
        Mode::Tenants => tenants::tenants(&args, broker.bootstrap()),
    };
    match keep(&args, &result) {
        Ok(file) => println!("raw numbers: {}", file.display()),
        Err(error) => println!("raw numbers are not kept: {error}"),
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes what was measured beside the date, the machine and the arguments.
fn keep(args: &Args, result: &Value) -> std::io::Result<PathBuf> {
    let date = args.date.clone().unwrap_or_else(machine::today);
    let dir = args.out.join(&date);
    std::fs::create_dir_all(&dir)?;
    let name = serde_json::to_value(args.mode)?;
    let file = dir.join(format!("{}.json", name.as_str().unwrap_or("soak")));
    let all = json!({"date": date, "machine": machine::machine(), "arguments": args, "result": result});
    std::fs::write(&file, serde_json::to_string_pretty(&all)? + "\n")?;
    Ok(file)
}
