//! What each part is worth: the same tenants held back, judged by other models in the same way.
//!
//! Judged on the surveyed windows, not on every decision, so that it costs no pass over the data: a tenant's
//! maximum is that of its windows, the threshold the order statistic of calm tenants, as in the model itself.
//! Every model's output is related to calm windows of the same count, so that none wins by that alone.

use std::collections::{BTreeMap, BTreeSet};

use super::boost::Settings;
use super::further::further;
use super::part::{Part, most};
use super::survey::{Surveyed, Window};
use super::teach::{Pupils, teach};
use super::usual::{self, allowed, order_statistic};
use super::{Labels, TrainError};
use crate::feature::Group;
use crate::model::Model;
use crate::model::ages::Forests;
use crate::model::artifact::{Body, Boosted};
use crate::model::forest::{Tree, seen};

/// Found and all, pure attackers first, then those in part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) pure: (usize, usize),
    pub(super) part: (usize, usize),
}

/// Found by family: the model's own trees, trees that never saw the family, the logistic line, the densities, and the
/// mean of trees and densities.
#[derive(Clone, Debug, Default)]
pub(super) struct Worth {
    pub(super) trees: BTreeMap<String, Found>,
    pub(super) left_out: BTreeMap<String, Found>,
    pub(super) logistic: BTreeMap<String, Found>,
    pub(super) densities: BTreeMap<String, Found>,
    pub(super) both: BTreeMap<String, Found>,
    /// All families, by trees that were not shown a group of features; none where nobody asked.
    pub(super) without: Vec<(Group, Found)>,
    /// All families, by models that are not part of the artefact, each alone and all in a stack; as the one before.
    pub(super) further: Vec<(&'static str, Found)>,
}

/// The tenants that judge.
pub(super) struct Bench<'t> {
    pub(super) calm: Vec<&'t Surveyed>,
    pub(super) attackers: Vec<&'t Surveyed>,
    pub(super) labels: &'t Labels,
    /// How many calm tenants may pass.
    pub(super) passing: usize,
}

impl<'t> Bench<'t> {
    pub(super) fn new(
        calm: Vec<&'t Surveyed>,
        attackers: Vec<&'t Surveyed>,
        labels: &'t Labels,
        budget: f64,
    ) -> Bench<'t> {
        let months = calm.iter().map(|tenant| tenant.months()).sum();
        Bench { calm, attackers, labels, passing: allowed(budget, months) }
    }

    /// The order statistic of calm maxima over windows.
    pub(super) fn threshold(&self, model: &Model) -> f64 {
        order_statistic(self.calm.iter().map(|tenant| highest(model, tenant)).collect(), self.passing)
    }

    /// By a model with other trees.
    fn found_by(&self, body: &Body, trees: Vec<Vec<Tree>>) -> Result<BTreeMap<String, Found>, TrainError> {
        let boosted = Some(Boosted { trees, calm: Vec::new() });
        let model = related(&Body { boosted, ..body.clone() }, &self.calm)?;
        Ok(self.found(|tenant| highest(&model, tenant)))
    }

    pub(super) fn found(&self, highest: impl Fn(&Surveyed) -> f64) -> BTreeMap<String, Found> {
        let threshold = order_statistic(self.calm.iter().map(|tenant| highest(tenant)).collect(), self.passing);
        let mut families = BTreeMap::<String, Found>::new();
        for tenant in &self.attackers {
            let found = families.entry(self.labels.kind(&tenant.name).to_owned()).or_default();
            let side = if self.labels.is_pure(&tenant.name) { &mut found.pure } else { &mut found.part };
            side.0 += usize::from(highest(tenant) > threshold);
            side.1 += 1;
        }
        families
    }
}

/// Trains without each kin of families in turn, with `ablate` also without each group of features, and judges all.
pub(super) fn worth(
    body: &Body,
    pupils: &Pupils<'_>,
    settings: &Settings,
    bench: &Bench<'_>,
    ablate: bool,
) -> Result<Worth, TrainError> {
    let model = Model::build(body.clone(), [0; 32])?;
    let mut worth = Worth { trees: bench.found(|tenant| highest(&model, tenant)), ..Worth::default() };
    let kins: BTreeSet<&str> = worth.trees.keys().map(|family| Labels::kin(family)).collect();
    for kin in kins {
        let without = pupils.without(|tenant| Labels::kin(bench.labels.kind(tenant)) == kin);
        let found = bench.found_by(body, teach(&without, settings))?;
        worth.left_out.extend(found.into_iter().filter(|(family, _)| Labels::kin(family) == kin));
    }
    for group in Group::ALL.into_iter().filter(|_| ablate) {
        let found = bench.found_by(body, teach(pupils, &Settings { without: Some(group), ..settings.clone() }))?;
        worth.without.push((group, Found::total(found.values())));
    }
    let line = |window: &Window| model.line_odds(&window.row).unwrap_or(0.0);
    let line = model.has_line().then(|| Part::new("line", bench, line)).transpose()?;
    worth.logistic = line.as_ref().map_or_else(BTreeMap::new, |line| line.found(bench));
    let densities = Part::new("densities", bench, |window| model.density_ratio(&window.row).unwrap_or(0.0))?;
    worth.densities = densities.found(bench);
    let trees = |window: &Window| f64::from(model.score_row(&window.row, window.exchanges).score);
    worth.both = bench.found(|tenant| most(tenant, |window| f64::midpoint(densities.says(window), trees(window))));
    if ablate {
        let densities = body.harvest.as_ref().map(|_| &densities);
        let opinions: Vec<&Part<'_>> = line.iter().chain(densities).collect();
        worth.further = further(body, &model, &pupils.calm, bench, &opinions, settings.seed)?;
    }
    Ok(worth)
}

/// A model with its trees related to calm windows.
pub(super) fn related(body: &Body, calm: &[&Surveyed]) -> Result<Model, TrainError> {
    let mut body = body.clone();
    relate(&mut body, calm)?;
    Ok(Model::build(body, [0; 32])?)
}

/// Fills in what calm windows get from the trees.
pub(super) fn relate(body: &mut Body, calm: &[&Surveyed]) -> Result<(), TrainError> {
    if let Some(boosted) = &mut body.boosted {
        let forests = Forests::new(&body.name, &boosted.trees)?;
        boosted.calm = usual::related(calm, |window| forests.log_odds(&seen(&window.row), window.exchanges));
    }
    Ok(())
}

fn highest(model: &Model, tenant: &Surveyed) -> f64 {
    most(tenant, |window| f64::from(model.score_row(&window.row, window.exchanges).score))
}

impl Found {
    /// Sum over families.
    pub(super) fn total<'f>(all: impl Iterator<Item = &'f Found>) -> Found {
        all.fold(Found::default(), |sum, one| Found {
            pure: (sum.pure.0 + one.pure.0, sum.pure.1 + one.pure.1),
            part: (sum.part.0 + one.part.0, sum.part.1 + one.part.1),
        })
    }
}
