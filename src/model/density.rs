//! Log-density of a Gaussian mixture and the conditional residuals of each feature.
//!
//! Absent features are marginalised exactly: for each of the 16 combinations of what may be there, the
//! covariance of the present features is factored once, at load. All loops run in a fixed order.

use super::ModelError;
use super::artifact::{MOST_COMPONENTS, Mixture};
use crate::feature::{Needs, TABLE, WIDTH};

const LN_TAU: f64 = 1.837_877_066_409_345_3; // ln 2π

/// The mixture, factored for each combination of present features.
#[derive(Debug)]
pub(super) struct Density {
    margins: Vec<Margin>,
}

/// The mixture over the features of one combination.
#[derive(Debug)]
struct Margin {
    features: Vec<usize>,
    components: Vec<Component>,
}

#[derive(Debug)]
struct Component {
    mean: Vec<f64>,
    /// Cholesky factor by rows, lower triangle.
    factor: Vec<f64>,
    /// Reciprocal of its diagonal.
    inverse_diagonal: Vec<f64>,
    /// ln weight − ln determinant of the factor − d/2 ln 2π.
    constant: f64,
    /// 1 / square root of the precision's diagonal.
    residual_scale: Vec<f64>,
}

/// What one evaluation leaves for the residuals: the row and the log-likelihood of each component.
#[derive(Debug)]
pub(super) struct Scratch {
    standard: [f64; WIDTH],
    logs: [f64; MOST_COMPONENTS],
    total: f64,
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch { standard: [0.0; WIDTH], logs: [0.0; MOST_COMPONENTS], total: 0.0 }
    }
}

impl Density {
    pub(super) fn new(model: &str, mixture: &Mixture) -> Result<Density, ModelError> {
        let margins = (0..Needs::COMBINATIONS as u8).map(|present| Margin::new(model, mixture, present));
        Ok(Density { margins: margins.collect::<Result<_, _>>()? })
    }

    /// Log-density of a standardised row.
    pub(super) fn log_density(&self, standard: &[f64; WIDTH], present: u8, scratch: &mut Scratch) -> f64 {
        let margin = self.margin(present);
        scratch.standard = *standard;
        let mut highest = f64::NEG_INFINITY;
        for (slot, component) in scratch.logs.iter_mut().zip(&margin.components) {
            let mut whitened = [0.0; WIDTH];
            *slot = component.constant - component.whiten(standard, &margin.features, &mut whitened) / 2.0;
            highest = highest.max(*slot);
        }
        let mut sum = 0.0;
        for log in scratch.logs.iter().take(margin.components.len()) {
            sum += libm::exp(log - highest);
        }
        scratch.total = highest + libm::log(sum);
        scratch.total
    }

    /// How far each feature is from what the others make one expect, in standard deviations, averaged
    /// over the components by responsibility. After [`Density::log_density`] of the same row.
    pub(super) fn residuals(&self, present: u8, scratch: &Scratch) -> [f64; WIDTH] {
        let margin = self.margin(present);
        let mut residuals = [0.0; WIDTH];
        for (component, log) in margin.components.iter().zip(scratch.logs) {
            let responsibility = libm::exp(log - scratch.total);
            if responsibility < 1e-6 {
                continue; // adds nothing that anyone could read
            }
            let mut solved = [0.0; WIDTH];
            component.whiten(&scratch.standard, &margin.features, &mut solved);
            component.solve_upper(&mut solved);
            for (k, feature) in margin.features.iter().enumerate() {
                residuals[*feature] += responsibility * solved[k] * component.residual_scale[k];
            }
        }
        residuals
    }

    /// Components of the mixture.
    pub(super) fn components(&self) -> usize {
        self.margin(0).components.len()
    }

    fn margin(&self, present: u8) -> &Margin {
        &self.margins[usize::from(present) % Needs::COMBINATIONS]
    }
}

impl Margin {
    fn new(model: &str, mixture: &Mixture, present: u8) -> Result<Margin, ModelError> {
        let features: Vec<usize> = (0..WIDTH).filter(|feature| TABLE[*feature].needs.met_by(present)).collect();
        let parts = mixture.weights.iter().zip(&mixture.means).zip(&mixture.covariances);
        let components = parts.enumerate().map(|(component, ((weight, mean), covariance))| {
            Component::new(*weight, mean, covariance, &features)
                .ok_or_else(|| ModelError::NotPositiveDefinite { model: model.to_owned(), component })
        });
        Ok(Margin { components: components.collect::<Result<_, _>>()?, features })
    }
}

impl Component {
    fn new(weight: f64, mean: &[f64], covariance: &[f64], features: &[usize]) -> Option<Component> {
        let dims = features.len();
        let mut factor = vec![0.0; dims * (dims + 1) / 2];
        let mut constant = libm::log(weight) - LN_TAU * dims as f64 / 2.0;
        for i in 0..dims {
            for j in 0..=i {
                let (high, low) = (features[i].max(features[j]), features[i].min(features[j]));
                let mut value = covariance[at(high, low)];
                for k in 0..j {
                    value -= factor[at(i, k)] * factor[at(j, k)];
                }
                if i != j {
                    factor[at(i, j)] = value / factor[at(j, j)];
                } else if value > 1e-9 {
                    factor[at(i, i)] = value.sqrt();
                    constant -= libm::log(factor[at(i, i)]);
                } else {
                    return None; // also for NaN
                }
            }
        }
        let inverse_diagonal = (0..dims).map(|i| 1.0 / factor[at(i, i)]).collect();
        let mut component = Component {
            mean: features.iter().map(|feature| mean[*feature]).collect(),
            factor,
            inverse_diagonal,
            constant,
            residual_scale: Vec::new(),
        };
        component.residual_scale = (0..dims).map(|k| component.residual_scale(k)).collect();
        Some(component)
    }

    /// Solves L y = x − μ; the squared length of y is the Mahalanobis distance.
    fn whiten(&self, standard: &[f64; WIDTH], features: &[usize], whitened: &mut [f64; WIDTH]) -> f64 {
        let mut distance = 0.0;
        let mut start = 0;
        for (i, feature) in features.iter().enumerate() {
            let row = &self.factor[start..start + i];
            let mut value = standard[*feature] - self.mean[i];
            for (factor, known) in row.iter().zip(whitened.iter()) {
                value -= factor * known;
            }
            value *= self.inverse_diagonal[i];
            whitened[i] = value;
            distance += value * value;
            start += i + 1;
        }
        distance
    }

    /// Solves Lᵀ u = y in place: u = P (x − μ).
    fn solve_upper(&self, values: &mut [f64; WIDTH]) {
        for i in (0..self.mean.len()).rev() {
            let solved = values[i] * self.inverse_diagonal[i];
            values[i] = solved;
            for (k, value) in values.iter_mut().enumerate().take(i) {
                *value -= self.factor[at(i, k)] * solved;
            }
        }
    }

    /// One over the root of the precision's `k`-th diagonal entry, read off the precision's `k`-th column.
    fn residual_scale(&self, k: usize) -> f64 {
        let mut column = [0.0; WIDTH];
        // L y = e_k
        for i in k..self.mean.len() {
            let mut value = if i == k { 1.0 } else { 0.0 };
            for (j, known) in column.iter().enumerate().take(i).skip(k) {
                value -= self.factor[at(i, j)] * known;
            }
            column[i] = value * self.inverse_diagonal[i];
        }
        self.solve_upper(&mut column);
        1.0 / column[k].sqrt()
    }
}

/// Place of (row, column) in a lower triangle by rows.
pub(super) fn at(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}
