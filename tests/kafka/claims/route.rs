//! `route` writes every exchange once, under its tenant's key, whatever happens to its instances.
//!
//! 3,000 records without keys, of one to four exchanges of several tenants each, some of them damaged; two instances,
//! killed eight times, the first between the offsets and the commit of a transaction. `STILLWATCH_CRASH_SEED=n` chooses other instants.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Value, json};

use crate::fill::{Entry, fill};
use crate::instance::{Instance, LIMIT, Setup, stillwatch};
use crate::runner::World;
use crate::topics::{self, Names, Topic};
use crate::{read, wait};

const PARTITIONS: i32 = 3;
const RECORDS: usize = 3_000;
const KILLS: usize = 8;

/// What a newcomer does first.
fn topics_are_named_made_and_fine(setup: &Setup, output: &str) {
    let config = setup.write("routing");
    let told = |args: &[&str]| {
        let done = stillwatch().args(args).arg("-c").arg(&config).output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    };
    let (code, text) = told(&["check", "--route"]);
    let missing = format!("`{output}` does not exist; run `stillwatch topics create --route`");
    assert!(code == Some(4) && text.contains(&missing), "{code:?} {text}");
    let (code, text) = told(&["topics", "create", "--route", "--replication", "1"]);
    assert!(code == Some(0) && text.contains(output) && !text.contains("state"), "{code:?} {text}");
    let (code, text) = told(&["check", "--route"]);
    assert!(code == Some(0) && text.contains("-route` can be used"), "{code:?} {text}");
    assert!(text.contains("count as separate exchanges; route.join joins them"), "{text}");
    let (code, text) = told(&["topics", "list", "--route"]);
    assert!(code == Some(0) && !text.contains("missing") && text.lines().count() == 3, "{code:?} {text}");
}

/// What must come out: tenant and text by id; and how many dead letters.
#[derive(Default)]
struct Expected {
    exchanges: BTreeMap<String, (String, String)>,
    damaged: usize,
}

pub fn every_exchange_once(world: &World) {
    let bootstrap = world.bootstrap();
    let seed = std::env::var("STILLWATCH_CRASH_SEED").ok().and_then(|v| v.parse().ok()).unwrap_or(7);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let names = Names::unique("route");
    let (raw, output) = (format!("{}-raw", names.input), format!("{}-keyed", names.input));
    topics::create(bootstrap, &[Topic::new(&raw, PARTITIONS)]);
    let mut setup = Setup::new(bootstrap, &names, PARTITIONS);
    for (key, value) in [
        ("route.input", raw.as_str()),
        ("route.output", &output),
        ("route.format", "otlp"),
        ("route.tenant_from", "field:tenant.id"),
    ] {
        setup.set(key, value);
    }
    topics_are_named_made_and_fine(&setup, &output);

    let mut expected = Expected::default();
    let entries: Vec<Entry> = (0..RECORDS).map(|n| entry(n, &mut random, &mut expected)).collect();
    let mut rounds = entries.chunks(RECORDS / KILLS);
    // the first dies with a transaction open that holds records and offsets
    fill(bootstrap, &raw, rounds.next().unwrap_or_default().iter().cloned());
    let (mut doomed, reached) = setup.start_routing_failing("doomed", "after_offsets:1");
    wait::until("an open transaction", LIMIT, || doomed.process.tail(), || reached.exists().then_some(()));
    doomed.process.kill();
    let mut one = setup.start_routing_static("one");
    let mut two = setup.start_routing("two");
    one.ready();
    for round in 1..KILLS {
        fill(bootstrap, &raw, rounds.next().unwrap_or_default().iter().cloned());
        std::thread::sleep(Duration::from_millis(random.gen_range(20..1_500)));
        if round.is_multiple_of(2) {
            two.process.kill();
            two = setup.start_routing("two");
        } else {
            one.process.kill();
            one = setup.start_routing_static("one");
        }
    }
    fill(bootstrap, &raw, rounds.flatten().cloned());
    caught_up(bootstrap, &setup, &raw, &[&one, &two]);

    let mut seen = BTreeSet::new();
    let mut homes: BTreeMap<String, i32> = BTreeMap::new();
    let mut last: BTreeMap<(String, String), i64> = BTreeMap::new();
    for record in read::committed(bootstrap, &output) {
        let native: Value = serde_json::from_slice(&record.payload.unwrap()).unwrap();
        let (id, tenant) = (native["id"].as_str().unwrap().to_owned(), native["tenant"].as_str().unwrap().to_owned());
        assert!(seen.insert(id.clone()), "{id} is there twice");
        let (of, prompt) = expected.exchanges.get(&id).unwrap();
        assert_eq!((of, prompt.as_str()), (&tenant, native["messages"][0]["content"].as_str().unwrap()));
        assert_eq!(record.key.as_deref(), Some(tenant.as_bytes()));
        assert_eq!(*homes.entry(tenant.clone()).or_insert(record.partition), record.partition, "{tenant}");
        // a tenant's exchanges of one input partition stay in their order
        let source = String::from_utf8(record.headers[0].1.clone()).unwrap();
        let mut parts = source.rsplit('/');
        let [index, offset, partition] = [(); 3].map(|()| parts.next().unwrap().parse::<i64>().unwrap());
        let place = offset * 10 + index;
        let before = last.insert((tenant, partition.to_string()), place);
        assert!(before < Some(place), "{source} after {before:?}");
    }
    let missing: Vec<_> = expected.exchanges.keys().filter(|id| !seen.contains(*id)).take(5).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    let letters = read::committed(bootstrap, &names.dead_letters);
    let reasons =
        letters.iter().map(|letter| serde_json::from_slice::<Value>(letter.payload.as_ref().unwrap()).unwrap());
    let places: BTreeSet<String> = reasons
        .map(|letter| {
            assert_eq!((&letter["reason"], &letter["topic"]), (&json!("not_json"), &json!(raw)));
            format!("{}/{}", letter["partition"], letter["offset"])
        })
        .collect();
    assert_eq!((places.len(), letters.len()), (expected.damaged, expected.damaged));
    if let Some(witness) = world.witness() {
        assert_eq!(witness.console(&output).len(), seen.len(), "Kafka's own console consumer");
    }
    println!("    {} exchanges of {RECORDS} records, {KILLS} kills, {} dead letters", seen.len(), places.len());
    let metrics = one.get("/metrics");
    assert!(metrics.contains("stillwatch_records_total{outcome=\"accepted\",schema=\"otlp\"}"), "{metrics}");
    one.stop();
    two.stop();
    topics::delete(bootstrap, &[&raw, &output, &names.dead_letters]);
}

