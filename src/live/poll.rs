//! What a poll brings: batches of messages, and the records in them that are taken.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};

use super::client::{self, Context};
use crate::clock::Stopwatch;
use crate::config::Config;
use crate::source::Record;
use crate::units::Position;

/// What a poll brought.
pub(super) struct Polled<'c> {
    pub(super) messages: Vec<BorrowedMessage<'c>>,
    pub(super) errors: Vec<KafkaError>,
    /// Seconds until the first record came, where none was there.
    pub(super) waited: f64,
}

/// Takes records until the batch is full or nothing more is at hand.
pub(super) fn poll_batch<'c>(consumer: &'c BaseConsumer<Context>, config: &Config, patience: Duration) -> Polled<'c> {
    let (mut messages, mut errors, mut bytes, mut waited) = (Vec::new(), Vec::new(), 0, 0.0);
    let mut polled = consumer.poll(Duration::ZERO);
    // a rebalance is acted on before anything else is polled
    if polled.is_none() && !consumer.context().rebalance_waits() {
        let waiting = Stopwatch::start();
        polled = consumer.poll(patience);
        waited = waiting.seconds();
    }
    while let Some(result) = polled {
        match result {
            Ok(message) => {
                bytes += message.payload_len();
                messages.push(message);
            }
            Err(error) => {
                errors.push(error);
                break;
            }
        }
        if messages.len() >= config.live.batch_records || bytes >= config.live.batch_bytes {
            break;
        }
        polled = consumer.poll(Duration::ZERO);
    }
    Polled { messages, errors, waited }
}

/// The records that go on where each partition stands: what was fetched before a pause or a seek took hold, or of a
/// partition that is not ours now, is left out.
pub(super) fn records_in_order<'m>(
    messages: &'m [BorrowedMessage<'_>],
    mut next: BTreeMap<i32, i64>,
    header: Option<&str>,
) -> Vec<Record<'m>> {
    let in_order = |message: &&BorrowedMessage<'_>| {
        let Some(expected) = next.get_mut(&message.partition()) else { return false };
        let in_order = message.offset() >= *expected;
        if in_order {
            *expected = message.offset() + 1;
        }
        in_order
    };
    let record = |message: &'m BorrowedMessage<'_>| Record {
        at: Position { partition: message.partition() as u32, offset: message.offset() },
        broker_ts: message.timestamp().to_millis(),
        header: header.and_then(|name| client::header(message, name)),
        key: message.key(),
        payload: message.payload(),
    };
    messages.iter().filter(in_order).map(record).collect()
}
