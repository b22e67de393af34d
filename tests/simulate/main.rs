//! What the simulator promises: reproducible, ordered, valid, and no marker on one side only.
#![expect(clippy::expect_used, reason = "tests")]

mod corpora;
mod evasions;
mod history;
mod leaks;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stillwatch::simulate::{
    AttackSpec, Label, SimRecord, Simulation, Sinks, Spec, Truth, demo_spec, simulate, write_line, write_out,
};
use stillwatch::units::Millis;

fn spec(tenants: usize, days: f64, attacks: &str, seed: u64) -> Spec {
    let attacks: AttackSpec = attacks.parse().expect("a valid attack list");
    Spec { tenants, days, attacks, seed, start: Millis(1_791_158_400_000) }
}

fn value(record: &SimRecord) -> Value {
    serde_json::from_str(&record.line).expect("valid JSON")
}

/// FNV-1a: enough to notice any change.
fn hash<'a>(lines: impl Iterator<Item = &'a str>) -> u64 {
    lines.flat_map(str::bytes).fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

fn lines(spec: &Spec, n: usize) -> Vec<String> {
    simulate(spec).take(n).map(|r| r.line).collect()
}

#[test]
fn same_seed_same_bytes() {
    let spec = spec(60, 1.0, "default", 7);
    let first = lines(&spec, 1_500);
    assert_eq!(first, lines(&spec, 1_500));
    // Changes when the simulator changes; must never change between platforms or runs.
    assert_eq!(hash(first.iter().map(String::as_str)), GOLDEN, "golden hash of the first 1,500 lines");
}

const GOLDEN: u64 = 2_389_222_242_376_104_496;

#[test]
fn seeds_share_no_tenant_and_no_text() {
    let (a, b) = (simulate(&spec(400, 1.0, "default", 1)), simulate(&spec(400, 1.0, "default", 2)));
    let names = |s: &Simulation| s.labels().into_iter().map(|l| l.tenant).collect::<BTreeSet<_>>();
    assert_eq!(names(&a).len(), 400);
    assert!(names(&a).is_disjoint(&names(&b)));
    let ids = |s: Simulation| s.take(3_000).map(|r| r.id).collect::<BTreeSet<_>>();
    let (a, b) = (ids(a), ids(b));
    assert_eq!(a.len(), 3_000);
    assert!(a.is_disjoint(&b));
}

#[test]
fn records_are_ordered_and_native() {
    let spec = spec(800, 0.4, "default", 3);
    let mut last = (Millis(0), String::new());
    let mut seen = 0_u64;
    let mut bytes = 0;
    let mut fields: BTreeMap<String, u64> = BTreeMap::new();
    for record in simulate(&spec) {
        assert!(record.ts >= spec.start && record.ts < spec.start.plus(10 * Millis::HOUR));
        let at = (record.ts, record.tenant.clone());
        assert!(last <= at, "{last:?} before {at:?}");
        last = at;
        let value = value(&record);
        assert_eq!(value["tenant"], record.tenant.as_str());
        assert_eq!(value["id"], record.id.as_str());
        assert!(
            value["ts"].as_i64().is_some_and(|ts| ts == record.ts.0)
                || value["ts"].as_str().is_some_and(|ts| ts.ends_with('Z'))
        );
        assert!(!record.line.contains('\n'));
        count_fields("", &value, &mut fields);
        seen += 1;
        bytes += record.line.len() as u64;
    }
    assert!(seen > 3_000, "{seen}");
    let mean = bytes / seen;
    assert!((1_600..3_200).contains(&mean), "mean record of {mean} bytes");
    for field in [
        "v",
        "account",
        "user",
        "session",
        "provider",
        "model",
        "system",
        "prompt",
        "messages",
        "response",
        "response.content",
        "reasoning",
        "tools",
        "params.temperature",
        "params.top_p",
        "params.n",
        "params.max_tokens",
        "params.seed",
        "params.logprobs",
        "params.top_logprobs",
        "params.logit_bias",
        "params.response_format",
        "params.reasoning_effort",
        "params.stream",
        "usage.input_tokens",
        "usage.output_tokens",
        "usage.reasoning_tokens",
        "usage.cached_tokens",
        "client.ip",
        "client.country",
        "client.asn",
        "client.user_agent",
        "client.tls",
        "client.payment",
        "status",
        "finish",
        "refusal",
        "latency_ms",
    ] {
        assert!(fields.contains_key(field), "no record has {field}");
    }
    assert!(fields["usage"] < seen, "some tenants keep metadata only");
    assert!(fields["response"] < fields["usage"], "some tenants keep tokens only");
}

fn count_fields(path: &str, value: &Value, fields: &mut BTreeMap<String, u64>) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        *fields.entry(path.clone()).or_default() += 1;
        count_fields(&path, value, fields);
    }
}

