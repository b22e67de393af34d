//! How well the product detects, measured on a labelled log, beside what could be used instead of it.
//!
//! ```text
//!  log ─► observe ─Observed per tenant─► detector (model and baselines: a track and a threshold each) ─► tables ─► report
//!  labels, harvest ids ─► truth ─▲                                                          text, JSON, HTML ◄┘
//! ```
//!
//! Every tenant goes through [`Tenant`](crate::tenant::Tenant), the same code as `run` and `replay`, and
//! beside it through the baselines. Terms: a tenant-month is 30 days between a tenant's first and last
//! record; a false finding is the first one created in each 30 days of an innocent tenant with at least
//! 30 exchanges; a hit is a finding of whose exchanges a quarter or more were harvested; "before" counts
//! harvested exchanges up to and including the deciding one.
//!
//! Deterministic: same log, labels and model, same bytes. No text leaves [`glimpse`], and no tenant's
//! name is in a report. Memory: 208 MB for 820 tenants with
//! 1.07 million exchanges; it grows by 32 bytes for every exchange of an attacker.

mod error;
mod truth;
mod feed;
pub mod glimpse;
pub mod track;
pub mod baselines;
pub mod tenant;
pub mod observe;
pub mod detector;
pub mod leave_out;
pub mod statistics;
pub mod tables;
pub mod report;

use std::sync::Arc;

use serde::Serialize;

use crate::model::Model;
use crate::trace::slots::Slots;
use detector::Judged;
use observe::{Scope, observe};
use tables::{View, attacks, audit, calm, comparison, drift, leaks, periods, state};

pub use detector::Origin;
pub use error::EvaluateError;
pub use feed::{Feed, truth_of};
pub use observe::Counts;
pub use truth::{PART, Side, TenantTruth, Truth};

/// What to measure against.
#[derive(Clone, Debug)]
pub struct Spec {
    /// False findings per 1,000 tenant-months that are to be kept.
    pub budget: f64,
    /// Resamples for each interval.
    pub bootstrap: usize,
    /// What is usual in slots, where the model was calibrated with tables.
    pub slots: Option<Arc<Slots>>,
}

/// All tables.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// What was read, without folders.
    pub source: String,
    /// The model's name.
    pub model: String,
    /// Its identity.
    pub model_sha256: String,
    /// Whether its threshold was fitted to the operator's own history.
    pub calibrated: bool,
    /// Its threshold.
    pub threshold: f64,
    /// False findings per 1,000 tenant-months that are to be kept.
    pub budget: f64,
    /// Resamples for each interval.
    pub bootstrap: usize,
    /// Whether harvested exchanges are known by id, or by account and time.
    pub harvest_ids: bool,
    /// Lines and tenants.
    pub counts: Counts,
    /// What the tenants' state takes.
    pub state_bytes: Option<state::StateBytes>,
    /// Tenants in the log that are labelled as attackers.
    pub labelled_attackers: usize,
    /// Of them, those that harvested at least once.
    pub attackers: usize,
    /// Innocent tenants with at least 30 exchanges.
    pub innocents: usize,
    /// Attackers by share, and by family and share.
    pub attacks: Vec<attacks::AttackRow>,
    /// By family, share and the accounts that the tenant uses.
    pub attacks_by_accounts: Vec<attacks::AttackRow>,
    /// By evasion; those that harvest in part without a share.
    pub attack_evasions: Vec<attacks::AttackRow>,
    /// Attackers by what their records let us see.
    pub attack_tiers: Vec<attacks::AttackRow>,
    /// Innocent tenants by class.
    pub classes: Vec<calm::CalmRow>,
    /// By volume.
    pub thirds: Vec<calm::CalmRow>,
    /// By what their records let us see.
    pub calm_tiers: Vec<calm::CalmRow>,
    /// Promised against realised.
    pub calibration: Vec<calm::CalibrationPoint>,
    /// The model beside the baselines.
    pub detectors: Vec<comparison::DetectorRow>,
    /// How much the surface gives away.
    pub leaks: Vec<leaks::LeakRow>,
    /// Each feature and field alone.
    pub audit: Vec<audit::AuditRow>,
    /// How far the innocents' features are from the calm windows that the model knows, if it knows any.
    pub drift: Option<Vec<drift::DriftRow>>,
    /// By week, what was realised beside how far features had moved; of logs longer than a week.
    pub drift_by_week: Vec<periods::PeriodRow>,
    /// What was left out, if anything was.
    pub left_out_axis: Option<&'static str>,
    /// Each group under a model that never saw it.
    pub left_out: Vec<leave_out::LeftOutRow>,
    /// Groups without which too little is left to train on.
    pub left_out_untrained: Vec<leave_out::Untrained>,
}

/// Measures. `progress` hears what is done and what there is in all.
pub fn evaluate(
    spec: &Spec,
    model: &Model,
    truth: &Truth,
    feed: &Feed,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Evaluation, EvaluateError> {
    let observation = observe(feed, &Scope { model, truth, only: None, slots: spec.slots.clone() }, progress)?;
    let mut counts = observation.counts;
    let present = |name: &str| observation.tenants.contains_key(name);
    let expected = truth.iter().filter(|(_, tenant)| tenant.side != Side::Grey);
    counts.absent_tenants = expected.filter(|(name, _)| !present(name)).count() as u64;
    counts.absent_harvest_ids = truth.harvest_ids().saturating_sub(observation.harvest_ids);
    if observation.tenants.is_empty() {
        return Err(EvaluateError::NothingLabelled { read: counts.read, labels: truth.len() });
    }
    let tenants: Vec<Judged<'_>> = observation
        .tenants
        .iter()
        .filter_map(|(name, seen)| {
            Some(Judged { name, truth: truth.of(name)?, seen, calibrates: detector::calibrates(name) })
        })
        .collect();
    let detectors = detector::all(&tenants, truth, model);
    let view = |detector| View { tenants: &tenants, detector, bootstrap: spec.bootstrap };
    let (of_model, of_surface) = (view(&detectors[0]), view(&detectors[detectors.len() - 1]));
    Ok(Evaluation {
        source: feed.describe(),
        model: model.name().to_owned(),
        model_sha256: model.sha256_hex(),
        calibrated: model.calibrated(),
        threshold: f64::from(model.threshold()),
        budget: spec.budget,
        bootstrap: spec.bootstrap,
        harvest_ids: truth.has_harvest_ids(),
        counts,
        state_bytes: state::bytes(&tenants),
        labelled_attackers: tenants.iter().filter(|tenant| !tenant.truth.is_innocent()).count(),
        attackers: tenants.iter().filter(|tenant| tenant.is_attacker()).count(),
        innocents: tenants.iter().filter(|tenant| tenant.counts_as_innocent()).count(),
        attacks: attacks::rows(&of_model),
        attacks_by_accounts: attacks::accounts(&of_model),
        attack_evasions: attacks::evasions(&of_model),
        attack_tiers: attacks::tiers(&of_model),
        classes: calm::classes(&of_model, spec.budget),
        thirds: calm::thirds(&of_model, spec.budget),
        calm_tiers: calm::tiers(&of_model, spec.budget),
        calibration: calm::calibration(&of_model, model),
        detectors: detectors.iter().map(|detector| comparison::row(&view(detector), spec.budget)).collect(),
        leaks: leaks::rows(&of_surface),
        audit: audit::rows(&of_model),
        drift: drift::rows(&of_model, model),
        drift_by_week: periods::rows(&of_model, model),
        left_out_axis: None,
        left_out: Vec::new(),
        left_out_untrained: Vec::new(),
    })
}
