//! What a model does against what it was never shown: a group is taken out of the training labels, a
//! model is trained without it by the crate's own `train`, and judged on that group of another log.
//!
//! ```text
//!  training log, labels without the group ─► train ─► model ─► observe: the group, and half of the innocent tenants
//! ```
//!
//! A model trained on everything is judged beside it, so that what is lost can be read off a row. Not
//! here: baselines, and the model in force. Cost: four passes over the training log and one over the
//! other per group.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use super::detector::{Detector, Judged, Origin, calibrates};
use super::observe::{Observation, Scope, observe};
use super::statistics::{Estimate, wilson};
use super::tables::calm::{self, CalmRow};
use super::tables::{LEAST_TENANTS, View};
use super::truth::{Side, TenantTruth};
use super::{EvaluateError, Feed, Spec, Truth};
use crate::model::Model;
use crate::trace::Tracer;
use crate::train::{Labels, Role, TRAIN_SECRET, TrainError, TrainSpec, read_lines, train};

/// What is left out, one group after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Attack families.
    Family,
    /// Innocent classes.
    Class,
    /// Sources of text, on both sides.
    Corpus,
}

/// A log to train on, and the truth about it.
#[derive(Clone, Debug)]
pub struct Training {
    /// The log.
    pub feed: Feed,
    /// Its labels.
    pub truth: Truth,
    /// Seed of the fits.
    pub seed: u64,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeftOutRow {
    /// Family, class or corpus.
    pub group: String,
    /// Its attackers in the log that is judged.
    pub attackers: usize,
    /// Evidence at which the model that never saw the group alarms, and the one that did.
    pub thresholds: (f64, f64),
    /// Those found by a model that never saw the group.
    pub found_without: usize,
    /// Their share.
    pub recall_without: Option<Estimate>,
    /// Those found by a model trained on all groups.
    pub found_with: usize,
    /// Their share.
    pub recall_with: Option<Estimate>,
    /// Innocent tenants of the group under the model that never saw it.
    pub calm_without: CalmRow,
    /// The same under the model trained on all groups.
    pub calm_with: CalmRow,
    /// Half of all innocent tenants under the model that never saw the group: what its recall costs.
    pub calm_half: CalmRow,
}

/// A group without which no model could be trained, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Untrained {
    /// Family, class or corpus.
    pub group: String,
    /// What the training run said.
    pub why: String,
}

impl Axis {
    /// As the command line says it.
    pub fn name(self) -> &'static str {
        match self {
            Axis::Family => "family",
            Axis::Class => "class",
            Axis::Corpus => "corpus",
        }
    }

    /// A tenant's group, if it has one on this axis.
    fn group(self, truth: &TenantTruth) -> Option<&str> {
        match self {
            Axis::Family if truth.side == Side::Attack => Some(&truth.family),
            Axis::Class if truth.is_innocent() => Some(&truth.class),
            Axis::Corpus => truth.corpus.as_deref(),
            _ => None,
        }
    }

    /// What a group is left out with: one model serves all of a kin.
    fn kin(self, group: &str) -> &str {
        match self {
            Axis::Family => Labels::kin(group),
            Axis::Class | Axis::Corpus => group,
        }
    }
}

/// One row per group that both logs know, but for those without which too little is left to train on. `progress` hears
/// models done and models in all.
pub fn leave_out(
    spec: &Spec,
    axis: Axis,
    training: &Training,
    (feed, truth): (&Feed, &Truth),
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Vec<LeftOutRow>, Vec<Untrained>), EvaluateError> {
    let groups_of = |truth: &Truth| -> BTreeSet<String> {
        truth.iter().filter_map(|(_, tenant)| axis.group(tenant)).map(str::to_owned).collect()
    };
    let known = groups_of(&training.truth);
    let groups: Vec<String> = groups_of(truth).into_iter().filter(|group| known.contains(group)).collect();
    let kins: BTreeSet<&str> = groups.iter().map(|group| axis.kin(group)).collect();
    let kins: Vec<&str> = kins.into_iter().collect();
    if kins.is_empty() {
        return Err(EvaluateError::NoGroups { what: axis.name() });
    }
    let scratch = Scratch::new()?;
    let all = kins.len() as u64 + 1;
    progress(0, all);
    let with = Trial::run(spec, axis, None, training, (feed, truth), &scratch)?;
    progress(1, all);
    let mut trials = BTreeMap::new();
    // so many at a time as there are threads: fits are sequential, and each holds its tenants in memory
    for chunk in kins.chunks(rayon::current_num_threads().max(1)) {
        let run = |kin: &&str| Trial::run(spec, axis, Some(*kin), training, (feed, truth), &scratch);
        let done: Vec<Result<Trial, EvaluateError>> = chunk.par_iter().map(run).collect();
        for (kin, trial) in chunk.iter().zip(done) {
            let trial = match trial {
                Err(EvaluateError::Train { source: why @ TrainError::TooFewTenants { .. }, .. }) => {
                    Err(why.to_string())
                }
                trial => Ok(trial?),
            };
            trials.insert(*kin, trial);
        }
        progress(1 + trials.len() as u64, all);
    }
    let (mut rows, mut untrained) = (Vec::new(), Vec::new());
    for group in &groups {
        match &trials[axis.kin(group)] {
            Ok(trial) => rows.push(row(spec, axis, group, truth, (trial, &with))),
            Err(why) => untrained.push(Untrained { group: group.clone(), why: why.clone() }),
        }
    }
    Ok((rows, untrained))
}

/// A trained model and what it says of the tenants it is judged on.
struct Trial {
    threshold: f64,
    seen: Observation,
}

