//! The token-product rule: in an hour of the clock a prompt of more than 5,000 tokens, more than 10
//! calls, and more than 500 output tokens on average.

use super::Step;
use crate::evaluate::track::Track;
use crate::trace::Flags;
use crate::units::Millis;

/// Each part above its limit makes this more than 1.
pub const THRESHOLD: f64 = 1.0_f64.next_up();
const PROMPT: f64 = 5_000.0;
const CALLS: f64 = 10.0;
const COMPLETION: f64 = 500.0;

/// The current hour.
#[derive(Debug, Default)]
pub struct TokenProduct {
    hour: i64,
    longest: u32,
    calls: u32,
    harvested: u32,
    output: u64,
}

impl TokenProduct {
    /// Says by how much the least part of the rule is met: over 1, all are.
    pub fn add(&mut self, step: Step<'_, '_>, track: &mut Track) {
        if !step.trace.flags.has(Flags::TOKENS) {
            return;
        }
        let hour = step.at.ts.0.div_euclid(Millis::HOUR);
        // a late record counts in the hour that is open: it must not open an old one again
        if hour > self.hour {
            *self = TokenProduct { hour, ..TokenProduct::default() };
        }
        self.longest = self.longest.max(step.trace.input_tokens);
        self.calls += 1;
        self.harvested += u32::from(step.harvested);
        self.output += u64::from(step.trace.output_tokens);
        let calls = f64::from(self.calls);
        let completion = self.output as f64 / calls;
        let value = (f64::from(self.longest) / PROMPT).min(calls / CALLS).min(completion / COMPLETION);
        track.push(value, step.at, || f64::from(self.harvested) / calls);
    }
}
