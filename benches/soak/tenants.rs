//! Very many tenants: memory each, what a restart reads back and how long that takes, and a budget that is too small.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use serde::Serialize;
use serde_json::{Value, json};
use stillwatch::source::placement;

use crate::fill::{Entry, fill};
use crate::instance::{Instance, Setup};
use crate::load::Load;
use crate::setup::{setup, setup_of};
use crate::topics::Names;
use crate::watch::Watch;
use crate::{Args, read, scrape, wait};

/// Long enough for a million tenants on a busy machine.
const LIMIT: Duration = Duration::from_secs(900);
/// Records of each tenant.
const RECORDS: usize = 3;
/// Checkpoints ride on transactions, so records must come while they are waited for.
const TRICKLE: u64 = 200;
/// 2026-10-05T00:00:00Z.
const BEGIN: usize = 1_791_158_400_000;

const MIB: f64 = 1_048_576.0;

/// What an instance holds.
#[derive(Clone, Copy, Debug, Serialize)]
struct Held {
    rss: f64,
    logical: f64,
    tenants: f64,
    evicted: f64,
}

/// Runs it: whether the limit was honoured and counted, and all numbers.
pub fn tenants(args: &Args, bootstrap: &str) -> (bool, Value) {
    let mut roomy = setup(bootstrap, "tenants", args.partitions);
    roomy.set("fold.memory_per_partition", "16GiB");
    let (many, partitions) = (args.many, args.partitions);
    // it serves both: the same member comes back at once, and does not wait for the session of the one that was killed
    let mut instance = roomy.start_static("only");
    instance.ready();
    let empty = held(&instance);
    let written = Instant::now();
    let records = fill(bootstrap, &roomy.names.input, (0..RECORDS).flat_map(|turn| turn_of(turn, many, partitions)));
    let written = written.elapsed().as_secs_f64();
    let watch = Watch::new(bootstrap, &roomy.names, partitions);
    folded(&instance, &watch);
    let full = held(&instance);
    let each = |bytes: f64| bytes / many as f64;
    println!(
        "{records} records of {many} tenants, written in {written:.0} s; {:.0} tenants in memory; RSS {:.0} MB, {:.0} MB when empty: \
         {:.0} bytes a tenant, of which {:.0} logical",
        full.tenants,
        full.rss / 1e6,
        empty.rss / 1e6,
        each(full.rss - empty.rss),
        each(full.logical),
    );

    // two rounds of checkpoints, so that a kill finds every shard written
    let load = Load::start(bootstrap, &roomy.names.input, TRICKLE, move || {
        (RECORDS..).flat_map(move |turn| turn_of(turn, many, partitions))
    });
    let begin = Instant::now();
    let mut most_lag = 0;
    while begin.elapsed() < Duration::from_secs(75) {
        most_lag = watch.lag().unwrap_or_default().max(most_lag);
        std::thread::sleep(Duration::from_millis(500));
    }
    load.finish();
    folded(&instance, &watch);
    let settled = held(&instance);
    let checkpoints = scrape::metrics(instance.port()).unwrap_or_default();
    instance.process.kill();
    read::settle(bootstrap, &roomy.names.state);
    let state = state_topic(bootstrap, &roomy.names.state);
    println!("state topic: {state:?}; most lag while it was written {most_lag} at {TRICKLE} records/s");

    let begin = Instant::now();
    let mut instance = roomy.start_static("only");
    instance.ready();
    let ready = begin.elapsed().as_secs_f64();
    folded(&instance, &watch);
    let back = held(&instance);
    let restore = scrape::metrics(instance.port()).unwrap_or_default();
    let value = |of: &BTreeMap<String, f64>, name: &str| of.get(name).copied().unwrap_or_default();
    let restore_sum = value(&restore, "stillwatch_restore_seconds_sum");
    println!(
        "restart after SIGKILL: ready {ready:.1} s after the start, {:.1} × reading the state topic ({:.1} s); {:.0} tenants; RSS {:.0} MB",
        ready / state.read_seconds,
        state.read_seconds,
        back.tenants,
        back.rss / 1e6,
    );
    instance.stop();

    let (honoured, tight) = too_small(bootstrap, &roomy, many, partitions, full.logical);
    let honoured = honoured && back.tenants == many as f64;
    let result = json!({
        "tenants": many, "records": records, "written_seconds": written, "empty": empty, "full": full, "settled": settled,
        "rss_bytes_per_tenant": each(full.rss - empty.rss), "logical_bytes_per_tenant": each(full.logical),
        "state_topic": state, "most_lag_while_checkpointing": most_lag,
        "checkpoint_bytes": value(&checkpoints, "stillwatch_checkpoint_bytes_total"),
        "ready_seconds": ready, "restore_seconds_sum": restore_sum, "ready_over_reading": ready / state.read_seconds,
        "restored": back, "too_small": tight,
    });
    (honoured, result)
}

