//! The poll thread of both halves of `route`: poll, split or join, publish; rebalances in between.

mod assign;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;

use super::super::client::{self, Context};
use super::super::fatal::{Fatal, hopeless};
use super::super::poll::{Polled, poll_batch, records_in_order};
use super::super::publish::{Covers, Outcome, Publisher};
use super::super::reach::Reach;
use super::super::report::Report;
use super::SOURCE;
use super::joiner::Joiner;
use super::lane::Lane;
use super::splitter::Splitter;
use crate::clock::{Stopwatch, Ticker};
use crate::config::{Config, KafkaConfig, LiveConfig};
use crate::http::Cause;
use crate::metrics::Stage;
use assign::gap;

/// How the operator started and stops it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Go on where records that were not read yet are gone.
    pub accept_gap: bool,
    /// A static member gives its partitions up when it stops.
    pub leave_on_stop: bool,
}

/// What is done with records.
pub(super) enum Work {
    /// They are split into exchanges, or cut into parts.
    Split(Splitter),
    /// They are parts, and joined.
    Join(Joiner),
}

/// The poll thread's state.
pub(super) struct Router {
    kafka: KafkaConfig,
    config: Config,
    options: Options,
    work: Work,
    consumer: BaseConsumer<Context>,
    group: Option<ConsumerGroupMetadata>,
    publisher: Publisher,
    lanes: BTreeMap<i32, Lane>,
    /// Assigned, and their committed offset not known yet.
    waiting: Vec<i32>,
    since_publish: Stopwatch,
    reach: Reach,
    gauges: Ticker,
    stop: Arc<AtomicBool>,
    report: Report,
}

impl Router {
    /// Connects nothing yet. `kafka` names the input and the group of this half.
    pub(super) fn new(
        config: Config,
        kafka: KafkaConfig,
        options: Options,
        work: Work,
        stop: Arc<AtomicBool>,
        report: Report,
        member: &str,
    ) -> Result<Router, Fatal> {
        let consumer = client::consumer(&kafka).map_err(|e| Fatal::Kafka(format!("kafka.options: {e}")))?;
        Ok(Router {
            work,
            config,
            options,
            consumer,
            group: None,
            publisher: Publisher::new(&kafka, member),
            lanes: BTreeMap::new(),
            waiting: Vec::new(),
            since_publish: Stopwatch::start(),
            reach: Reach::new(&kafka, report.clone()),
            kafka,
            gauges: Ticker::new(Duration::from_secs(1)),
            stop,
            report,
        })
    }

    /// Runs until asked to stop or until something is fatal.
    pub(super) fn run(mut self) -> Result<(), Fatal> {
        while !self.renew()? {
            if self.stop.load(Ordering::SeqCst) {
                return Ok(());
            }
        }
        self.reach.found();
        let input = self.kafka.input.clone();
        self.consumer.subscribe(&[&input]).map_err(|e| Fatal::Kafka(format!("topic `{input}`: {e}")))?;
        while !self.stop.load(Ordering::SeqCst) {
            if let Err(fatal) = self.turn() {
                client::abandon(&self.consumer, &input);
                return Err(fatal);
            }
        }
        self.drain()
    }

    fn turn(&mut self) -> Result<(), Fatal> {
        self.report.tick();
        let mut errors = Vec::new();
        if self.bytes() < self.pace().publish_bytes {
            let polling = Stopwatch::start();
            let patience = self.pace().publish_every.saturating_sub(self.since_publish.elapsed());
            let patience = patience.clamp(Duration::from_millis(1), Duration::from_millis(50));
            let Polled { messages, errors: failed, waited } = poll_batch(&self.consumer, &self.config, patience);
            errors = failed;
            self.report.spent(Stage::Wait, waited);
            self.report.spent(Stage::Poll, (polling.seconds() - waited).max(0.0));
            let Router { work, lanes, report, .. } = self;
            take_messages(work, lanes, report, &messages);
            if let Work::Join(joiner) = work {
                joiner.tick(lanes);
            }
        } else {
            // full, and the last transaction did not commit: it is tried again below
            std::thread::sleep(Duration::from_millis(5));
        }
        for error in errors {
            self.consumer_error(&error)?;
        }
        self.rebalance()?;
        self.begin_waiting()?;
        self.reach.look(&self.consumer)?;
        let waited = self.since_publish.elapsed() >= self.pace().publish_every;
        if self.lanes.values().any(Lane::has_news) && (waited || self.bytes() >= self.pace().publish_bytes) {
            self.publish()?;
        }
        self.publisher.poll();
        if self.gauges.due() {
            let edges = self.consumer.context().edges();
            let behind = self.lanes.iter().filter_map(|(p, lane)| Some((*p, edges.get(p)?.behind(lane.next))));
            let live = self.lanes.values().filter(|lane| lane.is_live()).count();
            self.report.routing(self.lanes.len() + self.waiting.len(), live, behind);
        }
        Ok(())
    }

    fn pace(&self) -> &LiveConfig {
        &self.config.live
    }

    fn bytes(&self) -> usize {
        self.lanes.values().map(|lane| lane.bytes).sum()
    }

