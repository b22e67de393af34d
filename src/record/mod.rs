//! Bytes to [`Exchange`]: one decoder per log schema. A bad record is a [`Reject`], never a stop.
//!
//! Nothing here keeps state, reads a clock or copies text: an exchange borrows from the record's bytes and
//! from the arena of the chunk that is decoded. Every record becomes exactly one exchange or one reject.

pub mod dead_letter;
pub mod exchange;
pub mod field;
pub mod json;
pub mod messages;
pub mod native;
pub mod reject;
pub mod schema;
mod sealed;
pub mod time;

use bumpalo::Bump;

pub use exchange::{Client, Exchange, Params, Tier, Turns, Usage, Utterance};
pub use reject::{Reject, RejectCounts};

/// What a record may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Larger records are [`Reject::TooLarge`].
    pub max_bytes: usize,
    /// Records nested deeper are [`Reject::TooDeep`]; the record itself is level 1.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_bytes: 8 << 20, max_depth: 128 }
    }
}

/// The exchange that a native record holds. No payload at all is a tombstone, and empty.
pub fn decode<'a>(payload: Option<&'a [u8]>, limits: &Limits, arena: &'a Bump) -> Result<Exchange<'a>, Reject> {
    native::decode(payload.ok_or(Reject::Empty)?, limits, arena)
}
