//! Same log, same findings, to the byte: any batches, any number of threads, a checkpoint and restore
//! anywhere.

#![expect(clippy::expect_used, clippy::needless_pass_by_value, reason = "a test fails where it stands")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use stillwatch::config::Config;
use stillwatch::feature::WIDTH;
use stillwatch::finding::render::render;
use stillwatch::knowledge::policy::Countries;
use stillwatch::knowledge::{Knowledge, Policy};
use stillwatch::model::Model;
use stillwatch::model::artifact::{CalmBins, STAGES, encode};
use stillwatch::model::drift::Counts as Counted;
use stillwatch::pipeline::{Arenas, Core, Counts, Partition, fold_batch, trace_batch};
use stillwatch::record::dead_letter::DeadLetter;
use stillwatch::side_inputs::{SideInputs, Timeline};
use stillwatch::simulate::{self, Spec};
use stillwatch::source::{Record, placement};
use stillwatch::tenant::checkpoint::{Restorer, StateRecord};
use stillwatch::tenant::shard::SHARDS;
use stillwatch::units::{Millis, Position};
use stillwatch::verdicts::Verdicts;

const PARTITIONS: u32 = 3;
/// The offset from which another model judges.
const CHANGE: i64 = 500;

/// A log: partition and payload of each record, in arrival order.
type Log = Vec<(u32, Option<Vec<u8>>)>;

fn core(memory: u64) -> Core {
    // a model that finds much and early: the more events, the more can differ
    core_of(memory, Model::load("fixtures/models/eager.json".as_ref()).expect("the eager model loads"))
}

fn core_of(memory: u64, model: Model) -> Core {
    let mut config = Config::public();
    config.fold.memory_per_partition = memory;
    config.kafka.input = "t".into();
    Core::new(&config, Arc::new(model), PARTITIONS)
}

/// In the middle of each partition another model takes over, the provider learns of its tenants, and the verdicts
/// that the core knows are in force.
fn changes(core: &Core, log: &Log) -> Timeline {
    let records = log.iter().filter_map(|(_, payload)| serde_json::from_slice(payload.as_ref()?).ok());
    let names: BTreeSet<String> =
        records.filter_map(|record: Value| record["tenant"].as_str().map(str::to_owned)).collect();
    let facts = |name: &String| {
        // by name, so that a stranger in the log changes nobody else's
        let known = match name.bytes().map(u32::from).sum::<u32>() % 4 {
            0 => json!({"tenant": name, "country": "CN", "model_policies": ["openai"]}),
            1 => json!({"tenant": name, "owner_country": "CN", "segment": "reseller"}),
            2 => {
                json!({"tenant": name, "declared": ["evaluation"], "distillation_allowed": true, "segment": "startup"})
            }
            _ => return None,
        };
        Some(format!("{known}\n"))
    };
    let lines: String = names.iter().filter(|name| *name != "far").filter_map(facts).collect();
    let knowledge = Knowledge::parse("tenants.jsonl", lines.as_bytes()).expect("known tenants");
    let policy = Policy {
        unsupported: Countries::parse("openai: CN").expect("countries"),
        excluded_owners: Countries::parse("*: CN").expect("countries"),
    };
    let shipped = Arc::new(Model::embedded().expect("the shipped model"));
    let mut timeline = Timeline::default();
    timeline.change(0, Arc::new(SideInputs::of_model(Arc::clone(&core.side_inputs().model))));
    let side = SideInputs::new(shipped, Arc::new(knowledge), policy, &core.tracer);
    timeline.change(CHANGE, Arc::new(side.with_verdicts(Arc::clone(&core.side_inputs().verdicts))));
    timeline
}

