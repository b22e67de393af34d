//! What can be wrong with a model file. Every message names the model and the limit.

use std::path::PathBuf;

/// A model that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file can't be read.
    #[error("model file {} can't be read: {source}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("model `{model}` is larger than {limit} bytes")]
    TooLarge {
        /// Which model.
        model: String,
        /// Largest size.
        limit: usize,
    },
    /// The first line is not a model header.
    #[error("model `{model}` has no header line: {why}")]
    BadHeader {
        /// Which model.
        model: String,
        /// What was found.
        why: String,
    },
    /// Another version of the format.
    #[error(
        "model `{model}` has format version {found}, this program reads version {expected}: train it anew, or use the program that wrote it"
    )]
    WrongVersion {
        /// Which model.
        model: String,
        /// In the file.
        found: u64,
        /// In the program.
        expected: u64,
    },
    /// Calibrated with other tables of what is usual in slots.
    #[error(
        "model `{model}` was calibrated with tables of slots {needed}, found {found}: keep `NAME.slots` beside `NAME.json`, name it as `model.slots`, or calibrate again"
    )]
    OtherSlots {
        /// Which model.
        model: String,
        /// SHA-256 of those.
        needed: String,
        /// Of what is there.
        found: String,
    },
    /// The body is shorter or longer than the header says.
    #[error("model `{model}` has {found} bytes after its header, the header says {expected}")]
    WrongLength {
        /// Which model.
        model: String,
        /// In the file.
        found: usize,
        /// In the header.
        expected: usize,
    },
    /// The body is not what the header vouches for.
    #[error("model `{model}` is damaged: its body has sha256 {found}, its header says {expected}")]
    WrongChecksum {
        /// Which model.
        model: String,
        /// Of the file.
        found: String,
        /// In the header.
        expected: String,
    },
    /// The body is not the JSON of a model.
    #[error("model `{model}` has a body that can't be read: {why}")]
    BadBody {
        /// Which model.
        model: String,
        /// Where and what.
        why: String,
    },
    /// A kind that this program doesn't know.
    #[error("model `{model}` is of kind `{found}`, this program knows `trees`, with trees, and `density`, without")]
    UnknownKind {
        /// Which model.
        model: String,
        /// In the file.
        found: String,
    },
    /// Fitted to another number of features.
    #[error("model `{model}` expects {expected} features, the table has {table}")]
    WrongWidth {
        /// Which model.
        model: String,
        /// In the model.
        expected: usize,
        /// In the program.
        table: usize,
    },
    /// Fitted to another feature table of the same length.
    #[error("model `{model}` was fitted to feature table {expected}, the program's is {table}")]
    WrongTable {
        /// Which model.
        model: String,
        /// In the model.
        expected: String,
        /// In the program.
        table: String,
    },
    /// A name for harvests that no finding has.
    #[error("model `{model}` names harvests with the pattern `{found}`, known are those of findings, but `unknown`")]
    UnknownPattern {
        /// Which model.
        model: String,
        /// In the model.
        found: String,
    },
    /// A list of the wrong length.
    #[error("model `{model}`: `{what}` has {found} entries, expected {expected}")]
    WrongSize {
        /// Which model.
        model: String,
        /// Which list.
        what: &'static str,
        /// In the model.
        found: usize,
        /// What it should be.
        expected: usize,
    },
    /// A number outside its range.
    #[error("model `{model}`: `{what}` holds a number that is not {expected}")]
    BadNumber {
        /// Which model.
        model: String,
        /// Which entry.
        what: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A tree that can't be walked.
    #[error("model `{model}`: tree {tree}: {why}")]
    BadTree {
        /// Which model.
        model: String,
        /// Which tree.
        tree: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A covariance without a Cholesky factor.
    #[error("model `{model}`: the covariance of component {component} is not positive definite")]
    NotPositiveDefinite {
        /// Which model.
        model: String,
        /// Which component.
        component: usize,
    },
}
