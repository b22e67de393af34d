//! Fits a model to labelled traffic and writes it with its card.
//!
//! ```text
//!  exchanges ─► survey ─windows─► fit (linfa), teach (boost) ─► relate ─► trial: maxima ─threshold─► trial: results ─► write
//!               most of the tenants ▲                           └──── the others: calm ones, and attackers ──┘
//! ```
//!
//! Every pass folds the exchanges through [`Tenant`](crate::tenant::Tenant), the same code as `run` and
//! `replay`; so `train` sees what the product will see, and keeps bounded windows, no exchanges.
//! Without labelled harvesters there is nothing to boost: then the density of calm units judges.
//! Deterministic: same exchanges, labels and spec, same bytes. Not part of the pure core: linfa's
//! matrix products belong here and nowhere else.

pub mod embedding;
mod error;
mod feed;
pub(crate) mod by_tenant;
pub(crate) mod labels;
pub(crate) mod survey;
mod fit;
mod naming;
mod harvest_ids;
pub(crate) mod boost;
pub(crate) mod teach;
pub(crate) mod trial;
pub(crate) mod usual;
pub(crate) mod bins;
mod part;
mod worth;
mod further;
mod card;
pub(crate) mod write;

use std::path::PathBuf;

use crate::feature::{Needs, TABLE, WIDTH, table_hash};
use crate::model::Model;
use crate::model::artifact::{Body, Boosted, CalmRange, Mixture, Origin, STAGES, Stage};
use crate::units::hex;

use further::exchanges;
use survey::Surveyed;

pub use error::TrainError;
pub use feed::{Feed, Sink, TRAIN_SECRET, Taken, Told, read_line, read_lines, read_slots};
pub use harvest_ids::HarvestIds;
pub(crate) use labels::TWIN_OF;
pub use labels::{Labels, Role};

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
    /// Also train without each group of features, and try further models, for the card.
    pub ablate: bool,
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
    /// Boosted trees.
    pub trees: usize,
    /// Components of the calm and of the harvest mixture.
    pub components: (usize, usize),
    /// Evidence at which a unit alarms.
    pub threshold: f64,
    /// Figures, as in the card.
    pub metrics: Vec<(String, f64)>,
}

/// Tenants held back: calm ones set the threshold, and with the attackers they judge.
const HELD_PERCENT: usize = 30;
/// About as many at most: more of them would tell little, and teach more.
const MOST_CALM_HELD: usize = 4_200;
const MOST_ATTACKERS_HELD: usize = 1_000;
/// Calm tenants needed.
const LEAST_TENANTS: usize = 20;

/// Fits, calibrates, tries and writes a model.
pub fn train(spec: &TrainSpec, labels: &Labels, feed: &mut Feed<'_>) -> Result<TrainReport, TrainError> {
    check_name(&spec.name)?;
    let quiet = Model::build(blank(spec), [0; 32])?;
    let mut survey = survey::survey(&quiet, labels, feed)?;
    if survey.calm.len() < LEAST_TENANTS {
        return Err(TrainError::TooFewTenants { found: survey.calm.len(), needed: LEAST_TENANTS });
    }
    if spec.ablate {
        let (fitting, teaching) = (split_calm(&survey, spec).0, split_attackers(&survey, spec).0);
        let names = fitting.iter().chain(&teaching).map(|tenant| tenant.name.clone()).collect();
        exchanges::judge(&mut survey, &names, labels, &quiet, feed)?;
    }
    let (fitting, mut holding) = split_calm(&survey, spec);
    holding.retain(|tenant| !labels.is_twin(&tenant.name));
    let (teaching, testing) = split_attackers(&survey, spec);
    let mut body = blank(spec);
    fit::fit(&mut body, &fitting, &teaching, spec.seed)?;
    body.patterns = naming::fit(&body, &teaching, labels);
    usual::stages(&mut body, &holding)?;
    usual::ranges(&mut body, &holding);
    usual::opinions(&mut body, &holding)?;
    body.calm_bins = Some(bins::of(survey.calm.iter()));

    let fitted = fitting.iter().chain(&teaching);
    let roles = trial::Roles::new(labels, fitted.map(|tenant| tenant.name.as_str()));
    let (pupils, settings) =
        (teach::Pupils { calm: fitting.clone(), attackers: teaching.clone() }, teach::settings(spec.seed));
    let bench = worth::Bench::new(holding, testing, labels, spec.budget);
    let mut worth = None;
    if pupils.harvesting() >= fit::LEAST_ATTACKERS {
        body.kind = "trees".into();
        body.boosted = Some(Boosted { trees: teach::teach(&pupils, &settings), calm: Vec::new() });
        worth::relate(&mut body, &bench.calm)?;
        // cells under suspicion stay open: the maxima depend a little on the threshold they lead to
        body.threshold = rounded(bench.threshold(&Model::build(body.clone(), [0; 32])?).max(0.5));
        worth = Some(worth::worth(&body, &pupils, &settings, &bench, spec.ablate)?);
    } else {
        let gathering = trial::run(&Model::build(body.clone(), [0; 32])?, &roles, feed)?;
        usual::gathered(&mut body, &gathering);
    }
    let first = trial::run(&Model::build(body.clone(), [0; 32])?, &roles, feed)?;
    usual::ranks(&mut body, &first);
    usual::threshold(&mut body, &first, spec.budget);
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
    let written = write::write(
        spec,
        &body,
        &write::Results { trial: &last, worth: worth.as_ref(), taught: (&survey.calm, &survey.attackers) },
    )?;
    Ok(TrainReport {
        file: written.file,
        card: written.card,
        sha256: written.sha256,
        trees: body.boosted.as_ref().map_or(0, |boosted| boosted.trees.iter().map(Vec::len).sum()),
        components: (body.mixture.weights.len(), body.harvest.as_ref().map_or(0, |mixture| mixture.weights.len())),
        threshold: body.threshold,
        metrics: body.origin.metrics,
    })
}

