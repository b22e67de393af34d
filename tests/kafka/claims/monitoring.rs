//! What an instance says about itself is true, and wakes people for the right reasons.

use std::time::Duration;

use rdkafka::producer::Producer as _;
use serde_json::Value;

use crate::fill::{fill, fill_and_abort, fill_and_commit, fill_and_leave_open};
use crate::instance::{Instance, LIMIT, Setup};
use crate::monitors::Monitors;
use crate::outputs::caught_up;
use crate::runner::World;
use crate::topics::Names;
use crate::traffic::Traffic;
use crate::wait;

/// The value of one series.
fn series(instance: &Instance, name: &str) -> Option<f64> {
    instance.try_get("/metrics")?.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// Waits until it has a value that will do.
fn until(instance: &Instance, name: &str, will_do: impl Fn(f64) -> bool) {
    let explain = || format!("it is {:?}\n{}", series(instance, name), instance.process.tail());
    wait::until(name, LIMIT, explain, || series(instance, name).filter(|value| will_do(*value)));
}

/// Marks of transactions and aborted records are no lag; what an open transaction holds back is none yet.
pub fn lag_under_transactions(world: &World) {
    const LAG: &str = "stillwatch_consumer_lag{partition=\"0\"}";
    const ACCEPTED: &str = "stillwatch_records_total{outcome=\"accepted\",schema=\"native\"}";
    let bootstrap = world.bootstrap();
    let names = Names::unique("lag");
    names.create(bootstrap, 1);
    let setup = Setup::new(bootstrap, &names, 1);
    let mut traffic = Traffic::new(7, 1);
    let mut good = |n| -> Vec<_> { traffic.by_ref().take(n).collect() };
    fill_and_commit(bootstrap, &names.input, good(49));
    let mut instance = setup.start("only");
    instance.ready();
    until(&instance, ACCEPTED, |n| n == 49.0);
    until(&instance, LAG, |lag| lag == 0.0);

    fill_and_abort(bootstrap, &names.input, good(500));
    until(&instance, LAG, |lag| lag == 0.0);
    let open = fill_and_leave_open(bootstrap, &names.input, good(49));
    // two rounds of statistics
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(series(&instance, LAG), Some(0.0), "what nobody may read yet is no lag");
    open.commit_transaction(LIMIT).unwrap();
    until(&instance, ACCEPTED, |n| n > 90.0);
    until(&instance, LAG, |lag| lag == 0.0);

    // stopped, with records to come: the next start sees how many
    instance.process.freeze();
    fill(bootstrap, &names.input, good(5_000));
    instance.process.thaw();
    caught_up(bootstrap, &setup, &[&instance]);
    until(&instance, LAG, |lag| lag == 0.0);
    until(&instance, "stillwatch_checkpoint_seconds_count", |n| n > 0.0);
    until(&instance, "stillwatch_checkpoint_age_seconds", |age| age < 10.0);
    instance.stop();
    names.delete(bootstrap);
}

/// Every rule and every panel is understood; a frozen instance and a bad reload are told and taken back.
pub fn alerts_fire_and_resolve(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("alerts");
    names.create(bootstrap, 2);
    let mut setup = Setup::new(bootstrap, &names, 2);
    let mut traffic = Traffic::new(8, 2);
    let mut instance = setup.start("watched");
    instance.ready();
    let monitors = Monitors::start(setup.dir(), &[instance.port()]);
    monitors.until("up", |up| up == [1.0]);
    fill(bootstrap, &names.input, traffic.by_ref().take(5_000));
    caught_up(bootstrap, &setup, &[&instance]);

    // the stages are the poll thread's time: nothing is missing, nothing counts twice
    std::thread::sleep(Duration::from_secs(8));
    monitors.until("sum(rate(stillwatch_stage_seconds_total[8s]))", |sum| matches!(sum, [x] if (0.8..1.2).contains(x)));
    for (title, expression) in panels() {
        let values = monitors.query(&expression);
        println!("    {title}: {} series", values.len());
    }
    monitors.until("ALERTS{alertstate=\"firing\"}", <[f64]>::is_empty);

    instance.process.freeze();
    monitors.told("StillwatchDown", "firing");
    instance.process.thaw();
    monitors.told("StillwatchDown", "resolved");
    instance.ready();

    let broken = setup.dir().join("broken.json");
    std::fs::write(&broken, "{}").unwrap();
    setup.set("model.path", broken.to_str().unwrap());
    super::control::reload(&setup, &instance, "refused");
    monitors.told("StillwatchReloadRefused", "firing");
    monitors.told("StillwatchReloadRefused", "resolved");
    monitors.until("ALERTS{alertstate=\"firing\"}", <[f64]>::is_empty);
    println!("    told: {:?}", monitors.calls());
    assert_eq!(monitors.broken_rules(), Vec::<String>::new());
    instance.stop();
    names.delete(bootstrap);
}

/// Every expression of the dashboard, with its variables filled in.
fn panels() -> Vec<(String, String)> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/grafana/stillwatch.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            let filled = ["$__rate_interval", "$__range"].iter().fold(expression.to_owned(), |e, v| e.replace(v, "1m"));
            let filled = ["$job", "$instance"].iter().fold(filled, |e, v| e.replace(v, ".*"));
            assert!(!filled.contains('$'), "{filled}");
            found.push((panel["title"].as_str().unwrap().to_owned(), filled));
        }
    }
    assert!(found.len() > 15);
    found
}
