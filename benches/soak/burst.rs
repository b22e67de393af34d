//! A burst: ten times the rate for a while, then the rate as before. How long the backlog takes, against a plain `run` over the
//! same topic with nothing arriving.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use crate::Args;
use crate::fill::Entry;
use crate::fleet::Fleet;
use crate::instance::Setup;
use crate::load::{Load, simulated};
use crate::measure::median;
use crate::schedule::ANCHOR;
use crate::setup::{setup, setup_of};
use crate::topics::Names;
use crate::verdict::Verdict;
use crate::watch::Watch;
use crate::{scrape, wait};

/// Before the burst.
const CALM: Duration = Duration::from_secs(20);
const TIMES: u64 = 10;
/// Records that are made before, and written over and over: a generator beside the fold would take its cores.
const MADE: usize = 50_000;
const LIMIT: Duration = Duration::from_secs(600);

/// Runs it with one instance: whether nothing was lost or repeated, and all numbers. The sides take turns, since neighbours
/// on the machine come and go.
pub fn burst(args: &Args, bootstrap: &str) -> (bool, Value) {
    let made: Vec<Entry> = simulated(args.seed, args.tenants, args.partitions, MADE as u64).take(MADE).collect();
    let mean = made.iter().filter_map(|entry| entry.payload.as_ref()).map(Vec::len).sum::<usize>() / made.len();
    let mut rounds: Vec<Round> = Vec::new();
    let mut verdict = None;
    for round in 0..args.rounds {
        let setup = setup(bootstrap, "burst", args.partitions);
        let mut one = drain(args, bootstrap, &setup, made.clone());
        one.plain = plain(bootstrap, &setup, args.partitions, one.written);
        let ideal = one.backlog as f64 / one.plain;
        let arriving = one.backlog as f64 / (one.plain - args.rate() as f64);
        (one.ratio, one.ratio_with_arrivals) = (one.drained / ideal, one.drained / arriving);
        println!(
            "{:.0} records/s of {mean} B for {} s: a backlog of {} records; lag below a second's worth {:.1} s later, while {} \
             records/s arrived. A plain run folds {:.0} records/s: {ideal:.1} s, ratio {:.2}; less what arrives: {arriving:.1} s, \
             ratio {:.2}",
            one.burst_rate,
            args.burst_seconds,
            one.backlog,
            one.drained,
            args.rate(),
            one.plain,
            one.ratio,
            one.ratio_with_arrivals,
        );
        rounds.push(one);
        if round + 1 == args.rounds {
            verdict = Some(Verdict::of(bootstrap, &setup));
        }
    }
    let Some(verdict) = verdict else { return (false, Value::Null) };
    verdict.print();
    let of = |what: fn(&Round) -> f64| median(rounds.iter().map(what));
    let (ratio, arriving) = (of(|one| one.ratio), of(|one| one.ratio_with_arrivals));
    println!("median of {}: ratio {ratio:.2}, less what arrives {arriving:.2}", rounds.len());
    let result = json!({
        "held": verdict.holds(), "rate": args.rate(), "mean_bytes": mean, "ratio": ratio, "ratio_with_arrivals": arriving,
        "rounds": rounds, "verdict": verdict,
    });
    (verdict.holds(), result)
}

/// One burst and one plain run.
#[derive(Debug, Default, Serialize)]
struct Round {
    written: u64,
    burst_rate: f64,
    /// Records behind as the burst ends, and the most after that.
    backlog: i64,
    most_lag: i64,
    /// Seconds until the lag was below a second's worth.
    drained: f64,
    /// Records a second of the plain run.
    plain: f64,
    ratio: f64,
    ratio_with_arrivals: f64,
}

fn drain(args: &Args, bootstrap: &str, setup: &Setup, made: Vec<Entry>) -> Round {
    let (rate, seconds) = (args.rate(), args.burst_seconds);
    let mut fleet = Fleet::new(setup, Instant::now());
    fleet.join(ANCHOR);
    fleet.ready();
    let watch = Watch::new(bootstrap, &setup.names, args.partitions);
    let load = Load::start(bootstrap, &setup.names.input, rate, move || made.into_iter().cycle());
    std::thread::sleep(CALM);

    let (began, before) = (Instant::now(), load.written());
    load.set_rate(rate * TIMES);
    std::thread::sleep(Duration::from_secs(seconds));
    load.set_rate(rate);
    let burst_rate = (load.written() - before) as f64 / began.elapsed().as_secs_f64();
    let over = Instant::now();
    let backlog = wait::until("the lag", LIMIT, String::new, || watch.lag());
    let mut most_lag = backlog;
    let drained = wait::until("the backlog's end", LIMIT, String::new, || {
        fleet.look();
        let lag = watch.lag()?;
        most_lag = most_lag.max(lag);
        (lag <= rate as i64).then(|| over.elapsed().as_secs_f64())
    });
    let written = load.finish();
    wait::until("the group to catch up", LIMIT, String::new, || (watch.lag()? == 0).then_some(()));
    fleet.finish();
    Round { written, burst_rate, backlog, most_lag, drained, ..Round::default() }
}

/// Records a second of a plain `run` over the same input with nothing arriving, from its first batch on.
fn plain(bootstrap: &str, of: &Setup, partitions: i32, records: u64) -> f64 {
    let names = Names { input: of.names.input.clone(), ..Names::unique("plain") };
    let instance = setup_of(bootstrap, &names, partitions).start("plain");
    let folded = || {
        let metrics = scrape::metrics(instance.port())?;
        let counts = metrics.iter().filter(|(name, _)| name.starts_with("stillwatch_records_total"));
        Some(counts.map(|(_, count)| count).sum::<f64>())
    };
    let explain = || instance.process.tail();
    let first = wait::until("the first batch", LIMIT, explain, || folded().filter(|folded| *folded > 0.0));
    let begin = Instant::now();
    wait::until("all records", LIMIT, explain, || folded().filter(|folded| records as f64 <= *folded));
    let seconds = begin.elapsed().as_secs_f64();
    instance.stop();
    (records as f64 - first) / seconds
}
