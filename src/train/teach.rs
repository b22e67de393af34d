//! From windows to boosted trees: who weighs what, and what is hidden from whom.

use super::boost::{Sample, Settings, boost};
use super::survey::{Side, Surveyed, Window, place, split};
use crate::feature::{Needs, WIDTH};
use crate::model::forest::{Tree, seen};

/// Forests, whose mean is the model. Each learns from all fitted tenants but one part, which judges the number of
/// its trees: nobody is lost, and the mean is steadier. Of 526 calm tenants held back 5 with a finding, one such
/// forest found 13 to 20 % of pure attackers over three seeds, the mean of four 17 to 20 %; at 11, 20 to 22 against
/// 23 to 25 %.
const PARTS: usize = 4;
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
        trees: 60,
        depth: 4,
        rate: 0.1,
        l2: 1.5,
        least: 0.008,
        tenants: 80,
        features: 70,
        monotone: [0; WIDTH],
        seed,
    }
}

/// Fits the forests, as one.
pub(crate) fn teach(pupils: &Pupils<'_>, settings: &Settings) -> Vec<Tree> {
    let calm = split(pupils.calm.iter().copied(), 100, settings.seed ^ 0x5bd1).0;
    let attackers = split(pupils.attackers.iter().copied(), 100, settings.seed ^ 0x5bd1).0;
    let mut all = Vec::new();
    for part in 0..PARTS {
        let take = |tenants: &[&'_ Surveyed], judges: bool| -> Vec<Surveyed> {
            let chosen = tenants.iter().enumerate().filter(|(i, _)| (i % PARTS == part) == judges);
            chosen.map(|(_, tenant)| (*tenant).clone()).collect()
        };
        let learning = samples(&take(&calm, false), &take(&attackers, false));
        let judging = samples(&take(&calm, true), &take(&attackers, true));
        let seed = settings.seed.wrapping_add(part as u64);
        all.extend(boost(&learning, &judging, &Settings { seed, ..settings.clone() }));
    }
    for value in all.iter_mut().flat_map(|tree| &mut tree.value) {
        *value /= PARTS as f32;
    }
    all
}

/// Windows as samples: on each side every tenant weighs the same, and both sides weigh the same.
fn samples(calm: &[Surveyed], attackers: &[Surveyed]) -> Vec<Sample> {
    let mut samples = Vec::new();
    for tenant in calm.iter().chain(attackers) {
        for side in [Side::Calm, Side::Harvest] {
            let windows = tenant.of(side).count();
            let weight = 1.0 / windows.max(1) as f64;
            samples.extend(tenant.of(side).map(|window| sample(tenant, window, weight)));
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
