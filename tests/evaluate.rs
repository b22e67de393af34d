//! What `stillwatch evaluate` promises: the same bytes from the same log, tables that agree with one
//! another and with `replay`, every baseline, and nobody's name or text.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use stillwatch::simulate::{Spec, Truth, simulate};
use stillwatch::units::Millis;

const BASELINES: [&str; 8] =
    ["model", "volume", "token product", "phrases", "fixed prefix", "PRADA", "kernel test", "surface only"];

/// A day of 60 tenants on disk, and what is known of it.
struct Log {
    folder: tempfile::TempDir,
    /// Tenant -> (harvests, exchanges).
    tenants: BTreeMap<String, (bool, u64)>,
    /// Some of the texts.
    prompts: Vec<String>,
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let attacks = "reasoning_harvest=6,logit_extraction=5,judge_farm=3@10%,relay=3@20%+own".parse().unwrap();
        let spec = Spec { tenants: 60, days: 1.0, attacks, seed: 31, start: Millis(1_791_158_400_000) };
        let folder = tempfile::tempdir().unwrap();
        let labels = simulate(&spec).labels();
        let mut tenants: BTreeMap<String, (bool, u64)> =
            labels.iter().map(|label| (label.tenant.clone(), (label.label == Truth::Attack, 0))).collect();
        let lines: Vec<String> = labels.iter().map(|label| serde_json::to_string(label).unwrap()).collect();
        std::fs::write(folder.path().join("labels.jsonl"), lines.join("\n")).unwrap();
        let (mut log, mut ids, mut prompts) = (String::new(), String::new(), Vec::new());
        for record in simulate(&spec) {
            tenants.get_mut(&record.tenant).unwrap().1 += 1;
            let value: Value = serde_json::from_str(&record.line).unwrap();
            prompts.extend(value["prompt"].as_str().map(str::to_owned));
            log += &record.line;
            log += "\n";
            if record.harvested {
                ids += &record.id;
                ids += "\n";
            }
        }
        std::fs::write(folder.path().join("log.jsonl"), log).unwrap();
        std::fs::write(folder.path().join("harvested.txt"), ids).unwrap();
        Log { folder, tenants, prompts }
    })
}

fn stillwatch(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stillwatch")).args(arguments).output().unwrap()
}

fn path(name: &str) -> String {
    log().folder.path().join(name).display().to_string()
}

/// Evaluates the log; what is on stdout.
fn evaluate(more: &[&str]) -> String {
    let (log, labels, ids) = (path("log.jsonl"), path("labels.jsonl"), path("harvested.txt"));
    let mut arguments = vec!["evaluate", &log, "--labels", &labels, "--harvest-ids", &ids, "--bootstrap", "50"];
    arguments.extend(more);
    let output = stillwatch(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn tables() -> &'static Value {
    static TABLES: OnceLock<Value> = OnceLock::new();
    TABLES
        .get_or_init(|| serde_json::from_str(&evaluate(&["--json", "--model", "fixtures/models/eager.json"])).unwrap())
}

fn rows<'v>(tables: &'v Value, table: &str) -> &'v Vec<Value> {
    tables[table].as_array().unwrap()
}

fn sum(rows: &[&Value], column: &str) -> u64 {
    rows.iter().map(|row| row[column].as_u64().unwrap()).sum()
}

#[test]
fn same_log_same_bytes_whatever_the_threads() {
    let run = |threads: &str, name: &str| {
        let (json, html) = (path(&format!("{name}.json")), path(&format!("{name}.html")));
        let text = evaluate(&["--threads", threads, "--out", &json, "--report", &html]);
        [text, std::fs::read_to_string(json).unwrap(), std::fs::read_to_string(html).unwrap()]
    };
    let one = run("1", "one");
    assert!(one == run("3", "three"));
    let stdout: Value = serde_json::from_str(&evaluate(&["--json"])).unwrap();
    assert_eq!(stdout, serde_json::from_str::<Value>(&one[1]).unwrap());
}

