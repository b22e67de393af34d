//! What of a configuration is part of the identity of state: a fold with other values is another fold,
//! and state written by one must not be read by the other.

use sha2::{Digest, Sha256};

use super::{Config, FoldConfig};
use crate::record::schema::{Format, Reading};

/// The key that `demo` and `replay` use without a config file. It is public: anyone can compute the hashes.
const PUBLIC_SECRET: &[u8] = b"stillwatch public demonstration key";

impl Config {
    /// Hash of everything configured that findings or state depend on; not pace, HTTP, logs or brokers.
    pub fn fold_identity(&self) -> [u8; 32] {
        let fold = &self.fold;
        let mut hash = Sha256::new();
        hash.update(b"stillwatch fold v2\0");
        hash.update(fold.key_id());
        hash.update(fold.benchmarks.sha256());
        if let Some(slots) = &fold.slots {
            hash.update(b"slots\0");
            hash.update(slots.sha256());
        }
        for number in [
            fold.max_record_bytes as u64,
            fold.max_depth as u64,
            fold.memory_per_partition,
            fold.close_after_ms as u64,
            fold.forget_after_ms as u64,
        ] {
            hash.update(number.to_le_bytes());
        }
        // references name the topic; its length goes first so that nothing can run into it
        hash.update((self.kafka.input.len() as u64).to_le_bytes());
        hash.update(self.kafka.input.as_bytes());
        // native records are read in one way; what is configured for the others does not touch them
        if fold.reading.format != Format::Native {
            let Reading { format, tenant_from, marks } = &fold.reading;
            for text in [format!("{format:?}"), tenant_from.to_string(), marks.as_slice().join(",")] {
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text.as_bytes());
            }
        }
        hash.finalize().into()
    }
}

impl FoldConfig {
    /// Least bytes of a configured secret.
    pub const MIN_SECRET: usize = 16;

    /// Names the secret without giving it away; safe to print and to write beside state.
    pub fn key_id(&self) -> [u8; 8] {
        let digest = Sha256::new().chain_update(b"stillwatch key id v1\0").chain_update(self.secret).finalize();
        first(&digest)
    }

    /// The key of all hashes, from what the operator wrote.
    pub fn derive_secret(written: &[u8]) -> [u8; 16] {
        let digest = Sha256::new().chain_update(b"stillwatch fold key v1\0").chain_update(written).finalize();
        first(&digest)
    }

    /// The fixed key used where no secret is configured.
    pub fn public_secret() -> [u8; 16] {
        FoldConfig::derive_secret(PUBLIC_SECRET)
    }

    /// True with the fixed key: say so, and never run live with it.
    pub fn is_public(&self) -> bool {
        self.secret == FoldConfig::public_secret()
    }
}

fn first<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(digest) {
        *to = *from;
    }
    out
}
