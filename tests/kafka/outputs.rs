//! What `replay` says the outputs must be, and what a `read_committed` reader finds in Kafka.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;

use crate::instance::{Instance, LIMIT, Setup, stillwatch};
use crate::{read, wait};

/// Findings and dead letters, byte for byte, in the order in which they are compared.
#[derive(Debug, PartialEq, Eq)]
pub struct Outputs {
    pub findings: Vec<String>,
    pub dead_letters: Vec<String>,
}

impl Outputs {
    fn sorted(mut findings: Vec<String>, mut dead_letters: Vec<String>) -> Outputs {
        findings.sort_by_cached_key(|line| finding_order(line));
        dead_letters.sort_by_cached_key(|line| {
            let letter: Value = serde_json::from_str(line).expect("a dead letter is JSON");
            (letter["partition"].as_i64(), letter["offset"].as_i64())
        });
        Outputs { findings, dead_letters }
    }
}

/// What `replay` makes of the input topic as it is now, and the summary it prints.
pub fn expected(bootstrap: &str, setup: &Setup) -> (Outputs, Value) {
    expected_with(bootstrap, setup, &[])
}

/// The same with further arguments.
pub fn expected_with(bootstrap: &str, setup: &Setup, arguments: &[&OsStr]) -> (Outputs, Value) {
    let file = |name: &str| setup.dir().join(name);
    let (dump, findings, dead_letters) = (file("dump.jsonl"), file("findings.jsonl"), file("dead.jsonl"));
    let lines = read::dump(bootstrap, &setup.names.input, &dump);
    let output = stillwatch()
        .arg("replay")
        .arg(&dump)
        .arg("-c")
        .arg(setup.write("replay"))
        .args(["--topic", &setup.names.input, "--partitions", &setup.partitions.to_string()])
        .arg("--findings")
        .arg(&findings)
        .arg("--dead-letters")
        .arg(&dead_letters)
        .args(arguments)
        .arg("--json")
        .output()
        .expect("replay starts");
    assert!(output.status.success(), "replay: {}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    let summary: Value = serde_json::from_str(stdout.lines().last().expect("a summary")).expect("JSON");
    assert_eq!(summary["read"], lines, "replay reads what was dumped");
    let read = |path| std::fs::read_to_string(path).expect("an output").lines().map(str::to_owned).collect();
    (Outputs::sorted(read(findings), read(dead_letters)), summary)
}

/// What is committed to the output topics, once nothing is open there any more.
pub fn committed(bootstrap: &str, setup: &Setup) -> Outputs {
    let values = |topic: &str| {
        read::settle(bootstrap, topic);
        let value = |record: read::Seen| String::from_utf8(record.payload.expect("no tombstones")).expect("UTF-8");
        read::committed(bootstrap, topic).into_iter().map(value).collect()
    };
    Outputs::sorted(values(&setup.names.findings), values(&setup.names.dead_letters))
}

/// Lines that one side has and the other has not, each as often as it is missing there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    pub lost: Vec<String>,
    pub extra: Vec<String>,
}

impl Difference {
    /// What is in `expected` and not in `actual` is lost, the reverse is extra.
    pub fn between(actual: &[String], expected: &[String]) -> Difference {
        let mut counts = BTreeMap::<&str, i64>::new();
        for line in actual {
            *counts.entry(line).or_default() += 1;
        }
        for line in expected {
            *counts.entry(line).or_default() -= 1;
        }
        let mut difference = Difference::default();
        for (line, count) in counts {
            let side = if count < 0 { &mut difference.lost } else { &mut difference.extra };
            side.extend((0..count.abs()).map(|_| line.to_owned()));
        }
        difference
    }
}

/// Fails unless both are the same bytes, and says how they differ.
pub fn assert_same(actual: &Outputs, expected: &Outputs) {
    for (what, actual, expected) in [
        ("findings", &actual.findings, &expected.findings),
        ("dead letters", &actual.dead_letters, &expected.dead_letters),
    ] {
        if actual == expected {
            continue;
        }
        let Difference { lost, extra } = Difference::between(actual, expected);
        let show = |lines: &[String]| lines.iter().take(3).cloned().collect::<Vec<String>>().join("\n  ");
        panic!(
            "{what}: {} committed, {} expected; {} lost or different:\n  {}\n{} too many or different:\n  {}",
            actual.len(),
            expected.len(),
            lost.len(),
            show(&lost),
            extra.len(),
            show(&extra)
        );
    }
}

/// Waits until the group has committed past every record that is in the input now.
pub fn caught_up(bootstrap: &str, setup: &Setup, instances: &[&Instance]) {
    let mut last = BTreeMap::new();
    for record in read::committed(bootstrap, &setup.names.input) {
        last.insert(record.partition, record.offset + 1);
    }
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", &setup.names.group)
        // read_committed would wait for open transactions, and longer than a poll should take
        .set("isolation.level", "read_uncommitted")
        .create()
        .expect("consumer");
    let mut asked = TopicPartitionList::new();
    for partition in last.keys() {
        asked.add_partition(&setup.names.input, *partition);
    }
    let explain = || instances.iter().map(|i| i.process.tail()).collect::<Vec<_>>().join("\n");
    wait::until("the group to catch up", LIMIT, explain, || {
        let found = consumer.committed_offsets(asked.clone(), Duration::from_secs(5)).ok()?;
        let behind = |(partition, next): (&i32, &i64)| {
            let entry = found.find_partition(&setup.names.input, *partition);
            !matches!(entry.map(|e| e.offset()), Some(Offset::Offset(at)) if at >= *next)
        };
        (!last.iter().any(behind)).then_some(())
    });
}

/// Order of events as the contract compares them: partition, offset, due time, uid, revision.
fn finding_order(line: &str) -> (i64, i64, i64, String, u64) {
    let finding: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    let at = &finding["unmapped"]["stillwatch"]["log_position"];
    let number = |value: &Value| value.as_i64().unwrap_or_else(|| panic!("no number in {line}"));
    let uid = finding["finding_info"]["uid"].as_str().expect("a uid").to_owned();
    // `metadata.uid` is the finding's uid and its revision.
    let id = finding["metadata"]["uid"].as_str().expect("an id");
    let digits = id.trim_start_matches(&uid).trim_start_matches(|c: char| !c.is_ascii_digit());
    let revision = digits.parse().unwrap_or_else(|_| panic!("no revision in {id}"));
    (number(&at["partition"]), number(&at["offset"]), number(&finding["time"]), uid, revision)
}
