//! When exchanges happen: arrivals by client shape, and the turns that follow an arrival.
//!
//! Pure timing, apart from text: a schedule can be run ahead to count a tenant's exchanges without
//! writing them. Open conversations are bounded; when the bound is reached, an arrival gets one turn.

use std::collections::BTreeMap;

use super::client::{Client, STEP};
use crate::draw::{Draw, mix};
use crate::units::Millis;

const OPEN: usize = 32;

/// A client's shape over the day and week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Working hours of one time zone, few at weekends.
    Office,
    /// Private people: evenings, weekends too.
    Evening,
    /// The same at all hours.
    Steady,
    /// A few hours a day, from a start time of its own.
    Window,
    /// Whole hours of work and hours of nothing.
    Bursty,
}

/// What follows an arrival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turns {
    Single,
    /// People: minutes between turns; mean number of further turns.
    Talk(f64),
    /// Programs: seconds between turns; mean number of further turns.
    Loop(f64),
}

/// How the rate changes over the workload's life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trend {
    Level,
    /// From a tenth of the mean to nearly twice.
    Ramp,
    /// From nothing to three times the mean.
    Drift,
    /// Six bursts, each longer than the one before, with rests between.
    Probe,
    /// More by this share every 30 days, from some time on.
    Growth(f64, Millis),
    /// Three times as much for two days: something new has to be tried.
    Surge(Millis),
}

/// A drawn clock of one workload.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) shape: Shape,
    pub(super) turns: Turns,
    /// Mean exchanges per day.
    pub(super) per_day: f64,
    /// 0: arrivals as random as can be; 1: evenly spaced.
    pub(super) regular: f64,
    /// Spread of pauses in relation to their mean where it is above 1, within a step of the client's.
    pub(super) cv: f64,
    /// How it works from step to step; none: evenly, but for the shape.
    pub(super) client: Option<Client>,
    pub(super) trend: Trend,
    pub(super) seed: u64,
}

/// One exchange to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) ts: Millis,
    pub(super) talk: u64,
    pub(super) turn: u32,
    pub(super) turns: u32,
}

/// Slots in time order.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    clock: Clock,
    draw: Draw,
    begin: Millis,
    end: Millis,
    arrival: Option<Millis>,
    /// The last step asked for and its rate: busy clients have many arrivals a step.
    known: (i64, f64),
    talks: u64,
    open: BTreeMap<(Millis, u64), Slot>,
}

impl Turns {
    fn further(self) -> f64 {
        match self {
            Turns::Single => 0.0,
            Turns::Talk(mean) | Turns::Loop(mean) => mean,
        }
    }
}

impl Clock {
    fn zone(&self) -> i64 {
        (self.seed >> 8) as i64 % 24
    }

    /// Sets the rate so that about so many exchanges happen: bursts and windows make the count uneven, and the
    /// same draws at another rate meet it.
    pub(super) fn meet(&mut self, wanted: f64, begin: Millis, end: Millis) {
        let even = wanted / (end.since(begin).max(1) as f64 / Millis::DAY as f64);
        self.per_day = even;
        for round in 0..8 {
            let count = Schedule::new(self.clone(), begin, end).count() as f64;
            if (count / wanted - 1.0).abs() < 0.03 {
                return;
            }
            self.per_day *= (wanted / count.max(1.0)).clamp(0.2, 5.0);
            // A client that rests for the whole span cannot be hurried.
            if round == 3 && count < wanted / 2.0 {
                self.client = None;
                self.per_day = even;
            }
        }
    }

    /// Day in the client's own time zone.
    pub(super) fn local_day(&self, ts: Millis) -> i64 {
        (ts.0.div_euclid(Millis::HOUR) + self.zone()).div_euclid(24)
    }
}

impl Schedule {
    pub(super) fn new(clock: Clock, begin: Millis, end: Millis) -> Self {
        let draw = Draw::new(mix(&[clock.seed, 11]));
        let mut schedule = Self {
            clock,
            draw,
            begin,
            end,
            arrival: Some(begin),
            known: (i64::MIN, 0.0),
            talks: 0,
            open: BTreeMap::new(),
        };
        schedule.arrival = schedule.after(begin);
        schedule
    }

