//! `CloudEvents` 1.0 in Kafka's binary mode: the attributes as record headers, the finding as the value.
//! A consumer that ignores headers loses nothing but routing: all of this is in the finding too.
//!
//! `ce_source` and `ce_id` together are unique per event; `ce_id` is unique already.

use super::{Activity, Event};
use crate::record::time::format_rfc3339;

/// The headers of an event's record, in this order. `id` is the same as `metadata.uid`.
pub(crate) fn headers(event: &Event, topic: &str, id: &str) -> Vec<(String, String)> {
    let pairs = [
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", id.to_owned()),
        ("ce_source", source(topic, event.at.partition)),
        ("ce_type", event_type(event.activity).to_owned()),
        ("ce_subject", event.tenant.to_string()),
        ("ce_time", format_rfc3339(event.time)),
        ("content-type", "application/json".to_owned()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn event_type(activity: Activity) -> &'static str {
    match activity {
        Activity::Create => "stillwatch.finding.created",
        Activity::Update => "stillwatch.finding.updated",
        Activity::Close(_) => "stillwatch.finding.closed",
    }
}

/// A URI reference: the input partition, which instances share and replay knows, never the host.
fn source(topic: &str, partition: u32) -> String {
    let mut uri = String::from("/stillwatch/");
    for byte in topic.bytes() {
        // Kafka's topic names need no escapes; a name given to a file's records may
        if byte.is_ascii_alphanumeric() || b"._-~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push('%');
            uri.extend(format!("{byte:02X}").chars());
        }
    }
    uri.push('/');
    uri.push_str(&partition.to_string());
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_a_uri_reference_whatever_the_topic_is_called() {
        assert_eq!(source("llm.exchanges", 3), "/stillwatch/llm.exchanges/3");
        assert_eq!(source("a b/é", 0), "/stillwatch/a%20b%2F%C3%A9/0");
    }
}
