//! One value of a column as JSON.

use std::io::Write;

use bumpalo::Bump;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::schema::types::Type;

use crate::record::json::Json;
use crate::units::hex;

/// Nested fields of the native record: as text they hold JSON, for they are never text themselves.
const NESTED: [&str; 5] = ["messages", "tools", "params", "usage", "client"];

/// What the bytes of a column stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What they are: text, a number, true or false.
    Plain,
    /// JSON as text.
    Json,
    /// A time, in so many of its units a millisecond.
    Time { per_milli: i64 },
    /// A number without a sign.
    Unsigned,
    /// A number of so many places behind the point.
    Decimal(usize),
    /// Sixteen bytes with hyphens.
    Uuid,
}

impl Meaning {
    /// Of a column; `top` if it is a field of the record itself.
    pub(super) fn of(column: &Type, top: bool) -> Meaning {
        let about = column.get_basic_info();
        match (about.logical_type_ref(), about.converted_type()) {
            (Some(LogicalType::Timestamp(time)), _) => {
                let per_milli = match time.unit {
                    TimeUnit::MILLIS => 1,
                    TimeUnit::MICROS => 1_000,
                    TimeUnit::NANOS => 1_000_000,
                };
                Meaning::Time { per_milli }
            }
            (_, ConvertedType::TIMESTAMP_MILLIS) => Meaning::Time { per_milli: 1 },
            (_, ConvertedType::TIMESTAMP_MICROS) => Meaning::Time { per_milli: 1_000 },
            (Some(LogicalType::Json), _) | (_, ConvertedType::JSON) => Meaning::Json,
            (Some(LogicalType::Uuid), _) => Meaning::Uuid,
            (_, ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64) => {
                Meaning::Unsigned
            }
            (_, ConvertedType::DECIMAL) => Meaning::Decimal(usize::try_from(column.get_scale()).unwrap_or_default()),
            _ if top && column.get_physical_type() == Physical::BYTE_ARRAY && NESTED.contains(&column.name()) => {
                Meaning::Json
            }
            _ => Meaning::Plain,
        }
    }
}

/// A value that can be written as JSON.
pub(super) trait Cell {
    /// Appends it; false and nothing written if JSON has no such value.
    fn json(&self, meaning: Meaning, out: &mut Vec<u8>) -> bool;
}

impl Cell for bool {
    fn json(&self, _: Meaning, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
        true
    }
}

impl Cell for i32 {
    fn json(&self, meaning: Meaning, out: &mut Vec<u8>) -> bool {
        match meaning {
            Meaning::Unsigned => put(out, self.cast_unsigned()),
            Meaning::Decimal(places) => put(out, decimal(i128::from(*self), places)),
            _ => put(out, self),
        }
    }
}

impl Cell for i64 {
    fn json(&self, meaning: Meaning, out: &mut Vec<u8>) -> bool {
        match meaning {
            Meaning::Unsigned => put(out, self.cast_unsigned()),
            Meaning::Decimal(places) => put(out, decimal(i128::from(*self), places)),
            Meaning::Time { per_milli } => put(out, self.div_euclid(per_milli)),
            _ => put(out, self),
        }
    }
}

impl Cell for Int96 {
    /// What Spark once wrote times in.
    fn json(&self, _: Meaning, out: &mut Vec<u8>) -> bool {
        put(out, self.to_millis())
    }
}

impl Cell for f32 {
    fn json(&self, _: Meaning, out: &mut Vec<u8>) -> bool {
        self.is_finite() && put(out, self)
    }
}

impl Cell for f64 {
    fn json(&self, _: Meaning, out: &mut Vec<u8>) -> bool {
        self.is_finite() && put(out, self)
    }
}

impl Cell for ByteArray {
    fn json(&self, meaning: Meaning, out: &mut Vec<u8>) -> bool {
        bytes(self.data(), meaning, out)
    }
}

impl Cell for FixedLenByteArray {
    fn json(&self, meaning: Meaning, out: &mut Vec<u8>) -> bool {
        match (meaning, self.data()) {
            (Meaning::Decimal(_), data) => bytes(data, meaning, out),
            (Meaning::Uuid, data) if data.len() == 16 => {
                let digits = hex(data);
                let part = |range| digits.get(range).unwrap_or_default();
                put(
                    out,
                    format!("\"{}-{}-{}-{}-{}\"", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)),
                )
            }
            (_, data) => put(out, format!("\"{}\"", hex(data))),
        }
    }
}

fn bytes(data: &[u8], meaning: Meaning, out: &mut Vec<u8>) -> bool {
    match meaning {
        // what is no JSON stays text, so that the record is rejected for the field and not for itself
        Meaning::Json if is_json(data) => out.extend_from_slice(data),
        Meaning::Decimal(places) => {
            let Some(value) = big_endian(data) else { return false };
            return put(out, decimal(value, places));
        }
        _ => string(data, out),
    }
    true
}

/// Writes text as a JSON string. Bytes that are not UTF-8 stay as they are: the record stage rejects them.
pub(super) fn string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, behind)) = special.split_first() else { break };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn is_json(data: &[u8]) -> bool {
    let arena = Bump::new();
    let mut json = Json::of_bytes(data, &arena);
    json.skip().and_then(|()| json.finish()).is_ok()
}

fn put(out: &mut Vec<u8>, value: impl std::fmt::Display) -> bool {
    write!(out, "{value}").is_ok()
}

/// A whole number of at most 16 bytes.
fn big_endian(data: &[u8]) -> Option<i128> {
    let (first, in_range) = (data.first()?, data.len() <= 16);
    let sign = if *first >= 0x80 { -1 } else { 0 };
    in_range.then(|| data.iter().fold(sign, |sum: i128, byte| sum << 8 | i128::from(*byte)))
}

fn decimal(value: i128, places: usize) -> String {
    if places == 0 {
        return value.to_string();
    }
    // a file may claim any number of places; no number here needs more than an i128 has digits
    let places = places.min(40);
    let digits = format!("{:0width$}", value.unsigned_abs(), width = places + 1);
    let (whole, behind) = digits.split_at(digits.len() - places);
    format!("{}{whole}.{behind}", if value < 0 { "-" } else { "" })
}
