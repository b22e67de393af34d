//! What can stop a calibration.

use std::path::PathBuf;

use super::budget::Needed;
use crate::model::ModelError;
use crate::train::TrainError;

/// A calibration that gave no model.
#[derive(Debug, thiserror::Error)]
pub enum CalibrateError {
    /// The history can't carry the budget.
    #[error(
        "a budget of {budget} false findings per 1,000 tenant-months needs a history of {} tenant-months ({} to hold \
         it with 95 % confidence), this one has {months:.1} of {tenants} tenants: give more history, or a budget of \
         {} or more",
        needed.average, needed.confident, serves.ceil()
    )]
    TooLittle {
        /// Asked for.
        budget: f64,
        /// In the history.
        tenants: usize,
        /// In the history.
        months: f64,
        /// What it takes.
        needed: Needed,
        /// The budget that the history could serve.
        serves: f64,
    },
    /// A line of the review.
    #[error("review, line {line}: {why}")]
    Review {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A model without trees, or without rows it was taught with.
    #[error("model `{model}` {why}: calibrate another, or leave its trees as they are with --no-adapt")]
    NotTrees {
        /// Which.
        model: String,
        /// What it lacks.
        why: &'static str,
    },
    /// The survey or the fit.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The model, before or after.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file can't be written.
    #[error("{} can't be written: {source}", file.display())]
    Unwritable {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
