//! The watermark of an input partition: how far event time has come, record by record.
//!
//! It decides when a silent tenant's finding closes and bounds the time a record may claim. It is not
//! the newest timestamp: a record dated far in the future must not move everybody's time. So a timestamp
//! more than an hour ahead waits, and moves the watermark only once 16 such records from two tenants
//! (or 64 from one) agree; then to their median, so that a lone absurd date among them has no say.
//!
//! Invariant: once set, it never goes back. Bounded: at most 64 waiting records. Cost: a compare.

use serde::{Deserialize, Serialize};

use crate::units::{Millis, TenantHash};

/// How far ahead a timestamp may be and still count at once.
const AHEAD: i64 = Millis::HOUR;
/// Waiting records that move it when they come from two tenants or more.
const AGREE_MANY: usize = 16;
/// Waiting records that move it when they all come from one.
const AGREE_ONE: usize = 64;

/// Event time of one input partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    at: Option<Millis>,
    /// Timestamps too far ahead, in order of arrival, with a part of the tenant's hash.
    waiting: Vec<(Millis, u64)>,
}

/// What the watermark makes of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The time at which the record is folded: its own, unless that is too far ahead.
    pub effective: Millis,
    /// The partition's time after the record; timers are set from it.
    pub watermark: Millis,
    /// The same where time is known: only then anything can fall due.
    pub known: Option<Millis>,
}

impl Watermark {
    /// Takes one record's time. Call once per accepted record, in offset order.
    pub fn observe(&mut self, ts: Millis, tenant: TenantHash) -> Tick {
        match self.at {
            Some(at) if ts.0 <= at.0.saturating_add(AHEAD) => {
                if ts > at {
                    self.advance(ts);
                }
                let watermark = at.max(ts);
                Tick { effective: ts, watermark, known: Some(watermark) }
            }
            _ => {
                self.waiting.push((ts, tenant.0 as u64));
                if self.waiting_agree() {
                    self.advance(self.median());
                }
                // before the first agreement the earliest date seen stands in: a first record from the
                // far future then costs nobody but its own tenant
                let watermark = self.at.unwrap_or_else(|| self.earliest());
                Tick { effective: ts.min(watermark), watermark, known: self.at }
            }
        }
    }

    /// The partition's time, once known.
    pub fn at(&self) -> Option<Millis> {
        self.at
    }

    fn advance(&mut self, to: Millis) {
        let to = self.at.map_or(to, |at| at.max(to));
        self.at = Some(to);
        self.waiting.retain(|(ts, _)| ts.0 > to.0.saturating_add(AHEAD));
    }

    fn waiting_agree(&self) -> bool {
        let Some(&(_, first)) = self.waiting.first() else {
            return false;
        };
        self.waiting.len() >= AGREE_ONE
            || (self.waiting.len() >= AGREE_MANY && self.waiting.iter().any(|&(_, t)| t != first))
    }

    fn median(&self) -> Millis {
        let mut times: Vec<Millis> = self.waiting.iter().map(|&(ts, _)| ts).collect();
        times.sort_unstable();
        times.get((times.len().max(1) - 1) / 2).copied().unwrap_or_default()
    }

    fn earliest(&self) -> Millis {
        self.waiting.iter().map(|&(ts, _)| ts).min().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: i64 = 1_780_000_000_000;
    const YEAR_2099: i64 = 4_070_908_800_000;

    fn started() -> Watermark {
        let mut w = Watermark::default();
        for i in 0..16 {
            w.observe(Millis(T0 + i), TenantHash(u128::from(i as u8 % 2)));
        }
        assert!(w.at().is_some());
        w
    }

    #[test]
    fn starts_only_when_sixteen_records_of_two_tenants_agree() {
        let mut w = Watermark::default();
        for i in 0..15 {
            w.observe(Millis(T0 + i), TenantHash(u128::from(i as u8 % 2)));
            assert_eq!(w.at(), None);
        }
        w.observe(Millis(T0 + 15), TenantHash(1));
        assert_eq!(w.at(), Some(Millis(T0 + 7)), "the lower median of sixteen");
    }

    #[test]
    fn a_first_record_from_2099_does_not_hold_time_hostage() {
        let mut w = Watermark::default();
        assert_eq!(w.observe(Millis(YEAR_2099), TenantHash(9)).effective, Millis(YEAR_2099));
        for i in 0..40 {
            let tick = w.observe(Millis(T0 + i * 1000), TenantHash(u128::from(i as u8 % 3)));
            assert!(tick.effective <= Millis(T0 + i * 1000));
            assert!(tick.watermark < Millis(T0 + 100_000));
        }
        assert_eq!(w.at(), Some(Millis(T0 + 39_000)));
    }

    #[test]
    fn a_lone_far_future_record_counts_as_the_watermark() {
        let mut w = started();
        let before = w.at();
        let tick = w.observe(Millis(YEAR_2099), TenantHash(1));
        assert_eq!(Some(tick.effective), before);
        assert_eq!(w.at(), before);
    }

    #[test]
    fn one_tenant_needs_sixty_four() {
        let mut w = started();
        let before = w.at();
        for _ in 0..63 {
            w.observe(Millis(T0 + Millis::DAY), TenantHash(7));
            assert_eq!(w.at(), before);
        }
        w.observe(Millis(T0 + Millis::DAY), TenantHash(7));
        assert_eq!(w.at(), Some(Millis(T0 + Millis::DAY)));
    }

    #[test]
    fn an_absurd_date_among_the_waiting_has_no_say() {
        let mut w = started();
        w.observe(Millis(YEAR_2099), TenantHash(1));
        for i in 0..15 {
            w.observe(Millis(T0 + Millis::DAY), TenantHash(u128::from(i as u8 % 2)));
        }
        assert_eq!(w.at(), Some(Millis(T0 + Millis::DAY)));
        assert_eq!(w.waiting, [(Millis(YEAR_2099), 1)], "and goes on waiting");
    }

    #[test]
    fn late_records_keep_their_time_and_move_nothing() {
        let mut w = started();
        let before = w.at();
        let tick = w.observe(Millis(T0 - Millis::DAY), TenantHash(1));
        assert_eq!(tick.effective, Millis(T0 - Millis::DAY));
        assert_eq!(Some(tick.watermark), before);
    }

    proptest::proptest! {
        #[test]
        fn never_goes_back_and_never_holds_more_than_64(
            steps in proptest::collection::vec((0i64..400_000_000_000, 0u8..4), 1..400)
        ) {
            let mut w = Watermark::default();
            let mut last = None;
            for (ts, tenant) in steps {
                let tick = w.observe(Millis(T0 + ts), TenantHash(u128::from(tenant)));
                proptest::prop_assert!(w.at() >= last);
                proptest::prop_assert!(w.waiting.len() < AGREE_ONE);
                proptest::prop_assert!(tick.effective <= Millis(T0 + ts));
                if let Some(at) = w.at() {
                    proptest::prop_assert_eq!(tick.watermark, at);
                    proptest::prop_assert!(tick.effective <= at);
                }
                last = w.at();
            }
        }
    }
}
