//! One event of a finding to the bytes of its record: key, headers, payload.
//!
//! ```text
//!  Event + Context ─► grade, reading, reasons ─► ocsf::DetectionFinding ─► payload
//!                                            └─► cloudevents::headers
//! ```
//!
//! Pure: the same event and context give the same bytes. Every event repeats the whole finding.
//! `time` is the event time of this event; `finding_info.created_time` that of the create.
//! Only a create is an alert: updates and closes change a finding that someone was told of. A shadow alerts nobody.
//! Cost: a few microseconds and about 4 KB per event; less than 64 KiB whatever the alarm.

use std::sync::Arc;

use serde::Serialize;

use super::grade::Grade;
use super::known::Known;
use super::number::{SixDigits, finite, grouped, plain, six_digits, span};
use super::ocsf::{
    AnalysisTarget, Analytic, AnomalyAnalysis, CATEGORY_UID, CLASS_UID, DetectionFinding, Evidence, FindingInfo,
    IN_PROGRESS, INCIDENT, LEARNING, Measured, Metadata, NEW, OCSF_VERSION, Observation, Ours, Product, RESOLVED,
    Reference, Remediation, SUPPRESSED, integer,
};
use super::reading::Reading;
use super::reasons::{Side, end_label, name, says};
use super::unmapped::{Budget, LogPosition, ModelOut, ReasonOut, Unmapped, VERSION, Window};
use super::{Activity, Alarm, CloseReason, Event, Kind, Reason, atlas, cloudevents, opinions, policy};
use crate::knowledge::Knowledge;
use crate::record::time::format_rfc3339;
use crate::units::Millis;
use crate::verdicts::{Verdict, Verdicts};

/// What all findings of a run share.
#[derive(Clone, Debug)]
pub struct Context {
    /// The input topic, or the name that stands for it in files.
    pub topic: String,
    /// The model in force.
    pub model_name: String,
    /// Its checksum in hex.
    pub model_sha256: String,
    /// Whether the threshold was calibrated on the provider's own traffic.
    pub calibrated: bool,
    /// The budget it was calibrated to: false findings per 1,000 tenant-months.
    /// Only claimed when `calibrated`.
    pub budget: Option<f64>,
    /// What the provider knows of its tenants.
    pub knowledge: Arc<Knowledge>,
    /// What people have decided about findings.
    pub verdicts: Arc<Verdicts>,
    /// Findings are to be compared with another run's, and are no alerts.
    pub shadow: bool,
}

/// A record for the findings topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The finding's uid: all events of a finding share it.
    pub key: String,
    /// `CloudEvents` attributes.
    pub headers: Vec<(String, String)>,
    /// The finding, compact JSON.
    pub payload: Vec<u8>,
}

/// Renders one event.
///
/// # Panics
///
/// Never: plain structs are written to memory.
pub fn render(event: &Event, context: &Context) -> Rendered {
    let key = format!("{:032x}", event.uid);
    let id = format!("{key}-{}", event.revision);
    let workload = format!("w:{:016x}", event.alarm.workload);
    let finding = detection_finding(event, context, Names { uid: &key, id: &id, workload: &workload });

    let mut payload = Vec::with_capacity(6 * 1024);
    let mut serializer = serde_json::Serializer::with_formatter(&mut payload, SixDigits);
    #[expect(clippy::expect_used, reason = "structs with string keys into memory: neither step can fail")]
    finding.serialize(&mut serializer).expect("a finding is plain data");

    let headers = cloudevents::headers(event, &context.topic, &id);
    Rendered { key, headers, payload }
}

/// The names made for one event; the finding borrows them.
#[derive(Clone, Copy)]
struct Names<'a> {
    uid: &'a str,
    id: &'a str,
    workload: &'a str,
}

