//! From a checked config to a running process: what must be right before the first poll, the threads,
//! and the end.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::admin::Admin;
use super::client::{self, Context};
use super::engine::{Engine, Options};
use super::fatal::{Fatal, hopeless};
use super::reload::{Reloader, Sources};
use super::report::Report;
use super::topics::check_input;
use crate::clock::Stopwatch;
use crate::config::{Config, HttpConfig, KafkaConfig, Loaded, Mode};
use crate::http::{Answers, Cause, Health, Server};
use crate::library::Opened;
use crate::metrics::Metrics;
use crate::pipeline::Core;
use crate::side_inputs::SideInputs;

/// Runs the live driver of the configuration read from `path` until it is told to stop (SIGTERM, SIGINT) or something is fatal.
pub fn run(path: &Path, loaded: Loaded, opened: Opened, options: Options) -> Result<(), Fatal> {
    let Loaded { config, redacted } = loaded;
    let failed = |what: &str, why: String| Fatal::Failed(format!("{what}: {why}"));
    let metrics = Metrics::new().map_err(|e| failed("metrics", e.to_string()))?;
    // a transaction may take its whole time-out twice before the loop goes round
    let health = Arc::new(Health::new(config.kafka.transaction_timeout * 3 + Duration::from_secs(30)));
    let model = Arc::new(Mutex::new(String::new()));
    let report = Report::new(metrics.clone(), Arc::clone(&health), Arc::clone(&model));
    report.model(&opened.model);
    let in_shadow = config.kafka.mode == Mode::Shadow;
    metrics.shadow.set(i64::from(in_shadow));
    if in_shadow {
        tracing::info!(findings = %config.kafka.findings, group = %config.kafka.group, "shadow mode: no finding is an alert");
    }
    health.release(Cause::Model);
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = runtime()?;
    let answers = Answers { metrics, health: Arc::clone(&health), redacted_config: redacted, model };
    serve(&runtime, &config.http, answers)?;
    let tracer = Core::tracer(&config.fold);
    let (reloader, reloads) = Reloader::new(path.to_owned(), &config, Arc::clone(&tracer));
    watch_signals(&runtime, &stop, &reloader)?;
    let side = Arc::new(opened.side_inputs(&tracer));
    report.side_inputs(&side);
    let sides = (side, Sources { library: opened.library, reloads });

    let (done, ended) = std::sync::mpsc::channel();
    let (thread_stop, drain_limit) = (Arc::clone(&stop), config.live.drain_limit);
    std::thread::Builder::new()
        .name("poll".into())
        .spawn(move || {
            let result = poll_thread(config, sides, options, &thread_stop, &health, report);
            // nobody listening: the watchdog has ended the wait
            done.send(result).ok();
        })
        .map_err(|e| failed("cannot start the poll thread", e.to_string()))?;
    let result = wait(&ended, &stop, drain_limit);
    if result.is_err() {
        client::hush();
    }
    runtime.shutdown_background();
    result
}

/// The runtime of HTTP and signals.
pub(super) fn runtime() -> Result<Runtime, Fatal> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("http")
        .enable_all()
        .build()
        .map_err(|e| Fatal::Failed(format!("cannot start the HTTP runtime: {e}")))
}

/// Serves metrics and probes, if the config wants them.
pub(super) fn serve(runtime: &Runtime, config: &HttpConfig, answers: Answers) -> Result<(), Fatal> {
    if let Some(server) = Server::bind(config).map_err(|e| Fatal::Failed(e.to_string()))? {
        tracing::info!(address = %server.address(), "metrics and probes");
        runtime.spawn(async move {
            if let Err(error) = server.serve(Arc::new(answers), std::future::pending()).await {
                tracing::error!(%error, "metrics and probes have ended");
            }
        });
    }
    Ok(())
}

