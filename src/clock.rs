//! The clock of the process: the one file that reads it. Nothing the core computes may come from here;
//! pace, probes and metrics do.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::units::Millis;

/// Wall clock, UTC.
pub fn now_millis() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(since.as_millis() as i64)
}

/// Time since the process first asked, never going back; cheap enough for every poll.
pub fn uptime() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Time since the start or the last lap.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The same in seconds, as metrics want it.
    pub fn seconds(&self) -> f64 {
        self.elapsed().as_secs_f64()
    }

    /// Seconds since the start or the last lap, and starts again: stages in a row share their edges.
    pub fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let passed = now.duration_since(self.0);
        self.0 = now;
        passed.as_secs_f64()
    }

    /// True once `limit` has passed.
    pub fn passed(&self, limit: Duration) -> bool {
        limit <= self.elapsed()
    }
}

/// Says when something periodic is due. Late ticks are skipped, never made up for.
#[derive(Clone, Copy, Debug)]
pub struct Ticker {
    every: Duration,
    next: Instant,
}

impl Ticker {
    /// First due one period from now.
    pub fn new(every: Duration) -> Ticker {
        Ticker { every, next: Instant::now() + every }
    }

    /// True once per period; the next period starts at this call.
    pub fn due(&mut self) -> bool {
        let now = Instant::now();
        if now < self.next {
            return false;
        }
        self.next = now + self.every;
        true
    }

    /// How long until it is due; zero when it is.
    pub fn remaining(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// Starts the period again from now.
    pub fn reset(&mut self) {
        self.next = Instant::now() + self.every;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticker_is_due_once_per_period() {
        let mut at_once = Ticker::new(Duration::ZERO);
        assert!(at_once.due());
        assert_eq!(at_once.remaining(), Duration::ZERO);

        let mut later = Ticker::new(Duration::from_secs(3_600));
        assert!(!later.due());
        assert!(later.remaining() > Duration::from_secs(3_540));
    }

    #[test]
    fn the_wall_clock_is_in_this_century() {
        assert!(Millis(1_700_000_000_000) < now_millis());
        assert!(now_millis() < Millis(4_102_444_800_000));
    }

    #[test]
    fn a_lap_starts_again() {
        let mut watch = Stopwatch::start();
        let first = watch.lap();
        assert!(0.0 <= first && watch.seconds() < 60.0);
        assert!(watch.passed(Duration::ZERO));
        assert!(!watch.passed(Duration::from_secs(3_600)));
        assert!(uptime() <= uptime());
    }
}
