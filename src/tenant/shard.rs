//! A shard: the tenants of one input partition whose hash falls into one of [`SHARDS`] slots.
//!
//! A shard is folded by one thread at a time, so it needs no lock; it shares nothing with other shards,
//! so the number of threads changes nothing. Timers (a finding falls due, a silent tenant is forgotten)
//! fire by the partition's watermark, before the record that moved it there is folded, in the order of
//! (due time, tenant). The memory limit is the partition's divided by [`SHARDS`]: in logical bytes, so
//! that findings do not depend on the allocator or on what else the process holds.
//!
//! Full: the tenants not seen for longest are evicted down to seven eighths of the limit; an open finding
//! closes with the reason `evicted`.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasherDefault;

use super::Tenant;
use super::slot::{LowBits, Slot};
use super::watermark::Tick;
use crate::evidence::{Decision, is_window};
use crate::feature::Row;
use crate::finding::lifecycle::Moment;
use crate::finding::{Event, Seen};
use crate::knowledge::Watch;
use crate::model::Model;
use crate::model::drift::Binned;
use crate::trace::Trace;
use crate::units::{Millis, Position, TenantHash};
use hashbrown::HashMap;

/// Shards of an input partition. A million tenants over 6 partitions are 2,600 a shard, about 5 MB:
/// one checkpoint slice.
pub const SHARDS: usize = 64;

/// What the fold of a shard depends on besides the log.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The model in force.
    pub model: &'a Model,
    /// Marks evidence with the model that made it.
    pub model_tag: u64,
    /// Tenants that policy has something to say about.
    pub watch: &'a Watch,
    /// A finding closes after this much time without an alarm.
    pub close_after: i64,
    /// A silent tenant is forgotten after this.
    pub forget_after: i64,
    /// Logical bytes a shard may hold.
    pub byte_limit: u64,
    /// Whether every decision is wanted, not only the alarms.
    pub scores: bool,
    /// Whether calm windows are wanted as bins, to tell drift by.
    pub windows: bool,
}

/// What a shard's fold brings forth.
#[derive(Debug, Default)]
pub struct Folded {
    /// Events of findings.
    pub events: Vec<Event>,
    /// Decisions, where wanted.
    pub scores: Vec<ScoreRow>,
    /// How many decisions had a score in each tenth.
    pub tenths: [u32; TENTHS],
    /// Calm windows as bins, where wanted and the model has some.
    pub windows: Vec<Binned>,
}

/// Parts of the range of scores that are counted apart.
pub const TENTHS: usize = 10;

/// One decision of a unit, for `replay --scores`.
#[derive(Clone, Debug)]
pub struct ScoreRow {
    /// Offset of the deciding exchange.
    pub offset: i64,
    /// The tenant's name.
    pub tenant: Box<str>,
    /// The workload's account.
    pub account: Option<Box<str>>,
    /// Keyed hash of account and frame; 0 for the tenant as a whole.
    pub workload: u64,
    /// Effective time.
    pub ts: Millis,
    /// Exchanges of the unit so far.
    pub exchanges: u64,
    /// How odd the window is among calm ones, 0 to 1.
    pub score: f32,
    /// Evidence after the decision.
    pub evidence: f32,
    /// The features.
    pub row: Row,
}

/// One accepted record, ready to fold.
#[derive(Clone, Copy)]
pub struct Step<'t, 'a> {
    /// What the trace stage made of it.
    pub trace: &'t Trace<'a>,
    /// Its offset.
    pub offset: i64,
    /// Its place in event time.
    pub tick: Tick,
}

/// A tenant that left since the last checkpoint: its value must become a tombstone.
#[derive(Clone, Debug)]
pub(super) struct Gone {
    pub(super) name: Box<str>,
    pub(super) written: i64,
}

/// The tenants of one shard.
#[derive(Debug, Default)]
pub struct Shard {
    /// Boxed: a table holds up to four times as many places as tenants, and a place of its own is more than a kilobyte.
    pub(super) slots: HashMap<TenantHash, Box<Slot>, BuildHasherDefault<LowBits>>,
    pub(super) dirty: Vec<TenantHash>,
    pub(super) gone: BTreeMap<TenantHash, Gone>,
    /// Records below this offset are in the state.
    pub(super) covered: i64,
    /// XOR over the values in the state topic; see `checkpoint`.
    pub(super) written_xor: u64,
    timers: BTreeSet<(Millis, TenantHash)>,
    bytes: u64,
    workloads: usize,
    evicted: u64,
    forgotten: u64,
}

