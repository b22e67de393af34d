//! The dangerous instants, which random kills rarely hit: dead there, or frozen there past the session
//! time-out and woken after another instance has taken over. The woken one commits nothing.

use std::time::Duration;

use crate::fill::fill;
use crate::instance::{LIMIT, Setup};
use crate::outputs::{assert_same, caught_up, committed, expected};
use crate::runner::World;
use crate::topics::Names;
use crate::traffic::Traffic;
use crate::{read, wait};

/// Where, and at which passage: the second transaction is the first that follows another.
const POINTS: [&str; 8] = [
    "before_produce:2",
    "after_produce:2",
    "before_offsets:2",
    "after_offsets:2",
    "before_commit:2",
    "after_commit:2",
    "after_assign:1",
    "mid_restore:5",
];

const PARTITIONS: i32 = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Killed,
    FrozenAndWoken,
}

pub fn killed(world: &World) {
    each(world, Fate::Killed);
}

pub fn frozen_and_woken(world: &World) {
    each(world, Fate::FrozenAndWoken);
}

/// Two points at a time: most of it is waiting for time-outs.
fn each(world: &World, fate: Fate) {
    let bootstrap = world.bootstrap();
    for pair in POINTS.chunks(2) {
        std::thread::scope(|scope| {
            let runs: Vec<_> = pair.iter().map(|point| scope.spawn(|| one(bootstrap, point, fate))).collect();
            for (run, point) in runs.into_iter().zip(pair) {
                assert!(run.join().is_ok(), "failed at {point}");
            }
        });
    }
}

fn one(bootstrap: &str, point: &str, fate: Fate) {
    let names = Names::unique("failpoint");
    names.create(bootstrap, PARTITIONS);
    let setup = Setup::new(bootstrap, &names, PARTITIONS);
    let mut traffic = Traffic::new(3, PARTITIONS);
    fill(bootstrap, &names.input, traffic.by_ref().take(2_000));
    if point.starts_with("mid_restore") {
        let mut before = setup.start("before");
        before.ready();
        caught_up(bootstrap, &setup, &[&before]);
        before.stop();
        fill(bootstrap, &names.input, traffic.by_ref().take(500));
    }

    let (mut victim, reached) = setup.start_failing("victim", point);
    // A second transaction needs news after the first.
    wait::until(
        point,
        LIMIT,
        || victim.process.tail(),
        || {
            fill(bootstrap, &names.input, traffic.by_ref().take(20));
            std::thread::sleep(Duration::from_millis(200));
            reached.exists().then_some(())
        },
    );
    match fate {
        Fate::Killed => victim.process.kill(),
        Fate::FrozenAndWoken => victim.process.freeze(),
    }

    let mut heir = setup.start("heir");
    fill(bootstrap, &names.input, traffic.by_ref().take(1_000));
    caught_up(bootstrap, &setup, &[&heir, &victim]);
    heir.ready();
    if fate == Fate::FrozenAndWoken {
        let before = committed(bootstrap, &setup);
        let state = quiet_state(bootstrap, &names.state);
        std::fs::remove_file(&reached).expect("release the failpoint");
        victim.process.thaw();
        std::thread::sleep(Duration::from_secs(4));
        assert_same(&committed(bootstrap, &setup), &before);
        let now = read::committed(bootstrap, &names.state);
        let late = now.iter().find(|record| record.offset >= state[record.partition as usize]);
        let key = late.map(|record| String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned());
        assert_eq!(key, None, "state written by an instance that woke up at {point}\n{}", victim.process.tail());
    }

    fill(bootstrap, &names.input, traffic.by_ref().take(2_000));
    caught_up(bootstrap, &setup, &[&heir, &victim]);
    let (expected, summary) = expected(bootstrap, &setup);
    assert!(!expected.findings.is_empty(), "{point}: {summary}");
    assert_same(&committed(bootstrap, &setup), &expected);
    drop((victim, heir));
    names.delete(bootstrap);
}

/// One past the last committed offset of each state partition, once no checkpoint is due any more.
fn quiet_state(bootstrap: &str, topic: &str) -> Vec<i64> {
    let ends = || {
        read::settle(bootstrap, topic);
        let mut ends = vec![0; PARTITIONS as usize];
        for record in read::committed(bootstrap, topic) {
            ends[record.partition as usize] = record.offset + 1;
        }
        ends
    };
    let mut last = ends();
    wait::until("the last checkpoint", LIMIT, String::new, || {
        // longer than live.checkpoint_interval
        std::thread::sleep(Duration::from_secs(3));
        let now = ends();
        let quiet = now == last;
        last.clone_from(&now);
        quiet.then_some(now)
    })
}
