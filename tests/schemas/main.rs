//! Foreign schemas: what each form gives, that streams and strings say the same as whole bodies, and that nothing
//! leaves the closed set of rejects.
//!
//! `fixtures/schemas/<schema>.json` is an array of cases: a `record` (or `raw` text), what is known of it beside
//! (`key`, `header`, `broker_ts`, `tenant_from`), and the exchange it `gives`, or its `reject`. Absent is left out.

#![expect(clippy::unwrap_used, reason = "tests")]

mod otlp;
mod parts;
mod shown;

use bumpalo::Bump;
use proptest::prelude::*;
use serde_json::{Value, json};
use stillwatch::record::schema::{self, Format, Schema};
use stillwatch::record::{Limits, Reject, native};

use shown::{cases, read, with_record};

const FORMATS: [(Schema, Format); 3] = [
    (Schema::OpenaiChat, Format::OpenaiChat),
    (Schema::AnthropicMessages, Format::AnthropicMessages),
    (Schema::Litellm, Format::Litellm),
];

#[test]
fn every_form_gives_its_exchange() {
    let mut wrong = Vec::new();
    for (schema, format) in FORMATS {
        for (case, text) in cases(schema) {
            let expected = if case["gives"].is_object() { &case["gives"] } else { &case["reject"] };
            let (_, found) = read(&text, &case, format);
            if found != *expected {
                wrong.push(format!("{} {}: {found}", schema.label(), case["name"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What re-keying writes is read as the exchange that it was made of.
#[test]
fn every_exchange_is_the_same_as_a_native_record() {
    let (arena, limits) = (Bump::new(), Limits::default());
    for (schema, format) in FORMATS {
        for (case, text) in cases(schema).into_iter().filter(|(case, _)| case["gives"].is_object()) {
            let mut expected = case["gives"].clone();
            expected.as_object_mut().unwrap().remove("unknown");
            let mut written = Vec::new();
            with_record(&text, &case, format, |record, reading| {
                let decoded = schema::decode(record, reading, &limits, &arena);
                written = native::write::write(&decoded.result.unwrap());
            });
            assert_eq!(read(&written, &Value::Null, Format::Native).1, expected, "{}", case["name"]);
        }
    }
}

#[test]
fn auto_reads_every_form_as_what_it_is() {
    for (schema, format) in FORMATS {
        for (case, text) in cases(schema).into_iter().filter(|(case, _)| case["auto"] != json!(false)) {
            let found = read(&text, &case, Format::Auto);
            assert_eq!(found, (schema, read(&text, &case, format).1), "{}", case["name"]);
        }
    }
    for line in include_str!("../../fixtures/records/odd_but_fine.cases").lines().filter(|line| !line.starts_with('#'))
    {
        let record = line.splitn(3, '\t').nth(2).unwrap().as_bytes();
        let native = read(record, &Value::Null, Format::Native);
        assert_eq!(read(record, &Value::Null, Format::Auto), native, "{line}");
    }
}

#[test]
fn each_schema_has_fixtures_of_each_kind() {
    for (schema, _) in FORMATS {
        let all = cases(schema);
        let gives = |tier: &str| all.iter().any(|(case, _)| case["gives"]["tier"] == *tier);
        assert!(gives("content") && gives("tokens") && gives("metadata"), "{}", schema.label());
        for reason in
            ["not_json", "missing_tenant", "bad_tenant", "missing_ts", "bad_ts", "ts_out_of_range", "bad_type"]
        {
            assert!(all.iter().any(|(case, _)| case["reject"] == *reason), "{}: {reason}", schema.label());
        }
    }
}

#[test]
fn bodies_in_strings_say_the_same() {
    for (schema, format) in FORMATS {
        for (case, text) in cases(schema).into_iter().filter(|(case, _)| case["record"].is_object()) {
            let mut record = case["record"].clone();
            for body in ["request", "response", "standard_logging_object"] {
                let wanted = schema != Schema::Litellm || body == "standard_logging_object";
                if let Some(object) = record.get_mut(body).filter(|body| wanted && body.is_object()) {
                    *object = object.to_string().into();
                }
            }
            let strings = read(&serde_json::to_vec(&record).unwrap(), &case, format);
            assert_eq!(strings, read(&text, &case, format), "{}", case["name"]);
        }
    }
}

#[test]
fn json_in_a_string_counts_as_nested() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let record =
        |depth| json!({"tenant": "a", "ts": 1_784_884_435_102_i64, "request": format!("{{\"x\":{}}}", nested(depth))});
    let read = |depth| read(&serde_json::to_vec(&record(depth)).unwrap(), &Value::Null, Format::OpenaiChat).1;
    assert_eq!(read(126)["tier"], "metadata");
    assert_eq!(read(127), "too_deep");
}

/// Cuts a text into pieces at these places.
fn pieces<'t>(text: &'t str, cuts: &[prop::sample::Index]) -> Vec<&'t str> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    places.retain(|place| text.is_char_boundary(*place));
    places.extend([0, text.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| text.get(pair[0]..pair[1]).unwrap()).collect()
}

fn exchange_of(request: &Value, response: &Value, format: Format) -> Value {
    let record = json!({"tenant": "acme", "ts": 1_784_884_435_102_i64, "request": request, "response": response});
    read(&serde_json::to_vec(&record).unwrap(), &Value::Null, format).1
}

fn text_and_cuts() -> impl Strategy<Value = (String, Vec<prop::sample::Index>)> {
    (any::<String>(), prop::collection::vec(any::<prop::sample::Index>(), 0..6))
}

proptest! {
    #[test]
    fn a_stream_of_chunks_says_what_the_whole_says((one, cuts) in text_and_cuts(), (two, more) in text_and_cuts()) {
        let usage = json!({"prompt_tokens": 9, "completion_tokens": 8, "prompt_tokens_details": {"cached_tokens": 4}});
        let choice = |index: u32, text: &str| json!({"index": index, "message": {"content": text}, "finish_reason": "stop"});
        let whole = json!({"id": "c", "model": "m", "choices": [choice(0, &one), choice(1, &two)], "usage": usage});
        let chunk = |choices: Value| json!({"id": "c", "model": "m", "object": "chat.completion.chunk", "choices": choices, "usage": null});
        let mut chunks = Vec::new();
        // both answers in turn, as they arrive
        let (one, two) = (pieces(&one, &cuts), pieces(&two, &more));
        for turn in 0..one.len().max(two.len()) {
            for (index, texts) in [(0, &one), (1, &two)] {
                if let Some(text) = texts.get(turn) {
                    chunks.push(chunk(json!([{"index": index, "delta": {"content": text}, "finish_reason": null}])));
                }
            }
        }
        chunks.push(chunk(json!([{"index": 0, "delta": {}, "finish_reason": "stop"}])));
        chunks.push(json!({"id": "c", "choices": [], "usage": usage}));
        let request = json!({"messages": [{"role": "user", "content": "p"}]});
        let format = Format::OpenaiChat;
        prop_assert_eq!(exchange_of(&request, &Value::Array(chunks), format), exchange_of(&request, &whole, format));
    }

    #[test]
    fn a_stream_of_events_says_what_the_whole_says((thought, cuts) in text_and_cuts(), (text, more) in text_and_cuts()) {
        let whole = json!({"id": "m", "type": "message", "model": "claude-x", "stop_reason": "end_turn",
            "content": [{"type": "thinking", "thinking": thought, "signature": "s"}, {"type": "text", "text": text}],
            "usage": {"input_tokens": 5, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2, "output_tokens": 70}});
        let mut events = vec![json!({"type": "message_start", "message": {"id": "m", "type": "message", "model": "claude-x",
            "content": [], "stop_reason": null,
            "usage": {"input_tokens": 5, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2, "output_tokens": 1}}})];
        events.push(json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}));
        for piece in pieces(&thought, &cuts) {
            events.push(json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": piece}}));
        }
        events.push(json!({"type": "content_block_stop", "index": 0}));
        events.push(json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}));
        for piece in pieces(&text, &more) {
            events.push(json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": piece}}));
        }
        events.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 70}}));
        events.push(json!({"type": "message_stop"}));
        let request = json!({"model": "claude-x", "max_tokens": 100, "messages": [{"role": "user", "content": "p"}]});
        let format = Format::AnthropicMessages;
        prop_assert_eq!(exchange_of(&request, &Value::Array(events), format), exchange_of(&request, &whole, format));
    }
}