fn split_calm<'s>(survey: &'s survey::Survey, spec: &TrainSpec) -> (Vec<&'s Surveyed>, Vec<&'s Surveyed>) {
    hold_back(&survey.calm, MOST_CALM_HELD, spec.seed)
}

fn split_attackers<'s>(survey: &'s survey::Survey, spec: &TrainSpec) -> (Vec<&'s Surveyed>, Vec<&'s Surveyed>) {
    hold_back(&survey.attackers, MOST_ATTACKERS_HELD, spec.seed)
}

/// Those fitted to, and those held back.
fn hold_back(all: &[Surveyed], most_held: usize, seed: u64) -> (Vec<&Surveyed>, Vec<&Surveyed>) {
    survey::split(all, fitted_percent(all.len(), most_held), seed)
}

fn fitted_percent(all: usize, most_held: usize) -> usize {
    100 - (100 * most_held / all.max(1)).clamp(1, HELD_PERCENT)
}

/// A model that sees every feature as it is and never alarms: carries the first passes.
fn blank(spec: &TrainSpec) -> Body {
    let mut identity = Vec::new();
    for i in 0..WIDTH {
        identity.extend((0..=i).map(|j| if i == j { 1.0 } else { 0.0 }));
    }
    Body {
        name: spec.name.clone(),
        kind: "density".into(),
        feature_table_hash: hex(&table_hash()),
        features: TABLE.iter().map(|feature| feature.name.to_owned()).collect(),
        boosted: None,
        patterns: None,
        center: vec![0.0; WIDTH],
        scale: vec![1.0; WIDTH],
        mixture: Mixture { weights: vec![1.0], means: vec![vec![0.0; WIDTH]], covariances: vec![identity] },
        harvest: None,
        logistic: None,
        density_p99: None,
        calm: CalmRange { median: vec![0.0; WIDTH], p01: vec![0.0; WIDTH], p99: vec![0.0; WIDTH] },
        calm_bins: None,
        stages: vec![vec![Stage { median: 0.0, spread: 1.0 }; STAGES]; Needs::COMBINATIONS],
        score_quantiles: Vec::new(),
        evidence: None,
        threshold: 1e9,
        calm_maxima: Vec::new(),
        calm_tenants: 0,
        calibrated: false,
        slots: None,
        origin: Origin::default(),
    }
}

/// The name stands in findings, headers and metrics.
pub(crate) fn check_name(name: &str) -> Result<(), TrainError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(plain) {
        return Err(TrainError::BadName { name: name.to_owned() });
    }
    Ok(())
}

/// Nine significant digits: enough for a model, and read back to the same bits by any JSON reader.
pub(crate) fn rounded(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests;
