//! Errors of the consumer, and brokers out of reach.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::super::fatal::{Fatal, hopeless};
use super::Engine;
use crate::clock::Stopwatch;
use crate::http::Cause;

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

    /// Looks at what the callbacks reported, and whether the brokers are still there.
    pub(super) fn trouble(&mut self) -> Result<(), Fatal> {
        let trouble = self.consumer.context().take_trouble();
        if let Some(reason) = trouble.authentication {
            return Err(Fatal::Kafka(format!("wrong credentials for {}: {reason}", self.config.kafka.bootstrap)));
        }
        if trouble.brokers_down {
            let last = trouble.last.unwrap_or_else(|| "all brokers are down".into());
            self.reachable_or_give_up(&last)?;
        } else if self.out_of_reach.is_some() && self.since_probe.elapsed() > Duration::from_secs(1) {
            self.since_probe = Stopwatch::start();
            match self.consumer.fetch_metadata(Some(&self.config.kafka.input), Duration::from_millis(500)) {
                Ok(_) => self.reached(),
                Err(error) => self.reachable_or_give_up(&error.to_string())?,
            }
        }
        Ok(())
    }

    pub(super) fn reached(&mut self) {
        if self.out_of_reach.take().is_some() {
            tracing::info!("brokers within reach again");
        }
        self.report.release(Cause::Broker);
    }

    pub(super) fn reachable_or_give_up(&mut self, last: &str) -> Result<(), Fatal> {
        self.report.tick();
        self.report.hold(Cause::Broker, last);
        let (since, last) = self.out_of_reach.get_or_insert_with(|| {
            tracing::warn!(last, "brokers out of reach");
            (Stopwatch::start(), last.to_owned())
        });
        let patience = self.config.kafka.give_up_after;
        if since.elapsed() > patience {
            return Err(Fatal::OutOfReach {
                bootstrap: self.config.kafka.bootstrap.clone(),
                seconds: patience.as_secs(),
                last: last.clone(),
            });
        }
        Ok(())
    }
}
