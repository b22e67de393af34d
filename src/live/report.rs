//! What the live driver tells the world about itself: metrics and health, per batch and transaction,
//! never per record.

use std::sync::{Arc, Mutex, PoisonError};

use super::owned::Owned;
use super::publish::{Message, Note, Timings};
use crate::clock;
use crate::feature::WIDTH;
use crate::http::{Cause, Health};
use crate::metrics::{Metrics, Stage};
use crate::model::{Model, drift};
use crate::pipeline::Counts;

/// Both sides of it; cheap to clone.
#[derive(Clone)]
pub struct Report {
    metrics: Metrics,
    health: Arc<Health>,
    model: Arc<Mutex<String>>,
}

/// What became of a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// Something else is in force now.
    Applied,
    /// Nothing differs.
    Unchanged,
    /// Something is wrong with it; what was in force stays.
    Refused,
}

impl Reload {
    /// All of them.
    pub const ALL: [Reload; 3] = [Reload::Applied, Reload::Unchanged, Reload::Refused];

    /// The metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Reload::Applied => "applied",
            Reload::Unchanged => "unchanged",
            Reload::Refused => "refused",
        }
    }
}

impl Report {
    /// Over these; `model` is what `/version` names.
    pub fn new(metrics: Metrics, health: Arc<Health>, model: Arc<Mutex<String>>) -> Report {
        Report { metrics, health, model }
    }

    /// The model in force from now on.
    pub fn model(&self, model: &Model) {
        self.metrics.model(model.name(), &model.sha256_hex());
        model.name().clone_into(&mut self.model.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A reload has ended.
    pub fn reloaded(&self, outcome: Reload) {
        self.metrics.reloads.with_label_values(&[outcome.label()]).inc();
    }

    /// The poll loop went round.
    pub fn tick(&self) {
        self.health.tick();
    }

    /// Not ready, because of this.
    pub fn hold(&self, cause: Cause, why: &str) {
        self.health.hold(cause, why);
    }

    /// This no longer stands in the way.
    pub fn release(&self, cause: Cause) {
        self.health.release(cause);
    }

    /// A partition that is no longer ours.
    pub fn forget(&self, partition: i32) {
        self.health.release(Cause::Partition(partition));
        self.metrics.forget_partition(partition);
    }

    /// Seconds spent in a stage.
    pub fn spent(&self, stage: Stage, seconds: f64) {
        self.metrics.spent(stage, seconds);
    }

    /// One partition's part of a folded batch.
    pub fn folded(&self, counts: &Counts, bytes: u64) {
        self.metrics.batch(&counts.schemas, &counts.rejected, bytes);
        self.metrics.unknown_fields.add(counts.unknown_fields as i64);
        self.metrics.scores(&counts.scores);
    }

    /// How far features have moved from what the model knows.
    pub fn drift(&self, seen: &mut drift::Counts, model: &Model) {
        if let Some(bins) = model.calm_bins() {
            seen.fade();
            self.metrics.drift(&bins.indices(seen));
        } else {
            self.metrics.drift(&[None; WIDTH]);
        }
    }

    /// A transaction that committed.
    pub fn transaction(&self, seconds: f64, timings: &Timings) {
        self.metrics.transactions.with_label_values(&["committed"]).inc();
        self.metrics.transaction_seconds.observe(seconds);
        self.metrics.spent(Stage::Publish, seconds);
        tracing::debug!(
            seconds,
            produce = timings.produce,
            flush = timings.flush,
            offsets = timings.offsets,
            commit = timings.commit,
            "transaction committed"
        );
    }

    /// One that did not, or of which that is not known.
    pub fn transaction_failed(&self, outcome: &str, seconds: f64) {
        self.metrics.transactions.with_label_values(&[outcome]).inc();
        self.metrics.spent(Stage::Publish, seconds);
    }

    /// Slices encoded for a transaction.
    pub fn checkpoint(&self, seconds: f64, bytes: u64) {
        self.metrics.checkpoint_seconds.observe(seconds);
        self.metrics.checkpoint_bytes.inc_by(bytes);
    }

    /// Outputs that are now visible to readers.
    pub fn committed(&self, outputs: &[Message]) {
        let now = clock::now_millis();
        for note in outputs.iter().filter_map(|message| message.note.as_ref()) {
            match note {
                Note::DeadLetter => self.metrics.dead_letters.inc(),
                Note::Finding { kind, pattern, activity, time } => {
                    self.metrics.finding(*kind, *pattern, *activity);
                    self.metrics.end_to_end_latency_seconds.observe(now.since(*time) as f64 / 1000.0);
                }
            }
        }
    }

    /// Tenants that left memory since the last call.
    pub fn departed(&self, evicted: u64, forgotten: u64) {
        self.metrics.evictions.with_label_values(&["memory"]).inc_by(evicted);
        self.metrics.evictions.with_label_values(&["silent"]).inc_by(forgotten);
    }

    /// A partition's state was read back.
    pub fn restored(&self, records: u64, seconds: f64) {
        self.metrics.restore_seconds.observe(seconds);
        self.metrics.restore_records.inc_by(records);
    }

    /// `assign`, `revoke` or `lost`.
    pub fn rebalance(&self, kind: &str) {
        self.metrics.rebalances.with_label_values(&[kind]).inc();
    }

    /// What `route` holds now, and how far behind the log it is.
    pub fn routing(&self, assigned: usize, ready: usize, behind: impl Iterator<Item = (i32, i64)>) {
        self.metrics.assigned_partitions.set(assigned as i64);
        self.metrics.partitions_ready.set(ready as i64);
        behind.for_each(|(partition, records)| self.metrics.lag(partition, records));
    }

    /// What is held now, and how far behind the log it is.
    pub fn holding<'o>(&self, owned: impl Iterator<Item = (&'o i32, &'o Owned)>, ends: impl Fn(i32) -> Option<i64>) {
        let (mut assigned, mut live, mut tenants, mut workloads, mut bytes, mut oldest) = (0, 0, 0, 0, 0, None);
        for (&partition, owned) in owned {
            assigned += 1;
            live += i64::from(owned.is_live());
            let Some(fold) = &owned.fold else { continue };
            let (held, size) = fold.size();
            tenants += held as i64;
            bytes += size as i64;
            workloads += fold.workloads() as i64;
            oldest = fold.watermark().into_iter().chain(oldest).min();
            if let Some(end) = ends(partition) {
                self.metrics.lag(partition, (end - fold.next()).max(0));
            }
        }
        self.metrics.assigned_partitions.set(assigned);
        self.metrics.partitions_ready.set(live);
        self.metrics.tenants.set(tenants);
        self.metrics.workloads.set(workloads);
        self.metrics.state_bytes.set(bytes);
        if let Some(oldest) = oldest {
            self.metrics.event_time_lag_seconds.set(clock::now_millis().since(oldest) as f64 / 1000.0);
        }
    }
}
