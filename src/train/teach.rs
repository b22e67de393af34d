//! From windows to boosted trees: who weighs what, and what is hidden from whom.

use super::boost::{Sample, Settings, boost};
use super::fit::LEAST_ATTACKERS;
use super::survey::{Side, Surveyed, Window, place};
use crate::feature::{Needs, WIDTH};
use crate::model::ages::{FROM, Forests, age};
use crate::model::forest::{Tree, seen};

/// Windows of a tenant, a side and an age that teach, at most: evenly spread, for they are much alike. With 8, 16 and 32
/// of them trees found as much (40, 39 and 40 % in the experiment of [`settings`]) from half, three quarters and all rows.
const MOST_TAUGHT: usize = 8;
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

    /// Whether enough of them harvest at this age to learn from.
    pub(crate) fn lived_to(&self, age: usize) -> bool {
        self.attackers.iter().filter(|tenant| of(tenant, Side::Harvest, age).next().is_some()).count()
            >= LEAST_ATTACKERS
    }

    /// Tenants that show a harvest.
    pub(crate) fn harvesting(&self) -> usize {
        self.attackers.iter().filter(|tenant| tenant.of(Side::Harvest).next().is_some()).count()
    }
}

/// What separates is conjunctions of many habits, and with some 20,000 tenants there is enough to learn them from.
/// Measured with another boosting library on the windows of 22 logs, judged on three operators of other texts, pure
/// attackers found at the score that 2 % of customers pass, and the area of tenants' highest scores: 150 trees of depth 4
/// with leaves of 0.4 % of the weight 32 %, 0.839; depth 6 with 400 trees of half the rate 34 %, 0.861, with leaves of 0.1 %
/// 35 %, 0.864; depth 8 and 127 leaves 39 %, 0.872; these settings 39 %, 0.865, with a quarter of the nodes.
/// From half of the logs 35 %, 0.858. The number of trees needs no judges: with 800 trees nothing was lost, and the mean of
/// three forests, each of which leaves a third of the tenants out, found less (36 %, 0.864).
/// No feature is held monotone: with every direction of the table held, 15 % of pure attackers were found where free
/// trees found 25 % (11 calm ones of 526), with novelty and follow-ups alone 24 %.
pub(crate) fn settings(seed: u64) -> Settings {
    Settings {
        trees: 150,
        depth: 6,
        rate: 0.15,
        l2: 1.5,
        least: 0.0005,
        tenants: 80,
        features: 70,
        monotone: [0; WIDTH],
        without: None,
        seed,
    }
}

/// Few and shallow trees, for there are few tenants to correct others by. 15 trees, or a rate of 0.04, found no more on two
/// operators, nor did rows of tenants that the shipped trees never saw.
pub(crate) fn corrections(seed: u64) -> Settings {
    Settings { trees: 40, depth: 4, rate: 0.1, least: 0.002, ..settings(seed) }
}

/// Fits a forest for each age; one that too few harvesters lived to takes those of the age before.
pub(crate) fn teach(pupils: &Pupils<'_>, settings: &Settings) -> Vec<Vec<Tree>> {
    let mut all = Vec::<Vec<Tree>>::with_capacity(FROM.len());
    for age in 0..FROM.len() {
        let before = all.last().filter(|_| !pupils.lived_to(age)).cloned();
        all.push(before.unwrap_or_else(|| boost(&samples(age, pupils), settings)));
    }
    all
}

/// Fits trees for an age that correct others by what these leave open.
pub(crate) fn correct(pupils: &Pupils<'_>, settings: &Settings, others: &Forests, age: usize) -> Vec<Tree> {
    let mut samples = samples(age, pupils);
    for sample in &mut samples {
        sample.odds = others.log_odds(&sample.seen, FROM[age]);
    }
    boost(&samples, settings)
}

/// Windows of a side and an age.
fn of(tenant: &Surveyed, side: Side, at: usize) -> impl Iterator<Item = &Window> {
    tenant.of(side).filter(move |window| age(window.exchanges) == at)
}

/// Windows as samples: on each side every tenant weighs the same, and both sides weigh the same.
fn samples(age: usize, pupils: &Pupils<'_>) -> Vec<Sample> {
    let mut samples = Vec::new();
    for tenant in pupils.calm.iter().chain(&pupils.attackers) {
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
    Sample { seen: seen(&row), harvest: window.side == Side::Harvest, weight, odds: 0.0, tenant: number }
}
