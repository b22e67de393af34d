//! The bounded summaries that a unit is made of. Each has a property test against its exact counterpart.
//!
//! All are plain values: no allocation after they are built (but [`Top`], [`Recurring`], [`Quoted`] and [`Past`], which
//! grow to their bounds), no clock, no random numbers, so that the same sequence gives the same bytes.

pub mod mean;
pub mod moments;
pub mod novelty;
pub mod offset;
pub mod past;
pub mod quoted;
mod recurring;
pub mod ring;
pub mod share;
pub mod spectrum;
mod tally;
pub mod top;
pub mod wander;

pub use mean::{Mean, Spread};
pub use moments::Moments;
pub use novelty::Novelty;
pub use offset::Offset;
pub use past::{Past, Verdict};
pub use quoted::Quoted;
pub use recurring::Recurring;
pub use ring::Ring;
pub use share::Share;
pub use spectrum::Spectrum;
pub use top::Top;
pub use wander::Wander;

/// As much of a keyed hash as a sketch keeps.
fn print(key: u64) -> u32 {
    (key >> 32) as u32 ^ key as u32
}
