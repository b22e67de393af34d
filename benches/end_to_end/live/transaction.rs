//! The price of a transaction: the product's `publish` ÷ a bare one of the same content ÷ round trips.

use std::path::Path;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::json;
use stillwatch::live::publish::{Cover, Covers, Message, Outcome, Publisher};

use super::run::config;
use crate::measure::median;
use crate::table::{Bound, Table};

const TURNS: usize = 60;
// the topic of findings is compacted: it takes no record without a key
const KEY: &[u8] = b"bench";
const LIMIT: Duration = Duration::from_secs(30);

/// One message of 1 KB and one offset, by `publish` and by hand, in turns.
pub fn row(bootstrap: &str, input: &str, dir: &Path, table: &mut Table) {
    let file = config(bootstrap, input, dir, "transactions", 0);
    let kafka = stillwatch::config::load(&file).expect("a config").config.kafka;
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", &kafka.group)
        .create()
        .expect("a consumer");
    let group = consumer.group_metadata().expect("a group");
    let mut ours = Publisher::new(&kafka, "bench");
    assert!(ours.init().expect("a producer"), "the broker takes transactions");
    let bare = producer(bootstrap, Some(&format!("{input}-bare")));
    bare.init_transactions(LIMIT).expect("init");
    let plain = producer(bootstrap, None);
    let payload = vec![b'x'; 1024];
    let message = Message {
        topic: kafka.findings.clone(),
        partition: Some(0),
        key: Some(KEY.to_vec()),
        value: Some(payload.clone()),
        headers: Vec::new(),
        time: None,
        note: None,
    };

    let mut raw: Vec<[f64; 3]> = Vec::new();
    for turn in 0..TURNS as i64 {
        let took = Instant::now();
        let outcome =
            ours.publish(&Covers::from([(0, Cover::at(turn))]), std::iter::once(&message), &group).expect("publish");
        assert!(matches!(outcome, Outcome::Committed(_)), "{outcome:?}");
        let publish = took.elapsed().as_secs_f64();

        let took = Instant::now();
        bare.begin_transaction().expect("begin");
        send(&bare, &kafka.findings, &payload);
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(input, 0, Offset::Offset(turn)).expect("an offset");
        bare.send_offsets_to_transaction(&offsets, &group, LIMIT).expect("offsets");
        bare.commit_transaction(LIMIT).expect("commit");
        let by_hand = took.elapsed().as_secs_f64();

        let took = Instant::now();
        send(&plain, &kafka.findings, &payload);
        raw.push([publish, by_hand, took.elapsed().as_secs_f64()]);
    }
    let raw = raw.split_off(TURNS / 6); // the first ones warm up
    let millis = |side: usize| median(raw.iter().map(|times| times[side])) * 1e3;
    table.row(
        "transaction by `publish` ÷ a bare transaction of the same content, wall",
        millis(0) / millis(1),
        Bound::None,
        &format!(
            "{:.1} against {:.1} ms; an acknowledged write alone is one round trip, {:.1} ms",
            millis(0),
            millis(1),
            millis(2)
        ),
        &json!({"sides": ["publish", "bare transaction", "acknowledged write"], "seconds": raw}),
    );
}

fn producer(bootstrap: &str, transactional_id: Option<&str>) -> BaseProducer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("linger.ms", "1")
        .set("compression.type", "lz4");
    if let Some(id) = transactional_id {
        config.set("transactional.id", id);
    }
    config.create().expect("a producer")
}

/// Writes one record and waits for its acknowledgement.
fn send(producer: &BaseProducer, topic: &str, payload: &[u8]) {
    producer
        .send(BaseRecord::<[u8], [u8]>::to(topic).partition(0).key(KEY).payload(payload))
        .expect("room in the queue");
    while producer.in_flight_count() > 0 {
        producer.poll(Duration::from_millis(5));
    }
}
