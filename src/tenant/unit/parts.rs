//! The parts of a unit's state. Features read them; the fold fills them.

use serde::{Deserialize, Serialize};

use crate::sketch::{Mean, Offset, Ring, Share, Spectrum, Spread, Wander};
use crate::units::Millis;

/// Days of one block of the hour map; a unit remembers the current and the previous block.
const HOURS_BLOCK_DAYS: i64 = 3;

/// Exchanges that had something to see, each up to 255: presence and the weights of means need no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) all: u8,
    pub(crate) prompts: u8,
    pub(crate) responses: u8,
    pub(crate) tokens: u8,
    pub(crate) reasoning: u8,
    pub(crate) clients: u8,
    pub(crate) countries: u8,
    pub(crate) payments: u8,
    /// Prompts after a failure.
    pub(crate) failures: u8,
    pub(crate) limits: u8,
    /// Prompts with something of their own beside their template.
    pub(crate) own: u8,
    /// Prompts with an own past to be judged against.
    pub(crate) past: u8,
}

/// Shares of exchanges that features read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shares {
    // of all exchanges
    pub(crate) same_session: Share,
    pub(crate) user: Share,
    pub(crate) new_user: Share,
    pub(crate) new_account: Share,
    pub(crate) new_model: Share,
    pub(crate) refused: Share,
    pub(crate) extraction: Share,
    pub(crate) probes: Share,
    pub(crate) samples: Share,
    pub(crate) logprobs: Share,
    pub(crate) one_token: Share,
    pub(crate) seed: Share,
    pub(crate) prefill: Share,
    pub(crate) stream: Share,
    pub(crate) format: Share,
    pub(crate) effort: Share,
    pub(crate) limited: Share,
    pub(crate) new_parameters: Share,
    pub(crate) tools: Share,
    pub(crate) calls: Share,
    pub(crate) failed: Share,
    pub(crate) truncated: Share,
    pub(crate) cached: Share,
    pub(crate) quick: Share,
    pub(crate) weekend: Share,
    pub(crate) fresh_model: Share,
    // of those that say who called
    pub(crate) new_network: Share,
    pub(crate) new_program: Share,
    pub(crate) new_country: Share,
    pub(crate) new_payment: Share,
    // of prompts
    pub(crate) template: Share,
    pub(crate) frame_stays: Share,
    pub(crate) system: Share,
    pub(crate) row_number: Share,
    pub(crate) repeat: Share,
    pub(crate) repeat_next: Share,
    /// Of those after a failure.
    pub(crate) retried: Share,
    pub(crate) follows: Share,
    pub(crate) takes_up: Share,
    pub(crate) elicits: Share,
    /// In another form than lately.
    pub(crate) new_form: Share,
    pub(crate) sealed: Share,
    pub(crate) replays: Share,
    pub(crate) records: Share,
    pub(crate) judges: Share,
    pub(crate) benchmark: Share,
    pub(crate) script_change: Share,
    pub(crate) new_subject: Share,
    pub(crate) frame_shared: Share,
    pub(crate) frame_handed: Share,
    pub(crate) prompt_shared: Share,
    // of prompts with an own past
    pub(crate) odd: Share,
    pub(crate) typical: Share,
    // of responses
    pub(crate) thoughts: Share,
    pub(crate) answers_record: Share,
    pub(crate) answers_code: Share,
}

/// Means and spreads that features read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Means {
    pub(crate) new_shingles: Mean,
    /// Of what the tenant asked before.
    pub(crate) known: Share,
    /// The same over the last 16.
    pub(crate) new_shingles_lately: Mean,
    pub(crate) near_previous: Mean,
    pub(crate) near_past: Mean,
    pub(crate) overlap: Share,
    pub(crate) output_per_input: Mean,
    pub(crate) reasoning: Share,
    pub(crate) reasoning_log2: Mean,
    /// Log2 seconds, over the last 16.
    pub(crate) gap_lately: Mean,
    pub(crate) digits: Share,
    pub(crate) beyond_ascii: Share,
    pub(crate) variety: Share,
    pub(crate) pairs_again: Share,
    pub(crate) lines: Share,
    pub(crate) context_log2: Mean,
    pub(crate) messages_log2: Mean,
    pub(crate) words_ratio: Mean,
    /// Deviations from calm slots: of all customers, and of the same group.
    pub(crate) slot_usual: Offset,
    pub(crate) group_usual: Offset,
    pub(crate) gaps: Spread,
    pub(crate) input_log2: Spread,
    pub(crate) output_log2: Spread,
    pub(crate) prompt_words: Spread,
    pub(crate) temperature: Spread,
    pub(crate) limit: Spread,
}

/// What came last, as 16 bits of keyed hashes: a chance hit among 16 once in 4,000. Of what there are few of, 8 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Recent {
    pub(super) templates: Ring<[u16; 8]>,
    pub(super) prompts: Ring<[u16; 16]>,
    pub(super) sessions: Ring<[u16; 8]>,
    pub(super) users: Ring<[u16; 4]>,
    pub(super) networks: Ring<[u16; 4]>,
    pub(super) programs: Ring<[u8; 4]>,
    pub(super) countries: Ring<[u8; 2]>,
    pub(super) payments: Ring<[u8; 2]>,
    pub(super) models: Ring<[u8; 4]>,
    pub(super) parameters: Ring<[u8; 4]>,
    pub(super) forms: Ring<[u8; 4]>,
    pub(super) subjects: Ring<[u8; 4]>,
    pub(super) places: Wander,
    pub(super) frame: u16,
    /// The number that would come next.
    pub(super) number: u16,
    pub(super) script: u8,
    /// The last exchange did.
    pub(super) failed: bool,
    pub(crate) repeats: Spectrum,
}

/// Hours of the day with traffic, in this block of days and the one before; a bit for each hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hours {
    block: u16,
    current: [u8; 3],
    previous: [u8; 3],
}

impl Hours {
    pub(super) fn add(&mut self, ts: Millis) {
        // times lie within 2015-2100
        let block = ts.0.div_euclid(HOURS_BLOCK_DAYS * Millis::DAY) as u16;
        let hour = (ts.0.rem_euclid(Millis::DAY) / Millis::HOUR) as usize;
        if block > self.block {
            self.previous = if block - self.block == 1 { self.current } else { [0; 3] };
            self.current = [0; 3];
            self.block = block;
        }
        self.current[hour / 8] |= 1 << (hour % 8);
    }

    /// Distinct hours of the day with traffic in the last three to six days.
    pub(super) fn active(self) -> u32 {
        self.current.iter().zip(self.previous).map(|(current, previous)| (current | previous).count_ones()).sum()
    }
}

/// Whether a value is new to a ring; remembers it.
pub(super) fn is_new<T: Copy + PartialEq, const N: usize>(ring: &mut Ring<[T; N]>, value: T) -> bool {
    let new = !ring.contains(value);
    if new {
        ring.push(value);
    }
    new
}
