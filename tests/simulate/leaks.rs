//! The audit: no field of a record tells attackers from their innocent twins.
//!
//! For each field, the area under the curve between the tenants of all families and those of the classes that
//! do the same work; 0.5 is blind. A tenant counts by its share of records that show the field, or by its
//! mean. A field over the limit is a leak, or is behaviour and stands in `BEHAVIOUR` with its reason.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stillwatch::simulate::{Label, Truth, simulate};

use super::{spec, value};

const LIMIT: f64 = 0.8;

/// Fields that may differ since the difference is what harvesting is. None does at present.
const BEHAVIOUR: [(&str, &str); 0] = [];

/// Families and the classes that do the same work for themselves.
const TWINS: [(&str, &[&str]); 14] = [
    ("reasoning_harvest", &["tutoring", "eval_suite", "benchmark_day"]),
    ("instruction_sweep", &["synthetic_data", "content_team"]),
    ("evolved_instructions", &["synthetic_data", "content_team"]),
    ("judge_farm", &["quality_monitor", "eval_suite"]),
    ("agent_trajectories", &["agent_product"]),
    ("code_harvest", &["coding_assistant", "ci_review"]),
    ("single_domain", &["domain_assistant"]),
    ("logit_extraction", &["logprob_classifier"]),
    ("classifier_distillation", &["academic_labelling", "bulk_classification"]),
    ("classifier_words", &["word_list_labelling"]),
    ("classifier_foreign_text", &["foreign_text_labelling"]),
    ("classifier_questions", &["question_labelling"]),
    ("replayed_reasoning", &["thread_resumption"]),
    ("relay", &["provider_router", "anonymous_widget", "shared_team_key"]),
];

/// What each look-alike that must stay within the budget is called here.
const LOOK_ALIKES: [(&str, &str); 18] = [
    ("nightly evaluation suite", "eval_suite"),
    ("new-model benchmark day", "benchmark_day"),
    ("own synthetic data", "synthetic_data"),
    ("CI review agents", "ci_review"),
    ("RAG or embedding backfill", "rag_backfill"),
    ("bulk translation", "translation_batch"),
    ("bulk classification", "bulk_classification"),
    ("support chatbot", "support_agent"),
    ("tutoring", "tutoring"),
    ("multi-provider router", "provider_router"),
    ("gateway in front of many users", "gateway"),
    ("shared team key", "shared_team_key"),
    ("quality-drift monitor", "quality_monitor"),
    ("academic labelling", "academic_labelling"),
    ("metadata-enrichment job", "metadata_enrichment"),
    ("log parsing", "log_parsing"),
    ("medical note coding", "medical_coding"),
    ("classifier that reads log-probabilities", "logprob_classifier"),
];

/// What one record adds to its tenant's fields.
fn fields(value: &Value) -> Vec<(&'static str, f64)> {
    let there = |v: &Value| f64::from(!v.is_null());
    let (params, usage, client) = (&value["params"], &value["usage"], &value["client"]);
    let agent = client["user_agent"].as_str().unwrap_or_default();
    let id = value["id"].as_str().unwrap_or_default();
    let stamp = value["ts"].is_i64();
    vec![
        ("v", there(&value["v"])),
        ("epoch time", f64::from(stamp)),
        ("account", there(&value["account"])),
        ("user", there(&value["user"])),
        ("session", there(&value["session"])),
        ("provider", there(&value["provider"])),
        ("messages", there(&value["messages"])),
        ("system", there(&value["system"])),
        ("response is a message", f64::from(value["response"].is_object())),
        ("reasoning text", there(&value["reasoning"])),
        ("tools", there(&value["tools"])),
        ("temperature", there(&params["temperature"])),
        ("top_p", there(&params["top_p"])),
        ("n", there(&params["n"])),
        ("max_tokens 1", f64::from(params["max_tokens"] == 1)),
        ("seed", there(&params["seed"])),
        ("logprobs", there(&params["logprobs"])),
        ("logit_bias", there(&params["logit_bias"])),
        ("response_format", there(&params["response_format"])),
        ("reasoning_effort", there(&params["reasoning_effort"])),
        ("stream", there(&params["stream"])),
        ("usage", there(usage)),
        ("reasoning tokens", there(&usage["reasoning_tokens"])),
        ("cached tokens", there(&usage["cached_tokens"])),
        ("input tokens", usage["input_tokens"].as_f64().unwrap_or_default()),
        ("output tokens", usage["output_tokens"].as_f64().unwrap_or_default()),
        ("client", there(client)),
        ("python agent", f64::from(agent.contains("python"))),
        ("browser agent", f64::from(agent.contains("Mozilla"))),
        ("country", f64::from(client["country"] == "CN")),
        ("status not 200", f64::from(value["status"] != 200)),
        ("refusal", there(&value["refusal"])),
        ("latency", value["latency_ms"].as_f64().unwrap_or_default()),
        ("id length", id.len() as f64),
        ("id starts with chat", f64::from(id.starts_with("chatcmpl"))),
    ]
}

