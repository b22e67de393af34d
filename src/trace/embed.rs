//! A prompt's place among topics: its slot's words, by a learned table, as 32 small numbers of length 127.
//!
//! Each word adds the row of its bucket (by the public hash) to a sum; the sum, less what texts of its length
//! have in common, is scaled to one length. The table is learned once from public text (`train --embedding`)
//! and ships with the program: only sums of its rows leave. Integers throughout, so a text has the same
//! place on every machine. Not a language model: it tells what a text is about from the words it shares with others.
//! Cost: about 2 ns a word of the first [`WORDS`], and 60 ns a prompt.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::words;

/// Dimensions of a place.
pub const WIDTH: usize = 32;
/// Rows of the table. 64 KB: what stays in the second cache beside everything else.
pub const BUCKETS: usize = 2_048;
/// Words of the slot that count.
const WORDS: usize = 128;
/// The length of a place: cosines are dot products divided by its square.
const LENGTH: i64 = 127;
/// A slot shorter than this is placed with its template: a few words alone say little.
const LEAST: usize = 4;

/// What a file begins with.
pub(crate) const MAGIC: &[u8; 8] = b"swembed1";
const HEADER: usize = MAGIC.len() + 4 + 2 + 2;
const BYTES: usize = HEADER + WIDTH * 2 + BUCKETS * WIDTH + 32;
/// Inside a table, sums are counted in 256ths of a unit.
const FINE: i32 = 256;

/// A place; all zeros for a text without words.
pub type Place = [i8; WIDTH];

/// Cosine of two places.
#[inline]
pub fn likeness(a: &Place, b: &Place) -> f32 {
    let dot: i32 = a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
    dot as f32 / (LENGTH * LENGTH) as f32
}

/// The buckets of a text's first words.
#[derive(Clone)]
pub struct Slot {
    buckets: [u16; Slot::MOST],
    used: usize,
}

impl Slot {
    /// Words at the start of a prompt that are taken for its template.
    pub(super) const TEMPLATE: usize = 6;
    const MOST: usize = Slot::TEMPLATE + WORDS;

    /// Before the first word.
    pub fn new() -> Slot {
        Slot { buckets: [0; Slot::MOST], used: 0 }
    }

    /// Takes the next word of the text, by its public hash.
    #[inline]
    pub fn word(&mut self, hash: u64) {
        if let Some(bucket) = self.buckets.get_mut(self.used) {
            *bucket = (hash >> 53) as u16;
            self.used += 1;
        }
    }

    /// The buckets of the slot, or of the whole text if that leaves too little.
    pub fn buckets(&self) -> &[u16] {
        let from = if self.used < Slot::TEMPLATE + LEAST { 0 } else { Slot::TEMPLATE };
        self.buckets.get(from..self.used).unwrap_or_default()
    }
}

impl Default for Slot {
    fn default() -> Slot {
        Slot::new()
    }
}

/// The learned table.
#[derive(Clone, PartialEq, Eq)]
pub struct Table {
    /// What a text of one word has in common with all others, in 16ths; it grows with the root of the length.
    common: [i16; WIDTH],
    rows: Box<[[i8; WIDTH]]>,
}

impl core::fmt::Debug for Table {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Table").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

/// Why a table can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TableError {
    /// Not one of ours, or cut.
    #[error("embedding is no table of {BUCKETS} rows by {WIDTH}: expected {BYTES} bytes, found {0}")]
    Shape(usize),
    /// Made with another word rule.
    #[error("embedding was made with word rule {found}, this program has {}", words::VERSION)]
    Words {
        /// Of the file.
        found: u32,
    },
    /// Damaged.
    #[error("embedding is damaged: its checksum differs")]
    Checksum,
}

