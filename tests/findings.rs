//! The wire format of findings: the published field rules, our own part, CloudEvents, golden files.
//!
//! Rules marked `ocsf:` come from the published schema, github.com/ocsf/ocsf-schema at 1.8: the file
//! after the colon. Rules marked `ce:` come from CloudEvents 1.0 (spec.md, kafka-protocol-binding.md).
//! Rules marked `ours:` are the contract of this product.
//!
//! Golden files: `STILLWATCH_BLESS=1 cargo test --test findings` writes them anew.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;
use stillwatch::finding::reasons::{FeatureText, Shown};
use stillwatch::finding::render::{Context, Rendered, render};
use stillwatch::finding::{Activity, Alarm, CloseReason, Event, Kind, Pattern, Reason, Seen};
use stillwatch::units::{Millis, Position};

const PATTERNS: [Pattern; 9] = [
    Pattern::ReasoningHarvest,
    Pattern::InstructionSweep,
    Pattern::BenchmarkSweep,
    Pattern::JudgeFarm,
    Pattern::AgentTrajectories,
    Pattern::LogitExtraction,
    Pattern::Relay,
    Pattern::ReplayedReasoning,
    Pattern::Unknown,
];

const ACTIVITIES: [Activity; 4] =
    [Activity::Create, Activity::Update, Activity::Close(CloseReason::Calm), Activity::Close(CloseReason::Evicted)];

/// Three features of the shipped table, so that golden files read as real ones do.
fn feature(row: u16) -> Option<FeatureText> {
    let (name, shown) = match row {
        0 => ("template_share", Shown::Share),
        1 => ("slot_novelty", Shown::Share),
        4 => ("follow_up_share", Shown::Share),
        14 => ("output_log2", Shown::Log2),
        _ => return None,
    };
    Some(FeatureText::of(name, shown))
}

fn context() -> Context {
    Context {
        topic: "llm.exchanges".to_owned(),
        model_name: "calm-1".to_owned(),
        model_sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        calibrated: false,
        budget: None,
        features: feature,
    }
}

fn event(kind: Kind, pattern: Pattern, activity: Activity) -> Event {
    let first = Seen { ts: Millis(1_784_884_435_102), offset: 88_123 };
    let last = Seen { ts: Millis(1_785_661_735_000), offset: 91_877 };
    let reason = |feature, value, baseline_median, baseline_p99, weight| Reason {
        feature,
        value,
        baseline_median,
        baseline_p99,
        weight,
    };
    Event {
        activity,
        uid: 0x0123_4567_89ab_cdef_0011_2233_4455_6677,
        revision: match activity {
            Activity::Create => 0,
            Activity::Update => 1,
            Activity::Close(_) => 2,
        },
        tenant: "acme".into(),
        opened: last.ts,
        time: match activity {
            Activity::Create => last.ts,
            Activity::Update => last.ts.plus(Millis::HOUR),
            Activity::Close(_) => last.ts.plus(7 * Millis::DAY),
        },
        at: Position { partition: 3, offset: 91_877 },
        alarm: Alarm {
            kind,
            workload: if kind == Kind::Workload { 0x9f21_0000_00c0_ffee } else { 0 },
            account: (kind == Kind::Workload).then(|| "key_17".into()),
            pattern,
            exchanges: 412,
            output_tokens: 288_104,
            first,
            last,
            score: 0.993,
            evidence: 11.7,
            threshold: 9.2,
            p_value: 0.000_4,
            reasons: vec![
                reason(0, 0.97, 0.22, 0.61, 0.41),
                reason(4, 0.0, 0.35, 0.02, 0.33),
                reason(14, 9.45, 7.1, 9.9, 0.12),
            ],
        },
    }
}

fn json(rendered: &Rendered) -> Value {
    serde_json::from_slice(&rendered.payload).unwrap()
}

