//! Compares ways to gather evidence on calm workloads of 10,000 exchanges and on harvests.
//!
//! ```text
//! cargo bench --bench evidence                    three minutes on two cores
//! cargo bench --bench evidence -- --operators 2   a glimpse
//! ```
//!
//! ```text
//!  simulator ─► fold with the shipped model ─scores of all decisions─► accumulators ─► thresholds on one half of the
//!                                                                                     tenants, shares on the other
//! ```
//!
//! Simulated operators, each with words of its own; the same bytes every time. Raw numbers go to
//! `benches/runs/<date>/evidence.json`. Nothing here can fail for being worse.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a benchmark: it fails by panicking, talks on stdout, and has no outside"
)]

mod accumulate;
mod gather;
mod judge;

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use clap::Parser;
use serde_json::json;
use stillwatch::record::time::format_rfc3339;
use stillwatch::units::Millis;

use accumulate::Method;
use gather::History;
use judge::{HORIZONS, NOMINAL, Outcome, Part};

/// What to simulate.
#[derive(Debug, Parser)]
struct Args {
    /// Simulated operators of calm tenants; a third as many have harvests.
    #[arg(long, default_value_t = 12)]
    operators: u64,
    /// Calm tenants of each.
    #[arg(long, default_value_t = 80)]
    tenants: usize,
    /// Days of each, so that many tenants reach 10,000 exchanges.
    #[arg(long, default_value_t = 120.0)]
    days: f64,
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

fn main() {
    let args = Args::parse();
    let began = Instant::now();
    let calm = gather::calm(args.operators, args.tenants, args.days);
    let harvests = gather::harvests(args.operators.div_ceil(3));
    let half = |histories: &[History]| histories.iter().filter(|history| history.teaches).count();
    println!(
        "{} calm tenants of {} exchanges ({} set thresholds), {} harvests ({} teach); {:.0} s",
        calm.len(),
        gather::MOST,
        half(&calm),
        harvests.len(),
        half(&harvests),
        began.elapsed().as_secs_f64()
    );
    let learned = judge::learn(&calm, &harvests);
    let outcomes = Method::ALL.map(|method| judge::judge(method, &learned, &calm, &harvests));
    println!("\n{}\n{}", found(&outcomes), growth(&outcomes));

    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_millis() as i64);
    let date = args.date.unwrap_or_else(|| format_rfc3339(Millis(now)).chars().take(10).collect());
    let dir = args.out.join(&date);
    std::fs::create_dir_all(&dir).expect("a folder for raw numbers");
    let size = json!({"operators": args.operators, "tenants": args.tenants, "days": args.days, "calm": calm.len(), "harvests": harvests.len()});
    let all = json!({
        "date": date, "size": size, "outcomes": outcomes,
        "learned": {"edges": learned.edges, "ratios": learned.ratios, "offset": learned.params},
    });
    let text = serde_json::to_string_pretty(&all).expect("JSON") + "\n";
    std::fs::write(dir.join("evidence.json"), text).expect("raw numbers");
    println!("raw numbers: {}; {:.0} s", dir.join("evidence.json").display(), began.elapsed().as_secs_f64());
}

/// Thresholds set within 10,000 exchanges: false ones on the other half, harvests found, and when.
fn found(outcomes: &[Outcome]) -> String {
    let head = "| evidence | nominal | calm found (95 %) | pure harvests found, after | in part, after |\n|---|---|---|---|---|\n";
    let row = |row: usize, outcome: &Outcome| {
        let at = &outcome.at[row];
        let (pure, in_part) = (share(&at.pure), share(&at.in_part));
        let (name, nominal, calm) = (outcome.method, at.nominal * 100.0, interval(&at.calm));
        format!(
            "| {name} | {nominal} % | {calm} | {pure}{} | {in_part}{} |\n",
            after(at.before),
            after(at.before_in_part)
        )
    };
    let rows = (0..NOMINAL.len()).flat_map(|place| outcomes.iter().map(move |outcome| row(place, outcome)));
    std::iter::once(head.to_owned()).chain(rows).collect()
}

/// A threshold set within 1,000 exchanges, and what becomes of it.
fn growth(outcomes: &[Outcome]) -> String {
    let head = format!(
        "| evidence, {} % within {} | {} | pure harvests found |\n|---|---|---|---|---|\n",
        NOMINAL[1] * 100.0,
        HORIZONS[1],
        HORIZONS.map(|within| format!("calm found within {within}")).join(" | "),
    );
    let row = |outcome: &Outcome| {
        let parts: Vec<String> = outcome.growth.iter().map(interval).collect();
        format!("| {} | {} | {} |\n", outcome.method, parts.join(" | "), share(&outcome.growth_pure))
    };
    std::iter::once(head).chain(outcomes.iter().map(row)).collect()
}

fn share(part: &Part) -> String {
    format!("{}/{}, {:.0} %", part.hits, part.all, 100.0 * part.hits as f64 / part.all.max(1) as f64)
}

fn interval(part: &Part) -> String {
    let value = 100.0 * part.hits as f64 / part.all.max(1) as f64;
    format!("{value:.1} % [{:.1}, {:.1}]", 100.0 * part.low, 100.0 * part.high)
}

fn after(before: Option<u32>) -> String {
    before.map_or(String::new(), |before| format!(", {before}"))
}
