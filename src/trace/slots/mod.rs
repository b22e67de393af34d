//! How natural the content of a prompt is: by the words that other customers put into the same slot.
//!
//! ```text
//! history ─► slots (their words, keyed) ─► Sampling ─► counts of words: of all slots, and of slots of one group
//! prompt  ─► its slot ─► mean log2 of its words' shares, of a group against all ─► less the mean of calm slots, in
//!                        their deviations
//! ```
//!
//! A group is a template, or a system prompt, that several customers have. What stands in most of a group's
//! prompts is frame and not slot. A classifier's template fed with texts that are not what it was written for is told by
//! this alone: two-sided, since made-up questions are more usual than what people write.
//!
//! The tables are made by `calibrate` from the operator's own history, under its secret: no word can be read back
//! without that. Tenants are in two halves, and each is judged by the words of the other: nobody makes
//! his own texts usual. Cost: nothing without tables; with them 2 to 3 µs a record.

mod file;
mod gather;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub(crate) use file::MAGIC;
pub use file::SlotsError;
pub use gather::Sampling;

use super::keyed::Keys;
use super::words::{each_word, mix};
use crate::units::TenantHash;

/// Words at the start of a prompt that are taken for its template.
const TEMPLATE: usize = super::embed::Slot::TEMPLATE;
/// Words after it that may be slot.
const WINDOW: usize = 64;
/// Words of a slot that count, and those it needs at least.
const WORDS: usize = 25;
const LEAST: usize = 4;
/// Places for words of all slots: two words may share one.
const BUCKETS: usize = 1 << 16;
/// Counts are kept as logarithms, so many steps to a doubling.
const STEPS: f64 = 8.0;
/// Says that a word is its group's frame.
const FRAME: u8 = u8::MAX;
/// The weight of a group's own words against those of all slots.
const OWN: f64 = 0.7;
/// Deviations that count.
const MOST: f32 = 8.0;

/// How far a slot is from calm ones, in their deviations; below zero is less usual. None where nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Typicality {
    /// Against the slots of all customers.
    pub all: Option<f32>,
    /// Against those of the same group.
    pub group: Option<f32>,
}

/// The tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Slots {
    /// Of the secret.
    tag: u64,
    all: [Whole; 2],
    groups: BTreeMap<u64, [Calm; 2]>,
    words: Words,
    sha256: [u8; 32],
}

/// Counts of one half's words over all slots.
#[derive(Clone, Debug, PartialEq)]
struct Whole {
    calm: Calm,
    counts: Box<[u8]>,
}

/// What slots of the other half get under the words of this one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Calm {
    /// Words counted.
    total: f64,
    mean: f32,
    deviation: f32,
}

impl Calm {
    fn deviations(&self, score: f64) -> f32 {
        ((score as f32 - self.mean) / self.deviation.max(0.05)).clamp(-MOST, MOST)
    }
}

/// Words of groups: open addressing, 24 bits of the key and the count's logarithm.
#[derive(Clone, Debug, PartialEq)]
struct Words {
    /// A power of two, never full.
    places: Box<[u32]>,
}

/// Of a slot among all, and in its group.
type Scores = (Option<f64>, Option<f64>);

/// The words after a prompt's template, by their public hash.
pub(super) struct Slot {
    words: [u64; WINDOW],
    used: usize,
}

impl Slot {
    pub(super) fn of(prompt: &str) -> Slot {
        let mut slot = Slot { words: [0; WINDOW], used: 0 };
        let mut at = 0;
        each_word(prompt, |word| {
            if at >= TEMPLATE
                && let Some(place) = slot.words.get_mut(slot.used)
            {
                *place = word.hash;
                slot.used += 1;
            }
            at += 1;
            slot.used < WINDOW
        });
        slot
    }

    fn words(&self) -> &[u64] {
        self.words.get(..self.used).unwrap_or_default()
    }
}

impl Slots {
    /// Names its content: part of the identity of the fold.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// The same as text.
    pub fn sha256_hex(&self) -> String {
        crate::units::hex(&self.sha256)
    }

