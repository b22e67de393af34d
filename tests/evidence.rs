//! What `cargo bench --bench evidence` compares does what its names say, on sequences made by hand.

#[allow(unreachable_pub, dead_code, reason = "written for the benchmark")]
#[path = "../benches/evidence/accumulate.rs"]
mod accumulate;

use accumulate::{Accumulator, Learned, Method, SHARES, UnitSums};
use stillwatch::evidence::{Params, Side};

/// A score of k nats is reached by e^-k of calm decisions, and twice as common among harvests for each step up.
fn learned() -> Learned {
    let ratio = |bin: usize| if bin < 8 { -1.0 } else { (bin as f64 - 7.0) * 0.5 };
    Learned {
        edges: SHARES[1..].iter().map(|share| -share.ln() as f32).collect(),
        ratios: (0..SHARES.len()).map(ratio).collect(),
        params: Params {
            calm: Side { mean: 0.7, between: 0.4, within: 0.5 },
            harvest: Side { mean: 3.0, between: 1.0, within: 0.5 },
            correlation: 0.8,
        },
    }
}

/// Evidence after so many decisions.
fn after(method: Method, scores: impl Iterator<Item = f32>) -> f64 {
    let learned = learned();
    let mut accumulator = Accumulator::new(method);
    scores.fold(0.0, |_, score| accumulator.step(score, &learned))
}

/// A calm unit a little above its like: every other score is one of the upper twentieth.
fn offset(decisions: usize) -> impl Iterator<Item = f32> {
    [0.2f32, 3.1].into_iter().cycle().take(decisions)
}

#[test]
fn an_offset_grows_without_end_in_sums_and_bets_and_not_where_it_is_modelled() {
    for method in [Method::Sum, Method::Cusum, Method::Martingale, Method::Restarted] {
        let (early, late) = (after(method, offset(100)), after(method, offset(2_500)));
        assert!(early < 100.0 && late > 20.0 * early.max(1.0), "{method:?}: {early} {late}");
    }
    for method in [Method::Window, Method::Offset] {
        let (early, late) = (after(method, offset(100)), after(method, offset(2_500)));
        assert!((late - early).abs() < 1.0, "{method:?}: {early} {late}");
    }
}

#[test]
fn calm_scores_leave_nothing_and_harvests_leave_much() {
    let calm = || (1..1_000).map(|i| -(((i * 389) % 1_000) as f32 / 1_000.0).ln());
    let harvest = || (0..1_000).map(|i| 2.0 + 3.0 * ((i * 389) % 1_000) as f32 / 1_000.0);
    for method in Method::ALL {
        let (calm, harvest) = (after(method, calm()), after(method, harvest()));
        assert!(harvest > calm + 2.0, "{method:?}: {calm} {harvest}");
    }
    for method in [Method::Sum, Method::Offset, Method::Martingale] {
        assert!(after(method, calm()) < 0.0, "{method:?}");
    }
}

#[test]
fn a_late_start_is_lost_in_a_sum_and_seen_by_what_forgets() {
    let late = || std::iter::repeat_n(0.1f32, 5_000).chain(std::iter::repeat_n(4.0, 40));
    for method in [Method::Sum, Method::Martingale] {
        assert!(after(method, late()) < -400.0, "{method:?}");
    }
    for method in [Method::Window, Method::Offset, Method::Cusum, Method::Restarted] {
        assert!(after(method, late()) > 2.0, "{method:?}: {}", after(method, late()));
    }
}

#[test]
fn fair_bets_win_nothing_on_average() {
    // over all p-values that calm scores can have, each stake's mean is at most 1: Ville's inequality then holds
    let learned = learned();
    let bins: Vec<(f64, f32)> = SHARES
        .iter()
        .zip(SHARES[1..].iter().chain(&[0.0]))
        .map(|(from, to)| (from - to, (-from.ln()) as f32 + 1e-4))
        .collect();
    let mean: f64 = bins
        .iter()
        .map(|(share, score)| share * Accumulator::new(Method::Martingale).step(*score, &learned).exp())
        .sum();
    assert!(0.5 < mean && mean <= 1.0, "{mean}");
}

#[test]
fn bins_are_learnt_from_weights_and_ratios_from_both_sides() {
    let unit = |scores: &[f32]| {
        let mut sums = UnitSums { weight: 1.0, ..UnitSums::default() };
        for score in scores {
            sums.add(*score);
        }
        sums
    };
    let calm: Vec<(f32, f64)> = (0..1_000).map(|i| (i as f32 / 1_000.0, 1.0)).collect();
    let harvest: Vec<(f32, f64)> = (0..100).map(|i| (0.9 + i as f32 / 1_000.0, 1.0)).collect();
    let units = [unit(&[0.1, 0.3, 0.2, 0.4]), unit(&[0.6, 0.5, 0.7, 0.4])];
    let learned = Learned::from(&calm, &harvest, &units, &[unit(&[0.9, 0.95, 0.92, 0.99])]);
    assert_eq!((learned.p_value(0.05), learned.p_value(0.955), learned.p_value(2.0)), (1.0, 0.05, 0.001));
    assert!(learned.ratio(0.5) < -4.0 && learned.ratio(0.96) > 2.0);
    assert!((learned.params.calm.mean - 0.4).abs() < 1e-6 && learned.params.is_proper());
}
