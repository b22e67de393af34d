//! Compose, Kubernetes and Helm: configurations that the program accepts, and one port, one path, one set of
//! secrets and variables throughout.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use toml::Table;

use super::{below, kind, read, yaml};

/// The program accepts a configuration, its secrets being where this machine has them.
fn check(name: &str, text: &str, variables: &[String]) -> Table {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "a-secret-of-some-length-for-tests-only\n").unwrap();
    let file = dir.path().join("stillwatch.toml");
    std::fs::write(&file, text).unwrap();
    let table: Table = text.parse().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stillwatch"));
    command.args(["check", "--offline", "--deny-warnings", "-c"]).arg(&file).env_clear();
    for (key, _) in secrets(&table) {
        let name = match key.strip_prefix("kafka.options.") {
            Some(option) => format!("kafka__options__{}", option.replace('.', "_")),
            None => key.replace('.', "__"),
        };
        command.env(format!("STILLWATCH__{}", name.to_uppercase()), &secret);
    }
    for variable in variables.iter().filter(|variable| variable.starts_with("STILLWATCH__")) {
        command.env(variable, "pod-0");
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    table
}

/// Keys that name a file, and the file.
fn secrets(table: &Table) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut visit = vec![(String::new(), table.clone())];
    while let Some((prefix, table)) = visit.pop() {
        for (key, value) in table {
            let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
            match value {
                toml::Value::Table(inner) => visit.push((key, inner)),
                toml::Value::String(file) if file.starts_with("/run/secrets/") => found.push((key, file)),
                _ => {}
            }
        }
    }
    assert!(!found.is_empty(), "no secret by file");
    found
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}")).clone()
}

