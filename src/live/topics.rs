//! The topics that `run` and `route` need and how they must be set, compared with what a cluster has. Pure: `admin` asks
//! and creates, `check` and `topics` print.
//!
//! State and control need as many partitions as the input: what belongs to an input partition lives in
//! the partition of the same number.

use std::collections::BTreeMap;

use crate::config::{KafkaConfig, RouteConfig};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A topic as the cluster has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Partitions.
    pub partitions: usize,
    /// Replicas of the first partition.
    pub replicas: usize,
    /// Its settings; empty when we may not see them.
    pub settings: BTreeMap<String, String>,
}

/// A topic as we need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it is for: `findings`, `dead letters`, `state`, `control`, `input`, `output`, `parts`.
    pub role: &'static str,
    /// Name.
    pub name: String,
    /// Partitions.
    pub partitions: usize,
    /// Settings to create it with.
    pub settings: Vec<(&'static str, String)>,
    /// True where another number of partitions breaks the run.
    pub exact_partitions: bool,
}

/// What stands between a topic and what we need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `partitions` or a setting.
    pub what: String,
    /// As it is.
    pub found: String,
    /// As it should be.
    pub wanted: String,
    /// True when a run must not start with it.
    pub fatal: bool,
    /// What follows from it, and what to do.
    pub advice: &'static str,
}

/// What to do about a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is not there.
    Create(Wanted),
    /// It is there, with its own number of partitions; what differs, if anything.
    Keep(Wanted, Vec<Difference>),
}

/// The topics that `route` writes: the output becomes the input of a run, and what is to be joined waits in the parts.
pub fn wanted_by_route(
    kafka: &KafkaConfig,
    route: &RouteConfig,
    partitions: usize,
    input: &BTreeMap<String, String>,
) -> Vec<Wanted> {
    let topic = |role, name: &str| Wanted {
        role,
        name: name.to_owned(),
        partitions,
        settings: vec![("cleanup.policy", "delete".to_owned()), ("retention.ms", like(input, "retention.ms"))],
        exact_partitions: false,
    };
    let parts = route.join.as_ref().map(|join| topic("parts", &join.parts));
    let dead_letters = wanted(kafka, partitions, input).into_iter().filter(|topic| topic.role == "dead letters");
    std::iter::once(topic("output", &route.output)).chain(parts).chain(dead_letters).collect()
}

/// A setting as the input has it; -1, no limit, where it cannot be seen.
fn like(input: &BTreeMap<String, String>, name: &str) -> String {
    input.get(name).cloned().unwrap_or_else(|| "-1".to_owned())
}

/// The topics of a run for an input with so many partitions and these settings.
pub fn wanted(kafka: &KafkaConfig, partitions: usize, input: &BTreeMap<String, String>) -> Vec<Wanted> {
    let topic = |role, name: &str, exact_partitions, settings| Wanted {
        role,
        name: name.to_owned(),
        partitions,
        settings,
        exact_partitions,
    };
    let set = |name: &'static str, value: u64| (name, value.to_string());
    vec![
        topic(
            "findings",
            &kafka.findings,
            false,
            vec![
                ("cleanup.policy", "compact,delete".to_owned()),
                set("retention.ms", 365 * DAY_MS),
                // every event of a finding stays readable for a week; later only its last one is needed
                set("min.compaction.lag.ms", 7 * DAY_MS),
            ],
        ),
        topic(
            "dead letters",
            &kafka.dead_letters,
            false,
            vec![("cleanup.policy", "delete".to_owned()), set("retention.ms", 30 * DAY_MS)],
        ),
        topic(
            "control",
            &kafka.control,
            true,
            vec![
                ("cleanup.policy", "delete".to_owned()),
                // a replay from the input's start needs every control record that lies beside it
                ("retention.ms", like(input, "retention.ms")),
                ("retention.bytes", "-1".to_owned()),
            ],
        ),
        topic(
            "state",
            &kafka.state,
            true,
            vec![
                ("cleanup.policy", "compact".to_owned()),
                // only closed segments are compacted: small ones, closed often, keep a restore short
                set("segment.bytes", 64 << 20),
                set("segment.ms", HOUR_MS),
                ("min.cleanable.dirty.ratio", "0.1".to_owned()),
                set("min.compaction.lag.ms", 0),
                set("max.compaction.lag.ms", HOUR_MS),
                // tombstones outlive the longest restore by far
                set("delete.retention.ms", DAY_MS),
            ],
        ),
    ]
}

