//! The rows, one file per group.

mod frame;
mod coverage;
mod reasoning;
mod dataset;
mod parameters;
mod tempo;
mod information;
mod identity;
mod accounts;

use sha2::{Digest, Sha256};

use super::Feature;
use crate::trace::{embed, words};

/// The groups in the order of a row.
const GROUPS: [&[Feature]; 9] = [
    frame::ROWS,
    coverage::ROWS,
    reasoning::ROWS,
    dataset::ROWS,
    parameters::ROWS,
    tempo::ROWS,
    information::ROWS,
    identity::ROWS,
    accounts::ROWS,
];

const COUNT: usize = {
    let (mut count, mut group) = (0, 0);
    while group < GROUPS.len() {
        count += GROUPS[group].len();
        group += 1;
    }
    count
};

/// All features, in the order of a row. A changed meaning raises the row's version.
pub const TABLE: &[Feature] = &{
    let mut all = [GROUPS[0][0]; COUNT];
    let (mut at, mut group) = (0, 0);
    while group < GROUPS.len() {
        let mut row = 0;
        while row < GROUPS[group].len() {
            all[at] = GROUPS[group][row];
            at += 1;
            row += 1;
        }
        group += 1;
    }
    all
};

/// SHA-256 over names, versions and order of the rows, the version of the word rule, and the embedding.
pub fn table_hash() -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(words::VERSION.to_le_bytes());
    hash.update(embed::Table::checksum());
    for feature in TABLE {
        hash.update(feature.name.as_bytes());
        hash.update([0, feature.version, feature.needs as u8]);
    }
    hash.finalize().into()
}
