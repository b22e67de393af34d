//! What is usual: log-odds and log-densities by stage, feature ranges, scores, and the threshold.

use super::TrainError;
use super::rounded;
use super::survey::{Surveyed, Window};
use super::trial::{CalmLog, Group, Trial, UnitScores};
use crate::evidence::{Params, Side};
use crate::feature::{Needs, Row, WIDTH};
use crate::model::Model;
use crate::model::artifact::{Body, Line, MOST_MAXIMA, MOST_QUANTILES, STAGES, Stage};
use crate::model::relation::{ABOVE, CalmOdds, TIERS, tier};

/// A stage with fewer windows, or tenants, takes the figures of the next smaller one.
const LEAST_WINDOWS: usize = 20;
/// Log-densities closer together than this are equal to a reader.
const LEAST_SPREAD: f64 = 0.5;
/// Least standard deviation of unit means: below it evidence would rest on the third digit of a score.
const LEAST_BETWEEN: f64 = 0.05;
/// Least mean excess of log-odds over their calm 95th percentile: a shorter tail is too few tenants.
const LEAST_TAIL: f64 = 0.1;
/// Windows of a tenant that a second opinion is asked of, at most.
const MOST_ASKED: usize = 24;
/// What the rows of each tier are shown with.
const MOST_OF_TIER: [u8; TIERS] = [u8::MAX, Needs::Tokens as u8 | Needs::Reasoning as u8, 0];

/// The highest log-odds of a tenant by tier and stage; none where it has no such window.
pub(crate) type Tops = [[Option<f64>; STAGES]; TIERS];

/// Those of one tenant; `raw` gives the log-odds of a window.
pub(crate) fn tops(tenant: &Surveyed, raw: impl Fn(&Window) -> f64) -> Tops {
    let mut tops = [[None::<f64>; STAGES]; TIERS];
    for window in &tenant.windows {
        for (at, most) in MOST_OF_TIER.iter().enumerate() {
            // what the window lacks can't be looked at; what it has can be looked away from
            let row = Row { present: window.row.present & most, ..window.row };
            if tier(row.present) == at {
                let top = &mut tops[at][window.stage()];
                let odds = raw(&Window { row, ..*window });
                *top = Some(top.map_or(odds, |top| top.max(odds)));
            }
        }
    }
    tops
}

/// How high calm tenants come, by tier and stage.
pub(crate) fn odds(tenants: &[&Tops]) -> Vec<Vec<CalmOdds>> {
    let one = |at: usize, stage: usize| {
        let mut tops: Vec<(f64, f64)> =
            tenants.iter().filter_map(|tops| tops[at][stage]).map(|top| (top, 1.0)).collect();
        if tops.len() < LEAST_WINDOWS {
            return None;
        }
        tops.sort_by(|a, b| a.0.total_cmp(&b.0));
        let quantiles = ABOVE.map(|above| rounded(quantile(&tops, 1.0 - above)));
        let last = quantiles[ABOVE.len() - 1];
        let beyond: Vec<f64> = tops.iter().filter(|(top, _)| *top > last).map(|(top, _)| top - last).collect();
        let tail = beyond.iter().sum::<f64>() / beyond.len().max(1) as f64;
        Some(CalmOdds { quantiles, tail: rounded(tail.max(LEAST_TAIL)) })
    };
    let mut before = CalmOdds { quantiles: [0.0; ABOVE.len()], tail: 1.0 };
    let mut stage = |at, stage| {
        before = one(at, stage).unwrap_or(before);
        before
    };
    (0..TIERS).map(|at| (0..STAGES).map(|number| stage(at, number)).collect()).collect()
}

/// The same of tenants whose log-odds are not known yet.
pub(crate) fn related(tenants: &[&Surveyed], raw: impl Fn(&Window) -> f64) -> Vec<Vec<CalmOdds>> {
    let tops: Vec<Tops> = tenants.iter().map(|tenant| tops(tenant, &raw)).collect();
    odds(&tops.iter().collect::<Vec<_>>())
}

