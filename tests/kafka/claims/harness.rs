//! The harness itself does what the other tests take from it.

use std::process::Command;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::broker::Broker;
use crate::fill::{Entry, fill, fill_and_abort};
use crate::process::{Process, get};
use crate::runner::World;
use crate::topics::{self, Names, Topic};
use crate::{port, read, wait};

const SHORT: Duration = Duration::from_secs(10);

pub fn processes(_: &World) {
    let dir = tempfile::tempdir().unwrap();
    let shell = |name: &str, script: &str| {
        let mut command = Command::new("bash");
        command.args(["-c", script]);
        Process::start(command, name, dir.path())
    };
    let state = |process: &Process, wanted: char| {
        let file = format!("/proc/{}/stat", process.printed().lines().next().unwrap_or_default());
        wait::until(
            "a process state",
            SHORT,
            || process.tail(),
            || {
                let stat = std::fs::read_to_string(&file).ok()?;
                stat.rsplit_once(") ")?.1.starts_with(wanted).then_some(())
            },
        );
    };

    let mut polite = shell("polite", "trap 'exit 7' TERM; echo $$; while :; do sleep 0.05; done");
    wait::until("its first line", SHORT, || polite.tail(), || (!polite.printed().is_empty()).then_some(()));
    polite.freeze();
    state(&polite, 'T');
    polite.thaw();
    polite.terminate();
    assert_eq!(polite.end(SHORT).code(), Some(7));

    let mut doomed = shell("doomed", "sleep 60");
    assert!(doomed.alive());
    doomed.kill();
    assert!(!doomed.alive());
    assert_eq!(doomed.end(SHORT).code(), None);

    assert_eq!(get(port::free(1), "/readyz"), None);
}

pub fn written_is_read(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("written");
    names.create(bootstrap, 3);
    let large = vec![b'x'; 8 * 1024 * 1024 + 1];
    let entries = [
        Entry::new(2, "a", "{\"n\":1}"),
        Entry::new(2, "a", "line\nbreak \"quoted\" \u{e9}"),
        Entry::tombstone(0, "b"),
        Entry::new(1, "c", vec![0xff, 0xfe, 0x00]),
        Entry { partition: 1, key: None, payload: Some(large.clone()) },
    ];
    assert_eq!(fill(bootstrap, &names.input, entries.clone()), 5);

    let seen = read::committed(bootstrap, &names.input);
    let back = |r: &read::Seen| Entry { partition: r.partition, key: r.key.clone(), payload: r.payload.clone() };
    let expected = [2, 3, 4, 0, 1].map(|i: usize| entries[i].clone());
    assert!(seen.iter().map(back).eq(expected), "read back in order");
    assert_eq!(read::span(bootstrap, &names.input), 5);

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("dump.jsonl");
    assert_eq!(read::dump(bootstrap, &names.input, &file), 5);
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let at = |partition: i64, offset: i64| {
        lines.iter().find(|l| l["partition"] == partition && l["offset"] == offset).unwrap()
    };
    assert_eq!(at(2, 1)["payload"], "line\nbreak \"quoted\" \u{e9}");
    assert_eq!(at(2, 1)["key"], "a");
    assert!(at(0, 0)["payload"].is_null());
    assert_eq!(at(1, 0)["payload_b64"], "//4A");
    assert!(at(1, 1)["key"].is_null());
    assert_eq!(["", "f", "fo", "foo"].map(|s| read::base64(s.as_bytes())), ["", "Zg==", "Zm8=", "Zm9v"]);
    names.delete(bootstrap);
}

pub fn aborted_stay_unseen(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("aborted");
    names.create(bootstrap, 1);
    fill(bootstrap, &names.findings, [Entry::new(0, "a", "kept 1")]);
    fill_and_abort(bootstrap, &names.findings, [Entry::new(0, "a", "taken back")]);
    fill(bootstrap, &names.findings, [Entry::new(0, "b", "kept 2")]);
    read::settle(bootstrap, &names.findings);

    let ours: Vec<(i64, Option<Vec<u8>>)> =
        read::committed(bootstrap, &names.findings).into_iter().map(|r| (r.offset, r.payload)).collect();
    // Offset 1 is the aborted record, 2 the mark of the abort.
    assert_eq!(ours, [(0, Some(b"kept 1".to_vec())), (3, Some(b"kept 2".to_vec()))]);

    if let Some(witness) = world.witness() {
        let theirs = [("a", "kept 1"), ("b", "kept 2")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(witness.console(&names.findings), theirs);
        let id = format!("aborting-{}", names.findings);
        assert_eq!(witness.transactions(&id), [(id, "CompleteAbort".to_owned())]);

        let consumer: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", bootstrap).set("group.id", &names.group).create().unwrap();
        let mut offsets = rdkafka::TopicPartitionList::new();
        offsets.add_partition_offset(&names.findings, 0, rdkafka::Offset::Offset(3)).unwrap();
        consumer.commit(&offsets, rdkafka::consumer::CommitMode::Sync).unwrap();
        let rows = witness.group(&names.group);
        assert_eq!(rows, [crate::witness::Committed { partition: 0, offset: 3, end: 4 }]);
    }
    names.delete(bootstrap);
}

pub fn broker_comes_back(_: &World) {
    let broker = Broker::start();
    let names = Names::unique("back");
    names.create(broker.bootstrap(), 2);
    let update = |n: u64| Entry::new(0, "same key", format!("{n}"));
    fill(broker.bootstrap(), &names.state, (0..100).map(update));

    broker.kill();
    broker.restart();
    assert_eq!(read::committed(broker.bootstrap(), &names.state).len(), 100);

    // The segment is older than segment.ms when the next record comes, so it rolls and is compacted.
    std::thread::sleep(Duration::from_millis(1_100));
    fill(broker.bootstrap(), &names.state, [update(100)]);
    wait::until(
        "the cleaner",
        Duration::from_secs(30),
        || broker.tail(),
        || broker.cleaned(&names.state).contains(&(0, 100)).then_some(()),
    );
    let left = read::committed(broker.bootstrap(), &names.state);
    assert_eq!(left.iter().map(|r| r.offset).collect::<Vec<_>>(), [99, 100]);

    broker.freeze();
    broker.thaw();
    broker.stop();
    broker.restart();
    assert_eq!(read::committed(broker.bootstrap(), &names.state).len(), 2);
}

pub fn stranger_is_refused(_: &World) {
    let broker = Broker::start_secure();
    topics::create(broker.bootstrap(), &[Topic::new("t", 1)]);
    let reach = |password: &str| {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", broker.secure_bootstrap())
            .set("security.protocol", "SASL_SSL")
            .set("sasl.mechanism", "SCRAM-SHA-256")
            .set("sasl.username", "admin")
            .set("sasl.password", password)
            .set("ssl.ca.location", broker.authority().to_str().unwrap())
            .create()
            .unwrap();
        consumer.fetch_metadata(Some("t"), Duration::from_secs(5)).is_ok()
    };
    assert!(reach("admin-secret"));
    assert!(!reach("wrong"));
}
