//! What of a prompt is its own, and whether the tenant asked for it before.
//!
//! Sampled word 3-grams that the last prompt of the same template held too are the template's, however long it
//! is: they say nothing of what was asked. Of the others, those that the tenant's prompts never held are new.
//! A unit's own counter forgets after a hundred prompts; this memory is the tenant's and grows with it, so that a
//! set which comes back every night, or a few dozen matters in ever other words, are known for what they are.
//!
//! Full: the templates and 3-grams that came longest ago make room. Cost: about 60 ns a prompt.

use serde::{Deserialize, Serialize};

use crate::sketch::Quoted;
use crate::trace::{SAMPLES, Trace};

/// Templates whose last prompt is remembered.
const TEMPLATES: usize = 4;
/// 3-grams of a prompt that are looked up and remembered.
const OWN: usize = 4;

/// What was asked: the 3-grams of about 256 prompts at most, 2 KB.
type Known = Quoted<16>;

/// The last prompts by template, and what was asked so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fresh {
    before: [Before; TEMPLATES],
    next: u8,
    known: Known,
}

/// The 3-grams of a template's last prompt, as 16 bits of keyed hashes; 0: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Before {
    template: u16,
    prints: [u16; SAMPLES],
}

/// A prompt's own 3-grams.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Own {
    shingles: [u64; OWN],
    used: u8,
    /// Share of them that the tenant's prompts held before.
    pub(crate) known: f32,
}

impl Own {
    /// The lowest of them; none if the prompt is the template's last one again.
    pub(crate) fn shingles(&self) -> &[u64] {
        self.shingles.get(..usize::from(self.used)).unwrap_or_default()
    }
}

impl Fresh {
    /// Bytes beside the struct itself, at most.
    pub(super) const MOST_BYTES: usize = Known::MOST_BYTES;

    /// Looks a prompt up, then remembers it. `ordinal` counts the tenant's exchanges.
    pub(super) fn observe(&mut self, trace: &Trace<'_>, ordinal: u64) -> Own {
        let mut prints = [0; SAMPLES];
        for (print, shingle) in prints.iter_mut().zip(trace.shingles()) {
            *print = *shingle as u16 | 1;
        }
        let template = trace.template as u16 | 1;
        let held = self.before.iter().position(|before| before.template == template);
        let of_template = held.and_then(|at| self.before.get(at)).map_or([0; SAMPLES], |before| before.prints);
        let mut own = Own::default();
        let mut grams = [0; OWN];
        let of_its_own =
            trace.shingles().iter().zip(prints).filter(|(_, print)| !of_template.contains(print)).take(OWN);
        for (((shingle, _), slot), gram) in of_its_own.zip(&mut own.shingles).zip(&mut grams) {
            *slot = *shingle;
            *gram = (*shingle >> 16) as u32;
            own.used += 1;
        }
        let grams = grams.get(..usize::from(own.used)).unwrap_or_default();
        let known = grams.iter().filter(|gram| self.known.holds_any(core::slice::from_ref(*gram))).count();
        own.known = known as f32 / grams.len().max(1) as f32;
        self.known.remember(grams, ordinal);
        let at = held.unwrap_or_else(|| {
            self.next = (self.next + 1) % TEMPLATES as u8;
            usize::from(self.next)
        });
        if let Some(before) = self.before.get_mut(at) {
            *before = Before { template, prints };
        }
        own
    }

    /// Bytes in use beside the struct itself.
    pub(super) fn logical_bytes(&self) -> usize {
        self.known.logical_bytes()
    }
}
