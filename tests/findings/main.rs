//! The wire format of findings: the published field rules, our own part, `CloudEvents`, golden files.
//!
//! Rules marked `ce:` come from `CloudEvents` 1.0 (spec.md, kafka-protocol-binding.md); those of OCSF
//! are in `rules`.
#![expect(clippy::unwrap_used, reason = "tests")]

mod any;
mod golden;
mod known;
mod rules;
mod sample;
mod verdicts;

use serde_json::Value;
use stillwatch::finding::render::{Context, render};
use stillwatch::finding::{Activity, CloseReason, Kind, Pattern};

use crate::rules::{TOP_LEVEL, broken_rules};
use crate::sample::{context, event, every_event, json};

#[test]
fn every_event_obeys_the_published_rules() {
    for event in every_event() {
        let finding = json(&render(&event, &context()));
        assert_eq!(broken_rules(&finding), Vec::<String>::new(), "{event:?}");
        for name in finding.as_object().unwrap().keys() {
            assert!(TOP_LEVEL.contains(&name.as_str()), "`{name}` is not an attribute of the class");
        }
    }
}

#[test]
fn the_rule_table_notices_what_is_wrong() {
    let good = json(&render(&event(Kind::Workload, Pattern::Relay, Activity::Create), &context()));
    let faults: [(&str, Value); 8] = [
        ("/type_uid", 200_499.into()),
        ("/time", "2026-07-24T09:13:55Z".into()),
        ("/count", 4_000_000_000_u64.into()),
        ("/severity_id", 0.into()),
        ("/finding_info/attacks", Value::Array(vec![])),
        ("/evidences/0", serde_json::json!({"name": "exchanges"})),
        ("/anomaly_analyses/0/anomalies/0/observations/0/value", 0.97.into()),
        ("/finding_info/uid", Value::Null),
    ];
    for (path, value) in faults {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        assert!(!broken_rules(&bad).is_empty(), "{path}");
    }
}

#[test]
fn ids_activity_and_status_agree() {
    for event in every_event() {
        let rendered = render(&event, &context());
        let finding = json(&rendered);
        let number = |path: &str| finding.pointer(path).unwrap().as_i64().unwrap();
        assert_eq!(number("/type_uid"), number("/class_uid") * 100 + number("/activity_id"));
        let expected = match event.activity {
            Activity::Create => (1, 1),
            Activity::Update => (2, 2),
            Activity::Close(_) => (3, 4),
        };
        assert_eq!((number("/activity_id"), number("/status_id")), expected);
        assert_eq!(finding["is_alert"], event.activity == Activity::Create);
        assert_eq!(finding["finding_info"]["uid"], rendered.key.as_str());
        assert_eq!(rendered.key.len(), 32);
        assert_eq!(finding["metadata"]["uid"], format!("{}-{}", rendered.key, event.revision));
        assert_eq!(finding["evidences"][0]["data"], finding["unmapped"]["stillwatch"]["refs"][0]);
        assert!(number("/start_time") <= number("/end_time"));
        assert_eq!(number("/time"), event.time.0);
        assert_eq!(number("/finding_info/created_time"), event.opened.0);
    }
}

#[test]
fn a_close_says_why_and_nothing_else_does() {
    for event in every_event() {
        let finding = json(&render(&event, &context()));
        let why = match event.activity {
            Activity::Close(reason) => Value::from(reason.label()),
            Activity::Create | Activity::Update => Value::Null,
        };
        assert_eq!(finding["status_detail"], why);
        assert_eq!(finding["unmapped"]["stillwatch"]["close_reason"], why);
    }
}

#[test]
fn without_calibration_no_budget_is_claimed() {
    let event = event(Kind::Workload, Pattern::ReasoningHarvest, Activity::Create);
    let budget = |context: &Context| json(&render(&event, context))["unmapped"]["stillwatch"]["budget"].clone();
    let bare = serde_json::json!({"per_1000_tenant_months": null, "p_value": 0.0004, "status": "uncalibrated"});
    assert_eq!(budget(&context()), bare);
    assert_eq!(budget(&Context { budget: Some(3.0), ..context() }), bare, "a budget counts only with a calibration");
    let calibrated = Context { calibrated: true, budget: Some(3.0), ..context() };
    let held = serde_json::json!({"per_1000_tenant_months": 3.0, "p_value": 0.0004, "status": "calibrated"});
    assert_eq!(budget(&calibrated), held);
}

