//! What must hold between keys.

use super::Config;
use super::checker::Checker;
use super::quantity::{duration_text, size_text};

/// Complains about keys that are fine alone and wrong together.
pub(super) fn between(config: &Config, checker: &mut Checker<'_>) {
    let session = config.kafka.session_timeout;
    let transaction = config.kafka.transaction_timeout;
    let below_session = [
        (
            "live.drain_limit",
            config.live.drain_limit,
            "else the group takes the partitions away in the middle of a stop",
        ),
        ("kafka.transaction_timeout", transaction, "else the next owner waits for a dead instance's transaction"),
    ];
    for (key, value, why) in below_session {
        if session <= value {
            let (value, session) = (duration_text(value), duration_text(session));
            checker.problem(key, format!("({value}) must be below `kafka.session_timeout` ({session}), {why}"));
        }
    }
    if transaction < config.live.publish_every * 2 {
        let (every, transaction) = (duration_text(config.live.publish_every), duration_text(transaction));
        let message = format!("({every}) must be at most half of `kafka.transaction_timeout` ({transaction})");
        checker.problem("live.publish_every", message);
    }
    if config.live.publish_every < config.live.finding_every {
        checker.problem("live.finding_every", "must be at most `live.publish_every`");
    }
    if config.fold.forget_after_ms < config.fold.close_after_ms {
        checker
            .problem("fold.forget_after", "must be at least `fold.close_after`, else tenants leave with open findings");
    }
    let record = config.fold.max_record_bytes;
    if config.live.batch_bytes < record {
        let record = size_text(record as u64);
        checker.problem("live.batch_bytes", format!("must be at least `fold.max_record` ({record})"));
    }
    if let (Some(address), None) = (config.http.listen, &config.http.token)
        && !address.ip().is_loopback()
    {
        let message = format!("is {address}, beyond loopback: set `http.token_file`, or listen on 127.0.0.1");
        checker.problem("http.listen", message);
    }
}
