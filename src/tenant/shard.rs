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
use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::Tenant;
use super::watermark::Tick;
use crate::evidence::Decision;
use crate::feature::Row;
use crate::finding::lifecycle::{Moment, OpenFinding, Subject};
use crate::finding::{Alarm, CloseReason, Event, Seen};
use crate::model::Model;
use crate::trace::Trace;
use crate::units::{Millis, Position, TenantHash};

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
    /// A finding closes after this much time without an alarm.
    pub close_after: i64,
    /// A silent tenant is forgotten after this.
    pub forget_after: i64,
    /// Logical bytes a shard may hold.
    pub byte_limit: u64,
    /// Whether every decision is wanted, not only the alarms.
    pub scores: bool,
}

/// What a shard's fold brings forth.
#[derive(Debug, Default)]
pub struct Folded {
    /// Events of findings.
    pub events: Vec<Event>,
    /// Decisions, where wanted.
    pub scores: Vec<ScoreRow>,
}

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

/// A tenant's state with what the shard keeps about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slot {
    pub(super) tenant: Tenant,
    finding: Option<OpenFinding>,
    /// Offset of the last exchange, and the partition's time then.
    last_offset: i64,
    last_at: Millis,
    model_tag: u64,
    /// Not part of the stored value: the earliest timer set, whether it changed since the last
    /// checkpoint, and the covered offset of the value in the state topic (-1: none).
    #[serde(skip)]
    timer: Option<Millis>,
    #[serde(skip)]
    pub(super) dirty: bool,
    #[serde(skip, default = "not_written")]
    pub(super) written: i64,
}

fn not_written() -> i64 {
    -1
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
    pub(super) slots: HashMap<TenantHash, Slot, BuildHasherDefault<LowBits>>,
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
            slot
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
        let alarm = if rules.scores {
            let scores = &mut out.scores;
            slot.tenant.observe_with(step.trace, seen, rules.model, &mut |decision| {
                scores.push(ScoreRow::of(step.trace.tenant, decision));
            })
        } else {
            slot.tenant.observe(step.trace, seen, rules.model)
        };
        if let Some(alarm) = alarm {
            out.events.extend(slot.alarm(hash, alarm, moment(partition, step)));
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
            let Some(finding) = slot.finding.take() else {
                self.forgotten += 1;
                self.remove(hash);
                continue;
            };
            let before = slot.logical_bytes() + OpenFinding::LOGICAL_BYTES;
            out.events.push(finding.close(slot.tenant.name(), CloseReason::Calm, due, at));
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
            if let Some(slot) = self.slots.get_mut(&hash)
                && let Some(finding) = slot.finding.take()
            {
                self.bytes -= OpenFinding::LOGICAL_BYTES as u64;
                out.events.push(finding.close(slot.tenant.name(), CloseReason::Evicted, watermark, at));
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
        if let Some(old) = self.slots.insert(hash, slot) {
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

impl Slot {
    fn new(name: &str, model_tag: u64, written: i64) -> Slot {
        Slot {
            tenant: Tenant::new(name),
            finding: None,
            last_offset: 0,
            last_at: Millis(0),
            model_tag,
            timer: None,
            dirty: false,
            written,
        }
    }

    fn alarm(&mut self, hash: TenantHash, alarm: Alarm, moment: Moment) -> Option<Event> {
        let subject = Subject { tenant: self.tenant.name(), hash };
        if let Some(open) = &mut self.finding {
            return open.alarm(subject, alarm, moment);
        }
        let (open, event) = OpenFinding::create(subject, alarm, moment);
        self.finding = Some(open);
        Some(event)
    }

    fn due(&self, rules: &Rules<'_>) -> Millis {
        self.due_after(rules.close_after, rules.forget_after)
    }

    fn due_after(&self, close_after: i64, forget_after: i64) -> Millis {
        match &self.finding {
            Some(finding) => finding.due(close_after),
            None => self.last_at.plus(forget_after),
        }
    }

    fn logical_bytes(&self) -> usize {
        // the map's slot, the timer and the shard's lists, beside the tenant's own
        const KEPT_BY_SHARD: usize = size_of::<Slot>() - size_of::<Tenant>() + 96;
        let finding = if self.finding.is_some() { OpenFinding::LOGICAL_BYTES } else { 0 };
        KEPT_BY_SHARD + self.tenant.logical_bytes() + finding
    }
}

fn moment(partition: u32, step: &Step<'_, '_>) -> Moment {
    Moment {
        effective: step.tick.effective,
        watermark: step.tick.watermark,
        at: Position { partition, offset: step.offset },
    }
}

/// The keys are keyed hashes already: their low bits are as good as any hash of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct LowBits(u64);

impl Hasher for LowBits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(w, b)| *w = *b);
            self.0 ^= u64::from_le_bytes(word).rotate_left(7);
        }
    }

    fn write_u128(&mut self, value: u128) {
        // the shard is chosen by the low bits, so take the high ones here
        self.0 = (value >> 64) as u64;
    }
}