#[test]
fn every_baseline_is_in_every_form() {
    let text = evaluate(&["--model", "fixtures/models/eager.json"]);
    let names: Vec<&str> = rows(tables(), "detectors").iter().map(|row| row["detector"].as_str().unwrap()).collect();
    assert_eq!(names, BASELINES);
    for row in rows(tables(), "detectors") {
        let name = row["detector"].as_str().unwrap();
        // the first table: name, threshold, found of pure
        let table = text.lines().skip_while(|line| *line != "Model and baselines");
        let line = table.into_iter().find(|line| line.trim_start().starts_with(name)).unwrap();
        let [pure, found] = [&row["pure"][0], &row["pure"][1]];
        assert!(line.contains(&format!("{found}/{pure}")), "{line} of {row}");
    }
    assert!(rows(tables(), "leaks").iter().any(|row| row["family"] == "reasoning_harvest"));
    assert_eq!(rows(tables(), "thirds").len(), 3);
    assert!(rows(tables(), "audit").iter().any(|row| row["name"] == "latency" && row["pure"].is_number()));
    assert!(rows(tables(), "audit").iter().any(|row| row["name"] == "slot_novelty" && row["pure"].is_number()));
}

#[test]
fn tables_add_up() {
    let attackers = tables()["attackers"].as_u64().unwrap();
    let (all, families): (Vec<&Value>, Vec<&Value>) =
        rows(tables(), "attacks").iter().partition(|row| row["family"] == "all");
    for rows in [&all, &families] {
        assert_eq!(sum(rows, "tenants"), attackers);
    }
    assert_eq!(sum(&all, "found"), sum(&families, "found"));
    assert_eq!(sum(&rows(tables(), "attack_tiers").iter().collect::<Vec<_>>(), "tenants"), attackers);
    for row in rows(tables(), "attacks") {
        assert!(row["found"].as_u64() <= row["tenants"].as_u64(), "{row}");
        if let Some(recall) = row["recall"].as_object() {
            let [low, value, high] = ["low", "value", "high"].map(|end| recall[end].as_f64().unwrap());
            assert!(low <= value && value <= high, "{row}");
        }
        // of three tenants or more something is said, of fewer nothing
        assert_eq!(row["recall"].is_null(), row["tenants"].as_u64() < Some(3), "{row}");
    }
    let state = &tables()["state_bytes"];
    let [mean, median, p90, most] =
        ["/mean", "/spread/median", "/spread/p90", "/most"].map(|at| state.pointer(at).unwrap());
    assert!(
        Some(1_000) < mean.as_u64() && mean.as_u64() < most.as_u64() && most.as_u64() <= Some(24 * 1_024),
        "{state}"
    );
    assert!(median.as_u64() <= p90.as_u64() && p90.as_u64() <= most.as_u64(), "{state}");
    let is_twin = |row: &&Value| row["class"].as_str().unwrap().contains("twin");
    let (twins, customers): (Vec<&Value>, Vec<&Value>) = rows(tables(), "classes").iter().partition(is_twin);
    let (all, classes) = customers.split_at(1);
    let (all_twins, kinds) = twins.split_at(1);
    assert!(all[0]["class"] == "all" && all_twins[0]["class"] == "all twins");
    let thirds: Vec<&Value> = rows(tables(), "thirds").iter().collect();
    let tiers: Vec<&Value> = rows(tables(), "calm_tiers").iter().collect();
    for column in ["tenants", "false_findings"] {
        let total = sum(all, column);
        assert_eq!(sum(all_twins, column), sum(kinds, column));
        assert!(sum(classes, column) == total && sum(&thirds, column) == total && sum(&tiers, column) == total);
    }
    assert_eq!(sum(all, "tenants"), tables()["innocents"].as_u64().unwrap());
}

