//! The program as a shell sees it: exit codes, what goes to stdout, what errors say. No broker is needed.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use stillwatch::config::TEMPLATE;

fn stillwatch(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stillwatch"));
    command.args(arguments).envs(variables.iter().copied());
    command.output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// A configuration in a folder of its own, with its secret beside it.
fn configuration(folder: &Path, lines: &str) -> String {
    std::fs::write(folder.join("secret"), "sixteen bytes or more of secret\n").unwrap();
    let path = folder.join("stillwatch.toml");
    let head = "fold.secret_file = \"secret\"\nkafka.start = \"earliest\"\n";
    std::fs::write(&path, format!("{head}{lines}\n")).unwrap();
    path.display().to_string()
}

#[test]
fn version_and_help() {
    let version = stillwatch(&["--version"], &[]);
    assert_eq!(out(&version), format!("stillwatch {}\n", env!("CARGO_PKG_VERSION")));
    let help = stillwatch(&["topics", "create", "--help"], &[]);
    assert_eq!(code(&help), Some(0));
    assert!(out(&help).contains("Examples:"));
}

#[test]
fn bad_usage_exits_2() {
    for arguments in [&["frobnicate"][..], &["check"], &["topics", "create", "-c", "x", "--partitions", "0"], &[]] {
        let output = stillwatch(arguments, &[]);
        assert_eq!(code(&output), Some(2), "{arguments:?}");
        assert_eq!(out(&output), "", "{arguments:?}");
    }
}

#[test]
fn config_init_writes_the_commented_file_once() {
    assert_eq!(out(&stillwatch(&["config", "init"], &[])), TEMPLATE);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.toml").display().to_string();
    assert_eq!(code(&stillwatch(&["config", "init", "--out", &path], &[])), Some(0));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), TEMPLATE);
    let again = stillwatch(&["config", "init", "--out", &path], &[]);
    assert_eq!(code(&again), Some(1));
    assert!(err(&again).contains(&path), "{}", err(&again));
}

#[test]
fn config_schema_is_json() {
    let schema: serde_json::Value = serde_json::from_str(&out(&stillwatch(&["config", "schema"], &[]))).unwrap();
    assert!(schema["properties"]["kafka"]["properties"]["bootstrap"].is_object());
}

#[test]
fn config_show_prints_effective_values_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pw"), "hush-password\n").unwrap();
    let lines = "kafka.bootstrap = \"b:9092\"\nhttp.token = \"hush-token-0123456789\"\n\
                 [kafka.options]\nsasl.password_file = \"pw\"\nssl.key.password = \"hush-key\"";
    let file = configuration(folder.path(), lines);
    let variables = [("STILLWATCH__KAFKA__GROUP", "from-env"), ("STILLWATCH__HTTP__TOKEN", "hush-env-0123456789")];
    for arguments in [&["config", "show", "-c", &file][..], &["config", "show", "-c", &file, "--json"]] {
        let output = stillwatch(arguments, &variables);
        let all = out(&output) + &err(&output);
        assert_eq!(code(&output), Some(0), "{all}");
        assert!(all.contains("from-env") && all.contains("***"), "{all}");
        assert!(!all.contains("hush") && !all.contains("sixteen bytes"), "{all}");
    }
    // what show prints is a configuration again
    let shown = out(&stillwatch(&["config", "show", "-c", &file], &[]));
    assert!(shown.parse::<toml::Table>().is_ok(), "{shown}");
}

#[test]
fn a_wrong_key_exits_2_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), "kafka.bootstrap = \"b:9092\"\nkafka.gruop = \"g\"");
    let output = stillwatch(&["config", "show", "-c", &file], &[]);
    assert_eq!(code(&output), Some(2));
    assert!(
        err(&output).contains("line 4: `kafka.gruop` is not a known key; did you mean `kafka.group`?"),
        "{}",
        err(&output)
    );
    let output = stillwatch(&["check", "-c", &file], &[]);
    assert_eq!(code(&output), Some(2));
    assert!(out(&output).contains("kafka.gruop"), "{}", out(&output));
    let output = stillwatch(&["check", "-c", "/no/such/file.toml"], &[]);
    assert_eq!(code(&output), Some(2));
    assert!(out(&output).contains("/no/such/file.toml"), "{}", out(&output));
}

