//! How much the surface of the text alone gives away, by family. Between twins it must be near chance,
//! else attackers and innocents were made from different text, and every other figure flatters.

use std::collections::BTreeMap;

use serde::Serialize;

use super::comparison::area;
use super::{LEAST_TENANTS, View};
use crate::evaluate::statistics::Estimate;

/// One family.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeakRow {
    /// Its name, or `all`.
    pub family: String,
    /// Tenants that only harvest.
    pub pure: usize,
    /// Surface-only area of them against all innocent tenants.
    pub against_innocents: Option<Estimate>,
    /// Attackers with an innocent twin.
    pub twins: usize,
    /// Surface-only area of attackers against their twins.
    pub against_twins: Option<Estimate>,
    /// What that says.
    pub verdict: Leak,
}

/// Whether the surface tells twins apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Leak {
    /// The interval holds a half.
    NotShown,
    /// It lies beside a half: so much of any recall may be corpus, not behaviour.
    Leaks,
    /// Too few twins.
    NoStatementPossible,
}

impl Leak {
    fn of(area: Option<Estimate>) -> Leak {
        match area {
            None => Leak::NoStatementPossible,
            Some(area) if area.low <= 0.5 && 0.5 <= area.high => Leak::NotShown,
            Some(_) => Leak::Leaks,
        }
    }

    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Leak::NotShown => "near chance",
            Leak::Leaks => "leaks",
            Leak::NoStatementPossible => "no statement possible",
        }
    }
}

/// All families together, then each; `view` shows the surface-only detector.
pub fn rows(view: &View<'_>) -> Vec<LeakRow> {
    let twins = twins(view);
    let mut families = BTreeMap::<&str, Vec<usize>>::new();
    for (place, tenant) in view.tenants.iter().enumerate().filter(|(_, tenant)| tenant.is_attacker()) {
        families.entry("").or_default().push(place);
        families.entry(&tenant.truth.family).or_default().push(place);
    }
    families.into_iter().map(|(family, places)| row(view, family, &places, &twins)).collect()
}

/// The innocent twin of each attacker that has one.
pub fn twins(view: &View<'_>) -> BTreeMap<usize, usize> {
    let by_name: BTreeMap<&str, usize> = view.tenants.iter().enumerate().map(|(i, t)| (t.name, i)).collect();
    let mut twins = BTreeMap::new();
    for (place, tenant) in view.tenants.iter().enumerate() {
        let Some(&other) = tenant.truth.twin.as_deref().and_then(|twin| by_name.get(twin)) else {
            continue;
        };
        match (tenant.is_attacker(), view.tenants[other].is_attacker()) {
            (true, false) => twins.insert(place, other),
            (false, true) => twins.insert(other, place),
            _ => None,
        };
    }
    twins
}

fn row(view: &View<'_>, family: &str, places: &[usize], twins: &BTreeMap<usize, usize>) -> LeakRow {
    let score = |place: usize| view.detector.tracks[place].highest;
    let pure: Vec<f64> = places.iter().filter(|p| view.tenants[**p].truth.is_pure()).map(|p| score(*p)).collect();
    let calm = (0..view.tenants.len()).filter(|place| view.tenants[*place].counts_as_innocent());
    let calm: Vec<f64> = calm.map(score).collect();
    let pairs = places.iter().filter_map(|place| Some((score(*place), score(*twins.get(place)?))));
    // a tenant too small for a surface says nothing of it
    let pairs = pairs.filter(|(a, b)| a.is_finite() && b.is_finite());
    let (attack, innocent): (Vec<f64>, Vec<f64>) = pairs.unzip();
    let against_twins = area(&attack, &innocent, view.bootstrap, 1);
    LeakRow {
        family: if family.is_empty() { "all".into() } else { family.to_owned() },
        pure: pure.len(),
        against_innocents: area(&pure, &calm, view.bootstrap, 2).filter(|_| pure.len() >= LEAST_TENANTS),
        twins: attack.len(),
        against_twins,
        verdict: Leak::of(against_twins),
    }
}
