//! Where records come from: Kafka or files. A batch holds records as they were written, borrowed.

pub(crate) mod ahead;
pub mod envelope;
pub mod files;
pub mod parquet;
pub mod pass;
pub mod placement;

use crate::units::Position;

/// One input record as the log holds it. `payload: None` is a tombstone.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Partition and offset.
    pub at: Position,
    /// Time the broker or the envelope gives, if any: the fallback for schemas without a time.
    pub broker_ts: Option<i64>,
    /// Value of the header that `input.tenant_from` names, if it names one and the record has it.
    pub header: Option<&'a [u8]>,
    /// The record's key.
    pub key: Option<&'a [u8]>,
    /// The record's bytes.
    pub payload: Option<&'a [u8]>,
}
