//! Prints the ratios of the performance table that can be measured today.
//!
//! ```text
//! cargo bench --bench end_to_end                       all rows; the last needs Kafka (java and mvn)
//! cargo bench --bench end_to_end -- --records 500000   the long form of the last row
//! cargo bench --bench end_to_end -- --only core        without Kafka
//! ```
//!
//! Every figure is a ratio of two sides measured in turns in this one run; medians over rounds. The raw
//! numbers go to `benches/runs/<date>/end_to_end.json`. Nothing here can fail for being slow.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a benchmark: it fails by panicking, talks on stdout, and has no outside"
)]

mod machine;
mod measure;
mod corpus;
mod floors;
mod core;
mod replay;
mod kafka;
mod scrape;
mod live;
mod table;

// The broker, and how to fill it, from the tests; not all of it is needed here.
#[allow(dead_code, reason = "written for the tests")]
#[path = "../../tests/kafka/broker.rs"]
mod broker;
#[allow(dead_code, reason = "written for the tests")]
#[path = "../../tests/kafka/fill.rs"]
mod fill;
#[path = "../../tests/kafka/port.rs"]
mod port;
#[allow(dead_code, reason = "written for the tests")]
#[path = "../../tests/kafka/process.rs"]
mod process;
#[allow(dead_code, reason = "written for the tests")]
#[path = "../../tests/kafka/topics.rs"]
mod topics;
#[path = "../../tests/kafka/wait.rs"]
mod wait;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use corpus::Corpus;
use table::Table;

/// What to measure.
#[derive(Debug, Parser)]
struct Args {
    /// Rounds of each pair; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Simulated records of the rows without Kafka.
    #[arg(long, default_value_t = 20_000)]
    corpus: usize,
    /// Tenants of the larger side of the row on tenants.
    #[arg(long, default_value_t = 100_000)]
    tenants: usize,
    /// Records in the topic of the live row.
    #[arg(long, default_value_t = 100_000)]
    records: usize,
    /// Rounds of the live row.
    #[arg(long, default_value_t = 3)]
    live_rounds: usize,
    /// Only the rows without Kafka, or only those with.
    #[arg(long)]
    only: Option<Part>,
    /// Day of the run; today without it.
    #[arg(long)]
    date: Option<String>,
    /// Folder of raw numbers.
    #[arg(long, default_value = "benches/runs")]
    out: PathBuf,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Core,
    Live,
}

fn main() {
    let args = Args::parse();
    let corpus = Corpus::simulated(args.corpus);
    let mut table = Table::new(args.date.as_deref(), &corpus);
    println!("{} records of {:.0} B on average", corpus.len(), corpus.mean_bytes());
    if args.only != Some(Part::Live) {
        core::against_floors(&corpus, args.rounds, &mut table);
        replay::against_parse(&corpus, args.rounds, &mut table);
        core::threads(&corpus, args.rounds, &mut table);
        core::tenants(&corpus, args.tenants, args.rounds.min(3), &mut table);
        table.take_allocations(&args.out);
    }
    if args.only != Some(Part::Core) {
        table.write(&args.out).ok(); // what is measured stays if a broker fails
        live::rows(&corpus, args.records, args.live_rounds, &mut table);
    }
    println!("{}", table.text());
    match table.write(&args.out) {
        Ok(file) => println!("raw numbers: {}", file.display()),
        Err(error) => println!("raw numbers are not kept: {error}"),
    }
}
