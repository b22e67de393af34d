//! `run` against Kafka and `replay` of the same records: the same findings, byte for byte.

use crate::fill::{fill, fill_and_abort};
use crate::instance::Setup;
use crate::outputs::{assert_same, caught_up, committed, expected};
use crate::runner::World;
use crate::topics::Names;
use crate::traffic::Traffic;

pub fn live_equals_replay(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("identity");
    names.create(bootstrap, 4);
    let setup = Setup::new(bootstrap, &names, 4);
    let mut traffic = Traffic::new(1, 4);
    fill(bootstrap, &names.input, traffic.by_ref().take(10_000));

    let mut instance = setup.start("only");
    instance.ready();
    // A transaction that was taken back leaves a gap in the offsets, and nothing else.
    fill_and_abort(bootstrap, &names.input, traffic.by_ref().take(100));
    fill(bootstrap, &names.input, traffic.by_ref().take(10_000));
    caught_up(bootstrap, &setup, &[&instance]);

    let (expected, summary) = expected(bootstrap, &setup);
    println!("    replay: {summary}");
    assert!(!expected.findings.is_empty(), "this traffic holds harvesters: {summary}");
    assert_same(&committed(bootstrap, &setup), &expected);
    instance.stop();

    // Events of one finding arrive in their order: revisions rise along each key.
    let mut last = std::collections::BTreeMap::new();
    for record in crate::read::committed(bootstrap, &names.findings) {
        let id = record.headers.iter().find(|(name, _)| name == "ce_id").map(|(_, value)| value.clone());
        let id = String::from_utf8(id.expect("ce_id")).unwrap();
        let revision: u64 = id.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
        let before = last.insert(record.key.clone().expect("a key"), revision);
        assert!(before.is_none_or(|before| before < revision), "{id} after revision {before:?}");
    }

    if let Some(witness) = world.witness() {
        let mut theirs: Vec<String> = witness.console(&names.findings).into_iter().map(|(_, value)| value).collect();
        let mut ours = expected.findings;
        theirs.sort();
        ours.sort();
        assert!(theirs == ours, "the console consumer sees {} findings, replay {}", theirs.len(), ours.len());
        let behind = witness.group(&names.group).into_iter().find(|row| row.offset > row.end);
        assert_eq!(behind, None);
    }
    names.delete(bootstrap);
}
