#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::tenant::stream::scatter;

fn settings() -> Settings {
    Settings {
        trees: 60,
        depth: 4,
        rate: 0.1,
        l2: 1.0,
        least: 0.005,
        tenants: 80,
        features: 100,
        monotone: [0; WIDTH],
        without: None,
        seed: 5,
    }
}

fn unit(seed: u64) -> f32 {
    (scatter(seed) % 10_000) as f32 / 10_000.0
}

/// Harvest where two features are high together; alone, neither says anything. The third may be absent.
fn samples(seed: u64, count: u64) -> Vec<Sample> {
    (0..count)
        .map(|i| {
            let mut seen: Seen = std::array::from_fn(|f| unit(scatter(seed + i) ^ f as u64));
            let harvest = (seen[0] > 0.5) == (seen[1] > 0.5);
            if i % 3 == 0 {
                seen[2] = f32::NAN;
            }
            Sample { seen, harvest, weight: 1.0, odds: 0.0, tenant: i / 4 }
        })
        .collect()
}

fn right(trees: &[Tree], samples: &[Sample]) -> f64 {
    let forest = Forest::new("t", trees).unwrap();
    let hits = samples.iter().filter(|s| (forest.log_odds(&s.seen) > 0.0) == s.harvest).count();
    hits as f64 / samples.len() as f64
}

#[test]
fn a_conjunction_that_no_line_can_draw_is_learnt() {
    let trees = boost(&samples(1, 6_000), &settings());
    assert!(right(&trees, &samples(90_000, 1_000)) > 0.95);
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| boost(&samples(1, 800), &settings()))
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn a_monotone_feature_never_turns() {
    let mut learning = samples(1, 2_000);
    for (i, sample) in learning.iter_mut().enumerate() {
        // rises on the whole, and falls in the middle
        let share = if (0.4..0.6).contains(&sample.seen[0]) { 0.1 } else { sample.seen[0] };
        sample.harvest = unit(scatter(i as u64)) < share;
    }
    let mut settings = settings();
    let turns = |settings: &Settings| {
        let forest = Forest::new("t", &boost(&learning, settings)).unwrap();
        let mut seen = learning[7].seen;
        let odds: Vec<f64> = (0..=100)
            .map(|i| {
                seen[0] = i as f32 / 100.0;
                forest.log_odds(&seen)
            })
            .collect();
        odds.windows(2).filter(|pair| pair[1] < pair[0] - 1e-6).count()
    };
    assert!(turns(&settings) > 0);
    settings.monotone[0] = 1;
    assert_eq!(turns(&settings), 0);
}

#[test]
fn absent_values_find_their_own_branch() {
    let mut learning = samples(1, 2_000);
    for sample in &mut learning {
        sample.harvest = sample.seen[2].is_nan();
    }
    let trees = boost(&learning, &settings());
    assert!(right(&trees, &learning) > 0.99);
}

#[test]
fn trees_correct_the_log_odds_they_start_from() {
    let start = |odds: f64| {
        let mut learning = samples(1, 2_000);
        for sample in &mut learning {
            sample.odds = if sample.harvest { odds } else { -odds };
        }
        let trees = boost(&learning, &settings());
        let forest = Forest::new("t", &trees).unwrap();
        let said: f64 = learning.iter().map(|sample| forest.log_odds(&sample.seen).abs()).sum();
        (said / learning.len() as f64, right(&trees, &learning))
    };
    // nothing is left to say, or all the more
    assert!(start(6.0).0 < 0.3 * start(0.0).0);
    assert!(start(-2.0).1 > 0.95 && start(-2.0).0 > start(0.0).0);
}