/// Leaving a group can block for as long as the broker does not answer: a stop that takes longer than
/// it may ends without it.
pub(super) fn wait(
    ended: &std::sync::mpsc::Receiver<Result<(), Fatal>>,
    stop: &AtomicBool,
    drain_limit: Duration,
) -> Result<(), Fatal> {
    use std::sync::mpsc::RecvTimeoutError;
    let mut stopping: Option<Stopwatch> = None;
    loop {
        match ended.recv_timeout(Duration::from_millis(200)) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Disconnected) => return Err(Fatal::Failed("the poll thread panicked".into())),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if stop.load(Ordering::SeqCst)
            && stopping.get_or_insert_with(Stopwatch::start).elapsed() > drain_limit + Duration::from_secs(5)
        {
            return Err(Fatal::Failed(format!(
                "the stop took longer than live.drain_limit ({} s); what was committed is right, the next start folds the rest again",
                drain_limit.as_secs()
            )));
        }
    }
}

fn watch_signals(runtime: &Runtime, stop: &Arc<AtomicBool>, reloader: &Reloader) -> Result<(), Fatal> {
    let _guard = runtime.enter();
    let mut hang_ups = signal(SignalKind::hangup()).map_err(unwatched)?;
    let reloader = reloader.clone();
    runtime.spawn(async move {
        while hang_ups.recv().await.is_some() {
            tracing::info!("SIGHUP: reading the configuration again");
            let reloader = reloader.clone();
            // one after the other: the last signal's configuration is in force in the end
            tokio::task::spawn_blocking(move || reloader.reload()).await.ok();
        }
    });
    stop_on_signals(runtime, stop)
}

/// Takes note of SIGTERM and SIGINT.
pub(super) fn stop_on_signals(runtime: &Runtime, stop: &Arc<AtomicBool>) -> Result<(), Fatal> {
    let _guard = runtime.enter();
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signals = signal(kind).map_err(unwatched)?;
        let stop = Arc::clone(stop);
        runtime.spawn(async move {
            while signals.recv().await.is_some() {
                stop.store(true, Ordering::SeqCst);
            }
        });
    }
    Ok(())
}

