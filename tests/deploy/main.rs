//! What `deploy/` holds agrees with the program: metrics and labels, configuration keys, ports, paths, names of
//! secrets, and copies with their originals. What external programs check (promtool, helm, kubectl, …) is in
//! `tests/deploy/tools.sh`.

#![expect(clippy::unwrap_used, reason = "tests")]

mod expression;
mod alerts;
mod dashboard;
mod manifests;
mod units;

use std::path::PathBuf;

use serde_json::Value;

/// A file of `deploy/`.
fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy")).join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
}

/// The documents of a YAML file.
fn yaml(name: &str) -> Vec<Value> {
    use serde::Deserialize;
    let text = read(name);
    let documents = serde_norway::Deserializer::from_str(&text).map(|document| {
        let value = serde_norway::Value::deserialize(document).map(merged);
        value.unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
    });
    documents.map(|value| serde_json::to_value(value).unwrap()).collect()
}

/// With `<<` applied, and once more: what is merged in may itself say `<<`.
fn merged(mut value: serde_norway::Value) -> serde_norway::Value {
    value.apply_merge().unwrap();
    value.apply_merge().unwrap();
    value
}

/// The one document of this kind.
fn kind(documents: &[Value], kind: &str) -> Value {
    let found: Vec<&Value> = documents.iter().filter(|document| document["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind}");
    found[0].clone()
}

/// All files below a folder of `deploy/`, by name.
fn below(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(path(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() { folders.push(name) } else { found.push(name) }
        }
    }
    found.sort();
    found
}
