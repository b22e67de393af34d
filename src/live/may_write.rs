//! Whether a transaction may write to a topic, asked without writing a record.
//!
//! The record that is enqueued stays in memory: its batch would linger for a minute. Before that, the
//! broker is asked to add the partition to the transaction, which is where it checks the right. Then the
//! record is purged and the transaction aborted; readers see nothing at any isolation level.

use std::time::Duration;

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, PurgeConfig};

use super::admin::{Admin, AdminError, REQUEST, request};
use super::heard::Heard;
use crate::clock::Stopwatch;

impl Admin {
    /// Whether a transaction may write to the topic.
    pub fn may_write(&self, topic: &str) -> Result<(), AdminError> {
        let what = format!("writing topic `{topic}`");
        let failed = |error: KafkaError| request(&what, &error);
        let heard = Heard::default();
        let mut options = self.options.clone();
        options.set("transactional.id", &self.transactional_id);
        options.set("linger.ms", "60000").set("transaction.timeout.ms", "61000");
        // the broker's answer is only told to the log
        options.set("debug", "eos").set_log_level(RDKafkaLogLevel::Debug);
        let producer: BaseProducer<Heard> = options.create_with_context(heard.clone()).map_err(failed)?;
        let id = format!("transactional id `{}`", self.transactional_id);
        producer.init_transactions(REQUEST).map_err(|error| request(&id, &error))?;
        producer.begin_transaction().map_err(failed)?;
        let record = BaseRecord::<[u8], [u8]>::to(topic).partition(0).key(b"check");
        producer.send(record).map_err(|(error, _)| failed(error))?;
        let watch = Stopwatch::start();
        while heard.transaction().is_none() && !watch.passed(REQUEST) {
            producer.poll(Duration::from_millis(5));
        }
        // a transaction that was refused may refuse the abort, too: the first answer is the telling one
        let aborted = abort(&producer);
        match heard.transaction() {
            Some(Ok(())) => aborted.map_err(failed),
            Some(Err(reason)) => Err(AdminError::Request { what, reason }),
            None => {
                let reason = heard.reason().unwrap_or_else(|| "the broker did not answer".to_owned());
                Err(AdminError::Request { what, reason })
            }
        }
    }
}

/// An abort polls nothing itself and never ends while records are outstanding.
fn abort(producer: &BaseProducer<Heard>) -> Result<(), KafkaError> {
    producer.purge(PurgeConfig::default().queue().inflight());
    let watch = Stopwatch::start();
    loop {
        producer.poll(Duration::from_millis(5));
        if producer.in_flight_count() == 0 || watch.passed(REQUEST) {
            return producer.abort_transaction(REQUEST);
        }
    }
}
