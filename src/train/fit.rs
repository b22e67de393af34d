//! Standardisation and the Gaussian mixture, by linfa.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::GaussianMixtureModel;
use ndarray::Array2;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::survey::{Side, Surveyed, Window};
use super::{TrainError, rounded};
use crate::feature::Says;
use crate::feature::{TABLE, WIDTH};
use crate::model::Model;
use crate::model::artifact::{Body, Mixture};

/// Components tried.
const COMPONENTS: [usize; 4] = [1, 2, 4, 8];
/// Pure attackers from which a harvest density is worth fitting.
pub(super) const LEAST_ATTACKERS: usize = 8;
/// Windows per tenant at most, so that each weighs the same, and of all tenants: an iteration costs their number
/// times the square of the features, and a density of 71 of them gains nothing from more.
const WINDOWS: usize = 24;
const MOST_WINDOWS: usize = 6_000;
/// Added to every variance, in standardised units: a habit that no calm tenant has in training is odd,
/// but not by a million deviations.
const LEAST_VARIANCE: f64 = 0.05;
/// Standard deviations beyond which a value is as odd for the fit as any further one: one tenant's outlier would
/// be the whole covariance.
const FARTHEST: f64 = 10.0;
/// Every fourth tenant judges the number of components.
const JUDGES: usize = 4;

/// Fills standardisation and mixtures.
pub(super) fn fit(body: &mut Body, calm: &[&Surveyed], attackers: &[&Surveyed], seed: u64) -> Result<(), TrainError> {
    let windows = |tenants: &[&'_ Surveyed], side| -> Vec<Vec<Window>> {
        let all = tenants.iter().map(|tenant| tenant.of(side).copied().collect::<Vec<_>>());
        all.filter(|windows| !windows.is_empty()).collect()
    };
    let (calm, harvest) = (windows(calm, Side::Calm), windows(attackers, Side::Harvest));
    let all: Vec<&Window> = calm.iter().flat_map(|tenant| balanced(tenant, calm.len())).collect();
    standardise(body, &all);
    body.mixture = best_mixture(body, &calm, seed)?;
    if harvest.len() >= LEAST_ATTACKERS {
        // a second opinion: where linfa finds no mixture of harvests there is none, and the trees judge alone
        body.harvest = best_mixture(body, &harvest, seed).ok();
    }
    Ok(())
}

/// The mixture whose number of components explains held-out tenants best, fitted to all.
fn best_mixture(body: &Body, tenants: &[Vec<Window>], seed: u64) -> Result<Mixture, TrainError> {
    let part = |judges: bool| {
        let chosen = tenants.iter().enumerate().filter(move |(i, _)| (i % JUDGES == 0) == judges);
        chosen.flat_map(|(_, tenant)| balanced(tenant, tenants.len())).collect::<Vec<_>>()
    };
    let (learning, judging) = (part(false), part(true));
    let mut best: Option<(f64, usize)> = None;
    let mut why = String::from("no windows");
    for components in COMPONENTS {
        match mixture(body, &learning, components, seed) {
            Ok(mixture) => {
                let likelihood = likelihood(body, mixture, &judging)?;
                if best.is_none_or(|(most, _)| likelihood > most) {
                    best = Some((likelihood, components));
                }
            }
            Err(reason) => why = reason,
        }
    }
    // with all tenants the chosen number may fail where three quarters of them did not: then fewer
    let most = best.map_or(0, |(_, components)| components);
    let all: Vec<&Window> = tenants.iter().flat_map(|tenant| balanced(tenant, tenants.len())).collect();
    for components in (1..=most).rev() {
        match mixture(body, &all, components, seed) {
            Ok(mixture) => return Ok(mixture),
            Err(reason) => why = reason,
        }
    }
    Err(TrainError::NoFit { most: COMPONENTS[COMPONENTS.len() - 1], why })
}

/// The same number of windows from each of so many tenants: evenly spread, repeated where there are few.
fn balanced(windows: &[Window], tenants: usize) -> impl Iterator<Item = &Window> {
    let (count, wanted) = (windows.len(), (MOST_WINDOWS / tenants.max(1)).clamp(2, WINDOWS));
    (0..wanted).map(move |i| if count > wanted { &windows[i * count / wanted] } else { &windows[i % count] })
}

/// Means and deviations; a constant feature gets the least deviation that a reader would notice.
fn standardise(body: &mut Body, windows: &[&Window]) {
    for (feature, row) in TABLE.iter().enumerate() {
        let values: Vec<f64> = windows.iter().filter_map(|window| window.row.get(feature)).collect();
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
        let least = match row.says {
            Says::Share => 0.05,
            Says::Count => 0.5,
            Says::Log2 => 0.25,
            Says::Ratio | Says::Number => 0.1,
        };
        body.center[feature] = rounded(mean);
        body.scale[feature] = rounded(variance.sqrt().max(least));
    }
}

fn mixture(body: &Body, windows: &[&Window], components: usize, seed: u64) -> Result<Mixture, String> {
    let mut rows = Array2::<f64>::zeros((windows.len(), WIDTH));
    for (mut line, window) in rows.rows_mut().into_iter().zip(windows) {
        for (feature, cell) in line.iter_mut().enumerate() {
            // absent in training data means average: it neither attracts nor repels
            let value = window.row.get(feature).unwrap_or(body.center[feature]);
            *cell = ((value - body.center[feature]) / body.scale[feature]).clamp(-FARTHEST, FARTHEST);
        }
    }
    let rng = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add(components as u64));
    let fitted = GaussianMixtureModel::params_with_rng(components, rng)
        .reg_covariance(LEAST_VARIANCE)
        .tolerance(1e-3)
        .max_n_iterations(200)
        .fit(&DatasetBase::from(rows))
        .map_err(|error| error.to_string())?;
    let covariances = fitted.covariances();
    let triangle = |k: usize| {
        let lower = (0..WIDTH).flat_map(|i| (0..=i).map(move |j| (i, j)));
        lower.map(|(i, j)| rounded(covariances[[k, i, j]])).collect()
    };
    Ok(Mixture {
        weights: fitted.weights().iter().map(|weight| rounded(*weight)).collect(),
        means: fitted.means().rows().into_iter().map(|mean| mean.iter().map(|m| rounded(*m)).collect()).collect(),
        covariances: (0..components).map(triangle).collect(),
    })
}

/// Mean log-density of windows under a mixture.
fn likelihood(body: &Body, mixture: Mixture, windows: &[&Window]) -> Result<f64, TrainError> {
    let model = Model::build(Body { mixture, ..body.clone() }, [0; 32])?;
    let sum: f64 = windows.iter().map(|window| model.score_row(&window.row, window.exchanges).raw).sum();
    Ok(sum / windows.len().max(1) as f64)
}