impl Shard {
    /// Folds this shard's records of a batch. `track` holds (offset, watermark) of every accepted record
    /// of the partition in the batch: timers fire at the record that made them due, whoever's it was.
    pub fn fold(
        &mut self,
        partition: u32,
        steps: &[Step<'_, '_>],
        track: &[(i64, Millis)],
        rules: &Rules<'_>,
        out: &mut Folded,
    ) {
        let track = track.get(track.partition_point(|&(offset, _)| offset < self.covered)..).unwrap_or_default();
        for step in steps {
            if step.offset < self.covered {
                continue; // re-fold: the checkpoint already holds it
            }
            if let Some(watermark) = step.tick.known {
                self.fire(partition, watermark, track, rules, out);
            }
            self.observe(partition, step, rules, out);
        }
        if let Some(&(_, watermark)) = track.last() {
            self.fire(partition, watermark, track, rules, out);
        }
    }

    /// Tenants held.
    pub fn tenants(&self) -> usize {
        self.slots.len()
    }

    /// Logical bytes held.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Workloads held open.
    pub fn workloads(&self) -> usize {
        self.workloads
    }

    /// Tenants evicted by the memory limit, and forgotten after silence, since the shard was made.
    pub fn departures(&self) -> (u64, u64) {
        (self.evicted, self.forgotten)
    }

    /// A tenant's state, for tests and inspection.
    pub fn tenant(&self, hash: TenantHash) -> Option<&Tenant> {
        self.slots.get(&hash).map(|slot| &slot.tenant)
    }

    fn observe(&mut self, partition: u32, step: &Step<'_, '_>, rules: &Rules<'_>, out: &mut Folded) {
        let hash = step.trace.tenant_hash;
        let (gone, bytes) = (&mut self.gone, &mut self.bytes);
        let slot = self.slots.entry(hash).or_insert_with(|| {
            let slot = Slot::new(step.trace.tenant, rules.model_tag, gone.remove(&hash).map_or(-1, |g| g.written));
            *bytes += slot.logical_bytes() as u64;
            Box::new(slot)
        });
        let before = slot.logical_bytes() as u64;
        let workloads = slot.tenant.open_workloads();
        if slot.model_tag != rules.model_tag {
            slot.tenant.forget_evidence();
            slot.model_tag = rules.model_tag;
        }
        slot.last_offset = step.offset;
        slot.last_at = step.tick.watermark;
        let seen = Seen { ts: step.tick.effective, offset: step.offset };
        let Folded { tenths, scores, windows, .. } = out;
        let bins = rules.model.calm_bins().filter(|_| rules.windows);
        let compared = step.trace.typicality.all.is_some();
        let alarm = slot.tenant.observe_with(step.trace, seen, rules.model, &mut |decision| {
            tenths[((decision.scored.rank * TENTHS as f32) as usize).min(TENTHS - 1)] += 1;
            if rules.scores {
                scores.push(ScoreRow::of(step.trace.tenant, decision));
            }
            // what alarms is told as a finding: as drift it would hide what calm customers do
            if let Some(bins) = bins
                && is_window(decision.exchanges)
                && decision.evidence < rules.model.threshold()
            {
                windows.push(bins.bin(decision.row, decision.exchanges, compared));
            }
        });
        if let Some(alarm) = alarm {
            out.events.extend(slot.alarm(hash, alarm, moment(partition, step)));
        }
        if !rules.watch.is_empty() {
            out.events.extend(slot.check_policy(hash, rules.watch, seen, moment(partition, step)));
        }
        if !slot.dirty {
            slot.dirty = true;
            self.dirty.push(hash);
        }
        // an entry may be early (it is checked when it fires) but never late
        let due = slot.due(rules);
        if slot.timer.is_none_or(|set| due < set) {
            if let Some(set) = slot.timer.replace(due) {
                self.timers.remove(&(set, hash));
            }
            self.timers.insert((due, hash));
        }
        self.bytes = self.bytes + slot.logical_bytes() as u64 - before;
        self.workloads = self.workloads + slot.tenant.open_workloads() - workloads;
        if self.bytes > rules.byte_limit {
            let at = Position { partition, offset: step.offset };
            self.evict(hash, step.tick.watermark, at, rules, out);
        }
    }

