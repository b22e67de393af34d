//! Text that is read from a folder: both sides speak with every source.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stillwatch::simulate::{Corpora, Label, Plan, Truth, simulate_plan};

use super::{spec, value};

/// Three tiny sources, each with a word that no other text has.
fn tiny_corpora() -> Arc<Corpora> {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, word) in [("alder", "zqalder"), ("birch", "zqbirch"), ("clover", "zqclover")] {
        let row = |i: usize| {
            let response = if name == "birch" {
                "label_one".to_owned()
            } else {
                format!("The {word} of case {i} is in order. It was measured twice, and both agreed.")
            };
            serde_json::json!({"prompt": format!("Tell me about {word} number {i}, please."), "response": response,
                "conv": (name == "clover").then_some(i / 3), "turn": i % 3})
        };
        let rows: String = (0..300).flat_map(|i| [row(i).to_string(), "\n".to_owned()]).collect();
        let packed = zstd::encode_all(rows.as_bytes(), 1).expect("packed");
        std::fs::write(dir.path().join(format!("{name}.jsonl.zst")), packed).expect("written");
    }
    Arc::new(Corpora::read(dir.path(), &[], &[]).expect("read"))
}

#[test]
fn every_source_serves_both_sides_and_labels_name_it() {
    let attacks = "instruction_sweep=12,reasoning_harvest=12,judge_farm=12,relay=12@20%,classifier_distillation=12";
    let plan = Plan { corpora: tiny_corpora(), ..Plan::from(spec(200, 1.0, attacks, 31)) };
    let simulation = simulate_plan(&plan);
    let labels: BTreeMap<String, Label> = simulation.labels().into_iter().map(|l| (l.tenant.clone(), l)).collect();
    let mut sides: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
    for label in labels.values() {
        sides.entry(label.corpus.clone()).or_default().insert(label.label == Truth::Attack);
    }
    assert_eq!(sides.keys().collect::<Vec<_>>(), ["alder", "birch", "clover"]);
    assert!(sides.values().all(|s| s.len() == 2), "{sides:?}");
    let (mut spoken, mut records) = (0, 0);
    for record in simulation.filter(|r| r.harvested).take(2_000) {
        let word = format!("zq{}", labels[&record.tenant].corpus);
        let others = ["zqalder", "zqbirch", "zqclover"].into_iter().filter(|w| *w != word);
        // A tenant's second harvest may read another source; a diluted harvest is one.
        if labels[&record.tenant].share.is_some_and(|s| s < 1.0) {
            others.for_each(|other| assert!(!record.line.contains(other), "{other} in {}", record.line));
        }
        let said = value(&record);
        if said["response"].is_string() || said["messages"].is_array() || said["prompt"].is_string() {
            records += 1;
            spoken += u32::from(record.line.contains("zq"));
        }
    }
    assert!(spoken * 10 > records * 9, "{spoken} of {records} speak in a source's words");
    assert_eq!(
        simulate_plan(&plan).take(500).map(|r| r.line).collect::<Vec<_>>(),
        simulate_plan(&plan).take(500).map(|r| r.line).collect::<Vec<_>>()
    );
}

#[test]
fn what_is_never_asked_twice_stays_so_beyond_the_end_of_a_source() {
    let plan = Plan { corpora: tiny_corpora(), ..Plan::from(spec(0, 3.0, "instruction_sweep=12", 32)) };
    let mut prompts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in simulate_plan(&plan).filter(|record| record.harvested) {
        let value = value(&record);
        let last = value["messages"].as_array().and_then(|m| m.iter().rfind(|m| m["role"] == "user"));
        if let Some(prompt) = value["prompt"].as_str().or_else(|| last?["content"].as_str()) {
            prompts.entry(record.tenant).or_default().push(prompt.to_owned());
        }
    }
    let long = prompts.values().filter(|p| p.len() > 400).count();
    assert!(long > 0, "some harvest is longer than a source");
    for prompts in prompts.values() {
        let distinct: BTreeSet<&String> = prompts.iter().collect();
        assert!(distinct.len() * 100 >= prompts.len() * 80, "{} of {}", distinct.len(), prompts.len());
    }
}

#[test]
fn randomised_text_is_new_and_has_the_same_structure() {
    for corpora in [Arc::default(), tiny_corpora()] {
        let plain = Plan { corpora, ..Plan::from(spec(60, 1.0, "default", 33)) };
        let other = Plan { randomise: true, ..plain.clone() };
        let contents = |plan: &Plan| -> Vec<(String, Option<String>)> {
            simulate_plan(plan).map(|r| (r.id.clone(), value(&r)["response"].as_str().map(str::to_owned))).collect()
        };
        let (plain, other) = (contents(&plain), contents(&other));
        assert_eq!(plain.len(), other.len());
        let (mut changed, mut spoken) = (0, 0);
        // What was said twice is said twice again, and what was not is not.
        let mut stands_for: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for ((id, a), (same, b)) in plain.into_iter().zip(other) {
            assert_eq!(id, same);
            let (Some(a), Some(b)) = (a, b) else { continue };
            if a.len() > 80 {
                spoken += 1;
                changed += u32::from(a != b);
            }
            stands_for.entry(a).or_default().insert(b);
        }
        assert!(changed * 100 >= spoken * 99, "{changed} of {spoken}");
        let one = stands_for.values().filter(|b| b.len() == 1).count();
        assert!(one * 100 >= stands_for.len() * 90, "{one} of {}", stands_for.len());
    }
}
