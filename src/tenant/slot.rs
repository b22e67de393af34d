//! What a shard keeps about one tenant: its state, its open finding, and where its stored value stands.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};

use super::Tenant;
use super::shard::Rules;
use crate::finding::lifecycle::{Moment, OpenFinding, Subject};
use crate::finding::{Alarm, Event};
use crate::units::{Millis, TenantHash};

/// A tenant's state with what the shard keeps about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Slot {
    pub(super) tenant: Tenant,
    pub(super) finding: Option<OpenFinding>,
    /// Offset of the last exchange, and the partition's time then.
    pub(super) last_offset: i64,
    pub(super) last_at: Millis,
    pub(super) model_tag: u64,
    /// Not part of the stored value: the earliest timer set, whether it changed since the last
    /// checkpoint, and the covered offset of the value in the state topic (-1: none).
    #[serde(skip)]
    pub(super) timer: Option<Millis>,
    #[serde(skip)]
    pub(super) dirty: bool,
    #[serde(skip, default = "not_written")]
    pub(super) written: i64,
}

fn not_written() -> i64 {
    -1
}

impl Slot {
    pub(super) fn new(name: &str, model_tag: u64, written: i64) -> Slot {
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

    pub(super) fn alarm(&mut self, hash: TenantHash, alarm: Alarm, moment: Moment) -> Option<Event> {
        let subject = Subject { tenant: self.tenant.name(), hash };
        if let Some(open) = &mut self.finding {
            return open.alarm(subject, alarm, moment);
        }
        let (open, event) = OpenFinding::create(subject, alarm, moment);
        self.finding = Some(open);
        Some(event)
    }

    pub(super) fn due(&self, rules: &Rules<'_>) -> Millis {
        self.due_after(rules.close_after, rules.forget_after)
    }

    pub(super) fn due_after(&self, close_after: i64, forget_after: i64) -> Millis {
        match &self.finding {
            Some(finding) => finding.due(close_after),
            None => self.last_at.plus(forget_after),
        }
    }

    pub(super) fn logical_bytes(&self) -> usize {
        // the map's slot, the timer and the shard's lists, beside the tenant's own
        const KEPT_BY_SHARD: usize = size_of::<Slot>() - size_of::<Tenant>() + 96;
        let finding = if self.finding.is_some() { OpenFinding::LOGICAL_BYTES } else { 0 };
        KEPT_BY_SHARD + self.tenant.logical_bytes() + finding
    }
}

/// The keys are keyed hashes already: their low bits are as good as any hash of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LowBits(u64);

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
