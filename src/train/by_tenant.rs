//! States of tenants, folded in parallel: the exchanges of a tenant in their order, tenants beside each other. What
//! comes out depends on neither threads nor batches.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Told;
use super::survey::place;

/// Parts that are folded beside each other: more than there are cores, for tenants are not alike.
const PARTS: u64 = 16;

/// A state for each tenant.
pub(crate) struct ByTenant<T>(Vec<BTreeMap<String, T>>);

impl<T> Default for ByTenant<T> {
    fn default() -> ByTenant<T> {
        ByTenant((0..PARTS).map(|_| BTreeMap::new()).collect())
    }
}

impl<T: Send> ByTenant<T> {
    /// Hands each exchange to its tenant's state, which `new` makes at the first one; if it makes none, the exchange is
    /// passed over.
    pub(crate) fn fold(
        &mut self,
        told: &[Told<'_>],
        new: impl Fn(&Told<'_>) -> Option<T> + Sync,
        take: impl Fn(&mut T, &Told<'_>) + Sync,
    ) {
        let parts: Vec<usize> = told.iter().map(|told| part(told.trace.tenant)).collect();
        self.0.par_iter_mut().enumerate().for_each(|(number, states)| {
            for (told, _) in told.iter().zip(&parts).filter(|(_, part)| **part == number) {
                let tenant = told.trace.tenant;
                if !states.contains_key(tenant) {
                    let Some(state) = new(told) else { continue };
                    states.insert(tenant.to_owned(), state);
                }
                if let Some(state) = states.get_mut(tenant) {
                    take(state, told);
                }
            }
        });
    }

    /// All states, in no order that means anything.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flat_map(BTreeMap::values)
    }

    /// All of them by name.
    pub(crate) fn into_map(self) -> BTreeMap<String, T> {
        self.0.into_iter().flatten().collect()
    }
}

impl<T> FromIterator<(String, T)> for ByTenant<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(states: I) -> ByTenant<T> {
        let mut all = ByTenant::default();
        for (tenant, state) in states {
            all.0[part(&tenant)].insert(tenant, state);
        }
        all
    }
}

fn part(tenant: &str) -> usize {
    (place(tenant, 0) % PARTS) as usize
}
