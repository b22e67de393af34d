//! Why a command ends without success. The variant is the exit code, so that scripts need not read text.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

/// A failed command: what to print on stderr, and the exit code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A run failed; also: output not writable, port in use.
    #[error("{0}")]
    Failed(String),
    /// Bad usage or configuration.
    #[error("{0}")]
    Usage(String),
    /// Bad model or state.
    #[error("{0}")]
    Model(String),
    /// Kafka cannot be used: out of reach, refused, missing topic, fenced.
    #[error("{0}")]
    Kafka(String),
    /// There are findings, and `--fail-on-findings` was asked.
    #[error("{0} findings")]
    Findings(u64),
}

impl Failure {
    /// An output that can't be written.
    pub(super) fn unwritable(path: &Path, error: &dyn Display) -> Failure {
        Failure::Failed(format!("cannot write {}: {error}", path.display()))
    }

    /// 1 failed, 2 usage, 3 model or state, 4 Kafka, 5 findings.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Failed(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Model(_) => 3,
            Failure::Kafka(_) => 4,
            Failure::Findings(_) => 5,
        }
    }

    /// The code as the process returns it.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Failure {
        Failure::Usage(error.to_string())
    }
}

impl From<crate::model::ModelError> for Failure {
    fn from(error: crate::model::ModelError) -> Failure {
        Failure::Model(error.to_string())
    }
}

impl From<crate::library::LibraryError> for Failure {
    fn from(error: crate::library::LibraryError) -> Failure {
        match error {
            crate::library::LibraryError::Model(error) => error.into(),
            folder => Failure::Usage(folder.to_string()),
        }
    }
}

impl From<crate::live::Fatal> for Failure {
    fn from(fatal: crate::live::Fatal) -> Failure {
        match fatal {
            crate::live::Fatal::Failed(why) => Failure::Failed(why),
            other => Failure::Kafka(other.to_string()),
        }
    }
}

impl From<crate::http::HttpError> for Failure {
    fn from(error: crate::http::HttpError) -> Failure {
        Failure::Failed(error.to_string())
    }
}
