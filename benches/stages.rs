//! The stages of the fold, one by one, for finding what a change did: `cargo bench --bench stages`.
//!
//! No gates here; those are ratios, in `end_to_end`.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark: it fails by panicking; the macros' functions are undocumented"
)]

use std::hint::black_box;
use std::sync::Arc;

use bumpalo::Bump;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stillwatch::config::Config;
use stillwatch::finding::render::render;
use stillwatch::model::Model;
use stillwatch::pipeline::{Arenas, Core, Partition, fold_batch, trace_batch};
use stillwatch::record::{self, Limits};
use stillwatch::simulate::{self, demo_spec};
use stillwatch::source::Record;
use stillwatch::trace::Tracer;
use stillwatch::units::Position;

/// Records of one turn.
const RECORDS: usize = 2_000;

fn stages(criterion: &mut Criterion) {
    let lines: Vec<String> = simulate::simulate(&demo_spec(7)).take(RECORDS * 10).map(|record| record.line).collect();
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
    let some = records.get(..RECORDS).expect("enough records");
    let core = Core::new(&Config::public(), Arc::new(Model::embedded().expect("the shipped model loads")), 1);
    let (limits, tracer) = (Limits::default(), Tracer::new(&[7; 16]));
    let mut group = criterion.benchmark_group("stages");
    group.throughput(Throughput::Elements(RECORDS as u64));

    let mut arena = Bump::new();
    group.bench_function("decode", |b| {
        b.iter(|| {
            arena.reset();
            for record in some {
                black_box(record::decode(record.payload, &limits, &arena)).ok();
            }
        });
    });
    let arena = Bump::new();
    let exchanges: Vec<_> =
        some.iter().filter_map(|record| record::decode(record.payload, &limits, &arena).ok()).collect();
    group
        .bench_function("trace", |b| b.iter(|| exchanges.iter().map(|exchange| tracer.trace(exchange)).for_each(hide)));
    let mut arenas = Arenas::default();
    let traced = trace_batch(&core, some, &mut arenas);
    group.bench_function("fold", |b| {
        b.iter_batched_ref(
            || Partition::new(0, 0),
            |partition| black_box(fold_batch(&core, &mut [partition], some, &traced)),
            criterion::BatchSize::LargeInput,
        );
    });
    let mut scores = Vec::new();
    let (mut partition, mut all, keeping) = (Partition::new(0, 0), Arenas::default(), core.clone().keeping_scores());
    let traced = trace_batch(&keeping, &records, &mut all);
    let mut events = Vec::new();
    for output in fold_batch(&keeping, &mut [&mut partition], &records, &traced) {
        scores.extend(output.scores);
        events.extend(output.events);
    }
    group.throughput(Throughput::Elements(scores.len() as u64));
    group.bench_function("score", |b| {
        b.iter(|| scores.iter().map(|row| core.model().score_row(&row.row, row.exchanges)).for_each(hide));
    });
    let context = core.render_context();
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("render", |b| b.iter(|| events.iter().map(|event| render(event, &context)).for_each(hide)));
    group.finish();
}

/// Keeps the compiler from leaving the work out.
fn hide<T>(made: T) {
    black_box(made);
}

criterion_group!(benches, stages);
criterion_main!(benches);