    fn fire(
        &mut self,
        partition: u32,
        watermark: Millis,
        track: &[(i64, Millis)],
        rules: &Rules<'_>,
        out: &mut Folded,
    ) {
        while let Some(&(set, hash)) = self.timers.first() {
            if set > watermark {
                return;
            }
            self.timers.pop_first();
            let Some(slot) = self.slots.get_mut(&hash) else {
                continue;
            };
            let due = slot.due(rules);
            if due > set {
                slot.timer = Some(due);
                self.timers.insert((due, hash));
                continue;
            }
            let by = track.partition_point(|&(_, at)| at < due);
            let offset = track.get(by).map_or(slot.last_offset, |&(offset, _)| offset);
            let at = Position { partition, offset };
            if !slot.is_open() {
                self.forgotten += 1;
                self.remove(hash);
                continue;
            }
            let before = slot.logical_bytes();
            out.events.extend(slot.close_due(rules, due, at).into_iter().flatten());
            if !slot.dirty {
                slot.dirty = true;
                self.dirty.push(hash);
            }
            let next = slot.due(rules);
            slot.timer = Some(next);
            self.timers.insert((next, hash));
            self.bytes -= (before - slot.logical_bytes()) as u64;
        }
    }

    /// Cold: runs once per eighth of the limit, so a sort of the shard is cheaper than an order kept
    /// up to date at every record.
    #[cold]
    fn evict(&mut self, keep: TenantHash, watermark: Millis, at: Position, rules: &Rules<'_>, out: &mut Folded) {
        let mut by_age: Vec<(i64, TenantHash)> =
            self.slots.iter().map(|(hash, slot)| (slot.last_offset, *hash)).collect();
        by_age.sort_unstable();
        let target = rules.byte_limit / 8 * 7;
        for (_, hash) in by_age {
            if self.bytes <= target {
                break;
            }
            if hash == keep {
                continue;
            }
            if let Some(slot) = self.slots.get_mut(&hash) {
                let before = slot.logical_bytes();
                out.events.extend(slot.close_all(watermark, at).into_iter().flatten());
                self.bytes -= (before - slot.logical_bytes()) as u64;
            }
            self.evicted += 1;
            self.remove(hash);
        }
    }

    fn remove(&mut self, hash: TenantHash) {
        let Some(slot) = self.slots.remove(&hash) else {
            return;
        };
        if let Some(set) = slot.timer {
            self.timers.remove(&(set, hash));
        }
        self.bytes -= slot.logical_bytes() as u64;
        self.workloads -= slot.tenant.open_workloads();
        if slot.written >= 0 {
            self.gone.insert(hash, Gone { name: slot.tenant.name().into(), written: slot.written });
        }
    }

    /// Puts a restored tenant in, replacing an older value.
    pub(super) fn restore(&mut self, hash: TenantHash, mut slot: Slot, written: i64) {
        slot.written = written;
        if let Some(old) = self.slots.insert(hash, Box::new(slot)) {
            self.written_xor ^= super::checkpoint::mark(old.tenant.name().as_bytes(), old.written);
        }
        if let Some(slot) = self.slots.get(&hash) {
            self.written_xor ^= super::checkpoint::mark(slot.tenant.name().as_bytes(), written);
        }
    }

    /// Takes a restored tenant out: its value was followed by a tombstone.
    pub(super) fn restore_tombstone(&mut self, hash: TenantHash) {
        if let Some(old) = self.slots.remove(&hash) {
            self.written_xor ^= super::checkpoint::mark(old.tenant.name().as_bytes(), old.written);
        }
    }

    /// After the last restored value: timers and the byte count follow from the slots.
    pub(super) fn finish_restore(&mut self, covered: i64, close_after: i64, forget_after: i64) {
        self.covered = covered;
        (self.bytes, self.workloads) = (0, 0);
        self.timers.clear();
        for (hash, slot) in &mut self.slots {
            let due = slot.due_after(close_after, forget_after);
            slot.timer = Some(due);
            self.timers.insert((due, *hash));
            self.bytes += slot.logical_bytes() as u64;
            self.workloads += slot.tenant.open_workloads();
        }
    }
}

impl ScoreRow {
    fn of(tenant: &str, decision: &Decision<'_>) -> ScoreRow {
        ScoreRow {
            offset: decision.at.offset,
            tenant: tenant.into(),
            account: decision.subject.account.map(Box::from),
            workload: decision.subject.workload,
            ts: decision.at.ts,
            exchanges: decision.exchanges,
            score: decision.scored.rank,
            evidence: decision.evidence,
            row: *decision.row,
        }
    }
}

fn moment(partition: u32, step: &Step<'_, '_>) -> Moment {
    Moment {
        effective: step.tick.effective,
        watermark: step.tick.watermark,
        at: Position { partition, offset: step.offset },
    }
}
