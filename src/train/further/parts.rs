//! Principal components and the one-class support vector machine, by linfa, of standardised calm rows.

use linfa::DatasetBase;
use linfa::dataset::Pr;
use linfa::traits::Fit;
use linfa_linalg::eigh::{EigSort, Eigh};
use linfa_svm::Svm;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use crate::feature::WIDTH;

/// Rows that the components are fitted to.
pub(super) const COMPONENTS_ROWS: usize = 6_000;
/// Rows that the machine is fitted to: it costs their square.
pub(super) const MACHINE_ROWS: usize = 3_000;
/// Components kept: those that hold so much of the variance of calm rows.
const HELD: f64 = 0.9;
/// Share of calm rows that the machine may leave outside.
const OUTSIDE: f64 = 0.1;

/// A score of a standardised row: the higher, the odder.
type Score = Box<dyn Fn(&[f64; WIDTH]) -> f64>;

/// What the components of calm rows leave over of a row. By the eigenvectors of the covariance: linfa's own components
/// come from an iteration that ends in NaN where rows have fewer directions than features.
pub(super) fn left_over(rows: &Array2<f64>) -> Option<Score> {
    let mean = rows.mean_axis(Axis(0))?;
    let off = rows - &mean;
    let covariance = off.t().dot(&off) / rows.nrows() as f64;
    let (variances, components) = covariance.eigh().ok()?.sort_eig_desc();
    let enough = HELD * variances.sum();
    let mut held = 0.0;
    let below = variances.iter().take_while(|variance| {
        held += **variance;
        held < enough
    });
    let kept = (1 + below.count()).min(WIDTH);
    Some(Box::new(move |row| {
        let off: Array1<f64> = &ArrayView1::from(row.as_slice()) - &mean;
        let along = components.columns().into_iter().take(kept).map(|component| component.dot(&off));
        let within: f64 = along.map(|length| length * length).sum();
        (off.dot(&off) - within).max(0.0).ln_1p()
    }))
}

/// How far a row is outside of what holds all but some of the calm rows.
pub(super) fn outside(rows: Array2<f64>) -> Option<Score> {
    let machine =
        Svm::<f64, Pr>::params().gaussian_kernel(WIDTH as f64).nu_weight(OUTSIDE).fit(&DatasetBase::from(rows)).ok()?;
    Some(Box::new(move |row| machine.rho - machine.weighted_sum(&ArrayView1::from(row.as_slice()))))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;

    fn unit(seed: u64) -> f64 {
        (scatter(seed) % 10_000) as f64 / 10_000.0 - 0.5
    }

    /// Rows whose second half repeats the first.
    fn row(seed: u64) -> [f64; WIDTH] {
        let half = |f: usize| unit(scatter(seed) ^ (f % (WIDTH / 2)) as u64);
        std::array::from_fn(half)
    }

    fn rows(count: u64) -> Array2<f64> {
        let mut rows = Array2::zeros((count as usize, WIDTH));
        for (seed, mut line) in (0..count).zip(rows.rows_mut()) {
            line.assign(&ArrayView1::from(row(seed).as_slice()));
        }
        rows
    }

    #[test]
    fn what_breaks_the_habit_of_calm_rows_is_odd() {
        let mut broken = row(99_999);
        broken[WIDTH - 1] = 3.0;
        for score in [left_over(&rows(400)).unwrap(), outside(rows(400)).unwrap()] {
            let mut usual: Vec<f64> = (50_000..50_100).map(|seed| score(&row(seed))).collect();
            usual.sort_by(f64::total_cmp);
            assert!(score(&broken) > usual[98], "{} of {usual:?}", score(&broken));
        }
    }

    #[test]
    fn rows_without_a_direction_are_no_trouble() {
        let flat = Array2::from_shape_fn((50, WIDTH), |(i, _)| i as f64);
        assert!(left_over(&flat).unwrap()(&row(1)).is_finite());
        assert!(left_over(&Array2::zeros((50, WIDTH))).unwrap()(&row(1)).is_finite());
    }
}
