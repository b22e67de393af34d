//! Per-tenant state of bounded size, folded from traces.
//!
//! `watermark` gives a record its time, `memory`, `unit`, `workloads` and `state` fold it into its tenant, `shard`
//! keeps the tenants with their timers and limit, `checkpoint` writes and reads them.

pub mod watermark;
pub(crate) mod memory;
pub(crate) mod topics;
pub mod unit;
pub mod workloads;
pub mod state;
pub mod shard;
mod crowd;
mod fresh;
mod models;
mod sealed;
mod slot;
pub mod checkpoint;

pub(crate) use slot::LowBits;
pub use state::{Shown, Tenant};

#[cfg(test)]
pub(crate) mod stream;
#[cfg(test)]
mod tests;
