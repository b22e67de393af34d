//! A unit: what is remembered of one stream of exchanges, a tenant's or a workload's.
//!
//! Folds traces into sketches of fixed size; the feature table reads them. Not here: scores and
//! decisions (`model`, `evidence`). Cost: about 150 ns an exchange.

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::finding::Seen;
use crate::sketch::{Mean, Novelty, Ring, Spread};
use crate::trace::{Flags, Trace};
use crate::units::Millis;

/// Days of one block of the hour map; a unit remembers the current and the previous block.
const HOURS_BLOCK_DAYS: i64 = 3;

/// The state of one unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    pub(crate) exchanges: u64,
    pub(crate) output_tokens: u64,
    pub(crate) first: Seen,
    pub(crate) last: Seen,
    pub(crate) counts: Counts,
    pub(crate) means: Means,
    pub(crate) gaps: Spread,
    pub(crate) evidence: Evidence,
    hours: Hours,
    templates: Ring<[u32; 8]>,
    prompts: Ring<[u32; 16]>,
    sessions: Ring<[u32; 8]>,
    simhashes: Ring<[u64; 8]>,
    shingles: Novelty,
}

/// Exchanges that had something to see, each up to 255: presence and the weights of means need no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) all: u8,
    pub(crate) prompts: u8,
    pub(crate) responses: u8,
    pub(crate) tokens: u8,
    pub(crate) reasoning: u8,
}

/// The means that features read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Means {
    pub(crate) template: Mean,
    pub(crate) new_shingles: Mean,
    pub(crate) repeat: Mean,
    pub(crate) follows: Mean,
    pub(crate) elicits: Mean,
    pub(crate) records: Mean,
    pub(crate) judges: Mean,
    pub(crate) near_previous: Mean,
    pub(crate) near_past: Mean,
    pub(crate) overlap: Mean,
    pub(crate) output_log2: Mean,
    pub(crate) output_per_input: Mean,
    pub(crate) reasoning: Mean,
    pub(crate) same_session: Mean,
    pub(crate) user: Mean,
    pub(crate) refused: Mean,
    pub(crate) probes: Mean,
    pub(crate) tools: Mean,
}

/// Hours of the day with traffic, in this block of days and the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Hours {
    block: i32,
    current: u32,
    previous: u32,
}

// `performance.md`: an open workload within 768 bytes, its name and keys included
const _: () = assert!(size_of::<Unit>() <= 704);

impl Unit {
    /// Folds one exchange. `at.ts` is the effective event time.
    pub(crate) fn fold(&mut self, trace: &Trace<'_>, at: Seen) {
        if self.exchanges == 0 {
            self.first = at;
        } else {
            let seconds = at.ts.since(self.last.ts) as f64 / Millis::SECOND as f64;
            self.gaps.add(u32::from(self.counts.all), libm::log2(1.0 + seconds) as f32);
        }
        self.exchanges += 1;
        self.output_tokens = self.output_tokens.saturating_add(u64::from(trace.output_tokens));
        self.last = at;
        self.hours.add(at.ts);
        self.fold_metadata(trace);
        if trace.flags.has(Flags::TOKENS) {
            self.fold_tokens(trace);
        }
        if trace.flags.has(Flags::PROMPT) {
            self.fold_prompt(trace);
        }
        if trace.flags.has(Flags::RESPONSE) {
            let n = count(&mut self.counts.responses);
            self.means.overlap.add(n, trace.overlap);
        }
    }

    /// Distinct hours of the day with traffic in the last three to six days.
    pub(crate) fn active_hours(&self) -> u32 {
        (self.hours.current | self.hours.previous).count_ones()
    }

    fn fold_metadata(&mut self, trace: &Trace<'_>) {
        let n = count(&mut self.counts.all);
        let session = trace.session as u32;
        self.means.same_session.add(n, share(trace.session != 0 && self.sessions.contains(session)));
        if trace.session != 0 && !self.sessions.contains(session) {
            self.sessions.push(session);
        }
        self.means.user.add(n, share(trace.user != 0));
        self.means.refused.add(n, share(trace.flags.has(Flags::REFUSED)));
        self.means.probes.add(n, share(trace.flags.has(Flags::PROBES)));
        self.means.tools.add(n, share(trace.flags.has(Flags::TOOLS)));
    }

    fn fold_tokens(&mut self, trace: &Trace<'_>) {
        let n = count(&mut self.counts.tokens);
        let log2 = |tokens: u32| libm::log2f(1.0 + tokens as f32);
        let output = log2(trace.output_tokens);
        self.means.output_log2.add(n, output);
        self.means.output_per_input.add(n, output - log2(trace.input_tokens));
        if trace.flags.has(Flags::REASONING) {
            let n = count(&mut self.counts.reasoning);
            let ratio = trace.reasoning_tokens as f32 / trace.output_tokens.max(1) as f32;
            self.means.reasoning.add(n, ratio.min(1.0));
        }
    }

    fn fold_prompt(&mut self, trace: &Trace<'_>) {
        let n = count(&mut self.counts.prompts);
        let means = &mut self.means;
        // 32 bits of a keyed hash: a chance hit among 16 once in 270 million
        let (template, prompt) = (trace.template as u32, trace.prompt as u32);
        means.template.add(n, share(self.templates.contains(template)));
        if !self.templates.contains(template) {
            self.templates.push(template);
        }
        means.repeat.add(n, share(self.prompts.contains(prompt)));
        self.prompts.push(prompt);
        means.new_shingles.add(n, self.shingles.observe(trace.shingles()));
        means.follows.add(n, share(trace.flags.has(Flags::FOLLOWS)));
        means.elicits.add(n, share(trace.flags.has(Flags::ELICITS)));
        means.records.add(n, share(trace.flags.has(Flags::RECORDS)));
        means.judges.add(n, share(trace.flags.has(Flags::JUDGES)));
        if let Some(previous) = self.simhashes.newest() {
            means.near_previous.add(n - 1, likeness(previous, trace.simhash));
            let past = self.simhashes.recent();
            let sum: f32 = past.iter().map(|old| likeness(*old, trace.simhash)).sum();
            means.near_past.add(n - 1, sum / past.len() as f32);
        }
        self.simhashes.push(trace.simhash);
    }
}

impl Hours {
    fn add(&mut self, ts: Millis) {
        let block = ts.0.div_euclid(HOURS_BLOCK_DAYS * Millis::DAY) as i32;
        let bit = 1 << (ts.0.rem_euclid(Millis::DAY) / Millis::HOUR);
        if block > self.block {
            self.previous = if block == self.block + 1 { self.current } else { 0 };
            self.current = 0;
            self.block = block;
        }
        self.current |= bit;
    }
}

/// One more; the new count.
fn count(counter: &mut u8) -> u32 {
    *counter = counter.saturating_add(1);
    u32::from(*counter)
}

fn share(holds: bool) -> f32 {
    f32::from(u8::from(holds))
}

/// Agreement of two simhashes beyond chance: 0 for unrelated texts, 1 for equal ones.
fn likeness(a: u64, b: u64) -> f32 {
    let apart = (a ^ b).count_ones() as f32;
    (1.0 - apart / 32.0).max(0.0)
}
