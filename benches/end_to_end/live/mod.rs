//! Rows on real Kafka: `stillwatch run` against a bare drain of the same topic, and the price of a transaction.
//!
//! The broker is the tests' own, booted for this run, or the one that `STILLWATCH_TEST_BOOTSTRAP` names.
//! Broker and clients share the machine: wall times say how all of them together did, CPU times are each's own.

mod drain;
mod run;
mod transaction;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::corpus::{Corpus, PARTITIONS};
use crate::fill::{Entry, fill};
use crate::measure::{Cost, cpu_of, median};
use crate::table::{Bound, Table};
use crate::{kafka, replay};
use crate::{topics, wait};
use run::Live;

const CPU: &str = "live, CPU per GB ÷ (bare drain CPU + replay CPU)";

/// All rows that need a broker.
pub fn rows(corpus: &Corpus, records: usize, rounds: usize, table: &mut Table) {
    let broker = match kafka::a_broker() {
        Ok(broker) => broker,
        Err(why) => {
            table.cannot(CPU, &why);
            return table.cannot("transaction ÷ a bare one", &why);
        }
    };
    let bootstrap = broker.bootstrap();
    let dir = tempfile::tempdir().expect("temp dir");
    let topic = format!("bench-{}-exchanges", std::process::id());
    topics::create(bootstrap, &[topics::Topic::new(&topic, PARTITIONS as i32)]);
    let entries = corpus.lines().iter().cycle().take(records);
    fill(
        bootstrap,
        &topic,
        entries.map(|line| Entry::new(line.at.partition as i32, &line.tenant, line.payload.clone())),
    );
    let log = dir.path().join("log.jsonl");
    replay::write(corpus.lines().iter().cycle().take(records).map(|line| line.payload.as_slice()), &log);

    let mut raw: Vec<(Cost, Live, Cost)> = Vec::new();
    for round in 0..rounds {
        let bare = drain::drain(bootstrap, &topic, records);
        let live = run::run(bootstrap, &topic, records, dir.path(), round);
        let replayed = replay_process(&log, dir.path());
        println!("… bare {bare:.2?}, live {:.2?} (ready after {:.2} s), replay {replayed:.2?}", live.cost, live.start);
        raw.push((bare, live, replayed));
    }
    let gigabytes = records as f64 * corpus.mean_bytes() / 1e9;
    let side = |of: fn(&(Cost, Live, Cost)) -> f64| median(raw.iter().map(of));
    let rounds: Vec<_> =
        raw.iter().map(|(bare, live, replay)| json!({"bare": bare, "live": live, "replay": replay})).collect();
    let rounds = json!({"records": records, "rounds": rounds});
    table.row(
        CPU,
        side(|(bare, live, replay)| live.cost.cpu / (bare.cpu + replay.cpu)),
        Bound::AtMost(1.15, 1.05),
        &format!(
            "{:.1} s a GB against {:.1} + {:.1}; {records} records",
            side(|(_, live, _)| live.cost.cpu) / gigabytes,
            side(|(bare, ..)| bare.cpu) / gigabytes,
            side(|(.., replay)| replay.cpu) / gigabytes,
        ),
        &rounds,
    );
    let stages = |live: &Live| {
        let parts: Vec<String> = live.stages.iter().map(|(stage, seconds)| format!("{stage} {seconds:.2}")).collect();
        parts.join(", ")
    };
    let last =
        raw.last().map(|(_, live, _)| (stages(live), live.transactions, live.transaction_seconds)).unwrap_or_default();
    table.row(
        "live records/s ÷ bare drain records/s, wall, start and joining left out",
        side(|(bare, live, _)| bare.wall / live.cost.wall),
        Bound::None,
        &format!(
            "{:.0} against {:.0}; where the poll thread's seconds go: {}",
            records as f64 / side(|(_, live, _)| live.cost.wall),
            records as f64 / side(|(bare, ..)| bare.wall),
            last.0
        ),
        &json!({}),
    );
    table.row(
        "share of live wall time in transactions",
        side(|(_, live, _)| live.transaction_seconds / live.cost.wall),
        Bound::None,
        &format!("{} transactions of {:.1} ms on average in the last round", last.1, last.2 / last.1.max(1.0) * 1e3),
        &json!({}),
    );
    transaction::row(bootstrap, &topic, dir.path(), table);
}

/// What the program takes to replay a file, from its start to its end.
fn replay_process(log: &Path, dir: &Path) -> Cost {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stillwatch"));
    command.arg("replay").arg(log).arg("--findings").arg(dir.join("findings.jsonl"));
    command.args(["--partitions", &PARTITIONS.to_string()]);
    let begin = std::time::Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("replay starts");
    // a process that has ended and was not waited for still tells its CPU time
    let ended = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
        stat.contains(") Z ").then(|| cpu_of(child.id()).unwrap_or_default())
    };
    let cpu = wait::until("the end of replay", std::time::Duration::from_secs(600), String::new, ended);
    let wall = begin.elapsed().as_secs_f64();
    assert!(child.wait().expect("replay ends").success(), "replay ends well");
    Cost { wall, cpu }
}
