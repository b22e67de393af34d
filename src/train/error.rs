//! What can stop a training run.

use std::path::PathBuf;

use crate::model::ModelError;
use crate::source::files::FileError;

/// A training run that did not give a model.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Not a plain name.
    #[error("model name `{name}` is not 1 to 64 letters, digits, `-`, `_` or `.`")]
    BadName {
        /// What was asked for.
        name: String,
    },
    /// Too little to learn from.
    #[error("training needs {needed} calm tenants with at least 8 exchanges, the input has {found}")]
    TooFewTenants {
        /// In the input.
        found: usize,
        /// At least.
        needed: usize,
    },
    /// Too little to learn an embedding from.
    #[error("an embedding needs {needed} texts, the input has {found}: lines of JSON with a text `prompt`")]
    TooFewTexts {
        /// In the input.
        found: usize,
        /// At least.
        needed: usize,
    },
    /// linfa could not find the components.
    #[error("no principal components: {why}")]
    NoComponents {
        /// Its reason.
        why: String,
    },
    /// The input can't be read.
    #[error("training input can't be read: {why}")]
    Input {
        /// Where and what.
        why: String,
    },
    /// A line of the labels.
    #[error("labels, line {line}: {why}")]
    Label {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// linfa could not fit any number of components.
    #[error("no mixture of 1 to {most} components fits: {why}")]
    NoFit {
        /// Components tried.
        most: usize,
        /// The last reason.
        why: String,
    },
    /// The fitted model does not pass the checks of a loaded one.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The artefact or card can't be written.
    #[error("{} can't be written: {source}", file.display())]
    Unwritable {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl From<FileError> for TrainError {
    fn from(error: FileError) -> TrainError {
        TrainError::Input { why: error.to_string() }
    }
}
