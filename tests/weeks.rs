//! Weeks that differ: what `calibrate` makes of them, and what `evaluate` shows of drift by week.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn stillwatch(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stillwatch")).current_dir(folder).args(arguments).output().unwrap()
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = stillwatch(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A calm week of 80 tenants, and a week of others of whom some harvest: `log.jsonl` and `labels.jsonl`.
fn two_weeks(folder: &Path, attacks: &str) {
    let (mut log, mut labels) = (String::new(), String::new());
    for (seed, start, attacks) in [("501", "2026-10-05", "none"), ("502", "2026-10-12", attacks)] {
        let to = ["--out", "part.jsonl", "--labels", "part.labels"];
        let what = ["--tenants", "80", "--days", "7", "--seed", seed, "--start", start, "--attacks", attacks];
        done(folder, &[&["simulate"][..], &what, &to].concat());
        log += &std::fs::read_to_string(folder.join("part.jsonl")).unwrap();
        labels += &std::fs::read_to_string(folder.join("part.labels")).unwrap();
    }
    std::fs::write(folder.join("log.jsonl"), log).unwrap();
    std::fs::write(folder.join("labels.jsonl"), labels).unwrap();
}

fn calibrated(folder: &Path, out: &str, more: &[&str]) -> Value {
    let arguments = ["calibrate", "log.jsonl", "--budget", "100", "--no-adapt", "--out", out, "--json"];
    serde_json::from_str(&done(folder, &[&arguments[..], more].concat())).unwrap()
}

#[test]
fn a_week_that_passes_the_budget_sets_the_threshold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    two_weeks(path, "code_harvest=20,logit_extraction=15");
    let figures = calibrated(path, "differ", &[]);
    let weeks = figures["weeks"].as_array().unwrap();
    assert_eq!(weeks.len(), 2);
    assert_eq!((&figures["weeks_differ"], &figures["threshold"]["of"]), (&true.into(), &"the most severe week".into()));
    assert_eq!(weeks[1]["begins"].as_str().and_then(|begins| begins.split('T').next()), Some("2026-10-12"));
    let number = |value: &Value| value.as_f64().unwrap();
    let severe = weeks.iter().map(|week| number(&week["threshold"]["guaranteed"])).fold(0.0, f64::max);
    let (whole, used) = (number(&figures["threshold"]["guaranteed"]), number(&figures["threshold"]["used"]));
    assert!(used == severe.max(whole) && used > whole, "{figures}");
    assert!(number(&weeks[1]["high"]) > number(&weeks[0]["high"]) + 3.0, "{figures}");
    // stored with the model, and told on its card
    let shown: Value =
        serde_json::from_str(&done(path, &["model", "show", "differ/calibrated.json", "--json"])).unwrap();
    assert!((number(&shown["threshold"]) - used).abs() < 1e-5, "{shown}");
    let card = std::fs::read_to_string(path.join("differ/calibrated.card.md")).unwrap();
    assert!(card.contains("they differ: in week 2 ") && card.contains("## By week"), "{card}");

    // who harvests is told by a review: then nothing of them counts, and what is left of the second week is too little
    let reviewed: String = std::fs::read_to_string(path.join("labels.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|label| label["label"] == "attack")
        .map(|label| serde_json::json!({"tenant": label["tenant"], "verdict": "harvest"}).to_string() + "\n")
        .collect();
    std::fs::write(path.join("reviewed.jsonl"), reviewed).unwrap();
    let clean = calibrated(path, "alike", &["--reviewed", "reviewed.jsonl"]);
    assert_eq!((&clean["weeks_differ"], &clean["threshold"]["of"]), (&false.into(), &"the whole history".into()));
    assert_eq!(clean["threshold"]["used"], clean["threshold"]["guaranteed"]);
    let calm_tenants = |out: &str| {
        let model = std::fs::read_to_string(path.join(out).join("calibrated.json")).unwrap();
        serde_json::from_str::<Value>(model.lines().nth(1).unwrap()).unwrap()["calm_tenants"].as_u64().unwrap()
    };
    assert_eq!(calm_tenants("alike") + 35, calm_tenants("differ"), "a confirmed harvester sets no threshold");
}

#[test]
fn evaluate_shows_each_week_of_a_longer_log_beside_its_drift() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    two_weeks(path, "none");
    let arguments = ["evaluate", "log.jsonl", "--labels", "labels.jsonl", "--bootstrap", "10"];
    let text = done(path, &[&arguments[..], &["--out", "tables.json", "--report", "report.html"]].concat());
    assert!(text.contains("Drift by week: what was realised") && text.contains("from day 7"), "{text}");
    let page = std::fs::read_to_string(path.join("report.html")).unwrap();
    assert!(page.contains("Drift by week"));
    let tables: Value = serde_json::from_str(&std::fs::read_to_string(path.join("tables.json")).unwrap()).unwrap();
    let rows = tables["drift_by_week"].as_array().unwrap();
    let sum = |field: &str| rows.iter().map(|row| row[field].as_f64().unwrap()).sum::<f64>();
    let all = &tables["classes"][0];
    assert_eq!((rows.len(), all["class"].as_str()), (2, Some("all")));
    // the weeks are parts of the whole
    assert_eq!(sum("false_findings"), all["false_findings"].as_f64().unwrap());
    assert!((sum("tenant_months") - all["tenant_months"].as_f64().unwrap()).abs() < 1e-3);
    let most =
        tables["drift"].as_array().unwrap().iter().map(|row| row["windows"].as_f64().unwrap()).fold(0.0, f64::max);
    assert_eq!(sum("windows"), most, "every window has some feature");
    assert!(
        rows.iter().all(|row| row["features"].as_u64().unwrap() > 20 && row["farthest"]["psi"].is_f64()),
        "{rows:?}"
    );

    let first = std::fs::read_to_string(path.join("log.jsonl")).unwrap();
    let week: String = first.lines().take(2_000).map(|line| line.to_owned() + "\n").collect();
    std::fs::write(path.join("log.jsonl"), week).unwrap();
    let short = done(path, &[&arguments[..], &["--json"]].concat());
    let short: Value = serde_json::from_str(&short).unwrap();
    assert_eq!(short["drift_by_week"], serde_json::json!([]), "the first hours are no two weeks");
}
