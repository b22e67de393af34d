//! Every feature and every field of a record alone: how well it tells attackers from innocents.
//!
//! Above 0.8 (or below 0.2) a field alone nearly decides: a mark of the simulator, or a habit so plain
//! that an attacker will drop it. Two questions each: pure attackers against all innocent tenants, and
//! attackers against their twins, which share text, clients and frames.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{LEAST_TENANTS, View, leaks};
use crate::evaluate::detector::Judged;
use crate::evaluate::glimpse::fields;
use crate::evaluate::statistics::auc;
use crate::feature::TABLE;
use crate::trace::words::mix;

/// Beyond this on either side a row is flagged.
const FLAGGED: f64 = 0.8;
/// Folds for named values, as for the surface.
const FOLDS: u64 = 5;

/// One feature or field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditRow {
    /// `feature` or `field`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Area of pure attackers against innocent tenants; over a half: higher in attackers.
    pub pure: Option<f64>,
    /// Area of attackers against their twins.
    pub twins: Option<f64>,
    /// One of them is beyond 0.8 or 0.2.
    pub flagged: bool,
}

/// All features, then all fields.
pub fn rows(view: &View<'_>) -> Vec<AuditRow> {
    let twins = leaks::twins(view);
    let one = |kind, name, value: &dyn Fn(usize) -> Option<f64>| {
        let pure = sides(view, value);
        let pairs = twins.iter().filter_map(|(attack, calm)| Some((value(*attack)?, value(*calm)?)));
        let (attack, calm): (Vec<f64>, Vec<f64>) = pairs.unzip();
        row(kind, name, area(&pure.0, &pure.1), area(&attack, &calm))
    };
    let mut rows = Vec::new();
    for (place, feature) in TABLE.iter().enumerate() {
        rows.push(one("feature", feature.name, &|tenant| view.tenants[tenant].seen.row.as_ref()?.get(place)));
    }
    for (place, field) in fields::NUMBERS.iter().enumerate() {
        rows.push(one("field", field.name, &|tenant| {
            let (sum, count) = *view.tenants[tenant].seen.fields.get(place)?;
            (count > 0).then(|| sum / f64::from(count))
        }));
    }
    for (place, field) in fields::NAMES.iter().enumerate() {
        let odds = odds(view.tenants, place);
        rows.push(one("field", field.name, &|tenant| odds.get(tenant).copied().flatten()));
    }
    rows
}

fn row(kind: &'static str, name: &'static str, pure: Option<f64>, twins: Option<f64>) -> AuditRow {
    let beyond = |area: Option<f64>| area.is_some_and(|area| !(1.0 - FLAGGED..=FLAGGED).contains(&area));
    AuditRow { kind, name, pure, twins, flagged: beyond(pure) || beyond(twins) }
}

fn area(attack: &[f64], calm: &[f64]) -> Option<f64> {
    auc::auc(attack, calm).filter(|_| attack.len().min(calm.len()) >= LEAST_TENANTS)
}

/// Values of pure attackers, and of innocent tenants.
fn sides(view: &View<'_>, value: &dyn Fn(usize) -> Option<f64>) -> (Vec<f64>, Vec<f64>) {
    let (mut attack, mut calm) = (Vec::new(), Vec::new());
    for (place, tenant) in view.tenants.iter().enumerate() {
        let side = if tenant.is_attacker() && tenant.truth.is_pure() {
            &mut attack
        } else if tenant.counts_as_innocent() {
            &mut calm
        } else {
            continue;
        };
        side.extend(value(place));
    }
    (attack, calm)
}

/// For a named value: the share of attackers among the tenants of the other folds whose usual value it
/// is too, pulled towards the share of all by one tenant's weight.
fn odds(tenants: &[Judged<'_>], place: usize) -> Vec<Option<f64>> {
    let fold =
        |tenant: &Judged<'_>| tenant.name.bytes().fold(7, |h, b| mix(h ^ u64::from(b), 0x9e37_79b9_7f4a_7c15)) % FOLDS;
    let name = |tenant: &Judged<'_>| tenant.seen.names[place].0;
    let teaches = |tenant: &Judged<'_>| tenant.counts_as_innocent() || tenant.truth.is_pure();
    let (mut counts, mut all) = (BTreeMap::<(u64, u32), [f64; 2]>::new(), BTreeMap::<u64, [f64; 2]>::new());
    for tenant in tenants.iter().filter(|tenant| teaches(tenant)) {
        let side = usize::from(tenant.truth.is_pure());
        for other in (0..FOLDS).filter(|other| *other != fold(tenant)) {
            counts.entry((other, name(tenant))).or_default()[side] += 1.0;
            all.entry(other).or_default()[side] += 1.0;
        }
    }
    let odds = |tenant: &Judged<'_>| {
        let [calm, attack] = all.get(&fold(tenant))?;
        let usual = attack / (attack + calm).max(1.0);
        let [calm, attack] = counts.get(&(fold(tenant), name(tenant))).copied().unwrap_or_default();
        Some((attack + usual) / (attack + calm + 1.0))
    };
    tenants.iter().map(odds).collect()
}