fn every_event() -> Vec<Event> {
    let mut events = Vec::new();
    for kind in [Kind::Workload, Kind::Tenant] {
        for pattern in PATTERNS {
            events.extend(ACTIVITIES.map(|activity| event(kind, pattern, activity)));
        }
    }
    events
}

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
    ("/activity_id", BeOneOf(&[1, 2, 3]), "ocsf: events/findings/finding.json (enum; 0 and 99 of base_event.json are not for us)"),
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
    ("/finding_info/analytic/type_id", BeOneOf(&[3, 4]), "ocsf: objects/analytic.json required, 0-11 and 99; ours: statistical or learning"),
    ("/finding_info/analytic/version", BeFilledText, "ocsf: objects/analytic.json optional; ours: always"),
    ("/finding_info/attacks/[]", HoldOneOf(&["tactic", "technique", "sub_technique"]), "ocsf: objects/attack.json at_least_one"),
    ("/finding_info/attacks/[]/version", BeFilledText, "ocsf: objects/attack.json recommended"),
    ("/finding_info/attacks/[]/tactic", NAMED, "ocsf: objects/tactic.json extends _entity.json"),
    ("/finding_info/attacks/[]/technique", NAMED, "ocsf: objects/technique.json extends _entity.json"),
    ("/confidence_score", BeWithin(0, 100), "ocsf: dictionary.json, integer_t"),
    ("/confidence_id", BeOneOf(&[1, 2, 3]), "ocsf: dictionary.json confidence_id 0-3 and 99"),
    ("/risk_score", BeWithin(0, 100), "ocsf: dictionary.json, integer_t; ours: 0-100"),
    ("/count", INTEGER, "ocsf: base_event.json, integer_t"),
    ("/status_id", BeOneOf(&[1, 2, 4]), "ocsf: events/findings/finding.json, its own list 1-6; ours: never 3, 5, 6"),
    ("/is_alert", BeBool, "ocsf: detection_finding.json recommended, boolean_t"),
    ("/message", BeFilledText, "ocsf: base_event.json recommended"),
    ("/start_time", BeMillis, "ocsf: timestamp_t"),
    ("/end_time", BeMillis, "ocsf: timestamp_t"),
    ("/anomaly_analyses/[]/analysis_targets/[]/name", BeFilledText, "ocsf: objects/analysis_target.json required"),
    ("/anomaly_analyses/[]/analysis_targets/[]/type", BeFilledText, "ocsf: objects/analysis_target.json optional; ours: always"),
    ("/anomaly_analyses/[]/anomalies/[]/observation_parameter", BeFilledText, "ocsf: objects/anomaly.json required"),
    ("/anomaly_analyses/[]/anomalies/[]/observations/[]/value", BeFilledText, "ocsf: objects/observation.json required, string_t"),
    ("/anomaly_analyses/[]/anomalies/[]/observations/[]/count", INTEGER, "ocsf: objects/observation.json recommended"),
    ("/anomaly_analyses/[]/anomalies/[]/observation_type", BeFilledText, "ocsf: objects/anomaly.json recommended"),
    ("/anomaly_analyses/[]/anomalies/[]/observed_pattern", BeFilledText, "ocsf: objects/anomaly.json recommended"),
    ("/anomaly_analyses/[]/baselines/[]/observation_parameter", BeFilledText, "ocsf: objects/baseline.json required"),
    ("/anomaly_analyses/[]/baselines/[]/observations/[]/value", BeFilledText, "ocsf: objects/observation.json required, string_t"),
    ("/anomaly_analyses/[]/baselines/[]/observations/[]/count", INTEGER, "ocsf: objects/observation.json recommended"),
    ("/evidences/[]", HoldOneOf(&["actor", "api", "connection_info", "data", "database", "databucket", "device", "dst_endpoint",
        "email", "file", "job", "process", "query", "resources", "script", "src_endpoint", "url", "user"]),
        "ocsf: objects/evidences.json at_least_one"),
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

/// Attributes that the class or its parents define, of those that we could mean to write.
const TOP_LEVEL: &[&str] = &[
    "activity_id", "category_uid", "class_uid", "type_uid", "severity_id", "time", "metadata", "finding_info",
    "confidence_score", "confidence_id", "risk_score", "count", "status_id", "status_detail", "is_alert", "message",
    "start_time", "end_time", "anomaly_analyses", "evidences", "remediation", "unmapped",
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

fn broken_rules(finding: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, must, source) in OCSF_RULES {
        match select(finding, path) {
            Ok(values) if values.iter().all(|value| obeys(value, must)) => {}
            Ok(values) => broken.push(format!("{path}: {values:?} ({source})")),
            Err(message) => broken.push(format!("{message} ({source})")),
        }
    }
    broken
}

