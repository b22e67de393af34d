//! The pure fold: records of input partitions in, findings and dead letters out. `run` and `replay` call
//! this and nothing else, so live equals replay by construction.
//!
//! ```text
//! records ─► decode + trace (parallel over chunks of records, one arena each)
//!         ─► watermark (one pass per partition, in offset order)
//!         ─► shards (parallel over partition × shard)
//!         ─► events, sorted by (offset, time, uid, revision)
//! ```
//!
//! Invariant: output depends on the log, the config and the model; not on how records were batched or
//! how many threads there are. Nothing is allocated per record in steady state; ids are borrowed from
//! the payload until the batch is folded.
//!
//! Side inputs ([`SideInputs`]) change at offsets: a batch that holds such an offset is folded in runs.

mod partition;

use std::sync::Arc;

use bumpalo::Bump;
use rayon::prelude::*;

use crate::config::{Config, FoldConfig, Mode};

use crate::finding::Event;
use crate::finding::render;
use crate::model::Model;
use crate::model::drift::Binned;
use crate::record::schema::{self, Decoded, Reading, Schema};
use crate::record::{Limits, Reject, RejectCounts};
use crate::side_inputs::SideInputs;
use crate::source::Record;
use crate::tenant::checkpoint::{Identity, shard_of};
use crate::tenant::shard::{Folded, Rules, SHARDS, ScoreRow, Step, TENTHS};
use crate::trace::{Trace, Tracer};
use crate::units::{Millis, TenantHash};

pub use partition::Partition;

/// Records decoded by one thread at a time: long enough that rayon's hand-over is noise.
const CHUNK: usize = 128;

/// What the fold depends on besides the log. Shared by all partitions.
#[derive(Clone)]
pub struct Core {
    /// Turns exchanges into traces.
    pub tracer: Arc<Tracer>,
    /// In force where a partition's timeline says nothing.
    side: Arc<SideInputs>,
    topic: String,
    fold: FoldConfig,
    identity: Identity,
    /// Findings are marked as no alerts.
    shadow: bool,
    scores: bool,
    windows: bool,
}

impl Core {
    /// The fold that a config asks for, over an input of `partitions` partitions.
    pub fn new(config: &Config, model: Arc<Model>, partitions: u32) -> Core {
        let fold = &config.fold;
        let identity = Identity {
            feature_table: crate::feature::table_hash(),
            key_id: fold.key_id(),
            fold_config: config.fold_identity(),
            partitions,
        };
        Core {
            tracer: Core::tracer(fold),
            side: Arc::new(SideInputs::of_model(model)),
            topic: config.kafka.input.clone(),
            fold: fold.clone(),
            identity,
            shadow: config.kafka.mode == Mode::Shadow,
            scores: false,
            windows: false,
        }
    }

    /// What turns exchanges into traces, by a config.
    pub fn tracer(fold: &FoldConfig) -> Arc<Tracer> {
        let tracer = Tracer::new(&fold.secret).knowing(Arc::clone(&fold.benchmarks));
        Arc::new(tracer.comparing(fold.slots.clone()))
    }

    /// The same fold, keeping every decision and not only the alarms.
    #[must_use]
    pub fn keeping_scores(self) -> Core {
        Core { scores: true, ..self }
    }

    /// The same fold, keeping calm windows as bins, to tell drift by.
    #[must_use]
    pub fn keeping_windows(self) -> Core {
        Core { windows: true, ..self }
    }

    /// The same fold with other side inputs where a partition's timeline says nothing.
    #[must_use]
    pub fn judging_by(self, side: Arc<SideInputs>) -> Core {
        Core { side, ..self }
    }

    /// What is in force where a partition's timeline says nothing.
    pub fn side_inputs(&self) -> &Arc<SideInputs> {
        &self.side
    }

    /// The model of [`Core::side_inputs`].
    pub fn model(&self) -> &Model {
        &self.side.model
    }

    /// What the state of this fold belongs to.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Keyed hash of a tenant's name.
    pub fn tenant_hash(&self, name: &str) -> TenantHash {
        self.tracer.tenant_hash(name)
    }

    /// Event time without an alarm after which a finding closes, and silence after which a tenant is
    /// forgotten.
    pub fn spans(&self) -> (i64, i64) {
        (self.fold.close_after_ms, self.fold.forget_after_ms)
    }

