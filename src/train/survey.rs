//! The first pass: windows of tenants at fixed counts, and the hash of the data.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Feed, Labels, Role, TrainError};
use crate::feature::Row;
use crate::finding::Seen;
use crate::model::Model;
use crate::tenant::Tenant;
use crate::trace::Trace;
use crate::trace::words::mix;

/// Windows kept per tenant: units × doublings of their count fit in for all but gateways.
const MOST_WINDOWS: usize = 400;

/// Features of one unit at one count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) row: Row,
    pub(super) exchanges: u64,
}

/// The windows of one tenant.
#[derive(Clone, Debug)]
pub(super) struct Surveyed {
    pub(super) name: String,
    pub(super) windows: Vec<Window>,
}

/// Calm tenants and pure attackers, by name.
pub(super) struct Survey {
    pub(super) calm: Vec<Surveyed>,
    pub(super) pure: Vec<Surveyed>,
    pub(super) data: [u8; 32],
}

/// Folds all exchanges once.
pub(super) fn survey(blank: &Model, labels: &Labels, feed: &mut Feed<'_>) -> Result<Survey, TrainError> {
    let mut tenants = BTreeMap::<String, (Tenant, Vec<Window>)>::new();
    let mut data = Sha256::new();
    feed(&mut |trace, at| {
        hash_trace(&mut data, trace, at);
        if labels.role(trace.tenant) != Role::Calm && !labels.is_pure(trace.tenant) {
            return;
        }
        if !tenants.contains_key(trace.tenant) {
            tenants.insert(trace.tenant.to_owned(), (Tenant::new(trace.tenant), Vec::new()));
        }
        let Some((tenant, windows)) = tenants.get_mut(trace.tenant) else {
            return;
        };
        tenant.observe_with(trace, at, blank, &mut |decision| {
            if decision.exchanges.is_power_of_two() && windows.len() < MOST_WINDOWS {
                windows.push(Window { row: *decision.row, exchanges: decision.exchanges });
            }
        });
    })?;
    for (tenant, role, kind) in labels.iter() {
        data.update(tenant.as_bytes());
        data.update([0, role as u8]);
        data.update(kind.as_bytes());
    }
    let all = tenants.into_iter().map(|(name, (_, windows))| Surveyed { name, windows });
    let seen = all.filter(|tenant| !tenant.windows.is_empty());
    let (calm, pure) = seen.partition(|tenant| labels.role(&tenant.name) == Role::Calm);
    Ok(Survey { calm, pure, data: data.finalize().into() })
}

/// Two disjoint halves: one to fit, one to hold back.
pub(super) fn halves(tenants: &[Surveyed], seed: u64) -> (Vec<&Surveyed>, Vec<&Surveyed>) {
    let mut order: Vec<&Surveyed> = tenants.iter().collect();
    order.sort_by_key(|tenant| (shuffled(&tenant.name, seed), &tenant.name));
    let holding = order.split_off(order.len() / 2);
    (order, holding)
}

/// A place in the shuffled order.
fn shuffled(name: &str, seed: u64) -> u64 {
    name.bytes().fold(seed ^ 0x6a09_e667_f3bc_c909, |hash, byte| mix(hash ^ u64::from(byte), 0xbb67_ae85_84ca_a73b))
}

fn hash_trace(data: &mut Sha256, trace: &Trace<'_>, at: Seen) {
    data.update(trace.tenant.as_bytes());
    data.update([0]);
    data.update(at.ts.0.to_le_bytes());
    for hash in [trace.account_hash.0, trace.frame.0, trace.prompt, trace.session, trace.user] {
        data.update(hash.to_le_bytes());
    }
    for tokens in [trace.input_tokens, trace.output_tokens, trace.reasoning_tokens] {
        data.update(tokens.to_le_bytes());
    }
}
