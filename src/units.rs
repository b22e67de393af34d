//! Ids and units as types, so that swapped arguments do not compile.

use serde::{Deserialize, Serialize};

/// A point in event time: milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// One second, minute, hour and day as spans.
    pub const SECOND: i64 = 1_000;
    /// Milliseconds in a minute.
    pub const MINUTE: i64 = 60 * Self::SECOND;
    /// Milliseconds in an hour.
    pub const HOUR: i64 = 60 * Self::MINUTE;
    /// Milliseconds in a day.
    pub const DAY: i64 = 24 * Self::HOUR;

    /// Time since `earlier`, never negative: late records happen.
    pub fn since(self, earlier: Millis) -> i64 {
        (self.0 - earlier.0).max(0)
    }

    /// Day of the week, as UTC has it, from Monday 0 to Sunday 6. Day 0 was a Thursday.
    pub fn weekday(self) -> usize {
        (self.0.div_euclid(Self::DAY) + 3).rem_euclid(7) as usize
    }

    /// Saturday and Sunday.
    pub fn is_weekend(self) -> bool {
        self.weekday() >= 5
    }

    /// This time plus a span.
    #[must_use]
    pub fn plus(self, span: i64) -> Millis {
        Millis(self.0.saturating_add(span))
    }
}

/// Keyed 128-bit hash of a tenant's name: the key of its state in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantHash(pub u128);

/// Keyed 64-bit hash of an account's name; 0 stands for "no account".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountHash(pub u64);

/// Keyed 64-bit hash of a prompt frame (system prompt, tool schema or template).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameHash(pub u64);

/// A place in the log: partition and offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Input partition.
    pub partition: u32,
    /// Offset in it.
    pub offset: i64,
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
