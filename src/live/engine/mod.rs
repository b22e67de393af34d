//! The poll thread's loop: poll, fold, publish; rebalances and restored partitions in between.

mod change;
mod group;
mod publish;
mod errors;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::message::BorrowedMessage;

pub(in crate::live) use group::seek;

use super::client::{self, Context};
use super::fatal::Fatal;
use super::output::Outputs;
use super::owned::{Owned, Phase};
use super::poll::{Polled, poll_batch, records_in_order};
use super::publish::Publisher;
use super::reach::Reach;
use super::reload::{Reloaded, Sources};
use super::report::Report;
use super::restore::Restore;
use crate::clock::{Stopwatch, Ticker};
use crate::config::Config;
use crate::library::Library;
use crate::metrics::Stage;
use crate::model::drift;
use crate::pipeline::{self, Arenas, Core, Partition};
use crate::source::Record;

/// How often control records are written again: far below any retention of the control topic.
const RESTATE_EVERY: Duration = Duration::from_secs(6 * 3_600);

/// How the operator started and stops it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Go on where records that state depended on are gone.
    pub accept_gap: bool,
    /// A static member gives its partitions up when it stops.
    pub leave_on_stop: bool,
}

/// The poll thread's state.
pub struct Engine {
    config: Config,
    options: Options,
    core: Core,
    library: Arc<Library>,
    reloads: Receiver<Reloaded>,
    restate: Ticker,
    consumer: BaseConsumer<Context>,
    group: Option<ConsumerGroupMetadata>,
    publisher: Publisher,
    restore: Restore,
    owned: BTreeMap<i32, Owned>,
    epochs: u64,
    outputs: Outputs,
    since_publish: Stopwatch,
    /// Goes from stage to stage: together they are the thread's time.
    pace: Stopwatch,
    reach: Reach,
    gauges: Ticker,
    /// Windows of this process, of all partitions; gauges alone read it.
    drift: drift::Counts,
    stop: Arc<AtomicBool>,
    report: Report,
}

impl Engine {
    /// Connects nothing yet.
    pub fn new(
        config: Config,
        options: Options,
        core: Core,
        stop: Arc<AtomicBool>,
        report: Report,
        sources: Sources,
        member: &str,
    ) -> Result<Engine, Fatal> {
        let consumer = client::consumer(&config.kafka).map_err(|e| Fatal::Kafka(format!("kafka.options: {e}")))?;
        Ok(Engine {
            publisher: Publisher::new(&config.kafka, member),
            restore: Restore::start(&config.kafka, core.clone(), options.accept_gap)?,
            outputs: Outputs::new(&config),
            reach: Reach::new(&config.kafka, report.clone()),
            config,
            options,
            core,
            library: Arc::new(sources.library),
            reloads: sources.reloads,
            restate: Ticker::new(RESTATE_EVERY),
            consumer,
            group: None,
            owned: BTreeMap::new(),
            epochs: 0,
            since_publish: Stopwatch::start(),
            pace: Stopwatch::start(),
            gauges: Ticker::new(Duration::from_secs(1)),
            drift: drift::Counts::default(),
            stop,
            report,
        })
    }

    /// Runs until asked to stop or until something is fatal.
    pub fn run(mut self) -> Result<(), Fatal> {
        while !self.renew()? {
            if self.stop.load(Ordering::SeqCst) {
                return Ok(());
            }
        }
        self.reach.found();
        let input = self.config.kafka.input.clone();
        self.consumer.subscribe(&[&input]).map_err(|e| Fatal::Kafka(format!("topic `{input}`: {e}")))?;
        let mut arenas = Arenas::default();
        while !self.stop.load(Ordering::SeqCst) {
            if let Err(fatal) = self.turn(&mut arenas) {
                client::abandon(&self.consumer, &input);
                return Err(fatal);
            }
        }
        self.drain()
    }

