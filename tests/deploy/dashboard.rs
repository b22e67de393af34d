//! The dashboard asks for metrics that exist, on a grid without overlaps.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{alerts, expression, read};

fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(&read("grafana/stillwatch.json")).unwrap();
    dashboard["panels"].as_array().unwrap().clone()
}

#[test]
fn every_metric_of_the_dashboard_exists() {
    let mut asked = String::new();
    for panel in panels() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let asks = target["expr"].as_str().unwrap();
            expression::check(asks, &alerts::recorded());
            asked += asks;
        }
    }
    let dashboard: Value = serde_json::from_str(&read("grafana/stillwatch.json")).unwrap();
    for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
        expression::check(annotation["expr"].as_str().unwrap(), &[]);
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap().iter().skip(1) {
        expression::check(variable["query"]["query"].as_str().unwrap(), &[]);
    }
    // what nobody can see need not be measured
    for row in stillwatch::metrics::Metrics::new().unwrap().table() {
        let unseen = ["process_virtual_memory_bytes", "process_start_time_seconds", "process_threads"];
        assert!(asked.contains(&row.name) || unseen.contains(&row.name.as_str()), "no panel shows {}", row.name);
    }
}

#[test]
fn panels_have_a_title_a_meaning_and_a_place_of_their_own() {
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in panels() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
        assert!(panel["type"] == "row" || panel["description"].as_str().is_some_and(|d| !d.is_empty()), "{title}");
        let at = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{title}");
        for (x, y) in (at("x")..at("x") + at("w")).flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y))) {
            assert!(taken.insert((x, y)), "{title} lies over another panel");
        }
    }
}
