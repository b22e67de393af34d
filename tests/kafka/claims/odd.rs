//! One record dated 2099 and one too large: neither disturbs anyone else, nor stops the partition.

use serde_json::{Value, json};

use crate::fill::{Entry, fill};
use crate::instance::Setup;
use crate::outputs::{Outputs, assert_same, caught_up, committed, expected};
use crate::runner::World;
use crate::topics::Names;
use crate::traffic::Traffic;

/// 2099-01-01T00:00:00Z.
const FAR: i64 = 4_070_908_800_000;
const TOO_LARGE: usize = 8 * 1024 * 1024 + 1;

pub fn odd_records_disturb_nobody(world: &World) {
    let bootstrap = world.bootstrap();
    // The same log twice; where the second has odd records, the first has plain ones of the same kind.
    let (plain, plain_name) = outputs_of(bootstrap, odd_tenant, b"not json".to_vec());
    let (odd, odd_name) = outputs_of(bootstrap, |_| odd_tenant(FAR), vec![b'x'; TOO_LARGE]);

    let others = |outputs: &Outputs, name: &str| -> Vec<String> {
        let kept = outputs.findings.iter().filter(|line| !line.contains("\"odd-tenant\""));
        kept.map(|line| line.replace(name, "input")).collect()
    };
    let (plain_findings, odd_findings) = (others(&plain, &plain_name), others(&odd, &odd_name));
    assert!(!plain_findings.is_empty());
    assert!(plain_findings == odd_findings, "{} findings and {}", plain_findings.len(), odd_findings.len());

    assert_eq!(plain.dead_letters.len(), odd.dead_letters.len());
    let large = odd.dead_letters.iter().filter(|line| {
        let letter: Value = serde_json::from_str(line).unwrap();
        letter["reason"] == "too_large" && letter["length"] == TOO_LARGE
    });
    assert_eq!(large.count(), 1);
}

fn odd_tenant(ts: i64) -> Vec<u8> {
    json!({"ts": ts, "tenant": "odd-tenant", "prompt": "hello", "response": "hi"}).to_string().into_bytes()
}

fn outputs_of(bootstrap: &str, dated: impl Fn(i64) -> Vec<u8>, bad: Vec<u8>) -> (Outputs, String) {
    let names = Names::unique("odd");
    names.create(bootstrap, 1);
    let setup = Setup::new(bootstrap, &names, 1);
    let mut traffic = Traffic::new(13, 1);
    fill(bootstrap, &names.input, traffic.by_ref().take(3_000));
    let now = traffic.now();
    fill(bootstrap, &names.input, [Entry::new(0, "odd-tenant", dated(now)), Entry::new(0, "odd-tenant", bad)]);
    fill(bootstrap, &names.input, traffic.by_ref().take(9_000));
    let mut instance = setup.start("odd");
    instance.ready();
    caught_up(bootstrap, &setup, &[&instance]);
    let outputs = committed(bootstrap, &setup);
    assert_same(&outputs, &expected(bootstrap, &setup).0);
    instance.stop();
    names.delete(bootstrap);
    (outputs, names.input)
}
