//! Per-tenant state of bounded size, folded from traces.

pub mod state;
pub mod unit;
pub mod workloads;

pub use state::Tenant;

#[cfg(test)]
pub(crate) mod stream;
#[cfg(test)]
mod tests;