/// The tables must speak of the product: who is found is what `replay` finds.
#[test]
fn who_is_found_is_what_replay_finds() {
    let (log_file, findings) = (path("log.jsonl"), path("findings.jsonl"));
    let replay =
        stillwatch(&["replay", &log_file, "--findings", &findings, "--model", "fixtures/models/eager.json", "--json"]);
    assert!(replay.status.success());
    let mut created = BTreeSet::new();
    for line in std::fs::read_to_string(findings).unwrap().lines() {
        let finding: Value = serde_json::from_str(line).unwrap();
        if finding["activity_id"] == 1 {
            created.insert(finding["metadata"]["tenant_uid"].as_str().unwrap().to_owned());
        }
    }
    let of = |wanted: bool| {
        let counted = |name: &&String| {
            let (attacks, exchanges) = log().tenants[name.as_str()];
            attacks == wanted && (attacks || exchanges >= 30)
        };
        created.iter().filter(counted).count() as u64
    };
    let all: Vec<&Value> = rows(tables(), "attacks").iter().filter(|row| row["family"] == "all").collect();
    assert!(of(true) > 3 && of(false) > 3, "a test on too few says nothing: {created:?}");
    assert_eq!(sum(&all, "found") + sum(&all, "beside"), of(true));
    let innocents =
        |class: &str| rows(tables(), "classes").iter().filter(|row| row["class"] == class).collect::<Vec<_>>();
    let on = |class: &str| sum(&innocents(class), "false_findings");
    assert_eq!(on("all") + on("all twins"), of(false));
}

#[test]
fn the_page_is_whole_and_holds_no_name_and_no_text() {
    let html = path("page.html");
    let text = evaluate(&["--model", "fixtures/models/eager.json", "--report", &html]);
    let page = std::fs::read_to_string(html).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    assert_eq!(open_tags(&page), Vec::<String>::new());
    assert_eq!(page.matches("<svg").count(), 4);
    for outside in ["<script", "http://", "https://", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    let json = tables().to_string();
    for name in log().tenants.keys() {
        assert!(!page.contains(name) && !text.contains(name) && !json.contains(name), "{name}");
    }
    for prompt in &log().prompts {
        let words: Vec<&str> = prompt.split_whitespace().take(5).collect();
        let beginning = words.join(" ");
        assert!(words.len() < 5 || !(page.contains(&beginning) || text.contains(&beginning)), "{beginning}");
    }
}

/// Tags left open, in a page whose only void elements are those of its head and its drawings.
fn open_tags(page: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        let name: String = tag.chars().take_while(|c| !c.is_whitespace()).collect();
        if name.starts_with('!') || name == "meta" || tag.ends_with('/') {
            continue;
        }
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop().as_deref(), Some(closed), "<{tag}>"),
            None => open.push(name),
        }
    }
    open
}

#[test]
fn tenants_without_a_label_are_counted_and_left_out() {
    let labels = std::fs::read_to_string(path("labels.jsonl")).unwrap();
    let (kept, dropped): (Vec<&str>, Vec<&str>) = labels.lines().partition(|line| !line.contains("\"benign\""));
    // some customers come so late that the day has nothing of them
    let silent =
        |line: &str| log().tenants[serde_json::from_str::<Value>(line).unwrap()["tenant"].as_str().unwrap()].1 == 0;
    let seen = dropped.iter().filter(|line| !silent(line)).count();
    let few = path("few.jsonl");
    std::fs::write(&few, kept.join("\n")).unwrap();
    let output = stillwatch(&["evaluate", &path("log.jsonl"), "--labels", &few, "--bootstrap", "10"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&format!("of {seen} tenants without a label")), "{text}");
    assert!(text.contains("no harvest ids"), "{text}");
}