/// For every marker: the innocent class that shows it most must show it nearly as often as the attack
/// family that shows it most. Four draws are pooled: one draw has about 30 tenants a class, and its shares
/// scatter by 0.1 and more.
#[test]
fn no_marker_belongs_to_one_side() {
    let mut groups = Groups::new();
    for seed in 11..15 {
        count_markers(seed, &mut groups);
    }
    let mut leaks = Vec::new();
    for marker in MARKERS.iter().copied().chain(["late start"]) {
        let most = |side: bool| {
            let share = |(n, m): &(u64, Shown)| m.get(marker).copied().unwrap_or(0) as f64 / *n as f64;
            let enough = groups.iter().filter(|((s, _), (n, _))| *s == side && *n >= 40);
            enough.map(|(_, g)| share(g)).fold(0.0, f64::max)
        };
        let (attack, innocent) = (most(true), most(false));
        if attack > innocent + 0.2 || (innocent > 0.5 && attack < 0.05) {
            leaks.push(format!("{marker}: at most {attack:.2} of a family, {innocent:.2} of a class"));
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

/// Adds one draw's tenants to the groups that they belong to.
fn count_markers(seed: u64, groups: &mut Groups) {
    let attacks = "reasoning_harvest=30,instruction_sweep=30,evolved_instructions=30,judge_farm=30,agent_trajectories=30,\
                   code_harvest=30,single_domain=30,logit_extraction=30,classifier_distillation=30,relay=30,\
                   replayed_reasoning=30,classifier_words=30,classifier_foreign_text=30,classifier_questions=30";
    let spec = spec(1_500, 0.3, attacks, seed);
    let simulation = simulate(&spec);
    let labels: BTreeMap<String, Label> = simulation.labels().into_iter().map(|l| (l.tenant.clone(), l)).collect();
    let late = spec.start.plus(3 * Millis::HOUR);
    // tenant -> records, and those that show each marker
    let mut shows: BTreeMap<String, (u64, Shown)> = BTreeMap::new();
    for record in simulation {
        let value = value(&record);
        let (records, shown) = shows.entry(record.tenant.clone()).or_default();
        if *records == 0 && record.ts > late {
            shown.insert("late start", u64::MAX);
        }
        for (marker, there) in markers(&value) {
            *shown.entry(marker).or_default() += u64::from(there);
        }
        *records += 1;
    }
    for (tenant, (records, shown)) in shows {
        let label = &labels[&tenant];
        let attack = label.label == Truth::Attack;
        let group = if attack { label.family.map_or("", |f| f.name()) } else { &label.class };
        let group = groups.entry((attack, group.to_owned())).or_default();
        group.0 += 1;
        for (marker, n) in shown {
            *group.1.entry(marker).or_default() += u64::from(n > records / 3);
        }
    }
}

/// (harvests, family or class) -> tenants, and those that show each marker in a third of their records.
type Groups = BTreeMap<(bool, String), (u64, Shown)>;

/// Marker -> how many show it.
type Shown = BTreeMap<&'static str, u64>;

const MARKERS: [&str; 14] = [
    "reasoning tokens",
    "tools",
    "logprobs",
    "max_tokens 1",
    "n > 1",
    "logit_bias",
    "user",
    "session",
    "system",
    "account",
    "seed",
    "client",
    "step by step",
    "messages",
];

fn markers(value: &Value) -> [(&'static str, bool); 14] {
    let params = &value["params"];
    let text =
        value["prompt"].as_str().or_else(|| value["messages"].as_array()?.last()?["content"].as_str()).unwrap_or("");
    let asks = ["step", "reasoning", "thought", "line by line", "derivation", "scratchpad"];
    [
        (MARKERS[0], value["usage"]["reasoning_tokens"].is_u64()),
        (MARKERS[1], value["tools"].is_array()),
        (MARKERS[2], params["logprobs"].is_boolean()),
        (MARKERS[3], params["max_tokens"] == 1),
        (MARKERS[4], params["n"].is_u64()),
        (MARKERS[5], params["logit_bias"].is_u64()),
        (MARKERS[6], value["user"].is_string()),
        (MARKERS[7], value["session"].is_string()),
        (MARKERS[8], value["system"].is_string() || value["messages"][0]["role"] == "system"),
        (MARKERS[9], value["account"].is_string()),
        (MARKERS[10], params["seed"].is_i64()),
        (MARKERS[11], value["client"].is_object()),
        (MARKERS[12], asks.iter().any(|ask| text.contains(ask))),
        (MARKERS[13], value["messages"].is_array()),
    ]
}

#[test]
fn controls_are_their_attackers_without_the_harvest() {
    let spec = spec(0, 2.0, "judge_farm=2@10%,code_harvest=1@50%,relay=1@20%+own,reasoning_harvest=1@5%", 5);
    let simulation = simulate(&spec);
    let controls = simulation.labels().into_iter().filter(|l| l.label == Truth::Control);
    let attackers: BTreeMap<String, String> = controls.filter_map(|l| Some((l.tenant, l.twin?))).collect();
    assert_eq!(attackers.len(), 5);
    let mut logs: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for record in simulation.filter(|r| !r.harvested) {
        logs.entry(record.tenant.clone()).or_default().push(nameless(value(&record)));
    }
    for (control, attacker) in attackers {
        assert!(logs[&control].len() > 5);
        assert_eq!(logs[&control], logs[&attacker], "{control} and {attacker}");
    }
}

#[test]
fn twins_work_where_their_attackers_harvest() {
    let spec = spec(0, 3.0, "judge_farm=3@50%,code_harvest=3,instruction_sweep=3@20%+own,classifier_words=3", 15);
    let simulation = simulate(&spec);
    let labels = simulation.labels();
    let twins: BTreeMap<&str, &str> = labels
        .iter()
        .filter(|l| l.label == Truth::Benign)
        .filter_map(|l| Some((l.twin.as_deref()?, l.tenant.as_str())))
        .collect();
    assert_eq!(twins.len(), 12, "one each");
    let mut logs: BTreeMap<String, Vec<SimRecord>> = BTreeMap::new();
    simulation.for_each(|record| logs.entry(record.tenant.clone()).or_default().push(record));
    let frames = |records: &[SimRecord]| -> BTreeSet<String> {
        let text = |r: &SimRecord| value(r)["system"].as_str().or(value(r)["prompt"].as_str()).map(str::to_owned);
        records.iter().filter_map(text).map(|text| text.chars().take(30).collect()).collect()
    };
    let asked_anew = |records: &[SimRecord]| {
        let asked: BTreeSet<String> = records.iter().map(|r| value(r)["prompt"].to_string()).collect();
        asked.len() as f64 / records.len() as f64
    };
    let (mut shared, mut calmer) = (0, 0);
    for (attacker, twin) in twins {
        let (harvest, work) = (&logs[attacker], &logs[twin]);
        assert!(harvest.iter().any(|r| r.harvested) && !work.iter().any(|r| r.harvested), "{twin}");
        let size = work.len() as f64 / harvest.len() as f64;
        assert!((0.4..2.5).contains(&size), "{twin} does {size} of its attacker's exchanges");
        shared += usize::from(frames(harvest).intersection(&frames(work)).count() > 0);
        // one exchange in 70 fails, and some programs ask that again
        calmer += usize::from(asked_anew(work) <= asked_anew(harvest) + 0.02);
        let label = labels.iter().find(|l| l.tenant == twin).expect("a label");
        assert!(label.class.starts_with("twin_of_") && label.account.is_none(), "{label:?}");
    }
    // where there is no frame, nothing is shared
    assert!(shared >= 7, "{shared} of 12 write into their attacker's frame");
    assert!(calmer >= 9, "{calmer} of 12 ask no more that is new");
}

/// A record without the names that are each tenant's own.
fn nameless(mut value: Value) -> Value {
    let map = value.as_object_mut().expect("an object");
    for name in ["id", "tenant", "account", "user", "session"] {
        let there = map.remove(name).is_some();
        map.insert(format!("has {name}"), Value::Bool(there));
    }
    if let Some(Value::Object(client)) = map.get_mut("client") {
        client.retain(|key, _| ["country", "asn", "user_agent"].contains(&key.as_str()));
    }
    value
}

#[test]
fn harvests_have_the_wanted_share() {
    let attacks =
        "code_harvest=3@50%,single_domain=3@10%,agent_trajectories=2@10%,relay=3@5%+own,logit_extraction=2@1%";
    let simulation = simulate(&spec(0, 3.0, attacks, 21));
    let labels = simulation.labels();
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for record in simulation {
        let count = counts.entry(record.tenant).or_default();
        count.0 += u64::from(record.harvested);
        count.1 += 1;
    }
    for label in labels.iter().filter(|l| l.label == Truth::Attack) {
        let (harvested, all) = counts[&label.tenant];
        let share = harvested as f64 / all as f64;
        let wanted = label.share.expect("attacks have a share");
        assert!((share / wanted - 1.0).abs() < 0.25, "{label:?}: {harvested} of {all}");
        assert!(harvested >= 20, "{label:?}: {harvested}");
    }
}

#[test]
fn harvested_accounts_are_where_the_label_says() {
    let simulation = simulate(&spec(0, 2.0, "code_harvest=4@20%+own,judge_farm=4@20%", 8));
    let labels: BTreeMap<String, Label> = simulation.labels().into_iter().map(|l| (l.tenant.clone(), l)).collect();
    for record in simulation.filter(|r| r.harvested) {
        let value = value(&record);
        assert_eq!(value["account"].as_str(), labels[&record.tenant].account.as_deref());
    }
}

#[test]
fn the_demo_is_of_a_watchable_size() {
    let spec = demo_spec(1);
    let (mut out, mut labels, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    let mut told = 0;
    let mut sinks =
        Sinks { records: &mut |record| write_line(&mut out, record), labels: &mut labels, harvest_ids: &mut ids };
    let summary = write_out(simulate(&spec), &mut sinks, &mut |n| told = n).expect("memory is writable");
    assert_eq!(told, summary.records);
    assert_eq!(out.len() as u64, summary.bytes);
    assert!((60_000..140_000).contains(&summary.records), "{summary:?}");
    assert_eq!((summary.tenants, summary.attackers), (300, 15));
    assert_eq!(labels.split(|b| *b == b'\n').count() - 1, 300);
    assert_eq!(ids.split(|b| *b == b'\n').count() as u64 - 1, summary.harvested);
}

#[test]
fn the_program_writes_compressed_logs_and_the_ids_of_what_was_harvested() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name);
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_stillwatch"))
        .args(["simulate", "--tenants", "6", "--days", "3", "--attacks", "judge_farm=1@20%+own", "--out"])
        .arg(path("t.jsonl.zst"))
        .arg("--labels")
        .arg(path("labels.jsonl"))
        .arg("--harvest-ids")
        .arg(path("ids.txt"))
        .status()
        .expect("the program runs");
    assert!(status.success());
    let packed = std::fs::read(path("t.jsonl.zst")).expect("written");
    let log = String::from_utf8(zstd::decode_all(packed.as_slice()).expect("a whole stream")).expect("text");
    let labels = std::fs::read_to_string(path("labels.jsonl")).expect("written");
    let ids = std::fs::read_to_string(path("ids.txt")).expect("written");
    let labels: Vec<Value> = labels.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let attack = labels.iter().find(|l| l["label"] == "attack").expect("one attacker");
    for key in ["family", "class", "share", "accounts", "corpus", "begin", "end", "account"] {
        assert!(!attack[key].is_null(), "{key} of {attack}");
    }
    assert!(labels.iter().any(|l| l["twin"] == attack["tenant"]), "a control");
    // An account of its own: the ids are that account's records, no more and no fewer.
    let harvested: BTreeSet<String> = log
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).expect("JSON"))
        .filter(|v| v["tenant"] == attack["tenant"] && v["account"] == attack["account"])
        .map(|v| v["id"].as_str().expect("an id").to_owned())
        .collect();
    assert!(harvested.len() >= 5, "{}", harvested.len());
    assert_eq!(ids.lines().map(str::to_owned).collect::<BTreeSet<_>>(), harvested);
}