/// Any record with a part removed, doubled, or replaced.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<Vec<u8>> = FORMATS.iter().flat_map(|(schema, _)| cases(*schema)).map(|(_, text)| text).collect();
    let pieces =
        ["null", "7", "[]", "{}", "\"\"", "\"{\"", "1e999", "\\ud800", "{\"type\":", "[[", "\u{feff}", "\"ts\":0,"];
    let at = any::<prop::sample::Index>;
    let edit = (at(), 0..30_usize, prop::sample::select(pieces.to_vec()), 0..3_u8);
    (prop::sample::select(all), prop::collection::vec(edit, 0..4)).prop_map(|(mut text, edits)| {
        for (at, length, piece, kind) in edits {
            let from = at.index(text.len() + 1);
            let to = (from + length).min(text.len());
            let old = text.get(from..to).unwrap_or_default().to_vec();
            let new = match kind {
                0 => Vec::new(),
                1 => [old.clone(), old].concat(),
                _ => piece.as_bytes().to_vec(),
            };
            text.splice(from..to, new);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn whatever_is_written_is_an_exchange_or_one_known_reject(text in damaged()) {
        let beside = json!({"tenant_from": "field:metadata.user_api_key_alias, header:h, key", "key": "k", "broker_ts": 1_784_884_435_102_i64});
        for format in [Format::Auto, Format::OpenaiChat, Format::AnthropicMessages, Format::Litellm] {
            let first = read(&text, &beside, format);
            if let Value::String(reason) = &first.1 {
                prop_assert!(Reject::ALL.iter().any(|known| known.label() == reason));
                let foreign = format != Format::Auto;
                prop_assert!(!foreign || (reason != "missing_tenant" && reason != "bad_version"), "the key is one: {reason}");
            }
            prop_assert_eq!(&first, &read(&text, &beside, format));
            if format == Format::Auto {
                let named = FORMATS.iter().find(|(schema, _)| *schema == first.0).map_or(Format::Native, |(_, format)| *format);
                prop_assert_eq!(first.1, read(&text, &beside, named).1);
            }
        }
    }
}

/// The same exchanges in the native schema and in others give the same findings, byte for byte.
#[test]
fn a_replay_of_any_schema_gives_the_bytes_of_the_native_one() {
    let folder = tempfile::tempdir().unwrap();
    let model = "fixtures/models/eager.json";
    let replay = |name: &str, lines: &[Value], format: &str| {
        let path = |end: &str| folder.path().join(format!("{name}.{end}"));
        let text: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(path("jsonl"), text.concat()).unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_stillwatch"))
            .args(["replay", "--json", "--model", model, "--format", format, "--findings"])
            .arg(path("findings"))
            .arg(path("jsonl"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&summary["read"], &summary["accepted"]), (&json!(lines.len()), &json!(lines.len())), "{name}");
        std::fs::read_to_string(path("findings")).unwrap()
    };
    let (mut native, mut chat, mut messages, mut litellm) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for i in 0..200_i64 {
        let (seconds, tenant, account) = (1_780_000_000 + i * 60, format!("t{}", i % 3), format!("key_{}", i % 2));
        let (system, prompt) = ("Think step by step.", format!("Explain problem {i} with all of your reasoning"));
        let (answer, thought) = (format!("answer {i}"), format!("first I see that {i} is a number"));
        let said = json!([{"role": "user", "content": prompt}]);
        let led = json!([{"role": "system", "content": system}, {"role": "user", "content": prompt}]);
        let params = json!({"temperature": 0.5, "max_tokens": 100});
        let openai = json!({"id": format!("r{i}"), "created": seconds, "model": "m", "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": answer, "reasoning_content": thought}}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 30}});
        native.push(
            json!({"id": format!("r{i}"), "ts": seconds * 1000, "tenant": tenant, "account": account, "model": "m",
            "messages": led, "response": answer, "reasoning": thought, "params": params, "status": 200,
            "usage": {"input_tokens": 20, "output_tokens": 30}, "finish": "stop"}),
        );
        let asked = json!({"model": "m", "messages": led, "temperature": 0.5, "max_tokens": 100});
        chat.push(json!({"tenant": tenant, "account": account, "status": 200, "request": asked, "response": openai}));
        // the system prompt of a request's own field is no message of the conversation
        let asked = json!({"model": "m", "system": system, "messages": said, "temperature": 0.5, "max_tokens": 100});
        let answered = json!({"id": format!("r{i}"), "type": "message", "model": "m", "stop_reason": "stop",
            "content": [{"type": "thinking", "thinking": thought}, {"type": "text", "text": answer}],
            "usage": {"input_tokens": 15, "cache_read_input_tokens": 5, "output_tokens": 30}});
        messages.push(json!({"tenant": tenant, "account": account, "status": 200, "ts": seconds * 1000,
            "request": asked, "response": answered}));
        litellm.push(
            json!({"id": format!("r{i}"), "startTime": seconds, "model": "m", "messages": led, "response": openai,
            "status": "success", "metadata": {"user_api_key_org_id": tenant, "user_api_key_hash": account},
            "model_parameters": params}),
        );
    }
    let findings = replay("native", &native, "native");
    assert!(findings.lines().count() > 3, "{findings}");
    for format in ["openai_chat", "auto"] {
        assert_eq!(replay("chat", &chat, format), findings);
    }
    for format in ["litellm", "auto"] {
        assert_eq!(replay("litellm", &litellm, format), findings);
    }
    // Anthropic tells what came from the cache, so its own native form has that, too, and one message less
    let native: Vec<Value> = (native.iter().zip(&messages))
        .map(|(native, pair)| {
            let mut native = native.clone();
            native["usage"]["cached_tokens"] = json!(5);
            native["system"] = pair["request"]["system"].clone();
            native["messages"] = pair["request"]["messages"].clone();
            native
        })
        .collect();
    let findings = replay("native cached", &native, "native");
    for format in ["anthropic_messages", "auto"] {
        assert_eq!(replay("messages", &messages, format), findings);
    }
}
