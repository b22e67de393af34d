//! From a unit that passed the threshold to an [`Alarm`] with its reasons.

use super::{Subject, pattern};
use crate::feature::{Row, TABLE};
use crate::finding::{Alarm, Reason, Seen};
use crate::model::{Model, Scored};
use crate::tenant::unit::Unit;

/// A reason below this share of all that speaks for harvest explains nothing.
const LEAST_WEIGHT: f64 = 0.02;

/// The alarm of a unit at a decision.
pub fn alarm(subject: Subject<'_>, unit: &Unit, at: Seen, row: &Row, scored: &Scored, model: &Model) -> Alarm {
    let evidence = unit.evidence.level();
    Alarm {
        kind: subject.kind,
        workload: subject.workload,
        account: subject.account.map(Box::from),
        pattern: pattern::of(unit, row, model),
        exchanges: unit.exchanges,
        output_tokens: unit.output_tokens,
        first: unit.first,
        last: at,
        score: scored.rank,
        evidence,
        threshold: model.threshold(),
        p_value: model.p_value(evidence),
        reasons: reasons(row, unit.exchanges, model),
        opinions: model.opinions(row),
    }
}

/// The features that speak most for harvest, strongest first, each with its share of all that does.
pub fn reasons(row: &Row, exchanges: u64, model: &Model) -> Vec<Reason> {
    let speaks = model.explain(row, exchanges);
    let all: f64 = speaks.iter().map(|size| size.max(0.0)).sum();
    if all <= 0.0 {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..TABLE.len()).filter(|f| speaks[*f] / all >= LEAST_WEIGHT).collect();
    // ties by table order
    order.sort_by(|a, b| speaks[*b].total_cmp(&speaks[*a]).then(a.cmp(b)));
    order.truncate(Alarm::MAX_REASONS);
    let reason = |feature: usize| {
        let calm = model.baseline(feature)?;
        let value = row.get(feature)?;
        // the calm end on its side: trees find conjunctions, in which a feature may speak from either
        let end = if value < calm.median { calm.p01 } else { calm.p99 };
        Some(Reason {
            feature: feature as u16,
            value: value as f32,
            baseline_median: calm.median as f32,
            baseline_p99: end as f32,
            weight: (speaks[feature] / all) as f32,
        })
    };
    order.into_iter().filter_map(reason).collect()
}
