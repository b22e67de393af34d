//! Records cut into parts and joined again: one part alone says what its record says, and halves of an exchange say
//! together what one record of them all says, in whatever order they come and however often.

use bumpalo::Bump;
use proptest::prelude::*;
use serde_json::{Value, json};
use stillwatch::record::Limits;
use stillwatch::record::schema::otlp::part::{self, Cut, Part};
use stillwatch::record::schema::{Format, Schema};
use stillwatch::source::Record;
use stillwatch::units::Position;

use super::otlp::{damaged, gives, protobuf};
use super::shown::{cases, shown, with_record};

/// Parts of a record, or what is none of one.
fn cut(payload: &[u8], beside: &Value) -> Vec<Result<Part, Value>> {
    with_record(payload, beside, Format::Native, |record, reading| {
        let piece = |piece| match piece {
            Ok(Cut::Part(part)) => Ok(part),
            Ok(Cut::Exchange(exchange)) => Err(shown(&exchange)),
            Err(reason) => Err(json!(stillwatch::record::Reject::label(reason))),
        };
        part::cut(record, reading, &Limits::default(), &Bump::new()).into_iter().map(piece).collect()
    })
}

/// What parts give together; of what lay beside their records they know nothing.
fn joined(parts: &[&Part], beside: &Value) -> Value {
    with_record(b"", &json!({"tenant_from": beside["tenant_from"]}), Format::Native, |_, reading| {
        let arena = Bump::new();
        let (at, broker_ts, header) = (Position::default(), None, None);
        let mut records = Vec::new();
        for Part { key, record } in parts.iter().copied() {
            assert_eq!(part::check(Some(record), &arena), Ok(()));
            records.push(Record { at, broker_ts, header, key: Some(key), payload: Some(record) });
        }
        part::join(&records, reading, &arena).as_ref().map_or_else(|reason| json!(reason.label()), shown)
    })
}

/// A record cut, and each part read alone.
fn there_and_back(payload: &[u8], beside: &Value) -> Value {
    cut(payload, beside)
        .iter()
        .map(|piece| piece.as_ref().map_or_else(Value::clone, |part| joined(&[part], beside)))
        .collect()
}

#[test]
fn a_part_alone_says_what_its_record_says() {
    let mut parts = 0;
    for (case, text) in cases(Schema::Otlp) {
        assert_eq!(there_and_back(&text, &case), case["gives"], "{}", case["name"]);
        parts += cut(&text, &case).iter().flatten().count();
        if let Some(bytes) = protobuf(&case) {
            assert_eq!(cut(&bytes, &case), cut(&text, &case), "protobuf of {}", case["name"]);
        }
    }
    assert!(parts > 15, "{parts}");
}

const TRACE: &str = "5b8efff798038103d269b633813fc60c";
const BASE: u64 = 1_784_884_435_102_000_000;

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn span(tenant: &str) -> Value {
    let tokens = json!({"key": "gen_ai.usage.output_tokens", "value": {"intValue": "41"}});
    let attributes = [text("gen_ai.operation.name", "chat"), text("net.peer.name", "secret.internal"), tokens];
    let span = json!({"traceId": TRACE, "spanId": "EEE19b7ec3c1b174", "name": "chat", "attributes": attributes,
        "startTimeUnixNano": BASE.to_string(), "endTimeUnixNano": (BASE + 2_000_000_000).to_string()});
    json!({"resourceSpans": [{"resource": {"attributes": [text("tenant.id", tenant), text("host.name", "h")]},
        "scopeSpans": [{"spans": [span]}]}]})
}

fn event(after: u64, name: &str, body: &Value) -> Value {
    let log = json!({"traceId": TRACE, "spanId": "eee19b7ec3c1b174", "eventName": name, "body": body,
        "timeUnixNano": (BASE + after).to_string()});
    json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]})
}

fn said(role: &str, content: &str) -> Value {
    let pair = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    json!({"kvlistValue": {"values": [pair("role", role), pair("content", content)]}})
}

