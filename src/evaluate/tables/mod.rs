//! The tables of "how it is judged", as data. `report` writes them as text, JSON and HTML; all three
//! read the same rows, so they can't differ.

pub mod attacks;
pub mod audit;
pub mod calm;
pub mod comparison;
pub mod drift;
pub mod leaks;
pub mod periods;
pub mod state;

use serde::Serialize;

use super::detector::{Detector, Judged};

/// The tenants and one detector's word on each.
#[derive(Clone, Copy)]
pub struct View<'v> {
    /// The tenants.
    pub tenants: &'v [Judged<'v>],
    /// The detector.
    pub detector: &'v Detector,
    /// Resamples for intervals.
    pub bootstrap: usize,
}

/// Fewer tenants than this, and a share of them says nothing.
pub const LEAST_TENANTS: usize = 3;

/// Median and 90th percentile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// Half of the tenants are at or below.
    pub median: u64,
    /// Nine of ten are.
    pub p90: u64,
}

impl Spread {
    /// Of so many values; none of none.
    pub fn of(values: &[u64]) -> Option<Spread> {
        use super::statistics::quantile::quantile;
        Some(Spread { median: quantile(values, 0.5)?, p90: quantile(values, 0.9)? })
    }
}

#[cfg(test)]
mod tests;
