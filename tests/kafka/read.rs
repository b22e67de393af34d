//! Reads whole topics, `read_committed`, and dumps them as the envelopes that `replay` takes.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _};
use rdkafka::{Message as _, Offset, TopicPartitionList};
use serde_json::{Map, Value, json};

use crate::wait;

const LIMIT: Duration = Duration::from_secs(120);

/// A record as a consumer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub partition: i32,
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub payload: Option<Vec<u8>>,
}

/// Every committed record of a topic, by partition and offset.
pub fn committed(bootstrap: &str, topic: &str) -> Vec<Seen> {
    let mut all = Vec::new();
    each(bootstrap, topic, |message| all.push(seen(message)));
    all.sort_by_key(|record| (record.partition, record.offset));
    all
}

/// Waits until no transaction is open on a topic: then what is committed now is all that there will be
/// of whoever has died. A dead producer's transaction ends at its time-out.
pub fn settle(bootstrap: &str, topic: &str) {
    let stable = consumer(bootstrap, "read_committed");
    let high = consumer(bootstrap, "read_uncommitted");
    let ends = |of: &BaseConsumer, partition| of.fetch_watermarks(topic, partition, Duration::from_secs(5)).ok();
    for partition in partitions(&stable, topic) {
        let what = format!("the last open transaction on {topic}/{partition}");
        wait::until(&what, LIMIT, String::new, || {
            (ends(&stable, partition)?.1 == ends(&high, partition)?.1).then_some(())
        });
    }
}

/// Sum over partitions of the offsets between a topic's start and end: counts what compaction removed too.
pub fn span(bootstrap: &str, topic: &str) -> i64 {
    let consumer = consumer(bootstrap, "read_committed");
    let one = |partition| {
        let ask = || consumer.fetch_watermarks(topic, partition, Duration::from_secs(5)).ok();
        let (low, high) = wait::until("watermarks", LIMIT, String::new, ask);
        high - low
    };
    partitions(&consumer, topic).map(one).sum()
}

/// Writes a topic as JSON lines in the envelope of `kcat -J`; bytes that are no UTF-8 go to `payload_b64`.
pub fn dump(bootstrap: &str, topic: &str, file: &Path) -> u64 {
    let mut out = BufWriter::new(std::fs::File::create(file).expect("create the dump"));
    let mut lines = 0;
    each(bootstrap, topic, |message| {
        let line = Value::Object(envelope(topic, &seen(message)));
        writeln!(out, "{line}").expect("write the dump");
        lines += 1;
    });
    out.flush().expect("write the dump");
    lines
}

fn envelope(topic: &str, record: &Seen) -> Map<String, Value> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers: Vec<String> = record.headers.iter().flat_map(|(name, value)| [name.clone(), text(value)]).collect();
    let line = json!({
        "topic": topic, "partition": record.partition, "offset": record.offset, "tstype": "create",
        "ts": record.timestamp, "broker": 1, "headers": headers, "key": record.key.as_deref().map(text),
    });
    let Value::Object(mut line) = line else { unreachable!("an object was written") };
    match record.payload.as_deref().map(|bytes| (std::str::from_utf8(bytes), bytes)) {
        None => line.insert("payload".to_owned(), Value::Null),
        Some((Ok(text), _)) => line.insert("payload".to_owned(), text.into()),
        Some((Err(_), bytes)) => line.insert("payload_b64".to_owned(), base64(bytes).into()),
    };
    line
}

/// RFC 4648 with padding.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let three = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for digit in 0..4 {
            let known = digit <= chunk.len();
            let index = (bits >> (18 - 6 * digit)) & 63;
            text.push(if known { char::from(DIGITS[index as usize]) } else { '=' });
        }
    }
    text
}

/// A `read_committed` reader of a whole topic, from its start; it leaves partition ends to the caller.
pub fn follow(bootstrap: &str, topic: &str) -> BaseConsumer {
    let consumer = consumer(bootstrap, "read_committed");
    let mut assignment = TopicPartitionList::new();
    for partition in partitions(&consumer, topic) {
        assignment.add_partition_offset(topic, partition, Offset::Beginning).expect("offset");
    }
    consumer.assign(&assignment).expect("assign");
    consumer
}

/// Every committed record of a topic, as they come.
pub fn each(bootstrap: &str, topic: &str, mut take: impl FnMut(&BorrowedMessage<'_>)) {
    let consumer = follow(bootstrap, topic);
    let mut open: BTreeSet<i32> = partitions(&consumer, topic).collect();
    // of silence: a long topic may take longer
    let mut heard = Instant::now();
    let mut trouble = String::new();
    while !open.is_empty() {
        let late = heard.elapsed() >= LIMIT;
        assert!(!late, "{topic} is silent for {LIMIT:?}, partitions {open:?} have no end; last error: {trouble}");
        match consumer.poll(Duration::from_millis(200)) {
            None => {}
            Some(Ok(message)) => {
                heard = Instant::now();
                take(&message);
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            // A broker that has just come back still refuses a connection or two.
            Some(Err(error)) => trouble = error.to_string(),
        }
    }
}

fn consumer(bootstrap: &str, isolation: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "stillwatch-tests-assign-only")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", isolation)
        .set("fetch.message.max.bytes", "33554432")
        .set("fetch.wait.max.ms", "20")
        .create()
        .expect("consumer")
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> std::ops::Range<i32> {
    let count = wait::until(&format!("partitions of {topic}"), LIMIT, String::new, || {
        let all = consumer.fetch_metadata(Some(topic), Duration::from_secs(10)).ok()?;
        Some(all.topics().first()?.partitions().len()).filter(|count| *count > 0)
    });
    0..i32::try_from(count).expect("few partitions")
}

fn seen(message: &BorrowedMessage<'_>) -> Seen {
    let headers = message
        .headers()
        .map(|all| all.iter().map(|h| (h.key.to_owned(), h.value.unwrap_or_default().to_vec())).collect());
    Seen {
        partition: message.partition(),
        offset: message.offset(),
        timestamp: message.timestamp().to_millis().unwrap_or(-1),
        key: message.key().map(<[u8]>::to_vec),
        headers: headers.unwrap_or_default(),
        payload: message.payload().map(<[u8]>::to_vec),
    }
}
