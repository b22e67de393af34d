//! The memory limit: a partition that is too small for its tenants evicts, counts it, stays within its budget, and
//! answers for the tenants that stay as if it had all the room in the world.

#![expect(clippy::expect_used, reason = "a test fails where it stands")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stillwatch::config::Config;
use stillwatch::finding::render::render;
use stillwatch::model::Model;
use stillwatch::pipeline::{Arenas, Core, Partition, fold_batch, trace_batch};
use stillwatch::simulate::{self, Spec};
use stillwatch::source::Record;
use stillwatch::units::{Millis, Position};

const BEGIN: i64 = 1_780_000_000_000;
/// Too little: all would take 27 MB.
const MEMORY: u64 = 8 << 20;
/// Tenants that are seen once, between the others.
const STRANGERS: usize = 12_000;

fn core(memory: u64) -> Core {
    let mut config = Config::public();
    config.fold.memory_per_partition = memory;
    // a model that finds much and early
    let model = Model::load("fixtures/models/eager.json".as_ref()).expect("the eager model loads");
    Core::new(&config, Arc::new(model), 1)
}

/// Tenant and payload: 40 simulated customers, four strangers after each of their records.
fn log() -> Vec<(String, Vec<u8>)> {
    let attacks = "default".parse().expect("a known spec");
    let spec = Spec { tenants: 40, days: 2.0, attacks, seed: 3, start: Millis(BEGIN) };
    let mut log = Vec::new();
    for record in simulate::simulate(&spec).take(STRANGERS / 4) {
        let ts = record.ts.0;
        log.push((record.tenant, record.line.into_bytes()));
        for _ in 0..4 {
            let name = format!("stranger-{}", log.len());
            let line = format!(r#"{{"tenant":"{name}","ts":{ts},"prompt":"hello there","response":"hello"}}"#);
            log.push((name, line.into_bytes()));
        }
    }
    log
}

/// What a fold of the log came to.
struct Run {
    /// Finding events, rendered, by tenant.
    findings: BTreeMap<String, Vec<String>>,
    /// Customers who were in memory from their first record to the end.
    stayed: BTreeSet<String>,
    /// Times that a tenant was put into memory.
    entered: u64,
    evicted: u64,
    held: u64,
    most_bytes: u64,
}

/// Folds record by record: what is in memory is looked at after each.
fn run(memory: u64, log: &[(String, Vec<u8>)]) -> Run {
    let core = core(memory);
    let mut partition = Partition::new(0, 0);
    let mut arenas = Arenas::default();
    let (mut findings, mut entered, mut most_bytes) = (BTreeMap::<String, Vec<String>>::new(), 0, 0);
    let (mut seen, mut left) = (BTreeSet::new(), BTreeSet::new());
    for (offset, (tenant, payload)) in (0..).zip(log) {
        let hash = core.tenant_hash(tenant);
        entered += u64::from(partition.tenant(hash).is_none());
        let at = Position { partition: 0, offset };
        let record = Record { at, broker_ts: None, header: None, key: None, payload: Some(payload) };
        let traced = trace_batch(&core, &[record], &mut arenas);
        for output in fold_batch(&core, &mut [&mut partition], &[record], &traced) {
            for event in output.events {
                let context = partition.render_context(&core, event.at.offset);
                let line = String::from_utf8(render(&event, &context).payload).expect("JSON is UTF-8");
                findings.entry(event.tenant.to_string()).or_default().push(line);
            }
        }
        most_bytes = partition.size().1.max(most_bytes);
        if !tenant.starts_with("stranger-") {
            seen.insert(tenant.clone());
        }
        let is_gone = |tenant: &&String| partition.tenant(core.tenant_hash(tenant)).is_none();
        left.extend(seen.iter().filter(is_gone).cloned());
    }
    let stayed = seen.difference(&left).cloned().collect();
    let (evicted, forgotten) = partition.departures();
    assert_eq!(forgotten, 0, "two days are no silence");
    Run { findings, stayed, entered, evicted, held: partition.size().0 as u64, most_bytes }
}

#[test]
fn who_stays_is_judged_as_if_there_were_room() {
    let log = log();
    let (roomy, tight) = (run(1 << 30, &log), run(MEMORY, &log));
    assert_eq!(roomy.evicted, 0);
    assert!(2 * MEMORY < roomy.most_bytes, "{} bytes are no strain", roomy.most_bytes);

    assert!(tight.most_bytes <= MEMORY, "{} bytes in a budget of {MEMORY}", tight.most_bytes);
    assert_eq!(tight.evicted, tight.entered - tight.held, "every eviction is counted");
    let told = |run: &Run| run.findings.values().flatten().filter(|line| line.contains("evicted")).count();
    assert!(told(&roomy) == 0 && told(&tight) > 0, "a finding of an evicted tenant closes with that reason");

    let mut compared = 0;
    for tenant in &tight.stayed {
        assert_eq!(tight.findings.get(tenant), roomy.findings.get(tenant), "{tenant} stayed");
        compared += tight.findings.get(tenant).map_or(0, Vec::len);
    }
    assert!(compared > 0 && tight.stayed.len() < roomy.stayed.len(), "some stay and have findings, some leave");
}
