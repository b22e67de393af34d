//! Every evasion does what its name says, and says so in the label.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stillwatch::simulate::{Evasion, Label, SimRecord, Truth, simulate};

use super::{spec, value};

/// Harvested records of three tenants, and their labels.
fn harvest(evasion: &str) -> (Vec<SimRecord>, Vec<Label>) {
    let attacks = format!("instruction_sweep=2@30%+own{evasion},judge_farm=1@30%+own{evasion}");
    let simulation = simulate(&spec(0, 3.0, &attacks, 41));
    let labels = simulation.labels().into_iter().filter(|l| l.label == Truth::Attack).collect();
    (simulation.filter(|r| r.harvested).collect(), labels)
}

fn prompt(record: &SimRecord) -> String {
    let value = value(record);
    let last = value["messages"].as_array().and_then(|m| m.iter().rfind(|m| m["role"] == "user"));
    let last = last.and_then(|m| m["content"].as_str());
    value["prompt"].as_str().or(last).unwrap_or_default().to_owned()
}

/// Distinct values of a field among a harvest's records, over their number.
fn distinct(records: &[SimRecord], key: &str) -> f64 {
    let values: BTreeSet<String> = records.iter().map(|r| value(r)[key].to_string()).collect();
    values.len() as f64 / records.len() as f64
}

#[test]
fn labels_name_the_evasion() {
    for evasion in Evasion::ALL {
        let attacks = format!("relay=1@20%+{}", evasion.name());
        let labels = simulate(&spec(0, 1.0, &attacks, 42)).labels();
        assert_eq!(labels.len(), 3, "an attacker, its control and its twin");
        assert!(labels.iter().all(|l| l.evasion.as_deref() == Some(evasion.name())), "{labels:?}");
    }
    assert!(simulate(&spec(5, 1.0, "relay=1", 42)).labels().iter().all(|l| l.evasion.is_none()));
}

#[test]
fn requests_hide_their_words() {
    let (plain, _) = harvest("");
    let asks = ["the", "and", "Write", "answer", "judge"];
    let readable = |records: &[SimRecord]| {
        let said: Vec<String> = records.iter().map(prompt).filter(|p| !p.is_empty()).collect();
        let words = |p: &&String| p.split_whitespace().filter(|w| asks.contains(w)).count() >= 2;
        said.iter().filter(words).count() as f64 / said.len().max(1) as f64
    };
    let usual = readable(&plain);
    for evasion in ["+translation", "+script", "+base64+frameless"] {
        let (records, _) = harvest(evasion);
        assert!(readable(&records) < 0.3 * usual, "{evasion}: {} of {usual}", readable(&records));
    }
    let frames = |records: &[SimRecord]| {
        let heads = records.iter().map(|r| prompt(r).chars().take(25).collect::<String>());
        heads.collect::<BTreeSet<_>>().len() as f64 / records.len() as f64
    };
    let farm = |evasion: &str| {
        let simulation = simulate(&spec(0, 3.0, &format!("judge_farm=1@30%+own{evasion}"), 43));
        simulation.filter(|r| r.harvested).collect::<Vec<_>>()
    };
    assert!(frames(&farm("+paraphrase")) > 3.0 * frames(&farm("")), "paraphrases begin in many ways");
    let system = |r: &&SimRecord| value(r)["system"].is_string() || value(r)["messages"][0]["role"] == "system";
    assert_eq!(harvest("+frameless").0.iter().filter(system).count(), 0);
}

#[test]
fn identities_hide() {
    let (records, _) = harvest("+rotate-ids");
    assert!(distinct(&records, "user") > 0.95 && distinct(&records, "session") > 0.95);
    let (records, _) = harvest("+no-metadata");
    let bare = |v: &Value| v["client"].is_null() && v["user"].is_null() && v["session"].is_null();
    assert!(records.iter().all(|r| bare(&value(r))));
    let (records, labels) = harvest("+split");
    let accounts = |records: &[SimRecord], tenant: &str| {
        let own = records.iter().filter(|r| r.tenant == tenant);
        own.map(|r| value(r)["account"].to_string()).collect::<Vec<_>>()
    };
    for label in &labels {
        let all: BTreeSet<String> = accounts(&records, &label.tenant).into_iter().collect();
        assert!(all.len() > 3 && label.accounts >= 7, "{label:?}: {all:?}");
    }
    let many = simulate(&spec(0, 0.1, "relay=24+split", 43)).labels().into_iter().filter(|l| l.label == Truth::Attack);
    let sizes: BTreeSet<usize> = many.map(|label| label.accounts).collect();
    assert_eq!(sizes, BTreeSet::from([6, 12, 30, 100]));
    let (records, labels) = harvest("+replace");
    for label in &labels {
        let mut changes = accounts(&records, &label.tenant);
        changes.dedup();
        let all: BTreeSet<&String> = changes.iter().collect();
        assert_eq!(changes.len(), all.len(), "none comes back");
    }
}

