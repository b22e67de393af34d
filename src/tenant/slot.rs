//! What a shard keeps about one tenant: its state, its open finding, and where its stored value stands.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};

use super::Tenant;
use super::shard::Rules;
use crate::finding::lifecycle::{Moment, OpenFinding, Subject};
use crate::finding::policy::{Breach, PolicyFinding};
use crate::finding::{Alarm, CloseReason, Event, Seen};
use crate::knowledge::Watch;
use crate::units::{Millis, Position, TenantHash};

/// A tenant's state with what the shard keeps about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Slot {
    pub(super) tenant: Tenant,
    pub(super) finding: Option<OpenFinding>,
    /// Offset of the last exchange, and the partition's time then.
    pub(super) last_offset: i64,
    pub(super) last_at: Millis,
    pub(super) model_tag: u64,
    /// Beside the other: what the provider knows neither hides nor changes what was seen.
    pub(super) policy: Option<Box<PolicyFinding>>,
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
            policy: None,
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

    /// Raises what a policy says of the tenant after its exchange at `at`.
    pub(super) fn check_policy(&mut self, hash: TenantHash, watch: &Watch, at: Seen, moment: Moment) -> Option<Event> {
        let whole = self.tenant.whole();
        let breaches = watch.breaches(hash, whole);
        if breaches.is_empty() {
            return None;
        }
        let subject = Subject { tenant: self.tenant.name(), hash };
        let breach = Breach { breaches, whole, at };
        if let Some(open) = &mut self.policy {
            return open.again(subject, breach, moment);
        }
        let (open, event) = PolicyFinding::create(subject, breach, moment);
        self.policy = Some(Box::new(open));
        Some(event)
    }

    /// Closes what falls due by `time`.
    pub(super) fn close_due(&mut self, rules: &Rules<'_>, time: Millis, at: Position) -> [Option<Event>; 2] {
        let (finding, policy) = (&mut self.finding, &mut self.policy);
        let finding = finding.take_if(|open| open.due(rules.close_after) <= time);
        let policy = policy.take_if(|open| open.due(rules.close_after) <= time);
        self.closed(finding, policy, CloseReason::Calm, time, at)
    }

    /// Closes everything: the tenant leaves.
    pub(super) fn close_all(&mut self, time: Millis, at: Position) -> [Option<Event>; 2] {
        let (finding, policy) = (self.finding.take(), self.policy.take());
        self.closed(finding, policy, CloseReason::Evicted, time, at)
    }

    fn closed(
        &self,
        finding: Option<OpenFinding>,
        policy: Option<Box<PolicyFinding>>,
        reason: CloseReason,
        time: Millis,
        at: Position,
    ) -> [Option<Event>; 2] {
        let tenant = self.tenant.name();
        [
            finding.map(|open| open.close(tenant, reason, time, at)),
            policy.map(|open| open.close(tenant, reason, time, at)),
        ]
    }

    /// Whether a finding is open.
    pub(super) fn is_open(&self) -> bool {
        self.finding.is_some() || self.policy.is_some()
    }

    pub(super) fn due(&self, rules: &Rules<'_>) -> Millis {
        self.due_after(rules.close_after, rules.forget_after)
    }

    pub(super) fn due_after(&self, close_after: i64, forget_after: i64) -> Millis {
        let finding = self.finding.as_ref().map(|open| open.due(close_after));
        let policy = self.policy.as_ref().map(|open| open.due(close_after));
        finding.into_iter().chain(policy).min().unwrap_or_else(|| self.last_at.plus(forget_after))
    }

    pub(super) fn logical_bytes(&self) -> usize {
        // the map's slot, the timer and the shard's lists, beside the tenant's own
        const KEPT_BY_SHARD: usize = size_of::<Slot>() - size_of::<Tenant>() + 96;
        let open = usize::from(self.finding.is_some()) + usize::from(self.policy.is_some());
        KEPT_BY_SHARD + self.tenant.logical_bytes() + open * OpenFinding::LOGICAL_BYTES
    }
}

/// The keys are keyed hashes already: their low bits are as good as any hash of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LowBits(u64);

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
