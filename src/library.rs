//! The artefacts that a process can put in force: its own model, and former ones that a re-fold or a replay
//! needs. They are looked up by content, so a file's name and place do not matter.
//!
//! Bounded: [`MOST_FILES`] files of a folder. A file that is no model is passed over and told: its absence
//! matters only where a control record names it, and there it is an error that names it too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::Config;
use crate::knowledge::{Knowledge, Policy};
use crate::model::{Model, ModelError};
use crate::side_inputs::SideInputs;
use crate::snapshot::SnapshotError;
use crate::trace::Tracer;
use crate::verdicts::Verdicts;

/// Most files of a folder of former artefacts.
pub const MOST_FILES: usize = 64;

/// Why a library cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The model to judge with.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// What is known of tenants, or verdicts.
    #[error("{key}: {source}")]
    Snapshot {
        /// The config's key.
        key: &'static str,
        /// Why.
        source: SnapshotError,
    },
    /// A folder of former artefacts.
    #[error("`{key}` names {}, which cannot be listed: {source}", path.display())]
    Folder {
        /// The config's key.
        key: &'static str,
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// More than anyone needs.
    #[error("`{key}` names {}, which holds {found} files; at most {MOST_FILES} are read", path.display())]
    TooMany {
        /// The config's key.
        key: &'static str,
        /// The folder.
        path: PathBuf,
        /// How many there are.
        found: usize,
    },
}

/// Known artefacts by the SHA-256 of their content, in hex.
#[derive(Clone, Debug, Default)]
pub struct Library {
    models: BTreeMap<String, Arc<Model>>,
    knowledge: BTreeMap<String, Arc<Knowledge>>,
    verdicts: BTreeMap<String, Arc<Verdicts>>,
}

/// A library, and what the config says is in force.
#[derive(Debug)]
pub struct Opened {
    /// Everything known.
    pub library: Library,
    /// The model to judge with.
    pub model: Arc<Model>,
    /// What is known of tenants.
    pub knowledge: Arc<Knowledge>,
    /// Whom policy excludes.
    pub policy: Policy,
    /// What people have decided about findings.
    pub verdicts: Arc<Verdicts>,
    /// Files of the folders that are not what they should be, with the reason.
    pub passed_over: Vec<String>,
}

impl Library {
    /// Reads what the config names: the model, what is known of tenants, verdicts, the folders of former ones,
    /// and the model inside the binary.
    pub fn open(config: &Config) -> Result<Opened, LibraryError> {
        let mut library = Library::default();
        let mut passed_over = Vec::new();
        library.add_model(Arc::new(Model::embedded()?));
        let out = &mut passed_over;
        for model in former(config.model.known.as_deref(), "model.known", "json", Model::load, out)? {
            library.add_model(model);
        }
        for known in former(config.tenants.known.as_deref(), "tenants.known", "jsonl", Knowledge::load, out)? {
            library.add_knowledge(known);
        }
        for verdicts in former(config.verdicts.known.as_deref(), "verdicts.known", "jsonl", Verdicts::load, out)? {
            library.add_verdicts(verdicts);
        }
        let wrong = |key| move |source| LibraryError::Snapshot { key, source };
        let knowledge = config.tenants.path.as_deref().map(Knowledge::load).transpose();
        let knowledge = knowledge.map_err(wrong("tenants.path"))?.map(Arc::new);
        let verdicts = config.verdicts.path.as_deref().map(Verdicts::load).transpose();
        let verdicts = verdicts.map_err(wrong("verdicts.path"))?.map(Arc::new);
        if let Some(verdicts) = &verdicts {
            library.add_verdicts(Arc::clone(verdicts));
        }
        if let Some(knowledge) = &knowledge {
            library.add_knowledge(Arc::clone(knowledge));
        }
        let model = Arc::new(Model::of(config.model.path.as_deref())?);
        model.accepts(config.fold.slots.as_deref())?;
        library.add_model(Arc::clone(&model));
        let (knowledge, verdicts) = (knowledge.unwrap_or_default(), verdicts.unwrap_or_default());
        Ok(Opened { library, model, knowledge, policy: config.policy.clone(), verdicts, passed_over })
    }

    /// Adds a model.
    pub fn add_model(&mut self, model: Arc<Model>) {
        self.models.insert(model.sha256_hex(), model);
    }

    /// Adds a snapshot of what is known of tenants.
    pub fn add_knowledge(&mut self, knowledge: Arc<Knowledge>) {
        self.knowledge.insert(knowledge.sha256_hex(), knowledge);
    }

    /// Adds a snapshot of verdicts.
    pub fn add_verdicts(&mut self, verdicts: Arc<Verdicts>) {
        self.verdicts.insert(verdicts.sha256_hex(), verdicts);
    }

