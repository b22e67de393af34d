//! Standardisation, the Gaussian mixtures and the logistic line, by linfa.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::GaussianMixtureModel;
use linfa_logistic::{FittedLogisticRegression, LogisticRegression};
use ndarray::{Array1, Array2};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::survey::{Side, Surveyed, Window};
use super::{TrainError, rounded};
use crate::feature::Says;
use crate::feature::{TABLE, WIDTH};
use crate::model::Model;
use crate::model::artifact::{Body, Line, Mixture};
use crate::model::opinion::standard;
use crate::model::relation::TIERS;

/// Components tried.
const COMPONENTS: [usize; 4] = [1, 2, 4, 8];
/// Attackers from which a density of harvests, trees of an age or a pattern's line is worth fitting.
pub(super) const LEAST_ATTACKERS: usize = 8;
/// Windows per tenant at most, so that each weighs the same, and of all tenants: an iteration costs their number
/// times the square of the features, and a density of 71 of them gains nothing from more.
const WINDOWS: usize = 24;
const MOST_WINDOWS: usize = 6_000;
/// Added to every variance, in standardised units: a habit that no calm tenant has in training is odd,
/// but not by a million deviations.
const LEAST_VARIANCE: f64 = 0.05;
/// Rows of each side that the line is fitted to: each tenant of a side has as many of them as any other, which is
/// what weights would do, and linfa's logistic regression takes none.
pub(super) const LINE_ROWS: usize = 10_000;
/// Weight of the squared length of the line per row: rows of one tenant are alike, so the fit knows less than it
/// thinks.
pub(super) const LINE_RIDGE: f64 = 0.01;
/// Every fourth tenant judges the number of components.
const JUDGES: usize = 4;

/// Fills standardisation and mixtures.
pub(super) fn fit(body: &mut Body, calm: &[&Surveyed], attackers: &[&Surveyed], seed: u64) -> Result<(), TrainError> {
    let (calm, harvest) = (windows(calm, Side::Calm), windows(attackers, Side::Harvest));
    let all: Vec<&Window> = calm.iter().flat_map(|tenant| balanced(tenant, calm.len())).collect();
    standardise(body, &all);
    body.mixture = best_mixture(body, &calm, seed)?;
    if harvest.len() >= LEAST_ATTACKERS {
        // a second opinion: where linfa finds no mixture of harvests there is none, and the trees judge alone
        body.harvest = best_mixture(body, &harvest, seed).ok();
        body.logistic = line(body, &drawn(&calm, LINE_ROWS), &drawn(&harvest, LINE_ROWS)).ok();
    }
    Ok(())
}

/// Windows of a side, by tenant; tenants without any are left out.
pub(super) fn windows(tenants: &[&Surveyed], side: Side) -> Vec<Vec<Window>> {
    let all = tenants.iter().map(|tenant| tenant.of(side).copied().collect::<Vec<_>>());
    all.filter(|windows| !windows.is_empty()).collect()
}

/// So many windows, or other things, in all, as many from each tenant: evenly spread, repeated where there are few.
pub(super) fn drawn<T>(tenants: &[Vec<T>], all: usize) -> Vec<&T> {
    let ends = |i: usize| i * all / tenants.len();
    let of = |(i, windows): (usize, &'_ Vec<T>)| {
        let (count, wanted) = (windows.len(), ends(i + 1) - ends(i));
        (0..wanted).map(move |k| if count > wanted { k * count / wanted } else { k % count }).collect::<Vec<_>>()
    };
    let places = tenants.iter().enumerate().map(|(i, windows)| (windows, of((i, windows))));
    places.flat_map(|(windows, places)| places.into_iter().map(move |place| &windows[place])).collect()
}

/// The line between calm and harvesting windows.
fn line(body: &Body, calm: &[&Window], harvest: &[&Window]) -> Result<Line, String> {
    line_of(rows(body, &[calm, harvest].concat()), calm.len())
}

/// The line between the first so many rows, which are calm, and the others.
pub(super) fn line_of(rows: Array2<f64>, calm: usize) -> Result<Line, String> {
    let fitted = logistic(rows, calm)?;
    // to linfa the more frequent label is the positive one, of equally frequent ones the first
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    Ok(Line {
        weights: fitted.params().iter().map(|weight| rounded(sign * weight)).collect(),
        intercept: rounded(sign * fitted.intercept()),
        calm_p99: vec![0.0; TIERS],
    })
}

