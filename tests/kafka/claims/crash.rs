//! `kill -9` at any instant loses nothing and repeats nothing for a `read_committed` reader.
//!
//! Short: 20,000 records, 6 kills. `STILLWATCH_CRASH=long`: 100,000 records, 24 kills.
//! `STILLWATCH_CRASH_SEED=n` chooses other instants.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::broker::Broker;
use crate::fill::fill;
use crate::instance::{Instance, Setup};
use crate::outputs::{assert_same, caught_up, committed, expected};
use crate::runner::World;
use crate::topics::Names;
use crate::traffic::Traffic;
use crate::witness::Witness;
use crate::{read, wait};

const PARTITIONS: i32 = 6;

pub fn nothing_lost_nothing_twice(_: &World) {
    let long = std::env::var("STILLWATCH_CRASH").is_ok_and(|v| v == "long");
    let (records, kills) = if long { (100_000, 24) } else { (20_000, 6) };
    let seed = std::env::var("STILLWATCH_CRASH_SEED").ok().and_then(|v| v.parse().ok()).unwrap_or(7);
    println!("    {records} records, {kills} kills, seed {seed}");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);

    let broker = Broker::start();
    let bootstrap = broker.bootstrap();
    let names = Names::unique("crash");
    names.create(bootstrap, PARTITIONS);
    let setup = Setup::new(bootstrap, &names, PARTITIONS);
    let mut traffic = Traffic::new(seed, PARTITIONS);

    // One static member and one dynamic one all along; a third comes and goes.
    let mut steady = setup.start_static("steady");
    let mut fluid = setup.start("fluid");
    let mut guest: Option<Instance> = None;
    steady.ready();
    fluid.ready();
    for round in 0..kills {
        fill(bootstrap, &names.input, traffic.by_ref().take(records / kills));
        std::thread::sleep(Duration::from_millis(random.gen_range(20..2_000)));
        if random.gen_bool(0.5) {
            steady.process.kill();
            steady = setup.start_static("steady");
        } else {
            fluid.process.kill();
            fluid = setup.start("fluid");
        }
        match (round % 3, guest.take()) {
            (0, None) => guest = Some(setup.start("guest")),
            (1, there) => guest = there,
            (_, Some(there)) => there.stop(),
            (_, None) => {}
        }
        if round == kills / 2 {
            broker.kill();
            std::thread::sleep(Duration::from_millis(random.gen_range(0..2_000)));
            broker.restart();
        }
    }
    fill(bootstrap, &names.input, traffic.by_ref().take(records % kills));
    let mut all = vec![&steady, &fluid];
    all.extend(guest.as_ref());
    caught_up(bootstrap, &setup, &all);

    let (expected, summary) = expected(bootstrap, &setup);
    println!("    replay: {summary}");
    assert!(!expected.findings.is_empty() && !expected.dead_letters.is_empty(), "{summary}");
    assert_same(&committed(bootstrap, &setup), &expected);
    let mut theirs: Vec<String> =
        Witness::new(bootstrap).console(&names.findings).into_iter().map(|(_, v)| v).collect();
    let mut ours = expected.findings;
    theirs.sort();
    ours.sort();
    assert!(theirs == ours, "the console consumer sees {} findings, replay {}", theirs.len(), ours.len());

    // All of that happened beside the cleaner of the state topic.
    wait::until(
        "the cleaner of the state topic",
        Duration::from_secs(60),
        || broker.tail(),
        || broker.cleaned(&names.state).iter().any(|(_, offset)| *offset > 0).then_some(()),
    );
    let left = read::committed(bootstrap, &names.state).len() as i64;
    let written = read::span(bootstrap, &names.state);
    println!("    state topic: {written} offsets written, {left} records left after compaction");
    assert!(left < written);
    steady.stop();
    fluid.stop();
}
