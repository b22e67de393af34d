//! Whether the brokers are within reach, and when patience with them ends.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};

use super::client::Context;
use super::fatal::Fatal;
use super::report::Report;
use crate::clock::Stopwatch;
use crate::config::KafkaConfig;
use crate::http::Cause;

/// What is known of the brokers.
pub(super) struct Reach {
    bootstrap: String,
    topic: String,
    patience: Duration,
    report: Report,
    /// Set while they are out of reach: since when, and the last error.
    lost: Option<(Stopwatch, String)>,
    since_probe: Stopwatch,
}

impl Reach {
    pub(super) fn new(kafka: &KafkaConfig, report: Report) -> Reach {
        let (bootstrap, topic) = (kafka.bootstrap.clone(), kafka.input.clone());
        Reach { bootstrap, topic, patience: kafka.give_up_after, report, lost: None, since_probe: Stopwatch::start() }
    }

    /// They answered.
    pub(super) fn found(&mut self) {
        if self.lost.take().is_some() {
            tracing::info!("brokers within reach again");
        }
        self.report.release(Cause::Broker);
    }

    /// Whether a producer could be had: if not, the brokers did not answer.
    pub(super) fn producer(&mut self, is_ready: bool) -> Result<bool, Fatal> {
        if is_ready {
            self.report.release(Cause::Producer);
        } else {
            self.lost("init_transactions timed out")?;
        }
        Ok(is_ready)
    }

    /// They did not; an error once patience has ended.
    pub(super) fn lost(&mut self, last: &str) -> Result<(), Fatal> {
        self.report.tick();
        self.report.hold(Cause::Broker, last);
        let (since, last) = self.lost.get_or_insert_with(|| {
            tracing::warn!(last, "brokers out of reach");
            (Stopwatch::start(), last.to_owned())
        });
        if since.elapsed() <= self.patience {
            return Ok(());
        }
        let (bootstrap, seconds, last) = (self.bootstrap.clone(), self.patience.as_secs(), last.clone());
        Err(Fatal::OutOfReach { bootstrap, seconds, last })
    }

    /// Looks at what the callbacks reported, and asks again where they are lost.
    pub(super) fn look(&mut self, consumer: &BaseConsumer<Context>) -> Result<(), Fatal> {
        let trouble = consumer.context().take_trouble();
        if let Some(reason) = trouble.authentication {
            return Err(Fatal::Kafka(format!("wrong credentials for {}: {reason}", self.bootstrap)));
        }
        if trouble.brokers_down {
            return self.lost(&trouble.last.unwrap_or_else(|| "all brokers are down".into()));
        }
        if self.lost.is_some() && self.since_probe.elapsed() > Duration::from_secs(1) {
            self.since_probe = Stopwatch::start();
            match consumer.fetch_metadata(Some(&self.topic), Duration::from_millis(500)) {
                Ok(_) => self.found(),
                Err(error) => self.lost(&error.to_string())?,
            }
        }
        Ok(())
    }
}
