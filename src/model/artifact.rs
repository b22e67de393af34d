//! The model file: one header line, then the body, both JSON.
//!
//! ```text
//! {"stillwatch_model":3,"sha256":"…of the body…","bytes":N}
//! {"name":"trees-1","kind":"trees",…}
//! ```
//!
//! The checksum guards against damage, the checks below against everything else: a model that loads
//! can't panic and can't score NaN.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ModelError;
use super::forest::Tree;
use super::relation::{CalmOdds, TIERS};
use crate::evidence::Params;
use crate::feature::{Needs, TABLE, WIDTH, table_hash};
use crate::units::hex;

/// Version of the format.
pub const VERSION: u64 = 3;
/// Largest file.
pub const MOST_BYTES: usize = 16 << 20;
/// Components at most.
pub const MOST_COMPONENTS: usize = 64;
/// Steps of the exchange count with a calibration of their own: from 8, 16, 32, 64, 128, 256, 512, 1,024.
pub const STAGES: usize = 8;
/// Score quantiles at most.
pub const MOST_QUANTILES: usize = 256;
/// Calm tenant maxima at most.
pub const MOST_MAXIMA: usize = 512;

#[derive(Serialize, Deserialize)]
struct Header {
    stillwatch_model: u64,
    sha256: String,
    bytes: usize,
}

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The model's name.
    pub name: String,
    /// `trees`: boosted trees judge and the densities are a second opinion; `density`: they judge.
    pub kind: String,
    /// Hex of [`table_hash`].
    pub feature_table_hash: String,
    /// Names of the features, for people.
    pub features: Vec<String>,
    /// The trees of a model of that kind.
    pub boosted: Option<Boosted>,
    /// Means of calm units.
    pub center: Vec<f64>,
    /// Standard deviations of calm units.
    pub scale: Vec<f64>,
    /// The density of calm units in standardised features.
    pub mixture: Mixture,
    /// That of harvesting units, where training had labelled ones.
    pub harvest: Option<Mixture>,
    /// The plain opinion, where training had labelled harvesters; models of before have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logistic: Option<Line>,
    /// What harvests are called, where training had labelled families.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patterns: Option<Vec<Named>>,
    /// What 99 % of calm windows stay under by the ratio of the densities, by tier; models of before have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density_p99: Option<Vec<f64>>,
    /// Calm range of each feature.
    pub calm: CalmRange,
    /// Calm windows by bin of each feature, in table order, to tell drift by; models of before have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calm_bins: Option<Vec<CalmBins>>,
    /// Calm log-density by what is present and by stage: median and spread.
    pub stages: Vec<Vec<Stage>>,
    /// Quantiles of calm scores, ascending.
    pub score_quantiles: Vec<f64>,
    /// Distributions of scores, where evidence is gathered over decisions; without, a score is the evidence.
    pub evidence: Option<Params>,
    /// Evidence at which a unit alarms.
    pub threshold: f64,
    /// The largest maxima of calm tenants, ascending, and of how many tenants.
    pub calm_maxima: Vec<f64>,
    /// Calm tenants whose maxima were taken.
    pub calm_tenants: usize,
    /// Fitted to an operator's own history.
    pub calibrated: bool,
    /// SHA-256 of the tables of slots that its threshold was set with, if there were any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Boosted trees and what calm windows get from them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boosted {
    /// By [age](super::ages) of a unit; in the order of the sum.
    pub trees: Vec<Vec<Tree>>,
    /// By tier and stage.
    pub calm: Vec<Vec<CalmOdds>>,
}

/// A line through standardised features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// In table order.
    pub weights: Vec<f64>,
    /// Log-odds of an average row.
    pub intercept: f64,
    /// What 99 % of calm windows stay under, by tier.
    pub calm_p99: Vec<f64>,
}

/// A line through standardised features: log-odds of a pattern, up to a term that all patterns share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// As in findings.
    pub pattern: String,
    /// In table order.
    pub weights: Vec<f64>,
    /// Log-odds of an average row.
    pub intercept: f64,
}

