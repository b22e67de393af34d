//! A set of questions as a file: a header, the filter's table, SHA-256 of both.
//!
//! ```text
//! "stillwatch benchmarks\0" · version u32 · word rule u32 · questions u32 · grams u32 · seed u64 · places u32
//! · places × u16 · SHA-256 of all before; little-endian
//! ```

use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Benchmarks;
use super::xor::Xor;
use crate::trace::words;

/// What a file begins with.
pub(crate) const MAGIC: &[u8] = b"stillwatch benchmarks\0";
const VERSION: u32 = 1;
/// More than a set of the most grams that are allowed takes.
const MAX_BYTES: u64 = 32 << 20;

/// Why there is no set of questions.
#[derive(Debug, thiserror::Error)]
pub enum BenchmarkError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something else, or too large to be one.
    #[error("is not a set of benchmark questions as `stillwatch model benchmark` writes it")]
    NotOne,
    /// From another version of this program.
    #[error(
        "benchmark set of format {found:?} (format, word rule), this program reads {known:?}: build it again with `stillwatch model benchmark`"
    )]
    Version {
        /// Format and word rule of the file.
        found: (u32, u32),
        /// Those of this program.
        known: (u32, u32),
    },
    /// Cut, or changed on its way.
    #[error("benchmark set is damaged: its checksum does not match; copy or build it again")]
    Damaged,
    /// No question had a gram of its own.
    #[error("no grams in {questions} questions, and {short} of fewer than 8 words: nothing to recognise")]
    Nothing {
        /// Distinct questions.
        questions: usize,
        /// Too short ones.
        short: u32,
    },
    /// The limit.
    #[error("more than {limit} grams after {questions} questions: supply fewer")]
    TooMany {
        /// Questions so far.
        questions: usize,
        /// Grams allowed.
        limit: usize,
    },
    /// Chance, of about 1 in 10^1000.
    #[error("no seed gives a filter of these questions: change one and try again")]
    Unlucky,
}

impl Benchmarks {
    /// The file's bytes. The same questions give the same bytes, in any order.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.body();
        bytes.extend_from_slice(&Sha256::digest(&bytes));
        bytes
    }

    /// Reads a file's bytes.
    pub fn decode(bytes: &[u8]) -> Result<Benchmarks, BenchmarkError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(BenchmarkError::NotOne)?;
        let (format, rest) = number(rest)?;
        let (rule, rest) = number(rest)?;
        if (format, rule) != (VERSION, words::VERSION) {
            return Err(BenchmarkError::Version { found: (format, rule), known: (VERSION, words::VERSION) });
        }
        // everything behind the version is only believed with its checksum
        let body = bytes.len().checked_sub(32).and_then(|end| bytes.split_at_checked(end));
        let (body, checksum) = body.ok_or(BenchmarkError::Damaged)?;
        let sha256: [u8; 32] = Sha256::digest(body).into();
        if checksum != sha256 {
            return Err(BenchmarkError::Damaged);
        }
        let (questions, rest) = number(rest)?;
        let (keys, rest) = number(rest)?;
        let (low, rest) = number(rest)?;
        let (high, rest) = number(rest)?;
        let (places, rest) = number(rest)?;
        let table = rest.get(..rest.len().saturating_sub(32)).unwrap_or_default();
        let (table, odd) = table.as_chunks::<2>();
        if table.len() != places as usize || !odd.is_empty() || !places.is_multiple_of(3) {
            return Err(BenchmarkError::Damaged);
        }
        let table = table.iter().map(|place| u16::from_le_bytes(*place)).collect();
        let grams = Xor { seed: u64::from(low) | u64::from(high) << 32, table };
        Ok(Benchmarks { grams, questions, keys, sha256 })
    }

    /// All but the checksum.
    pub(super) fn body(&self) -> Vec<u8> {
        let (seed, places) = (self.grams.seed, self.grams.table.len() as u32);
        let numbers = [VERSION, words::VERSION, self.questions, self.keys, seed as u32, (seed >> 32) as u32, places];
        let mut bytes = MAGIC.to_vec();
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend(self.grams.table.iter().flat_map(|place| place.to_le_bytes()));
        bytes
    }
}

pub(super) fn load(path: &Path) -> Result<Benchmarks, BenchmarkError> {
    let failed = |source| BenchmarkError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(BenchmarkError::NotOne);
    }
    Benchmarks::decode(&bytes)
}

fn number(bytes: &[u8]) -> Result<(u32, &[u8]), BenchmarkError> {
    let (number, rest) = bytes.split_first_chunk().ok_or(BenchmarkError::Damaged)?;
    Ok((u32::from_le_bytes(*number), rest))
}
