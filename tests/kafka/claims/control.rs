//! Another model takes over at a named offset, and everybody who folds the log again sees it there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use stillwatch::model::artifact::{Body, encode};

use crate::fill::fill;
use crate::instance::{Instance, LIMIT, Setup};
use crate::outputs::{Outputs, assert_same, caught_up, committed, expected_with};
use crate::runner::World;
use crate::topics::Names;
use crate::traffic::Traffic;
use crate::{read, wait};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/trees-1.json");
const FORMER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models");

/// A crash, then a start with another model: what the former judged is folded again with the former.
pub fn crash_between_models(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("models");
    names.create(bootstrap, 2);
    let mut setup = Setup::new(bootstrap, &names, 2);
    // nothing is checkpointed after the start: the whole log must be folded again
    setup.set("live.checkpoint_interval", "10min");
    let mut traffic = Traffic::new(3, 2);
    let mut instance = setup.start("former");
    instance.ready();
    fill(bootstrap, &names.input, traffic.by_ref().take(6_000));
    caught_up(bootstrap, &setup, &[&instance]);
    instance.process.kill();

    setup.set("model.path", SHIPPED);
    let instance = setup.start("new");
    let said = wait::until(
        "the partitions to stop",
        LIMIT,
        || instance.process.tail(),
        || {
            let said = instance.try_get("/readyz")?;
            (said.matches("`model.known`").count() == 2).then_some(said)
        },
    );
    let eager = stillwatch::model::Model::load(format!("{FORMER}/eager.json").as_ref()).unwrap();
    for part in ["need the model `eager`", &eager.sha256_hex(), "put it into the folder"] {
        assert!(said.contains(part), "{part}: {said}");
    }

    // the file is put where it is looked for, and the running instance looks again
    setup.set("model.known", FORMER);
    setup.reconfigure(&instance);
    instance.process.hang_up();
    // a month in all: findings of the former model close under the new one
    fill(bootstrap, &names.input, traffic.by_ref().take(10_000));
    caught_up(bootstrap, &setup, &[&instance]);
    both_models_judged(&same_as_replay(bootstrap, &setup), "trees-1");
    instance.stop();
    names.delete(bootstrap);
}

/// SIGHUP: a bad model is refused, a good one takes over without a restart, and a crash later changes nothing.
pub fn sighup(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("sighup");
    names.create(bootstrap, 2);
    let mut setup = Setup::new(bootstrap, &names, 2);
    setup.set("model.known", FORMER);
    let mut traffic = Traffic::new(4, 2);
    let mut instance = setup.start("steady");
    instance.ready();
    fill(bootstrap, &names.input, traffic.by_ref().take(5_000));
    caught_up(bootstrap, &setup, &[&instance]);

    let broken = setup.dir().join("broken.json");
    std::fs::write(&broken, "{}").unwrap();
    setup.set("model.path", broken.to_str().unwrap());
    reload(&setup, &instance, "refused");
    assert!(instance.get("/version").contains("eager"));
    assert!(instance.process.printed().contains("broken.json"), "{}", instance.process.tail());
    assert_eq!(read::committed(bootstrap, &names.control).len(), 2, "one record a partition, from the start");

    setup.set("model.path", SHIPPED);
    // while records are coming
    fill(bootstrap, &names.input, traffic.by_ref().take(2_000));
    reload(&setup, &instance, "applied");
    reload(&setup, &instance, "unchanged");
    assert!(instance.get("/version").contains("trees-1"));
    assert!(instance.get("/metrics").contains("stillwatch_model_info{name=\"trees-1\""));
    fill(bootstrap, &names.input, traffic.by_ref().take(5_000));
    caught_up(bootstrap, &setup, &[&instance]);
    assert_eq!(read::committed(bootstrap, &names.control).len(), 4);

    instance.process.kill();
    let mut instance = setup.start("again");
    instance.ready();
    fill(bootstrap, &names.input, traffic.by_ref().take(3_000));
    caught_up(bootstrap, &setup, &[&instance]);
    both_models_judged(&same_as_replay(bootstrap, &setup), "trees-1");
    instance.stop();
    names.delete(bootstrap);
}

