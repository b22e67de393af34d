//! `route`: records of any schema in, native records keyed by tenant out, exactly once.
//!
//! ```text
//!  route.input ─► poll a batch ─► split (rayon) ─► messages in memory ─► publish ─► route.output, dead letters, offsets
//!                                                                                    in one transaction
//! ```
//!
//! It keeps no state but what the next transaction holds, so there is nothing to restore: a partition goes on at its
//! committed offset. What it writes depends on the records alone. Joins reach as far as one record: halves of an
//! exchange that lie in two records become two exchanges.

mod engine;
mod lane;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub use engine::Options;

use self::engine::Router;
use super::admin::Admin;
use super::fatal::Fatal;
use super::report::Report;
use super::start;
use crate::config::{Config, KafkaConfig, Loaded};
use crate::http::{Answers, Cause, Health};
use crate::metrics::Metrics;

/// Kafka's own limit on a record where the topic's cannot be seen, less what a batch adds.
const DEFAULT_LARGEST: usize = 1_000_000;

/// Runs until it is told to stop (SIGTERM, SIGINT) or something is fatal.
pub fn run(loaded: Loaded, options: Options) -> Result<(), Fatal> {
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
            let result = poll_thread(config, options, &thread_stop, &health, report);
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
    options: Options,
    stop: &Arc<AtomicBool>,
    health: &Arc<Health>,
    report: Report,
) -> Result<(), Fatal> {
    if config.live.threads > 0 {
        // fails only if a pool exists already, and then that one is used
        rayon::ThreadPoolBuilder::new().num_threads(config.live.threads).build_global().ok();
    }
    let kafka = kafka(&config);
    let topics = [&kafka.input, &config.route.output, &kafka.dead_letters];
    if start::partition_counts(&kafka, &topics, stop, health)?.is_none() {
        return Ok(());
    }
    let largest = largest(&kafka, &config.route.output);
    let member = start::member(&config.kafka);
    let (input, output) = (&kafka.input, &config.route.output);
    tracing::info!(input, output, group = kafka.group, member, largest, "starting");
    Router::new(config, kafka, options, largest, Arc::clone(stop), report, &member)?.run()
}

/// The brokers with the input and the group of `route`, which is none of the fold's.
pub fn kafka(config: &Config) -> KafkaConfig {
    let mut kafka = config.kafka.clone();
    kafka.input.clone_from(&config.route.input);
    kafka.group = format!("{}-route", kafka.group);
    if !kafka.options.iter().any(|(name, _)| name == "message.max.bytes") {
        // the topic's own limit is the one that counts
        kafka.options.push(("message.max.bytes".to_owned(), "268435456".to_owned()));
    }
    kafka
}

/// Largest record that the output takes, as far as its settings can be seen.
fn largest(kafka: &KafkaConfig, output: &str) -> usize {
    let found = Admin::connect(kafka, Duration::from_secs(10)).and_then(|admin| admin.topic(output));
    let limit = found.ok().flatten().and_then(|found| found.settings.get("max.message.bytes")?.parse::<usize>().ok());
    limit.map_or(DEFAULT_LARGEST, |limit| limit - limit.min(512))
}
