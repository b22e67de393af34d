//! The model: how much a row of features looks like harvest.
//!
//! Boosted trees, fitted by `train`, judge: a forest for each age of a unit; their log-odds in relation to
//! calm tenants at the same count are the score. Beside them stand a logistic line and Gaussian mixtures of calm and of harvesting units, by linfa: the
//! second opinions. The mixtures judge in a model that was trained without labelled harvesters, where the score is
//! the oddness of a row on the suspicious side. All are scored here by our own fixed-order loops, so that a row has the same bits alone,
//! in any batch and on any machine. Not here: decisions (`evidence`). Cost: a step per tree and level; densities only
//! where they judge or are asked.

pub mod ages;
pub mod artifact;
pub(crate) mod calibration;
mod density;
pub mod drift;
mod error;
pub mod forest;
mod naming;
pub mod opinion;
pub mod relation;
pub mod rows;

use std::path::Path;

use crate::evidence::Params;
use crate::feature::{Direction, Row, TABLE, WIDTH};
use crate::finding::Pattern;
use crate::trace::slots::Slots;
use ages::Forests;
use artifact::{Body, Line};
use calibration::Calibration;
use density::{Density, Scratch};
use naming::Naming;
use relation::{Relation, TIERS};

pub use error::ModelError;

/// Log-ratios are divided by this: the densities are sure of themselves, and a window of eight is not.
const TEMPERATURE: f64 = 2.0;

/// The model inside the binary, and the rows it was taught with.
const EMBEDDED: &[u8] = include_bytes!("../../models/trees-1.json");
const EMBEDDED_ROWS: &[u8] = include_bytes!("../../models/trees-1.rows");

/// A checked model, ready to score.
#[derive(Debug)]
pub struct Model {
    name: String,
    sha256: [u8; 32],
    boosted: Option<Boosted>,
    center: [f64; WIDTH],
    scale: [f64; WIDTH],
    density: Density,
    harvest: Option<Density>,
    line: Option<Line>,
    /// What 99 % of calm windows stay under, by tier.
    line_p99: Option<[f64; TIERS]>,
    density_p99: Option<[f64; TIERS]>,
    naming: Option<Naming>,
    calm_bins: Option<drift::Reference>,
    calibration: Calibration,
    evidence: Option<Params>,
    threshold: f32,
    budget: Option<f64>,
    /// SHA-256 of the tables of slots that the threshold was set with.
    slots: Option<String>,
}

#[derive(Debug)]
struct Boosted {
    forests: Forests,
    relation: Relation,
}

/// What the model says of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Before calibration: the trees' log-odds of harvest, or without trees the log-density among calm rows.
    pub raw: f64,
    /// What becomes evidence. With trees: −ln of the share of calm tenants who at this count look as much
    /// like harvest, less what a young unit pays. Without: 0 to 1, the tempered probability of harvest, or where there is no harvest density
    /// 0 for a row as usual as the median calm one, growing with the logarithm of its oddness.
    pub score: f32,
    /// Share of calm rows with a lower score.
    pub rank: f32,
}

/// The calm range of a feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// Median of calm units.
    pub median: f64,
    /// First percentile.
    pub p01: f64,
    /// 99th percentile.
    pub p99: f64,
}

impl Model {
    /// The model inside the binary.
    pub fn embedded() -> Result<Model, ModelError> {
        Model::from_bytes("trees-1", EMBEDDED)
    }

    /// The bytes inside the binary, with their name: the model, and its rows.
    pub fn built_in() -> [(&'static str, &'static [u8]); 2] {
        [("trees-1", EMBEDDED), ("trees-1", EMBEDDED_ROWS)]
    }

    /// The model at a path, or the one inside the binary.
    pub fn of(path: Option<&Path>) -> Result<Model, ModelError> {
        path.map_or_else(Model::embedded, Model::load)
    }

    /// The contents of the model at a path, or of the one inside the binary, to be refitted.
    pub fn body(path: Option<&Path>) -> Result<Body, ModelError> {
        let body = match path {
            Some(path) => artifact::decode(&path.display().to_string(), &Model::read(path)?)?.0,
            None => artifact::decode("trees-1", EMBEDDED)?.0,
        };
        Model::build(body.clone(), [0; 32])?;
        Ok(body)
    }

    /// The rows that the model at a path was taught with, or the one inside the binary; none where its file of
    /// rows is missing.
    pub fn taught(path: Option<&Path>) -> Result<Vec<rows::TaughtRow>, ModelError> {
        let Some(path) = path.map(|path| path.with_extension("rows")) else {
            return rows::decode("trees-1", EMBEDDED_ROWS);
        };
        if path.exists() { rows::decode(&path.display().to_string(), &Model::read(&path)?) } else { Ok(Vec::new()) }
    }

