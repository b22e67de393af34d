//! `route` and `route --join` make one exchange of a span and its log events, once, whatever happens to their instances.
//!
//! Spans in one topic, log events in another, each in a record of its own, shuffled over seconds and partitions, some of
//! them sent twice, some of them damaged. Each half has two instances that are killed in turn; the first of those that join
//! dies between the offsets and the commit of a transaction, another while it reads again what waits. In the end nothing more comes, and
//! ticks let time pass. `STILLWATCH_CRASH_SEED=n` chooses other instants.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::fill::{Entry, fill};
use crate::instance::{Instance, LIMIT, Setup, stillwatch};
use crate::runner::World;
use crate::topics::{self, Names, Topic};
use crate::{read, wait};

const PARTITIONS: i32 = 3;
const EXCHANGES: usize = 600;
const ROUNDS: usize = 8;
const DAMAGED: usize = 5;

/// The topics of a test.
struct Place {
    spans: String,
    logs: String,
    parts: String,
    output: String,
}

/// What is written, by topic and round, and what must come of it.
#[derive(Default)]
struct Plan {
    spans: Vec<Vec<Entry>>,
    logs: Vec<Vec<Entry>>,
    /// Tenant, prompt and answer, tokens by id of the response.
    exchanges: BTreeMap<String, (String, Option<String>, u64)>,
    /// Exchanges whose tenant nobody knows.
    orphans: usize,
}

pub fn halves_join_once(world: &World) {
    let bootstrap = world.bootstrap();
    let seed = std::env::var("STILLWATCH_CRASH_SEED").ok().and_then(|v| v.parse().ok()).unwrap_or(11);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let names = Names::unique("join");
    let topic = |what: &str| format!("{}-{what}", names.input);
    let place = Place { spans: topic("spans"), logs: topic("logs"), parts: topic("parts"), output: topic("keyed") };
    topics::create(bootstrap, &[Topic::new(&place.spans, PARTITIONS), Topic::new(&place.logs, PARTITIONS)]);
    let mut setup = Setup::new(bootstrap, &names, PARTITIONS);
    for (key, value) in [
        ("route.input", place.spans.as_str()),
        ("route.output", &place.output),
        ("route.parts", &place.parts),
        ("route.format", "otlp"),
        ("route.join", "15s"),
        ("route.tenant_from", "field:tenant.id"),
    ] {
        setup.set(key, value);
    }
    let mut of_logs = Setup::clone_of(&setup);
    of_logs.set("route.input", place.logs.as_str());
    of_logs.set("kafka.group", format!("{}-logs", names.group));
    topics_are_named_made_and_fine(&setup, &place);

    let plan = Plan::new(&mut random);
    let ticks_before = kills(bootstrap, &setup, &of_logs, &place, &plan, &mut random);
    let seen = everything_once(bootstrap, &setup, &place, &plan);
    if let Some(witness) = world.witness() {
        assert_eq!(witness.console(&place.output).len(), seen, "Kafka's own console consumer");
    }
    let ticks =
        read::committed(bootstrap, &place.parts).iter().filter(|r| r.key.is_none() && r.payload.is_none()).count();
    assert!(0 < ticks && ticks_before <= ticks, "{ticks_before} to {ticks} ticks");
    println!("    {seen} exchanges of spans and events, {ROUNDS} kills, {ticks} ticks");
    a_strange_note_is_refused(bootstrap, &setup, &place);
    topics::delete(bootstrap, &[&place.spans, &place.logs, &place.parts, &place.output, &names.dead_letters]);
}

/// What a newcomer does first.
fn topics_are_named_made_and_fine(setup: &Setup, place: &Place) {
    let config = setup.write("joining");
    let told = |args: &[&str]| {
        let done = stillwatch().args(args).arg("-c").arg(&config).output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    };
    let (code, text) = told(&["check", "--route"]);
    let missing = format!("`{}` does not exist; run `stillwatch topics create --route`", place.parts);
    assert!(code == Some(4) && text.contains(&missing), "{code:?} {text}");
    let (code, text) = told(&["topics", "create", "--route", "--replication", "1"]);
    assert!(code == Some(0) && text.contains(&place.parts), "{code:?} {text}");
    let (code, text) = told(&["check", "--route"]);
    assert!(code == Some(0) && text.contains("-route` can be used") && text.contains("-join` can be used"), "{text}");
    let (code, text) = told(&["topics", "list", "--route"]);
    assert!(code == Some(0) && !text.contains("missing") && text.lines().count() == 4, "{code:?} {text}");
}

