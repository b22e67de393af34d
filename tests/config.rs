//! What an operator can get wrong in a configuration, and what is said about it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use stillwatch::config::{self, Config, ConfigError, FoldConfig, Loaded, Need, TEMPLATE};

const SECRET: &str = "a secret of many bytes";

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let variables: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    config::parse(text, "test.toml", Path::new("."), &variables, Need::Live)
}

/// A configuration that is fine, plus these lines.
fn with(lines: &str) -> Result<Loaded, ConfigError> {
    let base = format!("fold.secret = \"{SECRET}\"\nkafka.bootstrap = \"b:9092\"\nkafka.start = \"latest\"\n{lines}");
    parse(&base, &[])
}

fn complaint(lines: &str) -> String {
    with(lines).expect_err(lines).to_string()
}

#[test]
fn the_commented_file_is_a_configuration_of_defaults() {
    let loaded = parse(TEMPLATE, &[("STILLWATCH__FOLD__SECRET", SECRET)]).unwrap();
    let defaults = with("").unwrap();
    let mut expected = defaults.redacted.clone();
    expected["kafka"]["bootstrap"] = "localhost:9092".into();
    expected["kafka"]["start"] = "earliest".into();
    assert_eq!(loaded.redacted, expected);
}

#[test]
fn the_commented_file_names_every_key_and_no_other() {
    // keys without a default are commented out: take the mark away and read them, too
    let uncommented: String = TEMPLATE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest)
                if rest
                    .split(" = ")
                    .next()
                    .is_some_and(|key| key.chars().all(|c| c.is_ascii_lowercase() || "._".contains(c)))
                    && rest.contains(" = ") =>
            {
                rest
            }
            _ => line,
        })
        .fold(String::new(), |text, line| text + line + "\n");
    let table: toml::Table = uncommented.parse().unwrap();
    let mut named = Vec::new();
    names("", &toml::Value::Table(table), &mut named);
    named.retain(|key| !key.starts_with("kafka.options."));
    named.sort();
    let known: Vec<String> = config::schema::known_keys().into_keys().collect();
    assert_eq!(named, known);
}

