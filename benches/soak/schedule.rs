//! The seeded schedule: who joins, leaves or is killed when, and how long the lag then takes to recover.

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;

use crate::fleet::{Fleet, Seat};

/// It is never touched: its memory tells of the whole run.
pub const ANCHOR: Seat = Seat { name: "anchor", is_static: true };
/// These come and go; the first two are there from the start.
pub const SEATS: [Seat; 3] = [
    Seat { name: "steady", is_static: true },
    Seat { name: "fluid", is_static: false },
    Seat { name: "guest", is_static: false },
];

/// What happens to a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Join,
    /// SIGTERM.
    Leave,
    /// SIGKILL.
    Kill,
}

/// What happened.
#[derive(Debug, Serialize)]
pub struct Happened {
    /// Seconds from the start of the run.
    pub at: f64,
    pub act: Act,
    pub name: &'static str,
    /// The most lag until the next event.
    pub most_lag: i64,
    /// Seconds until the lag was below the bound for good; `None` if it was not before the next event.
    pub recovered: Option<f64>,
}

/// The schedule, and what came of it.
pub struct Schedule {
    random: Xoshiro256PlusPlus,
    /// Between two events: at least this, at most twice as long.
    pause: f64,
    next: f64,
    /// Nothing happens from here on, so that the end is quiet.
    until: f64,
    /// Lag below this is none: what arrives within a few seconds.
    pub bound: i64,
    pub happened: Vec<Happened>,
}

impl Schedule {
    /// For a run of so many seconds.
    pub fn new(seed: u64, seconds: f64, rate: u64) -> Schedule {
        // a killed member's partitions wait for the session time-out, 30 s, before anybody else may have them
        let pause = (seconds / 30.0).clamp(45.0, 90.0);
        let random = Xoshiro256PlusPlus::seed_from_u64(seed);
        Schedule { random, pause, next: 20.0, until: seconds - pause, bound: 3 * rate as i64, happened: Vec::new() }
    }

    /// Does what is due.
    pub fn act(&mut self, now: f64, fleet: &mut Fleet<'_>) {
        if now < self.next || self.until <= now {
            return;
        }
        self.next = now + self.random.gen_range(self.pause..2.0 * self.pause);
        // the first one is a kill: however short the run, it has one
        let seat = SEATS[self.random.gen_range(0..if self.happened.is_empty() { 2 } else { SEATS.len() })];
        let kill = self.random.gen_bool(0.6) || self.happened.is_empty();
        let act = match fleet.in_seat(seat) {
            None => Act::Join,
            Some(true) => return, // it is on its way out
            Some(false) if kill => Act::Kill,
            Some(false) => Act::Leave,
        };
        match act {
            Act::Join => fleet.join(seat),
            Act::Leave => fleet.leave(seat),
            Act::Kill => fleet.kill(seat),
        }
        println!("{:>7.0} s  {act:?} {}", now, seat.name);
        self.happened.push(Happened { at: now, act, name: seat.name, most_lag: 0, recovered: Some(0.0) });
    }

    /// Takes note of the lag.
    pub fn note(&mut self, now: f64, lag: i64) {
        let Some(last) = self.happened.last_mut() else { return };
        last.most_lag = last.most_lag.max(lag);
        if lag > self.bound {
            last.recovered = None;
        } else if last.recovered.is_none() {
            last.recovered = Some(now - last.at);
        }
    }
}