/// Writes the plan while instances die; returns how many ticks there were when all was written.
fn kills(
    bootstrap: &str,
    setup: &Setup,
    of_logs: &Setup,
    place: &Place,
    plan: &Plan,
    random: &mut Xoshiro256PlusPlus,
) -> usize {
    let mut spans = setup.start_routing_static("spans");
    let mut logs = of_logs.start_routing_static("logs");
    // the first of those that join dies with a transaction open that holds exchanges, offsets and notes
    let (mut doomed, reached) = setup.start_joining_failing("doomed", "after_offsets:4");
    for instance in [&mut spans, &mut logs, &mut doomed] {
        instance.ready();
    }
    let mut one = None;
    let mut two: Option<Instance> = None;
    for round in 0..ROUNDS {
        fill(bootstrap, &place.spans, plan.spans[round].iter().cloned());
        fill(bootstrap, &place.logs, plan.logs[round].iter().cloned());
        std::thread::sleep(Duration::from_millis(random.gen_range(300..900)));
        match round {
            0 => {
                wait::until("an open transaction", LIMIT, || doomed.process.tail(), || reached.exists().then_some(()));
                doomed.process.kill();
                one = Some(setup.start_joining_static("one"));
                two = Some(setup.start_joining_static("two"));
            }
            // another dies while it reads again what waits; nobody else does, so that the group does not stand still
            4 => {
                one.take().unwrap().process.kill();
                let mut same = Setup::clone_of(setup);
                same.set("kafka.instance_id", "one");
                let (mut again, reached) = same.start_joining_failing("again", "reading_again:9");
                wait::until("reading again", LIMIT, || again.process.tail(), || reached.exists().then_some(()));
                again.process.kill();
                one = Some(setup.start_joining_static("one"));
            }
            1 | 5 => {
                spans.process.kill();
                spans = setup.start_routing_static("spans");
            }
            2 | 6 => {
                logs.process.kill();
                logs = of_logs.start_routing_static("logs");
            }
            3 => {
                two.take().unwrap().process.kill();
                two = Some(setup.start_joining_static("two"));
            }
            _ => {
                one.take().unwrap().process.kill();
                one = Some(setup.start_joining_static("one"));
            }
        }
    }
    strangers(bootstrap, place);
    let (one, two) = (one.unwrap(), two.unwrap());
    let written = read::committed(bootstrap, &place.parts);
    let ticks = written.iter().filter(|record| record.key.is_none() && record.payload.is_none()).count();
    let wanted = plan.exchanges.len();
    let tails =
        || format!("{}\n{}\n{}\n{}", one.process.tail(), two.process.tail(), spans.process.tail(), logs.process.tail());
    wait::until("all exchanges", LIMIT, tails, || {
        std::thread::sleep(Duration::from_millis(300));
        let letters = read::committed(bootstrap, &setup.names.dead_letters).len();
        let all = read::committed(bootstrap, &place.output).len();
        (wanted <= all && plan.orphans + 3 * DAMAGED <= letters).then_some(())
    });
    let metrics = one.get("/metrics") + &two.get("/metrics");
    let count = |outcome: &str| {
        let line = format!("stillwatch_joins_total{{outcome=\"{outcome}\"}} ");
        metrics.lines().filter_map(|found| found.strip_prefix(&line)?.parse::<u64>().ok()).sum::<u64>()
    };
    assert_eq!((count("late"), count("early")), (0, 0), "{}", tails());
    assert!(count("joined") > 0, "{metrics}");
    for instance in [spans, logs, one, two] {
        instance.stop();
    }
    ticks
}

