//! What is usual: log-densities by stage, feature ranges, scores, evidence and the threshold.

use super::TrainError;
use super::rounded;
use super::survey::Surveyed;
use super::trial::{Group, Trial, UnitScores};
use crate::evidence::{Params, Side};
use crate::feature::{Needs, Row, WIDTH};
use crate::model::Model;
use crate::model::artifact::{Body, MOST_MAXIMA, MOST_QUANTILES, STAGES, Stage};

/// A stage with fewer windows takes the figures of the next smaller one.
const LEAST_WINDOWS: usize = 20;
/// Log-densities closer together than this are equal to a reader.
const LEAST_SPREAD: f64 = 0.5;
/// Least standard deviation of unit means: below it evidence would rest on the third digit of a score.
const LEAST_BETWEEN: f64 = 0.05;

/// Calm log-densities by stage and by what is present, and the calm range of each feature.
pub(super) fn stages(body: &mut Body, tenants: &[&Surveyed]) -> Result<(), TrainError> {
    let model = Model::build(body.clone(), [0; 32])?;
    for present in 0..Needs::COMBINATIONS as u8 {
        let mut before = Stage { median: 0.0, spread: LEAST_SPREAD };
        for stage in 0..STAGES {
            let weighted = weighted(tenants, |window| {
                let here = (window.exchanges.ilog2() as usize).saturating_sub(3).min(STAGES - 1) == stage;
                // what the window lacks can't be looked at; what it has can be looked away from
                let row = Row { present, ..window.row };
                (here && window.row.present & present == present)
                    .then(|| model.score_row(&row, window.exchanges).log_density)
            });
            if weighted.len() >= LEAST_WINDOWS {
                let (median, low) = (quantile(&weighted, 0.5), quantile(&weighted, 0.1));
                before = Stage { median: rounded(median), spread: rounded((median - low).max(LEAST_SPREAD)) };
            }
            body.stages[usize::from(present)][stage] = before;
        }
    }
    for feature in 0..WIDTH {
        let values = weighted(tenants, |window| window.row.get(feature));
        body.calm.median[feature] = rounded(quantile(&values, 0.5));
        body.calm.p01[feature] = rounded(quantile(&values, 0.01));
        body.calm.p99[feature] = rounded(quantile(&values, 0.99));
    }
    Ok(())
}

/// Quantiles of scores, and their distributions among calm and harvesting units.
pub(super) fn scores(body: &mut Body, trial: &Trial) {
    let mut scores: Vec<(f64, f64)> = Vec::new();
    let mut units: Vec<(f64, &UnitScores)> = Vec::new();
    for tenant in trial.of(Group::Holding) {
        let weight = 1.0 / tenant.sample.len().max(1) as f64;
        scores.extend(tenant.sample.iter().map(|score| (f64::from(*score), weight)));
        let judged: Vec<&UnitScores> = tenant.units.iter().filter(|unit| unit.is_judged()).collect();
        units.extend(judged.iter().map(|unit| (1.0 / judged.len() as f64, *unit)));
    }
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    if !scores.is_empty() {
        let at = |i: usize| rounded(quantile(&scores, (i as f64 + 0.5) / MOST_QUANTILES as f64));
        body.score_quantiles = (0..MOST_QUANTILES).map(at).collect();
    }
    let (calm, correlation) = side(&units);
    let attackers: Vec<(f64, &UnitScores)> =
        trial.of(Group::Attack).filter_map(|tenant| tenant.boldest()).map(|unit| (1.0, unit)).collect();
    // attackers at the calm level teach nothing about attackers: stay four calm deviations above
    let mut harvest = if attackers.is_empty() { calm } else { side(&attackers).0 };
    harvest.mean = harvest.mean.max(calm.mean + 4.0 * calm.between);
    body.evidence = Params { calm: round_side(calm), harvest: round_side(harvest), correlation: rounded(correlation) };
}

/// The order statistic of calm maxima that keeps the budget, just passed.
pub(super) fn threshold(body: &mut Body, trial: &Trial, budget: f64) {
    let mut maxima: Vec<f64> = trial.of(Group::Holding).map(|tenant| f64::from(tenant.highest.max(0.0))).collect();
    maxima.sort_by(f64::total_cmp);
    let allowed = (budget * trial.tenant_months(Group::Holding) / 1_000.0).floor() as usize;
    let index = maxima.len().saturating_sub(allowed.min(maxima.len().saturating_sub(1)) + 1);
    let highest = maxima.get(index).copied().unwrap_or(0.0);
    // one thousandth above: the tenant that sets it stays quiet after rounding
    body.threshold = rounded((highest * 1.001).max(0.5));
    body.calm_tenants = maxima.len();
    let kept = maxima.len().saturating_sub(MOST_MAXIMA);
    body.calm_maxima = maxima[kept..].iter().map(|maximum| rounded(*maximum)).collect();
}

/// Mean, spread between and within units, and correlation, each unit with its weight.
fn side(units: &[(f64, &UnitScores)]) -> (Side, f64) {
    let total = units.iter().map(|(weight, _)| weight).sum::<f64>().max(1e-9);
    let average = |of: &dyn Fn(&UnitScores) -> f64| units.iter().map(|(w, unit)| w * of(unit)).sum::<f64>() / total;
    let mean = average(&UnitScores::mean);
    let within = average(&UnitScores::variance);
    let lagged = average(&UnitScores::covariance);
    let correlation = if within > 1e-9 { (lagged / within).clamp(0.0, 0.98) } else { 0.0 };
    let spread = average(&|unit| (unit.mean() - mean) * (unit.mean() - mean));
    // part of the spread of means is chance: what is left is the offset
    let chance = average(&|unit| within * ((1.0 + correlation) / (1.0 - correlation) / unit.decisions()).min(1.0));
    let between = (spread - chance).max(spread / 4.0).max(LEAST_BETWEEN * LEAST_BETWEEN).sqrt();
    (Side { mean, between, within: within.sqrt().max(LEAST_BETWEEN) }, correlation)
}

fn round_side(side: Side) -> Side {
    Side { mean: rounded(side.mean), between: rounded(side.between), within: rounded(side.within) }
}

/// A value of each window that has one, sorted, with weights that make every tenant count the same.
fn weighted(tenants: &[&Surveyed], value: impl Fn(&super::survey::Window) -> Option<f64>) -> Vec<(f64, f64)> {
    let mut all = Vec::new();
    for tenant in tenants {
        let values: Vec<f64> = tenant.windows.iter().filter_map(&value).collect();
        let weight = 1.0 / values.len().max(1) as f64;
        all.extend(values.into_iter().map(|value| (value, weight)));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// Weighted quantile of sorted values; 0 of none.
fn quantile(sorted: &[(f64, f64)], share: f64) -> f64 {
    let total: f64 = sorted.iter().map(|(_, weight)| weight).sum();
    let mut sum = 0.0;
    for (value, weight) in sorted {
        sum += weight;
        if sum >= share * total {
            return *value;
        }
    }
    sorted.last().map_or(0.0, |(value, _)| *value)
}
