//! librdkafka's options: which pass through, which are ours and why, and which hold secrets.

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

/// Options that would break exactly-once, ordering or restore if someone else set them, with the reason.
const OWNED: [(&str, &str); 34] = [
    ("bootstrap.servers", "set `kafka.bootstrap`"),
    ("metadata.broker.list", "set `kafka.bootstrap`"),
    ("group.id", "set `kafka.group`"),
    ("group.instance.id", "set `kafka.instance_id`"),
    ("transactional.id", "it is made of `kafka.group` and the instance, so that a restart fences its predecessor"),
    ("transaction.timeout.ms", "set `kafka.transaction_timeout`"),
    ("session.timeout.ms", "set `kafka.session_timeout`"),
    ("group.protocol.type", "members of the group are consumers"),
    ("enable.auto.commit", OFFSETS),
    ("auto.commit.enable", OFFSETS),
    ("auto.commit.interval.ms", OFFSETS),
    ("enable.auto.offset.store", OFFSETS),
    ("offset.store.method", OFFSETS),
    ("auto.offset.reset", "a gap must stop, never skip; `kafka.start` says where a new group begins"),
    ("isolation.level", "only committed records may be folded"),
    ("partition.assignment.strategy", "restore beside live partitions needs cooperative-sticky"),
    ("partitioner", PLACEMENT),
    ("partitioner_cb", PLACEMENT),
    ("msg_order_cmp", PLACEMENT),
    ("enable.idempotence", DELIVERY),
    ("enable.gapless.guarantee", DELIVERY),
    ("acks", DELIVERY),
    ("request.required.acks", DELIVERY),
    ("max.in.flight", DELIVERY),
    ("max.in.flight.requests.per.connection", DELIVERY),
    ("retries", DELIVERY),
    ("message.send.max.retries", DELIVERY),
    ("delivery.timeout.ms", "transactions bound it: set `kafka.transaction_timeout`"),
    ("message.timeout.ms", "transactions bound it: set `kafka.transaction_timeout`"),
    ("delivery.report.only.error", DELIVERY),
    ("statistics.interval.ms", "the lag metric needs it as it is"),
    ("enable.partition.eof", "restore needs it as it is"),
    ("allow.auto.create.topics", "topics are made by `stillwatch topics create` with the settings they need"),
    ("max.poll.interval.ms", "the poll thread's own limits keep it"),
];
const OFFSETS: &str = "offsets are committed in the transaction of their findings";
const PLACEMENT: &str = "keys must land where Java producers put them";
const DELIVERY: &str = "exactly-once delivery fixes it";

/// Options that people set; for the hint on a misspelt one.
const USUAL: [&str; 34] = [
    "security.protocol",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.username",
    "sasl.password",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.key.location",
    "ssl.key.pem",
    "ssl.key.password",
    "ssl.endpoint.identification.algorithm",
    "ssl.cipher.suites",
    "enable.ssl.certificate.verification",
    "client.id",
    "client.rack",
    "compression.type",
    "compression.level",
    "linger.ms",
    "message.max.bytes",
    "fetch.max.bytes",
    "fetch.min.bytes",
    "fetch.wait.max.ms",
    "queued.max.messages.kbytes",
    "socket.keepalive.enable",
    "broker.address.family",
    "debug",
];

/// Why this option is refused, if it is ours.
pub fn owned(name: &str) -> Option<&'static str> {
    OWNED.iter().find(|(owned, _)| *owned == name).map(|(_, why)| *why)
}

/// True for names whose value must never be shown.
pub fn is_secret(name: &str) -> bool {
    const MARKS: [&str; 8] =
        ["password", "secret", "token", "key.pem", "keystore.pem", "private.key", "oauthbearer.config", "jaas"];
    // an address of a token is not the token
    name.rsplit('.').next() != Some("url") && MARKS.iter().any(|mark| name.contains(mark))
}

/// Asks librdkafka itself about one option; the error never quotes a secret.
pub(super) fn valid(name: &str, value: &str) -> Result<(), String> {
    let mut config = ClientConfig::new();
    config.set(name, value);
    match config.create_native_config() {
        Ok(_) => Ok(()),
        Err(KafkaError::ClientConfig(code, why, _, _)) => {
            if format!("{code:?}").contains("UNKNOWN") {
                return Err(format!("is not an option of librdkafka; did you mean `{}`?", nearest(name)));
            }
            if is_secret(name) {
                Err("is refused by librdkafka".to_owned())
            } else {
                Err(format!("is refused by librdkafka: {why}"))
            }
        }
        Err(other) => Err(format!("is refused by librdkafka: {other}")),
    }
}

fn nearest(name: &str) -> &'static str {
    let closeness = |known: &str| strsim::jaro_winkler(name, known);
    USUAL.into_iter().max_by(|a, b| closeness(a).total_cmp(&closeness(b))).unwrap_or("security.protocol")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_we_suggest_exist_and_are_not_ours() {
        for name in USUAL {
            assert!(owned(name).is_none(), "{name}");
            let why = valid(name, "?").err().unwrap_or_default();
            assert!(!why.contains("is not an option"), "{name}: {why}");
        }
    }

    #[test]
    fn a_misspelt_option_is_named_with_the_nearest() {
        let why = valid("sasl.pasword", "x").err().unwrap_or_default();
        assert!(why.contains("did you mean `sasl.password`"), "{why}");
    }

    #[test]
    fn secrets_are_known_by_name() {
        for name in ["sasl.password", "ssl.key.pem", "ssl.key.password", "sasl.oauthbearer.config"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["sasl.username", "ssl.ca.location", "ssl.key.location", "sasl.oauthbearer.token.endpoint.url"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