/// Records among the parts that are none, and damaged ones in the inputs.
fn strangers(bootstrap: &str, place: &Place) {
    let damaged = |n: usize| Entry {
        partition: n as i32 % PARTITIONS,
        key: None,
        payload: Some(format!("{{\"damaged\":{n}").into_bytes()),
    };
    for topic in [&place.spans, &place.logs] {
        fill(bootstrap, topic, (0..DAMAGED).map(damaged));
    }
    let keyed = |n: usize| Entry { key: Some(vec![b'k']), ..damaged(n) };
    fill(bootstrap, &place.parts, (0..DAMAGED).map(|n| if n % 2 == 0 { damaged(n) } else { keyed(n) }));
}

fn everything_once(bootstrap: &str, setup: &Setup, place: &Place, plan: &Plan) -> usize {
    read::settle(bootstrap, &place.output);
    let mut seen = BTreeSet::new();
    let mut homes: BTreeMap<String, i32> = BTreeMap::new();
    for record in read::committed(bootstrap, &place.output) {
        let native: Value = serde_json::from_slice(&record.payload.unwrap()).unwrap();
        let id = native["id"].as_str().unwrap_or_else(|| panic!("half an exchange: {native}")).to_owned();
        assert!(seen.insert(id.clone()), "{id} is there twice");
        let (tenant, said, tokens) = &plan.exchanges[&id];
        assert_eq!(native["tenant"], *tenant);
        assert_eq!(native["usage"]["output_tokens"], *tokens, "{native}");
        let (asked, answered) = (&native["messages"][0]["content"], &native["response"]);
        let expected =
            said.as_ref().map_or((Value::Null, Value::Null), |said| (json!(format!("why {said}")), json!(said)));
        assert_eq!((asked, answered), (&expected.0, &expected.1), "{native}");
        assert_eq!(record.key.as_deref(), Some(tenant.as_bytes()));
        assert_eq!(*homes.entry(tenant.clone()).or_insert(record.partition), record.partition, "{tenant}");
        let source = String::from_utf8(record.headers[0].1.clone()).unwrap();
        assert!(source.split(',').all(|one| one.starts_with(&place.spans) || one.starts_with(&place.logs)), "{source}");
    }
    let missing: Vec<_> = plan.exchanges.keys().filter(|id| !seen.contains(*id)).take(5).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    let mut reasons: BTreeMap<(String, String), usize> = BTreeMap::new();
    for letter in read::committed(bootstrap, &setup.names.dead_letters) {
        let letter: Value = serde_json::from_slice(letter.payload.as_ref().unwrap()).unwrap();
        let text = |name: &str| letter[name].as_str().unwrap().to_owned();
        *reasons.entry((text("topic"), text("reason"))).or_default() += 1;
    }
    let expected = [
        (&place.logs, "not_json", DAMAGED),
        (&place.parts, "bad_type", DAMAGED.div_ceil(2)),
        (&place.parts, "missing_tenant", plan.orphans),
        (&place.parts, "not_json", DAMAGED / 2),
        (&place.spans, "not_json", DAMAGED),
    ];
    let expected = expected.map(|(topic, reason, count)| ((topic.clone(), reason.to_owned()), count));
    assert_eq!(reasons, BTreeMap::from(expected));
    seen.len()
}

/// An offset with something beside it that is not ours, and then one that a person set.
fn a_strange_note_is_refused(bootstrap: &str, setup: &Setup, place: &Place) {
    let group = format!("{}-join", setup.names.group);
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", bootstrap).set("group.id", &group).create().unwrap();
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition(&place.parts, partition);
    }
    let found = consumer.committed_offsets(list, Duration::from_secs(10)).unwrap();
    let commit = |note: &str| {
        let mut list = TopicPartitionList::new();
        for element in found.elements() {
            assert!(element.metadata().starts_with("{\"v\":1,\"from\":"), "{element:?}");
            let mut new = list.add_partition(&place.parts, element.partition());
            new.set_offset(element.offset()).unwrap();
            new.set_metadata(note);
        }
        wait::until("a group without members", LIMIT, String::new, || consumer.commit(&list, CommitMode::Sync).ok());
    };
    // with nothing held, what is read next is where to read again from
    for element in found.elements() {
        let Offset::Offset(next) = element.offset() else { panic!("{element:?}") };
        assert!(element.metadata().contains(&format!("\"from\":{next},")), "{element:?}");
    }
    commit("mine");
    let mut strange = setup.start_joining("strange");
    strange.exits(4);
    let said = strange.process.printed();
    assert!(said.contains("is no note of ours") && said.contains("--reset-offsets"), "{said}");
    commit("");
    let mut plain = setup.start_joining("plain");
    plain.ready();
    plain.stop();
}

