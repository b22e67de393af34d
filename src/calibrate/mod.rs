//! Fits a model to an operator's own history and sets a threshold that holds its budget.
//!
//! ```text
//!  history ─► survey ─windows─► folds of tenants ─teach─► models that never saw the tenant they judge ─► maxima
//!      └────► reservoir ─► spike-ins ─windows─► ▲                              │                          │
//!                 rows taught with the model ──►┘          suspects ◄──────────┘          thresholds ◄────┘
//! ```
//!
//! The operator's calm tenants are the counter-examples; the examples are harvests that came with the model and
//! spike-ins made of the operator's own prompts. Every tenant is judged by a model that did not learn from it,
//! so all of the history sets the threshold and none of it flatters it. Traces only: no text is kept.
//! Deterministic: same history, model, review and spec, same bytes. Not part of the pure core.

mod budget;
mod card;
mod error;
mod folds;
mod reservoir;
mod review;
mod spikes;
mod weeks;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use crate::model::Model;
use crate::model::artifact::Body;
use crate::model::rows::TaughtRow;
use crate::trace::slots::Slots;
use crate::train::labels::Labels;
use crate::train::{Feed, Told, survey, usual};
use crate::units::Millis;

pub use budget::{Needed, Thresholds};
pub use error::CalibrateError;
pub use review::Review;
pub use weeks::{Week, Weekdays, Weeks};
pub use write::{Written, figures};

/// What to fit.
#[derive(Clone, Debug)]
pub struct CalibrateSpec {
    /// Where the model, its card and the suspects go.
    pub out: PathBuf,
    /// The new model's name in findings.
    pub name: String,
    /// False findings per 1,000 tenant-months.
    pub budget: f64,
    /// Seed of folds, spike-ins and fits.
    pub seed: u64,
    /// What corrects the trees; beside them, what is usual and the threshold are the operator's.
    pub correction: Correction,
    /// Whether the modelled threshold is used, or the guaranteed one.
    pub modelled: bool,
    /// What the history is, in a few words.
    pub source: String,
    /// What is usual in the history's slots, and the feed was traced with; none if that could not be told.
    pub slots: Option<Arc<Slots>>,
}

/// What corrects the shipped trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// Nothing: they stay as they are.
    None,
    /// The operator's calm tenants, beside what the model was taught with.
    Calm,
    /// Those, and harvests composed of the operator's own prompts.
    CalmAndSpikes,
}

/// What came out, without the files.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The model.
    pub body: Body,
    /// Tenants that took part, and their tenant-months.
    pub tenants: usize,
    /// 30 days each, between a tenant's first and last exchange.
    pub months: f64,
    /// What the budget needs.
    pub needed: Needed,
    /// Both thresholds of the whole history.
    pub thresholds: Thresholds,
    /// The same by week, and which is used.
    pub weeks: Weeks,
    /// Days of the week that the history holds.
    pub days: Weekdays,
    /// The most suspicious tenants, the first the most.
    pub suspects: Vec<Suspect>,
    /// Of them, removed since a review confirmed them, and kept since it called them calm.
    pub reviewed: (usize, usize),
    /// Recall on spike-ins at the threshold in use.
    pub recall: Vec<Recall>,
}

/// A tenant to be looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// The customer's id.
    pub tenant: String,
    /// Its highest evidence, judged by models that did not learn from it.
    pub evidence: f64,
    /// What speaks for harvest in its strongest window, in sentences.
    pub reasons: Vec<String>,
}

/// How many spike-ins of a kind were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recall {
    /// How they were made.
    pub kind: String,
    /// Percent of harvest.
    pub percent: u8,
    /// Made with enough exchanges to judge.
    pub made: usize,
    /// Found at the threshold in use.
    pub found: usize,
}