/// Compares what is wanted with what is there.
pub fn plan(wanted: Vec<Wanted>, found: &BTreeMap<String, Found>) -> Vec<Step> {
    let step = |topic: Wanted| match found.get(&topic.name) {
        None => Step::Create(topic),
        Some(found) => {
            let differences = compare(&topic, found);
            let there = Wanted { partitions: found.partitions, ..topic };
            Step::Keep(there, differences)
        }
    };
    wanted.into_iter().map(step).collect()
}

/// What is wrong with the input, as far as its settings tell.
pub fn check_input(found: &Found) -> Vec<Difference> {
    let policy = found.settings.get("cleanup.policy").map_or("", String::as_str);
    if !has(policy, "compact") {
        return Vec::new();
    }
    vec![Difference {
        what: "cleanup.policy".to_owned(),
        found: policy.to_owned(),
        wanted: "delete".to_owned(),
        fatal: true,
        advice: "compaction drops exchanges, so that no fold can be repeated; use a topic that is only deleted by age",
    }]
}

fn compare(topic: &Wanted, found: &Found) -> Vec<Difference> {
    let mut differences = Vec::new();
    if topic.exact_partitions && topic.partitions != found.partitions {
        differences.push(Difference {
            what: "partitions".to_owned(),
            found: found.partitions.to_string(),
            wanted: topic.partitions.to_string(),
            fatal: true,
            advice: "it must have as many as the input; name a new topic in the configuration, or delete this one \
                     if nothing in it is needed, and run `stillwatch topics create`",
        });
    }
    for (name, wanted) in &topic.settings {
        let Some(value) = found.settings.get(*name) else {
            continue;
        };
        if let Some((fatal, advice)) = matters(topic.role, name, wanted, value) {
            let (what, found, wanted) = ((*name).to_owned(), value.clone(), wanted.clone());
            differences.push(Difference { what, found, wanted, fatal, advice });
        }
    }
    differences
}

/// Whether a setting that differs does harm: an operator's own retention does not.
fn matters(role: &str, name: &str, wanted: &str, found: &str) -> Option<(bool, &'static str)> {
    let number = |text: &str| text.parse::<f64>().ok();
    let above = number(wanted) < number(found);
    match (role, name) {
        (_, "cleanup.policy") if same_set(wanted, found) => None,
        ("output", "cleanup.policy") if has(found, "compact") => {
            Some((true, "compaction drops exchanges, so that no fold can be repeated; set it to delete"))
        }
        ("parts", "cleanup.policy") if has(found, "compact") => {
            Some((true, "of the parts of an exchange the last alone would stay; set it to delete"))
        }
        ("output" | "parts", _) => None,
        ("state", "cleanup.policy") => Some((true, "state would be lost or grow without end; set it to compact")),
        ("control", "cleanup.policy") => Some((true, "control records would be lost; set it to delete")),
        ("dead letters", "cleanup.policy") if has(found, "compact") => {
            Some((false, "dead letters of one key would replace each other; set it to delete"))
        }
        ("findings", "cleanup.policy") if has(found, "compact") => None,
        (_, "cleanup.policy") => {
            Some((false, "findings of a closed age stay or go with the log; compact,delete is meant"))
        }
        ("control", "retention.ms") if shorter(found, wanted) => {
            Some((false, "control records would go before the input they belong to; keep them as long"))
        }
        ("state", "segment.bytes" | "segment.ms" | "min.cleanable.dirty.ratio" | "max.compaction.lag.ms") if above => {
            Some((false, "a restore reads more than it needs; lower it"))
        }
        ("state", "min.compaction.lag.ms") if above => Some((false, "a restore reads more than it needs; set it to 0")),
        ("state", "delete.retention.ms") if number(found) < number("3600000") => {
            Some((false, "a restore that takes longer than this can bring back forgotten tenants; raise it"))
        }
        _ => None,
    }
}

fn has(policy: &str, word: &str) -> bool {
    policy.split(',').any(|part| part.trim() == word)
}

fn same_set(a: &str, b: &str) -> bool {
    a.split(',').all(|part| has(b, part.trim())) && b.split(',').all(|part| has(a, part.trim()))
}

