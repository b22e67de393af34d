//! What a person decided about a finding: told on its later events, and nothing else of them changes.

use std::sync::Arc;

use serde_json::{Value, json};
use stillwatch::finding::explain::explain;
use stillwatch::finding::render::{Context, render};
use stillwatch::finding::{Activity, Event, Kind, Pattern};
use stillwatch::verdicts::Verdicts;

use crate::rules::{OF_INCIDENTS, TOP_LEVEL, broken_rules};
use crate::sample;

fn deciding(finding: &str, verdict: &str) -> Context {
    let line = json!({"finding": finding, "verdict": verdict, "by": "alice", "ts": "2026-08-02T09:00:00Z",
        "note": "as the customer told us"});
    let verdicts = Verdicts::parse("verdicts.jsonl", line.to_string().as_bytes()).unwrap();
    Context { verdicts: Arc::new(verdicts), ..sample::context() }
}

fn event(activity: Activity) -> Event {
    sample::event(Kind::Workload, Pattern::BenchmarkSweep, activity)
}

fn rendered(activity: Activity, context: &Context) -> Value {
    sample::json(&render(&event(activity), context))
}

fn uid() -> String {
    format!("{:032x}", event(Activity::Create).uid)
}

#[test]
fn every_verdict_is_told_by_id_and_caption_and_sets_the_status() {
    for (verdict, id, caption, open) in [
        ("true_positive", 2, "True Positive", 2),
        ("false_positive", 1, "False Positive", 3),
        ("benign", 5, "Benign", 3),
        ("duplicate", 10, "Duplicate", 3),
    ] {
        for activity in &sample::ACTIVITIES[1..] {
            let finding = rendered(*activity, &deciding(&uid(), verdict));
            assert_eq!((&finding["verdict_id"], &finding["verdict"]), (&json!(id), &json!(caption)));
            assert_eq!(finding["metadata"]["profiles"], json!(["incident"]));
            let status = if *activity == Activity::Update { open } else { 4 };
            assert_eq!(finding["status_id"], status, "{verdict} {activity:?}");
            assert_eq!(broken_rules(&finding), Vec::<String>::new());
            for name in finding.as_object().unwrap().keys() {
                assert!([TOP_LEVEL, OF_INCIDENTS].concat().contains(&name.as_str()), "{name}");
            }
        }
    }
}

#[test]
fn a_verdict_changes_nothing_else_and_nobody_s_words_come_along() {
    for activity in sample::ACTIVITIES {
        let plain = rendered(activity, &sample::context());
        let context = deciding(&uid(), "false_positive");
        let payload = String::from_utf8(render(&event(activity), &context).payload).unwrap();
        assert!(!payload.contains("alice") && !payload.contains("as the customer"), "{payload}");
        let mut told = rendered(activity, &context);
        for name in OF_INCIDENTS {
            told.as_object_mut().unwrap().remove(*name);
        }
        told["metadata"].as_object_mut().unwrap().remove("profiles");
        told["status_id"] = plain["status_id"].clone();
        assert_eq!(told, plain, "{activity:?}");
    }
}

#[test]
fn a_create_and_other_findings_tell_no_verdict() {
    let create = rendered(Activity::Create, &deciding(&uid(), "benign"));
    assert_eq!(create, rendered(Activity::Create, &sample::context()));
    let other = rendered(Activity::Update, &deciding(&uid().replace('0', "f"), "benign"));
    assert_eq!(other, rendered(Activity::Update, &sample::context()));
}

#[test]
fn the_rule_table_notices_a_verdict_out_of_the_profile() {
    let good = rendered(Activity::Update, &deciding(&uid(), "benign"));
    for (path, value) in [("/metadata/profiles", Value::Null), ("/verdict_id", json!(3)), ("/verdict", json!(""))] {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        assert!(!broken_rules(&bad).is_empty(), "{path}");
    }
    let mut idle = good;
    for name in OF_INCIDENTS {
        idle.as_object_mut().unwrap().remove(*name);
    }
    assert_eq!(broken_rules(&idle).len(), 1, "a profile without its attributes");
}

#[test]
fn an_explanation_names_the_verdict() {
    let text = explain(&render(&event(Activity::Update), &deciding(&uid(), "benign")).payload).unwrap();
    assert!(text.contains("suppressed") && text.contains("  verdict     Benign\n"), "{text}");
}