    /// Reads a model file.
    pub fn load(path: &Path) -> Result<Model, ModelError> {
        Model::from_bytes(&path.display().to_string(), &Model::read(path)?)
    }

    fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
        let unreadable = |source| ModelError::Unreadable { file: path.to_path_buf(), source };
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        // a byte more than the limit is enough to know that it is passed
        let limited = &mut std::io::Read::take(file, artifact::MOST_BYTES as u64 + 1);
        std::io::Read::read_to_end(limited, &mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    /// Checks an artefact; `name` is for messages until the artefact's own name is known.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Model, ModelError> {
        let (body, sha256) = artifact::decode(name, bytes)?;
        Model::build(body, sha256)
    }

    /// A model from a body that was not read from a file; `train` judges with half-fitted ones.
    pub(crate) fn build(body: Body, sha256: [u8; 32]) -> Result<Model, ModelError> {
        artifact::check(&body)?;
        let row = |values: &[f64]| {
            let mut row = [0.0; WIDTH];
            row.iter_mut().zip(values).for_each(|(slot, value)| *slot = *value);
            row
        };
        let boosted = body.boosted.as_ref().map(|boosted| {
            let forests = Forests::new(&body.name, &boosted.trees)?;
            Ok(Boosted { forests, relation: Relation::new(&body.name, &boosted.calm)? })
        });
        Ok(Model {
            sha256,
            boosted: boosted.transpose()?,
            center: row(&body.center),
            scale: row(&body.scale),
            density: Density::new(&body.name, &body.mixture)?,
            harvest: body.harvest.as_ref().map(|mixture| Density::new(&body.name, mixture)).transpose()?,
            calm_bins: body.calm_bins.as_ref().map(|bins| drift::Reference::new(&body.name, bins)).transpose()?,
            naming: body.patterns.as_deref().map(|lines| Naming::new(&body.name, lines)).transpose()?,
            line_p99: body.logistic.as_ref().and_then(|line| by_tier(&line.calm_p99)),
            density_p99: body.density_p99.as_deref().and_then(by_tier),
            line: body.logistic.clone(),
            calibration: Calibration::new(&body),
            evidence: body.evidence,
            threshold: body.threshold as f32,
            budget: body.calibrated.then_some(body.origin.budget),
            slots: body.slots,
            name: body.name,
        })
    }

