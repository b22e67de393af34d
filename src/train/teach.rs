//! From windows to boosted trees: who weighs what, and what is hidden from whom.

use super::boost::{Sample, Settings, boost};
use super::fit::LEAST_ATTACKERS;
use super::survey::{Side, Surveyed, Window, place, split};
use crate::feature::{Needs, WIDTH};
use crate::model::ages::{FROM, age};
use crate::model::forest::{Tree, seen};

/// Forests of each age, whose mean judges. Each learns from all fitted tenants but one part, which judges the number of
/// its trees: nobody is lost, and the mean is steadier (of one forest a sixth to a fifth of pure attackers by seed, of
/// the mean of four a fifth at as many false findings).
const PARTS: usize = 3;
/// Windows of a tenant, a side and an age that teach, at most: evenly spread, for they are much alike.
const MOST_TAUGHT: usize = 32;
/// Every so manieth tenant is shown with less than it has, so that the branches of absent features are
/// learnt from something: tokens alone, or not even those.
const LESS_EVERY: u64 = 5;

/// The tenants of a fit.
#[derive(Clone, Debug)]
pub(crate) struct Pupils<'t> {
    pub(crate) calm: Vec<&'t Surveyed>,
    pub(crate) attackers: Vec<&'t Surveyed>,
}

impl<'t> Pupils<'t> {
    /// The same without some attackers.
    pub(crate) fn without(&self, left_out: impl Fn(&str) -> bool) -> Pupils<'t> {
        let attackers = self.attackers.iter().copied().filter(|tenant| !left_out(&tenant.name)).collect();
        Pupils { calm: self.calm.clone(), attackers }
    }

    /// Tenants that show a harvest.
    pub(crate) fn harvesting(&self) -> usize {
        self.attackers.iter().filter(|tenant| tenant.of(Side::Harvest).next().is_some()).count()
    }
}

/// Chosen on the judging tenants: of all that was tried the least share of a leaf matters most (mean loss 0.478 with
/// 0.8 % of the weight, 0.488 with 0.3 %, 0.487 with 0.1 %); depths 3 to 5, a third of the rate and half of the
/// features differ by less. No feature is held monotone: with every direction of the table held, 15 % of pure
/// attackers were found where free trees found 25 % (11 calm ones of 526), with novelty and follow-ups alone 24 %.
pub(crate) fn settings(seed: u64) -> Settings {
    Settings {
        trees: 100,
        depth: 4,
        rate: 0.1,
        l2: 1.5,
        least: 0.004,
        tenants: 80,
        features: 70,
        monotone: [0; WIDTH],
        without: None,
        seed,
    }
}

/// Fits the forests of each age; one that too few harvesters lived to takes those of the age before.
pub(crate) fn teach(pupils: &Pupils<'_>, settings: &Settings) -> Vec<Vec<Tree>> {
    let mut all = Vec::<Vec<Tree>>::with_capacity(FROM.len());
    for age in 0..FROM.len() {
        let lived = pupils.attackers.iter().filter(|tenant| of(tenant, Side::Harvest, age).next().is_some()).count();
        let before = all.last().filter(|_| lived < LEAST_ATTACKERS).cloned();
        all.push(before.unwrap_or_else(|| of_age(age, pupils, settings)));
    }
    all
}

/// Windows of a side and an age.
fn of(tenant: &Surveyed, side: Side, at: usize) -> impl Iterator<Item = &Window> {
    tenant.of(side).filter(move |window| age(window.exchanges) == at)
}

/// Fits the forests of one age, as one.
fn of_age(age: usize, pupils: &Pupils<'_>, settings: &Settings) -> Vec<Tree> {
    let calm = split(pupils.calm.iter().copied(), 100, settings.seed ^ 0x5bd1).0;
    let attackers = split(pupils.attackers.iter().copied(), 100, settings.seed ^ 0x5bd1).0;
    let mut all = Vec::new();
    for part in 0..PARTS {
        let take = |judges| samples(age, &part_of(&calm, part, judges), &part_of(&attackers, part, judges));
        let seed = settings.seed.wrapping_add(part as u64);
        all.extend(boost(&take(false), &take(true), &Settings { seed, ..settings.clone() }));
    }
    for value in all.iter_mut().flat_map(|tree| &mut tree.value) {
        *value /= PARTS as f32;
    }
    all
}

/// The tenants of a part, or all others.
fn part_of<'t>(tenants: &[&'t Surveyed], part: usize, inside: bool) -> Vec<&'t Surveyed> {
    tenants.iter().enumerate().filter(|(i, _)| (i % PARTS == part) == inside).map(|(_, tenant)| *tenant).collect()
}

/// Windows as samples: on each side every tenant weighs the same, and both sides weigh the same.
fn samples(age: usize, calm: &[&Surveyed], attackers: &[&Surveyed]) -> Vec<Sample> {
    let mut samples = Vec::new();
    for tenant in calm.iter().chain(attackers) {
        for side in [Side::Calm, Side::Harvest] {
            let step = of(tenant, side, age).count().div_ceil(MOST_TAUGHT).max(1);
            let windows: Vec<&Window> = of(tenant, side, age).step_by(step).collect();
            let weight = 1.0 / windows.len().max(1) as f64;
            samples.extend(windows.into_iter().map(|window| sample(tenant, window, weight)));
        }
    }
    let weight = |harvest| samples.iter().filter(|s: &&Sample| s.harvest == harvest).map(|s| s.weight).sum::<f64>();
    let (innocent, harvested) = (weight(false), weight(true));
    let half = f64::midpoint(innocent, harvested);
    for sample in &mut samples {
        sample.weight *= half / if sample.harvest { harvested } else { innocent };
    }
    samples
}

fn sample(tenant: &Surveyed, window: &Window, weight: f64) -> Sample {
    let number = place(&tenant.name, 0);
    let mut row = window.row;
    if number.is_multiple_of(LESS_EVERY) {
        let tokens = Needs::Tokens as u8 | Needs::Reasoning as u8;
        row.present &= if (number / LESS_EVERY).is_multiple_of(2) { tokens } else { 0 };
    }
    Sample { seen: seen(&row), harvest: window.side == Side::Harvest, weight, tenant: number }
}
