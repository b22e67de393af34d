//! Shadow mode and `compare`, without a broker: names, marks, tables.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use stillwatch::config::{self, Loaded, Mode, Need};

const EAGER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/eager.json");

fn parse(lines: &str) -> Result<Loaded, String> {
    let text = format!(
        "fold.secret = \"a secret of many bytes\"\nkafka.bootstrap = \"b:9092\"\nkafka.start = \"latest\"\n{lines}"
    );
    config::parse(&text, "t", Path::new("."), &[], Need::Live).map_err(|error| error.to_string())
}

fn stillwatch(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stillwatch")).current_dir(folder).args(arguments).output().unwrap()
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = stillwatch(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_shadow_reads_the_same_and_writes_nothing_of_the_live_one() {
    let (live, shadow) = (parse("").unwrap().config, parse("kafka.mode = \"shadow\"").unwrap().config);
    assert_eq!((live.kafka.mode, shadow.kafka.mode), (Mode::Live, Mode::Shadow));
    assert_eq!(live.kafka.input, shadow.kafka.input);
    let written = |kafka: &config::KafkaConfig| {
        [&kafka.group, &kafka.findings, &kafka.dead_letters, &kafka.state, &kafka.control].map(Clone::clone)
    };
    assert_eq!(written(&live.kafka).map(|name| name + ".shadow"), written(&shadow.kafka));
    assert_eq!(live.fold_identity(), shadow.fold_identity(), "the same fold: the same findings");
    let long = "x".repeat(245);
    assert!(parse(&format!("kafka.topics.state = \"{long}\"")).is_ok());
    let said = parse(&format!("kafka.topics.state = \"{long}\"\nkafka.mode = \"shadow\"")).unwrap_err();
    assert!(said.contains("`kafka.topics.state` must be 1 to 249 letters"), "{said}");
    let said = parse("kafka.mode = \"dark\"").unwrap_err();
    assert!(said.contains("`kafka.mode` must be one of \"live\", \"shadow\", not \"dark\""), "{said}");
}

#[test]
fn a_replay_in_shadow_mode_differs_in_its_marks_alone_and_compare_sets_both_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    done(
        path,
        &[
            "simulate",
            "--tenants",
            "60",
            "--days",
            "1",
            "--seed",
            "8",
            "--attacks",
            "reasoning_harvest=8",
            "--out",
            "log.jsonl",
        ],
    );
    let config = |name: &str, mode: &str| {
        let text = format!(
            "fold.secret = \"sixteen bytes or more of secret\"\nkafka.mode = \"{mode}\"\nmodel.path = \"{EAGER}\"\n"
        );
        std::fs::write(path.join(name), text).unwrap();
    };
    config("live.toml", "live");
    config("shadow.toml", "shadow");
    for (config, findings) in [("live.toml", "live.jsonl"), ("shadow.toml", "shadow.jsonl")] {
        done(path, &["replay", "log.jsonl", "-c", config, "--findings", findings]);
    }
    let read = |name: &str| std::fs::read_to_string(path.join(name)).unwrap();
    let (live, shadow) = (read("live.jsonl"), read("shadow.jsonl"));
    let unmarked = shadow
        .lines()
        .map(|line| {
            let created = line.contains("\"activity_id\":1,");
            let line = line.replacen(",\"shadow\":true}", "}", 1);
            let line = if created { line.replacen("\"is_alert\":false", "\"is_alert\":true", 1) } else { line };
            line + "\n"
        })
        .collect::<String>();
    assert!(live.lines().count() > 10 && unmarked == live);
    assert!(shadow.lines().all(|line| line.contains("\"is_alert\":false") && line.contains("\"shadow\":true")));
    std::fs::write(path.join("one.json"), shadow.lines().next().unwrap()).unwrap();
    assert!(done(path, &["explain", "one.json"]).contains("shadow, no alert · new"));

    done(path, &["replay", "log.jsonl", "--findings", "shipped.jsonl"]);
    let json: Value = serde_json::from_str(&done(path, &["compare", "live.jsonl", "shadow.jsonl", "--json"])).unwrap();
    let count = |name: &str| json[name].as_u64().unwrap();
    assert_eq!((count("only_now"), count("only_shadow")), (0, 0));
    assert_eq!(json["shadow_first"], serde_json::json!([0, count("both"), 0]));
    assert_eq!(json["tenants"].as_array().unwrap().len() as u64, count("both"));
    assert_eq!(json["shadow"]["events"], json["shadow"]["marked_shadow"]);

    let text = done(path, &["compare", "live.jsonl", "shipped.jsonl"]);
    assert!(text.contains("by eager ") && text.contains("by trees-1 ") && text.contains("only now\n"), "{text}");
    assert!(done(path, &["compare", "shadow.jsonl", "live.jsonl"]).contains("are they exchanged?"));
    assert!(
        done(path, &["compare", "live.jsonl", "shadow.jsonl", "--from", "2099-01-01T00:00:00Z"])
            .contains("0 in both, 0 only now, 0 only in the shadow")
    );
}

#[test]
fn what_cannot_be_compared_exits_2_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("none.jsonl"), "").unwrap();
    std::fs::write(folder.path().join("log.jsonl"), "\n{\"tenant\":\"a\",\"ts\":1}\n").unwrap();
    let told = |arguments: &[&str]| {
        let output = stillwatch(folder.path(), arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = told(&["compare", "none.jsonl", "log.jsonl"]);
    assert!(said.contains("log.jsonl line 2: not a finding: missing field `class_uid`"), "{said}");
    assert!(told(&["compare", "none.jsonl", "gone.jsonl"]).contains("cannot open gone.jsonl"));
    assert!(told(&["compare", "none.jsonl", "none.jsonl", "--from", "noon"]).contains("--from `noon`"));
    assert!(done(folder.path(), &["compare", "none.jsonl", "none.jsonl"]).contains("0 findings of 0 tenants"));
}
