//! The fixed-prefix rule: how many different prompts have come under one and the same beginning.

use std::collections::{BTreeMap, HashSet};

use super::Step;
use crate::evaluate::track::Track;
use crate::trace::Flags;

/// Prefixes that are counted, the first to come: a tenant with more has no fixed one.
const MOST: usize = 1_024;

/// Prompts by prefix.
#[derive(Debug, Default)]
pub struct PrefixRule {
    prefixes: BTreeMap<u64, Prefix>,
}

#[derive(Debug, Default)]
struct Prefix {
    seen: HashSet<u64>,
    calls: u64,
    harvested: u64,
}

impl PrefixRule {
    /// Says how many under this exchange's prefix.
    pub fn add(&mut self, step: Step<'_, '_>, track: &mut Track) {
        let template = step.trace.template;
        let known = self.prefixes.contains_key(&template);
        if !step.trace.flags.has(Flags::PROMPT) || (!known && self.prefixes.len() == MOST) {
            return;
        }
        let prefix = self.prefixes.entry(template).or_default();
        prefix.calls += 1;
        prefix.harvested += u64::from(step.harvested);
        prefix.seen.insert(step.trace.prompt);
        track.push(prefix.seen.len() as f64, step.at, || prefix.harvested as f64 / prefix.calls as f64);
    }
}