#[test]
fn check_offline_needs_no_broker() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), "kafka.bootstrap = \"b:9092\"");
    let output = stillwatch(&["check", "-c", &file, "--offline", "--deny-warnings"], &[]);
    assert_eq!(code(&output), Some(0), "{}{}", out(&output), err(&output));
    assert!(out(&output).lines().all(|line| line.starts_with("ok ")), "{}", out(&output));

    let risky = configuration(
        folder.path(),
        "kafka.bootstrap = \"b:9092\"\n[kafka.options]\nenable.ssl.certificate.verification = false",
    );
    assert_eq!(code(&stillwatch(&["check", "-c", &risky, "--offline"], &[])), Some(0));
    let denied = stillwatch(&["check", "-c", &risky, "--offline", "--deny-warnings", "--json"], &[]);
    assert_eq!(code(&denied), Some(2));
    let lines: Vec<serde_json::Value> = out(&denied).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["level"] == "warning" && line["check"] == "tls"));
}

#[test]
fn a_model_that_is_not_there_exits_3() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), "kafka.bootstrap = \"b:9092\"\nmodel.path = \"no-such-model\"");
    let output = stillwatch(&["check", "-c", &file, "--offline"], &[]);
    assert_eq!(code(&output), Some(3), "{}", out(&output));
    assert!(out(&output).contains("no-such-model"), "{}", out(&output));
    assert_eq!(code(&stillwatch(&["model", "show", "no-such-model"], &[])), Some(3));
    assert_eq!(code(&stillwatch(&["model", "show"], &[])), Some(0));
}

#[test]
fn a_broker_out_of_reach_exits_4_and_is_named() {
    // a port that was free a moment ago
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &format!("kafka.bootstrap = \"{address}\""));
    let output = stillwatch(&["topics", "list", "-c", &file], &[]);
    assert_eq!(code(&output), Some(4));
    assert!(err(&output).contains(&address) && err(&output).contains("refused"), "{}", err(&output));
}

#[test]
fn a_set_of_questions_is_built_from_text_and_json_and_says_which_line_is_neither() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let question =
        |i: usize| format!("If {i} boats carry {} sacks of {} kg each, what do {} boats carry?", i * 3, i + 9, i + 1);
    let text = file("a.txt", (0..40).map(|i| question(i) + "\n").collect());
    let named = |name: &str, from: usize| -> String {
        (from..from + 20).map(|i| serde_json::json!({name: question(i)}).to_string() + "\n").collect()
    };
    let json = file("b.jsonl", named("question", 40) + &named("prompt", 60));
    let out = folder.path().join("set.bin").display().to_string();
    let output = stillwatch(&["model", "benchmark", &text, &json, "--out", &out, "--json"], &[]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((said["lines"].as_u64(), said["questions"].as_u64()), (Some(80), Some(80)));
    assert!(stillwatch::trace::benchmarks::Benchmarks::load(Path::new(&out)).is_ok());

    let wrong = file("c.jsonl", "{\"question\":\"fine\"}\n{\"ask\":\"x\"}\n".to_owned());
    let output = stillwatch(&["model", "benchmark", &wrong, "--out", &out], &[]);
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("c.jsonl: line 2 has neither `question` nor `prompt`"), "{}", err(&output));
}

