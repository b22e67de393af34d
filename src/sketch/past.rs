//! What a tenant's prompts were like a week and more ago, without their text: is this one as they were?
//!
//! ```text
//!  day    0 ─── learns ──► 7 ─── waits ──► 14 the block becomes the past; the next begins
//! ```
//!
//! A block learns for seven days, and on until it holds [`LEAST`] places; then it waits until its newest is older than
//! seven days, and only then counts: the reference is 7 to 21 days old. It holds mean and deviation of places
//! ([`Moments`]) and the distribution of their *novelty*: the mean square of a place's distance from the mean in
//! deviations, in 16 buckets of a quarter octave. Two references: the *recent* moves a quarter of the way to each block,
//! which is 1.8 % a day at most; the *ancient* a sixty-fourth, so that whoever moves the one slowly is seen by the
//! other: what takes the place of all traffic is odd to it for two months. The one against which a place is more odd
//! counts.
//!
//! A verdict is a smoothed conformal p-value on either side: past places of higher (lower) novelty and a part of those
//! in the same bucket, by turns, so that 5 % of calm places fall below 0.05 whatever the buckets, and a prompt that
//! comes every minute is not odd for ever because it sits at its bucket's edge.
//!
//! Learning does not stop while evidence is high. Evidence is known one exchange late, but it belongs to a model:
//! the rows that `train` and `calibrate` learn from are folded under another one, so the feature would mean something
//! else there, and a changed model would invalidate the sketches with the evidence. The lag, the pace and the ancient
//! reference do not depend on a model.
//!
//! Nothing is held for a tenant of one day or of fewer than [`BEGINS_AT`] exchanges; from there on 400 bytes.
//! Cost: about 100 ns an exchange that is judged; 220 ns if it is learned from too, 310 ns before there is a past.

use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::tally::{BUCKETS, Tally, turn};
use crate::trace::embed::{Place, WIDTH};
use crate::units::Millis;

/// Exchanges of a tenant before its past begins to be kept.
const BEGINS_AT: u64 = 64;
/// Days that a block learns for, and that it then waits for.
const DAYS: i32 = 7;
/// Places that make a past.
const LEAST: u32 = 200;
/// Places of the first block before it can say how novel the next is.
const FORMED: u32 = 64;
/// Deviations in quarters of a unit, at least: 4 units. A stream of copies would else find a changed comma odd.
const LEAST_DEVIATION: u8 = 16;
/// 65,536 ÷ a deviation: a table of 512 B for 64 divisions a place.
const ONE_BY: [u16; 256] = {
    let mut table = [0; 256];
    let mut deviation = 0;
    while deviation < table.len() {
        let divisor = if deviation < LEAST_DEVIATION as usize { LEAST_DEVIATION as usize } else { deviation };
        table[deviation] = (65_536 / divisor) as u16;
        deviation += 1;
    }
    table
};
/// p-values below this are told, in 65,536ths: 0.05 on its side, 0.1 on both.
const ODD: u64 = 3_277;

/// A place against the past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// There is no past, or no place.
    #[default]
    Unknown,
    /// As the past was.
    Usual,
    /// Farther from the past's mean than 95 % of the past.
    Odd,
    /// Nearer to it than 95 % of the past.
    Typical,
}

/// The past of one tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The day of the first exchange; 0 before it.
    since: i32,
    held: Option<Box<Held>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    /// The days on which the block began and last learned.
    begun: i32,
    newest: i32,
    closed: bool,
    /// There is a past.
    known: bool,
    moments: Moments,
    /// Novelty of what the block learned, against the recent and the ancient reference.
    tallies: [Tally; 2],
    references: [Reference; 2],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Reference {
    mean: [i8; WIDTH],
    /// In quarters of a unit.
    deviation: [u8; WIDTH],
    novelty: Tally,
}

impl Past {
    /// Bytes beside the struct itself, at most.
    pub const MOST_BYTES: usize = size_of::<Held>();

    /// What a place is against the past: the same before it is observed as then. `ordinal` counts the exchanges.
    #[cfg(test)]
    fn judge(&self, place: &Place, ordinal: u64) -> Verdict {
        match &self.held {
            Some(held) if held.known && has_words(place) => held.verdict(held.buckets(place), turn(ordinal)),
            _ => Verdict::Unknown,
        }
    }

    /// Judges a place, then learns from it if it is time. `at` is event time.
    pub fn observe(&mut self, place: &Place, at: Millis, ordinal: u64) -> Verdict {
        let day = at.0.div_euclid(Millis::DAY) as i32;
        if self.since == 0 {
            self.since = day;
        }
        if !has_words(place) {
            return Verdict::Unknown;
        }
        let Some(held) = &mut self.held else {
            if ordinal >= BEGINS_AT && day > self.since {
                self.held = Some(Box::new(Held { begun: day, newest: day, ..Held::default() }));
            }
            return Verdict::Unknown;
        };
        let turn = turn(ordinal);
        let buckets = held.buckets(place);
        let verdict = if held.known { held.verdict(buckets, turn) } else { Verdict::Unknown };
        held.turn_to(day);
        if !held.closed {
            held.learn(place, buckets, day, turn);
        }
        verdict
    }