impl Trial {
    fn run(
        spec: &Spec,
        axis: Axis,
        kin: Option<&str>,
        training: &Training,
        (feed, truth): (&Feed, &Truth),
        scratch: &Scratch,
    ) -> Result<Trial, EvaluateError> {
        let model = fit(spec, axis, kin, training, scratch)?;
        let wanted = |name: &str, tenant: &TenantTruth| {
            let is_out = |own: &str| kin.is_none_or(|kin| kin == axis.kin(own));
            let judged = tenant.side != Side::Grey && axis.group(tenant).is_some_and(is_out);
            judged || tenant.is_innocent() && !calibrates(name)
        };
        let only: BTreeSet<String> =
            truth.iter().filter(|(name, tenant)| wanted(name, tenant)).map(|(name, _)| name.to_owned()).collect();
        let scope = Scope { model: &model, truth, only: Some(&only), slots: None };
        let seen = observe(feed, &scope, &mut |_, _| {})?;
        Ok(Trial { threshold: f64::from(model.threshold()), seen })
    }
}

/// A model that never saw a kin: its tenants are grey to the training run.
fn fit(
    spec: &Spec,
    axis: Axis,
    kin: Option<&str>,
    training: &Training,
    scratch: &Scratch,
) -> Result<Model, EvaluateError> {
    let mut labels = Labels::default();
    for (name, tenant) in training.truth.iter() {
        let left_out = kin.is_some() && axis.group(tenant).map(|own| axis.kin(own)) == kin;
        let role = match tenant.side {
            _ if left_out => Role::Grey,
            Side::Benign | Side::Control => Role::Calm,
            Side::Grey => Role::Grey,
            Side::Attack => Role::Attack,
        };
        let kind = if role == Role::Attack { &tenant.family } else { &tenant.class };
        labels.add(name, role, kind, (tenant.share / 10).clamp(1, 100) as u8);
    }
    let about = kin.map_or_else(|| "nothing".to_owned(), |kin| format!("{} {kin}", axis.name()));
    let out = scratch.0.join(format!("{}.json", about.replace(|c: char| !c.is_ascii_alphanumeric(), "-")));
    let train_spec = TrainSpec {
        ablate: false,
        name: "left-out".into(),
        out: out.clone(),
        seed: training.seed,
        budget: spec.budget,
        source: training.feed.describe(),
    };
    let tracer = Tracer::new(TRAIN_SECRET);
    let result = train(&train_spec, &labels, &mut |sink| {
        let mut offset = 0;
        let passed = training.feed.pass(&mut |batch, _, _| {
            let lines: Vec<(i64, &[u8])> = (offset..).zip(batch.lines()).collect();
            offset += lines.len() as i64;
            read_lines(&lines, &tracer, &|id| training.truth.taken(id), sink);
            Ok(())
        });
        passed.map_err(|error| TrainError::Input { why: error.to_string() })
    });
    result.map_err(|source| EvaluateError::Train { group: about, source })?;
    Ok(Model::load(&out)?)
}

fn row(spec: &Spec, axis: Axis, group: &str, truth: &Truth, (without, with): (&Trial, &Trial)) -> LeftOutRow {
    let is_member = |tenant: &Judged<'_>| axis.group(tenant.truth) == Some(group);
    let judge = |trial: &Trial| {
        let judged: Vec<Judged<'_>> = trial
            .seen
            .tenants
            .iter()
            .filter_map(|(name, seen)| {
                Some(Judged { name, truth: truth.of(name)?, seen, calibrates: calibrates(name) })
            })
            .collect();
        let tracks = judged.iter().map(|tenant| tenant.seen.model.clone()).collect();
        let detector = Detector { name: "model", says: "", threshold: trial.threshold, origin: Origin::Model, tracks };
        let view = View { tenants: &judged, detector: &detector, bootstrap: spec.bootstrap };
        let attackers =
            judged.iter().zip(&detector.tracks).filter(|(tenant, _)| tenant.is_attacker() && is_member(tenant));
        let hits: Vec<bool> = attackers.map(|(_, track)| track.hit(trial.threshold).is_some()).collect();
        let calm = |of: &dyn Fn(&Judged<'_>) -> bool| {
            let places: Vec<usize> = judged
                .iter()
                .enumerate()
                .filter(|(_, tenant)| tenant.is_large_innocent() && of(tenant))
                .map(|(place, _)| place)
                .collect();
            calm::row(&view, group, &places, spec.budget)
        };
        (hits, calm(&is_member), calm(&|tenant| !tenant.calibrates && !tenant.truth.is_twin()))
    };
    let ((hits, calm_without, calm_half), (hits_with, calm_with, _)) = (judge(without), judge(with));
    let found = |hits: &[bool]| hits.iter().filter(|hit| **hit).count();
    let recall = |hits: &[bool]| wilson::share(found(hits), hits.len()).filter(|_| hits.len() >= LEAST_TENANTS);
    LeftOutRow {
        group: group.to_owned(),
        attackers: hits.len(),
        thresholds: (without.threshold, with.threshold),
        found_without: found(&hits),
        recall_without: recall(&hits),
        found_with: found(&hits_with),
        recall_with: recall(&hits_with),
        calm_without,
        calm_with,
        calm_half,
    }
}

/// A folder for models that nobody keeps; gone with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch, EvaluateError> {
        let path = std::env::temp_dir().join(format!("stillwatch-evaluate-{}", std::process::id()));
        let unusable = |source| EvaluateError::Scratch { path: path.clone(), source };
        std::fs::create_dir_all(&path).map_err(unusable)?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let path: &Path = &self.0;
        // nothing depends on what stays behind
        drop(std::fs::remove_dir_all(path));
    }
}
