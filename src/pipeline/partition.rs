//! The state of one input partition: its shards, its event time, and what judges it where.

use std::sync::Arc;

use super::Core;
use crate::finding::render;
use crate::side_inputs::{SideInputs, Timeline};
use crate::tenant::Tenant;
use crate::tenant::checkpoint::{Marker, Restored, Slice, shard_of};
use crate::tenant::shard::{SHARDS, Shard};
use crate::tenant::watermark::Watermark;
use crate::units::{Millis, TenantHash};

/// The state of one input partition.
#[derive(Debug)]
pub struct Partition {
    pub(super) index: u32,
    pub(super) watermark: Watermark,
    pub(super) shards: Vec<Shard>,
    pub(super) next: i64,
    pub(super) timeline: Timeline,
}

impl Partition {
    /// A partition of which nothing has been read; its first record will be at `start` or later.
    pub fn new(index: u32, start: i64) -> Partition {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Partition { index, watermark: Watermark::default(), shards, next: start, timeline: Timeline::default() }
    }

    /// A partition as restored from the state topic; records from [`Partition::next`] on must follow.
    pub fn restored(index: u32, restored: Restored) -> Partition {
        let Restored { shards, from, watermark, .. } = restored;
        Partition { index, watermark, shards, next: from, timeline: Timeline::default() }
    }

    /// The same with what was in force where.
    #[must_use]
    pub fn with_timeline(self, timeline: Timeline) -> Partition {
        Partition { timeline, ..self }
    }

    /// Puts other side inputs in force from `offset` on, which must not be folded yet.
    pub fn change(&mut self, offset: i64, to: Arc<SideInputs>) {
        debug_assert!(offset >= self.next, "what is folded stays");
        self.timeline.forget_before(self.next);
        self.timeline.change(offset, to);
    }

    /// What judged the record at `offset`.
    pub fn side_inputs_at<'a>(&'a self, core: &'a Core, offset: i64) -> &'a Arc<SideInputs> {
        self.timeline.at(offset).unwrap_or(&core.side)
    }

    /// What rendering an event of the record at `offset` needs.
    pub fn render_context(&self, core: &Core, offset: i64) -> render::Context {
        core.render_context_of(self.side_inputs_at(core, offset))
    }

    /// Its number.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// The offset after the last record folded.
    pub fn next(&self) -> i64 {
        self.next
    }

    /// Event time, once known.
    pub fn watermark(&self) -> Option<Millis> {
        self.watermark.at()
    }

    /// Tenants and logical bytes held.
    pub fn size(&self) -> (usize, u64) {
        self.shards.iter().fold((0, 0), |(n, bytes), shard| (n + shard.tenants(), bytes + shard.bytes()))
    }

    /// Workloads held open.
    pub fn workloads(&self) -> usize {
        self.shards.iter().map(Shard::workloads).sum()
    }

    /// Tenants evicted and forgotten so far.
    pub fn departures(&self) -> (u64, u64) {
        self.shards.iter().map(Shard::departures).fold((0, 0), |(e, f), (de, df)| (e + de, f + df))
    }

    /// One tenant's state.
    pub fn tenant(&self, hash: TenantHash) -> Option<&Tenant> {
        self.shards.get(shard_of(hash))?.tenant(hash)
    }

    /// Encodes one shard's changes, covering everything folded so far.
    pub fn slice(&self, core: &Core, shard: usize) -> Option<Slice> {
        let covered = self.next;
        let marker = |tenants, xor| Marker {
            identity: core.identity,
            model: self.side_inputs_at(core, covered).model.sha256(),
            shard: shard as u32,
            covered,
            watermark: self.watermark.clone(),
            tenants,
            xor,
        };
        Some(self.shards.get(shard)?.slice(shard, covered, marker))
    }

    /// A slice's transaction has committed.
    pub fn written(&mut self, slice: &Slice) {
        if let Some(shard) = self.shards.get_mut(slice.shard) {
            shard.written(slice);
        }
    }
}
