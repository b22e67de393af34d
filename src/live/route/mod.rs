//! `route`: records of any schema in, native records keyed by tenant out, exactly once.
//!
//! ```text
//!  route.input ─► poll a batch ─► split (rayon) ─► messages in memory ─► publish ─► route.output, dead letters, offsets
//!                                                                                    in one transaction
//! ```
//!
//! So it holds nothing but what the next transaction will: there is nothing to restore, and a partition goes on at its
//! committed offset. What is written depends on the records alone.
//!
//! Where `route.join` is set, halves of exchanges that lie in different records, partitions or topics are joined. Then
//! there are two of it, each with a group of its own:
//!
//! ```text
//!  route.input ─► route ─┬─ items with a span: parts, keyed by trace and span ─► route.parts ─► route --join ─┬─► route.output
//!                        └─ items without one ───────────────────────────────────────────────────────────────┘
//! ```
//!
//! The second half ([`joiner`]) waits for parts of one key by a rule over the log ([`window`]) that needs no other memory
//! than the log: a [`note`] beside the committed offset says from where to read again, with output off, to hold what was
//! held. So its output depends on `route.parts` alone.

mod engine;
mod joiner;
mod lane;
mod note;
mod splitter;
mod window;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub use engine::Options;

use self::engine::{Router, Work};
use self::joiner::Joiner;
use self::splitter::Splitter;
use super::admin::Admin;
use super::fatal::Fatal;
use super::report::Report;
use super::start;
use crate::config::{Config, KafkaConfig, Loaded};
use crate::http::{Answers, Cause, Health};
use crate::metrics::Metrics;

/// The header that names what a record was made of.
const SOURCE: &str = "stillwatch_source";
/// What a record takes beyond key and value, generously.
const OVERHEAD: usize = 512;
/// Kafka's own limit on a record where the topic's cannot be seen, less what a batch adds.
const DEFAULT_LARGEST: usize = 1_000_000;

/// Which half of `route`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Splits records into exchanges, or cuts them into parts.
    Split,
    /// Joins parts.
    Join,
}

/// The largest records that the topics take.
#[derive(Clone, Copy, Debug)]
struct Largest {
    output: usize,
    parts: usize,
}

impl Largest {
    fn takes_exchange(self, key: &[u8], value: &[u8]) -> bool {
        key.len() + value.len() + OVERHEAD <= self.output
    }

    fn takes_part(self, key: &[u8], value: &[u8]) -> bool {
        key.len() + value.len() + OVERHEAD <= self.parts
    }
}

/// Runs until it is told to stop (SIGTERM, SIGINT) or something is fatal.
pub fn run(loaded: Loaded, half: Half, options: Options) -> Result<(), Fatal> {
    let Loaded { config, redacted } = loaded;
    let failed = |what: &str, why: String| Fatal::Failed(format!("{what}: {why}"));
    let metrics = Metrics::new().map_err(|e| failed("metrics", e.to_string()))?;
    let health = Arc::new(Health::new(config.kafka.transaction_timeout * 3 + Duration::from_secs(30)));
    // nothing is judged here
    health.release(Cause::Model);
    let model = Arc::new(Mutex::new("none".to_owned()));
    let report = Report::new(metrics.clone(), Arc::clone(&health), Arc::clone(&model));
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = start::runtime()?;
    let answers = Answers { metrics, health: Arc::clone(&health), redacted_config: redacted, model };
    start::serve(&runtime, &config.http, answers)?;
    start::stop_on_signals(&runtime, &stop)?;
    start::ignore_hang_ups(&runtime)?;
    let drain_limit = config.live.drain_limit;
    let (done, ended) = std::sync::mpsc::channel();
    let thread_stop = Arc::clone(&stop);
    std::thread::Builder::new()
        .name("poll".into())
        .spawn(move || {
            let result = poll_thread(config, half, options, &thread_stop, &health, report);
            // nobody listening: the watchdog has ended the wait
            done.send(result).ok();
        })
        .map_err(|e| failed("cannot start the poll thread", e.to_string()))?;
    let result = start::wait(&ended, &stop, drain_limit);
    if result.is_err() {
        super::client::hush();
    }
    runtime.shutdown_background();
    result
}

fn poll_thread(
    config: Config,
    half: Half,
    options: Options,
    stop: &Arc<AtomicBool>,
    health: &Arc<Health>,
    report: Report,
) -> Result<(), Fatal> {
    if config.live.threads > 0 {
        // fails only if a pool exists already, and then that one is used
        rayon::ThreadPoolBuilder::new().num_threads(config.live.threads).build_global().ok();
    }
    let kafka = kafka(&config, half);
    let parts = config.route.join.as_ref().map(|join| &join.parts);
    let mut topics = vec![&kafka.input, &config.route.output, &kafka.dead_letters];
    topics.extend(parts.filter(|_| half == Half::Split));
    if start::partition_counts(&kafka, &topics, stop, health)?.is_none() {
        return Ok(());
    }
    let output = largest(&kafka, &config.route.output);
    let largest = Largest { output, parts: parts.map_or(output, |parts| largest(&kafka, parts)) };
    let member = start::member(&config.kafka);
    let (input, output) = (&kafka.input, &config.route.output);
    tracing::info!(?half, input, output, group = kafka.group, member, ?largest, "starting");
    let work = match (half, &config.route.join) {
        (Half::Join, Some(join)) => Work::Join(Joiner::new(&config, join, largest)),
        _ => Work::Split(Splitter::new(&config, largest)),
    };
    Router::new(config, kafka, options, work, Arc::clone(stop), report, &member)?.run()
}

/// The brokers with the input and the group of a half of `route`, which are none of the fold's.
pub fn kafka(config: &Config, half: Half) -> KafkaConfig {
    let mut kafka = config.kafka.clone();
    let (input, ending) = match (half, &config.route.join) {
        (Half::Join, Some(join)) => (&join.parts, "join"),
        _ => (&config.route.input, "route"),
    };
    kafka.input.clone_from(input);
    kafka.group = format!("{}-{ending}", kafka.group);
    if !kafka.options.iter().any(|(name, _)| name == "message.max.bytes") {
        // the topic's own limit is the one that counts
        kafka.options.push(("message.max.bytes".to_owned(), "268435456".to_owned()));
    }
    kafka
}

/// Largest record that a topic takes, as far as its settings can be seen.
fn largest(kafka: &KafkaConfig, topic: &str) -> usize {
    let found = Admin::connect(kafka, Duration::from_secs(10)).and_then(|admin| admin.topic(topic));
    let limit = found.ok().flatten().and_then(|found| found.settings.get("max.message.bytes")?.parse::<usize>().ok());
    limit.map_or(DEFAULT_LARGEST, |limit| limit - limit.min(512))
}
