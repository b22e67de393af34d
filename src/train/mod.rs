//! Fits a model to calm traffic and writes it with its card.
//!
//! ```text
//!  exchanges ─► survey ─windows─► fit (linfa) ─density─► calibrate ─► trial: maxima ─threshold─► trial: results ─► write
//!               half of the calm tenants ▲                 └── the other half of the calm tenants, and attackers ──┘
//! ```
//!
//! Every pass folds the exchanges through [`Tenant`](crate::tenant::Tenant), the same code as `run` and
//! `replay`; so `train` sees what the product will see, and keeps bounded windows, no exchanges.
//! Deterministic: same exchanges, labels and spec, same bytes. Not part of the pure core: linfa's
//! matrix products belong here and nowhere else.

mod calibrate;
mod error;
mod feed;
mod fit;
mod labels;
mod survey;
mod trial;
mod write;

use std::path::PathBuf;

use crate::evidence::{Params, Side};
use crate::feature::{Needs, TABLE, WIDTH, table_hash};
use crate::finding::Seen;
use crate::model::Model;
use crate::model::artifact::{Body, CalmRange, Mixture, Origin, STAGES, Stage};
use crate::trace::Trace;
use crate::units::hex;

pub use error::TrainError;
pub use feed::{TRAIN_SECRET, read_line, simulated};
pub use labels::{Labels, Role};

/// Gives all exchanges in the order of the log, the same each time it is called.
pub type Feed<'f> = dyn FnMut(&mut dyn FnMut(&Trace<'_>, Seen)) -> Result<(), TrainError> + 'f;

/// What to fit and where to put it.
#[derive(Clone, Debug)]
pub struct TrainSpec {
    /// The model's name in findings.
    pub name: String,
    /// The artefact; its card is written beside it, as `*.card.md`.
    pub out: PathBuf,
    /// Seed of the fit.
    pub seed: u64,
    /// False findings per 1,000 tenant-months that the threshold is chosen for.
    pub budget: f64,
    /// What the exchanges are, in a few words for the card.
    pub source: String,
}

/// What a training run gave.
#[derive(Clone, Debug)]
pub struct TrainReport {
    /// The artefact.
    pub file: PathBuf,
    /// Its card.
    pub card: PathBuf,
    /// The model's identity.
    pub sha256: String,
    /// Components of the calm and of the harvest mixture.
    pub components: (usize, usize),
    /// Evidence at which a unit alarms.
    pub threshold: f64,
    /// Figures, as in the card.
    pub metrics: Vec<(String, f64)>,
}

/// Calm tenants needed: half are fitted to, the other half set the threshold.
const LEAST_TENANTS: usize = 20;

/// Fits, calibrates, tries and writes a model.
pub fn train(spec: &TrainSpec, labels: &Labels, feed: &mut Feed<'_>) -> Result<TrainReport, TrainError> {
    check_name(&spec.name)?;
    let survey = survey::survey(&Model::build(blank(spec), [0; 32])?, labels, feed)?;
    if survey.calm.len() < LEAST_TENANTS {
        return Err(TrainError::TooFewTenants { found: survey.calm.len(), needed: LEAST_TENANTS });
    }
    let (fitting, holding) = survey::halves(&survey.calm, spec.seed);
    let (teaching, _) = survey::halves(&survey.pure, spec.seed);
    let mut body = blank(spec);
    fit::fit(&mut body, &fitting, &teaching, spec.seed)?;
    calibrate::stages(&mut body, &holding)?;

    let fitted = fitting.iter().chain(&teaching);
    let roles = trial::Roles::new(labels, fitted.map(|tenant| tenant.name.as_str()));
    let first = trial::run(&Model::build(body.clone(), [0; 32])?, &roles, feed)?;
    calibrate::scores(&mut body, &first);
    let second = trial::run(&Model::build(body.clone(), [0; 32])?, &roles, feed)?;
    calibrate::threshold(&mut body, &second, spec.budget);
    let last = trial::run(&Model::build(body.clone(), [0; 32])?, &roles, feed)?;

    body.origin = Origin {
        seed: spec.seed,
        data: hex(&survey.data),
        budget: spec.budget,
        fitted: fitting.len(),
        taught: teaching.len(),
        attackers: last.count(trial::Group::Attack),
        tenant_months: last.tenant_months(trial::Group::Holding),
        metrics: last.metrics(),
    };
    let written = write::write(spec, &body, &last)?;
    Ok(TrainReport {
        file: written.file,
        card: written.card,
        sha256: written.sha256,
        components: (body.mixture.weights.len(), body.harvest.as_ref().map_or(0, |mixture| mixture.weights.len())),
        threshold: body.threshold,
        metrics: body.origin.metrics,
    })
}

/// A model that sees every feature as it is and never alarms: carries the first passes.
fn blank(spec: &TrainSpec) -> Body {
    let mut identity = Vec::new();
    for i in 0..WIDTH {
        identity.extend((0..=i).map(|j| if i == j { 1.0 } else { 0.0 }));
    }
    let side = |mean| Side { mean, between: 1.0, within: 1.0 };
    Body {
        name: spec.name.clone(),
        kind: "density".into(),
        feature_table_hash: hex(&table_hash()),
        features: TABLE.iter().map(|feature| feature.name.to_owned()).collect(),
        center: vec![0.0; WIDTH],
        scale: vec![1.0; WIDTH],
        mixture: Mixture { weights: vec![1.0], means: vec![vec![0.0; WIDTH]], covariances: vec![identity] },
        harvest: None,
        calm: CalmRange { median: vec![0.0; WIDTH], p01: vec![0.0; WIDTH], p99: vec![0.0; WIDTH] },
        stages: vec![vec![Stage { median: 0.0, spread: 1.0 }; STAGES]; Needs::COMBINATIONS],
        score_quantiles: Vec::new(),
        evidence: Params { calm: side(0.0), harvest: side(1.0), correlation: 0.0 },
        threshold: 1e9,
        calm_maxima: Vec::new(),
        calm_tenants: 0,
        calibrated: false,
        origin: Origin::default(),
    }
}

/// The name stands in findings, headers and metrics.
fn check_name(name: &str) -> Result<(), TrainError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(plain) {
        return Err(TrainError::BadName { name: name.to_owned() });
    }
    Ok(())
}

/// Nine significant digits: enough for a model, and read back to the same bits by any JSON reader.
fn rounded(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests;