/// Calm log-densities by stage and by what is present.
pub(crate) fn stages(body: &mut Body, tenants: &[&Surveyed]) -> Result<(), TrainError> {
    let model = Model::build(body.clone(), [0; 32])?;
    for present in 0..Needs::COMBINATIONS as u8 {
        let mut before = Stage { median: 0.0, spread: LEAST_SPREAD };
        for stage in 0..STAGES {
            let weighted = weighted(tenants, |_, window| {
                let row = Row { present, ..window.row };
                (window.stage() == stage && window.row.present & present == present)
                    .then(|| model.score_row(&row, window.exchanges).raw)
            });
            if weighted.len() >= LEAST_WINDOWS {
                let (median, low) = (quantile(&weighted, 0.5), quantile(&weighted, 0.1));
                before = Stage { median: rounded(median), spread: rounded((median - low).max(LEAST_SPREAD)) };
            }
            body.stages[usize::from(present)][stage] = before;
        }
    }
    Ok(())
}

/// What 99 % of calm windows stay under by each second opinion, by tier.
pub(crate) fn opinions(body: &mut Body, tenants: &[&Surveyed]) -> Result<(), TrainError> {
    let model = Model::build(body.clone(), [0; 32])?;
    // a model without calm windows of whole rows has no reference, and tells no opinion rather than one of nothing
    let by_tier = |opinion: &dyn Fn(&Row) -> Option<f64>| {
        let mut before = None;
        let one = |at: usize| {
            let all = weighted_part(tenants, |_, window| {
                let row = Row { present: window.row.present & MOST_OF_TIER[at], ..window.row };
                if tier(row.present) == at { opinion(&row) } else { None }
            });
            if all.len() >= LEAST_WINDOWS {
                before = Some(rounded(quantile(&all, 0.99)));
            }
            before
        };
        (0..TIERS).map(one).collect::<Option<Vec<f64>>>()
    };
    let of_line = by_tier(&|row| model.line_odds(row));
    body.logistic = body.logistic.take().zip(of_line).map(|(line, calm_p99)| Line { calm_p99, ..line });
    body.density_p99 = body.harvest.as_ref().and_then(|_| by_tier(&|row| model.density_ratio(row)));
    Ok(())
}

/// The calm range of each feature.
pub(crate) fn ranges(body: &mut Body, tenants: &[&Surveyed]) {
    for feature in 0..WIDTH {
        let values = weighted(tenants, |_, window| window.row.get(feature));
        body.calm.median[feature] = rounded(quantile(&values, 0.5));
        body.calm.p01[feature] = rounded(quantile(&values, 0.01));
        body.calm.p99[feature] = rounded(quantile(&values, 0.99));
    }
}

/// Quantiles of calm scores.
pub(crate) fn ranks(body: &mut Body, trial: &Trial) {
    let mut scores: Vec<(f64, f64)> = Vec::new();
    for tenant in trial.of(Group::Holding) {
        let weight = 1.0 / tenant.sample.len().max(1) as f64;
        scores.extend(tenant.sample.iter().map(|score| (f64::from(*score), weight)));
    }
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    if !scores.is_empty() {
        let at = |i: usize| rounded(quantile(&scores, (i as f64 + 0.5) / MOST_QUANTILES as f64));
        body.score_quantiles = (0..MOST_QUANTILES).map(at).collect();
    }
}

/// Distributions of scores among calm and harvesting units.
pub(crate) fn gathered(body: &mut Body, trial: &Trial) {
    let mut units: Vec<(f64, &UnitScores)> = Vec::new();
    for tenant in trial.of(Group::Holding) {
        let judged: Vec<&UnitScores> = tenant.units.iter().filter(|unit| unit.is_judged()).collect();
        units.extend(judged.iter().map(|unit| (1.0 / judged.len() as f64, *unit)));
    }
    let (calm, correlation) = side(&units);
    let attackers: Vec<(f64, &UnitScores)> =
        trial.of(Group::Attack).filter_map(|tenant| tenant.boldest()).map(|unit| (1.0, unit)).collect();
    // attackers at the calm level teach nothing about attackers: stay four calm deviations above
    let mut harvest = if attackers.is_empty() { calm } else { side(&attackers).0 };
    harvest.mean = harvest.mean.max(calm.mean + 4.0 * calm.between);
    body.evidence =
        Some(Params { calm: round_side(calm), harvest: round_side(harvest), correlation: rounded(correlation) });
}

/// How many calm maxima a budget lets pass.
pub(crate) fn allowed(budget: f64, months: f64) -> usize {
    (budget * months / 1_000.0).floor() as usize
}

