//! What `deploy/README.md` says about a new program whose feature table or state format is another one.

use std::collections::BTreeSet;

use crate::fill::{Entry, fill};
use crate::instance::{LIMIT, Setup};
use crate::outputs::{Outputs, assert_same, caught_up, committed, expected};
use crate::read;
use crate::runner::World;
use crate::topics::Names;
use crate::traffic::Traffic;
use crate::wait;

const PARTITIONS: i32 = 2;
/// A marker begins with the version of the format; the hash of the feature table follows.
const VERSION: usize = 0;
const FEATURE_TABLE: usize = 1;

/// State of another feature table, and then of another version of the format, stops the partitions and is named. The way
/// out is the documented one, and whoever reads the findings by their text sees those of before again and none else.
pub fn another_feature_table(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("upgrade");
    names.create(bootstrap, PARTITIONS);
    let setup = Setup::new(bootstrap, &names, PARTITIONS);
    let mut traffic = Traffic::new(15, PARTITIONS);
    fill(bootstrap, &names.input, traffic.by_ref().take(2_000));
    let mut instance = setup.start("before");
    instance.ready();
    caught_up(bootstrap, &setup, &[&instance]);
    instance.stop();
    let before = committed(bootstrap, &setup);
    assert!(!before.findings.is_empty());

    for (byte, said) in [(FEATURE_TABLE, "feature table"), (VERSION, "version")] {
        another_program_wrote(bootstrap, &names, byte);
        let mut instance = setup.start(&said.replace(' ', "-"));
        let answer = wait::until(
            "stopped partitions",
            LIMIT,
            || instance.process.tail(),
            || instance.try_get("/readyz").filter(|answer| answer.matches(said).count() == PARTITIONS as usize),
        );
        println!("    {}", answer.lines().find(|line| line.contains(said)).unwrap_or_default());
        instance.process.kill();
    }
    assert_same(&committed(bootstrap, &setup), &before);

    // a new group with new state and control topics, from the earliest record on; findings go where they went
    let new = Names::unique("upgraded");
    new.create_state(bootstrap, PARTITIONS);
    new.create_control(bootstrap, PARTITIONS);
    let upgraded = Names { state: new.state, control: new.control, group: new.group, ..names.clone() };
    let after = Setup::new(bootstrap, &upgraded, PARTITIONS);
    fill(bootstrap, &names.input, traffic.by_ref().take(1_000));
    let mut instance = after.start("after");
    instance.ready();
    caught_up(bootstrap, &after, &[&instance]);
    let (all, summary) = expected(bootstrap, &after);
    println!("    replay: {summary}");
    let found = committed(bootstrap, &after);
    assert_eq!(found.findings.len(), before.findings.len() + all.findings.len());
    assert_same(&once(found), &once(all));
    instance.stop();
    upgraded.delete(bootstrap);
    crate::topics::delete(bootstrap, &[&names.state, &names.control]);
}

/// Writes every marker of the state again, with one bit of a byte turned: as a program would have that was another.
fn another_program_wrote(bootstrap: &str, names: &Names, byte: usize) {
    read::settle(bootstrap, &names.state);
    let markers = read::committed(bootstrap, &names.state).into_iter().filter_map(|record| {
        let (key, mut payload) = (record.key?, record.payload?);
        key.starts_with(b"\0marker/").then(|| payload[byte] ^= 1)?;
        Some(Entry { partition: record.partition, key: Some(key), payload: Some(payload) })
    });
    // the last of a key counts
    assert!(fill(bootstrap, &names.state, markers.collect::<Vec<_>>()) >= 2);
}

/// Each line once.
fn once(outputs: Outputs) -> Outputs {
    let unique = |lines: Vec<String>| lines.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    Outputs { findings: unique(outputs.findings), dead_letters: unique(outputs.dead_letters) }
}