#[test]
fn what_is_wrong_is_named_with_file_and_line() {
    let says = |arguments: &[&str]| {
        let output = stillwatch(arguments);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (log, labels) = (path("log.jsonl"), path("labels.jsonl"));
    let wrong = path("wrong.jsonl");
    std::fs::write(&wrong, "{\"tenant\":\"a\",\"label\":\"benign\"}\n{\"tenant\":\"b\"}\n").unwrap();
    let (code, error) = says(&["evaluate", &log, "--labels", &wrong]);
    assert!(code == Some(2) && error.contains("wrong.jsonl: labels, line 2: missing field `label`"), "{error}");
    std::fs::write(&wrong, "{\"tenant\":\"a\",\"label\":\"benign\"}").unwrap();
    let (code, error) = says(&["evaluate", &log, "--labels", &wrong]);
    assert!(code == Some(2) && error.contains("no tenant of the input has a label"), "{error}");
    let (code, error) = says(&["evaluate", &log, "--labels", "/nowhere"]);
    assert!(code == Some(2) && error.contains("cannot read /nowhere"), "{error}");
    let (code, _) = says(&["evaluate", "/nowhere", "--labels", &labels]);
    assert_eq!(code, Some(2));
    let (code, _) = says(&["evaluate", &log]);
    assert_eq!(code, Some(2));
    let (code, error) = says(&["evaluate", &log, "--labels", &labels, "--budget", "0"]);
    assert!(code == Some(2) && error.contains("--budget 0"), "{error}");
    let (code, error) = says(&["evaluate", &log, "--labels", &labels, "--leave-out", "family"]);
    assert!(code == Some(2) && error.contains("--train"), "{error}");
    let (code, error) = says(&["evaluate", &log, "--labels", &labels, "--days", "3"]);
    assert!(code == Some(2) && error.contains("--days"), "{error}");
    let (code, error) = says(&["evaluate", &log, "--labels", &labels, "--out", "/nowhere/tables.json"]);
    assert!(code == Some(1) && error.contains("cannot write /nowhere/tables.json"), "{error}");
    assert!(Path::new(&log).exists());
}

/// Wrong ids cost what they name: how many is said. All of the audit can be read.
#[test]
fn ids_that_nobody_has_are_counted_and_the_audit_is_whole() {
    let ids = path("some-wrong.txt");
    std::fs::write(&ids, std::fs::read_to_string(path("harvested.txt")).unwrap() + "\nnobody-1\nnobody-2\n").unwrap();
    // a log that holds records twice hides no wrong id
    let (log, labels) = (path("twice.jsonl"), path("labels.jsonl"));
    std::fs::write(&log, std::fs::read_to_string(path("log.jsonl")).unwrap().repeat(2)).unwrap();
    let given = ["evaluate", &log, "--labels", &labels, "--harvest-ids", &ids, "--bootstrap", "10", "--audit"];
    let output = stillwatch(&given);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("no attacker's: 2 of the harvest ids"), "{said}");
    for feature in stillwatch::feature::TABLE {
        let row = said.lines().filter(|line| line.split_whitespace().nth(1) == Some(feature.name));
        assert!(row.count() >= 1, "{}", feature.name);
    }
    assert_eq!(tables()["counts"]["absent_harvest_ids"], 0);
}

/// Where all is of one corpus nothing is left to train on: said, and the other tables are there.
#[test]
fn a_group_that_is_everybody_costs_its_row_alone() {
    let mut lines = Vec::new();
    for line in std::fs::read_to_string(path("labels.jsonl")).unwrap().lines() {
        let mut label: Value = serde_json::from_str(line).unwrap();
        label["corpus"] = "mail".into();
        lines.push(label.to_string());
    }
    let one = path("one-corpus.jsonl");
    std::fs::write(&one, lines.join("\n")).unwrap();
    let tables = leave_out("corpus", &one, &one, &[]);
    assert!(rows(&tables, "left_out").is_empty() && !rows(&tables, "attacks").is_empty());
    let [untrained] = rows(&tables, "left_out_untrained").as_slice() else { panic!("{tables}") };
    assert_eq!(untrained["group"], "mail");
    assert!(untrained["why"].as_str().unwrap().contains("needs 20 calm tenants"), "{untrained}");
}

/// A model that never saw a family is judged on that family, and on nobody else's.
#[test]
fn left_out_families_are_judged_by_models_that_never_saw_them() {
    let (log, labels) = (path("log.jsonl"), path("labels.jsonl"));
    let more = ["--leave-out", "family", "--train", &log, "--train-labels", &labels];
    let left: Value = serde_json::from_str(&evaluate(&[&["--json"], &more[..]].concat())).unwrap();
    assert_eq!(left["left_out_axis"], "family");
    let groups: Vec<&str> = rows(&left, "left_out").iter().map(|row| row["group"].as_str().unwrap()).collect();
    assert_eq!(groups, ["judge_farm", "logit_extraction", "reasoning_harvest", "relay"]);
    let attackers = |family: &str| {
        let mine = rows(&left, "attacks").iter().filter(|row| row["family"] == family);
        mine.map(|row| row["tenants"].as_u64().unwrap()).sum::<u64>()
    };
    for row in rows(&left, "left_out") {
        assert_eq!(row["attackers"].as_u64().unwrap(), attackers(row["group"].as_str().unwrap()), "{row}");
        assert!(row["calm_half"]["tenants"].as_u64().unwrap() > 5, "{row}");
    }
    let text = evaluate(&more);
    assert!(text.contains("Leaving one family out of the training"), "{text}");
}