/// The same input with a quarter of the memory that it needs.
fn too_small(bootstrap: &str, of: &Setup, many: usize, partitions: i32, needed: f64) -> (bool, Value) {
    let names = Names { input: of.names.input.clone(), ..Names::unique("tight") };
    let mut setup = setup_of(bootstrap, &names, partitions);
    let each = (needed / 4.0 / f64::from(partitions) / MIB).ceil();
    let budget = each * MIB * f64::from(partitions);
    setup.set("fold.memory_per_partition", format!("{each}MiB"));
    let mut instance = setup.start("tight");
    instance.ready();
    let watch = Watch::new(bootstrap, &setup.names, partitions);
    let begin = Instant::now();
    let (mut most, mut most_rss) = (0.0f64, 0.0f64);
    wait::until("all records", LIMIT, String::new, || {
        let now = held(&instance);
        (most, most_rss) = (most.max(now.logical), most_rss.max(now.rss));
        (watch.lag()? == 0).then_some(())
    });
    let seconds = begin.elapsed().as_secs_f64();
    let end = held(&instance);
    instance.stop();
    let within = most <= budget;
    println!(
        "a budget of {:.0} MB: at most {:.0} MB logical ({}), RSS {:.0} MB, at most {:.0} MB; {:.0} tenants held, {:.0} evictions counted; \
         {seconds:.0} s",
        budget / 1e6,
        most / 1e6,
        if within { "within" } else { "BEYOND" },
        end.rss / 1e6,
        most_rss / 1e6,
        end.tenants,
        end.evicted,
    );
    let counted = end.tenants + end.evicted >= many as f64;
    let result = json!({
        "budget": budget, "most_logical": most, "most_rss": most_rss, "end": end, "seconds": seconds, "within": within,
        "counted": counted,
    });
    (within && counted, result)
}

/// One minimal record of each tenant.
fn turn_of(turn: usize, many: usize, partitions: i32) -> impl Iterator<Item = Entry> {
    (0..many).map(move |step| {
        // a stride through the tenants: memory is not touched in the order it was made
        let tenant = format!("tenant-{:07}", (step * 7_919 + turn * 31) % many);
        let ts = BEGIN + turn * 60_000 + step * 60_000 / many;
        let line = format!(r#"{{"tenant":"{tenant}","ts":{ts},"prompt":"hello number {turn}","response":"hello"}}"#);
        Entry::new(placement::partition(tenant.as_bytes(), partitions as u32) as i32, &tenant, line)
    })
}

fn folded(instance: &Instance, watch: &Watch) {
    wait::until("all records", LIMIT, || instance.process.tail(), || (watch.lag()? == 0).then_some(()));
    // gauges are set once a second
    std::thread::sleep(Duration::from_secs(3));
}

fn held(instance: &Instance) -> Held {
    let metrics = scrape::metrics(instance.port()).unwrap_or_default();
    let value = |name: &str| metrics.get(name).copied().unwrap_or_default();
    Held {
        rss: value("process_resident_memory_bytes"),
        logical: value("stillwatch_state_bytes"),
        tenants: value("stillwatch_tenants"),
        evicted: value("stillwatch_evictions_total{reason=\"memory\"}"),
    }
}

/// The state topic as a restart finds it.
#[derive(Debug, Serialize)]
struct State {
    records: u64,
    megabytes: f64,
    /// Of them, what compaction would leave: the last value of each key.
    live_records: usize,
    live_megabytes: f64,
    /// What it takes to read it all, and nothing else.
    read_seconds: f64,
}

fn state_topic(bootstrap: &str, topic: &str) -> State {
    let begin = Instant::now();
    let (mut records, mut bytes) = (0, 0);
    let mut last: HashMap<(i32, Vec<u8>), usize> = HashMap::new();
    read::each(bootstrap, topic, |_| records += 1);
    let read_seconds = begin.elapsed().as_secs_f64();
    read::each(bootstrap, topic, |message| {
        let size = message.key_len() + message.payload_len();
        bytes += size;
        last.insert((message.partition(), message.key().unwrap_or_default().to_vec()), size);
    });
    State {
        records,
        megabytes: bytes as f64 / 1e6,
        live_records: last.len(),
        live_megabytes: last.values().sum::<usize>() as f64 / 1e6,
        read_seconds,
    }
}
