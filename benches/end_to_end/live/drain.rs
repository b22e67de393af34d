//! The bare drain: one consumer with the product's fetch settings that counts bytes.

use std::hint::black_box;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Message, Offset, TopicPartitionList};

use crate::corpus::PARTITIONS;
use crate::measure::{Cost, cost};

/// Reads `records` records from the topic's start.
pub fn drain(bootstrap: &str, topic: &str, records: usize) -> Cost {
    cost(|| {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", "bench-bare")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("fetch.queue.backoff.ms", "20")
            .set("queued.max.messages.kbytes", "65536")
            .set("fetch.message.max.bytes", "4194304")
            .create()
            .expect("a consumer");
        let mut all = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            all.add_partition_offset(topic, partition as i32, Offset::Beginning).expect("an offset");
        }
        consumer.assign(&all).expect("assign");
        let (mut seen, mut bytes) = (0, 0);
        while seen < records {
            let message = consumer.poll(Duration::from_secs(30)).expect("the topic holds them all").expect("a record");
            bytes += message.payload().map_or(0, <[u8]>::len);
            seen += 1;
        }
        black_box(bytes)
    })
    .0
}