    /// One turn: a batch in, folded, and a transaction if one is due.
    fn turn(&mut self, arenas: &mut Arenas) -> Result<(), Fatal> {
        self.report.tick();
        let Polled { messages, errors, waited } = poll_batch(&self.consumer, &self.config, self.patience());
        self.report.spent(Stage::Wait, waited);
        self.report.spent(Stage::Poll, (self.pace.lap() - waited).max(0.0));
        if !messages.is_empty() {
            let Engine { core, owned, outputs, report, drift, pace, .. } = self;
            fold_messages(core, owned, outputs, (report, pace), drift, &messages, arenas);
        }
        drop(messages);
        for error in errors {
            self.consumer_error(&error)?;
        }
        self.rebalance()?;
        self.restored()?;
        self.reloaded()?;
        self.reach.look(&self.consumer)?;
        if self.publish_due() {
            self.publish(false)?;
        }
        self.publisher.poll();
        self.restate();
        if self.gauges.due() {
            let mut oldest: f64 = 0.0;
            for owned in self.owned.values_mut() {
                let (evicted, forgotten) = owned.departures();
                self.report.departed(evicted, forgotten);
                oldest = oldest.max(owned.checkpoint_age());
            }
            self.report.checkpoint_age(oldest);
            self.report.drift(&mut self.drift, self.core.model());
            self.report.holding(self.owned.iter(), &self.consumer.context().edges());
        }
        self.report.spent(Stage::Control, self.pace.lap());
        Ok(())
    }

    /// How long a poll may wait for the first record of a batch.
    fn patience(&self) -> Duration {
        let live = &self.config.live;
        let until = if self.owned.values().any(|o| o.finding_waits) { live.finding_every } else { live.publish_every };
        until.saturating_sub(self.since_publish.elapsed()).clamp(Duration::from_millis(1), Duration::from_millis(50))
    }

    /// SIGTERM: checkpoint everything dirty, leave the group if asked or if dynamic, within the limit.
    fn drain(mut self) -> Result<(), Fatal> {
        let watch = Stopwatch::start();
        let limit = self.config.live.drain_limit;
        tracing::info!("stopping");
        while !self.publish(true)? && watch.elapsed() < limit {
            self.leave_room_for_rebalances();
            self.rebalance()?;
            if !self.owned.values().any(|o| matches!(o.phase, Phase::Live)) {
                break;
            }
        }
        if self.config.kafka.instance_id.is_none() || self.options.leave_on_stop {
            self.consumer.unsubscribe();
            while !self.owned.is_empty() && watch.elapsed() < limit {
                self.leave_room_for_rebalances();
                self.rebalance()?;
            }
        }
        self.consumer.context().closing();
        tracing::info!(seconds = watch.seconds(), "stopped");
        Ok(())
    }

    /// A poll while stopping: its records are not folded, and no offset covers them.
    fn leave_room_for_rebalances(&self) {
        if let Some(Err(error)) = self.consumer.poll(Duration::from_millis(20)) {
            tracing::debug!(%error, "stopping");
        }
    }
}

/// Folds a polled batch into the partitions that take records now, and keeps their outputs.
fn fold_messages(
    core: &Core,
    owned: &mut BTreeMap<i32, Owned>,
    outputs: &mut Outputs,
    (report, pace): (&Report, &mut Stopwatch),
    drift: &mut drift::Counts,
    messages: &[BorrowedMessage<'_>],
    arenas: &mut Arenas,
) {
    let next = owned.iter().filter(|(_, o)| o.fold.is_some()).map(|(p, o)| (*p, o.next())).collect();
    let records = records_in_order(messages, next, core.reading().tenant_from.header());
    let traced = pipeline::trace_batch(core, &records, arenas);
    report.spent(Stage::Trace, pace.lap());
    let mut folds: Vec<&mut Partition> = owned.values_mut().filter_map(|o| o.fold.as_mut()).collect();
    let folded = pipeline::fold_batch(core, &mut folds, &records, &traced);
    report.spent(Stage::Fold, pace.lap());
    for (owned, output) in owned.values_mut().filter(|o| o.fold.is_some()).zip(folded) {
        let bytes = bytes_of(&records, owned.fold.as_ref());
        report.folded(&output.counts, bytes);
        drift.add(core.model(), &output.windows);
        outputs.render(core, owned, &output, &records);
        if matches!(owned.phase, Phase::Refolding) && owned.next() >= owned.live_from {
            owned.phase = Phase::Live;
            let partition = owned.fold.as_ref().map_or(0, Partition::index);
            tracing::info!(partition, offset = owned.next(), "folded again; live");
            report.live(partition as i32, owned.assigned_for());
        }
    }
    report.spent(Stage::Render, pace.lap());
}

/// Bytes of a batch that belong to a partition.
fn bytes_of(records: &[Record<'_>], fold: Option<&Partition>) -> u64 {
    let mine = records.iter().filter(|r| fold.is_some_and(|fold| fold.index() == r.at.partition));
    mine.map(|r| r.payload.map_or(0, <[u8]>::len) as u64).sum()
}
