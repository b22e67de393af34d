//! After a kill the state of all tenants comes back from Kafka, and findings go on as if nothing had been.
//!
//! Short: 5,000 tenants. `STILLWATCH_RESTORE=long`: 200,000.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::fill::fill;
use crate::instance::Setup;
use crate::outputs::{assert_same, caught_up, committed, expected};
use crate::read;
use crate::runner::World;
use crate::topics::Names;
use crate::traffic::Traffic;

pub fn tenants_come_back(world: &World) {
    let long = std::env::var("STILLWATCH_RESTORE").is_ok_and(|v| v == "long");
    let tenants = if long { 200_000 } else { 5_000 };
    let bootstrap = world.bootstrap();
    let names = Names::unique("restore");
    names.create(bootstrap, 4);
    let setup = Setup::new(bootstrap, &names, 4);
    let mut traffic = Traffic::new(11, 4).with_tenants(tenants);
    let first = tenants as usize * 5 / 2;
    fill(bootstrap, &names.input, traffic.by_ref().take(first));

    let mut instance = setup.start("first");
    instance.ready();
    caught_up(bootstrap, &setup, &[&instance]);
    // Checkpoints ride on commits: a trickle of records lets every shard have its turn.
    for _ in 0..25 {
        fill(bootstrap, &names.input, traffic.by_ref().take(20));
        std::thread::sleep(Duration::from_millis(200));
    }
    caught_up(bootstrap, &setup, &[&instance]);
    instance.process.kill();
    read::settle(bootstrap, &names.state);
    let state = read::committed(bootstrap, &names.state);
    let bytes: usize = state.iter().map(|r| r.payload.as_ref().map_or(0, Vec::len)).sum();

    let keys: BTreeSet<_> = state.iter().filter(|r| r.payload.is_some()).map(|r| &r.key).collect();
    assert!(keys.len() >= tenants as usize, "{} of {tenants} tenants are in the state topic", keys.len());

    let begin = Instant::now();
    let mut instance = setup.start("second");
    instance.ready();
    println!(
        "    {tenants} tenants: ready {:.1} s after the start; state topic {} records, {:.1} MB",
        begin.elapsed().as_secs_f32(),
        state.len(),
        bytes as f32 / 1e6
    );
    for line in instance.process.printed().lines().filter(|line| line.contains("restored")) {
        println!("    {line}");
    }
    fill(bootstrap, &names.input, traffic.by_ref().take(first / 2));
    caught_up(bootstrap, &setup, &[&instance]);
    let (expected, summary) = expected(bootstrap, &setup);
    println!("    replay: {summary}");
    assert!(summary["tenants"].as_u64() >= Some(u64::from(tenants)), "{summary}");
    assert_same(&committed(bootstrap, &setup), &expected);
    instance.stop();
    names.delete(bootstrap);
}
