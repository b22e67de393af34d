//! Builds a set of questions. Of a question nothing is kept but hashes.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::xor::Xor;
use super::{BenchmarkError, Benchmarks, GRAM, sampled};
use crate::trace::words::{each_word, mix};

/// A gram of more questions than this is a phrase and says nothing.
const QUESTIONS: u32 = 2;
/// Grams that a set may hold: 20 MB.
const MAX_GRAMS: usize = 8_000_000;

/// Collects questions.
#[derive(Debug, Default)]
pub struct Builder {
    questions: BTreeSet<u64>,
    /// Of how many questions each is.
    grams: BTreeMap<u64, u32>,
    short: u32,
}

/// A set and what it was built from.
#[derive(Clone, Debug)]
pub struct Built {
    /// The set.
    pub set: Benchmarks,
    /// Questions of fewer than eight words: they can't be told apart and are not in it.
    pub short: u32,
    /// Grams that more than two questions share, left out.
    pub phrases: usize,
}

impl Builder {
    /// Adds a question. The same question again changes nothing.
    pub fn add(&mut self, question: &str) -> Result<(), BenchmarkError> {
        let (mut all, mut words, mut last) = (0, 0, [0; GRAM]);
        let mut grams = BTreeSet::new();
        each_word(question, |word| {
            all = mix(all ^ word.hash, 0x2545_f491_4f6c_dd1d);
            grams.extend(sampled(&mut last, &mut words, word.hash));
            true
        });
        if !self.questions.insert(all) {
            return Ok(());
        }
        if words < GRAM {
            self.questions.remove(&all);
            self.short += 1;
        }
        for gram in grams {
            *self.grams.entry(gram).or_default() += 1;
        }
        if self.grams.len() > MAX_GRAMS {
            return Err(BenchmarkError::TooMany { questions: self.questions.len(), limit: MAX_GRAMS });
        }
        Ok(())
    }

    /// The set of all that was added.
    pub fn build(self) -> Result<Built, BenchmarkError> {
        let own = |shared: &u32| *shared <= QUESTIONS;
        let keys: Vec<u64> = self.grams.iter().filter(|(_, shared)| own(shared)).map(|(gram, _)| *gram).collect();
        if keys.is_empty() {
            return Err(BenchmarkError::Nothing { questions: self.questions.len(), short: self.short });
        }
        let grams = Xor::build(&keys).ok_or(BenchmarkError::Unlucky)?;
        let questions = self.questions.len().min(u32::MAX as usize) as u32;
        let mut set = Benchmarks { grams, questions, keys: keys.len() as u32, sha256: [0; 32] };
        set.sha256 = Sha256::digest(set.body()).into();
        Ok(Built { set, short: self.short, phrases: self.grams.len() - keys.len() })
    }
}