#[test]
fn every_event_obeys_the_published_rules() {
    for event in every_event() {
        let finding = json(&render(&event, &context()));
        assert_eq!(broken_rules(&finding), Vec::<String>::new(), "{event:?}");
        for name in finding.as_object().unwrap().keys() {
            assert!(TOP_LEVEL.contains(&name.as_str()), "`{name}` is not an attribute of the class");
        }
    }
}

#[test]
fn the_rule_table_notices_what_is_wrong() {
    let good = json(&render(&event(Kind::Workload, Pattern::Relay, Activity::Create), &context()));
    let faults: [(&str, Value); 8] = [
        ("/type_uid", 200_499.into()),
        ("/time", "2026-07-24T09:13:55Z".into()),
        ("/count", 4_000_000_000_u64.into()),
        ("/severity_id", 0.into()),
        ("/finding_info/attacks", Value::Array(vec![])),
        ("/evidences/0", serde_json::json!({"name": "exchanges"})),
        ("/anomaly_analyses/0/anomalies/0/observations/0/value", 0.97.into()),
        ("/finding_info/uid", Value::Null),
    ];
    for (path, value) in faults {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        assert!(!broken_rules(&bad).is_empty(), "{path}");
    }
}

#[test]
fn ids_activity_and_status_agree() {
    for event in every_event() {
        let rendered = render(&event, &context());
        let finding = json(&rendered);
        let number = |path: &str| finding.pointer(path).unwrap().as_i64().unwrap();
        assert_eq!(number("/type_uid"), number("/class_uid") * 100 + number("/activity_id"));
        let expected = match event.activity {
            Activity::Create => (1, 1),
            Activity::Update => (2, 2),
            Activity::Close(_) => (3, 4),
        };
        assert_eq!((number("/activity_id"), number("/status_id")), expected);
        assert_eq!(finding["is_alert"], event.activity == Activity::Create);
        assert_eq!(finding["finding_info"]["uid"], rendered.key.as_str());
        assert_eq!(rendered.key.len(), 32);
        assert_eq!(finding["metadata"]["uid"], format!("{}-{}", rendered.key, event.revision));
        assert_eq!(finding["evidences"][0]["data"], finding["unmapped"]["stillwatch"]["refs"][0]);
        assert!(number("/start_time") <= number("/end_time"));
        assert_eq!(number("/time"), event.time.0);
        assert_eq!(number("/finding_info/created_time"), event.opened.0);
    }
}

#[test]
fn a_close_says_why_and_nothing_else_does() {
    for event in every_event() {
        let finding = json(&render(&event, &context()));
        let why = match event.activity {
            Activity::Close(reason) => Value::from(reason.label()),
            Activity::Create | Activity::Update => Value::Null,
        };
        assert_eq!(finding["status_detail"], why);
        assert_eq!(finding["unmapped"]["stillwatch"]["close_reason"], why);
    }
}

#[test]
fn without_calibration_no_budget_is_claimed() {
    let event = event(Kind::Workload, Pattern::ReasoningHarvest, Activity::Create);
    let budget = |context: &Context| json(&render(&event, context))["unmapped"]["stillwatch"]["budget"].clone();
    let bare = serde_json::json!({"per_1000_tenant_months": null, "p_value": 0.0004, "status": "uncalibrated"});
    assert_eq!(budget(&context()), bare);
    assert_eq!(budget(&Context { budget: Some(3.0), ..context() }), bare, "a budget counts only with a calibration");
    let calibrated = Context { calibrated: true, budget: Some(3.0), ..context() };
    let held = serde_json::json!({"per_1000_tenant_months": 3.0, "p_value": 0.0004, "status": "calibrated"});
    assert_eq!(budget(&calibrated), held);
}

#[test]
fn attacks_are_the_techniques_of_the_pattern() {
    for pattern in PATTERNS {
        let finding = json(&render(&event(Kind::Tenant, pattern, Activity::Create), &context()));
        let attacks = finding["finding_info"]["attacks"].as_array().unwrap();
        let ids: Vec<&str> = attacks
            .iter()
            .map(|attack| attack.pointer("/sub_technique/uid").or(attack.pointer("/technique/uid")).unwrap().as_str().unwrap())
            .collect();
        for attack in attacks {
            let parent = attack["technique"]["uid"].as_str().unwrap();
            if let Some(sub) = attack.pointer("/sub_technique/uid") {
                assert!(sub.as_str().unwrap().starts_with(parent));
            }
        }
        let expected: &[&str] = match pattern {
            Pattern::Relay => &["AML.T0008.005", "AML.T0040"],
            Pattern::Unknown => &["AML.T0040"],
            Pattern::LogitExtraction | Pattern::ReplayedReasoning => &["AML.T0024.002", "AML.T0040"],
            _ => &["AML.T0024.002", "AML.T0005.001", "AML.T0040"],
        };
        assert_eq!(ids, expected, "{pattern:?}");
    }
}