fn names(prefix: &str, value: &toml::Value, out: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (name, inner) in table {
                names(&if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") }, inner, out);
            }
        }
        _ => out.push(prefix.to_owned()),
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest() {
    let said = complaint("[kafka.topics]\ninptu = \"x\"\n");
    assert!(
        said.contains("line 5: `kafka.topics.inptu` is not a known key; did you mean `kafka.topics.input`?"),
        "{said}"
    );
    let said = complaint("group = \"g\"\n");
    assert!(said.contains("`group` is not a known key; did you mean `kafka.group`?"), "{said}");
    let said = complaint("[kafak]\n");
    assert!(said.contains("`kafak` is not a known key"), "{said}");
}

#[test]
fn every_problem_is_told_at_once() {
    let said = complaint("http.port = 1\nlog.format = \"xml\"\nfold.max_depth = 4\n");
    assert!(said.contains("3 problems"), "{said}");
    assert!(said.contains("`log.format` must be one of \"text\", \"json\", not \"xml\""), "{said}");
    assert!(said.contains("`fold.max_depth` must be between 8 and 512, not 4"), "{said}");
}

#[test]
fn wrong_types_and_ranges_name_key_value_and_limit() {
    for (lines, expected) in [
        ("live.threads = \"two\"", "`live.threads` must be an integer, not \"two\""),
        (
            "input.format = \"openai\"",
            "`input.format` must be one of \"native\", \"auto\", \"openai_chat\", \"anthropic_messages\", \"litellm\", not \"openai\"",
        ),
        (
            "input.tenant_from = \"tenant\"",
            "`input.tenant_from` must list `field:a.b`, `header:name` or `key`, and \"tenant\" is none",
        ),
        ("input.tenant_from = \"header:a, header:b\"", "must name one header at most, not 2"),
        ("live.threads = -1", "`live.threads` must be between 0 and 1024, not -1"),
        ("live.threads = 1.5", "`live.threads` must be an integer, not 1.5"),
        ("kafka.give_up_after = 30", "`kafka.give_up_after` must be a string such as \"30s\", not 30"),
        ("kafka.give_up_after = \"30\"", "must be a whole number with one of ms, s, min, h, d"),
        ("kafka.give_up_after = \"2d\"", "must be between 1s and 1d, not \"2d\""),
        ("fold.max_record = \"8\"", "must be a whole number with one of B, KiB"),
        ("fold.memory_per_partition = \"1KiB\"", "must be between 1MiB and 1024GiB, not \"1KiB\""),
        ("kafka.group = { a = 1 }", "`kafka.group.a` is not a known key; did you mean `kafka.group`?"),
        ("live = 3", "`live` is a section, not a value"),
        ("kafka.group = [\"a\"]", "`kafka.group` must be a string, not an array"),
        ("kafka.group = \"\"", "`kafka.group` must not be empty"),
        ("kafka.topics.state = \"a b\"", "letters, digits"),
        ("kafka.topics.state = \"llm.exchanges\"", "and so is `kafka.topics.input`"),
        ("http.listen = \"localhost\"", "must be ip:port"),
        ("http.listen = \"0.0.0.0:9464\"", "beyond loopback: set `http.token_file`"),
        ("live.drain_limit = \"30s\"", "must be below `kafka.session_timeout` (30s)"),
        ("kafka.transaction_timeout = \"45s\"", "must be below `kafka.session_timeout` (30s)"),
        ("live.publish_every = \"6s\"", "at most half of `kafka.transaction_timeout` (10s)"),
        ("live.finding_every = \"2s\"", "must be at most `live.publish_every`"),
        ("fold.forget_after = \"1h\"", "must be at least `fold.close_after`"),
        ("live.batch_bytes = \"1MiB\"", "must be at least `fold.max_record` (8MiB)"),
        ("log.filter = \"stillwatch=loud\"", "must be a filter"),
        ("policy.unsupported = \"CN\"", "`policy.unsupported` must be \"policy: CC CC; policy: CC\""),
        (
            "policy.excluded_owners = \"openai: China\"",
            "`policy.excluded_owners` has \"China\", which is not two capital",
        ),
        ("route.join = \"1min\"", "`route.join` needs `route.format` = \"otlp\""),
        ("route.format = \"otlp\"\nroute.join = \"500ms\"", "`route.join` must be between 1s and 15min, not \"500ms\""),
        ("route.join_bytes = \"1KiB\"", "must be between 64KiB and 4GiB"),
        ("route.parts = \"stillwatch.state\"", "`route.parts` is \"stillwatch.state\", which is another topic of ours"),
        ("route.parts = \"llm.raw\"", "`route.parts` is \"llm.raw\", and so is `route.input`"),
        ("route.parts = \"llm.exchanges\"", "and so is `kafka.topics.input`"),
        ("tenants.file = \"t\"", "`tenants.file` is not a known key"),
        ("verdicts.paths = \"v\"", "`verdicts.paths` is not a known key; did you mean `verdicts.path`?"),
        ("fold.secret_file = \"f\"", "`fold.secret` and `fold.secret_file` are both set"),
    ] {
        let said = complaint(lines);
        assert!(said.contains(expected), "{lines}\n{said}");
    }
}

#[test]
fn what_a_run_needs_is_asked_for() {
    let said = parse("", &[]).unwrap_err().to_string();
    for key in ["`kafka.bootstrap` is not set", "`kafka.start` is not set", "`fold.secret_file` is not set"] {
        assert!(said.contains(key), "{said}");
    }
    let said = parse("kafka.bootstrap = \"nohost\"", &[]).unwrap_err().to_string();
    assert!(said.contains("must be host:port"), "{said}");
    // a replay needs the secret and no brokers
    let text = format!("fold.secret = \"{SECRET}\"");
    config::parse(&text, "t", Path::new("."), &[], Need::Fold).unwrap();
}

#[test]
fn the_environment_wins_over_the_file() {
    let text =
        "kafka.bootstrap = \"a:1\"\nkafka.start = \"latest\"\nfold.secret_file = \"nowhere\"\nlive.threads = 1\n";
    let loaded = parse(
        text,
        &[
            ("STILLWATCH__KAFKA__BOOTSTRAP", "b:2"),
            ("STILLWATCH__FOLD__SECRET", SECRET),
            ("STILLWATCH__LIVE__THREADS", "3"),
            ("STILLWATCH__KAFKA__OPTIONS__SASL_USERNAME", "alice"),
            ("STILLWATCH_OTHER", "ignored"),
        ],
    )
    .unwrap();
    assert_eq!(loaded.config.kafka.bootstrap, "b:2");
    assert_eq!(loaded.config.live.threads, 3);
    assert_eq!(loaded.config.kafka.options, [("sasl.username".to_owned(), "alice".to_owned())]);
    let said = parse(text, &[("STILLWATCH__KAFKA__BOOTSTRP", "b:2")]).unwrap_err().to_string();
    assert!(said.contains("environment variable STILLWATCH__KAFKA__BOOTSTRP: `kafka.bootstrp`"), "{said}");
    assert!(said.contains("did you mean `kafka.bootstrap`?"), "{said}");
}

#[test]
fn librdkafka_options_pass_through_except_ours() {
    let loaded = with(
        "[kafka.options]\nsasl.mechanism = \"SCRAM-SHA-256\"\n\"linger.ms\" = 7\nsocket.keepalive.enable = true\n",
    )
    .unwrap();
    let passed: Vec<(&str, &str)> =
        loaded.config.kafka.options.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(passed, [("linger.ms", "7"), ("sasl.mechanism", "SCRAM-SHA-256"), ("socket.keepalive.enable", "true")]);
    for name in [
        "group.id",
        "group.instance.id",
        "transactional.id",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "auto.offset.reset",
        "isolation.level",
        "partition.assignment.strategy",
        "partitioner",
        "enable.idempotence",
        "acks",
        "transaction.timeout.ms",
        "session.timeout.ms",
        "bootstrap.servers",
        "statistics.interval.ms",
        "enable.partition.eof",
    ] {
        let said = complaint(&format!("[kafka.options]\n\"{name}\" = \"x\"\n"));
        assert!(said.contains(&format!("line 5: `kafka.options.{name}` is not yours to set: ")), "{said}");
    }
    let said = complaint("[kafka.options]\nsasl.pasword = \"hush-hush\"\n");
    assert!(said.contains("not an option of librdkafka; did you mean `sasl.password`?"), "{said}");
    assert!(!said.contains("hush-hush"), "{said}");
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("fold"), "from-a-file-with-newline\n").unwrap();
    std::fs::write(folder.path().join("pw"), "kafka-password-1\n").unwrap();
    std::fs::write(folder.path().join("token"), "http-token-0123456789\r\n").unwrap();
    let text = "fold.secret_file = \"fold\"\nkafka.bootstrap = \"b:9092\"\nkafka.start = \"latest\"\n\
                http.token_file = \"token\"\n[kafka.options]\nsasl.password_file = \"pw\"\nssl.key.password = \"direct-secret\"\n";
    let loaded = config::parse(text, "t", folder.path(), &[], Need::Live).unwrap();
    assert_eq!(loaded.config.fold.secret, FoldConfig::derive_secret(b"from-a-file-with-newline"));
    assert_eq!(loaded.config.http.token.as_deref(), Some("http-token-0123456789"));
    assert!(loaded.config.kafka.options.contains(&("sasl.password".to_owned(), "kafka-password-1".to_owned())));
    let direct = "fold.secret = \"direct-fold-secret\"\nkafka.bootstrap = \"b:9092\"\nkafka.start = \"latest\"\n\
                  http.token = \"direct-http-token-1\"\n[kafka.options]\nsasl.password = \"direct-password\"\n";
    let direct = config::parse(direct, "t", folder.path(), &[], Need::Live).unwrap();
    for loaded in [loaded, direct] {
        let shown = format!("{}\n{}\n{:?}", loaded.to_toml(), loaded.redacted, loaded);
        for secret in ["from-a-file", "kafka-password-1", "http-token-0", "direct-"] {
            assert!(!shown.contains(secret), "{secret} is in\n{shown}");
        }
        assert!(shown.contains("***"));
    }
}