/// -1 means forever.
fn shorter(found: &str, wanted: &str) -> bool {
    match (found.parse::<i64>(), wanted.parse::<i64>()) {
        (Ok(-1), _) => false,
        (Ok(_), Ok(-1)) => true,
        (Ok(found), Ok(wanted)) => found < wanted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, JoinConfig};

    fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn as_created(topic: &Wanted) -> Found {
        let settings = topic.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Found { partitions: topic.partitions, replicas: 1, settings }
    }

    #[test]
    fn an_empty_cluster_gets_all_and_then_nothing_differs() {
        let input = settings(&[("retention.ms", "604800000")]);
        let wanted = wanted(&Config::public().kafka, 6, &input);
        let names: Vec<&str> = wanted.iter().map(|topic| topic.role).collect();
        assert_eq!(names, ["findings", "dead letters", "control", "state"]);
        assert!(wanted[2].settings.contains(&("retention.ms", "604800000".to_owned())));
        let steps = plan(wanted.clone(), &BTreeMap::new());
        assert!(steps.iter().all(|step| matches!(step, Step::Create(_))));
        let found = wanted.iter().map(|topic| (topic.name.clone(), as_created(topic))).collect();
        for step in plan(wanted, &found) {
            assert!(matches!(&step, Step::Keep(_, differences) if differences.is_empty()), "{step:?}");
        }
    }

    #[test]
    fn a_state_topic_that_would_lose_state_is_fatal() {
        let wanted = wanted(&Config::public().kafka, 6, &BTreeMap::new());
        let state = wanted[3].clone();
        let mut found = as_created(&state);
        found.partitions = 3;
        found.settings.insert("cleanup.policy".to_owned(), "compact,delete".to_owned());
        found.settings.insert("min.cleanable.dirty.ratio".to_owned(), "0.5".to_owned());
        let fatal: Vec<(String, bool)> = compare(&state, &found).into_iter().map(|d| (d.what, d.fatal)).collect();
        let expected = [("partitions", true), ("cleanup.policy", true), ("min.cleanable.dirty.ratio", false)];
        assert_eq!(fatal, expected.map(|(what, fatal)| (what.to_owned(), fatal)));
    }

    #[test]
    fn an_operators_own_retention_is_no_difference() {
        let wanted = wanted(&Config::public().kafka, 6, &BTreeMap::new());
        let mut found = as_created(&wanted[0]);
        found.settings.insert("retention.ms".to_owned(), "60000".to_owned());
        found.partitions = 1;
        assert_eq!(compare(&wanted[0], &found), []);
    }

    #[test]
    fn route_writes_its_output_and_dead_letters_and_neither_output_nor_parts_are_compacted() {
        let input = settings(&[("retention.ms", "604800000")]);
        let Config { kafka, mut route, .. } = Config::public();
        let roles = |wanted: &[Wanted]| wanted.iter().map(|topic| topic.role).collect::<Vec<_>>();
        assert_eq!(roles(&wanted_by_route(&kafka, &route, 6, &input)), ["output", "dead letters"]);
        let (parts, span, bytes) = ("parts".to_owned(), std::time::Duration::from_secs(60), 1 << 20);
        route.join = Some(JoinConfig { parts, span, bytes });
        let wanted = wanted_by_route(&kafka, &route, 6, &input);
        assert_eq!(roles(&wanted), ["output", "parts", "dead letters"]);
        for topic in &wanted[..2] {
            let mut found = as_created(topic);
            assert_eq!((found.settings["retention.ms"].as_str(), compare(topic, &found)), ("604800000", vec![]));
            found.settings.insert("retention.ms".to_owned(), "1000".to_owned());
            assert_eq!(compare(topic, &found), [], "an operator's own retention");
            found.settings.insert("cleanup.policy".to_owned(), "compact".to_owned());
            assert!(matches!(&compare(topic, &found)[..], [one] if one.fatal && one.found == "compact"));
        }
    }

    #[test]
    fn a_compacted_input_is_refused() {
        let found = |policy| Found { partitions: 1, replicas: 1, settings: settings(&[("cleanup.policy", policy)]) };
        assert_eq!(check_input(&found("delete")), []);
        assert!(check_input(&found("compact,delete")).iter().all(|d| d.fatal));
        assert_eq!(check_input(&found("compact")).len(), 1);
    }
}