/// Weights, means and covariances of the components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixture {
    /// Sum to 1.
    pub weights: Vec<f64>,
    /// One list per component.
    pub means: Vec<Vec<f64>>,
    /// Lower triangles by rows, one list per component.
    pub covariances: Vec<Vec<f64>>,
}

/// Calm range of each feature, in table order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalmRange {
    /// Medians.
    pub median: Vec<f64>,
    /// First percentiles.
    pub p01: Vec<f64>,
    /// 99th percentiles.
    pub p99: Vec<f64>,
}

/// How calm windows spread over the values of a feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalmBins {
    /// Edges between bins, ascending: the deciles, fewer where they coincide.
    pub cuts: Vec<f64>,
    /// Shares of calm windows by stage and bin.
    pub shares: Vec<Vec<f64>>,
}

/// Calm log-density at one stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Median.
    pub median: f64,
    /// Median less tenth percentile.
    pub spread: f64,
}

/// Where a model comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Seed of the fit.
    pub seed: u64,
    /// SHA-256 over the training exchanges' traces and labels.
    pub data: String,
    /// Budget the threshold was chosen for: false findings per 1,000 tenant-months.
    pub budget: f64,
    /// Calm tenants fitted to.
    pub fitted: usize,
    /// Pure attackers that the harvest density was fitted to.
    pub taught: usize,
    /// Other attackers, whose scores set the harvest side of the evidence.
    pub attackers: usize,
    /// Calm tenant-months behind the threshold.
    pub tenant_months: f64,
    /// Figures of the training run, for the card.
    pub metrics: Vec<(String, f64)>,
}

impl Body {
    /// The kind that the contents make it.
    pub fn judge(&self) -> &'static str {
        if self.boosted.is_some() { "trees" } else { "density" }
    }
}

/// The bytes of a model file.
pub fn encode(body: &Body) -> Result<Vec<u8>, serde_json::Error> {
    let mut rest = serde_json::to_vec(body)?;
    rest.push(b'\n');
    let header = Header { stillwatch_model: VERSION, sha256: hex(&Sha256::digest(&rest)), bytes: rest.len() };
    let mut bytes = serde_json::to_vec(&header)?;
    bytes.push(b'\n');
    bytes.append(&mut rest);
    Ok(bytes)
}

/// Header and checksum; then the body as written, not yet checked.
pub(super) fn decode(model: &str, bytes: &[u8]) -> Result<(Body, [u8; 32]), ModelError> {
    let model = model.to_owned();
    if bytes.len() > MOST_BYTES {
        return Err(ModelError::TooLarge { model, limit: MOST_BYTES });
    }
    let Some(end) = memchr::memchr(b'\n', bytes.get(..1_024.min(bytes.len())).unwrap_or(bytes)) else {
        return Err(ModelError::BadHeader { model, why: "no line end in the first 1,024 bytes".into() });
    };
    let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
    let header: Header = match serde_json::from_slice(line) {
        Ok(header) => header,
        Err(error) => {
            return Err(ModelError::BadHeader { model, why: error.to_string() });
        }
    };
    if header.stillwatch_model != VERSION {
        return Err(ModelError::WrongVersion { model, found: header.stillwatch_model, expected: VERSION });
    }
    if header.bytes != rest.len() {
        return Err(ModelError::WrongLength { model, found: rest.len(), expected: header.bytes });
    }
    let sha256: [u8; 32] = Sha256::digest(rest).into();
    if hex(&sha256) != header.sha256 {
        return Err(ModelError::WrongChecksum { model, found: hex(&sha256), expected: header.sha256 });
    }
    match serde_json::from_slice(rest) {
        Ok(body) => Ok((body, sha256)),
        Err(error) => Err(ModelError::BadBody { model, why: error.to_string() }),
    }
}

