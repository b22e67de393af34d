//! Makes tables of a history's slots.
//!
//! A bounded sample of slots by the lowest keyed hash of their place in the log, so that the order of
//! reading does not matter; customers weigh alike, so that a giant is not what is usual.

use std::collections::{BTreeMap, BTreeSet};

use super::{BUCKETS, Calm, FRAME, Scores, Slot, Slots, SlotsError, Whole, Words, code, half, place};
use crate::record::Exchange;
use crate::trace::Tracer;
use crate::trace::keyed::Keys;

/// Slots kept: 280 bytes each.
const KEPT: usize = 1 << 17;
/// A customer's slots count as one each up to so many in a group, and in all.
const OF_GROUP: f64 = 64.0;
const OF_ALL: f64 = 256.0;
/// Customers, and slots, that each half needs of a group.
const CUSTOMERS: usize = 2;
const SLOTS: usize = 40;
/// Groups at most, those of the most customers first.
const GROUPS: usize = 4_096;
/// What so large a share of a group's prompts hold is its frame.
const IS_FRAME: f64 = 0.5;

/// One slot of the history.
#[derive(Clone, Debug)]
struct Sampled {
    tenant: u128,
    template: u64,
    frame: u64,
    words: Box<[u64]>,
}

/// Slots of a history.
#[derive(Clone, Debug, Default)]
pub struct Sampling {
    kept: BTreeMap<(u64, i64), Sampled>,
}

/// A slot on its way into a gathering: numbers alone.
#[derive(Clone, Debug)]
pub struct Taken((u64, i64), Sampled);

impl Sampling {
    /// What an exchange has to give; none without a prompt. `at` names its place in the log.
    pub fn look(tracer: &Tracer, exchange: &Exchange<'_>, at: i64) -> Option<Taken> {
        let prompt = exchange.prompt.filter(|prompt| !prompt.is_empty())?;
        let (template, frame) = tracer.groups(exchange);
        let keys = &tracer.keys;
        let words: Box<[u64]> = Slot::of(prompt).words().iter().map(|public| keys.slot(*public)).collect();
        let sampled = Sampled { tenant: keys.tenant(exchange.tenant), template, frame, words };
        (sampled.words.len() >= super::LEAST).then(|| Taken((keys.slot(at as u64 ^ 1 << 63), at), sampled))
    }

    /// Takes it in.
    pub fn take(&mut self, Taken(order, sampled): Taken) {
        self.kept.insert(order, sampled);
        if self.kept.len() > KEPT {
            self.kept.pop_last();
        }
    }

    /// The tables; none of a history whose customers are too few.
    pub fn tables(self, tracer: &Tracer) -> Result<Slots, SlotsError> {
        let slots: Vec<Sampled> = self.kept.into_values().collect();
        let groups = groups(&slots);
        let group_of = |slot: &Sampled| [slot.template, slot.frame].into_iter().find(|key| groups.contains(key));
        let slots: Vec<Placed> = slots.iter().map(|slot| Placed { slot, group: group_of(slot) }).collect();
        let tables = Slots::counted(&tracer.keys, &slots);
        if tables.all.iter().any(|whole| whole.calm.total < SLOTS as f64) {
            return Err(SlotsError::TooFew { slots: slots.len() });
        }
        Ok(tables.related(&slots))
    }
}

/// A slot and its group.
#[derive(Clone, Copy)]
struct Placed<'s> {
    slot: &'s Sampled,
    group: Option<u64>,
}

/// Slots by group.
fn by_group<'s>(slots: &[Placed<'s>]) -> BTreeMap<u64, Vec<Placed<'s>>> {
    let mut groups: BTreeMap<u64, Vec<Placed<'s>>> = BTreeMap::new();
    for placed in slots {
        if let Some(key) = placed.group {
            groups.entry(key).or_default().push(*placed);
        }
    }
    groups
}

/// Templates and frames that enough customers of both halves have.
fn groups(slots: &[Sampled]) -> BTreeSet<u64> {
    #[derive(Default)]
    struct Held {
        customers: BTreeSet<u128>,
        slots: usize,
    }
    let mut held: BTreeMap<u64, [Held; 2]> = BTreeMap::new();
    for slot in slots {
        let keys = if slot.frame == slot.template { [slot.template, 0] } else { [slot.template, slot.frame] };
        for key in keys.into_iter().filter(|key| *key != 0) {
            if let Some(mine) = held.entry(key).or_default().get_mut(half(slot.tenant)) {
                mine.customers.insert(slot.tenant);
                mine.slots += 1;
            }
        }
    }
    held.retain(|_, both| both.iter().all(|held| held.customers.len() >= CUSTOMERS && held.slots >= SLOTS));
    let customers = |both: &[Held; 2]| both.iter().map(|held| held.customers.len()).sum::<usize>();
    let mut order: Vec<(usize, u64)> = held.iter().map(|(key, both)| (customers(both), *key)).collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    order.into_iter().take(GROUPS).map(|(_, key)| key).collect()
}

