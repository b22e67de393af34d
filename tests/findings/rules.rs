//! The published field rules as a table, and a reader that reports those a finding breaks.
//!
//! Rules marked `ocsf:` come from the published schema, github.com/ocsf/ocsf-schema at 1.8: the file
//! after the colon. Rules marked `ours:` are the contract of this product.

use serde_json::Value;

/// What a rule asks of the value at its path. `[]` in a path means every element, and at least one.
enum Must {
    Be(i64),
    BeText(&'static str),
    BeOneOf(&'static [i64]),
    BeWithin(i64, i64),
    BeMillis,
    BeFilledText,
    BeBool,
    HoldOneOf(&'static [&'static str]),
}

use Must::{Be, BeBool, BeFilledText, BeMillis, BeOneOf, BeText, BeWithin, HoldOneOf};

/// `integer_t` is 32 bits wide in the stores that findings end in.
const INTEGER: Must = BeWithin(0, i32::MAX as i64);
const NAMED: Must = HoldOneOf(&["name", "uid"]);

/// Path, rule, where it is published.
const OCSF_RULES: &[(&str, Must, &str)] = &[
    // required by the base event
    (
        "/activity_id",
        BeOneOf(&[1, 2, 3]),
        "ocsf: events/findings/finding.json (enum; 0 and 99 of base_event.json are not for us)",
    ),
    ("/category_uid", Be(2), "ocsf: categories.json, findings"),
    ("/class_uid", Be(2004), "ocsf: events/findings/detection_finding.json, uid 4 in category 2"),
    ("/type_uid", BeOneOf(&[200_401, 200_402, 200_403]), "ocsf: dictionary.json, class_uid × 100 + activity_id"),
    ("/severity_id", BeWithin(1, 5), "ocsf: dictionary.json severity_id 0-6 and 99; ours: 1-5"),
    ("/time", BeMillis, "ocsf: base_event.json required; timestamp_t is integer epoch milliseconds"),
    ("/metadata/version", BeText("1.8.0"), "ocsf: objects/metadata.json required"),
    ("/metadata/product", NAMED, "ocsf: objects/metadata.json required; product.json extends _entity.json"),
    ("/metadata/product/vendor_name", BeFilledText, "ocsf: objects/product.json recommended; ours: always"),
    ("/metadata/product/version", BeFilledText, "ocsf: objects/product.json recommended; ours: always"),
    ("/metadata/uid", BeFilledText, "ocsf: objects/metadata.json optional; ours: always"),
    ("/metadata/tenant_uid", BeFilledText, "ocsf: objects/metadata.json recommended"),
    // finding and detection finding
    ("/finding_info/uid", BeFilledText, "ocsf: objects/finding_info.json required"),
    ("/finding_info/title", BeFilledText, "ocsf: objects/finding_info.json recommended"),
    ("/finding_info/desc", BeFilledText, "ocsf: objects/finding_info.json optional; ours: always"),
    ("/finding_info/types/[]", BeFilledText, "ocsf: objects/finding_info.json, array of strings"),
    ("/finding_info/created_time", BeMillis, "ocsf: timestamp_t"),
    ("/finding_info/modified_time", BeMillis, "ocsf: timestamp_t"),
    ("/finding_info/first_seen_time", BeMillis, "ocsf: timestamp_t"),
    ("/finding_info/last_seen_time", BeMillis, "ocsf: timestamp_t"),
    ("/finding_info/analytic", NAMED, "ocsf: objects/analytic.json extends _entity.json"),
    (
        "/finding_info/analytic/type_id",
        BeOneOf(&[3, 4]),
        "ocsf: objects/analytic.json required, 0-11 and 99; ours: statistical or learning",
    ),
    ("/finding_info/analytic/version", BeFilledText, "ocsf: objects/analytic.json optional; ours: always"),
    (
        "/finding_info/attacks/[]",
        HoldOneOf(&["tactic", "technique", "sub_technique"]),
        "ocsf: objects/attack.json at_least_one",
    ),
    ("/finding_info/attacks/[]/version", BeFilledText, "ocsf: objects/attack.json recommended"),
    ("/finding_info/attacks/[]/tactic", NAMED, "ocsf: objects/tactic.json extends _entity.json"),
    ("/finding_info/attacks/[]/technique", NAMED, "ocsf: objects/technique.json extends _entity.json"),
    ("/confidence_score", BeWithin(0, 100), "ocsf: dictionary.json, integer_t"),
    ("/confidence_id", BeOneOf(&[1, 2, 3]), "ocsf: dictionary.json confidence_id 0-3 and 99"),
    ("/risk_score", BeWithin(0, 100), "ocsf: dictionary.json, integer_t; ours: 0-100"),
    ("/count", INTEGER, "ocsf: base_event.json, integer_t"),
    ("/status_id", BeOneOf(&[1, 2, 3, 4]), "ocsf: events/findings/finding.json, its own list 1-6; ours: never 5, 6"),
    ("/is_alert", BeBool, "ocsf: detection_finding.json recommended, boolean_t"),
    ("/message", BeFilledText, "ocsf: base_event.json recommended"),
    ("/start_time", BeMillis, "ocsf: timestamp_t"),
    ("/end_time", BeMillis, "ocsf: timestamp_t"),
    ("/anomaly_analyses/[]/analysis_targets/[]/name", BeFilledText, "ocsf: objects/analysis_target.json required"),
    (
        "/anomaly_analyses/[]/analysis_targets/[]/type",
        BeFilledText,
        "ocsf: objects/analysis_target.json optional; ours: always",
    ),
    ("/anomaly_analyses/[]/anomalies/[]/observation_parameter", BeFilledText, "ocsf: objects/anomaly.json required"),
    (
        "/anomaly_analyses/[]/anomalies/[]/observations/[]/value",
        BeFilledText,
        "ocsf: objects/observation.json required, string_t",
    ),
    ("/anomaly_analyses/[]/anomalies/[]/observations/[]/count", INTEGER, "ocsf: objects/observation.json recommended"),
    ("/anomaly_analyses/[]/anomalies/[]/observation_type", BeFilledText, "ocsf: objects/anomaly.json recommended"),
    ("/anomaly_analyses/[]/anomalies/[]/observed_pattern", BeFilledText, "ocsf: objects/anomaly.json recommended"),
    ("/anomaly_analyses/[]/baselines/[]/observation_parameter", BeFilledText, "ocsf: objects/baseline.json required"),
    (
        "/anomaly_analyses/[]/baselines/[]/observations/[]/value",
        BeFilledText,
        "ocsf: objects/observation.json required, string_t",
    ),
    ("/anomaly_analyses/[]/baselines/[]/observations/[]/count", INTEGER, "ocsf: objects/observation.json recommended"),
    (
        "/evidences/[]",
        HoldOneOf(&[
            "actor",
            "api",
            "connection_info",
            "data",
            "database",
            "databucket",
            "device",
            "dst_endpoint",
            "email",
            "file",
            "job",
            "process",
            "query",
            "resources",
            "script",
            "src_endpoint",
            "url",
            "user",
        ]),
        "ocsf: objects/evidences.json at_least_one",
    ),
    ("/evidences/[]/data/topic", BeFilledText, "ours: references go into data"),
    ("/evidences/[]/data/partition", INTEGER, "ours"),
    ("/evidences/[]/data/from", BeWithin(0, i64::MAX), "ours"),
    ("/evidences/[]/data/to", BeWithin(0, i64::MAX), "ours"),
    ("/evidences/[]/data/n", BeWithin(0, i64::MAX), "ours"),
    ("/remediation/desc", BeFilledText, "ocsf: objects/remediation.json required"),
    ("/unmapped/stillwatch/v", Be(1), "ours"),
    ("/unmapped/stillwatch/window/first_ts", BeFilledText, "ours"),
    ("/unmapped/stillwatch/reasons/[]/says", BeFilledText, "ours"),
    ("/unmapped/stillwatch/benign_reading", BeFilledText, "ours"),
    ("/unmapped/stillwatch/members/[]", BeFilledText, "ours"),
];

/// What a finding with a verdict keeps to, besides.
const INCIDENT_RULES: &[(&str, Must, &str)] = &[
    ("/metadata/profiles/[]", BeText("incident"), "ocsf: objects/metadata.json; the profile that brings the verdict"),
    ("/verdict_id", BeOneOf(&[1, 2, 5, 10]), "ocsf: profiles/incident.json, 0-10 and 99; ours: what a person may say"),
    ("/verdict", BeFilledText, "ocsf: profiles/incident.json, the caption of verdict_id"),
];

/// Attributes of the incident profile.
pub(crate) const OF_INCIDENTS: &[&str] = &["verdict_id", "verdict"];

/// Attributes that the class or its parents define, of those that we could mean to write.
pub(crate) const TOP_LEVEL: &[&str] = &[
    "activity_id",
    "category_uid",
    "class_uid",
    "type_uid",
    "severity_id",
    "time",
    "metadata",
    "finding_info",
    "confidence_score",
    "confidence_id",
    "risk_score",
    "count",
    "status_id",
    "status_detail",
    "is_alert",
    "message",
    "start_time",
    "end_time",
    "anomaly_analyses",
    "evidences",
    "remediation",
    "unmapped",
];

fn select<'v>(value: &'v Value, path: &str) -> Result<Vec<&'v Value>, String> {
    let mut found = vec![value];
    for part in path.split('/').skip(1) {
        let mut next = Vec::new();
        for value in found {
            if part == "[]" {
                let list = value.as_array().filter(|list| !list.is_empty());
                next.extend(list.ok_or_else(|| format!("{path}: not a filled list"))?);
            } else {
                next.push(value.get(part).ok_or_else(|| format!("{path}: missing"))?);
            }
        }
        found = next;
    }
    Ok(found)
}

