//! The metrics and labels that an expression of Prometheus names.

use std::collections::BTreeMap;

use stillwatch::metrics::Metrics;

/// Labels that Prometheus adds, or that histograms have.
const OTHERS: [&str; 4] = ["job", "instance", "le", "__name__"];

/// Fails unless every metric of ours in it exists, with the labels it is asked for. `recorded` are the names that
/// recording rules make.
pub(crate) fn check(expression: &str, recorded: &[String]) {
    let ours = known();
    for (name, labels) in selectors(expression) {
        if recorded.contains(&name) {
            continue;
        }
        let known = ours.get(&name).unwrap_or_else(|| panic!("no metric is named {name}: {expression}"));
        for label in labels {
            let there = known.contains(&label) || OTHERS.contains(&label.as_str());
            assert!(there, "{name} has no label {label}: {expression}");
        }
    }
}

/// Series names with their labels.
fn known() -> BTreeMap<String, Vec<String>> {
    let mut known = BTreeMap::new();
    for row in Metrics::new().unwrap().table() {
        let suffixes: &[&str] = if row.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        for suffix in suffixes {
            known.insert(format!("{}{suffix}", row.name), row.labels.clone());
        }
    }
    known
}

/// Every name of ours in an expression, and the labels between the braces behind it.
fn selectors(expression: &str) -> Vec<(String, Vec<String>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(begin) = rest.find(is_name) {
        let tail = rest.get(begin..).unwrap();
        let end = tail.find(|c| !is_name(c)).unwrap_or(tail.len());
        let (name, after) = tail.split_at(end);
        rest = after;
        if !["stillwatch_", "stillwatch:", "process_"].iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let mut labels = Vec::new();
        if let Some(inside) = after.strip_prefix('{') {
            let (inside, after) = inside.split_once('}').unwrap();
            let label = |matcher: &str| matcher.split(['=', '!']).next().unwrap().trim().to_owned();
            labels = inside.split(',').map(label).filter(|label| !label.is_empty()).collect();
            rest = after;
        }
        found.push((name.to_owned(), labels));
    }
    found
}

#[test]
fn names_and_labels_are_found() {
    let found =
        selectors("sum by (le) (rate(stillwatch_score_bucket{job=~\"$job\", le!=\"0.9\"}[5m])) / up > stillwatch:x:y");
    let labels = vec!["job".to_owned(), "le".to_owned()];
    assert_eq!(found, [("stillwatch_score_bucket".to_owned(), labels), ("stillwatch:x:y".to_owned(), Vec::new())]);
    check("stillwatch_score_bucket / stillwatch:x:y", &["stillwatch:x:y".to_owned()]);
    for wrong in ["stillwatch_nothing", "stillwatch_score", "stillwatch_ready{partition=\"1\"}", "stillwatch:x"] {
        assert!(std::panic::catch_unwind(|| check(wrong, &[])).is_err(), "{wrong}");
    }
}
