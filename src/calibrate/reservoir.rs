//! Some of a history's traces and rhythms: what spike-ins are made of. Kept by lowest hash, so that the
//! sample depends on the history and the seed alone. Bounded: 16,000 traces, 64 rhythms.

use std::collections::BTreeMap;

use crate::finding::Seen;
use crate::trace::words::mix;
use crate::trace::{Flags, Trace};
use crate::units::Millis;

/// Distinct prompts kept.
const MOST_PROMPTS: usize = 16_000;
/// Tenants whose rhythm is kept, and exchanges of each.
const MOST_RHYTHMS: usize = 64;
const MOST_BEATS: usize = 1_024;

/// A prompt's trace without ids, and the account it came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) trace: Trace<'static>,
    pub(super) source: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Reservoir {
    seed: u64,
    kept: BTreeMap<u64, Kept>,
    rhythms: BTreeMap<u64, Vec<Millis>>,
    /// Exchanges by tenant.
    tenants: BTreeMap<String, u64>,
}

impl Reservoir {
    pub(super) fn new(seed: u64) -> Reservoir {
        Reservoir { seed, kept: BTreeMap::new(), rhythms: BTreeMap::new(), tenants: BTreeMap::new() }
    }

    /// Looks at one exchange.
    pub(super) fn offer(&mut self, trace: &Trace<'_>, at: Seen) {
        match self.tenants.get_mut(trace.tenant) {
            Some(exchanges) => *exchanges += 1,
            None => drop(self.tenants.insert(trace.tenant.to_owned(), 1)),
        }
        let tenant = trace.tenant_hash.0 as u64;
        let beat = mix(self.seed ^ 0x2545_f491_4f6c_dd1d, tenant);
        if has_room(&self.rhythms, MOST_RHYTHMS, beat) {
            let beats = self.rhythms.entry(beat).or_default();
            if beats.len() < MOST_BEATS {
                beats.push(at.ts);
            }
            trim(&mut self.rhythms, MOST_RHYTHMS);
        }
        let place = mix(self.seed, trace.prompt);
        // the same prompt again is no new one
        if trace.flags.has(Flags::PROMPT)
            && has_room(&self.kept, MOST_PROMPTS, place)
            && !self.kept.contains_key(&place)
        {
            let source = mix(tenant, trace.account_hash.0);
            self.kept.insert(place, Kept { trace: trace.renamed("", None), source });
            trim(&mut self.kept, MOST_PROMPTS);
        }
    }

    /// Prompts by the account they came from, at least so many each; both in an order of no meaning.
    pub(super) fn sources(&self, least: usize) -> Vec<Vec<Trace<'static>>> {
        let mut sources = BTreeMap::<u64, Vec<Trace<'static>>>::new();
        for kept in self.kept.values() {
            sources.entry(kept.source).or_default().push(kept.trace);
        }
        sources.into_values().filter(|prompts| prompts.len() >= least).collect()
    }

    /// Times of exchanges of real tenants, at least so many each.
    pub(super) fn rhythms(&self, least: usize) -> Vec<&[Millis]> {
        self.rhythms.values().filter(|beats| beats.len() >= least).map(Vec::as_slice).collect()
    }

    /// Tenants and their exchanges.
    pub(super) fn tenants(&self) -> impl Iterator<Item = (&str, u64)> {
        self.tenants.iter().map(|(tenant, exchanges)| (tenant.as_str(), *exchanges))
    }
}

fn has_room<T>(map: &BTreeMap<u64, T>, most: usize, key: u64) -> bool {
    map.len() < most || map.last_key_value().is_some_and(|(last, _)| key <= *last)
}

fn trim<T>(map: &mut BTreeMap<u64, T>, most: usize) {
    if map.len() > most {
        map.pop_last();
    }
}
