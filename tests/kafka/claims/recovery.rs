//! What `deploy/README.md` says about restarts and disasters.

use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use crate::fill::fill;
use crate::instance::{Instance, LIMIT, Setup};
use crate::outputs::{assert_same, caught_up, committed, expected};
use crate::runner::World;
use crate::topics::{self, Names};
use crate::traffic::Traffic;
use crate::{read, wait};

const PARTITIONS: i32 = 2;

/// Offsets, control topic and state topic are lost in turn. What stops says what to do; doing it gives the same
/// findings as if nothing had been.
pub fn from_kafka_alone(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("recovery");
    names.create(bootstrap, PARTITIONS);
    let setup = Setup::new(bootstrap, &names, PARTITIONS);
    let mut traffic = Traffic::new(12, PARTITIONS);
    let mut more = |instance: &Instance| {
        fill(bootstrap, &names.input, traffic.by_ref().take(2_000));
        caught_up(bootstrap, &setup, &[instance]);
    };
    let mut instance = setup.start("first");
    instance.ready();
    more(&instance);
    instance.stop();

    topics::forget_group(bootstrap, &names.group);
    let instance = setup.start("without-offsets");
    let advice = stopped(&instance);
    // nobody sets offsets of a group that has members
    instance.stop();
    for (partition, offset) in advice.iter().map(|line| advised(line)) {
        println!("    partition {partition} goes on from {offset}");
        set_offset(bootstrap, &names, partition, offset);
    }
    let mut instance = setup.start("with-offsets");
    instance.ready();
    more(&instance);
    instance.stop();

    topics::delete(bootstrap, &[&names.control]);
    names.create_control(bootstrap, PARTITIONS);
    let mut instance = setup.start("without-control");
    instance.ready();
    more(&instance);
    instance.stop();
    let (all, summary) = expected(bootstrap, &setup);
    println!("    replay: {summary}");
    assert_same(&committed(bootstrap, &setup), &all);

    topics::delete(bootstrap, &[&names.state]);
    names.create_state(bootstrap, PARTITIONS);
    let mut instance = setup.start("without-state");
    for line in stopped(&instance) {
        assert!(line.contains("restore the state topic, or start a new group"), "{line}");
    }
    instance.process.kill();
    let anew = Names { input: names.input.clone(), ..Names::unique("anew") };
    anew.create_outputs(bootstrap, PARTITIONS);
    let second = Setup::new(bootstrap, &anew, PARTITIONS);
    let mut instance = second.start("new-group");
    instance.ready();
    caught_up(bootstrap, &second, &[&instance]);
    assert_same(&committed(bootstrap, &second), &all);
    instance.stop();
    anew.delete(bootstrap);
    topics::delete(bootstrap, &[&names.state, &names.findings, &names.dead_letters, &names.control]);
}

/// Waits until both partitions have stopped: their lines of `/readyz`.
fn stopped(instance: &Instance) -> Vec<String> {
    wait::until(
        "stopped partitions",
        LIMIT,
        || instance.process.tail(),
        || {
            let answer = instance.try_get("/readyz")?;
            let is_reason = |line: &&str| line.starts_with("partition ") && line.contains("topic `");
            let lines: Vec<String> = answer.lines().filter(is_reason).map(str::to_owned).collect();
            (lines.len() == PARTITIONS as usize).then_some(lines)
        },
    )
}

/// `partition 1: topic … set it to 1234 to go on from there`.
fn advised(line: &str) -> (i32, i64) {
    let partition = line.split([' ', ':']).nth(1).unwrap().parse().unwrap();
    let (_, rest) = line.split_once("set it to ").unwrap_or_else(|| panic!("no advice in {line}"));
    (partition, rest.split(' ').next().unwrap().parse().unwrap())
}

fn set_offset(bootstrap: &str, names: &Names, partition: i32, offset: i64) {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", bootstrap).set("group.id", &names.group).create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&names.input, partition, Offset::Offset(offset)).unwrap();
    wait::until("the offset", LIMIT, String::new, || consumer.commit(&list, CommitMode::Sync).ok());
}

/// Two static members, restarted one after the other under load: no partition moves, nothing is lost or repeated.
pub fn rolling_restart(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("rolling");
    names.create(bootstrap, 4);
    let mut setup = Setup::new(bootstrap, &names, 4);
    setup.set("kafka.session_timeout", "30s");
    let mut traffic = Traffic::new(13, 4);
    fill(bootstrap, &names.input, traffic.by_ref().take(1_000));
    let mut instances = vec![setup.start_static("a"), setup.start_static("b")];
    let assigned = |instance: &Instance| value(instance, "stillwatch_partitions_ready");
    wait::until(
        "a share for each",
        LIMIT,
        || instances[0].process.tail(),
        || instances.iter().all(|instance| assigned(instance) == Some(2.0)).then_some(()),
    );
    for round in ["a", "b"] {
        let moves = |instance: &Instance| value(instance, "stillwatch_rebalances_total{kind=\"revoke\"}");
        let before = moves(&instances[1]);
        let restarted = instances.remove(0);
        fill(bootstrap, &names.input, traffic.by_ref().take(1_000));
        let begin = std::time::Instant::now();
        restarted.stop();
        let mut back = setup.start_static(round);
        back.ready();
        println!("    {round} was away for {:.1} s", begin.elapsed().as_secs_f32());
        wait::until(
            "its own partitions",
            LIMIT,
            || back.process.tail(),
            || (assigned(&back) == Some(2.0)).then_some(()),
        );
        instances.push(back);
        assert_eq!(moves(&instances[0]), before, "the other one lost a partition");
        assert_eq!(assigned(&instances[0]), Some(2.0), "the other one got a partition");
    }
    caught_up(bootstrap, &setup, &[&instances[0], &instances[1]]);
    let (all, _) = expected(bootstrap, &setup);
    assert_same(&committed(bootstrap, &setup), &all);
    instances.into_iter().for_each(Instance::stop);
    names.delete(bootstrap);
}

fn value(instance: &Instance, series: &str) -> Option<f64> {
    instance.try_get("/metrics")?.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// The image's files, read-only, as its user: all that `run` does is done over the network.
pub fn read_only_root(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("read-only");
    names.create(bootstrap, PARTITIONS);
    let setup = Setup::new(bootstrap, &names, PARTITIONS);
    fill(bootstrap, &names.input, Traffic::new(14, PARTITIONS).take(2_000));
    let mut instance = setup.start_in_image("nobody");
    instance.ready();
    caught_up(bootstrap, &setup, &[&instance]);
    // a checkpoint or two
    std::thread::sleep(Duration::from_secs(3));
    instance.stop();
    let (all, _) = expected(bootstrap, &setup);
    assert_same(&committed(bootstrap, &setup), &all);
    assert!(!read::committed(bootstrap, &names.state).is_empty());
    names.delete(bootstrap);
}
