//! librdkafka clients as this program uses them: settings we own, and contexts that keep what the
//! callbacks say for the poll thread to act on.
//!
//! The rebalance callback only records what happened; the poll thread acts on it right after `poll`
//! returns, on the same thread and before any other message is taken. librdkafka waits for the
//! (un)assign call, not for the callback, so this is the callback's work without its confinement.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, DeliveryResult, Headers as _, Message as _};
use rdkafka::producer::{BaseProducer, ProducerContext};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use crate::config::KafkaConfig;

/// What the group asked of this member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebalance {
    /// These partitions are ours now.
    Assign(Vec<i32>),
    /// These are to be given up; `lost`: somebody else may have them already.
    Revoke {
        /// Which partitions.
        partitions: Vec<i32>,
        /// Too late to publish for them.
        lost: bool,
    },
}

/// What librdkafka reported since the last look.
#[derive(Debug, Default)]
pub struct Trouble {
    /// All brokers are down.
    pub brokers_down: bool,
    /// Authentication failed, with librdkafka's words.
    pub authentication: Option<String>,
    /// The last error of any other kind.
    pub last: Option<String>,
}

/// How far a partition of the input goes, and how far it has been handed to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it ends for a `read_committed` reader.
    pub end: i64,
    /// Below this nothing waits to be polled. Beyond the last record: a transaction ends with a mark, and an
    /// aborted one may be long, and both are passed over unseen.
    pub reached: i64,
}

impl Edge {
    /// Records between `next` and the end.
    pub fn behind(self, next: i64) -> i64 {
        (self.end - self.reached.max(next)).max(0)
    }
}

/// Context of every client: keeps errors, forwards logs.
#[derive(Default)]
pub struct Context {
    trouble: Mutex<Trouble>,
    rebalances: Mutex<VecDeque<Rebalance>>,
    failed_deliveries: Mutex<Vec<(RDKafkaErrorCode, String)>>,
    /// Of each partition of the input, as of the last statistics.
    edges: Mutex<BTreeMap<i32, Edge>>,
    closing: AtomicBool,
}

impl Context {
    /// Takes the reported trouble.
    pub fn take_trouble(&self) -> Trouble {
        std::mem::take(&mut *lock(&self.trouble))
    }

    /// Takes the oldest rebalance not yet acted on.
    pub fn next_rebalance(&self) -> Option<Rebalance> {
        lock(&self.rebalances).pop_front()
    }

    /// Takes the deliveries that failed: code and topic.
    pub fn take_failed_deliveries(&self) -> Vec<(RDKafkaErrorCode, String)> {
        std::mem::take(&mut *lock(&self.failed_deliveries))
    }

    /// Whether a rebalance waits to be acted on.
    pub fn rebalance_waits(&self) -> bool {
        !lock(&self.rebalances).is_empty()
    }

    /// Where the partitions of the input end, as far as known.
    pub fn edges(&self) -> BTreeMap<i32, Edge> {
        lock(&self.edges).clone()
    }

    /// A partition is read from another offset from now on: what it had reached means nothing.
    pub fn moved(&self, partition: i32) {
        lock(&self.edges).remove(&partition);
    }

    /// From here on nobody polls for rebalances: acknowledge them at once.
    pub fn closing(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // what a panicking holder left behind is still a list of plain values
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Set when the process ends for a reason: what librdkafka still has to say would bury it.
static HUSHED: AtomicBool = AtomicBool::new(false);

/// From here on librdkafka's own lines are left out.
pub fn hush() {
    HUSHED.store(true, Ordering::SeqCst);
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        if HUSHED.load(Ordering::SeqCst) {
            return;
        }
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::warn!(target: "librdkafka", fac, "{message}");
            }
            RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice => {
                tracing::info!(target: "librdkafka", fac, "{message}");
            }
            _ => tracing::debug!(target: "librdkafka", fac, "{message}"),
        }
    }

    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.into_values().flat_map(|topic| topic.partitions.into_values());
        let edges = partitions.filter(|p| p.partition >= 0 && p.ls_offset >= 0).map(|p| {
            // a queue that holds nothing: all that was fetched has been polled
            let reached = if p.fetchq_cnt == 0 { p.next_offset } else { p.app_offset };
            (p.partition, Edge { end: p.ls_offset, reached })
        });
        lock(&self.edges).extend(edges);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut trouble = lock(&self.trouble);
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => trouble.brokers_down = true,
            Some(
                RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed | RDKafkaErrorCode::SSL,
            ) => {
                trouble.authentication = Some(reason.to_owned());
            }
            _ => trouble.last = Some(reason.to_owned()),
        }
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, err: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions: Vec<i32> =
            list.elements().iter().map(rdkafka::topic_partition_list::TopicPartitionListElem::partition).collect();
        let assigned = matches!(err, RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
        if self.closing.load(Ordering::SeqCst) {
            let done = if assigned { consumer.incremental_assign(list) } else { consumer.incremental_unassign(list) };
            if let Err(error) = done {
                tracing::debug!(%error, "rebalance while closing");
            }
            return;
        }
        let event = if assigned {
            Rebalance::Assign(partitions)
        } else {
            Rebalance::Revoke { partitions, lost: consumer.assignment_lost() }
        };
        lock(&self.rebalances).push_back(event);
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
            lock(&self.failed_deliveries).push((code, rdkafka::Message::topic(message).to_owned()));
        }
    }
}

