//! From a file and the environment to a checked configuration: layers, names and types, then ranges.

use std::path::Path;

use super::check::check;
use super::checker::Checker;
use super::document::{Document, ENV_PREFIX};
use super::raw::RawConfig;
use super::show;
use super::{Config, ConfigError, FoldConfig, Problem, schema};

/// What the configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// `run`, `check`, `topics`: brokers and secret must be there.
    Live,
    /// `replay --config`: the secret must be there, brokers need not.
    Fold,
}

/// A checked configuration, and how it may be shown.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What the program uses.
    pub config: Config,
    /// All effective values with secrets replaced by `***`.
    pub redacted: serde_json::Value,
}

/// Reads the file and the process's environment for the live driver.
pub fn load(path: &Path) -> Result<Loaded, ConfigError> {
    read(path, Need::Live)
}

/// The same for a replay, which needs no brokers.
pub fn load_for_replay(path: &Path) -> Result<Loaded, ConfigError> {
    read(path, Need::Fold)
}

/// Checks a text with the given variables. Relative paths in it start at `base`.
pub fn parse(
    text: &str,
    name: &str,
    base: &Path,
    variables: &[(String, String)],
    need: Need,
) -> Result<Loaded, ConfigError> {
    let mut document = Document::parse(text).map_err(|(line, message)| ConfigError::Syntax {
        name: name.to_owned(),
        line,
        message,
    })?;
    document.overlay(variables);
    let mut problems = Vec::new();
    schema::conform(&mut document, &mut problems);
    let invalid = |mut problems: Vec<Problem>| {
        problems.sort();
        ConfigError::Invalid { name: name.to_owned(), problems }
    };
    let raw: RawConfig = match serde_json::from_value(document.nested()) {
        Ok(raw) => raw,
        Err(error) => {
            // names and types are checked above: what is left here is a section beside a value of its name
            let message = format!("does not fit together: {error}");
            let origin = super::document::Origin::Default;
            problems.push(Problem { origin, key: "config".to_owned(), message });
            return Err(invalid(problems));
        }
    };
    let mut checker = Checker::new(&document, base, problems);
    let config = check(&raw, need, &mut checker);
    if checker.problems.is_empty() {
        Ok(Loaded { config, redacted: show::redacted(&raw) })
    } else {
        Err(invalid(checker.problems))
    }
}

impl Config {
    /// All defaults with the public key: what `demo`, and `replay` without a config file, use.
    pub fn public() -> Config {
        let document = Document::default();
        let mut checker = Checker::new(&document, Path::new("."), Vec::new());
        let mut config = check(&RawConfig::default(), Need::Fold, &mut checker);
        config.fold.secret = FoldConfig::public_secret();
        config
    }
}

fn read(path: &Path, need: Need) -> Result<Loaded, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    // a variable that is not Unicode cannot be one of ours: our values are text
    let variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(ENV_PREFIX))
        .collect();
    let base = path.parent().unwrap_or(Path::new("."));
    parse(&text, &path.display().to_string(), base, &variables, need)
}
