//! State as records of the compacted state topic, and back.
//!
//! A checkpoint *slice* is one shard: every tenant that changed since the shard was last written, as
//! value or tombstone, then the shard's *marker*: the offset it covers, the partition's watermark, how
//! many tenants the shard holds, and an XOR over (key, covered offset) of their stored values. A slice
//! and the offsets it claims commit in one transaction, so a reader of committed records always finds
//! whole slices; restore counts and XORs what it read and refuses what does not add up.
//!
//! Version 1 knew no policy findings.
//!
//! Encoding changes nothing in the shard; [`Shard::written`] does, once the transaction is known to have
//! committed. Cost: one encoding per changed tenant and checkpoint interval.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::shard::{SHARDS, Shard};
use super::slot::Slot;
use super::watermark::Watermark;
use crate::units::TenantHash;

/// Version of the state format. Nothing is released yet, so none reads an older one.
pub const STATE_VERSION: u8 = 5;

/// Keys of markers start with a byte that no tenant's name may hold.
const MARKER_PREFIX: &[u8] = b"\0marker/";

/// What state belongs to: it is read back only where all of this is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Hash of the feature table.
    pub feature_table: [u8; 32],
    /// Which secret keys the hashes.
    pub key_id: [u8; 8],
    /// Hash of the config that findings depend on.
    pub fold_config: [u8; 32],
    /// Partitions of the input topic.
    pub partitions: u32,
}

/// The last record of a slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Marker {
    /// What the state belongs to.
    pub identity: Identity,
    /// The model in force when it was written.
    pub model: [u8; 32],
    /// Which shard.
    pub shard: u32,
    /// Records below this offset are in the state.
    pub covered: i64,
    /// The partition's event time at that offset.
    pub watermark: Watermark,
    /// Tenants the shard holds.
    pub tenants: u64,
    /// XOR of [`mark`] over their stored values.
    pub xor: u64,
}

/// One record for the state topic. No value: a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRecord {
    /// The tenant's name, or a marker's key.
    pub key: Box<[u8]>,
    /// Encoded state.
    pub value: Option<Vec<u8>>,
}

/// One shard's checkpoint, ready to produce.
#[derive(Debug)]
pub struct Slice {
    /// Which shard.
    pub shard: usize,
    /// Values and tombstones in order of tenant hash, then the marker.
    pub records: Vec<StateRecord>,
    /// Bytes of keys and values.
    pub bytes: usize,
    covered: i64,
    xor: u64,
    tenants: Vec<TenantHash>,
}

/// Why state could not be read back.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum StateError {
    /// A value does not decode.
    #[error("state of tenant {tenant}: {what}")]
    BadValue {
        /// The record's key.
        tenant: String,
        /// What is wrong with it.
        what: String,
    },
    /// Written by a newer or unknown version.
    #[error(
        "state record of `{key}` has version {found}, this program reads version {STATE_VERSION}; fold the log into a new state topic"
    )]
    Version {
        /// The record's key.
        key: String,
        /// The version found.
        found: u8,
    },
    /// The state belongs to something else.
    #[error(
        "state of shard {shard} was made with another {what}; replay the log into a new state topic, or restore the old {what}"
    )]
    Identity {
        /// Which shard.
        shard: u32,
        /// Feature table, secret, fold config or partition count.
        what: &'static str,
    },
    /// Some shards have a marker and this one has none.
    #[error("state has no marker of shard {shard}: the state topic has lost records")]
    MissingMarker {
        /// Which shard.
        shard: usize,
    },
    /// What was read is not what was written.
    #[error("state of shard {shard} does not add up: marker says {expected} tenants, read {found}, checksums {}", if *.sums_agree { "agree" } else { "differ" })]
    Incomplete {
        /// Which shard.
        shard: usize,
        /// Tenants by the marker.
        expected: u64,
        /// Tenants read.
        found: u64,
        /// Whether the XOR matched.
        sums_agree: bool,
    },
}