/// Simulated traffic with attackers, and every kind of bad record strewn among it.
fn log(seed: u64, tenants: usize, bad: &[(usize, u8)]) -> Log {
    let spec = Spec {
        tenants,
        days: 2.0,
        attacks: "default".parse().expect("a known spec"),
        seed,
        start: Millis(1_780_000_000_000),
    };
    let mut log: Log = simulate::simulate(&spec)
        .take(3_000)
        .map(|r| (placement::partition(r.tenant.as_bytes(), PARTITIONS), Some(r.line.into_bytes())))
        .collect();
    for &(at, kind) in bad {
        let payload = match kind % 6 {
            0 => None,
            1 => Some(b"{\"ts\":1780000000000".to_vec()),
            2 => Some(b"\xff\xfe".to_vec()),
            3 => Some(b"{\"tenant\":\"far\",\"ts\":\"2099-06-01T00:00:00Z\",\"prompt\":\"hello there\"}".to_vec()),
            4 => Some(b"{\"tenant\":\"late\",\"ts\":1500000000000,\"prompt\":\"hello there\"}".to_vec()),
            _ => Some(b"{\"tenant\":7,\"ts\":1780000000000}".to_vec()),
        };
        let at = at % (log.len() + 1);
        log.insert(at, ((at % PARTITIONS as usize) as u32, payload));
    }
    log
}

/// What a run wrote: sorted lines of findings and dead letters, and the counts.
#[derive(Debug, PartialEq)]
struct Written {
    findings: Vec<String>,
    dead_letters: Vec<String>,
    counts: Counts,
}

/// Folds a log in batches of the given sizes (cycled), with a checkpoint and restore of everything after
/// the batches named.
fn run(core: &Core, log: &Log, batches: &[usize], restore_after: &[usize]) -> Written {
    let mut partitions: Vec<Partition> =
        (0..PARTITIONS).map(|p| Partition::new(p, 0).with_timeline(changes(core, log))).collect();
    let mut offsets = [0i64; PARTITIONS as usize];
    let mut arenas = Arenas::default();
    let (mut findings, mut dead_letters, mut counts) = (Vec::new(), Vec::new(), Counts::default());
    let mut state = vec![Vec::new(); PARTITIONS as usize];
    let (mut at, mut batch) = (0, 0);
    while at < log.len() {
        let size = batches[batch % batches.len()].clamp(1, log.len() - at);
        let records: Vec<Record<'_>> = log[at..at + size]
            .iter()
            .map(|(partition, payload)| {
                let offset = offsets[*partition as usize];
                offsets[*partition as usize] += 1;
                Record {
                    at: Position { partition: *partition, offset },
                    broker_ts: None,
                    header: None,
                    key: None,
                    payload: payload.as_deref(),
                }
            })
            .collect();
        let traced = trace_batch(core, &records, &mut arenas);
        let mut folds: Vec<&mut Partition> = partitions.iter_mut().collect();
        for (index, output) in fold_batch(core, &mut folds, &records, &traced).into_iter().enumerate() {
            counts.merge(&output.counts);
            for event in output.events {
                let context = folds[index].render_context(core, event.at.offset);
                let line = String::from_utf8(render(&event, &context).payload).expect("JSON is UTF-8");
                findings.push((event.at, event.time, event.uid, event.revision, line));
            }
            for (offset, reason) in output.rejects {
                let record = records
                    .iter()
                    .find(|r| r.at == Position { partition: index as u32, offset })
                    .expect("in the batch");
                dead_letters.push(String::from_utf8(DeadLetter::new(record, reason, "t").to_json()).expect("UTF-8"));
            }
        }
        if restore_after.contains(&batch) {
            partitions = partitions
                .into_iter()
                .zip(&mut state)
                .map(|(partition, topic)| through_the_state_topic(core, log, partition, topic))
                .collect();
        }
        at += size;
        batch += 1;
    }
    findings.sort();
    dead_letters.sort();
    Written { findings: findings.into_iter().map(|f| f.4).collect(), dead_letters, counts }
}

/// Appends what changed to the state topic and reads the whole of it back.
fn through_the_state_topic(core: &Core, log: &Log, partition: Partition, topic: &mut Vec<StateRecord>) -> Partition {
    for shard in 0..SHARDS {
        topic.extend(partition.slice(core, shard).expect("a shard").records);
    }
    let mut restorer = Restorer::default();
    for record in topic {
        restorer.take(&record.key, record.value.as_deref(), |name| core.tenant_hash(name)).expect("state reads back");
    }
    let (close, forget) = core.spans();
    let restored = restorer.finish(core.identity(), close, forget).expect("state adds up").expect("there is state");
    assert_eq!(restored.from, partition.next());
    Partition::restored(partition.index(), restored).with_timeline(changes(core, log))
}

fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool").install(work)
}

#[test]
fn the_log_used_here_brings_forth_findings_and_rejects() {
    let written = run(&core(64 << 20), &log(1, 40, &[(5, 0), (9, 1), (11, 2), (40, 3), (50, 4), (60, 5)]), &[512], &[]);
    assert!(!written.findings.is_empty());
    assert_eq!(written.counts.rejected.total(), 4);
    assert_eq!(written.dead_letters.len(), 4);
    for model in ["eager", "trees-1"] {
        assert!(written.findings.iter().any(|finding| finding.contains(model)), "{model} judges nothing");
    }
}

#[test]
fn a_policy_finding_is_raised_once_and_leaves_the_others_as_they_are() {
    let written = run(&core(64 << 20), &log(4, 60, &[]), &[512], &[]);
    let mut raised: BTreeMap<(String, String), u32> = BTreeMap::new();
    for finding in &written.findings {
        let finding: Value = serde_json::from_str(finding).expect("JSON");
        let ours = &finding["unmapped"]["stillwatch"];
        if finding["activity_id"] == 1 && ours["policy"].is_array() {
            assert!(ours["log_position"]["offset"].as_i64() >= Some(CHANGE), "before anything was known: {finding}");
            let name = finding["finding_info"]["analytic"]["name"].as_str().expect("a name").to_owned();
            *raised.entry((ours["tenant"].to_string(), name)).or_default() += 1;
        }
    }
    assert!(raised.values().all(|count| *count == 1), "{raised:?}");
    for name in ["policy: unsupported region", "policy: excluded owner"] {
        assert!(raised.keys().any(|(_, raised)| raised == name), "{name}: {raised:?}");
    }
}

/// The finding's uid, where in its partition an event was made, and the event without what a verdict sets.
fn undecided(line: &str) -> (String, i64, Value) {
    let mut finding: Value = serde_json::from_str(line).expect("JSON");
    let offset = finding["unmapped"]["stillwatch"]["log_position"]["offset"].as_i64().expect("an offset");
    let uid = finding["finding_info"]["uid"].as_str().expect("a uid").to_owned();
    finding["metadata"].as_object_mut().expect("an object").remove("profiles");
    for name in ["verdict_id", "verdict", "status_id"] {
        finding.as_object_mut().expect("an object").remove(name);
    }
    (uid, offset, finding)
}

#[test]
fn verdicts_are_told_from_their_offset_on_and_change_no_finding() {
    // little memory: evictions close findings
    let core = core(256 << 10);
    let log = log(1, 40, &[]);
    let plain = run(&core, &log, &[512], &[]);
    let uids: BTreeSet<String> = plain.findings.iter().map(|line| undecided(line).0).collect();
    let decision = |uid: &String| json!({"finding": uid, "verdict": "false_positive"}).to_string();
    let lines = uids.iter().map(decision).collect::<Vec<String>>().join("\n");
    let verdicts = Verdicts::parse("verdicts.jsonl", lines.as_bytes()).expect("verdicts");
    let side = SideInputs::of_model(Arc::clone(&core.side_inputs().model)).with_verdicts(Arc::new(verdicts));
    let decided = core.judging_by(Arc::new(side));
    let told = run(&decided, &log, &[512], &[]);
    assert_eq!(run(&decided, &log, &[37, 900], &[2, 5]), told);

    assert_eq!(plain.findings.len(), told.findings.len());
    let mut verdicts = 0;
    for (before, now) in plain.findings.iter().zip(&told.findings) {
        let (_, offset, undecided_now) = undecided(now);
        assert_eq!(undecided(before).2, undecided_now);
        let is_told = now.contains("\"verdict\":\"False Positive\"");
        assert_eq!(is_told, offset >= CHANGE && undecided_now["activity_id"] != 1, "{now}");
        verdicts += usize::from(is_told);
    }
    assert!(verdicts > 0, "nothing to tell");
}