#[test]
fn attacks_are_the_techniques_of_the_pattern() {
    for pattern in Pattern::ALL {
        let finding = json(&render(&event(Kind::Tenant, pattern, Activity::Create), &context()));
        let attacks = finding["finding_info"]["attacks"].as_array().unwrap();
        let ids: Vec<&str> = attacks
            .iter()
            .map(|attack| {
                attack.pointer("/sub_technique/uid").or(attack.pointer("/technique/uid")).unwrap().as_str().unwrap()
            })
            .collect();
        for attack in attacks {
            let parent = attack["technique"]["uid"].as_str().unwrap();
            if let Some(sub) = attack.pointer("/sub_technique/uid") {
                assert!(sub.as_str().unwrap().starts_with(parent));
            }
        }
        let expected: &[&str] = match pattern {
            Pattern::Relay => &["AML.T0008.005", "AML.T0040"],
            Pattern::Unknown => &["AML.T0040"],
            Pattern::LogitExtraction | Pattern::ReplayedReasoning => &["AML.T0024.002", "AML.T0040"],
            _ => &["AML.T0024.002", "AML.T0005.001", "AML.T0040"],
        };
        assert_eq!(ids, expected, "{pattern:?}");
    }
}

#[test]
fn headers_are_cloudevents_in_binary_mode() {
    for event in every_event() {
        let rendered = render(&event, &context());
        let finding = json(&rendered);
        let names: Vec<&str> = rendered.headers.iter().map(|(name, _)| name.as_str()).collect();
        // ce: kafka-protocol-binding.md 3.2: attributes are `ce_` headers, content-type is datacontenttype
        let expected = ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type"];
        assert_eq!(names, expected);
        let header = |wanted: &str| rendered.headers.iter().find(|(name, _)| name == wanted).unwrap().1.as_str();
        // ce: spec.md, required: id, source, specversion, type, all non-empty
        assert!(rendered.headers.iter().all(|(_, value)| !value.is_empty()));
        assert_eq!(header("ce_specversion"), "1.0");
        assert_eq!(header("ce_id"), finding["metadata"]["uid"]);
        assert_eq!(header("ce_source"), "/stillwatch/llm.exchanges/3");
        let activity = match event.activity {
            Activity::Create => "created",
            Activity::Update => "updated",
            Activity::Close(_) => "closed",
        };
        assert_eq!(header("ce_type"), format!("stillwatch.finding.{activity}"));
        assert_eq!(header("ce_subject"), finding["metadata"]["tenant_uid"]);
        assert_eq!(header("content-type"), "application/json");
        assert!(is_rfc3339(header("ce_time")), "{}", header("ce_time"));
    }
}

/// ce: spec.md, Timestamp: RFC 3339, here always with milliseconds and `Z`.
fn is_rfc3339(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(c, f)| if f == 'd' { c.is_ascii_digit() } else { c == f })
}

#[test]
fn severity_follows_the_harvest_and_risk_the_confidence() {
    let graded = |exchanges: u64, p_value: f32, pattern: Pattern| {
        let mut event = event(Kind::Workload, pattern, Activity::Create);
        event.alarm.exchanges = exchanges;
        event.alarm.p_value = p_value;
        let finding = json(&render(&event, &context()));
        ["severity_id", "confidence_id", "confidence_score", "risk_score"].map(|name| finding[name].as_i64().unwrap())
    };
    assert_eq!(graded(40, 0.000_4, Pattern::ReasoningHarvest), [3, 2, 98, 49]);
    assert_eq!(graded(250, 0.000_4, Pattern::ReasoningHarvest), [4, 2, 98, 73]);
    assert_eq!(graded(17_000, 0.000_4, Pattern::ReasoningHarvest), [5, 2, 98, 98]);
    assert_eq!(graded(40, 0.25, Pattern::Unknown), [1, 1, 75, 7]);
}

#[test]
fn the_order_of_fields_does_not_change() {
    let rendered =
        render(&event(Kind::Workload, Pattern::ReasoningHarvest, Activity::Close(CloseReason::Calm)), &context());
    let text = String::from_utf8(rendered.payload).unwrap();
    let mut at = 0;
    for name in TOP_LEVEL {
        let found = text.find(&format!("\"{name}\":")).unwrap();
        assert!(at < found, "{name}");
        at = found;
    }
}

#[test]
fn reasons_beyond_five_are_left_out() {
    let mut event = event(Kind::Workload, Pattern::Unknown, Activity::Create);
    event.alarm.reasons = vec![event.alarm.reasons[0]; 9];
    let finding = json(&render(&event, &context()));
    assert_eq!(finding["anomaly_analyses"].as_array().unwrap().len(), 5);
    assert_eq!(finding["unmapped"]["stillwatch"]["reasons"].as_array().unwrap().len(), 5);
}
