//! What an operator could do without this product, measured beside it on the same exchanges.
//!
//! Each is a small state per tenant that takes exchanges in order and says a value; a published rule
//! keeps its published threshold, the others get theirs from calm tenants (`detectors`). Windows are
//! bounded; only the fixed-prefix rule counts distinct prompts and grows with them.

pub mod kernel;
pub mod phrases;
pub mod prada;
pub mod prefix;
pub mod token_product;
pub mod volume;
pub mod window;

use super::glimpse::Glimpse;
use super::track::{Moment, Track};
use crate::trace::Trace;

/// One exchange, as a baseline sees it.
#[derive(Clone, Copy)]
pub struct Step<'s, 'a> {
    /// Tokens, flags and keyed hashes.
    pub trace: &'s Trace<'a>,
    /// Surface, embedding.
    pub glimpse: &'s Glimpse,
    /// Where the tenant stands.
    pub at: &'s Moment,
    /// The truth of this exchange, for the share of hits alone.
    pub harvested: bool,
}

/// The streaming baselines of one tenant.
#[derive(Debug, Default)]
pub struct Baselines {
    volume: volume::Volume,
    token_product: token_product::TokenProduct,
    phrases: phrases::PhraseRule,
    prefix: prefix::PrefixRule,
    prada: prada::Prada,
}

/// Their tracks.
#[derive(Clone, Debug, Default)]
pub struct Tracks {
    /// Calls in an hour.
    pub volume: Track,
    /// Long prompts, many calls, long answers.
    pub token_product: Track,
    /// Suspicious phrases.
    pub phrases: Track,
    /// One prefix, many prompts.
    pub prefix: Track,
    /// Distances between queries.
    pub prada: Track,
}

impl Baselines {
    /// Takes one exchange.
    pub fn add(&mut self, step: Step<'_, '_>, tracks: &mut Tracks) {
        self.volume.add(step, &mut tracks.volume);
        self.token_product.add(step, &mut tracks.token_product);
        self.phrases.add(step, &mut tracks.phrases);
        self.prefix.add(step, &mut tracks.prefix);
        self.prada.add(step, &mut tracks.prada);
    }
}

#[cfg(test)]
mod tests;
