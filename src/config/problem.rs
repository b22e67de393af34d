//! What is wrong with a configuration: all of it at once, each with its key and where it was said.

use std::fmt;
use std::path::PathBuf;

use super::document::Origin;

/// One complaint. Never quotes the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it was said.
    pub origin: Origin,
    /// The dotted key.
    pub key: String,
    /// What is wrong and what is expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}`{}` {}", self.origin, self.key, self.message)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("config file {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML.
    #[error("config {name}, line {line}: {message}")]
    Syntax {
        /// The file.
        name: String,
        /// The line, from 1.
        line: usize,
        /// What the parser said.
        message: String,
    },
    /// TOML, but not a configuration.
    #[error("config {name} has {}:{}", count(problems), listed(problems))]
    Invalid {
        /// The file.
        name: String,
        /// Everything that is wrong.
        problems: Vec<Problem>,
    },
}

fn count(problems: &[Problem]) -> String {
    match problems.len() {
        1 => "a problem".to_owned(),
        n => format!("{n} problems"),
    }
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |out, problem| out + "\n  " + &problem.to_string())
}