/// The labels in three classes and three corpora, and the same for training, where one of each has its name: a group
/// is left out when both logs know it, and each costs a model. Beside them the innocents and attackers of that group.
fn coarse_labels() -> (String, String, [[u64; 2]; 2]) {
    let (mut lines, mut training, mut counts) = (Vec::new(), Vec::new(), [[0; 2]; 2]);
    for (index, line) in std::fs::read_to_string(path("labels.jsonl")).unwrap().lines().enumerate() {
        let mut label: Value = serde_json::from_str(line).unwrap();
        let groups = [
            ["machine", "office", "shop"][index % 3],
            ["mail", "books", "forum", "books", "forum", "books"][index % 6],
        ];
        let side = usize::from(label["label"] == "attack");
        for (axis, known) in [("class", "shop"), ("corpus", "mail")].into_iter().enumerate() {
            label[known.0] = groups[axis].into();
            counts[axis][side] += u64::from(groups[axis] == known.1);
        }
        lines.push(label.to_string());
        for (field, known) in [("class", "shop"), ("corpus", "mail")] {
            if label[field] != known {
                label[field] = "elsewhere".into();
            }
        }
        training.push(label.to_string());
    }
    let (labels, train_labels) = (path("coarse.jsonl"), path("coarse-training.jsonl"));
    std::fs::write(&labels, lines.join("\n")).unwrap();
    std::fs::write(&train_labels, training.join("\n")).unwrap();
    (labels, train_labels, counts)
}

fn leave_out(axis: &str, labels: &str, train_labels: &str, more: &[&str]) -> Value {
    let (log, ids) = (path("log.jsonl"), path("harvested.txt"));
    let given = ["evaluate", &log, "--labels", labels, "--harvest-ids", &ids, "--bootstrap", "10", "--json"];
    let train = ["--leave-out", axis, "--train", &log, "--train-labels", train_labels];
    let output = stillwatch(&[&given[..], &train[..], more].concat());
    assert!(output.status.success(), "{axis}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Of a class the innocents are judged, of a corpus both sides. Which exchanges the training log's attackers
/// harvested, only ids can say where that is a tenth or a fifth of them.
#[test]
fn classes_and_corpora_are_left_out_too_and_training_hears_what_was_harvested() {
    let (labels, train_labels, counts) = coarse_labels();
    let ids = path("harvested.txt");
    for ((axis, group), [innocents, attackers]) in [("class", "shop"), ("corpus", "mail")].into_iter().zip(counts) {
        let left = leave_out(axis, &labels, &train_labels, &["--train-harvest-ids", &ids]);
        assert!(left["left_out_axis"] == axis && attackers > 0);
        let [row] = rows(&left, "left_out").as_slice() else { panic!("one group is known to both logs") };
        assert_eq!(
            (&row["group"], &row["attackers"]),
            (&group.into(), &(if axis == "class" { 0 } else { attackers }).into())
        );
        for model in ["calm_without", "calm_with"] {
            let judged = row[model]["tenants"].as_u64().unwrap();
            // innocents with too little traffic to count are not judged
            assert!(0 < judged && judged <= innocents, "{innocents} innocents: {row}");
        }
        if axis == "corpus" {
            let without = leave_out(axis, &labels, &train_labels, &[]);
            let thresholds = |tables: &Value| rows(tables, "left_out")[0]["thresholds"].clone();
            assert!(thresholds(&left).is_array());
            assert_ne!(thresholds(&left), thresholds(&without), "another model was trained");
            assert_eq!(left["attacks"], without["attacks"], "the model in force is the same");
        }
    }
    let (log, nowhere) = (path("log.jsonl"), path("nowhere.txt"));
    let given = ["evaluate", &log, "--labels", &labels, "--leave-out", "class"];
    let train = ["--train", &log, "--train-labels", &train_labels, "--train-harvest-ids", &nowhere];
    let output = stillwatch(&[&given[..], &train[..]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("nowhere.txt"), "{said}");
}