fn detection_finding<'a>(event: &'a Event, context: &'a Context, names: Names<'a>) -> DetectionFinding<'a> {
    let alarm = &event.alarm;
    let policy = policy::words(event.breaches);
    let reading = policy.map_or_else(|| Reading::of(alarm.pattern), |words| words.reading);
    let known = Known::of(&context.knowledge, &event.tenant);
    let grade = match policy {
        Some(_) => Grade::of_breaches(event.breaches),
        None => Grade::of(alarm, context.calibrated).lowered(known.lowers()),
    };
    let (activity_id, close_reason) = match event.activity {
        Activity::Create => (1, None),
        Activity::Update => (2, None),
        Activity::Close(reason) => (3, Some(reason.label())),
    };
    let verdict = verdict(event, context);
    let (start, end) = window(alarm);
    DetectionFinding {
        activity_id,
        category_uid: CATEGORY_UID,
        class_uid: CLASS_UID,
        type_uid: CLASS_UID * 100 + activity_id,
        severity_id: grade.severity_id,
        time: event.time.0,
        metadata: Metadata {
            version: OCSF_VERSION,
            uid: names.id,
            product: Product::THIS,
            tenant_uid: &event.tenant,
            profiles: verdict.map(|_| [INCIDENT]),
        },
        finding_info: FindingInfo {
            uid: names.uid,
            title: title(event, reading, names),
            desc: desc(event, context, reading, known),
            types: [alarm.pattern.label()],
            created_time: event.opened.0,
            modified_time: event.time.0,
            first_seen_time: start.0,
            last_seen_time: end.0,
            analytic: policy.map_or_else(|| analytic(alarm.kind, context), policy::Words::analytic),
            attacks: atlas::attacks(alarm.pattern),
        },
        confidence_score: grade.confidence_score,
        confidence_id: grade.confidence_id,
        risk_score: grade.risk_score,
        count: integer(alarm.exchanges),
        status_id: status_id(event.activity, verdict),
        status_detail: close_reason,
        is_alert: event.activity == Activity::Create && !context.shadow,
        message: message(event, reading, known),
        start_time: start.0,
        end_time: end.0,
        anomaly_analyses: reasons(alarm).map(|reason| anomaly_analysis(reason, event, names)).collect(),
        evidences: [Evidence { name: "exchanges", data: reference(event, context) }],
        remediation: Remediation { desc: reading.remedy },
        unmapped: Ours { stillwatch: ours(event, context, names, (reading, known), close_reason) },
        verdict_id: verdict.map(Verdict::id),
        verdict: verdict.map(Verdict::caption),
    }
}

/// A create tells of what nobody has seen yet, even where a replay knows how it was judged later.
fn verdict(event: &Event, context: &Context) -> Option<Verdict> {
    match event.activity {
        Activity::Create => None,
        Activity::Update | Activity::Close(_) => context.verdicts.of(event.uid),
    }
}

fn status_id(activity: Activity, verdict: Option<Verdict>) -> u8 {
    match (activity, verdict) {
        (Activity::Create, _) => NEW,
        // the schema's "determined to be benign or a false positive": whoever works a queue by status is
        // spared what somebody has dismissed, while it goes on
        (Activity::Update, Some(verdict)) if verdict.dismisses() => SUPPRESSED,
        (Activity::Update, _) => IN_PROGRESS,
        // the end is told whatever was decided: a finding left as suppressed would stay open for good
        (Activity::Close(_), _) => RESOLVED,
    }
}

fn ours<'a>(
    event: &'a Event,
    context: &'a Context,
    names: Names<'a>,
    (reading, known): (Reading, Known<'_>),
    close_reason: Option<&'static str>,
) -> Unmapped<'a> {
    let alarm = &event.alarm;
    let (start, end) = window(alarm);
    Unmapped {
        v: VERSION,
        kind: alarm.kind.label(),
        pattern: alarm.pattern.label(),
        tenant: &event.tenant,
        account: alarm.account.as_deref(),
        workload: match alarm.kind {
            Kind::Workload => Some(names.workload),
            Kind::Tenant => None,
        },
        members: [&event.tenant],
        member_count: 1,
        exchanges: alarm.exchanges,
        output_tokens: alarm.output_tokens,
        window: Window { first_ts: format_rfc3339(start), last_ts: format_rfc3339(end) },
        score: finite(alarm.score),
        evidence: finite(alarm.evidence),
        threshold: finite(alarm.threshold),
        budget: Budget {
            per_1000_tenant_months: context.budget.filter(|_| context.calibrated && event.breaches.is_empty()),
            p_value: finite(alarm.p_value),
            status: if !event.breaches.is_empty() {
                "not_applicable"
            } else if context.calibrated {
                "calibrated"
            } else {
                "uncalibrated"
            },
        },
        reasons: reasons(alarm)
            .map(|reason| ReasonOut {
                feature: name(reason),
                value: finite(reason.value),
                baseline_median: finite(reason.baseline_median),
                baseline_p99: finite(reason.baseline_p99),
                weight: finite(reason.weight),
                says: says(reason, alarm.kind, alarm.exchanges),
            })
            .collect(),
        second_opinions: opinions::told(alarm),
        benign_reading: known.benign(reading.benign),
        refs: [reference(event, context)],
        model: ModelOut { name: &context.model_name, sha256: &context.model_sha256 },
        log_position: LogPosition { topic: &context.topic, partition: event.at.partition, offset: event.at.offset },
        close_reason,
        policy: policy::names(event.breaches),
        declared: known.declared(),
        distillation_allowed: known.distillation_allowed(),
        shadow: context.shadow.then_some(true),
    }
}

