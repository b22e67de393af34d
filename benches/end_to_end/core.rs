//! Rows on the pure fold: against the floors, over threads, over tenants.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::{Value, json};
use stillwatch::config::Config;
use stillwatch::model::Model;
use stillwatch::pipeline::{Arenas, Core, Partition, fold_batch, trace_batch};
use stillwatch::source::Record;
use stillwatch::tenant::shard::ScoreRow;
use stillwatch::units::Position;

use crate::corpus::{Corpus, PARTITIONS};
use crate::floors;
use crate::measure::{Cost, cost, hide, median};
use crate::table::{Bound, Table};

/// Records of a batch, as live.
const BATCH: usize = 4096;

/// The fold under the public key and the built-in model.
pub fn fold(partitions: u32) -> Core {
    let model = Model::embedded().expect("the shipped model loads");
    Core::new(&Config::public(), Arc::new(model), partitions)
}

/// A pool of so many threads.
pub fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

/// Folds the records into new partitions; the decisions, where the core keeps them.
fn pass(core: &Core, records: &[Record<'_>], arenas: &mut Arenas) -> Vec<ScoreRow> {
    let mut partitions: Vec<Partition> = (0..PARTITIONS).map(|index| Partition::new(index, 0)).collect();
    let mut folds: Vec<&mut Partition> = partitions.iter_mut().collect();
    let mut scores = Vec::new();
    for batch in records.chunks(BATCH) {
        let traced = trace_batch(core, batch, arenas);
        for output in fold_batch(core, &mut folds, batch, &traced) {
            scores.extend(output.scores);
        }
    }
    scores
}

/// Pipeline on one thread ÷ (decode + text pass + scoring floors), in CPU time.
pub fn against_floors(corpus: &Corpus, rounds: usize, table: &mut Table) {
    let core = fold(PARTITIONS);
    let (records, one) = (corpus.records(), pool(1));
    let decisions = one.install(|| pass(&core.clone().keeping_scores(), &records, &mut Arenas::default()));
    let prompts = floors::prompts(corpus.lines().iter().map(|line| line.payload.as_slice()));
    let mut arenas = Arenas::default();
    let mut raw: Vec<[Cost; 5]> = Vec::new();
    for round in 0..=rounds {
        let costs = one.install(|| {
            let (decode, ()) = cost(|| corpus.lines().iter().map(|line| floors::decode(&line.payload)).for_each(hide));
            let (text, ()) = cost(|| prompts.iter().map(|prompt| floors::text(prompt)).for_each(hide));
            // one scoring a record, whether or not the fold decides at it
            let rows = decisions.iter().cycle().take(records.len());
            let (score, ()) = cost(|| rows.map(|row| core.model().score_row(&row.row, row.exchanges)).for_each(hide));
            let (trace, ()) =
                cost(|| records.chunks(BATCH).for_each(|batch| hide(trace_batch(&core, batch, &mut arenas))));
            let (pipeline, ()) = cost(|| hide(pass(&core, &records, &mut arenas)));
            [decode, text, score, trace, pipeline]
        });
        if round > 0 {
            raw.push(costs); // the first round warms up
        }
    }
    let micros = |side: usize| median(raw.iter().map(|costs| costs[side].cpu)) / records.len() as f64 * 1e6;
    let (decode, text, score, trace, pipeline) = (micros(0), micros(1), micros(2), micros(3), micros(4));
    let ratio =
        median(raw.iter().map(|[decode, text, score, _, pipeline]| pipeline.cpu / (decode.cpu + text.cpu + score.cpu)));
    table.row(
        "pipeline, one thread ÷ (decode + text pass + scoring floors)",
        ratio,
        Bound::AtMost(2.0, 1.5),
        &format!(
            "{pipeline:.2} µs a record (trace {trace:.2}, fold {:.2}; {:.2} decisions) against {decode:.2} + {text:.2} + {score:.2}",
            pipeline - trace,
            decisions.len() as f64 / records.len() as f64,
        ),
        &json!({"sides": ["decode", "text", "score", "trace", "pipeline"], "rounds": raw, "decisions": decisions.len()}),
    );
}

/// Two threads ÷ one, in wall time.
pub fn threads(corpus: &Corpus, rounds: usize, table: &mut Table) {
    const NAME: &str = "two threads ÷ one";
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return table.cannot(NAME, "this machine has one core");
    }
    let core = fold(PARTITIONS);
    let (records, pools) = (corpus.records(), [pool(1), pool(2)]);
    let mut arenas = [Arenas::default(), Arenas::default()];
    let mut raw: Vec<[Cost; 2]> = Vec::new();
    for round in 0..=rounds {
        let mut costs = [Cost::default(); 2];
        for ((pool, arenas), slot) in pools.iter().zip(&mut arenas).zip(&mut costs) {
            *slot = pool.install(|| cost(|| hide(pass(&core, &records, arenas))).0);
        }
        if round > 0 {
            raw.push(costs);
        }
    }
    let ratio = median(raw.iter().map(|[one, two]| one.wall / two.wall));
    // two threads that got less than two cores had neighbours
    let cores = median(raw.iter().map(|[_, two]| two.cpu / two.wall));
    let detail = format!(
        "the two threads got {cores:.2} cores; their CPU time is {:.2} × one's",
        median(raw.iter().map(|[one, two]| two.cpu / one.cpu))
    );
    table.row(NAME, ratio, Bound::AtLeast(1.7, 1.9), &detail, &json!({"sides": ["one", "two"], "rounds": raw}));
}

