//! Any alarm at all renders to a finding that obeys the rules.

use proptest::prelude::*;
use stillwatch::finding::render::{Context, render};
use stillwatch::finding::{Alarm, Event, Kind, Pattern, Reason, Seen};
use stillwatch::knowledge::Breaches;
use stillwatch::model::opinion::{Opinion, Opinions};
use stillwatch::units::{Millis, Position};

use crate::rules::broken_rules;
use crate::sample::{ACTIVITIES, context, json};

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
    fn any_opinion()(log_odds in any_finite(), calm_p99 in any_finite()) -> Opinion {
        Opinion { log_odds, calm_p99 }
    }
}

prop_compose! {
    fn any_event()(
        kind in prop::sample::select(vec![Kind::Workload, Kind::Tenant]),
        pattern in prop::sample::select(Pattern::ALL.to_vec()),
        activity in prop::sample::select(ACTIVITIES.to_vec()),
        (uid, revision, workload) in any::<(u128, u32, u64)>(),
        tenant in "\\PC{1,64}",
        account in prop::option::of("\\PC{1,16}"),
        (exchanges, output_tokens) in any::<(u64, u64)>(),
        (first, last) in (any_seen(), any_seen()),
        (score, evidence, threshold, p_value) in (any_finite(), any_finite(), any_finite(), any_finite()),
        reasons in prop::collection::vec(any_reason(), 0..8),
        (logistic, density) in (prop::option::of(any_opinion()), prop::option::of(any_opinion())),
        partition in 0..=i32::MAX as u32,
    ) -> Event {
        Event {
            activity, uid, revision, tenant: tenant.into(), opened: first.ts, time: last.ts,
            at: Position { partition, offset: last.offset },
            breaches: Breaches::default(),
            alarm: Alarm {
                kind, workload, account: account.map(Into::into), pattern, exchanges, output_tokens, first, last, score,
                evidence, threshold, p_value, reasons, opinions: Opinions { logistic, density },
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