#[test]
fn complaints_about_secrets_do_not_quote_them() {
    for lines in [
        "fold.secret = 12345678901",
        "http.token = \"short-token\"",
        "[kafka.options]\nsasl.password_file = \"no-such-file\"",
    ] {
        let text = format!("kafka.bootstrap = \"b:9092\"\nkafka.start = \"latest\"\n{lines}");
        let said = parse(&text, &[]).unwrap_err().to_string();
        assert!(!said.contains("12345678901") && !said.contains("short-token"), "{said}");
    }
    // a line that is not TOML is named, not shown
    let said = parse("fold.secret = \"hush hush\nkafka.group = 1\n", &[]).unwrap_err().to_string();
    assert!(said.contains("line 1") && !said.contains("hush"), "{said}");
    let said = complaint("[fold]\nsecret = \"hush hush hush hush\"");
    assert!(!said.contains("hush"), "{said}");
}

#[test]
fn the_fold_identity_changes_with_the_fold_and_with_nothing_else() {
    let identity = |lines: &str| with(lines).unwrap().config.fold_identity();
    let base = identity("");
    for lines in [
        "log.format = \"json\"",
        "http.listen = \"off\"",
        "live.threads = 2",
        "kafka.group = \"g\"",
        "kafka.topics.findings = \"f\"",
        // these change at an offset, by control records
        "model.path = \"other.json\"",
        "tenants.path = \"tenants.jsonl\"",
        "policy.unsupported = \"*: KP\"",
        "verdicts.path = \"verdicts.jsonl\"",
        // of no meaning to native records
        "input.tenant_from = \"key\"",
        "input.redaction_marks = \"***\"",
    ] {
        assert_eq!(identity(lines), base, "{lines}");
    }
    for lines in [
        "fold.max_record = \"1MiB\"",
        "fold.max_depth = 65",
        "fold.memory_per_partition = \"1GiB\"",
        "fold.close_after = \"23h\"",
        "fold.forget_after = \"31d\"",
        "kafka.topics.input = \"other\"",
        "input.format = \"auto\"",
        "input.format = \"litellm\"",
    ] {
        assert_ne!(identity(lines), base, "{lines}");
    }
    let litellm = identity("input.format = \"litellm\"");
    for more in ["input.tenant_from = \"key\"", "input.redaction_marks = \"***\""] {
        assert_ne!(identity(&format!("input.format = \"litellm\"\n{more}")), litellm, "{more}");
    }
    let other = parse(
        "fold.secret = \"another secret of many bytes\"\nkafka.bootstrap = \"b:1\"\nkafka.start = \"latest\"",
        &[],
    )
    .unwrap();
    assert_ne!(other.config.fold_identity(), base);
    assert_ne!(other.config.fold.key_id(), with("").unwrap().config.fold.key_id());
}