/// One value's share in a marker's XOR.
pub(super) fn mark(key: &[u8], covered: i64) -> u64 {
    let mut hasher = SipHasher13::new(); // detects loss, not forgery: no secret needed
    hasher.write(key);
    hasher.write_i64(covered);
    hasher.finish()
}

impl Shard {
    /// Encodes what changed since the last checkpoint, covering records below `covered`.
    pub fn slice(&self, shard: usize, covered: i64, marker: impl FnOnce(u64, u64) -> Marker) -> Slice {
        let mut tenants = self.dirty.clone();
        tenants.sort_unstable();
        tenants.dedup(); // evicted and seen again since: listed twice
        let mut slice =
            Slice { shard, records: Vec::new(), bytes: 0, covered, xor: self.written_xor, tenants: Vec::new() };
        for hash in tenants {
            let Some(slot) = self.slots.get(&hash) else { continue };
            let key = slot.tenant.name().as_bytes();
            if slot.written >= 0 {
                slice.xor ^= mark(key, slot.written);
            }
            slice.xor ^= mark(key, covered);
            slice.push(key, Some(encode_value(covered, slot)));
            slice.tenants.push(hash);
        }
        for gone in self.gone.values() {
            slice.xor ^= mark(gone.name.as_bytes(), gone.written);
            slice.push(gone.name.as_bytes(), None);
        }
        let marker = marker(self.slots.len() as u64, slice.xor);
        slice.push(&marker_key(shard), Some(encode_marker(&marker)));
        slice
    }

    /// The slice is committed: what it holds is clean.
    pub fn written(&mut self, slice: &Slice) {
        self.written_xor = slice.xor;
        for hash in &slice.tenants {
            if let Some(slot) = self.slots.get_mut(hash) {
                slot.dirty = false;
                slot.written = slice.covered;
            }
        }
        self.dirty.clear();
        self.gone.clear();
    }
}

impl Slice {
    fn push(&mut self, key: &[u8], value: Option<Vec<u8>>) {
        self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        self.records.push(StateRecord { key: key.into(), value });
    }
}

/// Reads a partition's state back, record by record in log order; later records replace earlier ones.
#[derive(Debug)]
pub struct Restorer {
    shards: Vec<Shard>,
    markers: Vec<Option<Marker>>,
    records: u64,
}

/// A partition's state as the topic holds it.
#[derive(Debug)]
pub struct Restored {
    /// The shards, each at its own covered offset.
    pub shards: Vec<Shard>,
    /// Their markers.
    pub markers: Vec<Marker>,
    /// The oldest covered offset: re-fold starts here.
    pub from: i64,
    /// The watermark there.
    pub watermark: Watermark,
}

impl Default for Restorer {
    fn default() -> Self {
        Restorer { shards: (0..SHARDS).map(|_| Shard::default()).collect(), markers: vec![None; SHARDS], records: 0 }
    }
}

impl Restorer {
    /// Takes one record of the state topic.
    pub fn take(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        hash_of: impl FnOnce(&str) -> TenantHash,
    ) -> Result<(), StateError> {
        self.records += 1;
        let show = || String::from_utf8_lossy(key).into_owned();
        if key.starts_with(MARKER_PREFIX) {
            let Some(value) = value else { return Ok(()) };
            let marker: Marker = decode(key, value)?;
            let place = self.markers.get_mut(marker.shard as usize);
            *place.ok_or_else(|| StateError::BadValue { tenant: show(), what: "shard out of range".into() })? =
                Some(marker);
            return Ok(());
        }
        let name = std::str::from_utf8(key)
            .map_err(|_| StateError::BadValue { tenant: show(), what: "key is not UTF-8".into() })?;
        let hash = hash_of(name);
        let Some(shard) = self.shards.get_mut(shard_of(hash)) else { return Ok(()) };
        let Some(value) = value else {
            shard.restore_tombstone(hash);
            return Ok(());
        };
        let stored: Stored = decode(key, value)?;
        shard.restore(hash, stored.slot, stored.covered);
        Ok(())
    }

