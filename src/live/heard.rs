//! What librdkafka says on the side. It answers wrong credentials with "all brokers down" and tells the
//! reason only to the error callback; this context keeps it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;

/// librdkafka's name for the request that adds a partition to a transaction.
const ADD_PARTITIONS: &str = "ADDPARTS";
/// The first complaints are the telling ones, later ones repeat them.
const KEPT: usize = 64;

/// A context that remembers complaints; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<Said>>);

#[derive(Debug, Default)]
struct Said {
    complaints: Vec<(Option<RDKafkaErrorCode>, String)>,
    transaction: Option<Result<(), String>>,
}

impl Heard {
    /// The reason to show: a refusal first, else the last complaint that is not a summary.
    pub(super) fn reason(&self) -> Option<String> {
        let said = self.lock();
        let refusal = said.complaints.iter().find(|(code, _)| is_refusal(*code));
        let summary = Some(RDKafkaErrorCode::AllBrokersDown);
        let last = said.complaints.iter().rfind(|(code, _)| *code != summary);
        refusal.or(last).map(|(_, reason)| reason.clone())
    }

    /// True when credentials or certificates were refused: trying again is no use.
    pub(super) fn refused(&self) -> bool {
        self.lock().complaints.iter().any(|(code, _)| is_refusal(*code))
    }

    /// What the broker said to adding a partition to a transaction, once it has; needs `debug=eos`.
    pub(super) fn transaction(&self) -> Option<Result<(), String>> {
        self.lock().transaction.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Full: new complaints are dropped.
    fn complain(&self, code: Option<RDKafkaErrorCode>, reason: &str) {
        let mut said = self.lock();
        if said.complaints.len() < KEPT {
            said.complaints.push((code, reason.to_owned()));
        }
    }
}

impl ClientContext for Heard {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, "{message}");
        let bad = matches!(
            level,
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error
        );
        if bad {
            self.complain(None, message);
        }
        if facility == ADD_PARTITIONS && bad {
            // "…: Failed to add partition "t" [0] to transaction: Broker: Topic authorization failed"
            let reason = message.rsplit_once("transaction: ").map_or(message, |(_, reason)| reason);
            self.lock().transaction = Some(Err(reason.to_owned()));
        } else if facility == ADD_PARTITIONS && message.contains("registered with transaction") {
            self.lock().transaction.get_or_insert(Ok(()));
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.complain(error.rdkafka_error_code(), reason);
    }
}

impl ConsumerContext for Heard {}

impl ProducerContext for Heard {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

fn is_refusal(code: Option<RDKafkaErrorCode>) -> bool {
    use RDKafkaErrorCode::{Authentication, SSL, SaslAuthenticationFailed};
    matches!(code, Some(Authentication | SSL | SaslAuthenticationFailed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complain(heard: &Heard, code: RDKafkaErrorCode, reason: &str) {
        heard.error(KafkaError::Global(code), reason);
    }

    #[test]
    fn a_refusal_is_the_reason_whatever_else_is_said() {
        let heard = Heard::default();
        assert_eq!(heard.reason(), None);
        complain(&heard, RDKafkaErrorCode::Authentication, "invalid credentials");
        complain(&heard, RDKafkaErrorCode::BrokerTransportFailure, "disconnected");
        complain(&heard, RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down");
        assert!(heard.refused());
        assert_eq!(heard.reason().as_deref(), Some("invalid credentials"));
    }

    #[test]
    fn without_a_refusal_the_last_complaint_that_is_no_summary_counts() {
        let heard = Heard::default();
        complain(&heard, RDKafkaErrorCode::BrokerTransportFailure, "connection refused");
        complain(&heard, RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down");
        assert!(!heard.refused());
        assert_eq!(heard.reason().as_deref(), Some("connection refused"));
    }

    #[test]
    fn complaints_are_bounded() {
        let heard = Heard::default();
        for _ in 0..10 * KEPT {
            complain(&heard, RDKafkaErrorCode::BrokerTransportFailure, "again");
        }
        assert_eq!(heard.lock().complaints.len(), KEPT);
    }
}
