//! Clocks and medians. A one-thread side is measured in CPU seconds, which neighbours on the machine
//! disturb least; what is about threads or waiting, in wall seconds.

use std::hint::black_box;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// What one side of one round took, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Cost {
    pub wall: f64,
    pub cpu: f64,
}

/// Keeps the compiler from leaving the work out.
pub fn hide<T>(made: T) {
    black_box(made);
}

/// Runs it and says what it took of this process, all threads together.
pub fn cost<T>(work: impl FnOnce() -> T) -> (Cost, T) {
    let (wall, cpu) = (Instant::now(), process_cpu());
    let made = work();
    let cpu = process_cpu().saturating_sub(cpu).as_secs_f64();
    (Cost { wall: wall.elapsed().as_secs_f64(), cpu }, made)
}

fn process_cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("a CPU clock").into()
}

/// CPU seconds of another process so far, its threads and no children: user and system.
pub fn cpu_of(pid: u32) -> Option<f64> {
    const TICKS_PER_SECOND: f64 = 100.0; // USER_HZ, the same on every Linux this runs on
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the name in brackets may hold blanks
    let (_, rest) = stat.rsplit_once(") ")?;
    let ticks = |word: usize| rest.split(' ').nth(word)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// The middle value.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
