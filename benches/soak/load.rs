//! The load: simulated exchanges written at a steady rate by a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use stillwatch::simulate::{self, AttackSpec, Spec, demo_spec};
use stillwatch::source::placement;

use crate::fill::{Entry, Writer};

/// A simulated tenant writes about this many records a day.
const RECORDS_PER_TENANT_DAY: f64 = 190.0;
/// One record in so many is followed by its own first half, which must become a dead letter.
const BAD_EVERY: usize = 200;
/// The rate is kept over pieces of this length.
const PIECE: Duration = Duration::from_millis(20);
/// Records that wait for their acknowledgement, at most.
const MOST_WAITING: usize = 5_000;

/// At least `records` simulated exchanges, one tenant in twenty harvesting, each in its tenant's partition; bad records
/// among them.
pub fn simulated(seed: u64, tenants: usize, partitions: i32, records: u64) -> impl Iterator<Item = Entry> {
    // twice as many days as they take, since days differ
    let days = (2.0 * records as f64 / (tenants as f64 * RECORDS_PER_TENANT_DAY)).ceil() + 2.0;
    let spec = Spec { tenants, days, attacks: AttackSpec::Default, seed, start: demo_spec(seed).start };
    simulate::simulate(&spec).enumerate().flat_map(move |(n, record)| {
        let partition = placement::partition(record.tenant.as_bytes(), partitions as u32) as i32;
        let half = record.line.as_bytes()[..record.line.len() / 2].to_vec();
        let bad = (n % BAD_EVERY == 0).then(|| Entry::new(partition, &record.tenant, half));
        std::iter::once(Entry::new(partition, &record.tenant, record.line)).chain(bad)
    })
}

/// A running load.
pub struct Load {
    rate: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Load {
    /// Starts to write what `entries` makes, `rate` a second.
    pub fn start<I: Iterator<Item = Entry>>(
        bootstrap: &str,
        topic: &str,
        rate: u64,
        entries: impl FnOnce() -> I + Send + 'static,
    ) -> Load {
        let load = (Arc::new(AtomicU64::new(rate)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (rate, written, stop) = load.clone();
        let mut writer = Writer::new(bootstrap, topic);
        let thread = std::thread::spawn(move || {
            let mut entries = entries();
            let (mut before, mut credit) = (Instant::now(), 0.0);
            while !stop.load(Ordering::Relaxed) {
                let rate = rate.load(Ordering::Relaxed) as f64;
                let now = Instant::now();
                // what a writer that was held up missed, it catches up with, but not beyond a second's worth
                credit = (credit + rate * (now - before).as_secs_f64()).min(rate);
                before = now;
                // what is written has arrived, but for a few: else a burst would go on in the producer's queue
                let due = if writer.waiting() < MOST_WAITING { credit as usize } else { 0 };
                writer.write(entries.by_ref().take(due));
                credit -= due as f64;
                written.fetch_add(due as u64, Ordering::Relaxed);
                std::thread::sleep(PIECE);
            }
            writer.finish()
        });
        let (rate, written, stop) = load;
        Load { rate, written, stop, thread }
    }

    /// Records written so far, acknowledged or not.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Another rate from now on.
    pub fn set_rate(&self, rate: u64) {
        self.rate.store(rate, Ordering::Relaxed);
    }

    /// Stops writing: how many records there are, all acknowledged.
    pub fn finish(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the load ends well")
    }
}
