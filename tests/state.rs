//! State that an earlier build wrote is read as it was meant, or refused: never misread.
//!
//! `fixtures/state` holds a log and what the state topic held after its first half. A change of what state looks like
//! that forgets to raise `STATE_VERSION` fails here. `STILLWATCH_BLESS=1 cargo test --test state` writes both anew: only
//! together with a new version, another feature table or another eager model, of which groups must start over anyway.

#![expect(clippy::expect_used, reason = "a test fails where it stands")]

use std::path::Path;
use std::sync::{Arc, Once};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stillwatch::config::Config;
use stillwatch::finding::render::render;
use stillwatch::model::Model;
use stillwatch::pipeline::{Arenas, Core, Partition, fold_batch, trace_batch};
use stillwatch::simulate::{self, Spec};
use stillwatch::source::Record;
use stillwatch::tenant::checkpoint::{Restorer, StateRecord};
use stillwatch::tenant::shard::SHARDS;
use stillwatch::units::{Millis, Position};

const LOG: &str = "fixtures/state/log.jsonl.zst";
const STATE: &str = "fixtures/state/after_half.jsonl.zst";

fn core() -> Core {
    let mut config = Config::public();
    config.kafka.input = "t".into();
    let model = Model::load("fixtures/models/eager.json".as_ref()).expect("the eager model loads");
    Core::new(&config, Arc::new(model), 1)
}

/// Findings of these lines, which are the log from the partition's next offset on.
fn fold(core: &Core, partition: &mut Partition, lines: &[&[u8]]) -> Vec<String> {
    let from = partition.next();
    let records: Vec<Record<'_>> = (from..)
        .zip(lines)
        .map(|(offset, line)| Record {
            at: Position { partition: 0, offset },
            broker_ts: None,
            header: None,
            key: None,
            payload: Some(line),
        })
        .collect();
    let mut arenas = Arenas::default();
    let traced = trace_batch(core, &records, &mut arenas);
    let output = fold_batch(core, &mut [partition], &records, &traced).remove(0);
    let told = |event: &_| String::from_utf8(render(event, &core.render_context()).payload).expect("JSON is UTF-8");
    output.events.iter().map(told).collect()
}

/// All values of the state topic, in the order of their keys.
fn state(core: &Core, partition: &Partition) -> Vec<StateRecord> {
    let mut records: Vec<StateRecord> =
        (0..SHARDS).filter_map(|shard| partition.slice(core, shard)).flat_map(|slice| slice.records).collect();
    records.sort_by(|a, b| a.key.cmp(&b.key));
    records
}

fn restored(core: &Core, topic: &[StateRecord]) -> Partition {
    let mut restorer = Restorer::default();
    for record in topic {
        restorer.take(&record.key, record.value.as_deref(), |name| core.tenant_hash(name)).expect("state reads back");
    }
    let (close, forget) = core.spans();
    let restored = restorer.finish(core.identity(), close, forget).expect("state adds up").expect("there is state");
    Partition::restored(0, restored)
}

fn unpacked(file: &str) -> Vec<u8> {
    static BLESS: Once = Once::new();
    if std::env::var_os("STILLWATCH_BLESS").is_some() {
        BLESS.call_once(bless);
    }
    let packed = std::fs::read(file).expect("the fixture is there: STILLWATCH_BLESS=1 cargo test --test state");
    zstd::decode_all(packed.as_slice()).expect("zstd")
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect()
}

fn read_topic(text: &[u8]) -> Vec<StateRecord> {
    let bytes = |value: &Value| STANDARD.decode(value.as_str().expect("base64")).expect("base64");
    let record = |line: &[u8]| {
        let line: Value = serde_json::from_slice(line).expect("JSON");
        StateRecord { key: bytes(&line["key"]).into(), value: Some(bytes(&line["value"])) }
    };
    lines(text).into_iter().map(record).collect()
}

/// Writes the fixture with this build.
fn bless() {
    let spec = Spec {
        tenants: 24,
        days: 2.0,
        attacks: "default".parse().expect("a known spec"),
        seed: 3,
        start: Millis(1_780_000_000_000),
    };
    let log: String = simulate::simulate(&spec).take(1_000).map(|record| record.line + "\n").collect();
    let core = core();
    let all = lines(log.as_bytes());
    let mut partition = Partition::new(0, 0);
    fold(&core, &mut partition, &all[..all.len() / 2]);
    let line = |record: StateRecord| {
        let value = STANDARD.encode(record.value.expect("nobody has left"));
        format!("{}\n", json!({"key": STANDARD.encode(&record.key), "value": value}))
    };
    let topic: String = state(&core, &partition).into_iter().map(line).collect();
    std::fs::create_dir_all(Path::new(LOG).parent().expect("a folder")).expect("fixtures");
    for (file, text) in [(LOG, log), (STATE, topic)] {
        std::fs::write(file, zstd::encode_all(text.as_bytes(), 19).expect("zstd")).expect("fixtures can be written");
    }
}

#[test]
fn state_of_an_earlier_build_is_read_as_it_was_meant() {
    let (core, log) = (core(), unpacked(LOG));
    let (all, topic) = (lines(&log), read_topic(&unpacked(STATE)));
    let (first, second) = all.split_at(all.len() / 2);
    let mut whole = Partition::new(0, 0);
    fold(&core, &mut whole, first);
    for (ours, theirs) in state(&core, &whole).iter().zip(&topic) {
        let key = String::from_utf8_lossy(&theirs.key);
        assert!(ours == theirs, "the same log gives other state of {key}: raise STATE_VERSION, then bless");
    }
    let mut read = restored(&core, &topic);
    assert_eq!(read.next(), first.len() as i64);
    let findings = fold(&core, &mut whole, second);
    assert!(!findings.is_empty());
    assert_eq!(fold(&core, &mut read, second), findings);
    // who was seen again has the state of one who was never written down
    let (all, again) = (state(&core, &whole), state(&core, &read));
    let tenants: Vec<&StateRecord> = again.iter().filter(|record| record.key[0] != 0).collect();
    assert!(tenants.len() > 5, "{} tenants came back", tenants.len());
    assert!(tenants.iter().all(|record| all.contains(record)));
}

#[test]
fn cut_state_is_refused() {
    let core = core();
    for record in read_topic(&unpacked(STATE)) {
        let value = record.value.expect("a value");
        let cut = [0, 1, value.len() / 2, value.len() - 1];
        for length in cut {
            let mut restorer = Restorer::default();
            let taken = restorer.take(&record.key, Some(&value[..length]), |name| core.tenant_hash(name));
            assert!(taken.is_err(), "{length} of {} bytes", value.len());
        }
    }
}
