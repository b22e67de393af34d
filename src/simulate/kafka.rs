//! A simulation straight into a Kafka topic: key the tenant, value the record, time the exchange's.
//!
//! Not transactional: a simulation that broke off is written anew. The producer's queue is bounded (64 MiB);
//! full: the writer waits for the broker, up to the message timeout.

use std::io;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use std::sync::{Mutex, PoisonError};

use super::SimRecord;

const GIVE_UP: Duration = Duration::from_secs(30);

/// Where to, as `kafka://host:port[,host:port…]/topic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaTarget {
    /// Brokers.
    pub bootstrap: String,
    /// The topic.
    pub topic: String,
}

/// A topic being written.
pub struct KafkaSink {
    producer: BaseProducer<Deliveries>,
    topic: String,
}

/// Keeps the first delivery that failed.
#[derive(Default)]
struct Deliveries(Mutex<Option<KafkaError>>);

impl KafkaTarget {
    /// Reads a target; none if the text is a file's name.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let rest = text.strip_prefix("kafka://")?;
        let parts = rest.split_once('/').filter(|(bootstrap, topic)| !bootstrap.is_empty() && !topic.is_empty());
        let Some((bootstrap, topic)) = parts.filter(|(_, topic)| !topic.contains(['/', '?'])) else {
            return Some(Err(format!("`{text}` is not kafka://host:port/topic")));
        };
        Some(Ok(Self { bootstrap: bootstrap.to_owned(), topic: topic.to_owned() }))
    }
}

impl KafkaSink {
    /// Connects; fails if the topic is not there.
    pub fn open(target: &KafkaTarget) -> Result<Self, KafkaError> {
        let producer: BaseProducer<Deliveries> = ClientConfig::new()
            .set("bootstrap.servers", &target.bootstrap)
            .set("client.id", "stillwatch-simulate")
            .set("enable.idempotence", "true")
            // the partitioner of Java clients: a tenant lies where other producers would put it
            .set("partitioner", "murmur2_random")
            .set("compression.type", "lz4")
            .set("linger.ms", "50")
            .set("message.max.bytes", "8388608")
            .set("message.timeout.ms", GIVE_UP.as_millis().to_string())
            .set("queue.buffering.max.kbytes", "65536")
            .set("allow.auto.create.topics", "false")
            .create_with_context(Deliveries::default())?;
        let metadata = producer.client().fetch_metadata(Some(&target.topic), Duration::from_secs(10))?;
        match metadata.topics().first().filter(|t| !t.partitions().is_empty()) {
            Some(_) => Ok(Self { producer, topic: target.topic.clone() }),
            None => Err(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition)),
        }
    }

    /// Queues a record.
    pub fn put(&self, record: &SimRecord) -> io::Result<()> {
        let mut message = BaseRecord::to(&self.topic).key(&record.tenant).payload(&record.line).timestamp(record.ts.0);
        loop {
            match self.producer.send(message) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    message = back;
                    self.producer.poll(Duration::from_millis(50));
                    self.check()?;
                }
                Err((error, _)) => return Err(io::Error::other(error)),
            }
        }
        self.producer.poll(Duration::ZERO);
        self.check()
    }

    /// Waits until all is delivered.
    pub fn finish(&self) -> io::Result<()> {
        self.producer.flush(GIVE_UP * 2).map_err(io::Error::other)?;
        self.check()
    }

    fn check(&self) -> io::Result<()> {
        let failed = self.producer.context().0.lock().unwrap_or_else(PoisonError::into_inner).take();
        failed.map_or(Ok(()), |error| Err(io::Error::other(error)))
    }
}

impl rdkafka::ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read() {
        assert_eq!(KafkaTarget::parse("log.jsonl"), None);
        let target = KafkaTarget { bootstrap: "a:9092,b:9092".to_owned(), topic: "llm.exchanges".to_owned() };
        assert_eq!(KafkaTarget::parse("kafka://a:9092,b:9092/llm.exchanges"), Some(Ok(target)));
        for wrong in ["kafka://a:9092", "kafka:///t", "kafka://a:9092/", "kafka://a/t/u"] {
            let said = KafkaTarget::parse(wrong);
            assert_eq!(said, Some(Err(format!("`{wrong}` is not kafka://host:port/topic"))));
        }
    }
}
