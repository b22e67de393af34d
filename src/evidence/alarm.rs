//! From a unit that passed the threshold to an [`Alarm`] with its reasons.

use super::{Subject, pattern};
use crate::feature::{Direction, Row, TABLE};
use crate::finding::{Alarm, Reason, Seen};
use crate::model::{Model, Scored};
use crate::tenant::unit::Unit;

/// A reason below this share of the surprise explains nothing.
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
        reasons: reasons(row, model),
    }
}

/// The features with most surprise on their suspicious side, strongest first.
fn reasons(row: &Row, model: &Model) -> Vec<Reason> {
    let surprise = model.explain(row);
    let all: f64 = surprise.iter().map(|size| size.abs()).sum();
    if all <= 0.0 {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..TABLE.len()).filter(|f| surprise[*f] / all >= LEAST_WEIGHT).collect();
    // ties by table order
    order.sort_by(|a, b| surprise[*b].total_cmp(&surprise[*a]).then(a.cmp(b)));
    order.truncate(Alarm::MAX_REASONS);
    let reason = |feature: usize| {
        let calm = model.baseline(feature)?;
        let end = if TABLE[feature].direction == Direction::Down { calm.p01 } else { calm.p99 };
        Some(Reason {
            feature: feature as u16,
            value: row.get(feature)? as f32,
            baseline_median: calm.median as f32,
            baseline_p99: end as f32,
            weight: (surprise[feature] / all) as f32,
        })
    };
    order.into_iter().filter_map(reason).collect()
}