/// One per reason: the value on one side, the calm median and the calm end on the other.
fn anomaly_analysis<'a>(reason: &Reason, event: &'a Event, names: Names<'a>) -> AnomalyAnalysis<'a> {
    let alarm = &event.alarm;
    let side = Side::of(reason);
    let feature = name(reason);
    let observed = |value: f32, count: u32, observed_pattern: &'static str| Measured {
        observation_parameter: feature,
        observations: [Observation { value: six_digits(f64::from(finite(value))), count }],
        observation_type: "Deviation Analysis",
        observed_pattern,
    };
    AnomalyAnalysis {
        analysis_targets: [AnalysisTarget {
            name: match alarm.kind {
                Kind::Workload => names.workload,
                Kind::Tenant => &event.tenant,
            },
            target_type: alarm.kind.label(),
        }],
        anomalies: [observed(reason.value, integer(alarm.exchanges), side.label())],
        // a quantile of the reference is one number, hence the count of 1
        baselines: [
            observed(reason.baseline_median, 1, "CALM_MEDIAN"),
            observed(reason.baseline_p99, 1, end_label(reason)),
        ],
    }
}

fn analytic(kind: Kind, context: &Context) -> Analytic {
    let (name, uid) = match kind {
        Kind::Workload => ("Evidence of a workload against calm workloads", "stillwatch.evidence.workload"),
        Kind::Tenant => ("Evidence of a tenant against calm tenants", "stillwatch.evidence.tenant"),
    };
    // twelve hex digits tell models apart to a reader; the whole checksum is in `unmapped`
    let short: String = context.model_sha256.chars().take(12).collect();
    Analytic { type_id: LEARNING, name, uid, version: format!("{}@{short}", context.model_name) }
}

fn reference<'a>(event: &Event, context: &'a Context) -> Reference<'a> {
    let (first, last) = (event.alarm.first.offset, event.alarm.last.offset);
    Reference {
        topic: &context.topic,
        partition: event.at.partition,
        from: first.min(last),
        to: first.max(last),
        n: event.alarm.exchanges,
    }
}

/// First and last time of the unit; late records may have come out of order.
fn window(alarm: &Alarm) -> (Millis, Millis) {
    let (first, last) = (alarm.first.ts, alarm.last.ts);
    (first.min(last), first.max(last))
}

fn reasons(alarm: &Alarm) -> impl Iterator<Item = &Reason> {
    alarm.reasons.iter().take(Alarm::MAX_REASONS)
}

/// Stays the same through the life of a finding unless its pattern changes: no numbers.
fn title(event: &Event, reading: Reading, names: Names<'_>) -> String {
    let Reading { title, .. } = reading;
    match event.alarm.kind {
        Kind::Workload => format!("{title}: workload {} of tenant {}", names.workload, event.tenant),
        Kind::Tenant => format!("{title}: tenant {}", event.tenant),
    }
}

fn message(event: &Event, reading: Reading, known: Known<'_>) -> String {
    let alarm = &event.alarm;
    let account = alarm.account.as_deref().map(|account| format!(", account {account}")).unwrap_or_default();
    let begin = match event.activity {
        Activity::Create => "",
        Activity::Update => "updated: ",
        Activity::Close(CloseReason::Calm) => "closed, calm again: ",
        Activity::Close(CloseReason::Evicted) => "closed, state evicted by the memory limit: ",
    };
    format!(
        "{begin}{} by tenant {}{account}; {} taken so far{}",
        reading.title.to_lowercase(),
        event.tenant,
        taken(alarm),
        known.message(),
    )
}

fn desc(event: &Event, context: &Context, reading: Reading, known: Known<'_>) -> String {
    let alarm = &event.alarm;
    let (start, end) = window(alarm);
    if !event.breaches.is_empty() {
        return format!(
            "{}{} {} were taken over {} up to this finding, which rests on the provider's records and policy, not on what \
             the exchanges look like.{}",
            policy::sentences(event.breaches),
            known.places(),
            taken(alarm),
            span(end.since(start)),
            known.sentences(event.time, false),
        );
    }
    let mut text = format!(
        "The exchanges of this {} look as if {}. {} were taken over {} up to this finding. \
         Evidence reached {}; the threshold is {}.",
        alarm.kind.label(),
        reading.what,
        taken(alarm),
        span(end.since(start)),
        plain(f64::from(finite(alarm.evidence))),
        plain(f64::from(finite(alarm.threshold))),
    );
    if !context.calibrated {
        text.push_str(
            " The threshold is not calibrated on this provider's traffic: no budget of false findings is claimed.",
        );
    }
    text + &known.sentences(event.time, true)
}

fn taken(alarm: &Alarm) -> String {
    let count = |n: u64, one: &str| format!("{} {one}{}", grouped(n), if n == 1 { "" } else { "s" });
    format!("{} and {}", count(alarm.exchanges, "exchange"), count(alarm.output_tokens, "output token"))
}