impl Table {
    /// The table inside the binary.
    pub fn shipped() -> &'static Table {
        static SHIPPED: LazyLock<Table> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "bytes of the binary itself; a test reads them")]
            Table::decode(BYTES_SHIPPED).expect("the shipped embedding is whole")
        });
        &SHIPPED
    }

    /// A table from its parts.
    pub fn new(common: [i16; WIDTH], rows: Box<[[i8; WIDTH]]>) -> Option<Table> {
        (rows.len() == BUCKETS).then_some(Table { common, rows })
    }

    /// The place of a slot.
    pub fn place(&self, slot: &[u16]) -> Place {
        let mut sums = [0i16; WIDTH]; // 134 words of at most 127 each
        for bucket in slot.iter().take(Slot::MOST) {
            let row = &self.rows[usize::from(*bucket) % BUCKETS];
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += i16::from(*value);
            }
        }
        let root = ((slot.len() as u64) << 8).isqrt() as i32; // 16 times the root of the length
        let mut fine = [0i32; WIDTH];
        let mut square = 0i64;
        for ((fine, sum), common) in fine.iter_mut().zip(sums).zip(self.common) {
            *fine = i32::from(sum) * FINE - i32::from(common) * root;
            square += i64::from(*fine) * i64::from(*fine);
        }
        let length = square.unsigned_abs().isqrt() as i64;
        if length == 0 {
            return [0; WIDTH];
        }
        // one division, not 32: 2^40 leaves 16 bits after the longest sum
        let scale = (LENGTH << 40) / length;
        fine.map(|value| ((i64::from(value) * scale + (1 << 39)) >> 40).clamp(-LENGTH, LENGTH) as i8)
    }

    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(MAGIC);
        bytes.extend(words::VERSION.to_le_bytes());
        bytes.extend((BUCKETS as u16).to_le_bytes());
        bytes.extend((WIDTH as u16).to_le_bytes());
        self.common.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        self.rows.iter().flatten().for_each(|value| bytes.extend(value.to_le_bytes()));
        let sum: [u8; 32] = Sha256::digest(&bytes).into();
        bytes.extend(sum);
        bytes
    }

    /// Reads a file.
    pub fn decode(bytes: &[u8]) -> Result<Table, TableError> {
        let shape = || TableError::Shape(bytes.len());
        let (body, sum) = bytes.split_last_chunk::<32>().ok_or_else(shape)?;
        let (magic, rest) = body.split_first_chunk::<8>().ok_or_else(shape)?;
        let (version, rest) = rest.split_first_chunk::<4>().ok_or_else(shape)?;
        let sizes = [(BUCKETS as u16).to_le_bytes(), (WIDTH as u16).to_le_bytes()].concat();
        let rest = rest.strip_prefix(sizes.as_slice()).ok_or_else(shape)?;
        if magic != MAGIC || bytes.len() != BYTES {
            return Err(shape());
        }
        if *sum != <[u8; 32]>::from(Sha256::digest(body)) {
            return Err(TableError::Checksum);
        }
        let found = u32::from_le_bytes(*version);
        if found != words::VERSION {
            return Err(TableError::Words { found });
        }
        let (common, rows) = rest.split_at(WIDTH * 2);
        let common: Vec<i16> = common.as_chunks::<2>().0.iter().map(|two| i16::from_le_bytes(*two)).collect();
        let rows = rows.as_chunks::<WIDTH>().0.iter().map(|row| row.map(|byte| byte as i8)).collect();
        Table::new(common.try_into().map_err(|_| shape())?, rows).ok_or_else(shape)
    }

    /// The shipped table's checksum: features mean another thing under another table.
    pub fn checksum() -> [u8; 32] {
        BYTES_SHIPPED.last_chunk().copied().unwrap_or_default()
    }
}

static BYTES_SHIPPED: &[u8] = include_bytes!("../../models/embedding-1.bin");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(text: &str) -> Place {
        let mut slot = Slot::new();
        words::each_word(text, |word| {
            slot.word(word.hash);
            true
        });
        Table::shipped().place(slot.buckets())
    }

    #[test]
    fn texts_on_one_matter_are_nearer_than_on_two() {
        let maths = place("Janet has 12 apples and gives 3 to each of her friends, how many apples are left over?");
        let sums = place("Tom buys 5 pens for 2 dollars each and pays with 20 dollars, how much change does he get?");
        let bank =
            place("I lost my credit card yesterday and the app shows a payment that I have not made, please help");
        assert!(likeness(&maths, &sums) > likeness(&maths, &bank) + 0.2);
        assert!(likeness(&maths, &maths) > 0.97);
        assert_eq!(place("… !"), [0; WIDTH]);
    }

    #[test]
    fn places_are_the_same_everywhere() {
        // state holds these: a change needs a new state version
        assert_eq!(&place("The quick brown fox jumps over the lazy dog near the river bank")[..8], GOLDEN);
    }

    const GOLDEN: [i8; 8] = [-57, -81, 16, -20, 7, 6, -4, -9];

    #[test]
    fn a_file_reads_back_and_damage_is_seen() {
        let table = Table::shipped();
        let bytes = table.encode();
        assert_eq!(bytes, BYTES_SHIPPED);
        assert_eq!(Table::decode(&bytes).as_ref(), Ok(table));
        let mut damaged = bytes.clone();
        damaged[1_000] ^= 1;
        assert_eq!(Table::decode(&damaged), Err(TableError::Checksum));
        assert_eq!(Table::decode(&bytes[..500]), Err(TableError::Shape(500)));
        let mut other = bytes;
        other[8] = 9;
        let body = other.len() - 32;
        let sum = Sha256::digest(&other[..body]);
        other[body..].copy_from_slice(&sum);
        assert_eq!(Table::decode(&other), Err(TableError::Words { found: 9 }));
    }

    proptest! {
        #[test]
        fn every_place_has_the_same_length(slot in prop::collection::vec(0u16..2_048, 1..134)) {
            let place = Table::shipped().place(&slot);
            let square: i32 = place.iter().map(|value| i32::from(*value).pow(2)).sum();
            prop_assert!((f64::from(square).sqrt() - 127.0).abs() < 3.0, "{square}");
        }

        #[test]
        fn it_follows_the_exact_arithmetic(slot in prop::collection::vec(0u16..2_048, 1..134)) {
            let table = Table::shipped();
            let root = (slot.len() as f64).sqrt();
            let mut exact = [0.0f64; WIDTH];
            for (dimension, value) in exact.iter_mut().enumerate() {
                let sum: f64 = slot.iter().map(|bucket| f64::from(table.rows[usize::from(*bucket)][dimension])).sum();
                *value = sum - f64::from(table.common[dimension]) / 16.0 * root;
            }
            let length = exact.iter().map(|value| value * value).sum::<f64>().sqrt();
            // the root is cut to a sixteenth: a short sum, of words that cancel out, feels that
            let cut = table.common.iter().map(|value| f64::from(value.abs())).fold(0.0, f64::max) / 256.0;
            let slack = 1.5 + 127.0 * 6.0 * cut / length.max(1e-9);
            for (place, exact) in table.place(&slot).iter().zip(exact) {
                prop_assert!((f64::from(*place) - exact / length * 127.0).abs() < slack);
            }
        }
    }
}