/// The first so many rows are calm, the others harvest.
fn logistic(rows: Array2<f64>, calm: usize) -> Result<FittedLogisticRegression<f64, bool>, String> {
    let targets: Array1<bool> = (0..rows.nrows()).map(|i| calm <= i).collect();
    LogisticRegression::default()
        .alpha(LINE_RIDGE * rows.nrows() as f64)
        .max_iterations(500)
        .fit(&DatasetBase::from(rows).with_targets(targets))
        .map_err(|error| error.to_string())
}

/// Windows as the fits see them.
pub(super) fn rows(body: &Body, windows: &[&Window]) -> Array2<f64> {
    let mut rows = Array2::<f64>::zeros((windows.len(), WIDTH));
    for (mut line, window) in rows.rows_mut().into_iter().zip(windows) {
        let standard = standard(&window.row, &body.center, &body.scale);
        line.iter_mut().zip(standard).for_each(|(cell, value)| *cell = value);
    }
    rows
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
    let rng = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add(components as u64));
    let fitted = GaussianMixtureModel::params_with_rng(components, rng)
        .reg_covariance(LEAST_VARIANCE)
        .tolerance(1e-3)
        .max_n_iterations(200)
        .fit(&DatasetBase::from(rows(body, windows)))
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
pub(super) mod tests {
    use linfa::traits::Predict;

    use super::*;
    use crate::feature::Row;
    use crate::model::opinion::probability;
    use crate::model::reference;
    use crate::tenant::stream::scatter;

    pub(in crate::train) fn made(side: Side, count: u64) -> Vec<Window> {
        let push = if side == Side::Harvest { 0.4 } else { 0.0 };
        let window = |i: u64| {
            let mut values = [0.0; WIDTH];
            for (f, value) in values.iter_mut().enumerate() {
                *value = (scatter(i * 131 + f as u64) % 1_000) as f64 / 1_000.0 + if f % 3 == 0 { push } else { 0.0 };
            }
            // all that can be missing is missing somewhere
            Window { row: Row { values, present: (i % 32) as u8 }, exchanges: 8 + i, side, by_exchange: None }
        };
        (0..count).map(|i| window(i + count * side as u64)).collect()
    }

    #[test]
    fn our_line_gives_the_numbers_of_linfa() {
        let (calm, harvest) = (made(Side::Calm, 300), made(Side::Harvest, 200));
        let mut body = reference::body(&calm.iter().map(|window| (window.row, window.exchanges)).collect::<Vec<_>>());
        let all: Vec<&Window> = calm.iter().chain(&harvest).collect();
        let matrix = rows(&body, &all);
        let theirs = logistic(matrix.clone(), calm.len()).unwrap();
        body.logistic = Some(line(&body, &all[..calm.len()], &all[calm.len()..]).unwrap());
        let model = reference::model(&body);
        let ours: Vec<f64> = all.iter().map(|window| probability(model.line_odds(&window.row).unwrap())).collect();
        let positive = theirs.labels().pos.class;
        let theirs_of = theirs.predict_probabilities(&matrix).mapv(|p| if positive { p } else { 1.0 - p });
        let apart = ours.iter().zip(theirs_of).map(|(a, b)| (a - b).abs());
        // weights are stored with nine digits
        assert!(apart.fold(0.0, f64::max) < 1e-7);
        let said: Vec<bool> = ours.iter().map(|probability| *probability >= 0.5).collect();
        assert_eq!(said, theirs.predict(&matrix).to_vec());
        let right = said.iter().enumerate().filter(|(i, harvest)| (calm.len() <= *i) == **harvest).count();
        assert!(right > 400, "{right} of 500");
    }

    #[test]
    fn every_tenant_of_a_side_has_as_many_rows() {
        let tenants = [made(Side::Calm, 3), made(Side::Calm, 9_000), made(Side::Calm, 400)];
        let drawn = drawn(&tenants, LINE_ROWS);
        assert_eq!(drawn.len(), LINE_ROWS);
        for (tenant, share) in tenants.iter().zip([3_333, 3_333, 3_334]) {
            let rows = drawn.iter().filter(|window| tenant.iter().any(|own| std::ptr::eq(own, **window)));
            assert_eq!(rows.count(), share);
        }
    }
}
