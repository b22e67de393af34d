//! Writes records into topics, fast, and sees to it that all of them arrived.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::{ClientContext, Message as _};

const LIMIT: Duration = Duration::from_secs(120);

/// A record to write. Without a payload it is a tombstone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub partition: i32,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
}

impl Entry {
    pub fn new(partition: i32, key: &str, payload: impl Into<Vec<u8>>) -> Entry {
        Entry { partition, key: Some(key.into()), payload: Some(payload.into()) }
    }

    pub fn tombstone(partition: i32, key: &str) -> Entry {
        Entry { partition, key: Some(key.into()), payload: None }
    }
}

/// Writes all entries, in order within each partition; returns when each is acknowledged.
pub fn fill(bootstrap: &str, topic: &str, entries: impl IntoIterator<Item = Entry>) -> u64 {
    let mut writer = Writer::new(bootstrap, topic);
    writer.write(entries);
    writer.finish()
}

/// Writes into one topic, piece by piece.
pub struct Writer {
    producer: BaseProducer<Count>,
    arrived: Arc<AtomicU64>,
    topic: String,
    sent: u64,
}

impl Writer {
    pub fn new(bootstrap: &str, topic: &str) -> Writer {
        let (producer, arrived) = producer(base(bootstrap).set("enable.idempotence", "true"));
        Writer { producer, arrived, topic: topic.to_owned(), sent: 0 }
    }

    /// Takes entries, in order within each partition; waits only while the producer's queue is full.
    pub fn write(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.sent += send(&self.producer, &self.topic, entries);
        // a poll of no time takes one event of many, and what was delivered stays in memory until its event is taken
        self.producer.poll(Duration::from_millis(1));
    }

    /// Records not known to be acknowledged as of the last write.
    pub fn waiting(&self) -> usize {
        self.producer.in_flight_count() as usize
    }

    /// Waits until each is acknowledged: how many they were.
    pub fn finish(self) -> u64 {
        let begin = Instant::now();
        while self.waiting() > 0 {
            assert!(begin.elapsed() < LIMIT, "{} records unacknowledged after {LIMIT:?}", self.waiting());
            self.producer.poll(Duration::from_millis(5));
        }
        assert_eq!(self.arrived.load(Ordering::Relaxed), self.sent, "records acknowledged of {}", self.topic);
        self.sent
    }
}

/// Writes all entries in one transaction and takes it back: a `read_committed` reader must not see them.
pub fn fill_and_abort(bootstrap: &str, topic: &str, entries: impl IntoIterator<Item = Entry>) {
    let id = format!("aborting-{topic}");
    let (producer, _) = producer(base(bootstrap).set("transactional.id", &id));
    producer.init_transactions(LIMIT).expect("init transactions");
    producer.begin_transaction().expect("begin");
    send(&producer, topic, entries);
    // All of them reach the log before the abort: aborting earlier would purge them from the queue.
    drain(&producer);
    producer.abort_transaction(LIMIT).expect("abort");
}

/// Writes all entries in one transaction, which a `read_committed` reader sees with its mark behind them.
pub fn fill_and_commit(bootstrap: &str, topic: &str, entries: impl IntoIterator<Item = Entry>) {
    fill_and_leave_open(bootstrap, topic, entries).commit_transaction(LIMIT).expect("commit");
}

/// The same, not yet committed: that is the caller's.
pub fn fill_and_leave_open(
    bootstrap: &str,
    topic: &str,
    entries: impl IntoIterator<Item = Entry>,
) -> BaseProducer<Count> {
    let id = format!("open-{topic}");
    let (producer, _) = producer(base(bootstrap).set("transactional.id", &id));
    producer.init_transactions(LIMIT).expect("init transactions");
    producer.begin_transaction().expect("begin");
    send(&producer, topic, entries);
    drain(&producer);
    producer
}

fn base(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("message.max.bytes", "33554432")
        .set("queue.buffering.max.messages", "500000")
        .set("linger.ms", "5")
        .set("batch.size", "1000000")
        .set("message.timeout.ms", "60000");
    config
}

/// Counts what arrived.
#[derive(Clone, Default)]
pub struct Count(Arc<AtomicU64>);

impl ClientContext for Count {}

impl ProducerContext for Count {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, message)) => eprintln!("not written: {}/{}: {error}", message.topic(), message.partition()),
        }
    }
}

fn producer(config: &ClientConfig) -> (BaseProducer<Count>, Arc<AtomicU64>) {
    let count = Count::default();
    let producer = config.create_with_context(count.clone()).expect("producer");
    (producer, count.0)
}

fn send(producer: &BaseProducer<Count>, topic: &str, entries: impl IntoIterator<Item = Entry>) -> u64 {
    let mut sent = 0;
    for entry in entries {
        let mut record = BaseRecord::<Vec<u8>, Vec<u8>>::to(topic).partition(entry.partition);
        record.key = entry.key.as_ref();
        record.payload = entry.payload.as_ref();
        let begin = Instant::now();
        while let Err((error, back)) = producer.send(record) {
            let full = matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
            assert!(full && begin.elapsed() < LIMIT, "cannot write to {topic}: {error}");
            producer.poll(Duration::from_millis(10));
            record = back;
        }
        sent += 1;
        if sent % 1_000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    sent
}

/// Polls until nothing is in flight; `flush` would tick in steps of 100 ms.
fn drain(producer: &BaseProducer<Count>) {
    let begin = Instant::now();
    while producer.in_flight_count() > 0 {
        assert!(begin.elapsed() < LIMIT, "{} records unacknowledged after {LIMIT:?}", producer.in_flight_count());
        producer.poll(Duration::from_millis(5));
    }
}