    /// Bytes in use beside the struct itself.
    pub fn logical_bytes(&self) -> usize {
        if self.held.is_some() { Past::MOST_BYTES } else { 0 }
    }
}

impl Held {
    /// The novelty of a place against either reference; before there is one, against the block itself.
    fn buckets(&self, place: &Place) -> [usize; 2] {
        if self.known {
            return self.references.map(|reference| reference.bucket(place));
        }
        // once it waits it learns no more, and nothing is read
        let forming = !self.closed && self.moments.count() >= FORMED;
        if forming { [Reference::of(&self.moments, Tally::default()).bucket(place); 2] } else { [0; 2] }
    }

    fn verdict(&self, buckets: [usize; 2], turn: u16) -> Verdict {
        let pair = self.references.iter().zip(buckets);
        let odd = pair.filter_map(|(reference, bucket)| reference.novelty.share_above(bucket, turn)).min();
        match odd {
            None => Verdict::Unknown,
            Some(p) if p < ODD => Verdict::Odd,
            Some(p) if p > 65_536 - ODD => Verdict::Typical,
            Some(_) => Verdict::Usual,
        }
    }

    fn turn_to(&mut self, day: i32) {
        if !self.closed {
            self.closed = day.saturating_sub(self.begun) >= DAYS && self.moments.count() >= LEAST;
        }
        // of whole days: the newest place is a full seven old
        if self.closed && day.saturating_sub(self.newest) > DAYS {
            self.take_over();
            *self = Held { begun: day, newest: day, references: self.references, known: true, ..Held::default() };
        }
    }

    /// The block becomes the past, or moves it.
    fn take_over(&mut self) {
        let [recent, ancient] = self.tallies.map(|tally| Reference::of(&self.moments, tally.scaled()));
        if self.known {
            self.references[0].move_to(&recent, 4);
            self.references[1].move_to(&ancient, 64);
        } else {
            self.references = [recent, ancient];
        }
    }

    fn learn(&mut self, place: &Place, buckets: [usize; 2], day: i32, turn: u16) {
        if self.known || self.moments.count() >= FORMED {
            for (tally, bucket) in self.tallies.iter_mut().zip(buckets) {
                tally.add(bucket);
            }
        }
        self.moments.add(place, turn);
        self.newest = self.newest.max(day);
    }
}

impl Reference {
    fn of(moments: &Moments, novelty: Tally) -> Reference {
        let deviation = moments.deviation().map(|deviation| deviation.max(LEAST_DEVIATION));
        Reference { mean: moments.mean(), deviation, novelty }
    }

    /// The bucket of the mean square of a place's distance from the mean, in deviations: quarters of an octave, from a
    /// quarter of the usual to four times as much.
    fn bucket(&self, place: &Place) -> usize {
        // in sixteenths of a deviation: 254 × 64 ÷ 16 at most, so 32 squares fit
        let mut squares = 0u32;
        for ((value, mean), deviation) in place.iter().zip(&self.mean).zip(&self.deviation) {
            let off = (i32::from(*value) - i32::from(*mean)).unsigned_abs() * 64;
            squares += ((off * u32::from(ONE_BY[usize::from(*deviation)])) >> 16).pow(2);
        }
        // 32 squares of one deviation are 2^13. Octaves from 2^11 up, and in each the next two bits.
        let Some(octave) = (squares >> 11).checked_ilog2() else { return 0 };
        let quarter = squares >> (octave + 9) & 3;
        (octave * 4 + quarter).min(BUCKETS as u32 - 1) as usize
    }

    /// One part in `parts` of the way to another.
    fn move_to(&mut self, other: &Reference, parts: i32) {
        let step = |from: i32, to: i32| from + (to - from + (to - from).signum() * (parts / 2)) / parts;
        for (mean, to) in self.mean.iter_mut().zip(other.mean) {
            *mean = step(i32::from(*mean), i32::from(to)) as i8;
        }
        for (deviation, to) in self.deviation.iter_mut().zip(other.deviation) {
            *deviation = step(i32::from(*deviation), i32::from(to)) as u8;
        }
        for (count, to) in self.novelty.counts_mut().zip(other.novelty.counts()) {
            *count = step(i32::from(*count), i32::from(to)) as u16;
        }
    }
}

