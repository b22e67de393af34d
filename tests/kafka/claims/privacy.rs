//! No text is kept: a mark in every text field of every record is found nowhere but in the input.

use serde_json::{Value, json};

use crate::fill::{Entry, fill};
use crate::instance::Setup;
use crate::outputs::{caught_up, committed};
use crate::read;
use crate::runner::World;
use crate::topics::Names;
use crate::traffic::Traffic;

const MARK: &str = "Qzxmark7";

pub fn no_text_is_kept(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("privacy");
    names.create(bootstrap, 2);
    let mut setup = Setup::new(bootstrap, &names, 2);
    setup.set("log.filter", "debug");
    let records = Traffic::new(17, 2).take(8_000).enumerate().map(|(n, entry)| marked(n, entry));
    fill(bootstrap, &names.input, records);

    let mut instance = setup.start("discreet");
    instance.ready();
    caught_up(bootstrap, &setup, &[&instance]);
    let outputs = committed(bootstrap, &setup);
    assert!(!outputs.findings.is_empty() && !outputs.dead_letters.is_empty(), "something to search in");
    let mut texts = vec![
        ("metrics", instance.get("/metrics")),
        ("config", instance.get("/config")),
        ("readyz", instance.get("/readyz")),
    ];
    instance.process.terminate();
    instance.exits(0);
    texts.push(("log", instance.process.printed()));
    for (what, text) in &texts {
        assert!(!text.contains(MARK), "the mark is in {what}");
    }
    assert!(texts[0].1.contains("stillwatch_records_total"));
    for topic in [&names.findings, &names.dead_letters, &names.state, &names.control] {
        for record in read::committed(bootstrap, topic) {
            let headers = record.headers.iter().flat_map(|(name, value)| [name.as_bytes(), value]);
            let parts = [&record.key, &record.payload].into_iter().filter_map(Option::as_deref).chain(headers);
            let found = parts.into_iter().any(|bytes| memchr::memmem::find(bytes, MARK.as_bytes()).is_some());
            assert!(!found, "the mark is in {topic} at {}/{}", record.partition, record.offset);
        }
    }
    assert!(!read::committed(bootstrap, &names.state).is_empty(), "state was written");
    names.delete(bootstrap);
}

/// Puts the mark into every text field; tenant and account are ids, and may be told.
fn marked(n: usize, entry: Entry) -> Entry {
    let Some(payload) = &entry.payload else {
        return entry;
    };
    let Ok(Value::Object(mut record)) = serde_json::from_slice(payload) else {
        let text = [payload, MARK.as_bytes()].concat();
        return Entry { payload: Some(text), ..entry };
    };
    for field in ["system", "prompt", "response", "reasoning", "id", "user", "session", "provider", "model"] {
        let old = record.get(field).and_then(Value::as_str).unwrap_or_default();
        record.insert(field.to_owned(), format!("{old} {MARK}").into());
    }
    for message in record.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
        let old = message["content"].as_str().unwrap_or_default();
        message["content"] = format!("{old} {MARK}").into();
    }
    record.insert("tools".to_owned(), json!([format!("tool_{MARK}")]));
    record.insert("finish".to_owned(), MARK.into());
    record.insert("refusal".to_owned(), MARK.into());
    record.insert(format!("unknown_{MARK}"), MARK.into());
    record.insert("client".to_owned(), json!({"user_agent": MARK, "tls": MARK, "payment": MARK, "ip": MARK}));
    if n.is_multiple_of(100) {
        // Rejected for a wrong type, with text in it.
        record.insert("prompt".to_owned(), json!([MARK]));
    }
    if n % 100 == 1 {
        record.insert("tenant".to_owned(), format!("{MARK}\u{7}").into());
    }
    Entry { payload: Some(Value::Object(record).to_string().into_bytes()), ..entry }
}
