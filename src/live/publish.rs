//! One function, [`Publisher::publish`]: findings, dead letters, state and offsets in one transaction.
//!
//! begin, produce, poll until nothing is in flight, send offsets, commit. No transaction is open while
//! the consumer polls. An abort rolls back nothing in memory: memory is right, so the caller publishes
//! the same outputs again for the partitions it still owns. Where the outcome is unknown, the caller
//! makes a new producer (which fences the old one) and reads the stable committed offsets: they say
//! which of the two it was.
//!
//! Cost: three round trips (produce, offsets, commit) however many messages there are.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client::{self, Context};
use super::failpoint;
use super::fatal::{Fatal, hopeless};
use crate::clock::Stopwatch;
use crate::config::KafkaConfig;
use crate::finding::{Activity, Kind, Pattern};
use crate::units::Millis;
use crate::verdicts::Verdict;

/// How far each partition has been read.
pub type Covers = BTreeMap<i32, Cover>;

/// How far a partition has been read, as the group keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// The offset to resume at.
    pub next: i64,
    /// What else a resume needs, in the offset's metadata; most need nothing.
    pub note: String,
}

impl Cover {
    /// An offset alone.
    pub fn at(next: i64) -> Cover {
        Cover { next, note: String::new() }
    }
}

/// One record to produce.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Where to.
    pub topic: String,
    /// Fixed partition, or by key.
    pub partition: Option<i32>,
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value; none is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Milliseconds; none is the moment of sending.
    pub time: Option<i64>,
    /// What to count once it is committed.
    pub note: Option<Note>,
}

/// What a message is, for the metrics.
#[derive(Clone, Debug)]
pub enum Note {
    /// A rejected record.
    DeadLetter,
    /// An event of a finding.
    Finding {
        /// Of which unit.
        kind: Kind,
        /// Of which pattern.
        pattern: Pattern,
        /// Which step.
        activity: Activity,
        /// What people have decided about it.
        verdict: Option<Verdict>,
        /// Event time of the deciding record.
        time: Millis,
    },
}

impl Message {
    /// Bytes it takes in memory and, before compression, on the wire.
    pub fn bytes(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(k, v)| k.len() + v.len()).sum();
        self.key.as_ref().map_or(0, Vec::len) + self.value.as_ref().map_or(0, Vec::len) + headers + 64
    }
}

/// What became of a transaction.
#[derive(Debug)]
pub enum Outcome {
    /// Everything is visible to `read_committed` readers.
    Committed(Timings),
    /// Nothing of it is or ever will be.
    Aborted(String),
    /// One or the other: ask the committed offsets, with a new producer.
    Unknown(String),
    /// A message was larger than its topic allows; nothing is visible.
    TooLarge(String),
}

/// Seconds by step of one transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// Handing messages to librdkafka.
    pub produce: f64,
    /// Until the broker has them.
    pub flush: f64,
    /// Sending offsets.
    pub offsets: f64,
    /// Committing.
    pub commit: f64,
}

/// Owns the transactional producer.
pub struct Publisher {
    config: KafkaConfig,
    transactional_id: String,
    producer: Option<BaseProducer<Context>>,
}

impl Publisher {
    /// No connection is made yet.
    pub fn new(config: &KafkaConfig, member: &str) -> Publisher {
        Publisher { config: config.clone(), transactional_id: format!("{}-{member}", config.group), producer: None }
    }

