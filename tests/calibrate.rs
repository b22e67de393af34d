//! `calibrate` as an operator uses it: history in, suspects looked at, a model that `replay` takes.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn stillwatch(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stillwatch")).args(args).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A calm history of 90 tenants over five days, and two tenants in it that harvest without anybody knowing.
fn history(dir: &Path) -> PathBuf {
    let path = dir.join("history.jsonl");
    let attacks = "reasoning_harvest=2";
    let args = ["simulate", "--tenants", "90", "--days", "5", "--seed", "301", "--attacks", attacks, "--out"];
    let labels = dir.join("labels.jsonl");
    let made = stillwatch(&[&args[..], &[path.to_str().unwrap(), "--labels", labels.to_str().unwrap()]].concat());
    assert!(made.status.success(), "{}", text(&made.stderr));
    path
}

fn calibrate(history: &Path, out: &Path, more: &[&str]) -> Value {
    let args = ["calibrate", history.to_str().unwrap(), "--budget", "500", "--json", "--out", out.to_str().unwrap()];
    let done = stillwatch(&[&args[..], more].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("one line of JSON")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a file");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn an_operator_goes_from_history_to_a_model_that_replay_takes() {
    let dir = tempfile::tempdir().unwrap();
    let history = history(dir.path());
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));

    let figures = calibrate(&history, &first, &[]);
    assert_eq!((&figures["adapted"], &figures["spike_ins_teach"]), (&true.into(), &true.into()));
    let trees = |model: &Path| -> Vec<Vec<Value>> {
        // a header of one line stands before the body
        let body = lines(model).pop().expect("a body");
        serde_json::from_value(body["boosted"]["trees"].clone()).expect("trees by age")
    };
    let (ours, shipped) = (trees(&first.join("calibrated.json")), trees(Path::new("models/trees-1.json")));
    assert_eq!((ours.len(), shipped.len()), (4, 4), "ages");
    for (ours, shipped) in ours.iter().zip(&shipped) {
        assert!(ours.starts_with(shipped), "the shipped trees lead");
        assert_eq!(ours.len() - shipped.len(), 40, "and some correct them");
    }
    assert_eq!(figures["days_missing"], serde_json::json!(["Saturday", "Sunday"]));
    assert!(figures["tenant_months"].as_f64().unwrap() > 9.0, "{figures}");
    let threshold = |figures: &Value, which: &str| figures["threshold"][which].as_f64().unwrap();
    assert_eq!(figures["threshold"]["in_use"], "guaranteed");
    assert!(threshold(&figures, "guaranteed") > 0.0 && threshold(&figures, "modelled") > 0.0);
    let made: i64 = figures["recall"].as_array().unwrap().iter().map(|row| row["made"].as_i64().unwrap()).sum();
    assert!(made > 60, "spike-ins: {figures}");

    let suspects = lines(&first.join("suspects.jsonl"));
    assert_eq!(suspects.len(), 10, "ten, for three percent are fewer");
    let evidence: Vec<f64> = suspects.iter().map(|suspect| suspect["evidence"].as_f64().unwrap()).collect();
    assert!(evidence.is_sorted_by(|a, b| a >= b), "the strongest first: {evidence:?}");
    assert!(suspects.iter().any(|suspect| !suspect["reasons"].as_array().unwrap().is_empty()));

    // the same bytes again
    let again = dir.path().join("again");
    calibrate(&history, &again, &[]);
    for file in ["calibrated.json", "calibrated.slots", "calibrated.card.md", "suspects.jsonl", "calibration.json"] {
        assert_eq!(std::fs::read(first.join(file)).unwrap(), std::fs::read(again.join(file)).unwrap(), "{file}");
    }

    // a reviewer says of the strongest that it harvests, and of the next that it does not
    let reviewed = dir.path().join("reviewed.jsonl");
    let said = |at: usize, verdict: &str| {
        let mut line = suspects[at].clone();
        line["verdict"] = verdict.into();
        line.to_string()
    };
    std::fs::write(&reviewed, format!("{}\n{}\n", said(0, "harvest"), said(1, "calm"))).unwrap();
    let figures = calibrate(&history, &second, &["--reviewed", reviewed.to_str().unwrap()]);
    assert_eq!((&figures["reviewed"]["harvest"], &figures["reviewed"]["calm"]), (&1.into(), &1.into()));
    let names = |suspects: &[Value]| suspects.iter().map(|s| s["tenant"].to_string()).collect::<Vec<_>>();
    let now = names(&lines(&second.join("suspects.jsonl")));
    for reviewed in &names(&suspects)[..2] {
        assert!(!now.contains(reviewed), "{reviewed} was looked at");
    }

    let model = second.join("calibrated.json");
    let shown = stillwatch(&["model", "show", model.to_str().unwrap()]);
    let promise = ", calibrated to 500 false findings per 1,000 tenant-months";
    assert!(text(&shown.stdout).contains(promise), "{}", text(&shown.stdout));
    let findings = dir.path().join("findings.jsonl");
    let (log, to) = (history.to_str().unwrap(), findings.to_str().unwrap());
    let replayed = stillwatch(&["replay", log, "--model", model.to_str().unwrap(), "--findings", to, "--json"]);
    assert!(replayed.status.success(), "{}", text(&replayed.stderr));
    let summary: Value = serde_json::from_slice(&replayed.stdout).unwrap();
    assert!(summary["read"].as_u64().unwrap() > 10_000, "{summary}");
    let twice = ["calibrate", log, "--budget", "500", "--out", to, "--model", model.to_str().unwrap()];
    let refused = stillwatch(&twice);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("model `calibrated` is calibrated already"), "{}", text(&refused.stderr));
    let findings = lines(&findings);
    assert!(!findings.is_empty(), "so loose a budget lets some pass");
    the_tables_of_slots_belong_to_the_model(log, &second);
    for finding in findings {
        assert_eq!(finding["unmapped"]["stillwatch"]["budget"]["per_1000_tenant_months"], 500.0, "{finding}");
    }
}

