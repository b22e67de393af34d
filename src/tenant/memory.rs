//! What a tenant's units share: what cannot be known from one unit's own exchanges.
//!
//! A response given in one workload is taken up in another, so what was answered is kept once, on the tenant.
//! [`Memory::observe`] says of an exchange what the units then count; it is the first step of their fold.
//! Cost: about 0.1 µs an exchange.

use serde::{Deserialize, Serialize};

use crate::sketch::Quoted;
use crate::trace::Trace;

/// What a tenant remembers for all of its units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    quoted: Quoted,
}

/// What the memory says of an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Told {
    /// Its prompt takes up an earlier response to the same account.
    pub(crate) takes_up: bool,
}

impl Memory {
    /// Bytes beside the struct itself, at most.
    pub(crate) const MOST_BYTES: usize = Quoted::MOST_BYTES;

    /// Looks an exchange up, then remembers it. `ordinal` counts the tenant's exchanges.
    pub(crate) fn observe(&mut self, trace: &Trace<'_>, ordinal: u64) -> Told {
        let takes_up = self.quoted.holds_any(trace.asked());
        self.quoted.remember(trace.answered(), ordinal);
        Told { takes_up }
    }

    /// Bytes in use beside the struct itself.
    pub(crate) fn logical_bytes(&self) -> usize {
        self.quoted.logical_bytes()
    }
}