/// A span and its events, each in a record of its own; the first event is not the one that was said first.
fn halves() -> Vec<Value> {
    let answer = json!({"kvlistValue": {"values": [{"key": "message", "value": said("assistant", "Because of the air.")},
        text("finish_reason", "stop")]}});
    vec![
        event(3, "gen_ai.user.message", &said("user", "Why is the sky blue?")),
        span("acme"),
        event(1, "gen_ai.user.message", &said("user", "Hello")),
        event(4, "gen_ai.choice", &answer),
        event(2, "gen_ai.assistant.message", &said("assistant", "Hi")),
    ]
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

fn one_part(record: &Value, beside: &Value) -> Part {
    let mut all = cut(&bytes(record), beside);
    assert_eq!(all.len(), 1);
    all.remove(0).unwrap()
}

#[test]
fn halves_say_together_what_one_record_of_them_says() {
    let beside = json!({"tenant_from": "field:tenant.id"});
    let mut logs = halves();
    let spans = logs.remove(1);
    logs.sort_by_key(|log| log.pointer("/resourceLogs/0/scopeLogs/0/logRecords/0/timeUnixNano").unwrap().to_string());
    let logs: Vec<Value> = logs.into_iter().map(|mut log| log["resourceLogs"][0].take()).collect();
    let whole = gives(&bytes(&json!({"resourceSpans": spans["resourceSpans"], "resourceLogs": logs})), &beside);
    assert_eq!(whole[0]["usage"], json!({"output": 41}));
    assert_eq!((&whole[0]["prompt"], &whole[0]["turns"][0]), (&json!("Why is the sky blue?"), &json!(3)));
    let parts: Vec<Part> = halves().iter().map(|half| one_part(half, &beside)).collect();
    assert!(parts.iter().all(|part| part.key == b"5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174"));
    let mut order: Vec<&Part> = parts.iter().collect();
    for turn in 0..order.len() {
        order.rotate_left(1);
        order.swap(turn, 0);
        assert_eq!(json!([joined(&order, &beside)]), whole);
        // sent twice
        let twice: Vec<&Part> = order.iter().chain(&order).copied().collect();
        assert_eq!(json!([joined(&twice, &beside)]), whole);
    }
}

#[test]
fn a_part_holds_no_more_than_exchanges_are_made_of() {
    let beside = json!({"tenant_from": "field:tenant.id"});
    let part = String::from_utf8(one_part(&span("acme"), &beside).record).unwrap();
    assert!(part.contains("acme") && !part.contains("secret.internal") && !part.contains("host.name"), "{part}");
}

#[test]
fn the_tenant_beside_a_record_goes_along() {
    let (mut events, spans) = (halves(), span("of-the-field"));
    let log = events.swap_remove(0);
    for (from, expected) in [
        ("field:tenant.id, header:x-tenant, key", "of-the-field"),
        ("header:x-tenant, field:tenant.id", "of-the-header"),
        ("field:none, key", "of-the-key"),
        ("key, header:x-tenant", "of-the-key"),
    ] {
        let beside = json!({"tenant_from": from, "header": "of-the-header", "key": "of-the-key"});
        let (span, log) = (one_part(&spans, &beside), one_part(&log, &beside));
        for parts in [[&span, &log], [&log, &span]] {
            assert_eq!(joined(&parts, &beside)["tenant"], expected, "{from}");
        }
    }
    let beside = json!({"tenant_from": "key", "key": ""});
    assert_eq!(joined(&[&one_part(&log, &beside)], &beside), "bad_tenant");
}

#[test]
fn items_without_a_span_are_exchanges_at_once() {
    let beside = json!({"tenant_from": "key", "key": "acme"});
    for id in ["", "0000000000000000"] {
        let mut record = halves().remove(0);
        record["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["spanId"] = id.into();
        let pieces = cut(&bytes(&record), &beside);
        assert!(matches!(&pieces[..], [Err(exchange)] if exchange["prompt"] == "Why is the sky blue?"), "{pieces:?}");
    }
}

#[test]
fn the_records_own_time_stands_in_for_none() {
    let mut record = span("acme");
    let item = record["resourceSpans"][0]["scopeSpans"][0]["spans"][0].as_object_mut().unwrap();
    item.remove("startTimeUnixNano");
    let beside = json!({"tenant_from": "field:tenant.id", "broker_ts": 1_784_884_435_999_i64});
    let part = one_part(&record, &beside);
    let alone = joined(&[&part], &beside);
    assert_eq!((&alone["ts"], &alone["latency_ms"]), (&json!("2026-07-24T09:13:55.999Z"), &Value::Null));
    // a half that knows its time knows better
    let log = one_part(&halves()[0], &beside);
    assert_eq!(joined(&[&part, &log], &beside)["ts"], "2026-07-24T09:13:55.102Z");
}

#[test]
fn what_is_no_part_is_refused() {
    let arena = Bump::new();
    let tool = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes":
        [text("gen_ai.operation.name", "execute_tool")]}]}]}]});
    for (payload, reason) in
        [(None, "empty"), (Some(&b"{"[..]), "not_json"), (Some(b"{}"), "bad_type"), (Some(&bytes(&tool)), "bad_type")]
    {
        assert_eq!(part::check(payload, &arena).unwrap_err().label(), reason);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn damaged_telemetry_gives_the_same_by_way_of_parts(bytes in damaged()) {
        for tenant_from in ["field:tenant.id, key", "header:h, field:tenant.id", "key"] {
            let beside = json!({"tenant_from": tenant_from, "key": "k", "broker_ts": 1_784_884_435_102_i64});
            prop_assert_eq!(there_and_back(&bytes, &beside), gives(&bytes, &beside));
        }
    }

    #[test]
    fn any_numbers_stay_what_they_are(bits in any::<u64>(), whole in any::<i64>(), text in ".*") {
        let value = f64::from_bits(bits);
        let number = if value.is_finite() { json!(value) } else { json!(value.to_string()) };
        let list = json!([{"doubleValue": number}, {"intValue": whole.to_string()}, {"stringValue": text}, {}]);
        let mut record = span("acme");
        let attributes = &mut record["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"];
        for (name, value) in [("gen_ai.input.messages", json!({"arrayValue": {"values": list}})),
            ("gen_ai.request.temperature", json!({"doubleValue": number})), ("gen_ai.request.seed", list[1].clone()),
            ("gen_ai.response.id", list[2].clone()), ("gen_ai.output.messages", list[2].clone())] {
            attributes.as_array_mut().unwrap().push(json!({"key": name, "value": value}));
        }
        let (record, beside) = (bytes(&record), json!({"tenant_from": "field:tenant.id"}));
        prop_assert_eq!(there_and_back(&record, &beside), gives(&record, &beside));
        // parts cut again are the same parts
        let part = cut(&record, &beside).remove(0).unwrap();
        prop_assert_eq!(cut(&part.record, &beside), vec![Ok(part)]);
    }
}
