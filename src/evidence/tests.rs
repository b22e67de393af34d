use super::*;
use proptest::prelude::*;

const PARAMS: Params = Params {
    calm: Side { mean: 0.2, between: 0.2, within: 0.4 },
    harvest: Side { mean: 1.4, between: 0.5, within: 0.4 },
    correlation: 0.8,
};

fn level(scores: impl IntoIterator<Item = f32>) -> f32 {
    let mut evidence = Evidence::default();
    scores.into_iter().for_each(|score| {
        evidence.add(score, &PARAMS);
    });
    evidence.level()
}

#[test]
fn an_offset_saturates_instead_of_growing() {
    // a unit a little above the calm mean: any sum of log-ratios would cross any threshold in time
    let (early, late) = (level(std::iter::repeat_n(0.45, 200)), level(std::iter::repeat_n(0.45, 20_000)));
    assert!(late < 1.5, "{late}");
    assert!(late - early < 0.5, "{early} {late}");
}

#[test]
fn a_late_start_is_seen_at_the_short_span() {
    let calm = std::iter::repeat_n(0.1f32, 5_000);
    let late = level(calm.clone().chain(std::iter::repeat_n(1.5, 40)));
    assert!(late > 3.0, "{late}");
    assert!(level(calm) < 0.0);
}

#[test]
fn one_decision_is_no_evidence_and_a_few_are() {
    let after = |scores: &[f32]| {
        let mut evidence = Evidence::default();
        scores.iter().map(|score| evidence.steady(*score)).last().unwrap_or_default()
    };
    // from the first decision on: who is seen eight times only can be judged, too
    assert_eq!(after(&[6.0]), 6.0);
    let calm = [0.5; 40];
    let odd = after(&[&calm[..], &[8.5]].concat());
    assert!((odd - 1.5).abs() < 1e-5, "an eighth of what is new: {odd}");
    let lasting = after(&[&calm[..], &[8.5; 16]].concat());
    assert!((7.0..8.5).contains(&lasting), "{lasting}");
}

#[test]
fn decisions_fall_at_fixed_counts() {
    let counts: Vec<u64> = (0..80).filter(|n| is_decision(*n)).collect();
    assert_eq!(counts.len(), 57 + 3);
    assert_eq!((counts[0], counts[56], counts[57]), (8, 64, 68));
}

proptest! {
    #[test]
    fn a_higher_mean_is_never_less_evidence(
        low in -2.0f64..6.0, step in 0.0f64..3.0, values in 1.0f64..3_000.0,
        calm in 0.05f64..1.0, harvest in 0.05f64..1.0, within in 0.05f64..1.0, correlation in 0.0f64..0.99,
    ) {
        let params = Params {
            calm: Side { mean: 0.2, between: calm, within },
            harvest: Side { mean: 1.2, between: harvest, within },
            correlation,
        };
        let (a, b) = (params.log_ratio(low, values), params.log_ratio(low + step, values));
        prop_assert!(a.is_finite() && b >= a - 1e-9, "{a} {b}");
    }

    #[test]
    fn short_spans_agree_until_they_are_full(scores in prop::collection::vec(0.0f32..3.0, 1..16)) {
        let mut evidence = Evidence::default();
        for score in scores {
            evidence.add(score, &PARAMS);
            prop_assert!(evidence.means.iter().all(|mean| *mean == evidence.means[0]));
        }
    }
}