    /// The next arrival: consumes an amount of work, hour by hour, at each hour's weight.
    fn after(&mut self, from: Millis) -> Option<Millis> {
        let arrivals_per_hour = self.clock.per_day / 24.0 / (1.0 + self.clock.turns.further());
        let mut work = self.pause();
        let mut at = from.0;
        while at < self.end.0 {
            let step = at.div_euclid(STEP);
            let left = (step + 1) * STEP - at;
            if self.known.0 != step {
                self.known = (step, self.rate(step));
            }
            let rate = arrivals_per_hour * self.known.1;
            let capacity = rate * left as f64 / Millis::HOUR as f64;
            if work < capacity {
                let at = at + (work / rate * Millis::HOUR as f64) as i64;
                return (at < self.end.0).then_some(Millis(at));
            }
            work -= capacity;
            at += left;
        }
        None
    }

    /// Amount of work between two arrivals; the mean is 1.
    fn pause(&mut self) -> f64 {
        let random = self.draw.exp();
        let cv = self.clock.cv;
        if cv <= 1.0 {
            return self.clock.regular + (1.0 - self.clock.regular) * random;
        }
        // Two exponentials with balanced means: many short pauses and a few long ones.
        let short = 0.5 * (1.0 + ((cv * cv - 1.0) / (cv * cv + 1.0)).sqrt());
        if self.draw.unit() < short { random / (2.0 * short) } else { random / (2.0 * (1.0 - short)) }
    }

    /// Relative intensity of a step of ten minutes.
    fn rate(&self, step: i64) -> f64 {
        let hour = (step * STEP).div_euclid(Millis::HOUR);
        let life = self.end.since(self.begin).max(1) as f64;
        let at = Millis(step * STEP);
        let so_far = (at.since(self.begin) as f64 / life).clamp(0.0, 1.0);
        let trend = match self.clock.trend {
            Trend::Ramp => 0.1 + 1.8 * so_far,
            Trend::Drift => 3.0 * so_far * so_far,
            Trend::Probe => {
                let (burst, part) = ((so_far * 6.0) as u32, (so_far * 6.0).fract());
                // a twelfth of the first sixth, half of the last: 7/24 of the time
                if part * 12.0 < f64::from(burst + 1) { 24.0 / 7.0 } else { 0.0 }
            }
            Trend::Surge(from) if from <= at && at < from.plus(2 * Millis::DAY) => 3.0,
            Trend::Level | Trend::Surge(_) => 1.0,
            Trend::Growth(by, from) => 1.0 + by * at.since(from) as f64 / (30 * Millis::DAY) as f64,
        };
        let Some(client) = &self.clock.client else { return trend * self.weight(hour) };
        let shape = if client.has_hours() { 1.0 } else { self.weight(hour) };
        trend * shape * client.weight(step, self.clock.seed)
    }

    /// Relative intensity of an hour; the mean over a week is 1.
    fn weight(&self, hour: i64) -> f64 {
        let seed = self.clock.seed;
        let local = hour + self.clock.zone();
        let of_day = local.rem_euclid(24);
        let weekend = Millis(local * Millis::HOUR).is_weekend();
        match self.clock.shape {
            Shape::Office => {
                let week = if weekend { 0.25 } else { 1.3 };
                week * if (9..12).contains(&of_day) || (13..18).contains(&of_day) {
                    2.5
                } else if (7..20).contains(&of_day) {
                    0.7
                } else {
                    0.045
                }
            }
            Shape::Evening => match of_day {
                18..=22 => 2.6,
                9..=17 => 0.9,
                23 | 0 | 7 | 8 => 0.6,
                _ => 0.083,
            },
            Shape::Steady => 1.0,
            Shape::Window => {
                let hours = 1 + (seed >> 16) as i64 % 4;
                if of_day < hours { 24.0 / hours as f64 } else { 0.0 }
            }
            Shape::Bursty => {
                // Blocks of four hours; one in five holds nine tenths of the work.
                if mix(&[seed, hour.div_euclid(4) as u64]).is_multiple_of(5) { 4.6 } else { 0.1 }
            }
        }
    }