fn obeys(value: &Value, must: &Must) -> bool {
    match must {
        Be(number) => value.as_i64() == Some(*number),
        BeText(text) => value.as_str() == Some(text),
        BeOneOf(numbers) => value.as_i64().is_some_and(|number| numbers.contains(&number)),
        BeWithin(low, high) => value.as_i64().is_some_and(|number| (*low..=*high).contains(&number)),
        BeMillis => value.as_i64().is_some_and(|number| (1_420_070_400_000..4_102_444_800_000).contains(&number)),
        BeFilledText => value.as_str().is_some_and(|text| !text.trim().is_empty()),
        BeBool => value.is_boolean(),
        HoldOneOf(names) => names.iter().any(|name| value.get(name).is_some_and(|value| !value.is_null())),
    }
}

pub(crate) fn broken_rules(finding: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    let of_incidents = OF_INCIDENTS.iter().any(|name| finding.get(name).is_some());
    if !of_incidents && finding["metadata"].get("profiles").is_some() {
        broken.push("/metadata/profiles: without an attribute of a profile".to_owned());
    }
    for (path, must, source) in OCSF_RULES.iter().chain(INCIDENT_RULES.iter().filter(|_| of_incidents)) {
        match select(finding, path) {
            Ok(values) if values.iter().all(|value| obeys(value, must)) => {}
            Ok(values) => broken.push(format!("{path}: {values:?} ({source})")),
            Err(message) => broken.push(format!("{message} ({source})")),
        }
    }
    broken
}