    /// Refuses tables of slots that its threshold was not set with, and none where there were some.
    pub fn accepts(&self, slots: Option<&Slots>) -> Result<(), ModelError> {
        let found = slots.map(Slots::sha256_hex);
        match &self.slots {
            Some(needed) if found.as_ref() != Some(needed) => Err(ModelError::OtherSlots {
                model: self.name.clone(),
                needed: needed.clone(),
                found: found.unwrap_or_else(|| "none".to_owned()),
            }),
            _ => Ok(()),
        }
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the artefact's body: the model's identity.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// The same as text.
    pub fn sha256_hex(&self) -> String {
        crate::units::hex(&self.sha256)
    }

    /// Hash of the feature table the model was fitted to; a loaded model's equals the program's.
    pub fn feature_table_hash(&self) -> [u8; 32] {
        crate::feature::table_hash()
    }

    /// Whether the threshold was fitted to the operator's own calm history.
    pub fn calibrated(&self) -> bool {
        self.budget.is_some()
    }

    /// False findings per 1,000 tenant-months that it was fitted to there.
    pub fn budget(&self) -> Option<f64> {
        self.budget
    }

    /// The same in words.
    pub fn promise(&self) -> String {
        self.budget.map_or_else(
            || "uncalibrated".to_owned(),
            |budget| format!("calibrated to {budget} false findings per 1,000 tenant-months"),
        )
    }

    /// Evidence at which a unit alarms.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Distributions of calm and harvest scores, where evidence is gathered from many of them.
    pub fn evidence(&self) -> Option<&Params> {
        self.evidence.as_ref()
    }

    /// The calm range of a feature.
    pub fn baseline(&self, feature: usize) -> Option<Baseline> {
        self.calibration.baseline(feature)
    }

    /// Calm windows to tell drift by; models of before have none.
    pub fn calm_bins(&self) -> Option<&drift::Reference> {
        self.calm_bins.as_ref()
    }

    /// Share of calm reference tenants whose maximum is at least this evidence, never 0.
    pub fn p_value(&self, evidence: f32) -> f32 {
        self.calibration.p_value(evidence)
    }

    /// Scores a row of a unit with this many exchanges.
    pub fn score_row(&self, row: &Row, exchanges: u64) -> Scored {
        let (raw, score) = match &self.boosted {
            Some(boosted) => {
                let log_odds = boosted.forests.log_odds(&forest::seen(row), exchanges);
                (log_odds, boosted.relation.surprise(log_odds, row.present, exchanges))
            }
            None => self.density_score(row, exchanges),
        };
        let score = score as f32;
        Scored { raw, score, rank: self.calibration.rank(score) }
    }

    /// Which opinions the model holds, for people: trees and nodes, components.
    pub fn parts(&self) -> (Option<(usize, usize)>, (usize, usize)) {
        let components = |density: &Density| density.components();
        let trees = self.boosted.as_ref().map(|boosted| boosted.forests.size());
        (trees, (components(&self.density), self.harvest.as_ref().map_or(0, components)))
    }

    /// Whether it has the plain opinion.
    pub fn has_line(&self) -> bool {
        self.line.is_some()
    }

    fn density_score(&self, row: &Row, exchanges: u64) -> (f64, f64) {
        let standard = self.standard(row);
        let mut scratch = Scratch::default();
        let log_density = self.density.log_density(&standard, row.present, &mut scratch);
        let score = if let Some(harvest) = &self.harvest {
            let ratio = harvest.log_density(&standard, row.present, &mut Scratch::default()) - log_density;
            1.0 / (1.0 + libm::exp(-ratio / TEMPERATURE))
        } else {
            let excess = self.calibration.excess(log_density, row.present, exchanges);
            if excess <= 0.0 { 0.0 } else { libm::log1p(excess) * self.directed_share(row, &scratch) }
        };
        (log_density, score)
    }

    /// The pattern of harvest that a row is likest to, and its share; none where training had no families.
    pub fn pattern(&self, row: &Row) -> Option<(Pattern, f64)> {
        let naming = self.naming.as_ref()?;
        Some(naming.of(&opinion::standard(row, &self.center, &self.scale)))
    }

    /// How much each feature, given the others, speaks for harvest; negative: against it. With trees: its steps
    /// on the ways to the leaves. Without: half the squared conditional residual under the calm density, less
    /// that under the harvest density.
    pub fn explain(&self, row: &Row, exchanges: u64) -> [f64; WIDTH] {
        if let Some(boosted) = &self.boosted {
            return boosted.forests.contributions(&forest::seen(row), exchanges);
        }
        let standard = self.standard(row);
        let mut scratch = Scratch::default();
        self.density.log_density(&standard, row.present, &mut scratch);
        let mut surprise = self.surprise(row, &scratch);
        if let Some(harvest) = &self.harvest {
            let mut scratch = Scratch::default();
            harvest.log_density(&standard, row.present, &mut scratch);
            let residuals = harvest.residuals(row.present, &scratch);
            for (size, z) in surprise.iter_mut().zip(residuals) {
                // what is as odd for a harvest explains nothing
                *size = if *size > 0.0 { (*size - z * z / 2.0).max(0.0) } else { *size };
            }
        }
        surprise
    }

    fn surprise(&self, row: &Row, scratch: &Scratch) -> [f64; WIDTH] {
        let residuals = self.density.residuals(row.present, scratch);
        let mut surprise = [0.0; WIDTH];
        for (feature, (slot, z)) in surprise.iter_mut().zip(residuals).enumerate() {
            let size = z * z / 2.0;
            *slot = if self.is_suspicious(feature, row.values[feature], z) { size } else { -size };
        }
        surprise
    }

    /// Share of the surprise that lies on suspicious sides.
    fn directed_share(&self, row: &Row, scratch: &Scratch) -> f64 {
        let (mut directed, mut all) = (0.0, 0.0);
        for size in self.surprise(row, scratch) {
            directed += size.max(0.0);
            all += size.abs();
        }
        if all > 0.0 { directed / all } else { 0.0 }
    }

    /// On its suspicious side both among calm units and given the other features.
    fn is_suspicious(&self, feature: usize, value: f64, z: f64) -> bool {
        let Some(median) = self.calibration.baseline(feature).map(|calm| calm.median) else {
            return false;
        };
        match TABLE[feature].direction {
            Direction::Up => z > 0.0 && value > median,
            Direction::Down => z < 0.0 && value < median,
            Direction::None => false,
        }
    }

    fn standard(&self, row: &Row) -> [f64; WIDTH] {
        let mut standard = [0.0; WIDTH];
        for (feature, slot) in standard.iter_mut().enumerate() {
            // 30 deviations are as odd as any more
            *slot = ((row.values[feature] - self.center[feature]) / self.scale[feature]).clamp(-30.0, 30.0);
        }
        standard
    }
}

/// None of a list that was never filled in: the checks let no other through.
fn by_tier(list: &[f64]) -> Option<[f64; TIERS]> {
    list.try_into().ok()
}

#[cfg(test)]
pub(crate) mod reference;
#[cfg(test)]
mod tests;
