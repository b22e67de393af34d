//! The artefact and its card, each written whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::card;
use super::trial::Trial;
use super::worth::Worth;
use super::{TrainError, TrainSpec};
use crate::model::Model;
use crate::model::artifact::{Body, encode};

/// What the card reports.
pub(super) struct Results<'r> {
    pub(super) trial: &'r Trial,
    pub(super) worth: Option<&'r Worth>,
}

pub(super) struct Written {
    pub(super) file: PathBuf,
    pub(super) card: PathBuf,
    pub(super) sha256: String,
}

/// Writes both files; the artefact is checked as a reader would before it gets its name.
pub(super) fn write(spec: &TrainSpec, body: &Body, results: &Results<'_>) -> Result<Written, TrainError> {
    let file = spec.out.clone();
    let card = file.with_extension("card.md");
    let unwritable = |file: &Path, source| TrainError::Unwritable { file: file.to_path_buf(), source };
    let bytes = encode(body).map_err(|error| unwritable(&file, error.into()))?;
    let model = Model::from_bytes(&spec.name, &bytes)?;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|source| unwritable(folder, source))?;
    }
    replace(&file, &bytes).map_err(|source| unwritable(&file, source))?;
    let text = card::describe(spec, body, results, &model, &file);
    replace(&card, text.as_bytes()).map_err(|source| unwritable(&card, source))?;
    Ok(Written { file, card, sha256: model.sha256_hex() })
}

/// Writes beside, then renames: a full disk leaves the old file as it was.
pub(super) fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let written = std::fs::File::create(&part).and_then(|mut open| {
        open.write_all(bytes)?;
        open.sync_all()
    });
    let done = written.and_then(|()| std::fs::rename(&part, file));
    if done.is_err() {
        // the first error is the one to tell; what is left of the part is worthless
        drop(std::fs::remove_file(&part));
    }
    done
}