#[test]
fn other_known_questions_are_another_fold_and_a_damaged_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut builder = stillwatch::trace::benchmarks::Builder::default();
    for i in 0..20 {
        let question = format!("question {i}: is the sum of {i} and {} more than {} times {i}?", i * 7, i + 1);
        builder.add(&question).unwrap();
    }
    let (mine, bytes) = (folder.path().join("mine.bin"), builder.build().unwrap().set.encode());
    std::fs::write(&mine, &bytes).unwrap();
    let named = |path: &Path| with(&format!("model.benchmarks = \"{}\"", path.display()));
    let identity = |loaded: Loaded| loaded.config.fold_identity();
    assert_ne!(identity(named(&mine).unwrap()), identity(with("").unwrap()));
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/benchmarks-1.bin");
    assert_eq!(identity(named(&built_in).unwrap()), identity(with("").unwrap()), "the content counts, not the place");

    let damaged = folder.path().join("damaged.bin");
    std::fs::write(&damaged, bytes.get(..bytes.len() - 9).unwrap()).unwrap();
    for (path, why) in
        [(damaged.as_path(), "checksum does not match"), (Path::new("/none.bin"), "cannot read /none.bin")]
    {
        let said = named(path).expect_err("a set that is none").to_string();
        assert!(said.contains("model.benchmarks") && said.contains(why), "{said}");
    }
}

#[test]
fn tables_of_slots_that_are_none_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.slots");
    for bytes in [&b"something else"[..], b""] {
        std::fs::write(&file, bytes).unwrap();
        let said = with(&format!("model.slots = \"{}\"", file.display())).expect_err("no tables").to_string();
        let why = format!("{}: this is no table of slots", file.display());
        assert!(said.contains("model.slots") && said.contains(&why), "{said}");
    }
    let said = with("model.slots = \"/none.slots\"").expect_err("no file").to_string();
    assert!(said.contains("cannot read /none.slots"), "{said}");
}

#[test]
fn without_a_file_there_are_defaults_and_the_public_key() {
    let config = Config::public();
    assert!(config.fold.is_public());
    assert_eq!(config.fold.max_record_bytes, 8 << 20);
    assert_eq!(config.kafka.session_timeout, Duration::from_secs(30));
    assert!(!with("").unwrap().config.fold.is_public());
}

#[test]
fn the_schema_refuses_unknown_keys_and_describes_every_known_one() {
    let schema = config::schema::json_schema();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["kafka"]["properties"]["group"]["default"], "stillwatch");
    describes_itself("root", &schema);
}

fn describes_itself(name: &str, schema: &serde_json::Value) {
    assert!(schema["description"].is_string(), "{name} has no description");
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        describes_itself(name, inner);
    }
}
