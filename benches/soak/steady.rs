//! The soak: a steady load, and a fleet that is disturbed all along.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use crate::Args;
use crate::fleet::{End, Fleet, LOOK_EVERY, Life};
use crate::load::{Load, simulated};
use crate::schedule::{ANCHOR, Act, Happened, SEATS, Schedule};
use crate::setup::setup;
use crate::verdict::Verdict;
use crate::wait;
use crate::watch::Watch;

/// A line is printed as often.
const LINE_EVERY: f64 = 30.0;
/// Resident memory may be so much more at an instance's end than after its warm-up.
const FLAT: f64 = 1.25;

/// A printed line.
#[derive(Debug, Serialize)]
struct Line {
    seconds: f64,
    written: u64,
    lag: i64,
    most_lag: i64,
    findings: usize,
    repeated: u64,
    transactions: f64,
    rss: std::collections::BTreeMap<&'static str, f64>,
}

/// Runs it: whether nothing was lost or repeated, and all numbers.
pub fn soak(args: &Args, bootstrap: &str) -> (bool, Value) {
    let seconds = args.minutes * 60.0;
    let setup = setup(bootstrap, "soak", args.partitions);
    let names = &setup.names;
    let begin = Instant::now();
    let mut fleet = Fleet::new(&setup, begin);
    for seat in [ANCHOR, SEATS[0], SEATS[1]] {
        fleet.join(seat);
    }
    fleet.ready();
    let mut watch = Watch::new(bootstrap, names, args.partitions);
    let (seed, tenants, partitions) = (args.seed, args.tenants, args.partitions);
    let records = (seconds * args.rate() as f64) as u64;
    let load = Load::start(bootstrap, &names.input, args.rate(), move || simulated(seed, tenants, partitions, records));
    let mut schedule = Schedule::new(args.seed, seconds, args.rate());
    let lines = watch_over(seconds, &begin, &mut fleet, &mut watch, &load, &mut schedule);

    let written = load.finish();
    let stopped = begin.elapsed().as_secs_f64();
    wait::until("the group to catch up", Duration::from_secs(300), String::new, || {
        fleet.look();
        (watch.lag()? == 0).then_some(())
    });
    let caught_up = begin.elapsed().as_secs_f64() - stopped;
    println!("{written} records written; caught up {caught_up:.1} s after the last one");
    let cpu = fleet.cpu();
    let (transactions, lives) = (fleet.transactions(), fleet.finish());
    let (seen, repeated) = watch.findings();
    let verdict = Verdict::of(bootstrap, &setup);
    verdict.print();
    let memory = memory(&lives, seconds);
    let recovery = recovery(&schedule.happened);
    println!(
        "CPU of all instances: {cpu:.0} s of {:.0} s, {:.0} s a million records; {transactions:.0} transactions",
        begin.elapsed().as_secs_f64(),
        cpu / written as f64 * 1e6
    );
    let by_itself = lives.iter().filter(|life| life.end == End::ByItself).count();
    let held = verdict.holds() && repeated == 0 && seen == verdict.expected && by_itself == 0;
    println!("{}", if held { "held: nothing lost, nothing repeated" } else { "FAILED" });
    let result = json!({
        "held": held, "written": written, "caught_up_seconds": caught_up, "verdict": verdict, "memory": memory,
        "recovery": recovery, "cpu_seconds": cpu, "transactions": transactions, "events": schedule.happened,
        "instances": lives, "lines": lines,
    });
    (held, result)
}

/// The run itself: what was printed.
fn watch_over(
    seconds: f64,
    begin: &Instant,
    fleet: &mut Fleet<'_>,
    watch: &mut Watch,
    load: &Load,
    schedule: &mut Schedule,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut lag, mut most_lag, mut line_at) = (0, 0, LINE_EVERY);
    loop {
        let now = begin.elapsed().as_secs_f64();
        if seconds <= now {
            return lines;
        }
        schedule.act(now, fleet);
        if let Some(seen) = watch.lag() {
            lag = seen;
            most_lag = lag.max(most_lag);
            schedule.note(begin.elapsed().as_secs_f64(), lag);
        }
        fleet.look();
        if line_at <= now {
            line_at += LINE_EVERY;
            let (findings, repeated) = watch.findings();
            let (written, transactions, rss) = (load.written(), fleet.transactions(), fleet.rss());
            let line = Line { seconds: now, written, lag, most_lag, findings, repeated, transactions, rss };
            line.print();
            lines.push(line);
            most_lag = 0;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

impl Line {
    fn print(&self) {
        let rss: Vec<String> = self.rss.iter().map(|(name, rss)| format!("{name} {rss:.0}")).collect();
        println!(
            "{:>7.0} s  lag {:>6} (most {:>6})  RSS {} MB  {} records  {} findings, {} twice  {:.0} transactions",
            self.seconds,
            self.lag,
            self.most_lag,
            rss.join(" "),
            self.written,
            self.findings,
            self.repeated,
            self.transactions
        );
    }
}

/// Memory of those that lived for half of the run or longer.
fn memory(lives: &[Life], seconds: f64) -> Value {
    let mut rows = Vec::new();
    for life in lives.iter().filter(|life| seconds / 2.0 <= life.to - life.from) {
        let ratio = life.rss_end / life.rss_warm;
        let verdict = if ratio <= FLAT { "met" } else { "MISSED" };
        println!(
            "memory of {}: {:.1} MB at its end ÷ {:.1} MB after warm-up = {ratio:.3}, must ≤ {FLAT} ({verdict}); most {:.1} MB; \
             state {:.1} MB then {:.1} MB, partitions {:.0} then {:.0}",
            life.name,
            life.rss_end,
            life.rss_warm,
            life.rss_most,
            life.state_warm,
            life.state_end,
            life.partitions_warm,
            life.partitions_end,
        );
        rows.push(json!({"name": life.name, "ratio": ratio, "must": FLAT, "verdict": verdict}));
    }
    Value::Array(rows)
}

/// Seconds until the lag was gone, by what had happened.
fn recovery(happened: &[Happened]) -> Value {
    let mut rows = Vec::new();
    for act in [Act::Kill, Act::Leave, Act::Join] {
        let of: Vec<&Happened> = happened.iter().filter(|one| one.act == act).collect();
        let mut seconds: Vec<f64> = of.iter().filter_map(|one| one.recovered).collect();
        seconds.sort_by(f64::total_cmp);
        let not = of.len() - seconds.len();
        let most_lag = of.iter().map(|one| one.most_lag).max().unwrap_or_default();
        let list: Vec<String> = seconds.iter().map(|seconds| format!("{seconds:.0}")).collect();
        println!(
            "{act:?}: {} times; lag recovered after {} s; not before the next event: {not}; most lag {most_lag}",
            of.len(),
            list.join(" ")
        );
        rows.push(
            json!({"act": act, "times": of.len(), "seconds": seconds, "not_recovered": not, "most_lag": most_lag}),
        );
    }
    Value::Array(rows)
}
