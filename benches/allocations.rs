//! Allocations per record in steady state: all tenants known, arenas warm.
//!
//! A program of its own, since an allocator that counts slows all others down. The fold runs on a pool of one
//! thread; what the batch itself takes (its vectors, rayon's jobs) is in the count.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark: it fails by panicking and talks on stdout"
)]

use std::alloc::System;
use std::path::Path;
use std::sync::Arc;

use rayon::ThreadPoolBuilder;
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use stillwatch::config::Config;
use stillwatch::model::Model;
use stillwatch::pipeline::{Arenas, Core, Partition, fold_batch, trace_batch};
use stillwatch::record::time::format_rfc3339;
use stillwatch::simulate::{self, demo_spec};
use stillwatch::source::Record;
use stillwatch::units::{Millis, Position};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const BATCH: usize = 4096;
const WARM_BATCHES: usize = 4;
const BATCHES: usize = 5;

fn main() {
    let date = std::env::args().skip_while(|arg| arg != "--date").nth(1).unwrap_or_else(today);
    let lines: Vec<String> =
        simulate::simulate(&demo_spec(7)).take(BATCH * (WARM_BATCHES + BATCHES)).map(|record| record.line).collect();
    let records: Vec<Record<'_>> = (0..)
        .zip(&lines)
        .map(|(offset, line)| Record {
            at: Position { partition: 0, offset },
            broker_ts: None,
            header: None,
            key: None,
            payload: Some(line.as_bytes()),
        })
        .collect();
    let core = Core::new(&Config::public(), Arc::new(Model::embedded().expect("the shipped model loads")), 1);
    let pool = ThreadPoolBuilder::new().num_threads(1).build().expect("threads");
    let (mut partition, mut arenas) = (Partition::new(0, 0), Arenas::default());
    let mut raw = Vec::new();
    for (index, batch) in records.chunks(BATCH).enumerate() {
        let (trace, fold, events) = pool.install(|| {
            let region = Region::new(ALLOCATOR);
            let traced = trace_batch(&core, batch, &mut arenas);
            let trace = region.change();
            let region = Region::new(ALLOCATOR);
            let outputs = fold_batch(&core, &mut [&mut partition], batch, &traced);
            (trace, region.change(), outputs.iter().map(|out| out.events.len()).sum::<usize>())
        });
        let count = |stats: stats_alloc::Stats| stats.allocations + stats.reallocations;
        if index >= WARM_BATCHES {
            raw.push(json!({"records": batch.len(), "trace": count(trace), "fold": count(fold), "bytes": trace.bytes_allocated + fold.bytes_allocated, "events": events}));
        }
    }
    let sum = |what: &str| raw.iter().filter_map(|batch| batch[what].as_f64()).sum::<f64>();
    let per_record = (sum("trace") + sum("fold")) / sum("records");
    println!(
        "allocations per record in steady state: {per_record:.3} (trace {:.3}, fold {:.3}; {:.0} bytes), batches of {BATCH}",
        sum("trace") / sum("records"),
        sum("fold") / sum("records"),
        sum("bytes") / sum("records"),
    );
    let dir = Path::new("benches/runs").join(&date);
    std::fs::create_dir_all(&dir).expect("a folder for raw numbers");
    let all = json!({"date": date, "per_record": per_record, "batches": raw});
    let text = serde_json::to_string_pretty(&all).expect("JSON") + "\n";
    std::fs::write(dir.join("allocations.json"), text).expect("raw numbers");
}

fn today() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    format_rfc3339(Millis(now.map_or(0, |now| now.as_millis() as i64))).chars().take(10).collect()
}