    /// Records taken so far.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Checks everything against the markers. `None`: the topic holds nothing for this partition.
    pub fn finish(
        self,
        identity: &Identity,
        close_after: i64,
        forget_after: i64,
    ) -> Result<Option<Restored>, StateError> {
        if self.markers.iter().all(Option::is_none) {
            return match self.shards.iter().position(|s| s.tenants() > 0) {
                Some(shard) => Err(StateError::MissingMarker { shard }),
                None => Ok(None),
            };
        }
        let mut markers = Vec::with_capacity(SHARDS);
        let mut shards = self.shards;
        for (index, (shard, marker)) in shards.iter_mut().zip(self.markers).enumerate() {
            let marker = marker.ok_or(StateError::MissingMarker { shard: index })?;
            identity.must_equal(&marker)?;
            let found = shard.tenants() as u64;
            if marker.tenants != found || marker.xor != shard.written_xor {
                return Err(StateError::Incomplete {
                    shard: index,
                    expected: marker.tenants,
                    found,
                    sums_agree: marker.xor == shard.written_xor,
                });
            }
            shard.finish_restore(marker.covered, close_after, forget_after);
            markers.push(marker);
        }
        let oldest = markers.iter().min_by_key(|m| m.covered);
        let (from, watermark) = oldest.map_or_else(Default::default, |m| (m.covered, m.watermark.clone()));
        Ok(Some(Restored { shards, markers, from, watermark }))
    }
}

impl Identity {
    fn must_equal(&self, marker: &Marker) -> Result<(), StateError> {
        let theirs = &marker.identity;
        let what = if self.partitions != theirs.partitions {
            "partition count"
        } else if self.key_id != theirs.key_id {
            "secret"
        } else if self.feature_table != theirs.feature_table {
            "feature table"
        } else if self.fold_config != theirs.fold_config {
            "fold config"
        } else {
            return Ok(());
        };
        Err(StateError::Identity { shard: marker.shard, what })
    }
}

/// Which shard a tenant belongs to.
pub fn shard_of(hash: TenantHash) -> usize {
    (hash.0 % SHARDS as u128) as usize
}

struct Stored {
    covered: i64,
    slot: Slot,
}

fn marker_key(shard: usize) -> Vec<u8> {
    [MARKER_PREFIX, shard.to_string().as_bytes()].concat()
}

fn encode_value(covered: i64, slot: &Slot) -> Vec<u8> {
    let mut bytes = vec![STATE_VERSION];
    bytes.extend_from_slice(&covered.to_le_bytes());
    encode_into(bytes, slot)
}

fn encode_marker(marker: &Marker) -> Vec<u8> {
    encode_into(vec![STATE_VERSION], marker)
}

fn encode_into<T: Serialize>(bytes: Vec<u8>, value: &T) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "a Vec cannot be full and the types hold nothing postcard refuses")]
    postcard::to_extend(value, bytes).expect("state encodes")
}

trait FromState: Sized {
    fn from_state(body: &[u8]) -> Result<Self, String>;
}

impl FromState for Marker {
    fn from_state(body: &[u8]) -> Result<Self, String> {
        whole(body)
    }
}

impl FromState for Stored {
    fn from_state(body: &[u8]) -> Result<Self, String> {
        let (covered, rest) = body.split_first_chunk::<8>().ok_or("shorter than its offset")?;
        Ok(Stored { covered: i64::from_le_bytes(*covered), slot: whole(rest)? })
    }
}

fn whole<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes too many", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}

fn decode<T: FromState>(key: &[u8], value: &[u8]) -> Result<T, StateError> {
    let show = || String::from_utf8_lossy(key).replace('\0', "");
    match value.split_first() {
        Some((&STATE_VERSION, body)) => {
            T::from_state(body).map_err(|what| StateError::BadValue { tenant: show(), what })
        }
        Some((&found, _)) => Err(StateError::Version { key: show(), found }),
        None => Err(StateError::BadValue { tenant: show(), what: "empty".into() }),
    }
}
