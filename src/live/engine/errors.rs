//! Errors of the consumer.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::super::fatal::{Fatal, hopeless};
use super::Engine;

impl Engine {
    pub(super) fn consumer_error(&mut self, error: &KafkaError) -> Result<(), Fatal> {
        let input = self.config.kafka.input.clone();
        let code = error.rdkafka_error_code();
        if code == Some(RDKafkaErrorCode::FencedInstanceId) {
            return Err(Fatal::Fenced(self.config.kafka.instance_id.clone().unwrap_or_default()));
        }
        if let Some(fatal) = hopeless(error, &format!("topic `{input}`, group `{}`:", self.config.kafka.group)) {
            return Err(fatal);
        }
        if code == Some(RDKafkaErrorCode::AutoOffsetReset) {
            let gone: Vec<i32> = self.gone_from_log();
            for partition in gone {
                let why = format!(
                    "`{input}` partition {partition} no longer holds the next offset to read: the log was cut while we read it; `stillwatch run --accept-gap` goes on without the missing records"
                );
                self.stop_partition(partition, why);
            }
            return Ok(());
        }
        if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
            return Err(Fatal::Kafka(format!("consumer: {error}")));
        }
        tracing::debug!(%error, "consumer");
        Ok(())
    }

    /// Partitions whose next record the log no longer holds.
    fn gone_from_log(&self) -> Vec<i32> {
        let input = &self.config.kafka.input;
        let reading = self.owned.iter().filter(|(_, o)| o.fold.is_some());
        reading
            .filter(|&(&partition, owned)| {
                self.consumer
                    .fetch_watermarks(input, partition, Duration::from_secs(5))
                    .is_ok_and(|(low, high)| owned.next() < low || owned.next() > high)
            })
            .map(|(&partition, _)| partition)
            .collect()
    }
}