#[test]
fn a_stolen_key_is_used_from_elsewhere() {
    let simulation = simulate(&spec(0, 2.0, "code_harvest=4@20%+stolen", 44));
    let mut places: BTreeMap<String, [BTreeSet<String>; 2]> = BTreeMap::new();
    for record in simulation {
        let place = value(&record)["client"]["tls"].to_string();
        places.entry(record.tenant).or_default()[usize::from(record.harvested)].insert(place);
    }
    let stolen: Vec<_> = places.values().filter(|[_, theirs]| !theirs.is_empty()).collect();
    assert_eq!(stolen.len(), 4);
    assert!(stolen.iter().all(|[ours, theirs]| theirs.len() == 1 && ours.is_disjoint(theirs)));
}

#[test]
fn harvests_grow_and_talk() {
    for evasion in ["+ramp", "+drift"] {
        let simulation = simulate(&spec(0, 20.0, &format!("code_harvest=8@20%+own{evasion}"), 45));
        let spans: BTreeMap<String, Label> = simulation.labels().into_iter().map(|l| (l.tenant.clone(), l)).collect();
        let (mut early, mut all) = (0, 0);
        for record in simulation.filter(|r| r.harvested) {
            let moment = |t: &Option<String>| {
                stillwatch::record::time::parse_rfc3339(t.as_deref().expect("a span")).expect("a time").0
            };
            let label = &spans[&record.tenant];
            let (begin, end) = (moment(&label.begin), moment(&label.end));
            early += usize::from(record.ts.0 < begin + (end - begin) / 3);
            all += 1;
        }
        assert!(early * 4 < all, "{evasion}: {early} of {all} in the first third");
    }
    let (records, _) = harvest("+multi-turn");
    let talks: BTreeSet<String> = records.iter().map(|r| value(r)["session"].to_string()).collect();
    assert!(talks.len() * 2 < records.len(), "{} sessions of {} requests", talks.len(), records.len());
}

#[test]
fn probes_come_in_longer_and_longer_bursts() {
    let simulation = simulate(&spec(0, 24.0, "code_harvest=4@20%+own+probe", 47));
    let mut times: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for record in simulation.filter(|r| r.harvested) {
        times.entry(record.tenant).or_default().push(record.ts.0);
    }
    assert_eq!(times.len(), 4);
    let (mut early, mut late) = (0, 0);
    for (tenant, times) in &times {
        let (first, last) = (times[0], times[times.len() - 1]);
        let so_far = |ts: i64| (ts - first) as f64 / (last - first) as f64;
        early += times.iter().filter(|ts| so_far(**ts) < 0.4).count();
        late += times.iter().filter(|ts| so_far(**ts) >= 0.6).count();
        let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        assert!(longest as f64 > 0.05 * (last - first) as f64, "{tenant} rests");
    }
    assert!(4 * early < 3 * late, "{early} in the first two fifths, {late} in the last");
}

#[test]
fn answers_are_taken_through_a_tool_as_customers_take_records() {
    let calls = |record: &SimRecord| {
        let value = value(record);
        value["finish"] == "tool_calls" && value["tools"].as_array().is_some_and(|tools| !tools.is_empty())
    };
    let (records, _) = harvest("+tools");
    let called = records.iter().filter(|r| calls(r)).count();
    assert!(called * 10 > records.len() * 9, "{called} of {}", records.len());
    let given =
        records.iter().filter(|r| calls(r)).map(value).filter_map(|v| v["response"].as_str().map(str::to_owned));
    for arguments in given {
        let arguments: Value = serde_json::from_str(&arguments).expect("arguments are JSON");
        assert!(arguments["answer"].is_string());
    }
    let customers = simulate(&spec(300, 1.0, "none", 48));
    let tenants: BTreeSet<String> = customers.filter(calls).map(|r| r.tenant).collect();
    assert!(tenants.len() > 15, "{} customers of 300", tenants.len());
}

#[test]
fn distractions_are_no_harvest_and_in_its_account() {
    let simulation = simulate(&spec(0, 3.0, "judge_farm=3@20%+own+decoys+chaff", 46));
    let labels: BTreeMap<String, Label> = simulation.labels().into_iter().map(|l| (l.tenant.clone(), l)).collect();
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for record in simulation {
        let account = labels[&record.tenant].account.clone();
        if account.is_some() && value(&record)["account"].as_str() == account.as_deref() {
            let count = counts.entry(record.tenant).or_default();
            count.0 += usize::from(record.harvested);
            count.1 += usize::from(!record.harvested);
        }
    }
    assert_eq!(counts.len(), 3);
    let (harvested, beside) = counts.values().fold((0, 0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
    assert!(beside * 3 > harvested && beside < harvested * 3, "{beside} beside {harvested}");
}