    /// What rendering a finding needs besides the event, where the timeline says nothing.
    pub fn render_context(&self) -> render::Context {
        self.render_context_of(&self.side)
    }

    /// The same of others.
    fn render_context_of(&self, side: &SideInputs) -> render::Context {
        render::Context { shadow: self.shadow, ..side.render_context(&self.topic) }
    }

    /// Largest record that is decoded.
    pub fn max_record_bytes(&self) -> usize {
        self.fold.max_record_bytes
    }

    /// How the records of the input are written.
    pub fn reading(&self) -> &Reading {
        &self.fold.reading
    }

    fn limits(&self) -> Limits {
        Limits { max_bytes: self.fold.max_record_bytes, max_depth: self.fold.max_depth }
    }

    fn rules<'a>(&'a self, side: &'a SideInputs) -> Rules<'a> {
        Rules {
            model: &side.model,
            model_tag: side.model_tag(),
            watch: side.watch(),
            close_after: self.fold.close_after_ms,
            forget_after: self.fold.forget_after_ms,
            byte_limit: self.fold.memory_per_partition / SHARDS as u64,
            scores: self.scores,
            windows: self.windows,
        }
    }
}

/// Arenas that live from batch to batch: text that had to be unescaped is in them until the batch ends.
#[derive(Default)]
pub struct Arenas(Vec<Bump>);

/// A record after the trace stage.
#[derive(Clone)]
pub struct Traced<'a> {
    /// The schema it was read by.
    pub schema: Schema,
    /// What is left of it, or why nothing is.
    pub result: Result<Trace<'a>, Reject>,
}

/// Decodes and traces a batch, in parallel. One result per record, in order.
pub fn trace_batch<'a>(core: &Core, records: &[Record<'a>], arenas: &'a mut Arenas) -> Vec<Traced<'a>> {
    let chunks = records.len().div_ceil(CHUNK);
    arenas.0.resize_with(arenas.0.len().max(chunks), Bump::new);
    arenas.0.iter_mut().for_each(Bump::reset);
    let limits = core.limits();
    let empty = Traced { schema: Schema::Native, result: Err(Reject::Empty) };
    let mut traced: Vec<Traced<'a>> = vec![empty; records.len()];
    traced.par_chunks_mut(CHUNK).zip(records.par_chunks(CHUNK)).zip(arenas.0.par_iter_mut()).for_each(
        |((out, records), arena)| {
            let arena: &'a Bump = arena;
            for (out, record) in out.iter_mut().zip(records) {
                let Decoded { schema, result } = schema::decode(record, core.reading(), &limits, arena);
                *out = Traced { schema, result: result.map(|exchange| core.tracer.trace(&exchange)) };
            }
        },
    );
    traced
}

/// What one step of the fold brought forth for one partition.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Events of findings, by (offset, time, uid, revision).
    pub events: Vec<Event>,
    /// Rejected records, in offset order.
    pub rejects: Vec<(i64, Reject)>,
    /// Decisions in offset order, where the core keeps them.
    pub scores: Vec<ScoreRow>,
    /// Calm windows as bins, where the core keeps them; in no order.
    pub windows: Vec<Binned>,
    /// Counts of this step.
    pub counts: Counts,
}

/// Read = accepted + rejected, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records seen.
    pub read: u64,
    /// Records folded.
    pub accepted: u64,
    /// Records rejected, by reason.
    pub rejected: RejectCounts,
    /// Accepted and rejected records by the schema they were read by.
    pub schemas: [[u64; 2]; Schema::COUNT],
    /// Top-level fields the schema does not know.
    pub unknown_fields: u64,
    /// Decisions by the tenth of the range that their score fell into.
    pub scores: [u64; TENTHS],
}

impl Counts {
    /// Adds another count.
    pub fn merge(&mut self, other: &Counts) {
        self.read += other.read;
        self.accepted += other.accepted;
        self.rejected.merge(&other.rejected);
        self.schemas.iter_mut().zip(other.schemas).for_each(|([a, r], [oa, or])| (*a, *r) = (*a + oa, *r + or));
        self.unknown_fields += other.unknown_fields;
        self.scores.iter_mut().zip(other.scores).for_each(|(sum, more)| *sum += more);
    }

