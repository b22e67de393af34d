//! Findings and their explanations against files, byte for byte.
//!
//! `STILLWATCH_BLESS=1 cargo test --test findings` writes the files anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use stillwatch::finding::explain::explain;
use stillwatch::finding::render::render;
use stillwatch::finding::{Activity, Event, Kind, Pattern};
use stillwatch::model::opinion::{Opinion, Opinions};

use crate::sample::{ACTIVITIES, context, event};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/findings").join(name)
}

/// Every pattern, kind and activity is in at least one of them.
fn golden_events() -> Vec<(String, Event)> {
    let mut events: Vec<(String, Event)> = Pattern::ALL
        .iter()
        .map(|&pattern| (pattern.label().to_owned(), event(Kind::Workload, pattern, Activity::Create)))
        .collect();
    for (name, activity) in ["update", "close_calm", "close_evicted"].into_iter().zip(&ACTIVITIES[1..]) {
        events.push((format!("workload_{name}"), event(Kind::Workload, Pattern::ReasoningHarvest, *activity)));
        events.push((format!("tenant_{name}"), event(Kind::Tenant, Pattern::Relay, *activity)));
    }
    events.push(("tenant_create".to_owned(), event(Kind::Tenant, Pattern::Relay, Activity::Create)));
    let mut told = event(Kind::Workload, Pattern::ReasoningHarvest, Activity::Create);
    let opinion = |log_odds, calm_p99| Some(Opinion { log_odds, calm_p99 });
    told.alarm.opinions = Opinions { logistic: opinion(2.586_689, -0.363_965), density: opinion(-7.25, 4.5) };
    events.push(("second_opinions".to_owned(), told));
    events
}

#[test]
fn findings_equal_their_golden_files_byte_for_byte() {
    let mut names = BTreeSet::new();
    for (name, event) in golden_events() {
        let payload = render(&event, &context()).payload;
        compare(&payload, &golden(&format!("{name}.json")));
        names.insert(format!("{name}.json"));
    }
    assert_eq!(files_with("json"), names, "a golden file without its event");
}

#[test]
fn explanations_equal_their_golden_files() {
    for name in ["reasoning_harvest", "second_opinions", "tenant_create", "workload_close_calm"] {
        let finding = std::fs::read(golden(&format!("{name}.json"))).unwrap();
        compare(explain(&finding).unwrap().as_bytes(), &golden(&format!("{name}.txt")));
    }
}

#[test]
fn every_golden_finding_can_be_explained() {
    for name in files_with("json") {
        let text = explain(&std::fs::read(golden(&name)).unwrap()).unwrap();
        for section in ["Taken so far", "Evidence", "Why", "Innocent reading", "What to do", "MITRE ATLAS", "Model"] {
            assert!(text.lines().any(|line| line == section), "{name}: {section}");
        }
    }
}

fn compare(actual: &[u8], path: &Path) {
    if std::env::var_os("STILLWATCH_BLESS").is_some() {
        std::fs::write(path, actual).unwrap();
    }
    let expected = std::fs::read(path).unwrap();
    assert_eq!(String::from_utf8_lossy(actual), String::from_utf8_lossy(&expected), "{}", path.display());
}

fn files_with(extension: &str) -> BTreeSet<String> {
    let names = std::fs::read_dir(golden("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| Path::new(name).extension().is_some_and(|found| found == extension)).collect()
}
