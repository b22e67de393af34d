//! What the live driver tells the world about itself: metrics and health, per batch and transaction,
//! never per record.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::client::Edge;
use super::owned::{Owned, Phase};
use super::publish::{Message, Note, Timings};
use crate::clock;
use crate::feature::WIDTH;
use crate::http::{Cause, Health};
use crate::knowledge::Policy;
use crate::metrics::{Metrics, Stage};
use crate::model::{Model, drift};
use crate::pipeline::Counts;
use crate::side_inputs::SideInputs;
use crate::units::hex;

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

/// What became of parts of exchanges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Joins {
    /// Exchanges of several parts.
    pub joined: u64,
    /// Exchanges of one.
    pub alone: u64,
    /// Exchanges that waited no longer for the bytes that came after them.
    pub early: u64,
    /// Parts that came when their exchange was told.
    pub late: u64,
}

impl Joins {
    /// Counts an exchange.
    pub fn count(&mut self, parts: usize, early: bool) {
        match parts {
            _ if early => self.early += 1,
            1 => self.alone += 1,
            _ => self.joined += 1,
        }
    }

    /// By the metric's labels.
    pub fn by_outcome(&self) -> [(&'static str, u64); 4] {
        [("joined", self.joined), ("alone", self.alone), ("early", self.early), ("late", self.late)]
    }
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

    /// What is in force from now on, the model included.
    pub fn side_inputs(&self, side: &SideInputs) {
        self.model(&side.model);
        let named = |loaded: bool, name: &str| if loaded { name.to_owned() } else { "none".to_owned() };
        let (tenants, verdicts) = (&side.knowledge, &side.verdicts);
        // a policy is a list in the configuration, not a file: its own content tells it from another
        let policy = serde_json::to_vec(&side.policy).unwrap_or_default();
        let policy_name = named(side.policy != Policy::default(), "policy");
        self.metrics.snapshots(&[
            ("tenants", &named(tenants.is_loaded(), tenants.name()), &tenants.sha256_hex()),
            ("policy", &policy_name, &hex(&Sha256::digest(policy))),
            ("verdicts", &named(verdicts.is_loaded(), verdicts.name()), &verdicts.sha256_hex()),
        ]);
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

    /// What became of parts in a batch.
    pub fn joined(&self, joins: &Joins) {
        for (outcome, count) in joins.by_outcome() {
            self.metrics.joins.with_label_values(&[outcome]).inc_by(count);
        }
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

    /// Bytes of state that a committed transaction wrote.
    pub fn checkpoint(&self, bytes: u64) {
        self.metrics.checkpoint_bytes.inc_by(bytes);
    }

    /// Every shard of a partition has been written once more.
    pub fn checkpoint_round(&self, seconds: f64) {
        self.metrics.checkpoint_seconds.observe(seconds);
    }

    /// How long the longest-waiting shard has waited.
    pub fn checkpoint_age(&self, seconds: f64) {
        self.metrics.checkpoint_age_seconds.set(seconds);
    }

    /// Outputs that are now visible to readers.
    pub fn committed(&self, outputs: &[Message]) {
        let now = clock::now_millis();
        for note in outputs.iter().filter_map(|message| message.note.as_ref()) {
            match note {
                Note::DeadLetter => self.metrics.dead_letters.inc(),
                Note::Finding { kind, pattern, activity, verdict, time } => {
                    self.metrics.finding(*kind, *pattern, *activity, *verdict);
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
    pub fn restored(&self, records: u64) {
        self.metrics.restore_records.inc_by(records);
    }

    /// A partition is live, so long after its assignment.
    pub fn live(&self, partition: i32, seconds: f64) {
        self.metrics.restore_seconds.observe(seconds);
        self.health.release(Cause::Partition(partition));
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
    pub fn holding<'o>(&self, owned: impl Iterator<Item = (&'o i32, &'o Owned)>, edges: &BTreeMap<i32, Edge>) {
        let (mut assigned, mut live, mut stopped, mut oldest) = (0, 0, 0, None);
        let (mut tenants, mut workloads, mut bytes) = (0, 0, 0);
        for (&partition, owned) in owned {
            assigned += 1;
            live += i64::from(owned.is_live());
            stopped += i64::from(matches!(owned.phase, Phase::Stopped(_)));
            let Some(fold) = &owned.fold else {
                self.metrics.forget_partition(partition);
                continue;
            };
            let (held, size) = fold.size();
            tenants += held as i64;
            bytes += size as i64;
            workloads += fold.workloads() as i64;
            oldest = fold.watermark().into_iter().chain(oldest).min();
            if let Some(edge) = edges.get(&partition) {
                self.metrics.lag(partition, edge.behind(fold.next()));
            }
        }
        self.metrics.assigned_partitions.set(assigned);
        self.metrics.partitions_ready.set(live);
        self.metrics.partitions_stopped.set(stopped);
        self.metrics.tenants.set(tenants);
        self.metrics.workloads.set(workloads);
        self.metrics.state_bytes.set(bytes);
        let behind = oldest.map_or(0, |oldest| clock::now_millis().since(oldest));
        self.metrics.event_time_lag_seconds.set(behind as f64 / 1000.0);
    }
}