#[test]
fn model_list_shows_what_is_inside_and_in_folders_and_names_what_cannot_be_used() {
    let inside = stillwatch(&["model", "list", "--json"], &[]);
    assert_eq!(code(&inside), Some(0), "{}", err(&inside));
    let rows = |output: &Output| -> Vec<serde_json::Value> {
        out(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let kinds: Vec<String> = rows(&inside).iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["trees", "rows", "benchmarks", "embedding"]);
    let shown: serde_json::Value = serde_json::from_str(&out(&stillwatch(&["model", "show", "--json"], &[]))).unwrap();
    assert_eq!(rows(&inside)[0]["sha256"], shown["sha256"]);
    assert_eq!(rows(&inside)[0]["model"]["threshold"], shown["threshold"]);

    let folder = tempfile::tempdir().unwrap();
    std::fs::copy("fixtures/models/eager.json", folder.path().join("a.json")).unwrap();
    let mut damaged = std::fs::read("fixtures/models/eager.json").unwrap();
    *damaged.last_mut().unwrap() = b'x';
    std::fs::write(folder.path().join("b.json"), damaged).unwrap();
    std::fs::write(folder.path().join("notes.json"), "{\"not\":\"ours\"}").unwrap();
    let path = folder.path().display().to_string();
    let all = rows(&stillwatch(&["model", "list", &path, "--json"], &[]));
    let found: Vec<(&str, bool)> =
        all[4..].iter().map(|row| (row["name"].as_str().unwrap(), row["ok"].as_bool().unwrap())).collect();
    assert_eq!(found, [("eager", true), ("b", false)]);
    let text = out(&stillwatch(&["model", "list", &path], &[]));
    assert_eq!(text.lines().count(), 1 + all.len(), "{text}");
    assert!(text.lines().last().unwrap().contains("unusable: model `b` is damaged"), "{text}");
    assert_eq!(code(&stillwatch(&["model", "list", "no/such/folder"], &[])), Some(2));
}

#[test]
fn model_verify_stops_at_the_first_that_cannot_be_used() {
    let fine = ["models/trees-1.json", "models/trees-1.rows", "models/benchmarks-1.bin", "models/embedding-1.bin"];
    let output = stillwatch(&[&["model", "verify"][..], &fine].concat(), &[]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    for file in fine {
        assert!(out(&output).lines().any(|line| line.starts_with(&format!("ok {file}"))), "{}", out(&output));
    }
    assert!(out(&output).contains("ok models/trees-1.card.md"), "the card speaks of it: {}", out(&output));

    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read("fixtures/models/eager.json").unwrap();
    let verify = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let path = path.display().to_string();
        let output = stillwatch(&["model", "verify", &path, "models/no-such-file", "--json"], &[]);
        assert_eq!(code(&output), Some(3), "{}", err(&output));
        err(&output)
    };
    let cut = &whole[..whole.len() - 7];
    assert!(verify("cut.json", cut).contains("bytes after its header"));
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() = b'x';
    assert!(verify("damaged.json", &damaged).contains("is damaged"));
    assert!(verify("other.json", b"{}").contains("other.json is no model"));
    assert!(verify("questions.bin", &std::fs::read("models/benchmarks-1.bin").unwrap()[..999]).contains("is damaged"));
    // the first is fine, and said so; the second is not there
    assert!(verify("fine.json", &whole).contains("models/no-such-file cannot be read"));
    // what belongs to it counts as well
    std::fs::write(folder.path().join("fine.rows"), b"{\"stillwatch_rows\":1}").unwrap();
    assert!(verify("fine.json", &whole).contains("fine.rows"));
    std::fs::remove_file(folder.path().join("fine.rows")).unwrap();
    std::fs::write(folder.path().join("fine.card.md"), "# Another model").unwrap();
    assert!(verify("fine.json", &whole).contains("fine.card.md is the card of another model"));
}

#[test]
fn check_shows_known_models_tenants_and_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    std::fs::create_dir(&models).unwrap();
    std::fs::copy("fixtures/models/eager.json", models.join("former.json")).unwrap();
    let tenants = folder.path().join("tenants.jsonl");
    std::fs::write(&tenants, "{\"tenant\":\"acme\",\"country\":\"CN\",\"colour\":1}\n{\"tenant\":\"b\"}\n").unwrap();
    let lines = "kafka.bootstrap = \"b:9092\"\nmodel.known = \"models\"\ntenants.path = \"tenants.jsonl\"\n\
                 policy.unsupported = \"*: CN\"\nverdicts.path = \"verdicts.jsonl\"\nverdicts.known = \".\"";
    let verdicts = folder.path().join("verdicts.jsonl");
    std::fs::copy("fixtures/verdicts/good.jsonl", &verdicts).unwrap();
    let file = configuration(folder.path(), lines);
    let checked = stillwatch(&["check", "--offline", "-c", &file], &[]);
    assert_eq!(code(&checked), Some(0), "{}", err(&checked));
    for part in [
        "ok       known model   `eager`, sha256 ",
        "`tenants.jsonl`, sha256 ",
        "2 tenants, 1 of them with a policy finding to come",
        "field \"colour\" is not known and not read, 1 times",
        "ok       verdicts      `verdicts.jsonl`, sha256 ",
        "5 findings: 1 true_positive, 2 false_positive, 1 benign, 1 duplicate",
        "`verdicts.jsonl`: fields that are not known and not read, 1 times",
    ] {
        assert!(out(&checked).contains(part), "{part}\n{}", out(&checked));
    }
    std::fs::write(&tenants, "{\"tenant\":\"acme\",\"country\":\"China\"}\n").unwrap();
    let checked = stillwatch(&["check", "--offline", "-c", &file], &[]);
    assert_eq!(code(&checked), Some(2));
    assert!(out(&checked).contains("tenants.jsonl line 1: `country` must be two capital letters"), "{}", out(&checked));
    std::fs::remove_file(&tenants).unwrap();
    std::fs::write(&tenants, "").unwrap();
    std::fs::write(&verdicts, "{\"finding\":\"7\",\"verdict\":\"benign\"}\n").unwrap();
    let checked = stillwatch(&["check", "--offline", "-c", &file], &[]);
    assert_eq!(code(&checked), Some(2));
    for part in ["verdicts.path: ", "verdicts.jsonl line 1: `finding` must be a finding's uid"] {
        assert!(out(&checked).contains(part), "{part}\n{}", out(&checked));
    }
}

