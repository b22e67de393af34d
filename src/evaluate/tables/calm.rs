//! Innocent tenants: false findings by class, volume third and tier, each with its exposure, and how
//! what was realised compares with what was promised.

use std::collections::BTreeMap;

use serde::Serialize;

use super::View;
use crate::evaluate::detector::Judged;
use crate::evaluate::statistics::{Estimate, poisson};
use crate::model::Model;
use crate::record::Tier;

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CalmRow {
    /// Innocent class, third or tier; `all` for everyone.
    pub class: String,
    /// Tenants with at least 30 exchanges.
    pub tenants: usize,
    /// Their tenant-months.
    pub tenant_months: f64,
    /// Findings created on them, one per tenant and 30 days at most.
    pub false_findings: usize,
    /// Per 1,000 tenant-months, with exact one-sided 95 % bounds; none without exposure.
    pub per_1000: Option<Estimate>,
    /// What can be said of the budget.
    pub budget: Verdict,
}

/// What an exposure allows to say of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The upper bound is not above the budget.
    Within,
    /// The lower bound is above the budget.
    Above,
    /// Neither: the exposure is too small.
    NoStatementPossible,
}

/// A threshold's promise and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CalibrationPoint {
    /// Evidence.
    pub evidence: f64,
    /// Share of calm tenants that the model says reach it.
    pub nominal: f64,
    /// Share of innocent tenants that did.
    pub realised: f64,
}

impl Verdict {
    fn of(rate: Option<Estimate>, budget: f64) -> Verdict {
        match rate {
            Some(rate) if rate.high <= budget => Verdict::Within,
            Some(rate) if rate.low > budget => Verdict::Above,
            _ => Verdict::NoStatementPossible,
        }
    }

    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Verdict::Within => "within the budget",
            Verdict::Above => "above the budget",
            Verdict::NoStatementPossible => "no statement possible",
        }
    }
}

/// All innocent customers, then each class; then all twins, and each kind. A provider has few customers who are like
/// an attacker in all but one habit, where a simulated log has one for every attacker: they are counted apart.
pub fn classes(view: &View<'_>, budget: f64) -> Vec<CalmRow> {
    let mut rows = Vec::new();
    for (name, places) in [("all", innocents(view, |_| true)), ("all twins", all_twins(view))] {
        let mut classes = BTreeMap::<&str, Vec<usize>>::new();
        for place in &places {
            classes.entry(&view.tenants[*place].truth.class).or_default().push(*place);
        }
        if name == "all" || !places.is_empty() {
            rows.push(row(view, name, &places, budget));
        }
        rows.extend(classes.into_iter().map(|(class, places)| row(view, class, &places, budget)));
    }
    rows
}

/// Thirds by number of exchanges: a budget that giants eat up alone is no budget.
pub fn thirds(view: &View<'_>, budget: f64) -> Vec<CalmRow> {
    let mut places = innocents(view, |_| true);
    places.sort_by_key(|place| (view.tenants[*place].seen.end.exchanges, *place));
    let third = places.len().div_ceil(3).max(1);
    let chunks = places.chunks(third).zip(["smallest third", "middle third", "largest third"]);
    chunks.map(|(places, name)| row(view, name, places, budget)).collect()
}

/// By what the records let us see.
pub fn tiers(view: &View<'_>, budget: f64) -> Vec<CalmRow> {
    let tiers = [(Tier::Content, "content"), (Tier::Tokens, "tokens"), (Tier::Metadata, "metadata")];
    let of = |(tier, name)| row(view, name, &innocents(view, |tenant| tenant.seen.tier() == tier), budget);
    tiers.into_iter().map(of).collect()
}

/// Innocent tenants of the half that sets no threshold.
pub fn reporting_half(view: &View<'_>, budget: f64) -> CalmRow {
    row(view, view.detector.name, &innocents(view, |tenant| !tenant.calibrates), budget)
}

/// Promised against realised, at evidence levels that innocent tenants reached.
pub fn calibration(view: &View<'_>, model: &Model) -> Vec<CalibrationPoint> {
    const POINTS: usize = 40;
    let all = innocents(view, |_| true);
    let mut highest: Vec<f64> = all.iter().map(|place| view.detector.tracks[*place].highest).collect();
    highest.sort_by(|a, b| b.total_cmp(a));
    let mut points: Vec<CalibrationPoint> = Vec::new();
    for step in 0..POINTS {
        // evenly in the logarithm of the rank: the tail is what matters
        let rank = libm::pow(highest.len() as f64, step as f64 / (POINTS - 1) as f64).round() as usize;
        let Some(evidence) = highest.get(rank.max(1) - 1).copied().filter(|evidence| evidence.is_finite()) else {
            continue;
        };
        let reached = highest.iter().filter(|other| **other >= evidence).count();
        let realised = reached as f64 / highest.len() as f64;
        let nominal = f64::from(model.p_value(evidence as f32));
        // below the lowest calm maximum that a model keeps it promises no more than there
        if points.last().is_none_or(|last| last.evidence != evidence && last.nominal != nominal) {
            points.push(CalibrationPoint { evidence, nominal, realised });
        }
    }
    points
}

/// Attackers' innocent twins.
pub fn twins(view: &View<'_>, budget: f64) -> CalmRow {
    row(view, "twins", &all_twins(view), budget)
}

fn all_twins(view: &View<'_>) -> Vec<usize> {
    (0..view.tenants.len()).filter(|place| view.tenants[*place].counts_as_twin()).collect()
}

fn innocents(view: &View<'_>, of: impl Fn(&Judged<'_>) -> bool) -> Vec<usize> {
    let counts = |place: &usize| view.tenants[*place].counts_as_innocent() && of(&view.tenants[*place]);
    (0..view.tenants.len()).filter(counts).collect()
}

/// The row of these innocent tenants.
pub fn row(view: &View<'_>, class: &str, places: &[usize], budget: f64) -> CalmRow {
    let detector = view.detector;
    let findings = |place: &usize| detector.tracks[*place].findings(detector.threshold).count();
    let false_findings: usize = places.iter().map(findings).sum();
    // the empty sum of floats is minus zero
    let tenant_months = places.iter().fold(0.0, |months, place| months + view.tenants[*place].seen.months());
    let per_1000 = poisson::rate(false_findings as u64, tenant_months / 1_000.0);
    CalmRow {
        class: class.to_owned(),
        tenants: places.len(),
        tenant_months,
        false_findings,
        per_1000,
        budget: Verdict::of(per_1000, budget),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_exposures_allow_no_statement() {
        let verdict = |count, months: f64, budget| Verdict::of(poisson::rate(count, months / 1_000.0), budget);
        assert_eq!(verdict(0, 100.0, 1.0), Verdict::NoStatementPossible);
        assert_eq!(verdict(0, 2_996.0, 1.0), Verdict::Within);
        assert_eq!(verdict(3, 100.0, 1.0), Verdict::Above);
        assert_eq!(verdict(0, 0.0, 1.0), Verdict::NoStatementPossible);
    }
}