/// The order statistic of maxima that so many pass.
pub(crate) fn order_statistic(mut maxima: Vec<f64>, passing: usize) -> f64 {
    maxima.sort_by(|a, b| b.total_cmp(a));
    maxima.get(passing.min(maxima.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// The threshold is the calm maximum, just passed, below which the worst quarter of logs would break the budget: traffic
/// unlike the others is what an operator of one's own may well have. A term in the number
/// of decisions, so that large tenants get no more false findings than small ones, was tried and left out: of
/// 21 false ones 3 were in the smallest third, 9 in the middle and 8 in the largest, 0.2 nats per factor of e
/// moved none of them and lost a tenth of the attackers.
pub(crate) fn threshold(body: &mut Body, trial: &Trial, budget: f64) {
    let highest = worst_quarter(&trial.logs(), budget);
    // one thousandth above: the tenant that sets it stays quiet after rounding
    body.threshold = rounded((highest * 1.001).max(0.5));
    maxima(body, trial.maxima());
}

/// The highest of the maxima with which the quarter of logs that has the most findings a month has more than the budget
/// allows it.
fn worst_quarter(logs: &[CalmLog], budget: f64) -> f64 {
    let mut all: Vec<(f64, usize)> = Vec::new();
    for (number, log) in logs.iter().enumerate() {
        all.extend(log.maxima.iter().map(|maximum| (*maximum, number)));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut findings: Vec<(usize, f64)> = logs.iter().map(|log| (0, log.months)).collect();
    for (maximum, number) in all {
        findings[number].0 += 1;
        let mut worst = findings.clone();
        let rate = |log: &(usize, f64)| log.0 as f64 / log.1.max(1e-9);
        worst.sort_by(|a, b| rate(b).total_cmp(&rate(a)));
        worst.truncate(logs.len().div_ceil(4));
        let months: f64 = worst.iter().map(|(_, months)| months).sum();
        if worst.iter().map(|(found, _)| found).sum::<usize>() > allowed(budget, months) {
            return maximum;
        }
    }
    0.0
}

/// What calm tenants reached: p-values are counted from it.
pub(crate) fn maxima(body: &mut Body, mut maxima: Vec<f64>) {
    maxima.sort_by(f64::total_cmp);
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
fn weighted(tenants: &[&Surveyed], value: impl Fn(&Surveyed, &Window) -> Option<f64>) -> Vec<(f64, f64)> {
    weighted_every(usize::MAX, tenants, value)
}

/// The same of some windows of each tenant: enough for a percentile, and a density costs 30 µs a window.
fn weighted_part(tenants: &[&Surveyed], value: impl Fn(&Surveyed, &Window) -> Option<f64>) -> Vec<(f64, f64)> {
    weighted_every(MOST_ASKED, tenants, value)
}

fn weighted_every(
    most: usize,
    tenants: &[&Surveyed],
    value: impl Fn(&Surveyed, &Window) -> Option<f64>,
) -> Vec<(f64, f64)> {
    let mut all = Vec::new();
    for tenant in tenants {
        let step = tenant.windows.len().div_ceil(most).max(1);
        let values: Vec<f64> = tenant.windows.iter().step_by(step).filter_map(|window| value(tenant, window)).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Logs of ten tenant-months, with maxima of 0 to 9 and so much more.
    fn logs(louder: &[f64]) -> Vec<CalmLog> {
        let log = |by: &f64| CalmLog { months: 10.0, maxima: (0..10).map(|i| f64::from(i) + by).collect() };
        louder.iter().map(log).collect()
    }

    #[test]
    fn the_worst_quarter_of_logs_sets_the_threshold() {
        // one finding in ten tenant-months may pass: of one log its highest, of four alike the highest of one
        assert_eq!(worst_quarter(&logs(&[0.0]), 100.0), 8.0);
        assert_eq!(worst_quarter(&logs(&[0.0, 0.1, 0.2, 0.3]), 100.0), 8.3);
        // two logs are judged together, and may have two
        assert_eq!(worst_quarter(&logs(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 20.0]), 100.0), 27.0);
        assert_eq!(worst_quarter(&logs(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.5, 20.0]), 100.0), 27.0);
        // all together would have let 12 pass, and the threshold be 8
        assert_eq!(worst_quarter(&logs(&[0.0, 0.0, 0.0, 20.0]), 300.0), 26.0);
        assert_eq!((worst_quarter(&[], 100.0), worst_quarter(&logs(&[0.0]), 1e6)), (0.0, 0.0));
    }
}