#[test]
fn a_replay_knows_tenants_and_control_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let log: Vec<String> = (0..40)
        .map(|i| {
            format!("{{\"ts\":{},\"tenant\":\"acme\",\"prompt\":\"question {i}\"}}\n", 1_780_000_000_000i64 + i * 1000)
        })
        .collect();
    std::fs::write(path("log.jsonl"), log.concat()).unwrap();
    std::fs::write(path("tenants.jsonl"), "{\"tenant\":\"acme\",\"supported_region\":false}\n").unwrap();
    let replay = |arguments: &[&str]| {
        let (log, findings) = (path("log.jsonl"), path("findings.jsonl"));
        let output = stillwatch(&[&["replay", &log, "--findings", &findings][..], arguments].concat(), &[]);
        let findings = std::fs::read_to_string(findings).unwrap_or_default();
        (output, findings.matches("\"policy: unsupported region\"").count() / 2)
    };
    assert_eq!(replay(&[]).1, 0);
    let (output, raised) = replay(&["--tenants", &path("tenants.jsonl")]);
    assert_eq!((code(&output), raised), (Some(0), 1), "created, and too small to be updated: {}", err(&output));

    let control = |sha256: &str| {
        format!(
            "{{\"v\":1,\"kind\":\"model\",\"partition\":0,\"offset\":20,\"model\":{{\"name\":\"eager\",\"sha256\":\"{sha256}\"}}}}\n"
        )
    };
    std::fs::write(path("control.jsonl"), control("00")).unwrap();
    let (output, _) = replay(&["--control", &path("control.jsonl")]);
    assert_eq!(code(&output), Some(3));
    assert!(
        err(&output).contains("need the model `eager` (sha256 00), in force from offset 20 on"),
        "{}",
        err(&output)
    );
    let eager = stillwatch::model::Model::load("fixtures/models/eager.json".as_ref()).unwrap();
    std::fs::write(path("control.jsonl"), control(&eager.sha256_hex())).unwrap();
    let models = ["--model", "models/trees-1.json", "--model", "fixtures/models/eager.json"];
    let (control, tenants) = (path("control.jsonl"), path("tenants.jsonl"));
    let (output, raised) = replay(&[&["--control", &control, "--tenants", &tenants][..], &models].concat());
    assert_eq!((code(&output), raised), (Some(0), 1), "no record speaks of tenants: {}", err(&output));
    std::fs::write(path("control.jsonl"), "\n{}\n").unwrap();
    let (output, _) = replay(&["--control", &path("control.jsonl")]);
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("control.jsonl line 2: not a control record"), "{}", err(&output));
}