/// The consumer of the input: a member of the group.
pub fn consumer(config: &KafkaConfig) -> KafkaResult<BaseConsumer<Context>> {
    let mut client = base(config);
    client
        .set("group.id", &config.group)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", config.session_timeout.as_millis().to_string())
        .set("heartbeat.interval.ms", (config.session_timeout.as_millis() / 10).clamp(200, 3000).to_string())
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_committed")
        .set("statistics.interval.ms", "2000"); // the only source of the log's end
    default(&mut client, config, "fetch.queue.backoff.ms", "20"); // a full prefetch queue stalls for 1 s otherwise
    default(&mut client, config, "queued.max.messages.kbytes", "65536");
    default(&mut client, config, "fetch.message.max.bytes", "4194304");
    if let Some(instance) = &config.instance_id {
        client.set("group.instance.id", instance);
    }
    client.create_with_context(Context::default())
}

/// The process ends for a reason: from here on nobody polls, and what the group asked for last is answered. A consumer
/// that owes an answer waits for it for ever when it is closed.
pub fn abandon(consumer: &BaseConsumer<Context>, topic: &str) {
    consumer.context().closing();
    while let Some(event) = consumer.context().next_rebalance() {
        let answered = match event {
            Rebalance::Assign(partitions) => consumer.incremental_assign(&list(topic, partitions)),
            Rebalance::Revoke { partitions, .. } => consumer.incremental_unassign(&list(topic, partitions)),
        };
        if let Err(error) = answered {
            tracing::debug!(%error, "rebalance while ending");
        }
    }
}

/// A consumer that reads state and offsets: same group id, never subscribes.
pub fn reader(config: &KafkaConfig) -> KafkaResult<BaseConsumer<Context>> {
    let mut client = base(config);
    client
        .set("group.id", &config.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_committed");
    default(&mut client, config, "fetch.queue.backoff.ms", "20");
    default(&mut client, config, "fetch.wait.max.ms", "50"); // the end of a topic is known after one empty fetch
    let reader: BaseConsumer<Context> = client.create_with_context(Context::default())?;
    reader.context().closing();
    Ok(reader)
}

/// The transactional producer.
pub fn producer(config: &KafkaConfig, transactional_id: &str) -> KafkaResult<BaseProducer<Context>> {
    let timeout = config.transaction_timeout.as_millis().to_string();
    let mut client = base(config);
    client
        .set("transactional.id", transactional_id)
        .set("transaction.timeout.ms", &timeout)
        .set("partitioner", "murmur2_random")
        .set("message.timeout.ms", &timeout)
        .set("queue.buffering.max.messages", "1000000")
        .set("queue.buffering.max.kbytes", "1048576");
    default(&mut client, config, "linger.ms", "1"); // a transaction is produced in one go; waiting gains nothing
    default(&mut client, config, "compression.type", "lz4");
    client.create_with_context(Context::default())
}

fn base(config: &KafkaConfig) -> ClientConfig {
    let mut client = ClientConfig::new();
    for (key, value) in &config.options {
        client.set(key, value);
    }
    client.set("bootstrap.servers", &config.bootstrap);
    default(&mut client, config, "client.id", "stillwatch");
    default(&mut client, config, "reconnect.backoff.max.ms", "1000");
    client
}

/// Sets a default that `[kafka.options]` may override.
fn default(client: &mut ClientConfig, config: &KafkaConfig, key: &str, value: &str) {
    if !config.options.iter().any(|(name, _)| name == key) {
        client.set(key, value);
    }
}

/// The value of a record's header: of several of one name the last, as Kafka's own clients have it.
pub fn header<'m>(message: &'m BorrowedMessage<'_>, name: &str) -> Option<&'m [u8]> {
    let headers = message.headers()?;
    (0..headers.count()).rev().map(|index| headers.get(index)).find(|header| header.key == name)?.value
}

/// A list of partitions of one topic.
pub fn list(topic: &str, partitions: impl IntoIterator<Item = i32>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(topic, partition);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_counts_neither_marks_nor_what_is_not_committed() {
        // the last record at 9, the mark of its transaction at 10
        assert_eq!(Edge { end: 11, reached: 11 }.behind(10), 0);
        // statistics from before the last batch was folded
        assert_eq!(Edge { end: 11, reached: 4 }.behind(10), 1);
        assert_eq!(Edge { end: 11, reached: -1001 }.behind(4), 7);
        assert_eq!(Edge { end: 11, reached: 4 }.behind(12), 0);
    }
}