/// How much a slot counts: a customer with many is weighed down to `most`.
fn weights(slots: &[Placed<'_>], most: f64) -> BTreeMap<u128, f64> {
    let mut weights: BTreeMap<u128, f64> = BTreeMap::new();
    for placed in slots {
        *weights.entry(placed.slot.tenant).or_default() += 1.0;
    }
    for n in weights.values_mut() {
        *n = (most / *n).min(1.0);
    }
    weights
}

/// The words that are a group's frame: in most of its prompts, customers weighing alike.
fn frame_words(slots: &[Placed<'_>]) -> BTreeSet<u64> {
    let weights = weights(slots, 1.0);
    let mut held: BTreeMap<u64, f64> = BTreeMap::new();
    for Placed { slot, .. } in slots {
        let words: BTreeSet<u64> = slot.words.iter().copied().collect();
        let weight = weights.get(&slot.tenant).copied().unwrap_or_default();
        for word in words {
            *held.entry(word).or_default() += weight;
        }
    }
    let most = IS_FRAME * weights.len() as f64;
    held.into_iter().filter(|(_, weight)| *weight > most).map(|(word, _)| word).collect()
}

impl Slots {
    fn counted(keys: &Keys, slots: &[Placed<'_>]) -> Slots {
        let by_group = by_group(slots);
        let frames: BTreeMap<u64, BTreeSet<u64>> =
            by_group.iter().map(|(key, slots)| (*key, frame_words(slots))).collect();
        // what of a slot's words is no frame
        let own = |placed: &Placed<'_>| {
            let frame = placed.group.and_then(|key| frames.get(&key));
            let words = placed.slot.words.iter().filter(|word| frame.is_none_or(|frame| !frame.contains(word)));
            words.copied().take(super::WORDS).collect::<Vec<u64>>()
        };
        let of_all = weights(slots, OF_ALL);
        let whole = [0, 1].map(|side| {
            let (mut counts, mut total) = (vec![0.0; BUCKETS], 0.0);
            for placed in slots.iter().filter(|placed| half(placed.slot.tenant) == side) {
                let weight = of_all.get(&placed.slot.tenant).copied().unwrap_or_default();
                for word in own(placed) {
                    if let Some(count) = counts.get_mut(word as usize % BUCKETS) {
                        *count += weight;
                    }
                    total += weight;
                }
            }
            let calm = Calm { total, mean: 0.0, deviation: 1.0 };
            Whole { calm, counts: counts.into_iter().map(code).collect() }
        });
        let (mut entries, mut groups): (BTreeMap<u64, f64>, BTreeMap<u64, [Calm; 2]>) = Default::default();
        for (key, slots) in &by_group {
            let of_group = weights(slots, OF_GROUP);
            let calm = groups.entry(*key).or_default();
            for placed in slots {
                let side = half(placed.slot.tenant);
                let weight = of_group.get(&placed.slot.tenant).copied().unwrap_or_default();
                for word in own(placed) {
                    *entries.entry(place(word, *key, side)).or_default() += weight;
                    calm[side].total += weight;
                }
            }
        }
        let frame = |(key, words): (&u64, &BTreeSet<u64>)| {
            words.iter().flat_map(|word| [place(*word, *key, 0), place(*word, *key, 1)]).collect::<Vec<u64>>()
        };
        let frames: BTreeSet<u64> = frames.iter().flat_map(frame).collect();
        let mut words = Words::with_room(entries.len() + frames.len());
        for (key, count) in &entries {
            words.set(*key, code(*count));
        }
        for key in &frames {
            words.set(*key, FRAME);
        }
        // a group that is nothing but frame has no slots
        groups.retain(|_, both| both.iter().all(|calm| calm.total > 0.0));
        Slots { tag: keys.slot(0), all: whole, groups, words, sha256: [0; 32] }
    }

    /// What slots of one half get under the words of the other: the scale of typicality.
    fn related(mut self, slots: &[Placed<'_>]) -> Slots {
        let by_group = by_group(slots);
        for side in [0, 1] {
            let of_all = self.scale(side, slots, |(all, _)| all);
            if let Some(whole) = self.all.get_mut(side) {
                (whole.calm.mean, whole.calm.deviation) = of_all;
            }
            for (key, slots) in &by_group {
                let of_group = self.scale(side, slots, |(_, own)| own);
                if let Some(calm) = self.groups.get_mut(key).and_then(|both| both.get_mut(side)) {
                    (calm.mean, calm.deviation) = of_group;
                }
            }
        }
        self.sealed()
    }

    /// Mean and deviation of slots of the other half, customers weighing alike.
    fn scale(&self, side: usize, slots: &[Placed<'_>], which: fn(Scores) -> Option<f64>) -> (f32, f32) {
        let theirs: Vec<Placed<'_>> = slots.iter().copied().filter(|placed| half(placed.slot.tenant) != side).collect();
        let weights = weights(&theirs, 1.0);
        let (mut sum, mut mean, mut square) = (0.0, 0.0, 0.0);
        for Placed { slot, group } in &theirs {
            let group = group.and_then(|key| Some((key, self.groups.get(&key)?.get(side)?.total)));
            let Some(score) = which(self.score(side, group, slot.words.iter().copied())) else { continue };
            let weight = weights.get(&slot.tenant).copied().unwrap_or_default();
            sum += weight;
            let off = score - mean;
            mean += off * weight / sum;
            square += weight * off * (score - mean);
        }
        if sum > 0.0 { (mean as f32, (square / sum).max(0.0).sqrt() as f32) } else { (0.0, 1.0) }
    }
}
