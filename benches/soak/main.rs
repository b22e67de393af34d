//! What only time and a real Kafka show: instances come, go and are killed under a steady load.
//!
//! ```text
//! cargo bench --bench soak                                   two minutes and a half, 250 records/s
//! cargo bench --bench soak -- --minutes 60 --rate 250        an hour
//! ```
//!
//! Needs Kafka (java and mvn, or `STILLWATCH_TEST_BOOTSTRAP`). The program ends with 1 if a finding is lost or
//! repeated, or an instance ends that nobody ended; nothing else fails it. The raw numbers go to
//! `benches/runs/<date>/soak.json`.

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

use clap::Parser;
use serde::Serialize;
use serde_json::{Value, json};

/// How long, how much, how disturbed.
#[derive(Debug, Parser, Serialize)]
pub struct Args {
    /// Minutes of load.
    #[arg(long, default_value_t = 2.5)]
    minutes: f64,
    /// Records a second.
    #[arg(long, default_value_t = 250)]
    rate: u64,
    /// Of the traffic and of the schedule.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Simulated calm tenants.
    #[arg(long, default_value_t = 300)]
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

fn main() -> ExitCode {
    let args = Args::parse();
    let broker = match kafka::a_broker() {
        Ok(broker) => broker,
        Err(why) => {
            println!("not measured: {why}");
            return ExitCode::FAILURE;
        }
    };
    let (held, result) = steady::soak(&args, broker.bootstrap());
    match keep(&args, "soak.json", &result) {
        Ok(file) => println!("raw numbers: {}", file.display()),
        Err(error) => println!("raw numbers are not kept: {error}"),
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes what was measured beside the date, the machine and the arguments.
fn keep(args: &Args, name: &str, result: &Value) -> std::io::Result<PathBuf> {
    let date = args.date.clone().unwrap_or_else(machine::today);
    let dir = args.out.join(&date);
    std::fs::create_dir_all(&dir)?;
    let file = dir.join(name);
    let all = json!({"date": date, "machine": machine::machine(), "arguments": args, "result": result});
    std::fs::write(&file, serde_json::to_string_pretty(&all)? + "\n")?;
    Ok(file)
}
