//! `simulate --out kafka://…` writes the log that it would write to a file.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use stillwatch::record::time::parse_rfc3339;
use stillwatch::source::placement::partition;

use crate::instance::stillwatch;
use crate::read;
use crate::runner::World;
use crate::topics::{self, Names, Topic};

const PARTITIONS: u32 = 3;

pub fn topic_holds_the_file(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("simulate");
    topics::create(bootstrap, &[Topic::new(&names.input, PARTITIONS as i32)]);
    let dir = tempfile::tempdir().unwrap();
    let what = "--tenants 60 --days 1 --seed 9 --attacks default";
    simulate(dir.path(), &format!("{what} --out log.jsonl"));
    simulate(dir.path(), &format!("{what} --out kafka://{bootstrap}/{}", names.input));

    let seen = read::committed(bootstrap, &names.input);
    let mut in_topic: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in &seen {
        let key = String::from_utf8(record.key.clone().expect("a key")).unwrap();
        let line = String::from_utf8(record.payload.clone().expect("a payload")).unwrap();
        assert_eq!(
            record.partition as u32,
            partition(key.as_bytes(), PARTITIONS),
            "{key} lies where Java would put it"
        );
        assert_eq!(record.timestamp, time(&line), "the record's own time");
        in_topic.entry(key).or_default().push(line);
    }
    let mut in_file: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines(dir.path()) {
        let record: Value = serde_json::from_str(&line).unwrap();
        in_file.entry(record["tenant"].as_str().unwrap().to_owned()).or_default().push(line);
    }
    println!("    {} records of {} tenants", seen.len(), in_topic.len());
    assert!(in_file.len() >= 40, "{} tenants", in_file.len());
    // by tenant and in order: nothing missing, nothing twice, nothing overtaken
    assert!(in_topic == in_file, "{} records in the topic, {} in the file", seen.len(), lines(dir.path()).len());
    topics::delete(bootstrap, &[&names.input]);
}

pub fn speed_is_kept(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("pace");
    topics::create(bootstrap, &[Topic::new(&names.input, PARTITIONS as i32)]);
    let dir = tempfile::tempdir().unwrap();
    simulate(dir.path(), "--tenants 3 --days 1 --seed 9 --out log.jsonl");
    let lines = lines(dir.path());
    let span = time(&lines[lines.len() - 1]) - time(&lines[0]);

    let begin = Instant::now();
    let what = "--tenants 3 --days 1 --seed 9 --speed x20000";
    simulate(dir.path(), &format!("{what} --out kafka://{bootstrap}/{}", names.input));
    let (took, due) = (begin.elapsed(), Duration::from_millis(span as u64 / 20_000));
    println!("    {} records due over {due:?} took {took:?}", lines.len());
    assert!(due > Duration::from_secs(1), "only {span} ms of traffic");
    assert!(took >= due && took < 10 * due, "{took:?} for what was due over {due:?}");
    assert_eq!(read::span(bootstrap, &names.input), lines.len() as i64);
    topics::delete(bootstrap, &[&names.input]);
}

fn simulate(dir: &Path, arguments: &str) {
    let output = stillwatch().current_dir(dir).arg("simulate").args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "simulate {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

fn lines(dir: &Path) -> Vec<String> {
    std::fs::read_to_string(dir.join("log.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

/// What a record says of its time: milliseconds, or text.
fn time(line: &str) -> i64 {
    let record: Value = serde_json::from_str(line).unwrap();
    let ts = &record["ts"];
    ts.as_i64().or_else(|| parse_rfc3339(ts.as_str()?).map(|time| time.0)).unwrap()
}
