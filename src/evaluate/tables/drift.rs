//! How far the innocent tenants' features are from the calm windows that the model knows: where they have moved,
//! neither its threshold nor its budget was made for this log.

use serde::Serialize;

use super::View;
use crate::feature::TABLE;
use crate::model::Model;
use crate::model::drift::Counts;

/// One feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DriftRow {
    /// Its name.
    pub feature: &'static str,
    /// Population stability index at equal exchange counts; none where too few windows have it.
    pub psi: Option<f64>,
    /// Windows of innocent tenants that have it.
    pub windows: u64,
}

/// All features in table order; none of a model that knows no calm windows.
pub fn rows(view: &View<'_>, model: &Model) -> Option<Vec<DriftRow>> {
    let bins = model.calm_bins()?;
    let mut counts = Counts::default();
    for tenant in view.tenants.iter().filter(|tenant| tenant.truth.is_innocent()) {
        counts.add(model, &tenant.seen.binned);
    }
    let indices = bins.indices(&counts);
    let row = |(feature, psi): (usize, Option<f64>)| DriftRow {
        feature: TABLE[feature].name,
        psi,
        windows: counts.of(feature),
    };
    Some(indices.into_iter().enumerate().map(row).collect())
}