    fn open_talk(&mut self, ts: Millis) -> Slot {
        let talk = self.talks;
        self.talks += 1;
        let further = self.clock.turns.further();
        let mut turns = 1;
        if further > 0.0 && self.open.len() < OPEN {
            // Geometric: every turn has the same chance to be the last.
            let goes_on = further / (1.0 + further);
            while turns < 40 && self.draw.unit() < goes_on {
                turns += 1;
            }
        }
        Slot { ts, talk, turn: 0, turns }
    }

    fn gap(&mut self) -> i64 {
        let seconds = match self.clock.turns {
            Turns::Talk(_) => self.draw.log_normal(75.0, 1.0).clamp(6.0, 5_400.0),
            Turns::Single | Turns::Loop(_) => self.draw.log_normal(7.0, 0.6).clamp(1.0, 240.0),
        };
        (seconds * 1_000.0) as i64
    }
}

impl Iterator for Schedule {
    type Item = Slot;

    fn next(&mut self) -> Option<Slot> {
        let followed = self.open.first_key_value().map(|((ts, _), _)| *ts);
        let slot = match (self.arrival, followed) {
            (Some(arrival), followed) if followed.is_none_or(|f| arrival <= f) => {
                self.arrival = self.after(arrival.plus(1));
                self.open_talk(arrival)
            }
            _ => self.open.pop_first()?.1,
        };
        if slot.turn + 1 < slot.turns {
            let ts = slot.ts.plus(self.gap());
            if ts < self.end {
                self.open.insert((ts, slot.talk), Slot { ts, turn: slot.turn + 1, ..slot });
            }
        }
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_keeps_its_rate_and_order() {
        let begin = Millis(1_780_000_000_000);
        for shape in [Shape::Office, Shape::Evening, Shape::Steady, Shape::Window, Shape::Bursty] {
            for turns in [Turns::Single, Turns::Talk(2.0), Turns::Loop(5.0)] {
                let clock = Clock {
                    shape,
                    turns,
                    per_day: 300.0,
                    regular: 0.3,
                    cv: 1.0,
                    client: None,
                    trend: Trend::Level,
                    seed: mix(&[5]),
                };
                let slots: Vec<Slot> = Schedule::new(clock, begin, begin.plus(28 * Millis::DAY)).collect();
                assert!(slots.is_sorted_by_key(|s| s.ts), "{shape:?}");
                let per_day = slots.len() as f64 / 28.0;
                assert!((per_day / 300.0 - 1.0).abs() < 0.25, "{shape:?} {turns:?} {per_day}");
            }
        }
    }

    #[test]
    fn trends_and_uneven_pauses_keep_the_mean() {
        let begin = Millis(1_780_000_000_000);
        let days = 28;
        for (trend, cv) in [(Trend::Ramp, 1.0), (Trend::Drift, 1.0), (Trend::Probe, 1.0), (Trend::Level, 2.6)] {
            let clock = Clock {
                shape: Shape::Steady,
                turns: Turns::Single,
                per_day: 300.0,
                regular: 0.0,
                cv,
                client: None,
                trend,
                seed: mix(&[6]),
            };
            let slots: Vec<Slot> = Schedule::new(clock, begin, begin.plus(days * Millis::DAY)).collect();
            let per_day = slots.len() as f64 / days as f64;
            assert!((per_day / 300.0 - 1.0).abs() < 0.15, "{trend:?} {cv}: {per_day}");
            let early = slots.iter().filter(|s| s.ts < begin.plus(days * Millis::DAY / 4)).count();
            if trend != Trend::Level {
                assert!(early * 6 < slots.len(), "{trend:?}: {early} of {}", slots.len());
            }
        }
    }
}
