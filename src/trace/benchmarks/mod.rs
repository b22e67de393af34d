//! Known questions of public test sets, as a static set of hashes: no text, and none can be had from it.
//!
//! ```text
//! questions ─► words ─► 8-grams whose last word's hash ends in four zero bits ─► those of at most 2 questions ─► Xor
//! prompt    ─► words ─► the same 8-grams ─► in the set? ─► Flags::BENCHMARK
//! ```
//!
//! Public hashes, so that a set can be built once and sent around; what leaves `trace` is one bit. Sampling by the
//! words themselves finds a question inside any template. A gram of many questions is a phrase ("how many more
//! does she have than") and is left out. A question of 45 words has 2.4 grams in the mean, and one in ten has
//! none: this marks a workload by its share of hits, not a single prompt for sure.

mod build;
mod file;
mod xor;

pub use build::{Builder, Built};
pub use file::BenchmarkError;
pub(crate) use file::MAGIC;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use super::words::mix;
use xor::Xor;

/// Words of a gram.
const GRAM: usize = 8;
/// Of a word's hash: a gram that ends in a word where these are zero is sampled. One in 16.
const SAMPLED: u64 = 15;

/// The set inside the binary.
static BUILT_IN: LazyLock<Arc<Benchmarks>> = LazyLock::new(|| {
    let set = Benchmarks::decode(include_bytes!("../../../models/benchmarks-1.bin"));
    // a test reads it, so this is never the empty one
    Arc::new(set.unwrap_or_default())
});

/// A set of questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Benchmarks {
    grams: Xor,
    questions: u32,
    keys: u32,
    sha256: [u8; 32],
}

impl Benchmarks {
    /// The set inside the binary.
    pub fn built_in() -> Arc<Benchmarks> {
        Arc::clone(&BUILT_IN)
    }

    /// A set from a file that [`Benchmarks::encode`] made.
    pub fn load(path: &Path) -> Result<Benchmarks, BenchmarkError> {
        file::load(path)
    }

    /// How many questions it was built from, and how many grams of them it holds.
    pub fn size(&self) -> (u32, u32) {
        (self.questions, self.keys)
    }

    /// Names its content: part of the identity of the fold.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }
}

/// The last words of a prompt, and whether a gram of them was known.
pub(super) struct Watch<'s> {
    set: &'s Benchmarks,
    last: [u64; GRAM],
    words: usize,
    pub(super) hit: bool,
}

impl<'s> Watch<'s> {
    pub(super) fn new(set: &'s Benchmarks) -> Watch<'s> {
        Watch { set, last: [0; GRAM], words: 0, hit: false }
    }

    /// The next word's public hash.
    #[inline]
    pub(super) fn word(&mut self, hash: u64) {
        if let Some(gram) = sampled(&mut self.last, &mut self.words, hash) {
            self.hit |= self.set.grams.has(gram);
        }
    }
}

/// Takes in a word; the hash of the gram that ends with it, if that is sampled.
#[inline]
fn sampled(last: &mut [u64; GRAM], words: &mut usize, hash: u64) -> Option<u64> {
    if let Some(place) = last.get_mut(*words % GRAM) {
        *place = hash;
    }
    *words += 1;
    if hash & SAMPLED == 0 { gram(last, *words) } else { None }
}

/// One word in 16 gets here: kept out of the loop over words.
#[cold]
#[inline(never)]
fn gram(last: &[u64; GRAM], words: usize) -> Option<u64> {
    let (newest, oldest) = last.split_at(words % GRAM);
    let hash = oldest.iter().chain(newest).fold(0u64, |hash, word| mix(hash ^ word, 0x8bb8_4b93_962e_acc9));
    (words >= GRAM).then_some(hash)
}

#[cfg(test)]
mod tests;
