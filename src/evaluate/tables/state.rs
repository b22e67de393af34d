//! What tenants take in memory: the logical bytes of their state after their last exchange, of which
//! `fold.memory_per_partition` is the limit.

use serde::Serialize;

use super::Spread;
use crate::evaluate::detector::Judged;

/// Over all tenants judged, attackers and innocents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StateBytes {
    /// Mean.
    pub mean: u64,
    /// Median and 90th percentile.
    pub spread: Spread,
    /// The largest.
    pub most: u64,
}

/// None of no tenants.
pub fn bytes(tenants: &[Judged<'_>]) -> Option<StateBytes> {
    let bytes: Vec<u64> = tenants.iter().map(|tenant| tenant.seen.state_bytes).collect();
    let most = *bytes.iter().max()?;
    Some(StateBytes { mean: bytes.iter().sum::<u64>() / bytes.len() as u64, spread: Spread::of(&bytes)?, most })
}
