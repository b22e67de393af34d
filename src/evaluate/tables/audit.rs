//! Every feature and every field of a record alone: how well it tells attackers from innocents.
//!
//! Above 0.8 (or below 0.2) a field alone nearly decides: a mark of the simulator, or a habit so plain
//! that an attacker will drop it. Two questions each: pure attackers against all innocent tenants, and
//! attackers against their twins, which share text, clients and frames.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{LEAST_TENANTS, View, leaks};
use crate::evaluate::glimpse::fields;
use crate::evaluate::statistics::auc;
use crate::evaluate::statistics::bootstrap::Resampler;
use crate::feature::TABLE;

/// Beyond this on either side a row is flagged.
const FLAGGED: f64 = 0.8;
/// Shuffles that say what chance reaches.
const SHUFFLES: u32 = 20;

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
        let name = |tenant: usize| view.tenants[tenant].seen.names[place].0;
        let (attack, calm) = sides(view, &|tenant| Some(name(tenant)));
        let pairs: (Vec<u32>, Vec<u32>) = twins.iter().map(|(attack, calm)| (name(*attack), name(*calm))).unzip();
        rows.push(row("field", field.name, named_area(&attack, &calm), named_area_of_pairs(&pairs.0, &pairs.1)));
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
fn sides<T>(view: &View<'_>, value: &dyn Fn(usize) -> Option<T>) -> (Vec<T>, Vec<T>) {
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

/// Area of a named value: each tenant scores the share of attackers among all that have its value. So
/// good a fit is partly chance, the more so the more values there are; what shuffled sides reach on
/// average is taken off, and a name that says nothing is at a half.
fn named_area(attack: &[u32], calm: &[u32]) -> Option<f64> {
    named_area_less(attack, calm, &mut |sides, resampler| resampler.shuffle(sides))
}

/// The same where each attacker has its twin at the same place: sides change within a pair alone, since
/// twins share most names and other tenants do not.
fn named_area_of_pairs(attack: &[u32], calm: &[u32]) -> Option<f64> {
    let pairs = attack.len();
    named_area_less(attack, calm, &mut |sides, resampler| {
        for pair in (0..pairs).filter(|_| resampler.below(2) == 1) {
            sides.swap(pair, pairs + pair);
        }
    })
}

fn named_area_less(attack: &[u32], calm: &[u32], shuffle: &mut dyn FnMut(&mut [bool], &mut Resampler)) -> Option<f64> {
    if attack.len().min(calm.len()) < LEAST_TENANTS {
        return None;
    }
    let names: Vec<u32> = attack.iter().chain(calm).copied().collect();
    let mut sides: Vec<bool> = (0..names.len()).map(|place| place < attack.len()).collect();
    let area = |sides: &[bool]| {
        let mut counts = BTreeMap::<u32, [f64; 2]>::new();
        for (name, attacks) in names.iter().zip(sides) {
            counts.entry(*name).or_default()[usize::from(*attacks)] += 1.0;
        }
        let share = |name| counts.get(name).map_or(0.0, |[calm, attack]| attack / (attack + calm));
        let of = |side: bool| -> Vec<f64> {
            names.iter().zip(sides).filter(|(_, attacks)| **attacks == side).map(|(name, _)| share(name)).collect()
        };
        auc::auc(&of(true), &of(false)).unwrap_or(0.5)
    };
    let real = area(&sides);
    let mut resampler = Resampler::new(names.len() as u64);
    let mut chance = 0.0;
    for _ in 0..SHUFFLES {
        shuffle(&mut sides, &mut resampler);
        chance += area(&sides) / f64::from(SHUFFLES);
    }
    Some((real - chance + 0.5).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_nothing_are_near_a_half_and_one_that_says_all_near_one() {
        let area = |of: &dyn Fn(u32) -> u32| {
            let names: Vec<u32> = (0..120).map(of).collect();
            named_area(&names[..40], &names[40..])
        };
        let near = |area: Option<f64>, value: f64| area.is_some_and(|area| (area - value).abs() < 0.06);
        assert!(near(area(&|i| i % 4), 0.45), "one of four: {:?}", area(&|i| i % 4));
        assert!(near(area(&|i| i), 0.5), "everybody's own: {:?}", area(&|i| i));
        assert!(near(area(&|_| 7), 0.5), "one for all: {:?}", area(&|_| 7));
        assert!(near(area(&|i| u32::from(i < 40)), 0.95), "the side: {:?}", area(&|i| u32::from(i < 40)));
        assert_eq!(named_area(&[1, 2], &[1; 50]), None);
        let names: Vec<u32> = (0..30).map(|i| i % 7).collect();
        assert!(named_area_of_pairs(&names, &names).is_some_and(|area| (area - 0.5).abs() < 1e-9));
    }
}
