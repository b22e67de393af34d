//! The arithmetic of the tables: ranks, shares, rates and resampling. Nothing here knows what it counts.

pub mod auc;
pub mod bootstrap;
pub mod gamma;
pub mod logistic;
pub mod poisson;
pub mod quantile;
pub mod shapiro;
pub mod wilson;

use serde::Serialize;

/// Where `is_below` turns false between two ends, by halving so many times.
fn halve((mut from, mut to): (f64, f64), times: u32, is_below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..times {
        let middle = f64::midpoint(from, to);
        if is_below(middle) {
            from = middle;
        } else {
            to = middle;
        }
    }
    f64::midpoint(from, to)
}

/// A figure with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}
