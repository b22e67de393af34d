//! What drift does to the realised rate: false findings by week of the log, beside how far the features of that week
//! had moved from the calm windows that the model knows.
//!
//! Weeks are counted from the log's first record, and a log of one week has none to compare. A finding counts in the
//! week in which it was made: one in 30 days of a tenant, so a tenant that is found early is not found again. Windows
//! are those that the drift of the whole log is told by, the first 400 of a tenant.

use serde::Serialize;

use super::View;
use crate::evaluate::statistics::{Estimate, poisson};
use crate::feature::TABLE;
use crate::model::Model;
use crate::model::drift::Counts;
use crate::units::Millis;

/// Length of a period.
const WEEK: i64 = 7 * Millis::DAY;
/// An index above this is much, by custom.
pub const MUCH: f64 = 0.25;

/// One week.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeriodRow {
    /// Days since the log's first record at which it begins.
    pub from_day: u64,
    /// Innocent tenants that were there.
    pub tenants: usize,
    /// Their tenant-months within it.
    pub tenant_months: f64,
    /// Findings made on them within it.
    pub false_findings: usize,
    /// Per 1,000 tenant-months, with exact one-sided 95 % bounds; none without exposure.
    pub per_1000: Option<Estimate>,
    /// Windows of innocent tenants within it.
    pub windows: usize,
    /// Features with windows enough for an index; none of a model that knows no calm windows.
    pub features: Option<usize>,
    /// Of them, those that have moved by more than 0.25.
    pub moved: Option<usize>,
    /// The one that has moved most.
    pub farthest: Option<Farthest>,
}

/// A feature and its index.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Farthest {
    /// Its name.
    pub feature: &'static str,
    /// Population stability index at equal exchange counts.
    pub psi: f64,
}

/// Each week of a log that is longer than one.
pub fn rows(view: &View<'_>, model: &Model) -> Vec<PeriodRow> {
    let ends = |of: fn(Millis, Millis) -> Millis, first: bool| {
        let moments = view.tenants.iter().map(|tenant| if first { tenant.seen.end.first } else { tenant.seen.end.ts });
        moments.reduce(of)
    };
    let (Some(begins), Some(last)) = (ends(Millis::min, true), ends(Millis::max, false)) else {
        return Vec::new();
    };
    if last.since(begins) <= WEEK {
        return Vec::new();
    }
    (0..=last.since(begins) / WEEK).map(|number| row(view, model, begins.plus(number * WEEK), begins)).collect()
}

fn row(view: &View<'_>, model: &Model, from: Millis, begins: Millis) -> PeriodRow {
    let to = from.plus(WEEK);
    let within = |at: Millis| from <= at && at < to;
    let (mut tenants, mut span, mut false_findings) = (0, 0, 0);
    let (mut counts, mut windows) = (Counts::default(), 0);
    for (tenant, track) in view.tenants.iter().zip(&view.detector.tracks) {
        if tenant.counts_as_innocent() {
            let end = &tenant.seen.end;
            tenants += usize::from(end.first < to && from <= end.ts);
            span += end.ts.min(to).since(end.first.max(from)).max(0);
            false_findings += track.findings(view.detector.threshold).filter(|peak| within(peak.at.ts)).count();
        }
        if tenant.truth.is_innocent() {
            for (_, window) in tenant.seen.binned_at.iter().zip(&tenant.seen.binned).filter(|(at, _)| within(**at)) {
                windows += 1;
                counts.add(model, core::slice::from_ref(window));
            }
        }
    }
    let tenant_months = span as f64 / (30 * Millis::DAY) as f64;
    let indices = model.calm_bins().map(|bins| bins.indices(&counts));
    let told = || indices.iter().flatten().zip(TABLE).filter_map(|(psi, feature)| Some((feature.name, (*psi)?)));
    let farthest = told().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(a.0)));
    PeriodRow {
        from_day: (from.since(begins) / Millis::DAY) as u64,
        tenants,
        tenant_months,
        false_findings,
        per_1000: poisson::rate(false_findings as u64, tenant_months / 1_000.0),
        windows,
        features: indices.is_some().then(|| told().count()),
        moved: indices.is_some().then(|| told().filter(|(_, psi)| *psi > MUCH).count()),
        farthest: farthest.map(|(feature, psi)| Farthest { feature, psi }),
    }
}
