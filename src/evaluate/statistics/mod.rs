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