/// A record without a key: spans of several tenants, or bytes that are none.
fn entry(n: usize, random: &mut Xoshiro256PlusPlus, expected: &mut Expected) -> Entry {
    let partition = random.gen_range(0..PARTITIONS);
    if random.gen_bool(0.02) {
        expected.damaged += 1;
        return Entry { partition, key: None, payload: Some(format!("{{\"damaged\":{n}").into_bytes()) };
    }
    let resources: Vec<Value> = (0..random.gen_range(1..5))
        .map(|index| {
            let (tenant, id) = (format!("tenant-{}", random.gen_range(0..20)), format!("r{n}-{index}"));
            let prompt = format!("question {n} of {tenant}");
            expected.exchanges.insert(id.clone(), (tenant.clone(), prompt.clone()));
            let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
            let asked = json!([{"role": "user", "parts": [{"type": "text", "content": prompt}]}]).to_string();
            let span = json!({"traceId": format!("{n:032x}"), "spanId": format!("{:016x}", index + 1),
                "startTimeUnixNano": (1_784_851_200_000_000_000 + n as u64 * 1_000_000_000).to_string(),
                "attributes": [text("gen_ai.operation.name", "chat"), text("gen_ai.response.id", &id),
                    text("gen_ai.input.messages", &asked)]});
            json!({"resource": {"attributes": [text("tenant.id", &tenant)]}, "scopeSpans": [{"spans": [span]}]})
        })
        .collect();
    let payload = serde_json::to_vec(&json!({ "resourceSpans": resources })).unwrap();
    Entry { partition, key: None, payload: Some(payload) }
}

/// Waits until the group has committed the input's end, and no transaction is open.
fn caught_up(bootstrap: &str, setup: &Setup, raw: &str, instances: &[&Instance]) {
    use rdkafka::config::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer as _};
    use rdkafka::{Offset, TopicPartitionList};

    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", format!("{}-route", setup.names.group))
        .set("isolation.level", "read_committed")
        .create()
        .unwrap();
    let tails = || instances.iter().map(|instance| instance.process.tail()).collect::<Vec<_>>().join("\n");
    wait::until("the end of the input", LIMIT, tails, || {
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            list.add_partition(raw, partition);
        }
        let committed = consumer.committed_offsets(list, Duration::from_secs(5)).ok()?;
        let done = committed.elements().iter().all(|element| {
            let ends = consumer.fetch_watermarks(raw, element.partition(), Duration::from_secs(5));
            ends.is_ok_and(|(_, end)| element.offset() == Offset::Offset(end))
        });
        done.then_some(())
    });
    let output = format!("{}-keyed", setup.names.input);
    read::settle(bootstrap, &output);
    read::settle(bootstrap, &setup.names.dead_letters);
}