/// Without them, with others, or under another secret the threshold would be another: refused, and named.
fn the_tables_of_slots_belong_to_the_model(log: &str, calibrated: &Path) {
    let (model, slots) = (calibrated.join("calibrated.json"), calibrated.join("calibrated.slots"));
    let verified = stillwatch(&["model", "verify", slots.to_str().unwrap(), "--json"]);
    let known: Value = serde_json::from_slice(&verified.stdout).expect("verified");
    assert_eq!((&known["kind"], &known["ok"]), (&"slots".into(), &true.into()));
    let config = calibrated.join("other.toml");
    let secret = "[fold]\nsecret = \"0123456789abcdef0123456789abcdef\"\n";
    std::fs::write(&config, secret).unwrap();
    let refused = |more: &[&str], why: &str| {
        let args = ["replay", log, "--findings", "-", "--model", model.to_str().unwrap()];
        let done = stillwatch(&[&args[..], more].concat());
        assert_eq!(done.status.code(), Some(3), "{why}");
        assert!(text(&done.stderr).contains(why), "{}", text(&done.stderr));
    };
    refused(
        &["--config", config.to_str().unwrap()],
        "calibrated.slots: slot tables were made with another secret: calibrate again",
    );
    let aside = calibrated.join("aside");
    std::fs::rename(&slots, &aside).unwrap();
    refused(&[], "model `calibrated` was calibrated with tables of slots");
    std::fs::write(&slots, "something else").unwrap();
    refused(&[], "calibrated.slots: this is no table of slots");
    // another calibration may go by the same tables, and a fold that runs with them goes on
    let again = calibrated.join("again");
    let figures = calibrate(Path::new(log), &again, &["--no-adapt", "--slots", aside.to_str().unwrap()]);
    assert_eq!(figures["slots"], known["sha256"]);
    assert_eq!(std::fs::read(again.join("calibrated.slots")).unwrap(), std::fs::read(&aside).unwrap());
}

