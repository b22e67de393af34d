//! Alerts: what they ask for exists, each is documented and shown firing and silent, and copies are copies.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{expression, path, read, yaml};

const RULES: &str = "prometheus/rules.yml";
const TESTS: &str = "prometheus/rules.test.yml";

fn rules() -> Vec<Value> {
    let groups = yaml(RULES)[0]["groups"].as_array().unwrap().clone();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

/// Names made by recording rules.
pub(crate) fn recorded() -> Vec<String> {
    rules().iter().filter_map(|rule| Some(rule["record"].as_str()?.to_owned())).collect()
}

fn alerts() -> Vec<Value> {
    rules().into_iter().filter(|rule| rule["alert"].is_string()).collect()
}

#[test]
fn every_metric_of_the_rules_exists() {
    for rule in rules() {
        expression::check(rule["expr"].as_str().unwrap(), &recorded());
    }
    for test in yaml(TESTS)[0]["tests"].as_array().unwrap() {
        for series in test["input_series"].as_array().unwrap() {
            expression::check(series["series"].as_str().unwrap(), &[]);
        }
    }
}

#[test]
fn every_alert_has_a_severity_and_a_section_of_the_runbook() {
    let page = read("README.md");
    let sections: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("### Stillwatch")).collect();
    let mut named = BTreeSet::new();
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        assert!(["page", "ticket"].contains(&alert["labels"]["severity"].as_str().unwrap()), "{name}");
        for note in ["summary", "description"] {
            assert!(alert["annotations"][note].is_string(), "{name} has no {note}");
        }
        let anchor = format!("deploy/README.md#{}", name.to_lowercase());
        assert_eq!(alert["annotations"]["runbook_url"], anchor, "{name}");
        let section = name.strip_prefix("Stillwatch").unwrap();
        assert!(sections.contains(section), "deploy/README.md has no section ### {name}");
        named.insert(section.to_owned());
    }
    assert!(sections.iter().all(|section| named.contains(*section)), "a section of no alert: {sections:?}");
}

#[test]
fn every_alert_is_shown_firing_and_silent() {
    let (mut fires, mut is_silent) = (BTreeSet::new(), BTreeSet::new());
    for test in yaml(TESTS)[0]["tests"].as_array().unwrap() {
        for case in test["alert_rule_test"].as_array().unwrap() {
            let name = case["alertname"].as_str().unwrap().to_owned();
            let expected = case["exp_alerts"].as_array().unwrap();
            if expected.is_empty() {
                is_silent.insert(name)
            } else {
                fires.insert(name)
            };
        }
    }
    let all: BTreeSet<String> = alerts().iter().map(|alert| alert["alert"].as_str().unwrap().to_owned()).collect();
    assert_eq!(fires, all);
    assert_eq!(is_silent, all);
}

/// Kubernetes wants the rules inside a resource, Helm inside the chart. `STILLWATCH_BLESS=1` writes both again.
#[test]
fn copies_of_the_rules_are_the_rules() {
    let rules = read(RULES);
    let groups = rules.get(rules.find("groups:").unwrap()..).unwrap();
    let indented = groups.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") });
    let resource = "# The groups are those of ../../prometheus/rules.yml; a test keeps them equal.\n\
                    apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: stillwatch\nspec:\n";
    let resource = resource.to_owned() + &indented.collect::<String>();
    for (copy, ours) in
        [("kubernetes/monitoring/prometheusrule.yaml", resource), ("helm/stillwatch/files/rules.yml", rules)]
    {
        if std::env::var_os("STILLWATCH_BLESS").is_some() {
            std::fs::write(path(copy), ours).unwrap();
        } else {
            assert!(read(copy) == ours, "deploy/{copy}: STILLWATCH_BLESS=1 cargo test --test deploy copies");
        }
    }
}
