//! Errors that end the process: each has one clear line and an exit code.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Why the live driver cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// Kafka refused something for good. Exit code 4.
    #[error("kafka: {0}")]
    Kafka(String),
    /// Another process runs with the same instance id. Exit code 4.
    #[error("kafka: instance id `{0}` is fenced: another process runs with it")]
    Fenced(String),
    /// The brokers were out of reach for too long. Exit code 4.
    #[error("kafka: no broker of {bootstrap} within reach for {seconds} s (kafka.give_up_after); last error: {last}")]
    OutOfReach {
        /// Where we looked.
        bootstrap: String,
        /// The patience.
        seconds: u64,
        /// What librdkafka said last.
        last: String,
    },
    /// The program contradicts itself. Exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Fatal {
    /// By `contracts.md`: 4 for Kafka, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            Fatal::Failed(_) => 1,
            _ => 4,
        }
    }
}

/// Errors that no patience mends, named. `None`: try again.
pub fn hopeless(error: &KafkaError, what: &str) -> Option<Fatal> {
    use RDKafkaErrorCode as Code;
    let code = error.rdkafka_error_code()?;
    let advice = match code {
        Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition => {
            "does not exist; `stillwatch topics create` makes what the program needs"
        }
        Code::TopicAuthorizationFailed => {
            "is not allowed for this user: it needs rights on the topic (see deploy/README.md)"
        }
        Code::GroupAuthorizationFailed => "is not allowed for this user: it needs READ on the consumer group",
        Code::TransactionalIdAuthorizationFailed => {
            "is not allowed for this user: it needs WRITE on the transactional id"
        }
        Code::ClusterAuthorizationFailed => "is not allowed for this user: it needs IDEMPOTENT_WRITE on the cluster",
        Code::Authentication | Code::SaslAuthenticationFailed => "refused: wrong credentials (kafka.options sasl.*)",
        Code::FencedInstanceId => return Some(Fatal::Fenced(what.to_owned())),
        _ => return None,
    };
    Some(Fatal::Kafka(format!("{what} {advice} ({code})")))
}