#[test]
fn trees_may_stay_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let history = history(dir.path());
    let out = dir.path().join("out");
    let figures = calibrate(&history, &out, &["--no-adapt", "--threshold", "modelled", "--name", "kept"]);
    assert_eq!((&figures["adapted"], &figures["threshold"]["in_use"]), (&false.into(), &"modelled".into()));
    let trees = |path: &str| {
        let shown = stillwatch(
            &["model", "show", path, "--json"].iter().filter(|a| !a.is_empty()).copied().collect::<Vec<_>>(),
        );
        serde_json::from_slice::<Value>(&shown.stdout).unwrap()["trees"].clone()
    };
    assert_eq!(trees(out.join("kept.json").to_str().unwrap()), trees(""));
    nothing_drifts_in_the_history_itself(&dir.path().join("labels.jsonl"), &history, &out.join("kept.json"));
}

/// The reference is the history's own windows, so `evaluate` must find them where they were; and a part of them
/// that works in another way is told.
fn nothing_drifts_in_the_history_itself(labels: &Path, history: &Path, model: &Path) {
    let evaluate = |more: &[&str]| {
        let paths = [history, labels, model].map(|path| path.to_str().unwrap());
        let args = ["evaluate", paths[0], "--labels", paths[1], "--model", paths[2], "--bootstrap", "10"];
        let done = stillwatch(&[&args[..], more].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    let drift = |tables: &str| -> Vec<(u64, Option<f64>)> {
        let tables: Value = serde_json::from_str(tables).unwrap();
        let rows = tables["drift"].as_array().expect("a calibrated model knows calm windows");
        rows.iter().map(|row| (row["windows"].as_u64().unwrap(), row["psi"].as_f64())).collect()
    };
    let all = drift(&evaluate(&["--json"]));
    assert_eq!(all.len(), stillwatch::feature::WIDTH);
    assert!(all.iter().all(|(windows, psi)| psi.is_some() == (*windows >= 500)), "{all:?}");
    let highest = all.iter().filter_map(|(_, psi)| *psi).fold(0.0, f64::max);
    // what is left is the two attackers, who are in the reference and not among the innocent
    assert!(highest < 0.1, "{all:?}");
    assert!(evaluate(&[]).contains("Drift: windows of innocent tenants"));

    let read = std::fs::read_to_string(labels).unwrap();
    let machines = "eval_suite metadata_enrichment medical_coding quality_monitor rag synthetic_data extraction \
                    bulk_classification support_agent sql_assistant";
    let machine = |line: &str| machines.split(' ').any(|class| line.contains(&format!("\"{class}\"")));
    let some: Vec<&str> = read.lines().filter(|line| machine(line)).collect();
    std::fs::write(labels, some.join("\n")).unwrap();
    let some = drift(&evaluate(&["--json"]));
    assert!(some.iter().filter_map(|(_, psi)| *psi).fold(0.0, f64::max) > 0.25, "{some:?}");
}

#[test]
fn what_cannot_be_done_is_said_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let history = history(dir.path());
    let (log, out) = (history.to_str().unwrap(), dir.path().join("out"));
    let out = out.to_str().unwrap();
    let refused = |args: &[&str]| {
        let done = stillwatch(&[&["calibrate", log, "--out", out][..], args].concat());
        assert_eq!(done.status.code(), Some(2), "{}", text(&done.stderr));
        text(&done.stderr)
    };
    let little = refused(&["--budget", "1"]);
    assert!(little.contains("needs a history of 999 tenant-months (2995 to hold it with 95 % confidence)"), "{little}");
    assert!(little.contains("give more history, or a budget of"), "{little}");
    assert!(refused(&["--budget", "0"]).contains("--budget 0 is not above 0"));
    let review = dir.path().join("review.jsonl");
    std::fs::write(&review, "{\"tenant\":\"a\",\"verdict\":\"maybe\"}\n").unwrap();
    let wrong = refused(&["--budget", "100", "--reviewed", review.to_str().unwrap()]);
    assert!(wrong.contains("review, line 1: unknown variant `maybe`"), "{wrong}");
    assert!(!Path::new(out).exists(), "nothing is written");
}