impl Plan {
    fn new(random: &mut Xoshiro256PlusPlus) -> Plan {
        let mut plan = Plan { spans: vec![Vec::new(); ROUNDS], logs: vec![Vec::new(); ROUNDS], ..Plan::default() };
        for n in 0..EXCHANGES {
            plan.exchange(n, random);
        }
        for round in plan.spans.iter_mut().chain(&mut plan.logs) {
            for index in (1..round.len()).rev() {
                round.swap(index, random.gen_range(0..=index));
            }
        }
        plan
    }

    /// A span, and its events as one or the other generation has them, in this round and the next.
    fn exchange(&mut self, n: usize, random: &mut Xoshiro256PlusPlus) {
        let base = random.gen_range(0..ROUNDS);
        let (tenant, id, tokens) = (format!("tenant-{}", random.gen_range(0..12)), format!("r{n}"), n as u64 + 1);
        let said = format!("because {n}");
        let kind = random.gen_range(0..20);
        let mut spans = vec![span(n, &tenant, &id, tokens)];
        let mut logs = match kind {
            // a span alone
            0 => Vec::new(),
            1..=8 => vec![details(n, &said)],
            _ => vec![
                event(n, 1, "gen_ai.user.message", "content", &format!("why {said}")),
                event(n, 2, "gen_ai.choice", "content", &said),
            ],
        };
        if kind == 19 {
            // events whose span never comes, so that nobody knows the tenant
            spans.clear();
            self.orphans += 1;
        } else {
            self.exchanges.insert(id, (tenant, (kind > 0).then_some(said), tokens));
        }
        if kind == 18 {
            let again = logs[0].clone();
            logs.push(again);
        }
        let mut place = |all: &mut Vec<Vec<Entry>>, record: &Value| {
            let round = (base + random.gen_range(0..2)).min(ROUNDS - 1);
            let payload = Some(serde_json::to_vec(record).unwrap());
            all[round].push(Entry { partition: random.gen_range(0..PARTITIONS), key: None, payload });
        };
        for span in &spans {
            place(&mut self.spans, span);
        }
        for log in &logs {
            place(&mut self.logs, log);
        }
    }
}

const BASE: u64 = 1_784_851_200_000_000_000;

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn span(n: usize, tenant: &str, id: &str, tokens: u64) -> Value {
    let tokens = json!({"key": "gen_ai.usage.output_tokens", "value": {"intValue": tokens.to_string()}});
    let attributes = [text("gen_ai.operation.name", "chat"), text("gen_ai.response.id", id), tokens];
    // ids are hex in either case
    let span = json!({"traceId": format!("{:032X}", n + 0xabc), "spanId": format!("{:016X}", n + 0xdef),
        "startTimeUnixNano": (BASE + n as u64 * 1_000_000_000).to_string(), "attributes": attributes});
    json!({"resourceSpans": [{"resource": {"attributes": [text("tenant.id", tenant)]}, "scopeSpans": [{"spans": [span]}]}]})
}

fn log(n: usize, after: u64, name: &str, body: &Value, attributes: &Value) -> Value {
    let log = json!({"traceId": format!("{:032x}", n + 0xabc), "spanId": format!("{:016x}", n + 0xdef), "eventName": name,
        "timeUnixNano": (BASE + n as u64 * 1_000_000_000 + after).to_string(), "body": body, "attributes": attributes});
    json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]})
}

fn event(n: usize, after: u64, name: &str, member: &str, said: &str) -> Value {
    log(n, after, name, &json!({"kvlistValue": {"values": [text(member, said)]}}), &json!([]))
}

fn details(n: usize, said: &str) -> Value {
    let messages = |role: &str, content: &str| {
        json!([{"role": role, "parts": [{"type": "text", "content": content}]}]).to_string()
    };
    let attributes = [
        text("gen_ai.input.messages", &messages("user", &format!("why {said}"))),
        text("gen_ai.output.messages", &messages("assistant", said)),
    ];
    log(n, 1, "gen_ai.client.inference.operation.details", &json!({}), &json!(attributes))
}