/// Changes the instance's configuration, sends SIGHUP, and waits for the outcome.
pub fn reload(setup: &Setup, instance: &Instance, outcome: &str) {
    let count = || {
        let metrics = instance.try_get("/metrics")?;
        let series = format!("stillwatch_reloads_total{{outcome=\"{outcome}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(series.as_str())?.parse::<u64>().ok())
    };
    let explain = || instance.process.tail();
    let before = wait::until("metrics", LIMIT, explain, count);
    setup.reconfigure(instance);
    instance.process.hang_up();
    wait::until("the reload", Duration::from_secs(60), explain, || count().filter(|now| *now > before));
}

/// What is committed, which is also what replay makes of the log and the control records.
pub fn same_as_replay(bootstrap: &str, setup: &Setup) -> Outputs {
    let control = setup.dir().join("control.jsonl");
    read::settle(bootstrap, &setup.names.control);
    read::dump(bootstrap, &setup.names.control, &control);
    let (expected, summary) = expected_with(bootstrap, setup, &["--control".as_ref(), control.as_os_str()]);
    println!("    replay: {summary}");
    let found = committed(bootstrap, setup);
    assert_same(&found, &expected);
    found
}

fn both_models_judged(outputs: &Outputs, second: &str) {
    for name in ["eager", second].map(|name| format!("\"model\":{{\"name\":\"{name}\"")) {
        let count = outputs.findings.iter().filter(|finding| finding.contains(&name)).count();
        println!("    {count} events with {name}");
        assert!(count > 0, "no event with {name}");
    }
}

/// A folder with the former model, and with the shipped one under another name and at a threshold that a few hundred
/// exchanges reach.
fn louder(dir: &Path) -> PathBuf {
    let known = dir.join("known");
    std::fs::create_dir(&known).unwrap();
    std::fs::copy(format!("{FORMER}/eager.json"), known.join("eager.json")).unwrap();
    let shipped = std::fs::read_to_string(SHIPPED).unwrap();
    let mut body: Body = serde_json::from_str(shipped.lines().nth(1).unwrap()).unwrap();
    "louder".clone_into(&mut body.name);
    body.threshold = 3.0;
    std::fs::write(known.join("louder.json"), encode(&body).unwrap()).unwrap();
    known
}

/// Kills and rebalances at any instant around a change: whether its control record was committed or not, live
/// and replay agree.
pub fn kills_while_models_change(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("kills");
    names.create(bootstrap, 3);
    let mut setup = Setup::new(bootstrap, &names, 3);
    let known = louder(setup.dir());
    setup.set("model.known", known.to_str().unwrap());
    let models = ["louder.json", "eager.json"].map(|name| known.join(name).to_str().unwrap().to_owned());
    let mut random = Xoshiro256PlusPlus::seed_from_u64(9);
    let mut traffic = Traffic::new(6, 3);
    let mut instance = setup.start("steady");
    instance.ready();
    for round in 0..5 {
        fill(bootstrap, &names.input, traffic.by_ref().take(1_500));
        setup.set("model.path", models[round % 2].as_str());
        // a guest takes partitions over while the change is on its way, and gives them back
        let guest = (round % 2 == 1).then(|| setup.start("guest"));
        reload(&setup, &instance, "applied");
        fill(bootstrap, &names.input, traffic.by_ref().take(1_500));
        std::thread::sleep(Duration::from_millis(random.gen_range(0..600)));
        instance.process.kill();
        if let Some(mut guest) = guest {
            guest.ready();
            guest.stop();
        }
        instance = setup.start("steady");
        instance.ready();
    }
    caught_up(bootstrap, &setup, &[&instance]);
    both_models_judged(&same_as_replay(bootstrap, &setup), "louder");
    instance.stop();
    names.delete(bootstrap);
}

/// What is known of tenants takes effect at an offset too, and so do verdicts; after a crash the former files are
/// needed again.
pub fn knowledge(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("knowledge");
    names.create(bootstrap, 2);
    let mut setup = Setup::new(bootstrap, &names, 2);
    setup.set("live.checkpoint_interval", "10min");
    setup.set("policy.unsupported", "openai: CN");
    let mut traffic = Traffic::new(5, 2);
    let mut instance = setup.start("steady");
    instance.ready();
    fill(bootstrap, &names.input, traffic.by_ref().take(2_000));
    caught_up(bootstrap, &setup, &[&instance]);

    let dir = setup.dir().to_owned();
    let snapshot = |name: &str, lines: &str| {
        let file = dir.join(name);
        std::fs::write(&file, lines).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let bad = snapshot("bad.jsonl", "{\"tenant\":\"calm-1\",\"country\":\"China\"}\n");
    let first = snapshot(
        "first.jsonl",
        "{\"tenant\":\"calm-1\",\"country\":\"CN\",\"model_policies\":[\"openai\"]}\n\
         {\"tenant\":\"harvest-0\",\"declared\":[\"evaluation\"],\"created\":\"2026-05-01\"}\n",
    );
    std::fs::create_dir(dir.join("verdicts")).unwrap();
    let decided = |setup: &Setup, name: &str, verdict: &str| {
        let on = |finding: &String| {
            let finding: serde_json::Value = serde_json::from_str(finding).unwrap();
            let uid = &finding["finding_info"]["uid"];
            serde_json::json!({"finding": uid, "verdict": verdict, "note": "as they told us"}).to_string() + "\n"
        };
        let lines: String = committed(bootstrap, setup).findings.iter().map(on).collect();
        assert!(!lines.is_empty(), "nothing to decide on yet");
        snapshot(&format!("verdicts/{name}"), &lines)
    };
    let dismissed = decided(&setup, "first.jsonl", "false_positive");
    let second = snapshot("second.jsonl", "{\"tenant\":\"calm-2\",\"segment\":\"reseller\"}\n");
    setup.set("tenants.path", bad.as_str());
    reload(&setup, &instance, "refused");
    let told = instance.process.printed();
    assert!(told.contains("bad.jsonl line 1: `country` must be two capital letters"), "{told}");
    setup.set("tenants.path", first.as_str());
    setup.set("verdicts.path", dismissed.as_str());
    reload(&setup, &instance, "applied");
    fill(bootstrap, &names.input, traffic.by_ref().take(2_000));
    caught_up(bootstrap, &setup, &[&instance]);
    assert!(!instance.process.printed().contains("is in no known file"), "{}", instance.process.tail());

    instance.process.kill();
    setup.set("tenants.path", second.as_str());
    setup.set("tenants.known", dir.to_str().unwrap());
    let confirmed = decided(&setup, "second.jsonl", "true_positive");
    setup.set("verdicts.path", confirmed.as_str());
    setup.set("verdicts.known", dir.join("verdicts").to_str().unwrap());
    let mut instance = setup.start("again");
    instance.ready();
    fill(bootstrap, &names.input, traffic.by_ref().take(10_000));
    caught_up(bootstrap, &setup, &[&instance]);
    let outputs = same_as_replay(bootstrap, &setup);
    for part in [
        "\"name\":\"policy: unsupported region\"",
        "has declared evaluation",
        "\"name\":\"policy: reseller\"",
        "eager",
        "\"verdict\":\"False Positive\"",
        "\"verdict\":\"True Positive\"",
    ] {
        assert!(outputs.findings.iter().any(|finding| finding.contains(part)), "no event with {part}");
    }
    assert!(!outputs.findings.iter().any(|finding| finding.contains("as they told us")), "people's text in a finding");
    instance.stop();
    names.delete(bootstrap);
}
