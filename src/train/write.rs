//! The artefact and its card, each written whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::card;
use super::survey::{Side, Surveyed, Window, place};
use super::trial::Trial;
use super::worth::Worth;
use super::{TrainError, TrainSpec};
use crate::model::Model;
use crate::model::artifact::{Body, encode};
use crate::model::rows::{self, TaughtRow};

/// What the card reports.
pub(super) struct Results<'r> {
    pub(super) trial: &'r Trial,
    pub(super) worth: Option<&'r Worth>,
    /// Calm tenants and attackers, of whom some windows are kept for `calibrate`.
    pub(super) taught: (&'r [Surveyed], &'r [Surveyed]),
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
    let taught = kept(results.taught.1, Side::Harvest).chain(kept(results.taught.0, Side::Calm)).collect::<Vec<_>>();
    let table = file.with_extension("rows");
    let packed = rows::encode(&taught).map_err(|source| unwritable(&table, source))?;
    replace(&table, &packed).map_err(|source| unwritable(&table, source))?;
    let text = card::describe(spec, body, results, &model, &file);
    replace(&card, text.as_bytes()).map_err(|source| unwritable(&card, source))?;
    Ok(Written { file, card, sha256: model.sha256_hex() })
}

/// Tenants of a side whose windows are kept, and windows of each.
const KEPT: (usize, usize) = (1_800, 8);

/// Some windows of one side, spread over tenants and over the life of each. Half of the tenants are those that lived
/// longest: few do, and what old units look like is to be learnt too.
fn kept(tenants: &[Surveyed], side: Side) -> impl Iterator<Item = TaughtRow> {
    let mut order: Vec<&Surveyed> = tenants.iter().filter(|tenant| tenant.of(side).next().is_some()).collect();
    order.sort_by_key(|tenant| place(&tenant.name, 1));
    let oldest = |tenant: &Surveyed| tenant.of(side).map(|window| window.exchanges).max();
    let mut rest = order.split_off(order.len().min(KEPT.0 / 2));
    rest.sort_by_key(|tenant| std::cmp::Reverse(oldest(tenant)));
    order.extend(rest.into_iter().take(KEPT.0 / 2));
    (0..).zip(order).flat_map(move |(tenant, surveyed)| {
        let windows: Vec<_> = surveyed.of(side).collect();
        let count = windows.len();
        let one = |i: usize| windows[i * count / count.min(KEPT.1)];
        let row = |window: &Window| TaughtRow {
            tenant,
            exchanges: window.exchanges,
            harvest: side == Side::Harvest,
            row: window.row,
        };
        (0..count.min(KEPT.1)).map(|i| row(one(i))).collect::<Vec<_>>()
    })
}

/// Writes beside, then renames: a full disk leaves the old file as it was.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
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
