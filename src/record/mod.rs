//! Bytes to [`Exchange`]: one decoder per log schema. A bad record is a [`Reject`], never a stop.

pub mod exchange;
pub mod json;
pub mod native;
pub mod reject;
pub mod time;

pub use exchange::{Client, Exchange, Params, Tier, Turns, Usage};
pub use reject::{Reject, RejectCounts};