/// A text without words has no place.
fn has_words(place: &Place) -> bool {
    place.iter().any(|value| *value != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;
    use proptest::prelude::*;

    const DAY: i64 = 20_000 * Millis::DAY;

    /// A place around the `topic`-th axis; the noise is a sum of twelve, near enough a bell.
    fn place(topic: usize, noise: u64, size: i32) -> Place {
        let bell =
            |d: usize| (0..12).map(|k| (scatter(noise * 512 + d as u64 * 12 + k) % 128) as i32 - 64).sum::<i32>();
        let mut place: Place = core::array::from_fn(|d| (bell(d) * size / 128).clamp(-127, 127) as i8);
        place[topic] = place[topic].saturating_add(90);
        place
    }

    /// A tenant that sends `daily` places a day for some days, then `tail`.
    fn past(days: i64, daily: i64) -> (Past, u64) {
        let mut past = Past::default();
        let mut ordinal = 0;
        for i in 0..days * daily {
            past.observe(&place(3, ordinal, 8), Millis(DAY + i * Millis::DAY / daily), ordinal);
            ordinal += 1;
        }
        (past, ordinal)
    }

    fn shares(past: &Past, ordinal: u64, of: impl Fn(u64) -> Place) -> (f64, f64) {
        let verdicts: Vec<Verdict> = (0..4_000).map(|i| past.judge(&of(1_000_000 + i), ordinal + i)).collect();
        let share = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count() as f64 / 4_000.0;
        (share(Verdict::Odd), share(Verdict::Typical))
    }

    #[test]
    fn a_calm_tenant_is_odd_and_typical_one_time_in_twenty() {
        for days in [16, 31, 61] {
            let (past, ordinal) = past(days, 60);
            let (odd, typical) = shares(&past, ordinal, |i| place(3, i, 8));
            assert!((0.02..0.08).contains(&odd) && (0.02..0.08).contains(&typical), "{days}: {odd} {typical}");
        }
    }

    #[test]
    fn strangers_are_odd_and_what_sits_at_the_centre_is_typical() {
        let (past, ordinal) = past(30, 60);
        assert!(shares(&past, ordinal, |i| place(9, i, 8)).0 > 0.95);
        assert!(shares(&past, ordinal, |i| place(3, i, 3)).1 > 0.95);
        let (odd, typical) = shares(&past, ordinal, |_| place(3, 5, 8));
        assert!(odd < 0.3 && typical < 0.3, "one prompt again and again: {odd} {typical}");
    }

    #[test]
    fn there_is_no_past_before_two_weeks_and_two_hundred_places() {
        for (days, daily, known) in [(1, 5_000, false), (14, 60, false), (17, 60, true), (17, 8, false), (60, 2, false)]
        {
            let (past, ordinal) = past(days, daily);
            assert_eq!(past.judge(&place(3, 1, 8), ordinal) != Verdict::Unknown, known, "{days} days of {daily}");
            assert_eq!(past.logical_bytes() == 0, days == 1);
            assert!(past.logical_bytes() <= 400);
        }
    }

    /// A week of strangers is seen to its end: nothing of it counts as the past within seven days.
    #[test]
    fn the_past_is_a_week_behind() {
        let (mut past, mut ordinal) = past(30, 60);
        for i in 0..7 * 60 {
            let at = Millis(DAY + 30 * Millis::DAY + i * Millis::DAY / 60);
            past.observe(&place(9, ordinal, 8), at, ordinal);
            ordinal += 1;
        }
        assert!(shares(&past, ordinal, |i| place(9, i, 8)).0 > 0.9);
    }

    /// A subject that gives way to another over twelve weeks is soon usual to the recent past, and still odd to the
    /// ancient.
    #[test]
    fn slow_poison_is_seen_by_the_ancient_past() {
        let (mut past, mut ordinal) = past(30, 60);
        let other = |noise: u64, angle: f64| {
            let mut place = place(3, noise, 8);
            place[3] = (90.0 * libm::cos(angle)) as i8;
            place[9] = (90.0 * libm::sin(angle)) as i8;
            place
        };
        let days = 84;
        for i in 0..days * 60i64 {
            let at = Millis(DAY + 30 * Millis::DAY + i * Millis::DAY / 60);
            let angle = i as f64 / (days * 60) as f64 * core::f64::consts::FRAC_PI_2;
            past.observe(&other(ordinal, angle), at, ordinal);
            ordinal += 1;
        }
        let end = |noise| other(noise, core::f64::consts::FRAC_PI_2);
        let both = shares(&past, ordinal, end).0;
        if let Some(held) = &mut past.held {
            held.references[1] = held.references[0];
        }
        let recent = shares(&past, ordinal, end).0;
        assert!(both > 0.9 && recent < 0.3, "{both} {recent}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn restored_at_any_place_it_goes_on_the_same(cut in 0u64..2_000, gap in 1i64..40) {
            let (mut whole, mut half) = (Past::default(), Past::default());
            for i in 0..2_000u64 {
                let at = Millis(DAY + i as i64 * gap * Millis::HOUR / 2);
                let place = place((i % 5) as usize, i, 6);
                if i == cut {
                    half = postcard::from_bytes(&postcard::to_stdvec(&half).unwrap_or_default()).unwrap_or_default();
                }
                let judged = half.judge(&place, i);
                let verdict = half.observe(&place, at, i);
                prop_assert_eq!(judged, verdict);
                prop_assert_eq!(whole.observe(&place, at, i), verdict);
            }
            prop_assert_eq!(whole, half);
        }
    }
}
