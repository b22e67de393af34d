//! Slot tables as a file: numbers in a fixed order, SHA-256 of all before.
//!
//! ```text
//! "stillwatch slots\0" · version u32 · word rule u32 · tag u64
//! · 2 × (total f64 · mean f32 · deviation f32 · 65,536 × u8)
//! · groups u32 × (key u64 · 2 × (total f64 · mean f32 · deviation f32))
//! · places u32 × u32 · SHA-256; little-endian
//! ```

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{BUCKETS, Calm, Slots, Whole, Words};
use crate::trace::keyed::Keys;
use crate::trace::words;

/// What a file begins with.
pub(crate) const MAGIC: &[u8] = b"stillwatch slots\0";
const VERSION: u32 = 2;
/// More than a sample's words take.
const MAX_BYTES: u64 = 128 << 20;
const GROUPS: usize = 1 << 16;

/// Why there are no slot tables.
#[derive(Debug, thiserror::Error)]
pub enum SlotsError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that says nothing here.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Box<SlotsError>,
    },
    /// Something else, or too large to be one.
    #[error("this is no table of slots as `stillwatch calibrate` writes it")]
    NotOne,
    /// From another version of this program.
    #[error("slot tables of format {found:?} (format, word rule), this program reads {known:?}: calibrate again")]
    Version {
        /// Format and word rule of the file.
        found: (u32, u32),
        /// Those of this program.
        known: (u32, u32),
    },
    /// Cut, or changed on its way.
    #[error("slot tables are damaged: the checksum does not match; copy them or calibrate again")]
    Damaged,
    /// Hashes of another secret mean nothing here.
    #[error("slot tables were made with another secret: calibrate again with this one (--config)")]
    Secret,
    /// Too little to tell what is usual.
    #[error("{slots} prompts with something in their slot: too few to tell what is usual")]
    TooFew {
        /// Found.
        slots: usize,
    },
}

impl Slots {
    /// Where the tables of a model are: `NAME.slots` beside `NAME.json`.
    pub fn place(model: &Path) -> PathBuf {
        model.with_extension("slots")
    }

    /// The tables beside a model, if there are any.
    pub fn beside(model: &Path, secret: &[u8; 16]) -> Result<Option<Arc<Slots>>, SlotsError> {
        let path = Slots::place(model);
        if path.exists() { Slots::load(&path, secret).map(|slots| Some(Arc::new(slots))) } else { Ok(None) }
    }

    /// Tables from a file, made under this secret.
    pub fn load(path: &Path, secret: &[u8; 16]) -> Result<Slots, SlotsError> {
        let file = |source| SlotsError::File { path: path.to_owned(), source: Box::new(source) };
        let slots = Slots::decode(&Slots::read(path)?).map_err(file)?;
        if slots.is_of(&Keys::new(secret)) { Ok(slots) } else { Err(file(SlotsError::Secret)) }
    }

    /// The bytes of a file, one too many of one that is too large.
    fn read(path: &Path) -> Result<Vec<u8>, SlotsError> {
        let failed = |source| SlotsError::Read { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// The file's bytes. The same history gives the same bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.body();
        bytes.extend_from_slice(&Sha256::digest(&bytes));
        bytes
    }

    /// Reads a file's bytes.
    pub fn decode(bytes: &[u8]) -> Result<Slots, SlotsError> {
        let rest = bytes.strip_prefix(MAGIC).filter(|_| bytes.len() as u64 <= MAX_BYTES).ok_or(SlotsError::NotOne)?;
        let mut head = Numbers(rest);
        let found = (head.u32()?, head.u32()?);
        if found != (VERSION, words::VERSION) {
            return Err(SlotsError::Version { found, known: (VERSION, words::VERSION) });
        }
        let (body, sum) = bytes.split_last_chunk::<32>().ok_or(SlotsError::Damaged)?;
        let sha256: [u8; 32] = Sha256::digest(body).into();
        if *sum != sha256 {
            return Err(SlotsError::Damaged);
        }
        let mut rest = Numbers(head.0.get(..head.0.len().saturating_sub(32)).unwrap_or_default());
        let tag = rest.u64()?;
        let all = [rest.whole()?, rest.whole()?];
        let count = rest.u32()? as usize;
        if count > GROUPS {
            return Err(SlotsError::Damaged);
        }
        let mut groups = BTreeMap::new();
        for _ in 0..count {
            groups.insert(rest.u64()?, [rest.calm()?, rest.calm()?]);
        }
        let places = rest.u32()? as usize;
        let (entries, odd) = rest.0.as_chunks::<4>();
        let entries: Box<[u32]> = entries.iter().map(|entry| u32::from_le_bytes(*entry)).collect();
        // a full table would be searched to its end for every word
        let full = entries.iter().filter(|entry| **entry != 0).count() * 4 > entries.len() * 3;
        if entries.len() != places || !odd.is_empty() || !places.is_power_of_two() || full {
            return Err(SlotsError::Damaged);
        }
        Ok(Slots { tag, all, groups, words: Words { places: entries }, sha256 })
    }

    /// With the checksum of its content.
    pub(super) fn sealed(mut self) -> Slots {
        self.sha256 = Sha256::digest(self.body()).into();
        self
    }

    fn body(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(words::VERSION.to_le_bytes());
        bytes.extend(self.tag.to_le_bytes());
        let calm = |bytes: &mut Vec<u8>, calm: &Calm| {
            bytes.extend(calm.total.to_le_bytes());
            bytes.extend(calm.mean.to_le_bytes());
            bytes.extend(calm.deviation.to_le_bytes());
        };
        for whole in &self.all {
            calm(&mut bytes, &whole.calm);
            bytes.extend(whole.counts.iter());
        }
        bytes.extend((self.groups.len() as u32).to_le_bytes());
        for (key, both) in &self.groups {
            bytes.extend(key.to_le_bytes());
            for one in both {
                calm(&mut bytes, one);
            }
        }
        bytes.extend((self.words.places.len() as u32).to_le_bytes());
        bytes.extend(self.words.places.iter().flat_map(|entry| entry.to_le_bytes()));
        bytes
    }
}

/// What is still to be read.
struct Numbers<'b>(&'b [u8]);

impl Numbers<'_> {
    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], SlotsError> {
        let (chunk, rest) = self.0.split_first_chunk().ok_or(SlotsError::Damaged)?;
        self.0 = rest;
        Ok(*chunk)
    }

    fn u32(&mut self) -> Result<u32, SlotsError> {
        self.chunk().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, SlotsError> {
        self.chunk().map(u64::from_le_bytes)
    }

    fn calm(&mut self) -> Result<Calm, SlotsError> {
        let total = f64::from_le_bytes(self.chunk()?);
        let (mean, deviation) = (f32::from_le_bytes(self.chunk()?), f32::from_le_bytes(self.chunk()?));
        let sound = total.is_finite() && total > 0.0 && mean.is_finite() && deviation.is_finite() && deviation >= 0.0;
        if sound { Ok(Calm { total, mean, deviation }) } else { Err(SlotsError::Damaged) }
    }

    fn whole(&mut self) -> Result<Whole, SlotsError> {
        let calm = self.calm()?;
        let (counts, rest) = self.0.split_at_checked(BUCKETS).ok_or(SlotsError::Damaged)?;
        self.0 = rest;
        Ok(Whole { calm, counts: counts.into() })
    }
}
