//! Calm windows by bin of each feature: what drift is told by.

use super::rounded;
use super::survey::{Surveyed, Window};
use crate::feature::WIDTH;
use crate::model::artifact::{CalmBins, STAGES};
use crate::model::drift::place;

/// A stage with fewer windows takes the shares of the one before, and the first those of all.
const LEAST: usize = 50;

/// Bins of every feature. Windows weigh alike, as they do where drift is told.
pub(crate) fn of<'t>(tenants: impl IntoIterator<Item = &'t Surveyed>) -> Vec<CalmBins> {
    let windows: Vec<&Window> = tenants.into_iter().flat_map(|tenant| &tenant.windows).collect();
    (0..WIDTH).map(|feature| one(feature, &windows)).collect()
}

fn one(feature: usize, windows: &[&Window]) -> CalmBins {
    let valued = windows.iter().filter_map(|window| Some((window.row.get(feature)?, window.stage())));
    let values: Vec<(f64, usize)> = valued.collect();
    let mut sorted: Vec<f64> = values.iter().map(|(value, _)| *value).collect();
    sorted.sort_by(f64::total_cmp);
    let cuts = cuts(&sorted);
    let mut counts = vec![vec![0usize; cuts.len() + 1]; STAGES];
    for (value, stage) in &values {
        counts[*stage][place(&cuts, *value)] += 1;
    }
    let mut last: Vec<usize> = (0..=cuts.len()).map(|bin| counts.iter().map(|counts| counts[bin]).sum()).collect();
    let shares = |counts: &Vec<usize>| {
        if counts.iter().sum::<usize>() >= LEAST {
            last.clone_from(counts);
        }
        let (counts, whole) = (&last, last.iter().sum::<usize>());
        // of no windows at all: one bin, which is everything
        counts.iter().map(|count| if whole == 0 { 1.0 } else { parts(*count, whole) }).collect()
    };
    CalmBins { shares: counts.iter().map(shares).collect(), cuts }
}

/// A millionth is finer than any count of windows tells.
fn parts(count: usize, whole: usize) -> f64 {
    (count as f64 / whole as f64 * 1e6).round() / 1e6
}

/// Deciles of sorted values. A value that two of them fall on, such as a share of 0 or 1, gets a bin of its own; edges
/// lie a millionth beside the values, so that rounding moves no value over one.
fn cuts(sorted: &[f64]) -> Vec<f64> {
    let deciles: Vec<f64> = (1..10).filter_map(|i| sorted.get(sorted.len() * i / 10)).copied().collect();
    let mut cuts: Vec<f64> = Vec::new();
    for same in deciles.chunk_by(|a, b| a == b) {
        let aside = 1e-6 * (1.0 + same[0].abs());
        let below = (same.len() > 1).then_some(same[0] - aside);
        for cut in below.into_iter().chain([same[0] + aside]).map(rounded) {
            if cuts.last().is_none_or(|last| *last < cut) {
                cuts.push(cut);
            }
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::super::survey::Side;
    use super::*;
    use crate::feature::{Row, TABLE};
    use crate::model::drift::MOST_CUTS;
    use crate::tenant::stream::scatter;

    #[test]
    fn deciles_and_a_bin_for_what_is_frequent() {
        let even: Vec<f64> = (0..1_000).map(f64::from).collect();
        let found = cuts(&even);
        assert!(found.len() == 9 && (found[0] - 100.0).abs() < 0.01 && (found[8] - 900.0).abs() < 0.01, "{found:?}");
        // six tenths are 0, the others spread
        let many: Vec<f64> = (0..100).map(|i| if i < 60 { 0.0 } else { f64::from(i) }).collect();
        let found = cuts(&many);
        assert_eq!(found.len(), 6, "{found:?}");
        assert_eq!((place(&found, -1.0), place(&found, 0.0), place(&found, 0.5)), (0, 1, 2));
        assert_eq!(cuts(&[]), Vec::<f64>::new());
        assert!(cuts(&[0.1, 0.1, 0.3, 0.3, 0.4, 0.4]).len() <= MOST_CUTS);
    }

    #[test]
    fn shares_are_of_the_stage_where_it_has_enough() {
        let window = |i: u64| {
            let exchanges = if i.is_multiple_of(2) { 8 } else { 64 };
            let value = (scatter(i) % 100) as f64 + if exchanges == 8 { 0.0 } else { 50.0 };
            Window { row: Row { values: [value; WIDTH], present: 1 }, exchanges, side: Side::Calm, by_exchange: None }
        };
        let tenant = Surveyed::of_windows("t".into(), (0..1_000).map(window).collect());
        let bins = of([&tenant]);
        // by a tokens-only window
        let place_of = |met| TABLE.iter().position(|feature| feature.needs.met_by(1) == met).unwrap_or_default();
        let (there, lacking) = (place_of(true), place_of(false));
        let low = |stage: usize| bins[there].shares[stage][..3].iter().sum::<f64>();
        assert!(low(0) > 0.5 && low(3) < 0.1, "{:?}", bins[there]);
        // nothing lies between them, nor after: as the stage before
        assert_eq!((low(2), low(STAGES - 1)), (low(0), low(3)));
        assert_eq!((bins[lacking].cuts.len(), &bins[lacking].shares), (0, &vec![vec![1.0]; STAGES]));
    }
}
