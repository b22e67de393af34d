//! A part of the whole that judges alone: a line, densities, or a model that is only tried.

use std::collections::BTreeMap;

use super::TrainError;
use super::survey::{Surveyed, Window};
use super::usual;
use super::worth::{Bench, Found};
use crate::model::relation::Relation;

/// Its log-odds or oddness of a window, in relation to calm windows of the same count.
pub(super) struct Part<'p> {
    pub(super) name: &'static str,
    raw: Box<dyn Fn(&Window) -> f64 + 'p>,
    relation: Relation,
}

impl<'p> Part<'p> {
    pub(super) fn new(
        name: &'static str,
        bench: &Bench<'_>,
        raw: impl Fn(&Window) -> f64 + 'p,
    ) -> Result<Part<'p>, TrainError> {
        let relation = Relation::new(name, &usual::related(&bench.calm, &raw))?;
        Ok(Part { name, raw: Box::new(raw), relation })
    }

    pub(super) fn says(&self, window: &Window) -> f64 {
        self.relation.surprise((self.raw)(window), window.row.present, window.exchanges)
    }

    /// What it finds at the bench's budget.
    pub(super) fn found(&self, bench: &Bench<'_>) -> BTreeMap<String, Found> {
        bench.found(|tenant| most(tenant, |window| self.says(window)))
    }
}

/// The highest that is said of a tenant's windows, of which there is one at least.
pub(super) fn most(tenant: &Surveyed, score: impl Fn(&Window) -> f64) -> f64 {
    tenant.windows.iter().map(score).fold(f64::NEG_INFINITY, f64::max)
}
