//! A log that goes on where another ended: most tenants stay, some leave, some are new; a model is released and
//! customers grow.
//!
//! A tenant that stays is its old self run on: its clock and its items are counted from its first day, and
//! what lies before the log is not written. So nothing has to be handed over but the earlier log's seed.

use super::population::Member;
use super::schedule::Trend;
use super::spec::{AttackSpec, Spec};
use super::tenant::{Work, presence};
use super::workload::Workload;
use crate::draw::{Draw, mix};
use crate::units::Millis;

/// Percent of tenants that stay.
const STAY: u8 = 85;

/// The earlier log: as many tenants, without attackers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct History {
    /// Its seed.
    pub seed: u64,
    /// Its length; it ends where the new one begins.
    pub days: f64,
}

/// What happens in a log that continues another.
#[derive(Clone, Copy, Debug)]
pub(super) struct News {
    /// When a model comes out.
    pub(super) release: Millis,
    start: Millis,
}

impl History {
    /// The earlier log of a spec.
    pub(super) fn spec(self, spec: &Spec) -> Spec {
        let start = spec.start.plus(-((self.days * Millis::DAY as f64) as i64));
        Spec { days: self.days, attacks: AttackSpec::None, seed: self.seed, start, ..spec.clone() }
    }

    pub(super) fn news(spec: &Spec) -> News {
        let part = 0.2 + 0.6 * Draw::new(mix(&[spec.seed, 91])).unit();
        let release = spec.start.plus((spec.days * part * Millis::DAY as f64) as i64);
        News { release, start: spec.start }
    }

    /// Whether a tenant of the earlier log is in the new one.
    pub(super) fn stays(member: &Member, earlier: &Spec, seed: u64) -> bool {
        let (_, end) = presence(&mut member.draw(), earlier);
        let last = earlier.start.plus((earlier.days * Millis::DAY as f64) as i64);
        last <= end && Draw::new(mix(&[member.own, seed, 92])).percent(STAY)
    }
}

impl News {
    /// What they do to a workload, whoever runs it.
    pub(super) fn reach(self, load: &mut Workload) {
        let mut draw = Draw::new(mix(&[load.seed, 93]));
        if draw.percent(45) {
            // Two of five of those who change do so within a day.
            let lag = draw.exp() * 2.0 * Millis::DAY as f64;
            load.upgrade = Some(self.release.plus(lag as i64));
        }
        if load.clock.trend == Trend::Level {
            load.clock.trend = match draw.below(10) {
                0..3 => Trend::Growth(0.1 + draw.unit(), self.start),
                3 | 4 => Trend::Surge(self.release),
                _ => Trend::Level,
            };
        }
    }

    /// Runs a workload on to the log's beginning.
    pub(super) fn skip(self, work: &mut Work) {
        while let Some(slot) = work.next.filter(|slot| slot.ts < self.start) {
            if slot.turn == 0 {
                work.open(slot);
            }
            work.next = work.schedule.next();
        }
    }
}