/// Calibrates; writes nothing.
pub fn calibrate(
    spec: &CalibrateSpec,
    shipped: &Body,
    taught: &[TaughtRow],
    review: &Review,
    feed: &mut Feed<'_>,
) -> Result<Outcome, CalibrateError> {
    // known before anything is read: its corrections would be corrected
    if spec.correction != Correction::None && shipped.calibrated {
        return Err(CalibrateError::NotTrees { model: shipped.name.clone(), why: "is calibrated already" });
    }
    // carries the first pass: sees every feature, alarms never
    let quiet = Model::build(Body { threshold: 1e9, ..shipped.clone() }, [0; 32])?;
    // whom a review found to harvest is no history, in any of the passes
    let feed: &mut Feed<'_> = &mut |sink| {
        feed(&mut |told| {
            let history = told.iter().filter(|told| !review.is_harvest(told.trace.tenant));
            sink(&history.copied().collect::<Vec<Told<'_>>>());
        })
    };
    let mut reservoir = reservoir::Reservoir::new(spec.seed);
    let (mut span, mut days) = (None::<(Millis, Millis)>, Weekdays::default());
    let surveyed = survey::survey(&quiet, &Labels::default(), &mut |sink| {
        feed(&mut |told| {
            for Told { trace, at, .. } in told {
                reservoir.offer(trace, *at);
                days.take(at.ts);
                span = Some(span.map_or((at.ts, at.ts), |(first, last)| (first.min(at.ts), last.max(at.ts))));
            }
            sink(told);
        })
    })?;
    let history = &surveyed.calm;
    let months: f64 = history.iter().map(survey::Surveyed::months).sum();
    let needed = Needed::of(spec.budget);
    needed.check(spec.budget, history.len(), months)?;

    let spikes = spikes::Spikes::compose(&reservoir, spec.seed);
    let spiked = survey::survey(&quiet, spikes.labels(), &mut |sink| spikes.feed(false, feed, sink))?.attackers;
    let mut folds = folds::Folds::new(spec, shipped, history, taught, &spiked, &spikes);
    folds.fit(&[])?;
    let mut suspects = folds.suspects(review);
    if spec.correction != Correction::None && !suspects.is_empty() {
        // whoever may harvest teaches nobody what is calm
        let left_out: Vec<String> = suspects.iter().map(|suspect| suspect.tenant.clone()).collect();
        folds.fit(&left_out)?;
        suspects = folds.described(&left_out);
    }
    let mut weekly = weeks::Weekly::of(span);
    let trial = folds.trial(&mut |sink| {
        spikes.feed(true, feed, &mut |told| {
            if let Some(weekly) = &mut weekly {
                weekly.take(told, &|tenant| folds.judge(tenant));
            }
            sink(told);
        })
    })?;
    for suspect in &mut suspects {
        suspect.evidence = crate::train::rounded(trial.highest(&suspect.tenant).unwrap_or_default());
    }
    suspects.sort_by(|a, b| b.evidence.total_cmp(&a.evidence).then_with(|| a.tenant.cmp(&b.tenant)));
    let maxima = trial.maxima();
    let thresholds = Thresholds::of(&maxima, months, spec.budget);
    let weeks = weekly.map(|weekly| weekly.weeks(spec.budget, thresholds)).unwrap_or_default();
    let mut body = folds.whole()?;
    usual::ranks(&mut body, &trial);
    let used = weeks.in_use().unwrap_or(thresholds);
    let in_use = if spec.modelled { used.modelled } else { used.guaranteed };
    usual::maxima(&mut body, maxima);
    body.threshold = crate::train::rounded(in_use.max(0.5));
    body.calibrated = true;
    body.slots = spec.slots.as_ref().map(|slots| slots.sha256_hex());
    body.name.clone_from(&spec.name);
    body.origin.budget = spec.budget;
    body.origin.seed = spec.seed;
    body.origin.data = crate::units::hex(&surveyed.data);
    body.origin.tenant_months = crate::train::rounded(months);
    body.origin.fitted = history.len();
    let recall = trial.recall(body.threshold);
    let recall = recall.into_iter().map(|((kind, percent), (made, found))| Recall { kind, percent, made, found });
    let recall: Vec<Recall> = recall.collect();
    body.origin.metrics = metrics(&recall, &thresholds, &weeks, suspects.len());
    Ok(Outcome {
        body,
        tenants: history.len(),
        months,
        needed,
        thresholds,
        weeks,
        days,
        suspects,
        reviewed: review.counts(),
        recall,
    })
}

/// Figures of the card and of `check`.
fn metrics(recall: &[Recall], thresholds: &Thresholds, weeks: &Weeks, suspects: usize) -> Vec<(String, f64)> {
    let mut metrics = vec![
        ("threshold_guaranteed".to_owned(), crate::train::rounded(thresholds.guaranteed)),
        ("threshold_modelled".to_owned(), crate::train::rounded(thresholds.modelled)),
        ("suspects".to_owned(), suspects as f64),
    ];
    if let Some(severe) = weeks.most_severe {
        metrics.push(("weeks_differ".to_owned(), f64::from(u8::from(weeks.beyond.is_some()))));
        metrics.push(("threshold_guaranteed_most_severe_week".to_owned(), crate::train::rounded(severe.guaranteed)));
        metrics.push(("threshold_modelled_most_severe_week".to_owned(), crate::train::rounded(severe.modelled)));
    }
    for row in recall {
        metrics.push((format!("spike_ins_{}_{}_percent", row.kind, row.percent), row.made as f64));
        metrics.push((format!("spike_ins_{}_{}_percent_found", row.kind, row.percent), row.found as f64));
    }
    metrics
}

/// Writes model, card, outcome and suspects.
pub fn write(spec: &CalibrateSpec, outcome: &Outcome) -> Result<Written, CalibrateError> {
    write::write(spec, outcome)
}
