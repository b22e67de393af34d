//! What a detector says of one tenant over time, so that any threshold can be tried afterwards.
//!
//! Record highs are kept, apart for every 30 days since the tenant's first exchange: the first
//! one at or above a threshold is the tenant's created finding of that time, as the product makes one
//! at most. Bounded by the number of record highs, in practice tens, and a number for every hundred exchanges.

use crate::units::Millis;

/// A tenant gets one finding in so much time.
pub const PERIOD: i64 = 30 * Millis::DAY;
/// Exchanges of a tenant at which scores are compared.
pub const COUNTS: [u64; 5] = [16, 30, 64, 100, 256];
/// Share of harvested exchanges from which a finding on an attacker is a hit.
pub const LEAST_SHARE: f64 = 0.25;

/// Where a tenant stands at one exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moment {
    /// Event time.
    pub ts: Millis,
    /// Time of the tenant's first exchange.
    pub first: Millis,
    /// Its exchanges so far, this one included.
    pub exchanges: u64,
    /// Those of them that were harvested.
    pub harvested: u64,
    /// Output tokens of the harvested ones.
    pub tokens: u64,
}

/// A record high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// The detector's value.
    pub value: f64,
    /// When.
    pub at: Moment,
    /// Harvested share of the exchanges that the value speaks of.
    pub share: f64,
}

/// The record highs of one tenant under one detector.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    periods: Vec<(i64, Vec<Peak>)>,
    /// The highest value within the first so many exchanges; minus infinity where nothing was said.
    pub at_counts: [f64; COUNTS.len()],
    /// The highest value within each hundred exchanges; minus infinity where nothing was said.
    pub by_hundred: Vec<f64>,
    /// The highest value of all.
    pub highest: f64,
}

impl Default for Track {
    fn default() -> Track {
        Track {
            periods: Vec::new(),
            at_counts: [f64::NEG_INFINITY; COUNTS.len()],
            by_hundred: Vec::new(),
            highest: f64::NEG_INFINITY,
        }
    }
}

impl Moment {
    /// Which hundred of its tenant's exchanges this one belongs to.
    pub fn hundred(&self) -> usize {
        (self.exchanges.saturating_sub(1) / 100) as usize
    }
}

impl Peak {
    /// Whether a finding made here, on an attacker, speaks of the harvest.
    pub fn is_hit(&self) -> bool {
        self.at.harvested > 0 && self.share >= LEAST_SHARE
    }
}

impl Track {
    /// Takes a value; `share` is asked only if it is a record high.
    pub fn push(&mut self, value: f64, at: &Moment, share: impl FnOnce() -> f64) {
        self.highest = self.highest.max(value);
        for (slot, count) in self.at_counts.iter_mut().zip(COUNTS) {
            if at.exchanges <= count {
                *slot = slot.max(value);
            }
        }
        let hundred = at.hundred();
        if self.by_hundred.len() <= hundred {
            self.by_hundred.resize(hundred + 1, f64::NEG_INFINITY);
        }
        self.by_hundred[hundred] = self.by_hundred[hundred].max(value);
        let period = at.ts.since(at.first) / PERIOD;
        let place = match self.periods.binary_search_by_key(&period, |(period, _)| *period) {
            Ok(place) => place,
            Err(place) => {
                self.periods.insert(place, (period, Vec::new()));
                place
            }
        };
        let peaks = &mut self.periods[place].1;
        if peaks.last().is_none_or(|last| last.value < value) {
            peaks.push(Peak { value, at: *at, share: share() });
        }
    }

    /// The findings that a threshold creates, one per period at most.
    pub fn findings(&self, threshold: f64) -> impl Iterator<Item = &Peak> {
        self.periods.iter().filter_map(move |(_, peaks)| peaks.iter().find(|peak| peak.value >= threshold))
    }

    /// The first of them that speaks of the harvest.
    pub fn hit(&self, threshold: f64) -> Option<&Peak> {
        self.findings(threshold).find(|peak| peak.is_hit())
    }

    /// The highest value of each period: what a threshold for findings is set on.
    pub fn maxima(&self) -> impl Iterator<Item = f64> {
        self.periods.iter().filter_map(|(_, peaks)| peaks.last().map(|peak| peak.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(day: i64, exchanges: u64, harvested: u64) -> Moment {
        let first = Millis(1_780_000_000_000);
        Moment { ts: first.plus(day * Millis::DAY), first, exchanges, harvested, tokens: harvested * 10 }
    }

    #[test]
    fn one_finding_in_thirty_days() {
        let mut track = Track::default();
        for (day, value) in [(0, 1.0), (1, 5.0), (2, 4.0), (29, 7.0), (30, 2.0), (45, 6.0), (70, 1.0)] {
            track.push(value, &moment(day, day as u64 + 1, 0), || 0.0);
        }
        let days = |threshold| track.findings(threshold).map(|peak| peak.at.exchanges - 1).collect::<Vec<_>>();
        assert_eq!(days(4.0), [1, 45]);
        assert_eq!(days(6.5), [29]);
        assert_eq!(days(1.0), [0, 30, 70]);
        assert_eq!(track.maxima().collect::<Vec<_>>(), [7.0, 6.0, 1.0]);
        assert_eq!(track.highest, 7.0);
    }

    #[test]
    fn scores_at_counts_are_the_highest_so_far() {
        let mut track = Track::default();
        for (exchanges, value) in [(16, 1.0), (20, 3.0), (64, 2.0), (65, 9.0)] {
            track.push(value, &moment(0, exchanges, 0), || 0.0);
        }
        assert_eq!(track.at_counts, [1.0, 3.0, 3.0, 9.0, 9.0]);
    }

    #[test]
    fn each_hundred_has_its_own_highest() {
        let mut track = Track::default();
        for (exchanges, value) in [(1, 1.0), (100, 3.0), (101, 2.0), (301, 0.5), (350, 0.1)] {
            track.push(value, &moment(0, exchanges, 0), || 0.0);
        }
        assert_eq!(track.by_hundred, [3.0, 2.0, f64::NEG_INFINITY, 0.5]);
    }

    #[test]
    fn a_hit_needs_a_quarter_of_harvest() {
        let mut track = Track::default();
        track.push(5.0, &moment(0, 10, 2), || 0.24);
        track.push(6.0, &moment(31, 50, 12), || 0.25);
        assert_eq!(track.hit(5.0).map(|peak| peak.at.harvested), Some(12));
        let mut early = Track::default();
        early.push(5.0, &moment(0, 10, 0), || 1.0);
        assert_eq!(early.hit(5.0), None);
    }
}
