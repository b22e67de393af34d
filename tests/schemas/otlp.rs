//! OpenTelemetry: every form gives its exchanges, JSON and protobuf the same.
//!
//! `protobuf` of the cases was written by opentelemetry-proto's own Python classes from `record`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bumpalo::Bump;
use proptest::prelude::*;
use serde_json::{Value, json};
use stillwatch::record::schema::split::{RouteFormat, split};
use stillwatch::record::schema::{Format, Schema, otlp};
use stillwatch::record::{Limits, Reject, native};

use super::shown::{cases, read, shown, with_record};

/// What each exchange of a record gives.
pub(crate) fn gives(payload: &[u8], beside: &Value) -> Value {
    with_record(payload, beside, Format::Native, |record, reading| {
        let arena = Bump::new();
        let split = otlp::split(record, reading, &Limits::default(), &arena);
        split.iter().map(|result| result.as_ref().map_or_else(|reason| json!(reason.label()), shown)).collect()
    })
}

pub(crate) fn protobuf(case: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(case["protobuf"].as_str()?).ok().filter(|bytes| !bytes.is_empty())
}

#[test]
fn every_form_of_telemetry_gives_its_exchanges() {
    let mut wrong = Vec::new();
    for (case, text) in cases(Schema::Otlp) {
        let found = gives(&text, &case);
        if found != case["gives"] {
            wrong.push(format!("otlp {}: {found}", case["name"]));
        }
        if let Some(bytes) = protobuf(&case) {
            assert_eq!(gives(&bytes, &case), found, "protobuf of {}", case["name"]);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn telemetry_has_fixtures_of_each_kind() {
    let all: Vec<Value> =
        cases(Schema::Otlp).into_iter().flat_map(|(case, _)| case["gives"].as_array().unwrap().clone()).collect();
    for tier in ["content", "tokens", "metadata"] {
        assert!(all.iter().any(|given| given["tier"] == *tier), "{tier}");
    }
    for reason in ["empty", "not_json", "missing_tenant", "bad_tenant", "missing_ts", "ts_out_of_range"] {
        assert!(all.contains(&json!(reason)), "{reason}");
    }
}

#[test]
fn what_is_routed_is_the_exchange_as_a_native_record() {
    for (case, text) in cases(Schema::Otlp) {
        let payload = protobuf(&case).unwrap_or(text);
        let parts = with_record(&payload, &case, Format::Native, |record, reading| {
            split(record, RouteFormat::Otlp, reading, &Limits::default(), &Bump::new())
        });
        let given = case["gives"].as_array().unwrap();
        assert_eq!(parts.parts.len(), given.len(), "{}", case["name"]);
        for (part, given) in parts.parts.iter().zip(given) {
            match part {
                Err(reason) => assert_eq!(*given, reason.label()),
                Ok(part) => {
                    assert_eq!(part.tenant, given["tenant"].as_str().unwrap().as_bytes());
                    assert_eq!(read(&part.record, &Value::Null, Format::Native).1, *given, "{}", case["name"]);
                }
            }
        }
    }
}

#[test]
fn a_native_record_is_routed_as_it_is() {
    let record = br#"{"ts":1784884435102,"tenant":"acme","prompt":"x","novel":[1e0]}"#;
    let parts = with_record(record, &Value::Null, Format::Auto, |record, reading| {
        split(record, RouteFormat::Auto, reading, &Limits::default(), &Bump::new())
    });
    assert_eq!(parts.schema, Schema::Native);
    let part = parts.parts[0].as_ref().unwrap();
    assert_eq!((part.tenant.as_slice(), part.record.as_slice()), (&b"acme"[..], &record[..]));
}

#[test]
fn deep_telemetry_neither_overflows_nor_hides_the_rest() {
    let deep = |levels: usize| {
        let mut value = json!({"stringValue": "x"});
        for _ in 0..levels {
            value = json!({"arrayValue": {"values": [value]}});
        }
        let attributes = json!([{"key": "tenant.id", "value": {"stringValue": "acme"}},
            {"key": "gen_ai.request.model", "value": {"stringValue": "m"}}, {"key": "deep", "value": value}]);
        json!({"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "1784884435102000000", "attributes": attributes}]}]}]})
    };
    let beside = json!({"tenant_from": "field:tenant.id"});
    assert_eq!(gives(&serde_json::to_vec(&deep(20)).unwrap(), &beside)[0]["model"], "m");
    assert_eq!(gives(&serde_json::to_vec(&deep(50)).unwrap(), &beside), json!(["too_deep"]));
    // an array within an array …: one byte of type and a length each
    let mut value = vec![0x0a, 1, b'x'];
    for _ in 0..20_000 {
        let mut inner = vec![0x0a];
        length(value.len(), &mut inner);
        inner.append(&mut value);
        value = vec![0x2a];
        length(inner.len(), &mut value);
        value.append(&mut inner);
    }
    let nest = |number: u8, inner: &[u8]| {
        let mut out = vec![number << 3 | 2];
        length(inner.len(), &mut out);
        out.extend_from_slice(inner);
        out
    };
    let pair = [nest(1, b"deep"), nest(2, &value)].concat();
    let text = |key: &[u8], value: &[u8]| nest(9, &[nest(1, key), nest(2, &nest(1, value))].concat());
    let span = [text(b"tenant.id", b"acme"), text(b"gen_ai.request.model", b"m"), nest(9, &pair)].concat();
    let bytes = nest(1, &nest(2, &nest(2, &span)));
    let beside = json!({"tenant_from": "field:tenant.id", "broker_ts": 1_784_884_435_102_i64});
    assert_eq!(gives(&bytes, &beside)[0]["model"], "m");
}

fn length(mut length: usize, out: &mut Vec<u8>) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

pub(crate) fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let cases = cases(Schema::Otlp);
    let all: Vec<Vec<u8>> =
        cases.iter().flat_map(|(case, text)| [Some(text.clone()), protobuf(case)]).flatten().collect();
    let edit = (any::<prop::sample::Index>(), 0..20_usize, prop::collection::vec(any::<u8>(), 0..6));
    (prop::sample::select(all), prop::collection::vec(edit, 0..4)).prop_map(|(mut bytes, edits)| {
        for (at, length, new) in edits {
            let from = at.index(bytes.len() + 1);
            let to = (from + length).min(bytes.len());
            bytes.splice(from..to, new);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn damaged_telemetry_gives_exchanges_or_known_rejects(bytes in damaged()) {
        let beside = json!({"tenant_from": "field:tenant.id, key", "key": "k", "broker_ts": 1_784_884_435_102_i64});
        let first = gives(&bytes, &beside);
        for reason in first.as_array().unwrap().iter().filter_map(Value::as_str) {
            prop_assert!(Reject::ALL.iter().any(|known| known.label() == reason));
        }
        prop_assert_eq!(&first, &gives(&bytes, &beside));
        let written: Vec<Vec<u8>> = with_record(&bytes, &beside, Format::Native, |record, reading| {
            let arena = Bump::new();
            let split = otlp::split(record, reading, &Limits::default(), &arena);
            split.iter().flatten().map(native::write::write).collect()
        });
        let exchanges = first.as_array().unwrap().iter().filter(|given| given.is_object());
        for (written, given) in written.iter().zip(exchanges) {
            prop_assert_eq!(&read(written, &Value::Null, Format::Native).1, given);
        }
    }
}