#[test]
fn headers_are_cloudevents_in_binary_mode() {
    for event in every_event() {
        let rendered = render(&event, &context());
        let finding = json(&rendered);
        let names: Vec<&str> = rendered.headers.iter().map(|(name, _)| name.as_str()).collect();
        // ce: kafka-protocol-binding.md 3.2: attributes are `ce_` headers, content-type is datacontenttype
        let expected = ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type"];
        assert_eq!(names, expected);
        let header = |wanted: &str| rendered.headers.iter().find(|(name, _)| name == wanted).unwrap().1.as_str();
        // ce: spec.md, required: id, source, specversion, type, all non-empty
        assert!(rendered.headers.iter().all(|(_, value)| !value.is_empty()));
        assert_eq!(header("ce_specversion"), "1.0");
        assert_eq!(header("ce_id"), finding["metadata"]["uid"]);
        assert_eq!(header("ce_source"), "/stillwatch/llm.exchanges/3");
        let activity = match event.activity {
            Activity::Create => "created",
            Activity::Update => "updated",
            Activity::Close(_) => "closed",
        };
        assert_eq!(header("ce_type"), format!("stillwatch.finding.{activity}"));
        assert_eq!(header("ce_subject"), finding["metadata"]["tenant_uid"]);
        assert_eq!(header("content-type"), "application/json");
        assert!(is_rfc3339(header("ce_time")), "{}", header("ce_time"));
    }
}

/// ce: spec.md, Timestamp: RFC 3339, here always with milliseconds and `Z`.
fn is_rfc3339(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(c, f)| if f == 'd' { c.is_ascii_digit() } else { c == f })
}

#[test]
fn severity_follows_the_harvest_and_risk_the_confidence() {
    let graded = |exchanges: u64, p_value: f32, pattern: Pattern| {
        let mut event = event(Kind::Workload, pattern, Activity::Create);
        event.alarm.exchanges = exchanges;
        event.alarm.p_value = p_value;
        let finding = json(&render(&event, &context()));
        ["severity_id", "confidence_id", "confidence_score", "risk_score"].map(|name| finding[name].as_i64().unwrap())
    };
    assert_eq!(graded(40, 0.000_4, Pattern::ReasoningHarvest), [3, 2, 98, 49]);
    assert_eq!(graded(250, 0.000_4, Pattern::ReasoningHarvest), [4, 2, 98, 73]);
    assert_eq!(graded(17_000, 0.000_4, Pattern::ReasoningHarvest), [5, 2, 98, 98]);
    assert_eq!(graded(40, 0.25, Pattern::Unknown), [1, 1, 75, 7]);
}

#[test]
fn the_order_of_fields_does_not_change() {
    let rendered = render(&event(Kind::Workload, Pattern::ReasoningHarvest, Activity::Close(CloseReason::Calm)), &context());
    let text = String::from_utf8(rendered.payload).unwrap();
    let mut at = 0;
    for name in TOP_LEVEL {
        let found = text.find(&format!("\"{name}\":")).unwrap();
        assert!(at < found, "{name}");
        at = found;
    }
}

#[test]
fn reasons_beyond_five_are_left_out() {
    let mut event = event(Kind::Workload, Pattern::Unknown, Activity::Create);
    event.alarm.reasons = vec![event.alarm.reasons[0]; 9];
    let finding = json(&render(&event, &context()));
    assert_eq!(finding["anomaly_analyses"].as_array().unwrap().len(), 5);
    assert_eq!(finding["unmapped"]["stillwatch"]["reasons"].as_array().unwrap().len(), 5);
}

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/findings").join(name)
}