    /// Makes a new producer and fences whoever had the transactional id before. `Ok(false)`: not yet.
    pub fn init(&mut self) -> Result<bool, Fatal> {
        self.producer = None;
        let producer = client::producer(&self.config, &self.transactional_id)
            .map_err(|e| Fatal::Kafka(format!("kafka.options: {e}")))?;
        let limit = Stopwatch::start();
        while limit.elapsed() < self.config.transaction_timeout {
            match producer.init_transactions(Duration::from_secs(1)) {
                Ok(()) => {
                    self.producer = Some(producer);
                    return Ok(true);
                }
                Err(error) => {
                    if let Some(fatal) = hopeless(&error, &format!("transactional id `{}`", self.transactional_id)) {
                        return Err(fatal);
                    }
                    tracing::debug!(%error, "init_transactions");
                    if !is_retriable(&error) {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Whether a producer is there.
    pub fn ready(&self) -> bool {
        self.producer.is_some()
    }

    /// Serves delivery reports and errors between transactions.
    pub fn poll(&self) {
        if let Some(producer) = &self.producer {
            producer.poll(Duration::ZERO);
        }
    }

    /// One transaction. `covers` must name every partition that `messages` belong to.
    pub fn publish<'m>(
        &mut self,
        covers: &Covers,
        messages: impl Iterator<Item = &'m Message>,
        group: &ConsumerGroupMetadata,
    ) -> Result<Outcome, Fatal> {
        let Some(producer) = &self.producer else {
            return Ok(Outcome::Unknown("no producer".into()));
        };
        if let Err(error) = producer.begin_transaction() {
            return Ok(self.unknown("begin", &error));
        }
        failpoint::reached("before_produce");
        let mut timings = Timings::default();
        let watch = Stopwatch::start();
        for message in messages {
            match send(producer, message, self.config.transaction_timeout) {
                Ok(()) => {}
                Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge)) => {
                    return Ok(self.abort("produce", message.topic.clone(), Outcome::TooLarge));
                }
                Err(error) => {
                    if let Some(fatal) = hopeless(&error, &format!("topic `{}`", message.topic)) {
                        return Err(fatal);
                    }
                    return Ok(self.abort("produce", error.to_string(), Outcome::Aborted));
                }
            }
        }
        timings.produce = watch.seconds();
        failpoint::reached("after_produce");
        // flush() waits in ticks of 100 ms; polling until nothing is in flight takes as long as the broker
        while producer.in_flight_count() > 0 {
            producer.poll(Duration::from_millis(5));
            if watch.elapsed() > self.config.transaction_timeout {
                return Ok(self.abort("flush", "time-out".into(), Outcome::Aborted));
            }
        }
        if let Some((code, topic)) = producer.context().take_failed_deliveries().into_iter().next() {
            let error = KafkaError::MessageProduction(code);
            if code == RDKafkaErrorCode::MessageSizeTooLarge {
                return Ok(self.abort("deliver", topic, Outcome::TooLarge));
            }
            if let Some(fatal) = hopeless(&error, &format!("topic `{topic}`")) {
                return Err(fatal);
            }
            return Ok(self.abort("deliver", format!("topic `{topic}`: {error}"), Outcome::Aborted));
        }
        timings.flush = watch.seconds() - timings.produce;
        failpoint::reached("before_offsets");
        if let Some(outcome) = self.send_offsets(covers, group)? {
            return Ok(outcome);
        }
        timings.offsets = watch.seconds() - timings.produce - timings.flush;
        failpoint::reached("after_offsets");
        failpoint::reached("before_commit");
        if let Some(outcome) = self.commit()? {
            return Ok(outcome);
        }
        timings.commit = watch.seconds() - timings.produce - timings.flush - timings.offsets;
        failpoint::reached("after_commit");
        Ok(Outcome::Committed(timings))
    }

    fn send_offsets(&mut self, covers: &Covers, group: &ConsumerGroupMetadata) -> Result<Option<Outcome>, Fatal> {
        let Some(producer) = &self.producer else { return Ok(Some(Outcome::Unknown("no producer".into()))) };
        let offsets = offsets(&self.config.input, covers);
        let limit = Stopwatch::start();
        loop {
            let Err(error) = producer.send_offsets_to_transaction(&offsets, group, Duration::from_secs(2)) else {
                return Ok(None);
            };
            if let Some(fatal) = hopeless(&error, &format!("group `{}`", self.config.group)) {
                return Err(fatal);
            }
            if is_fatal(&error) {
                return Ok(Some(self.unknown("offsets", &error)));
            }
            if !is_retriable(&error) || limit.elapsed() > self.config.transaction_timeout {
                return Ok(Some(self.abort("offsets", error.to_string(), Outcome::Aborted)));
            }
        }
    }

    fn commit(&mut self) -> Result<Option<Outcome>, Fatal> {
        let Some(producer) = &self.producer else { return Ok(Some(Outcome::Unknown("no producer".into()))) };
        let limit = Stopwatch::start();
        loop {
            let Err(error) = producer.commit_transaction(Duration::from_secs(2)) else {
                return Ok(None);
            };
            if is_fatal(&error) {
                return Ok(Some(self.unknown("commit", &error)));
            }
            if requires_abort(&error) {
                return Ok(Some(self.abort("commit", error.to_string(), Outcome::Aborted)));
            }
            if !is_retriable(&error) || limit.elapsed() > self.config.transaction_timeout {
                return Ok(Some(self.unknown("commit", &error)));
            }
        }
    }

    /// Short time-outs and polls between: an abort with messages outstanding cannot finish by itself.
    fn abort(&mut self, step: &str, why: String, outcome: fn(String) -> Outcome) -> Outcome {
        tracing::info!(step, why, "transaction aborted");
        let Some(producer) = &self.producer else { return Outcome::Unknown(why) };
        let limit = Stopwatch::start();
        loop {
            match producer.abort_transaction(Duration::from_millis(200)) {
                Ok(()) => break,
                Err(error) if is_retriable(&error) && limit.elapsed() < self.config.transaction_timeout => {
                    producer.poll(Duration::from_millis(20));
                }
                Err(error) => {
                    // nothing of it can commit any more: only this producer could have done that
                    tracing::info!(%error, "abort did not finish; a new producer will fence this one");
                    self.producer = None;
                    break;
                }
            }
        }
        if let Some(producer) = &self.producer {
            drop(producer.context().take_failed_deliveries());
        }
        outcome(format!("{step}: {why}"))
    }

    fn unknown(&mut self, step: &str, error: &KafkaError) -> Outcome {
        tracing::info!(step, %error, "transaction's outcome is unknown; a new producer will tell");
        self.producer = None;
        Outcome::Unknown(format!("{step}: {error}"))
    }
}

/// Hands one message over, polling while the queue is full.
fn send(producer: &BaseProducer<Context>, message: &Message, patience: Duration) -> Result<(), KafkaError> {
    let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&message.topic);
    if let Some(partition) = message.partition {
        record = record.partition(partition);
    }
    if let Some(key) = &message.key {
        record = record.key(key);
    }
    if let Some(value) = &message.value {
        record = record.payload(value);
    }
    if let Some(time) = message.time {
        record = record.timestamp(time);
    }
    if !message.headers.is_empty() {
        let headers = message
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
        record = record.headers(headers);
    }
    let limit = Stopwatch::start();
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) if limit.elapsed() < patience => {
                producer.poll(Duration::from_millis(5));
                record = back;
            }
            Err((error, _)) => return Err(error),
        }
    }
}

/// Offsets as librdkafka wants them: the next one to read.
fn offsets(topic: &str, covers: &Covers) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (&partition, Cover { next, note }) in covers {
        let mut element = list.add_partition(topic, partition);
        if let Err(error) = element.set_offset(Offset::Offset(*next)) {
            tracing::error!(partition, next, %error, "offset cannot be sent");
        }
        if !note.is_empty() {
            element.set_metadata(note);
        }
    }
    list
}

fn is_retriable(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(inner) => inner.is_retriable(),
        other => matches!(
            other.rdkafka_error_code(),
            Some(RDKafkaErrorCode::OperationTimedOut | RDKafkaErrorCode::RequestTimedOut)
        ),
    }
}

fn is_fatal(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(inner) if inner.is_fatal())
}

fn requires_abort(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(inner) if inner.txn_requires_abort())
}