/// SIGHUP, where nothing is read anew: it must not end the process.
pub(super) fn ignore_hang_ups(runtime: &Runtime) -> Result<(), Fatal> {
    let _guard = runtime.enter();
    let mut hang_ups = signal(SignalKind::hangup()).map_err(unwatched)?;
    runtime.spawn(async move {
        while hang_ups.recv().await.is_some() {
            tracing::info!("SIGHUP: nothing is read anew; a changed configuration waits for a restart");
        }
    });
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn unwatched(error: std::io::Error) -> Fatal {
    Fatal::Failed(format!("cannot watch signals: {error}"))
}

fn poll_thread(
    config: Config,
    (side, sources): (Arc<SideInputs>, Sources),
    options: Options,
    stop: &Arc<AtomicBool>,
    health: &Arc<Health>,
    report: Report,
) -> Result<(), Fatal> {
    if config.live.threads > 0 {
        // fails only if a pool exists already, and then that one is used
        rayon::ThreadPoolBuilder::new().num_threads(config.live.threads).build_global().ok();
    }
    let Some(partitions) = partitions_of_input(&config, stop, health)? else { return Ok(()) };
    refuse_compacted_input(&config)?;
    let core = Core::new(&config, Arc::clone(&side.model), partitions).judging_by(side).keeping_windows();
    let member = member(&config.kafka);
    tracing::info!(input = config.kafka.input, partitions, group = config.kafka.group, member, "starting");
    Engine::new(config, options, core, Arc::clone(stop), report, sources, &member)?.run()
}

/// The last part of the transactional id.
pub(super) fn member(kafka: &KafkaConfig) -> String {
    kafka.instance_id.clone().unwrap_or_else(|| format!("{:016x}", random()))
}

/// How many partitions the input has; waits for the brokers as long as the config says. `None`: told to
/// stop meanwhile.
fn partitions_of_input(config: &Config, stop: &AtomicBool, health: &Health) -> Result<Option<u32>, Fatal> {
    let topics = [
        &config.kafka.input,
        &config.kafka.findings,
        &config.kafka.dead_letters,
        &config.kafka.state,
        &config.kafka.control,
    ];
    let Some(partitions) = partition_counts(&config.kafka, &topics, stop, health)? else { return Ok(None) };
    let &[input, _, _, state, control] = partitions.as_slice() else {
        return Err(Fatal::Failed("topics were not all looked up".into()));
    };
    for (topic, count) in [(&config.kafka.state, state), (&config.kafka.control, control)] {
        if count != input {
            return Err(Fatal::Kafka(format!(
                "topic `{topic}` has {count} partitions, `{}` has {input}: they must be equal; was the input grown? then start a new group with new state and control topics",
                config.kafka.input
            )));
        }
    }
    Ok(Some(input))
}

/// How many partitions each of these topics has; waits for the brokers as long as the config says. `None`: told to
/// stop meanwhile.
pub(super) fn partition_counts(
    kafka: &KafkaConfig,
    topics: &[&String],
    stop: &AtomicBool,
    health: &Health,
) -> Result<Option<Vec<u32>>, Fatal> {
    let reader = client::reader(kafka).map_err(|e| Fatal::Kafka(format!("kafka.options: {e}")))?;
    let watch = Stopwatch::start();
    let mut partitions = Vec::new();
    for topic in topics {
        loop {
            health.tick();
            if stop.load(Ordering::SeqCst) {
                return Ok(None);
            }
            match partition_count(&reader, topic) {
                Ok(count) => {
                    partitions.push(count);
                    break;
                }
                Err(error) => {
                    // serves the error callback: the reason of a refusal arrives there
                    if let Some(Err(heard)) = reader.poll(Duration::from_millis(50)) {
                        tracing::debug!(error = %heard, "looking for the brokers");
                    }
                    let trouble = reader.context().take_trouble();
                    if let Some(reason) = trouble.authentication {
                        return Err(Fatal::Kafka(format!("wrong credentials for {}: {reason}", kafka.bootstrap)));
                    }
                    if let Some(fatal) = hopeless(&error, &format!("topic `{topic}`")) {
                        return Err(fatal);
                    }
                    let last = trouble.last.unwrap_or_else(|| error.to_string());
                    health.hold(Cause::Broker, &last);
                    let patience = kafka.give_up_after;
                    if watch.elapsed() > patience {
                        return Err(Fatal::OutOfReach {
                            bootstrap: kafka.bootstrap.clone(),
                            seconds: patience.as_secs(),
                            last,
                        });
                    }
                }
            }
        }
    }
    health.release(Cause::Broker);
    Ok(Some(partitions))
}

fn partition_count(reader: &BaseConsumer<Context>, topic: &str) -> Result<u32, KafkaError> {
    let metadata = reader.fetch_metadata(Some(topic), Duration::from_secs(2))?;
    let found = metadata.topics().iter().find(|t| t.name() == topic);
    let missing = KafkaError::MetadataFetch(rdkafka::error::RDKafkaErrorCode::UnknownTopicOrPartition);
    let found = found.ok_or_else(|| missing.clone())?;
    if let Some(error) = found.error() {
        return Err(KafkaError::MetadataFetch(error.into()));
    }
    match found.partitions().len() {
        0 => Err(missing),
        count => Ok(count as u32),
    }
}

/// Compaction drops records that state was folded from: such an input is refused where it can be seen.
fn refuse_compacted_input(config: &Config) -> Result<(), Fatal> {
    let input = &config.kafka.input;
    let found = Admin::connect(&config.kafka, Duration::from_secs(10)).and_then(|admin| admin.topic(input));
    match found {
        Ok(Some(found)) => check_input(&found).first().map_or(Ok(()), |difference| {
            Err(Fatal::Kafka(format!(
                "topic `{input}`: {} is `{}`: {}",
                difference.what, difference.found, difference.advice
            )))
        }),
        Ok(None) => Ok(()),
        Err(error) => {
            tracing::warn!(%error, "the input's settings cannot be seen; it must not be compacted");
            Ok(())
        }
    }
}

/// A dynamic member's part of the transactional id: nobody else's. Not part of the fold.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