    fn consumer_error(&self, error: &KafkaError) -> Result<(), Fatal> {
        let (input, group) = (&self.kafka.input, &self.kafka.group);
        let code = error.rdkafka_error_code();
        if code == Some(RDKafkaErrorCode::FencedInstanceId) {
            return Err(Fatal::Fenced(self.kafka.instance_id.clone().unwrap_or_default()));
        }
        if let Some(fatal) = hopeless(error, &format!("topic `{input}`, group `{group}`:")) {
            return Err(fatal);
        }
        if code == Some(RDKafkaErrorCode::AutoOffsetReset) {
            return Err(gap(input, "the log was cut while it was read"));
        }
        if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
            return Err(Fatal::Kafka(format!("consumer: {error}")));
        }
        tracing::debug!(%error, "consumer");
        Ok(())
    }

    /// Publishes all there is. Returns whether it is committed.
    fn publish(&mut self) -> Result<bool, Fatal> {
        self.since_publish = Stopwatch::start();
        if self.group.is_none() || (!self.publisher.ready() && !self.renew()?) {
            return Ok(false);
        }
        let Some(group) = &self.group else { return Ok(false) };
        let news = self.lanes.iter().filter(|(_, lane)| lane.has_news());
        let covers: Covers = news.map(|(partition, lane)| (*partition, lane.cover())).collect();
        if covers.is_empty() {
            return Ok(true);
        }
        let watch = Stopwatch::start();
        let messages = covers.keys().filter_map(|partition| self.lanes.get(partition)).flat_map(|lane| &lane.outputs);
        match self.publisher.publish(&covers, messages, group)? {
            Outcome::Committed(timings) => {
                self.report.transaction(watch.seconds(), &timings);
                self.committed(&covers);
                self.reach.found();
                Ok(true)
            }
            Outcome::Aborted(why) => {
                self.report.transaction_failed("aborted", watch.seconds());
                tracing::info!(why, "transaction aborted; its outputs stay in memory");
                // a generation that no rebalance event told us of
                self.group = self.consumer.group_metadata().filter(|_| !self.consumer.assignment_lost());
                Ok(false)
            }
            Outcome::TooLarge(topic) => {
                self.report.transaction_failed("aborted", watch.seconds());
                let why = format!("topic `{topic}` refuses a message for its size: its max.message.bytes was lowered?");
                tracing::error!("{why} nothing is lost, but nothing goes on until it is raised again");
                self.report.hold(Cause::Producer, &why);
                Ok(false)
            }
            Outcome::Unknown(why) => {
                self.report.transaction_failed("unknown", watch.seconds());
                self.report.hold(Cause::Producer, &why);
                if self.renew()? {
                    self.ask_again(&covers);
                }
                Ok(false)
            }
        }
    }

    fn committed(&mut self, covers: &Covers) {
        for (partition, cover) in covers {
            if let Some(lane) = self.lanes.get_mut(partition) {
                self.report.committed(&lane.outputs);
                lane.published(cover);
            }
        }
        self.report.release(Cause::Producer);
    }

    /// A new producer; it fences the old one, so what is open of it ends.
    fn renew(&mut self) -> Result<bool, Fatal> {
        self.reach.producer(self.publisher.init()?)
    }

    /// After an unknown outcome the committed offsets tell what is done: nothing is kept but them, so the partitions
    /// begin there anew.
    fn ask_again(&mut self, covers: &Covers) {
        for partition in covers.keys() {
            if self.lanes.remove(partition).is_some() {
                self.waiting.push(*partition);
            }
        }
        self.pause_waiting();
    }

    /// SIGTERM: publish, leave the group if asked or if dynamic, within the limit.
    fn drain(mut self) -> Result<(), Fatal> {
        let watch = Stopwatch::start();
        let limit = self.pace().drain_limit;
        tracing::info!("stopping");
        while !self.publish()? && !self.lanes.is_empty() && watch.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(20));
            self.rebalance()?;
        }
        if self.kafka.instance_id.is_none() || self.options.leave_on_stop {
            self.consumer.unsubscribe();
            while !(self.lanes.is_empty() && self.waiting.is_empty()) && watch.elapsed() < limit {
                // its records are not routed, and no offset covers them
                if let Some(Err(error)) = self.consumer.poll(Duration::from_millis(20)) {
                    tracing::debug!(%error, "stopping");
                }
                self.rebalance()?;
            }
        }
        self.consumer.context().closing();
        tracing::info!(seconds = watch.seconds(), "stopped");
        Ok(())
    }
}

/// Takes a polled batch in and keeps what comes of it.
fn take_messages(work: &Work, lanes: &mut BTreeMap<i32, Lane>, report: &Report, messages: &[BorrowedMessage<'_>]) {
    if messages.is_empty() {
        return;
    }
    let header = match work {
        Work::Split(splitter) => splitter.header(),
        Work::Join(_) => Some(SOURCE),
    };
    let next = lanes.iter().map(|(partition, lane)| (*partition, lane.next)).collect();
    let records = records_in_order(messages, next, header);
    let behind: Vec<i32> = lanes.iter().filter(|(_, lane)| !lane.is_live()).map(|(partition, _)| *partition).collect();
    let watch = Stopwatch::start();
    let counts = match work {
        Work::Split(splitter) => splitter.take(lanes, &records),
        Work::Join(joiner) => {
            let (counts, joins) = joiner.take(lanes, &records);
            report.joined(&joins);
            counts
        }
    };
    report.spent(Stage::Trace, watch.seconds());
    assert!(counts.add_up(), "read = accepted + rejected");
    report.folded(&counts, records.iter().map(|record| record.payload.map_or(0, <[u8]>::len) as u64).sum());
    for partition in behind.into_iter().filter(|partition| lanes.get(partition).is_some_and(Lane::is_live)) {
        report.release(Cause::Partition(partition));
    }
}
