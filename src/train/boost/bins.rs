//! Features cut into quantile bins: one byte a value.

use rayon::prelude::*;

use super::Sample;
use crate::feature::WIDTH;

/// Bins with a value at most; bin 0 is absent.
const MOST: usize = 63;

/// All features of all rows.
pub(super) struct Bins {
    features: Vec<Feature>,
}

/// One feature.
pub(super) struct Feature {
    /// Upper edges, ascending: bin b holds values up to edge b − 1; the last bin has none.
    pub(super) edges: Vec<f32>,
    /// The bin of each row.
    pub(super) rows: Vec<u8>,
}

impl Bins {
    pub(super) fn new(samples: &[Sample]) -> Bins {
        let feature = |f: usize| {
            let mut values: Vec<f32> = samples.iter().map(|s| s.seen[f]).filter(|value| !value.is_nan()).collect();
            values.sort_by(f32::total_cmp);
            let edges = edges(&values);
            let bin = |value: f32| {
                if value.is_nan() { 0 } else { 1 + edges.partition_point(|edge| *edge < value) as u8 }
            };
            let rows = samples.iter().map(|sample| bin(sample.seen[f])).collect();
            Feature { edges, rows }
        };
        Bins { features: (0..WIDTH).into_par_iter().map(feature).collect() }
    }

    pub(super) fn of(&self, feature: usize) -> &Feature {
        &self.features[feature]
    }
}

/// Edges midway between neighbouring values, at quantiles; none where all values are the same.
fn edges(sorted: &[f32]) -> Vec<f32> {
    let mut edges: Vec<f32> = Vec::new();
    for cut in 1..MOST {
        let at = cut * sorted.len() / MOST;
        let Some(low) = sorted.get(at) else { continue };
        let Some(high) = sorted.get(sorted.partition_point(|value| value <= low)) else { break };
        let edge = low + (high - low) / 2.0;
        if edge.is_finite() && edges.last().is_none_or(|last| *last < edge) {
            edges.push(edge);
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_few_ascending_and_part_different_values() {
        assert!(edges(&[]).is_empty() && edges(&[2.0; 100]).is_empty());
        assert_eq!(edges(&[0.0, 0.0, 0.0, 1.0]), [0.5]);
        let many: Vec<f32> = (0..10_000).map(|i| i as f32).collect();
        let edges = edges(&many);
        assert!(edges.len() == MOST - 1 && edges.is_sorted_by(|a, b| a < b));
    }
}