/// Everything but positive definiteness, which `density` finds when it factors, and the trees, which `forest`
/// and `relation` check where they build them.
pub(super) fn check(body: &Body) -> Result<(), ModelError> {
    let model = || body.name.clone();
    if body.kind != body.judge() {
        return Err(ModelError::UnknownKind { model: model(), found: body.kind.clone() });
    }
    if body.features.len() != WIDTH {
        return Err(ModelError::WrongWidth { model: model(), expected: body.features.len(), table: WIDTH });
    }
    let table = hex(&table_hash());
    if body.feature_table_hash != table || body.features.iter().zip(TABLE).any(|(name, row)| name != row.name) {
        return Err(ModelError::WrongTable { model: model(), expected: body.feature_table_hash.clone(), table });
    }
    let size = |what, found, expected| {
        if found == expected { Ok(()) } else { Err(ModelError::WrongSize { model: model(), what, found, expected }) }
    };
    let most = |what, found, limit| {
        if found <= limit { Ok(()) } else { size(what, found, limit) }
    };
    size("stages", body.stages.len(), Needs::COMBINATIONS)?;
    most("score_quantiles", body.score_quantiles.len(), MOST_QUANTILES)?;
    most("calm_maxima", body.calm_maxima.len(), MOST_MAXIMA)?;
    most("calm_maxima", body.calm_maxima.len(), body.calm_tenants)?;
    for mixture in mixtures(body) {
        let components = mixture.weights.len();
        size("mixture.weights", components, components.clamp(1, MOST_COMPONENTS))?;
        size("mixture.means", mixture.means.len(), components)?;
        size("mixture.covariances", mixture.covariances.len(), components)?;
        for (mean, covariance) in mixture.means.iter().zip(&mixture.covariances) {
            size("mixture.means", mean.len(), WIDTH)?;
            size("mixture.covariances", covariance.len(), WIDTH * (WIDTH + 1) / 2)?;
        }
    }
    for stages in &body.stages {
        size("stages", stages.len(), STAGES)?;
    }
    let lists: [(&'static str, &[f64]); 5] = [
        ("center", &body.center),
        ("scale", &body.scale),
        ("calm.median", &body.calm.median),
        ("calm.p01", &body.calm.p01),
        ("calm.p99", &body.calm.p99),
    ];
    for (what, list) in lists {
        size(what, list.len(), WIDTH)?;
    }
    if let Some(line) = &body.logistic {
        size("logistic.weights", line.weights.len(), WIDTH)?;
        size("logistic.calm_p99", line.calm_p99.len(), TIERS)?;
    }
    if let Some(list) = &body.density_p99 {
        size("density_p99", list.len(), TIERS)?;
    }
    check_numbers(body)
}

fn mixtures(body: &Body) -> impl Iterator<Item = &Mixture> {
    std::iter::once(&body.mixture).chain(&body.harvest)
}

fn check_numbers(body: &Body) -> Result<(), ModelError> {
    let need = |what, expected, holds: bool| {
        if holds { Ok(()) } else { Err(ModelError::BadNumber { model: body.name.clone(), what, expected }) }
    };
    // sums of squares of these stay finite
    let sane = |value: &f64| value.abs() < 1e12;
    let positive = |value: &f64| *value > 1e-12 && sane(value);
    let finite = "finite and below 1e12";
    for list in [&body.center, &body.calm.median, &body.calm.p01, &body.calm.p99] {
        need("center, calm", finite, list.iter().all(sane))?;
    }
    need("scale", "positive", body.scale.iter().all(positive))?;
    for mixture in mixtures(body) {
        need("mixture.weights", "positive", mixture.weights.iter().all(positive))?;
        need("mixture.means", finite, mixture.means.iter().flatten().all(sane))?;
        need("mixture.covariances", finite, mixture.covariances.iter().flatten().all(sane))?;
    }
    if let Some(line) = &body.logistic {
        let numbers = || line.weights.iter().chain(&line.calm_p99);
        need("logistic", finite, numbers().all(sane) && sane(&line.intercept))?;
    }
    need("density_p99", finite, body.density_p99.iter().flatten().all(sane))?;
    let stages = || body.stages.iter().flatten();
    need(
        "stages",
        "finite, with a positive spread",
        stages().all(|stage| sane(&stage.median) && positive(&stage.spread)),
    )?;
    for list in [&body.score_quantiles, &body.calm_maxima] {
        need("score_quantiles, calm_maxima", "finite and ascending", list.iter().all(sane) && list.is_sorted())?;
    }
    need("evidence", "a proper distribution", body.evidence.as_ref().is_none_or(Params::is_proper))?;
    need("threshold", "positive", positive(&body.threshold))
}