#[test]
fn a_replay_tells_verdicts_from_their_offset_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let start = 1_780_000_000_000_i64;
    // forty days lie between two parts; the second is long enough to move the time, and the policy finding closes
    let exchange = |i: i64| {
        let ts = start + i * 1_000 + i64::from(i >= 40) * 40 * 86_400_000;
        format!("{{\"ts\":{ts},\"tenant\":\"acme\",\"prompt\":\"question {i}\"}}\n")
    };
    std::fs::write(path("log.jsonl"), (0..110).map(exchange).collect::<String>()).unwrap();
    std::fs::write(path("tenants.jsonl"), "{\"tenant\":\"acme\",\"supported_region\":false}\n").unwrap();
    let replay = |arguments: &[&str]| {
        let (log, findings, tenants) = (path("log.jsonl"), path("findings.jsonl"), path("tenants.jsonl"));
        let all = [&["replay", &log, "--findings", &findings, "--tenants", &tenants][..], arguments].concat();
        let output = stillwatch(&all, &[]);
        (output, std::fs::read_to_string(findings).unwrap_or_default())
    };
    let closes = |findings: &str| {
        let all = findings.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let of_policy = |finding: &Value| finding["unmapped"]["stillwatch"]["policy"].is_array();
        all.filter(|finding| finding["activity_id"] == 3 && of_policy(finding)).collect::<Vec<Value>>()
    };
    let (_, findings) = replay(&[]);
    let undecided = closes(&findings);
    assert_eq!(undecided.len(), 1);
    assert_eq!((undecided[0].get("verdict"), &undecided[0]["status_id"]), (None, &4.into()));

    let decision =
        serde_json::json!({"finding": undecided[0]["finding_info"]["uid"], "verdict": "duplicate", "note": "seen"});
    std::fs::write(path("verdicts.jsonl"), format!("{decision}\n")).unwrap();
    let verdicts = path("verdicts.jsonl");
    let (output, findings) = replay(&["--verdicts", &verdicts]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    let told = closes(&findings);
    assert_eq!((&told[0]["verdict_id"], &told[0]["verdict"]), (&10.into(), &"Duplicate".into()));
    assert_eq!((&told[0]["status_id"], findings.matches("verdict_id").count()), (&4.into(), 1));

    // in force from where a control record says
    let sha256 = stillwatch::verdicts::Verdicts::load(verdicts.as_ref()).unwrap().sha256_hex();
    let at = undecided[0]["unmapped"]["stillwatch"]["log_position"]["offset"].as_i64().unwrap();
    let control = |offset: i64, sha256: &str| {
        let record = serde_json::json!({"v": 1, "kind": "verdicts", "partition": 0, "offset": offset,
            "verdicts": {"name": "verdicts.jsonl", "sha256": sha256}});
        // a record of the first offset, as every run writes one: nothing is decided yet
        let none = "{\"v\":1,\"kind\":\"verdicts\",\"partition\":0,\"offset\":0}";
        std::fs::write(path("control.jsonl"), format!("{none}\n{record}\n")).unwrap();
        path("control.jsonl")
    };
    let (_, findings) = replay(&["--verdicts", &verdicts, "--control", &control(at, &sha256)]);
    assert_eq!(closes(&findings), told);
    let (_, findings) = replay(&["--verdicts", &verdicts, "--control", &control(at + 1, &sha256)]);
    assert_eq!(closes(&findings), undecided);
    let (output, _) = replay(&["--control", &control(at, "00")]);
    assert_eq!(code(&output), Some(3));
    assert!(err(&output).contains("need the verdicts `verdicts.jsonl` (sha256 00), in force from"), "{}", err(&output));

    std::fs::write(&verdicts, "{\"finding\":\"?\"}\n").unwrap();
    let (output, _) = replay(&["--verdicts", &verdicts]);
    assert_eq!(code(&output), Some(2), "{}", err(&output));
    assert!(err(&output).contains("verdicts.jsonl line 1: `finding` must be a finding's uid"), "{}", err(&output));
}

/// A reader that has enough is no failure; a full disk is one, and says whose.
#[cfg(target_os = "linux")]
#[test]
fn simulate_ends_with_its_reader_and_names_what_is_full() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let mut command = Command::new(env!("CARGO_BIN_EXE_stillwatch"));
    command.args(["simulate", "--tenants", "50", "--days", "2"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with('{'));
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), err(&output).contains("cannot write")), (Some(0), false), "{}", err(&output));
    let full = ["simulate", "--tenants", "200", "--days", "1", "--attacks", "default", "--out", "/dev/null"];
    for beside in ["--labels", "--harvest-ids"] {
        let output = stillwatch(&[&full[..], &[beside, "/dev/full"]].concat(), &[]);
        assert!(code(&output) == Some(1) && err(&output).contains("cannot write /dev/full"), "{}", err(&output));
    }
}