    /// Takes in what another library knows, and keeps what this one does.
    pub fn extend(&mut self, other: Library) {
        self.models.extend(other.models);
        self.knowledge.extend(other.knowledge);
        self.verdicts.extend(other.verdicts);
    }

    /// A model by its content.
    pub fn model(&self, sha256: &str) -> Option<&Arc<Model>> {
        self.models.get(sha256)
    }

    /// A snapshot of what is known of tenants, by its content.
    pub fn knowledge(&self, sha256: &str) -> Option<&Arc<Knowledge>> {
        self.knowledge.get(sha256)
    }

    /// A snapshot of verdicts by its content.
    pub fn verdicts(&self, sha256: &str) -> Option<&Arc<Verdicts>> {
        self.verdicts.get(sha256)
    }

    /// All snapshots of verdicts, by content.
    pub fn all_verdicts(&self) -> impl Iterator<Item = &Arc<Verdicts>> {
        self.verdicts.values()
    }

    /// All snapshots of what is known of tenants, by content.
    pub fn snapshots(&self) -> impl Iterator<Item = &Arc<Knowledge>> {
        self.knowledge.values()
    }

    /// All models, by content.
    pub fn models(&self) -> impl Iterator<Item = &Arc<Model>> {
        self.models.values()
    }
}

impl Opened {
    /// Logs what was read, and what was passed over.
    pub fn tell(&self) {
        for why in &self.passed_over {
            tracing::warn!(why, "a file of the folder of known artefacts is passed over");
        }
        if self.knowledge.is_loaded() {
            let (tenants, sha256) = (self.knowledge.len(), self.knowledge.sha256_hex());
            tracing::info!(tenants, sha256, "known tenants");
        }
        for (field, times) in self.knowledge.unknown_fields() {
            tracing::warn!(%field, times, "a field of known tenants that nobody reads");
        }
        if self.verdicts.is_loaded() {
            let (findings, sha256) = (self.verdicts.len(), self.verdicts.sha256_hex());
            tracing::info!(findings, sha256, "verdicts");
        }
        let times = self.verdicts.unread_fields();
        if times > 0 {
            tracing::warn!(times, "fields of verdicts that nobody reads");
        }
    }

    /// What is in force by the config.
    pub fn side_inputs(&self, tracer: &Tracer) -> SideInputs {
        let judging =
            SideInputs::new(Arc::clone(&self.model), Arc::clone(&self.knowledge), self.policy.clone(), tracer);
        judging.with_verdicts(Arc::clone(&self.verdicts))
    }
}

/// The artefacts of a folder of former ones; what is none goes to `passed_over`, with the reason.
fn former<T, E: core::fmt::Display>(
    folder: Option<&Path>,
    key: &'static str,
    extension: &str,
    load: impl Fn(&Path) -> Result<T, E>,
    passed_over: &mut Vec<String>,
) -> Result<Vec<Arc<T>>, LibraryError> {
    let mut known = Vec::new();
    for path in folder.map(|folder| files(folder, key, extension)).transpose()?.unwrap_or_default() {
        match load(&path) {
            Ok(artefact) => known.push(Arc::new(artefact)),
            Err(error) => passed_over.push(error.to_string()),
        }
    }
    Ok(known)
}

/// The files of a folder with this ending, by name.
fn files(folder: &Path, key: &'static str, ending: &str) -> Result<Vec<PathBuf>, LibraryError> {
    let unlisted = |source| LibraryError::Folder { key, path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unlisted)? {
        let path = entry.map_err(unlisted)?.path();
        if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    if found.len() > MOST_FILES {
        return Err(LibraryError::TooMany { key, path: folder.to_owned(), found: found.len() });
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn former_models_are_found_by_content_and_what_is_no_model_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy("fixtures/models/eager.json", folder.path().join("any name.json")).unwrap();
        std::fs::write(folder.path().join("broken.json"), "{}").unwrap();
        std::fs::write(folder.path().join("notes.txt"), "not looked at").unwrap();
        let mut config = Config::public();
        config.model.known = Some(folder.path().to_owned());
        let opened = Library::open(&config).unwrap();
        let eager = Model::load("fixtures/models/eager.json".as_ref()).unwrap();
        assert_eq!(opened.library.model(&eager.sha256_hex()).unwrap().name(), eager.name());
        assert_eq!(opened.library.models().count(), 2, "eager and the one inside the binary");
        assert_eq!(opened.passed_over.len(), 1);
        assert!(opened.passed_over[0].contains("broken.json"), "{:?}", opened.passed_over);

        config.model.known = Some(folder.path().join("none"));
        let said = Library::open(&config).unwrap_err().to_string();
        assert!(said.contains("`model.known`") && said.contains("cannot be listed"), "{said}");
    }
}