#[test]
fn a_record_from_2099_changes_nobody_elses_findings() {
    let core = core(64 << 20);
    let plain = log(2, 40, &[]);
    let without = run(&core, &plain, &[700], &[]);
    // replaced, not inserted: offsets are part of a finding
    let mut odd = plain.clone();
    let place = 1_500;
    let mut baseline = plain;
    odd[place].1 = Some(b"{\"tenant\":\"far\",\"ts\":\"2099-06-01T00:00:00Z\",\"prompt\":\"hello\"}".to_vec());
    baseline[place].1 = None;
    assert_eq!(run(&core, &odd, &[700], &[]).findings, run(&core, &baseline, &[700], &[]).findings);
    assert!(!without.findings.is_empty());
}

/// Drift is told by windows that the fold hands out beside its findings, and only where asked.
#[test]
fn windows_for_drift_change_no_finding() {
    let log = log(1, 40, &[]);
    let mut body = Model::body(Some("fixtures/models/eager.json".as_ref())).expect("the eager model loads");
    let bins = CalmBins { cuts: vec![0.5], shares: vec![vec![0.5, 0.5]; STAGES] };
    body.calm_bins = Some(vec![bins; WIDTH]);
    let knowing = Model::from_bytes("m", &encode(&body).expect("it encodes")).expect("it loads");
    let plain = core_of(64 << 20, knowing);
    let knowing = Arc::clone(&plain.side_inputs().model);
    assert_eq!(run(&plain.clone().keeping_windows(), &log, &[512], &[]), run(&plain, &log, &[512], &[]));

    let windows = |core: &Core| {
        let mut partition = Partition::new(0, 0);
        let of_one = log.iter().filter(|(partition, _)| *partition == 0).zip(0..);
        let records: Vec<Record<'_>> = of_one
            .map(|((partition, payload), offset)| Record {
                at: Position { partition: *partition, offset },
                broker_ts: None,
                header: None,
                key: None,
                payload: payload.as_deref(),
            })
            .collect();
        let mut arenas = Arenas::default();
        let traced = trace_batch(core, &records, &mut arenas);
        fold_batch(core, &mut [&mut partition], &records, &traced).remove(0).windows
    };
    assert!(windows(&plain).is_empty());
    let mut counts = Counted::default();
    counts.add(&knowing, &windows(&plain.keeping_windows()));
    assert!(50 < counts.of(0), "{}", counts.of(0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn batches_threads_and_restores_change_nothing(
        seed in 0u64..1_000,
        tenants in 5usize..60,
        bad in prop::collection::vec((0usize..3_000, 0u8..6), 0..40),
        batches in prop::collection::vec(1usize..900, 1..6),
        restores in prop::collection::vec(0usize..12, 0..4),
        threads in 1usize..5,
        memory in prop_oneof![Just(64u64 << 20), Just(256 << 10)],
    ) {
        let core = core(memory);
        let log = log(seed, tenants, &bad);
        let whole = in_pool(1, || run(&core, &log, &[log.len()], &[]));
        let split = in_pool(threads, || run(&core, &log, &batches, &restores));
        prop_assert_eq!(whole, split);
    }
}

#[test]
fn state_of_another_version_is_refused_with_what_to_do() {
    let core = core(64 << 20);
    let mut partition = Partition::new(0, 0);
    let payload = br#"{"tenant":"acme","ts":"2026-10-05T00:00:00Z","prompt":"hello"}"#;
    let at = Position { partition: 0, offset: 0 };
    let records = [Record { at, broker_ts: None, header: None, key: None, payload: Some(payload) }];
    let mut arenas = Arenas::default();
    let traced = trace_batch(&core, &records, &mut arenas);
    fold_batch(&core, &mut [&mut partition], &records, &traced);
    let mut slices = (0..SHARDS).filter_map(|shard| partition.slice(&core, shard));
    let record = slices.find_map(|slice| slice.records.into_iter().find(|r| *r.key == *b"acme")).expect("its value");
    let mut value = record.value.expect("no tombstone");
    value[0] = 1;
    let refused = Restorer::default().take(&record.key, Some(&value), |name| core.tenant_hash(name));
    let why = refused.expect_err("version 1 had other sketches").to_string();
    assert!(why.contains("`acme` has version 1") && why.contains("into a new state topic"), "{why}");
}