    /// The partition of the total that every driver asserts.
    pub fn add_up(&self) -> bool {
        let total = |outcome: usize| self.schemas.iter().filter_map(|both| both.get(outcome)).sum::<u64>();
        self.read == self.accepted + self.rejected.total()
            && (total(0), total(1)) == (self.accepted, self.rejected.total())
    }
}

/// Folds one batch into the partitions it belongs to. `records` and `traced` are parallel; records of a
/// partition must be in offset order and follow what the partition has folded. Returns one output per
/// partition, in the order of `partitions`; records of other partitions are left alone.
pub fn fold_batch(
    core: &Core,
    partitions: &mut [&mut Partition],
    records: &[Record<'_>],
    traced: &[Traced<'_>],
) -> Vec<Output> {
    partitions
        .par_iter_mut()
        .map(|partition| {
            let index = partition.index;
            let mine = records.iter().zip(traced).filter(|(record, _)| record.at.partition == index);
            fold_partition(core, partition, mine)
        })
        .collect()
}

fn fold_partition<'r, 'a, 't>(
    core: &Core,
    partition: &mut Partition,
    records: impl Iterator<Item = (&'r Record<'a>, &'t Traced<'a>)>,
) -> Output
where
    'a: 'r + 't,
{
    let mut out = Output::default();
    let mut run = Run::default();
    for (record, traced) in records {
        let offset = record.at.offset;
        debug_assert!(offset >= partition.next, "records go forward");
        if run.ends.is_none_or(|ends| ends <= offset) {
            run.fold(core, partition, &mut out);
            run = Run { side: Some(Arc::clone(partition.side_inputs_at(core, offset))), ..Run::default() };
            run.ends = Some(partition.timeline.next_change(offset).unwrap_or(i64::MAX));
        }
        partition.next = offset + 1;
        out.counts.read += 1;
        let [accepted, rejected] = &mut out.counts.schemas[traced.schema as usize];
        match &traced.result {
            Err(reason) => {
                *rejected += 1;
                out.counts.rejected.add(*reason);
                out.rejects.push((offset, *reason));
            }
            Ok(trace) => {
                *accepted += 1;
                out.counts.accepted += 1;
                out.counts.unknown_fields += u64::from(trace.unknown_fields);
                let tick = partition.watermark.observe(trace.ts, trace.tenant_hash);
                // before the first agreement there is no time by which anything could fall due
                run.track.extend(partition.watermark.at().map(|at| (offset, at)));
                run.steps.resize_with(SHARDS, Vec::new);
                if let Some(steps) = run.steps.get_mut(shard_of(trace.tenant_hash)) {
                    steps.push(Step { trace, offset, tick });
                }
            }
        }
    }
    run.fold(core, partition, &mut out);
    out.events.sort_by_key(|e| (e.at.offset, e.time, e.uid, e.revision));
    out.scores.sort_by_key(|row| (row.offset, row.workload));
    assert!(out.counts.add_up(), "read = accepted + rejected");
    out
}

/// Records of a batch that the same side inputs judge.
#[derive(Default)]
struct Run<'t, 'a> {
    side: Option<Arc<SideInputs>>,
    /// The offset at which others take over.
    ends: Option<i64>,
    track: Vec<(i64, Millis)>,
    steps: Vec<Vec<Step<'t, 'a>>>,
}

impl Run<'_, '_> {
    fn fold(&self, core: &Core, partition: &mut Partition, out: &mut Output) {
        let Some(side) = &self.side else { return };
        let rules = core.rules(side);
        let index = partition.index;
        let folded: Vec<Folded> = partition
            .shards
            .par_iter_mut()
            .zip(&self.steps)
            .map(|(shard, steps)| {
                let mut folded = Folded::default();
                shard.fold(index, steps, &self.track, &rules, &mut folded);
                folded
            })
            .collect();
        for folded in folded {
            out.events.extend(folded.events);
            out.scores.extend(folded.scores);
            // bins of another model are no counts of this one's
            if side.model.sha256() == core.side.model.sha256() {
                out.windows.extend(folded.windows);
            }
            out.counts.scores.iter_mut().zip(folded.tenths).for_each(|(sum, more)| *sum += u64::from(more));
        }
    }
}
