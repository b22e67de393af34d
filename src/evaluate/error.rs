//! What can stop an evaluation.

use std::path::PathBuf;

use crate::model::ModelError;
use crate::source::files::FileError;
use crate::train::TrainError;

/// An evaluation that gave no tables.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// A line of the labels.
    #[error("labels, line {line}: {why}")]
    Label {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// The list of harvested exchanges.
    #[error("harvest ids, line {line}: {why}")]
    HarvestId {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A log that can't be read.
    #[error(transparent)]
    Input(#[from] FileError),
    /// Nothing that could be judged.
    #[error("no tenant of the input has a label: {read} records read, {labels} tenants labelled")]
    NothingLabelled {
        /// Records read.
        read: u64,
        /// Tenants in the labels.
        labels: usize,
    },
    /// A model without the group that is left out could not be trained.
    #[error("training without {group}: {source}")]
    Train {
        /// Family, class or corpus.
        group: String,
        /// Why.
        source: TrainError,
    },
    /// Such a model can't be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No tenant belongs to any group.
    #[error("--leave-out {what}: no label names a {what}")]
    NoGroups {
        /// family, class or corpus.
        what: &'static str,
    },
    /// A folder for the models that are trained on the way.
    #[error("cannot use {}: {source}", path.display())]
    Scratch {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
