//! What the provider knows of a tenant: it sets words and severity, raises policy findings, and hides nothing.

use std::sync::Arc;

use serde_json::{Value, json};
use stillwatch::finding::explain::explain;
use stillwatch::finding::render::{Context, render};
use stillwatch::finding::{Activity, Event, Kind, Pattern};
use stillwatch::knowledge::{Breaches, Knowledge};

use crate::rules::broken_rules;
use crate::sample;

fn knowing(line: &Value) -> Context {
    let knowledge = Knowledge::parse("tenants.jsonl", line.to_string().as_bytes()).unwrap();
    Context { knowledge: Arc::new(knowledge), ..sample::context() }
}

fn event() -> Event {
    sample::event(Kind::Workload, Pattern::BenchmarkSweep, Activity::Create)
}

fn rendered(event: &Event, context: &Context) -> Value {
    sample::json(&render(event, context))
}

#[test]
fn a_declared_use_lowers_the_severity_and_is_named_and_changes_nothing_that_was_seen() {
    let plain = rendered(&event(), &sample::context());
    let declared = json!({"tenant": "acme", "declared": ["evaluation", "synthetic_data"], "created": "2026-07-24",
        "plan_tokens_per_month": 1_000_000_000});
    let lowered = rendered(&event(), &knowing(&declared));
    assert_eq!((plain["severity_id"].as_i64(), lowered["severity_id"].as_i64()), (Some(4), Some(3)));
    assert!(lowered["risk_score"].as_i64() < plain["risk_score"].as_i64());
    for path in ["/message", "/finding_info/desc", "/unmapped/stillwatch/benign_reading"] {
        let text = lowered.pointer(path).and_then(Value::as_str).unwrap();
        assert!(text.contains("has declared evaluation and synthetic data"), "{path}: {text}");
    }
    let desc = lowered["finding_info"]["desc"].as_str().unwrap();
    assert!(desc.ends_with("The account was 9 days old. Its plan allows 1,000,000,000 tokens a month."), "{desc}");
    let ours = &lowered["unmapped"]["stillwatch"];
    assert_eq!(ours["declared"], json!(["evaluation", "synthetic_data"]));
    for field in ["evidence", "threshold", "score", "exchanges", "pattern", "reasons", "budget", "refs"] {
        assert_eq!(ours[field], plain["unmapped"]["stillwatch"][field], "{field}");
    }
    assert_eq!(broken_rules(&lowered), Vec::<String>::new());

    let both = json!({"tenant": "acme", "declared": ["evaluation"], "distillation_allowed": true});
    let both = rendered(&event(), &knowing(&both));
    assert_eq!((both["severity_id"].as_i64(), &both["is_alert"]), (Some(2), &json!(true)));
    assert!(both["message"].as_str().unwrap().contains("its contract allows distillation"));
    assert_eq!(rendered(&event(), &knowing(&json!({"tenant": "another"}))), plain);
}

#[test]
fn severity_ends_at_informational() {
    let mut weak = event();
    (weak.alarm.pattern, weak.alarm.exchanges, weak.alarm.p_value) = (Pattern::Unknown, 9, 0.4);
    let both = json!({"tenant": "acme", "declared": ["evaluation"], "distillation_allowed": true});
    assert_eq!(rendered(&weak, &knowing(&both))["severity_id"], 1);
}

#[test]
fn a_policy_finding_says_what_is_broken_and_claims_no_evidence() {
    let known = json!({"tenant": "acme", "country": "CN", "owner_country": "KP", "segment": "startup"});
    let context = Context { calibrated: true, budget: Some(1.0), ..knowing(&known) };
    for (breaches, severity, name) in [
        (Breaches::REGION.and(Breaches::OWNER), 3, "policy: unsupported region"),
        (Breaches::OWNER, 3, "policy: excluded owner"),
        (Breaches::UNDECLARED_RESELLER, 2, "policy: undeclared reseller"),
        (Breaches::RESELLER, 1, "policy: reseller"),
    ] {
        for activity in sample::ACTIVITIES {
            let mut event = Event { breaches, ..sample::event(Kind::Tenant, Pattern::Unknown, activity) };
            event.alarm.reasons.clear();
            let finding = rendered(&event, &context);
            let mut broken = broken_rules(&finding);
            // without reasons the lists of reasons are empty, and only they
            broken.retain(|rule| !rule.contains("anomaly_analyses") && !rule.contains("/reasons/"));
            assert_eq!(broken, Vec::<String>::new());
            assert_eq!(finding["severity_id"], severity);
            assert_eq!(finding["finding_info"]["analytic"]["name"], name);
            let desc = finding["finding_info"]["desc"].as_str().unwrap();
            assert!(desc.contains("On record: country CN, owner's country KP, segment startup."), "{desc}");
            let ours = &finding["unmapped"]["stillwatch"];
            assert_eq!((ours["kind"].as_str(), ours["policy"][0].as_str()), (Some("tenant"), Some(name)));
            assert_eq!(ours["budget"]["status"], "not_applicable");
            assert_eq!(ours["budget"]["per_1000_tenant_months"], Value::Null);
            let text = explain(&render(&event, &context).payload).unwrap();
            assert!(text.contains(name) && text.contains("none is claimed"), "{text}");
        }
    }
    let two = Event { breaches: Breaches::REGION.and(Breaches::OWNER), ..event() };
    let names = &rendered(&two, &context)["unmapped"]["stillwatch"]["policy"];
    assert_eq!(*names, json!(["policy: unsupported region", "policy: excluded owner"]));
}