/// A tenant's values by field.
#[derive(Default)]
struct Tenant {
    records: f64,
    sums: BTreeMap<&'static str, f64>,
    accounts: BTreeSet<String>,
    users: BTreeSet<String>,
    first: i64,
}

impl Tenant {
    fn values(&self, start: i64) -> BTreeMap<&'static str, f64> {
        let mut values: BTreeMap<_, _> = self.sums.iter().map(|(field, sum)| (*field, sum / self.records)).collect();
        values.insert("accounts", self.accounts.len() as f64);
        values.insert("users per record", self.users.len() as f64 / self.records);
        values.insert("first seen", (self.first - start) as f64);
        values
    }
}

/// Chance that an attacker's value is above an innocent's, ties counted half; 0.5 and more.
fn area(attackers: &[f64], innocents: &[f64]) -> f64 {
    let mut wins = 0.0;
    for a in attackers {
        for b in innocents {
            wins += if a > b { 1.0 } else { f64::from(a == b) / 2.0 };
        }
    }
    let area = wins / (attackers.len() * innocents.len()) as f64;
    area.max(1.0 - area)
}

#[test]
fn no_field_tells_attackers_from_their_innocent_twins() {
    let attacks: Vec<String> = TWINS.iter().map(|(family, _)| format!("{family}=14")).collect();
    let spec = spec(900, 1.0, &attacks.join(","), 61);
    let simulation = simulate(&spec);
    let labels: BTreeMap<String, Label> = simulation.labels().into_iter().map(|l| (l.tenant.clone(), l)).collect();
    let mut tenants: BTreeMap<String, Tenant> = BTreeMap::new();
    for record in simulation {
        let known = tenants.get(&record.tenant).map_or(0.0, |t| t.records);
        if known >= 200.0 {
            continue; // enough for a share
        }
        let value = value(&record);
        let tenant = tenants.entry(record.tenant).or_default();
        if known == 0.0 {
            tenant.first = record.ts.0;
        }
        tenant.records += 1.0;
        for (field, x) in fields(&value) {
            *tenant.sums.entry(field).or_default() += x;
        }
        tenant.accounts.extend(value["account"].as_str().map(str::to_owned));
        tenant.users.extend(value["user"].as_str().map(str::to_owned));
    }
    let twins: BTreeSet<&str> = TWINS.iter().flat_map(|(_, classes)| classes.iter().copied()).collect();
    let mut sides: BTreeMap<&'static str, [Vec<f64>; 2]> = BTreeMap::new();
    for (name, tenant) in &tenants {
        let label = &labels[name];
        let attack = label.label == Truth::Attack;
        if attack || twins.contains(label.class.as_str()) {
            for (field, x) in tenant.values(spec.start.0) {
                sides.entry(field).or_default()[usize::from(attack)].push(x);
            }
        }
    }
    let mut leaks = Vec::new();
    for (field, [innocents, attackers]) in &sides {
        assert!(attackers.len() > 120 && innocents.len() > 120, "{} and {}", attackers.len(), innocents.len());
        let area = area(attackers, innocents);
        if area > LIMIT && !BEHAVIOUR.iter().any(|(known, _)| known == field) {
            leaks.push(format!("{field}: {area:.2}"));
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn every_look_alike_is_there() {
    let labels = simulate(&spec(3_000, 0.1, "none", 62)).labels();
    let classes: BTreeSet<&str> = labels.iter().map(|l| l.class.as_str()).collect();
    let twins = TWINS.iter().flat_map(|(_, classes)| classes.iter().copied());
    for class in LOOK_ALIKES.iter().map(|(_, class)| *class).chain(twins) {
        assert!(classes.contains(class), "{class} is not among {classes:?}");
    }
}