    /// Groups that it knows.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Whether it was made under this secret.
    pub(super) fn is_of(&self, keys: &Keys) -> bool {
        self.tag == keys.slot(0)
    }

    /// How usual a slot is.
    pub(super) fn typicality(
        &self,
        keys: &Keys,
        tenant: TenantHash,
        template: u64,
        frame: u64,
        slot: &Slot,
    ) -> Typicality {
        let other = 1 - half(tenant.0);
        let group = [template, frame].into_iter().find_map(|key| Some((key, self.groups.get(&key)?.get(other)?)));
        let keyed = slot.words().iter().map(|public| keys.slot(*public));
        let (all, own) = self.score(other, group.map(|(key, calm)| (key, calm.total)), keyed);
        Typicality {
            all: all.zip(self.all.get(other)).map(|(score, whole)| whole.calm.deviations(score)),
            group: own.zip(group).map(|(score, (_, calm))| calm.deviations(score)),
        }
    }

    /// Mean log2 of the shares that a slot's words have in all slots of a half; and of how many times as large they are
    /// in its group's, so that plain writing is not taken for the matter.
    fn score(&self, half: usize, group: Option<(u64, f64)>, keyed: impl Iterator<Item = u64>) -> Scores {
        let (mut all, mut own, mut n) = (0.0, 0.0, 0);
        let Some(whole) = self.all.get(half) else { return (None, None) };
        for word in keyed {
            let of_group = group.map(|(key, total)| (self.words.get(place(word, key, half)), total));
            if matches!(of_group, Some((FRAME, _))) {
                continue;
            }
            let share = (count(whole.count(word)) + 0.5) / (whole.calm.total + 0.5 * BUCKETS as f64);
            all += libm::log2(share);
            if let Some((code, total)) = of_group {
                own += libm::log2(OWN * count(code) / (total * share) + (1.0 - OWN));
            }
            n += 1;
            if n == WORDS {
                break;
            }
        }
        let mean = |sum: f64| (n >= LEAST).then(|| sum / n as f64);
        (mean(all), group.and_then(|_| mean(own)))
    }
}

impl Whole {
    fn count(&self, word: u64) -> u8 {
        self.counts.get(word as usize % BUCKETS).copied().unwrap_or_default()
    }
}

impl Words {
    /// A table for so many words.
    fn with_room(words: usize) -> Words {
        Words { places: vec![0; (2 * words).next_power_of_two().max(16)].into() }
    }

    fn probe(&self, key: u64) -> impl Iterator<Item = (usize, u32)> + '_ {
        let mask = self.places.len() - 1;
        let places = (0..self.places.len()).map(move |step| (key as usize + step) & mask);
        places.map_while(|at| Some((at, *self.places.get(at)?)))
    }

    /// The count of a word, as a code; 0 if it is not there.
    fn get(&self, key: u64) -> u8 {
        let found = self.probe(key).find(|(_, entry)| *entry == 0 || entry >> 8 == (key >> 40) as u32);
        found.map_or(0, |(_, entry)| entry as u8)
    }

    fn set(&mut self, key: u64, code: u8) {
        let free = self.probe(key).find(|(_, entry)| *entry == 0 || entry >> 8 == (key >> 40) as u32);
        if let Some((at, _)) = free
            && let Some(entry) = self.places.get_mut(at)
        {
            *entry = ((key >> 40) as u32) << 8 | u32::from(code);
        }
    }
}

/// Which half a tenant is in.
fn half(tenant: u128) -> usize {
    (tenant >> 64) as usize & 1
}

/// Where a word of a group stands.
fn place(word: u64, group: u64, half: usize) -> u64 {
    mix(word ^ group.rotate_left(17), 0x9fb2_1c65_1e98_df25 ^ half as u64)
}

/// A count as a code.
fn code(count: f64) -> u8 {
    (STEPS * libm::log2(1.0 + count)).round().clamp(0.0, f64::from(FRAME - 1)) as u8
}

/// The count of a code.
fn count(code: u8) -> f64 {
    libm::exp2(f64::from(code) / STEPS) - 1.0
}