fn port_of(config: &Table) -> u64 {
    config["http"]["listen"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap()
}

#[test]
fn every_yaml_file_can_be_read() {
    let mut files = 0;
    for folder in ["prometheus", "compose", "kubernetes", "helm"] {
        for name in below(folder).iter().filter(|name| !name.contains("/templates/")) {
            if [".yaml", ".yml"].iter().any(|ending| name.ends_with(ending)) {
                assert!(!yaml(name).is_empty(), "{name}");
                files += 1;
            }
        }
    }
    assert!(files > 15, "{files}");
}

#[test]
fn kubernetes_agrees_with_itself_and_the_program() {
    let set = &yaml("kubernetes/base/statefulset.yaml")[0];
    let pod = &set["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let variables: Vec<String> = list(&container["env"]).iter().map(|variable| text(&variable["name"])).collect();
    assert_eq!(variables, ["STILLWATCH__KAFKA__INSTANCE_ID"]);
    let config = check("kubernetes", &read("kubernetes/base/stillwatch.toml"), &variables);

    // the port
    let port = port_of(&config);
    assert_eq!(container["ports"][0]["containerPort"], port);
    assert_eq!(container["ports"][0]["name"], "http");
    assert_eq!(yaml("kubernetes/base/service.yaml")[0]["spec"]["ports"][0]["port"], port);
    let network = &yaml("kubernetes/base/network.yaml")[0]["spec"];
    assert_eq!(network["ingress"][0]["ports"][0]["port"], port);
    for (probe, answers) in [("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
        assert_eq!(container[probe]["httpGet"]["path"], answers);
        assert_eq!(container[probe]["httpGet"]["port"], "http");
    }
    let scrape = &yaml("kubernetes/monitoring/podmonitor.yaml")[0]["spec"]["podMetricsEndpoints"][0];
    assert_eq!((text(&scrape["port"]), text(&scrape["path"])), ("http".to_owned(), "/metrics".to_owned()));

    // the files: where the configuration looks for them they are mounted
    let mount = |name: &str| {
        let mounts = list(&container["volumeMounts"]);
        text(&mounts.iter().find(|mount| mount["name"] == name).unwrap()["mountPath"])
    };
    assert_eq!(list(&container["args"]).last().unwrap(), &format!("{}/stillwatch.toml", mount("config")));
    let told = read("kubernetes/base/statefulset.yaml");
    for (key, file) in secrets(&config) {
        let file = Path::new(&file);
        assert_eq!(file.parent().unwrap(), Path::new(&mount("secrets")), "{key}");
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(told.contains(&format!("--from-file={name}")), "how to make the secret does not name {name}");
    }
    let token = Path::new(config["http"]["token_file"].as_str().unwrap()).file_name().unwrap().to_str().unwrap();
    assert_eq!(scrape["authorization"]["credentials"]["key"], token);
    let secret = &list(&pod["volumes"]).into_iter().find(|volume| volume["name"] == "secrets").unwrap()["secret"];
    assert_eq!(scrape["authorization"]["credentials"]["name"], secret["secretName"]);

    // times: a pod that is told to stop has ended before it is killed, and is back before its session ends
    let seconds = |table: &str, key: &str, otherwise: u64| {
        let value = config.get(table).and_then(|table| table.get(key)).and_then(toml::Value::as_str);
        value.map_or(otherwise, |value| value.strip_suffix('s').unwrap().parse().unwrap())
    };
    let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
    assert!(seconds("live", "drain_limit", 20) + 5 < grace);
    assert!(grace + 15 < seconds("kafka", "session_timeout", 30));

    // scaling
    let scaled = yaml("kubernetes/keda/scaledobject.yaml");
    let trigger = &kind(&scaled, "ScaledObject")["spec"]["triggers"][0]["metadata"];
    assert_eq!(trigger["bootstrapServers"], config["kafka"]["bootstrap"].as_str().unwrap());
    assert_eq!(trigger["consumerGroup"], "stillwatch", "kafka.group by default");
    assert_eq!(trigger["topic"], "llm.exchanges", "kafka.topics.input by default");
    for reference in list(&kind(&scaled, "TriggerAuthentication")["spec"]["secretTargetRef"]) {
        assert_eq!(reference["name"], secret["secretName"]);
        assert!(told.contains(&format!("={}", text(&reference["key"]))), "{reference}");
    }

    // least rights
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
    assert_eq!(container["securityContext"]["capabilities"]["drop"][0], "ALL");
    assert_eq!(pod["automountServiceAccountToken"], false);
}

#[test]
fn the_chart_says_what_the_manifests_say() {
    let values = &yaml("helm/stillwatch/values.yaml")[0];
    let config = check("helm", &text(&values["config"]), &[]);
    let base: Table = read("kubernetes/base/stillwatch.toml").parse().unwrap();
    assert_eq!(config, base);
    assert_eq!(values["port"], port_of(&config));
    let set = &yaml("kubernetes/base/statefulset.yaml")[0]["spec"]["template"]["spec"];
    assert_eq!(values["terminationGracePeriodSeconds"], set["terminationGracePeriodSeconds"]);
    assert_eq!(values["resources"], set["containers"][0]["resources"]);
    let trigger = &kind(&yaml("kubernetes/keda/scaledobject.yaml"), "ScaledObject")["spec"]["triggers"][0]["metadata"];
    for key in ["bootstrapServers", "consumerGroup", "topic", "lagThreshold"] {
        assert_eq!(values["keda"][key], trigger[key], "{key}");
    }
    let chart = &yaml("helm/stillwatch/Chart.yaml")[0];
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
    let image = text(&set["containers"][0]["image"]);
    assert_eq!(image, format!("{}:{}", text(&values["image"]["repository"]), env!("CARGO_PKG_VERSION")));
    // templates and manifests have the same fixed parts
    let template = read("helm/stillwatch/templates/statefulset.yaml");
    for line in read("kubernetes/base/statefulset.yaml").lines().map(str::trim) {
        let fixed =
            ["Probe", "httpGet", "mountPath", "runAs", "fsGroup", "allowPriv", "readOnlyRoot", "drop:", "seccomp"];
        if fixed.iter().any(|part| line.contains(part)) {
            assert!(template.contains(line), "the chart lacks `{line}`");
        }
    }
}

#[test]
fn compose_agrees_with_itself_and_the_program() {
    let compose = &yaml("compose/compose.yaml")[0];
    let services = &compose["services"];
    let config = check("compose", &read("compose/stillwatch.toml"), &["STILLWATCH__KAFKA__INSTANCE_ID".to_owned()]);
    let kafka = config["kafka"]["bootstrap"].as_str().unwrap();
    assert_eq!(text(&services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]), format!("PLAINTEXT://{kafka}"));
    let known: Vec<&String> = compose["secrets"].as_object().unwrap().keys().collect();
    for (_, file) in secrets(&config) {
        let name = file.strip_prefix("/run/secrets/").unwrap();
        assert!(known.iter().any(|secret| secret.as_str() == name), "no secret {name}");
        for instance in ["stillwatch-0", "stillwatch-1"] {
            assert!(list(&services[instance]["secrets"]).iter().any(|secret| secret == name), "{instance} {name}");
        }
    }
    for instance in ["stillwatch-0", "stillwatch-1"] {
        assert_eq!(services[instance]["environment"]["STILLWATCH__KAFKA__INSTANCE_ID"], instance);
        assert_eq!(services[instance]["read_only"], true);
    }

    // what is mounted is there
    for (name, service) in services.as_object().unwrap() {
        for volume in service["volumes"].as_array().into_iter().flatten().map(text) {
            let (from, _) = volume.split_once(':').unwrap();
            if from.starts_with('.') {
                assert!(super::path("compose").join(from).is_file(), "{name}: {from}");
            }
        }
        for before in service["depends_on"].as_object().into_iter().flat_map(|map| map.keys()) {
            assert!(services[before].is_object(), "{name} waits for {before}");
        }
    }
    let prometheus = &yaml("prometheus/prometheus.yml")[0];
    let targets = list(&prometheus["scrape_configs"][0]["static_configs"][0]["targets"]);
    let port = port_of(&config);
    assert_eq!(targets, ["stillwatch-0", "stillwatch-1"].map(|name| Value::from(format!("{name}:{port}"))));
    let token = text(&prometheus["scrape_configs"][0]["authorization"]["credentials_file"]);
    assert_eq!(config["http"]["token_file"].as_str(), Some(token.as_str()));
    let dashboards = text(&yaml("compose/grafana/dashboards.yml")[0]["providers"][0]["options"]["path"]);
    assert!(list(&services["grafana"]["volumes"]).iter().any(|volume| text(volume).contains(&dashboards)));

    // commands that the program knows
    for service in ["topics", "stillwatch-0", "traffic"] {
        let words: Vec<String> = list(&services[service]["command"]).iter().map(text).collect();
        let until = words.iter().position(|word| word.starts_with('-')).unwrap();
        let output =
            Command::new(env!("CARGO_BIN_EXE_stillwatch")).args(words.get(..until).unwrap()).arg("--help").output();
        let help = String::from_utf8(output.unwrap().stdout).unwrap();
        for option in words.iter().filter(|word| word.starts_with('-')) {
            assert!(help.contains(option.as_str()), "{service}: {option} is not in\n{help}");
        }
    }
}

#[test]
fn the_image_starts_the_program_as_nobody() {
    let file = read("docker/Dockerfile");
    let manifest: Table =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap().parse().unwrap();
    let rust = manifest["package"]["rust-version"].as_str().unwrap();
    assert!(file.contains(&format!("FROM rust:{rust}-")), "the image is built with another Rust than {rust}");
    let config: Table = read("kubernetes/base/stillwatch.toml").parse().unwrap();
    for line in ["FROM scratch", "USER 65532:65532", &format!("EXPOSE {}", port_of(&config))] {
        assert!(file.lines().any(|found| found == line), "{line}");
    }
}