/// Every pattern, kind and activity is in at least one of them.
fn golden_events() -> Vec<(String, Event)> {
    let mut events: Vec<(String, Event)> = PATTERNS
        .iter()
        .map(|&pattern| (pattern.label().to_owned(), event(Kind::Workload, pattern, Activity::Create)))
        .collect();
    for (name, activity) in ["update", "close_calm", "close_evicted"].into_iter().zip(&ACTIVITIES[1..]) {
        events.push((format!("workload_{name}"), event(Kind::Workload, Pattern::ReasoningHarvest, *activity)));
        events.push((format!("tenant_{name}"), event(Kind::Tenant, Pattern::Relay, *activity)));
    }
    events.push(("tenant_create".to_owned(), event(Kind::Tenant, Pattern::Relay, Activity::Create)));
    events
}

#[test]
fn findings_equal_their_golden_files_byte_for_byte() {
    let bless = std::env::var_os("STILLWATCH_BLESS").is_some();
    let mut expected_names = BTreeSet::new();
    for (name, event) in golden_events() {
        let payload = render(&event, &context()).payload;
        let path = golden(&format!("{name}.json"));
        if bless {
            std::fs::create_dir_all(golden("")).unwrap();
            std::fs::write(&path, &payload).unwrap();
        }
        let expected = std::fs::read(&path).unwrap();
        assert_eq!(String::from_utf8_lossy(&payload), String::from_utf8_lossy(&expected), "{name}");
        expected_names.insert(format!("{name}.json"));
    }
    let files = std::fs::read_dir(golden("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files.filter(|name| name.ends_with(".json")).collect();
    assert_eq!(files, expected_names, "a golden file without its event");
}

fn any_finite() -> impl Strategy<Value = f32> {
    any::<u32>().prop_map(f32::from_bits).prop_filter("findings carry finite numbers", |value| value.is_finite())
}

prop_compose! {
    fn any_seen()(ts in 1_420_070_400_000_i64..4_102_444_800_000, offset in 0..i64::MAX) -> Seen {
        Seen { ts: Millis(ts), offset }
    }
}

prop_compose! {
    fn any_reason()(feature in any::<u16>(), value in any_finite(), baseline_median in any_finite(), baseline_p99 in any_finite(),
                    weight in any_finite()) -> Reason {
        Reason { feature, value, baseline_median, baseline_p99, weight }
    }
}

prop_compose! {
    fn any_event()(
        kind in prop::sample::select(vec![Kind::Workload, Kind::Tenant]),
        pattern in prop::sample::select(PATTERNS.to_vec()),
        activity in prop::sample::select(ACTIVITIES.to_vec()),
        (uid, revision, workload) in any::<(u128, u32, u64)>(),
        tenant in "\\PC{1,64}",
        account in prop::option::of("\\PC{1,16}"),
        (exchanges, output_tokens) in any::<(u64, u64)>(),
        (first, last) in (any_seen(), any_seen()),
        (score, evidence, threshold, p_value) in (any_finite(), any_finite(), any_finite(), any_finite()),
        reasons in prop::collection::vec(any_reason(), 0..8),
        partition in 0..=i32::MAX as u32,
    ) -> Event {
        Event {
            activity, uid, revision, tenant: tenant.into(), opened: first.ts, time: last.ts,
            at: Position { partition, offset: last.offset },
            alarm: Alarm {
                kind, workload, account: account.map(Into::into), pattern, exchanges, output_tokens, first, last, score,
                evidence, threshold, p_value, reasons,
            },
        }
    }
}

proptest! {
    #[test]
    fn any_alarm_renders_to_small_valid_json_and_twice_the_same(event in any_event(), calibrated: bool) {
        let context = Context { calibrated, budget: Some(1.0), ..context() };
        let rendered = render(&event, &context);
        prop_assert!(rendered.payload.len() < 64 * 1024, "{} bytes", rendered.payload.len());
        let finding = json(&rendered);
        prop_assert_eq!(&finding["metadata"]["tenant_uid"], &*event.tenant);
        let mut broken = broken_rules(&finding);
        if event.alarm.reasons.is_empty() {
            // without reasons the lists of reasons are empty, and only they
            broken.retain(|rule| !rule.contains("anomaly_analyses") && !rule.contains("/reasons/"));
        }
        // names of blanks are valid ids, and numbers of ours go beyond what a signed reader holds
        broken.retain(|rule| !rule.contains("tenant_uid") && !rule.contains("members") && !rule.contains("/name") && !rule.contains("/data/n"));
        prop_assert_eq!(broken, Vec::<String>::new());
        prop_assert_eq!(render(&event, &context), rendered);
    }
}