/// Exchanges of each tenant before it is measured: it has a cell and decides at each further one.
const WARM: usize = 12;
/// Minimal records of each tenant that are measured; then comes one full record.
const MINIMAL: usize = 4;

/// CPU per record with many tenants ÷ with 100. Each tenant has the same history on both sides, so the work
/// is the same and only the memory it touches grows.
pub fn tenants(corpus: &Corpus, many: usize, rounds: usize, table: &mut Table) {
    let core = fold(1);
    let one = pool(1);
    let few = 100;
    let mut raw: Vec<[Cost; 2]> = Vec::new();
    let mut full: Vec<[Cost; 2]> = Vec::new();
    let usual = corpus.lines().iter().find(|line| (2_200..2_400).contains(&line.payload.len()));
    let Some(full_record) = usual.and_then(|line| serde_json::from_slice::<Value>(&line.payload).ok()) else {
        return table.cannot("µs per record over tenants", "no simulated record is of about 2.3 KB");
    };
    for _ in 0..rounds {
        one.install(|| {
            let large = history(&core, many, 1, &full_record);
            let small = history(&core, few, many / few, &full_record);
            raw.push([large[0], small[0]]);
            full.push([large[1], small[1]]);
        });
    }
    let ratio = |raw: &[[Cost; 2]]| median(raw.iter().map(|[large, small]| large.cpu / small.cpu));
    let micros = |raw: &[[Cost; 2]], side: usize| median(raw.iter().map(|costs| costs[side].cpu)) / many as f64 * 1e6;
    for (what, raw, records) in [("2.3 KB", &full, 1), ("minimal", &raw, MINIMAL)] {
        let per = |side| micros(raw, side) / records as f64;
        table.row(
            &format!("µs per {what} record at {many} ÷ at {few} tenants"),
            ratio(raw),
            Bound::AtMost(1.4, 1.15),
            &format!("{:.2} against {:.2} µs", per(0), per(1)),
            &json!({"sides": ["many", "few"], "rounds": raw, "records": many * records}),
        );
    }
}

/// Folds the same history for each of `tenants` tenants, `repeats` times from nothing; what the measured
/// minimal records took, and the full ones.
fn history(core: &Core, tenants: usize, repeats: usize, full: &Value) -> [Cost; 2] {
    let mut took = [Cost::default(); 2];
    let mut arenas = Arenas::default();
    let minimal = |tenant: usize, ts: u64| {
        format!(r#"{{"tenant":"tenant-{tenant:07}","ts":{ts},"usage":{{"input_tokens":700,"output_tokens":300}}}}"#)
            .into_bytes()
    };
    let mut full = full.clone();
    let mut full = |tenant: usize, ts: u64| {
        full["tenant"] = format!("tenant-{tenant:07}").into();
        full["ts"] = ts.into();
        serde_json::to_vec(&full).expect("JSON")
    };
    for _ in 0..repeats {
        let mut partition = Partition::new(0, 0);
        for turn in 0..=WARM + MINIMAL {
            for first in (0..tenants).step_by(BATCH) {
                let steps = first..tenants.min(first + BATCH);
                let payloads: Vec<Vec<u8>> = steps
                    .clone()
                    .map(|step| {
                        // a stride through the tenants: memory is not touched in the order it was made
                        let tenant = (step * 7_919 + turn * 31) % tenants;
                        let ts = 1_791_158_400_000 + (turn * 60_000 + step * 60_000 / tenants) as u64;
                        if turn == WARM + MINIMAL { full(tenant, ts) } else { minimal(tenant, ts) }
                    })
                    .collect();
                let records: Vec<Record<'_>> = steps
                    .zip(&payloads)
                    .map(|(step, payload)| {
                        let at = Position { partition: 0, offset: (turn * tenants + step) as i64 };
                        Record { at, broker_ts: None, header: None, key: None, payload: Some(payload) }
                    })
                    .collect();
                let (batch, ()) = cost(|| {
                    let traced = trace_batch(core, &records, &mut arenas);
                    hide(fold_batch(core, &mut [&mut partition], &records, &traced));
                });
                if turn >= WARM {
                    let sum = &mut took[usize::from(turn == WARM + MINIMAL)];
                    *sum = Cost { wall: sum.wall + batch.wall, cpu: sum.cpu + batch.cpu };
                }
            }
        }
        assert_eq!(partition.size().0, tenants, "all tenants are in memory");
    }
    took
}
