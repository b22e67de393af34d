//! The phrase rule: how many of the last 100 prompts ask for reasoning, for records of a data set or
//! for grading, by the product's own list of phrases.

use super::Step;
use super::window::Window;
use crate::evaluate::track::Track;
use crate::trace::Flags;

const SPAN: usize = 100;

/// Which of the last prompts hold such a phrase.
#[derive(Debug)]
pub struct PhraseRule(Window<bool>);

impl Default for PhraseRule {
    fn default() -> PhraseRule {
        PhraseRule(Window::new(SPAN))
    }
}

impl PhraseRule {
    /// Says how many.
    pub fn add(&mut self, step: Step<'_, '_>, track: &mut Track) {
        let flags = step.trace.flags;
        if !flags.has(Flags::PROMPT) {
            return;
        }
        let found = flags.has(Flags::ELICITS) || flags.has(Flags::RECORDS) || flags.has(Flags::JUDGES);
        self.0.push(found, step.harvested);
        let count = self.0.values().filter(|found| **found).count();
        track.push(count as f64, step.at, || self.0.share(|found| *found));
    }
}
