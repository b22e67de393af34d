//! Events as the lifecycle makes them, one of every sort.

use std::sync::Arc;

use serde_json::Value;
use stillwatch::feature::TABLE;
use stillwatch::finding::render::{Context, Rendered};
use stillwatch::finding::{Activity, Alarm, CloseReason, Event, Kind, Pattern, Reason, Seen};
use stillwatch::knowledge::Breaches;
use stillwatch::model::opinion::Opinions;
use stillwatch::units::{Millis, Position};

pub(crate) const ACTIVITIES: [Activity; 4] =
    [Activity::Create, Activity::Update, Activity::Close(CloseReason::Calm), Activity::Close(CloseReason::Evicted)];

pub(crate) fn context() -> Context {
    Context {
        shadow: false,
        topic: "llm.exchanges".to_owned(),
        model_name: "calm-1".to_owned(),
        model_sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        calibrated: false,
        budget: None,
        knowledge: Arc::default(),
        verdicts: Arc::default(),
    }
}

pub(crate) fn event(kind: Kind, pattern: Pattern, activity: Activity) -> Event {
    let first = Seen { ts: Millis(1_784_884_435_102), offset: 88_123 };
    let last = Seen { ts: Millis(1_785_661_735_000), offset: 91_877 };
    let row = |name: &str| TABLE.iter().position(|feature| feature.name == name).unwrap() as u16;
    let reason = |name, value, baseline_median, baseline_p99, weight| Reason {
        feature: row(name),
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
        breaches: Breaches::default(),
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
                reason("template_share", 0.97, 0.22, 0.61, 0.41),
                reason("follow_up_share", 0.0, 0.35, 0.02, 0.33),
                reason("output_log2", 9.45, 7.1, 9.9, 0.12),
            ],
            opinions: Opinions::default(),
        },
    }
}

pub(crate) fn json(rendered: &Rendered) -> Value {
    serde_json::from_slice(&rendered.payload).unwrap()
}

pub(crate) fn every_event() -> Vec<Event> {
    let mut events = Vec::new();
    for kind in [Kind::Workload, Kind::Tenant] {
        for pattern in Pattern::ALL {
            events.extend(ACTIVITIES.map(|activity| event(kind, pattern, activity)));
        }
    }
    events
}
