//! The rows that a model was taught with: feature windows of harvests and of calm use, no text and no ids.
//!
//! `train` writes them beside the model, `calibrate` refits with them on an operator's own history.
//!
//! ```text
//! {"stillwatch_rows":1,"feature_table_hash":"…","sha256":"…of the rest…","rows":N,"bytes":N}
//! zstd of, per row: tenant u32 · exchanges u32 · side u8 · present u8 · a f32 per feature, little-endian
//! ```

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ModelError;
use crate::feature::{Row, WIDTH, table_hash};
use crate::units::hex;

/// Version of the format.
const VERSION: u64 = 1;
/// Largest file.
pub const MOST_BYTES: usize = 16 << 20;
/// Rows at most.
pub const MOST_ROWS: usize = 100_000;
/// Bits of a value that are kept: twelve of the fraction are more than a window of a hundred exchanges knows.
const KEPT: u32 = !0x7ff;
const ROW_BYTES: usize = 4 + 4 + 1 + 1 + 4 * WIDTH;
/// A higher level costs time and gains nothing on numbers.
const LEVEL: i32 = 12;

/// One window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaughtRow {
    /// Which tenant of the training run: rows of one belong together.
    pub tenant: u32,
    /// Exchanges of the unit.
    pub exchanges: u64,
    /// Whether it was harvest.
    pub harvest: bool,
    /// Its features.
    pub row: Row,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    stillwatch_rows: u64,
    feature_table_hash: String,
    sha256: String,
    rows: usize,
    bytes: usize,
}

/// The bytes of a file of rows.
pub fn encode(rows: &[TaughtRow]) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::with_capacity(rows.len() * ROW_BYTES);
    for taught in rows {
        raw.extend(taught.tenant.to_le_bytes());
        raw.extend((taught.exchanges.min(u64::from(u32::MAX)) as u32).to_le_bytes());
        raw.extend([u8::from(taught.harvest), taught.row.present]);
        for value in taught.row.values {
            raw.extend((f32::to_bits(value as f32) & KEPT).to_le_bytes());
        }
    }
    let rest = zstd::bulk::compress(&raw, LEVEL)?;
    let header = Header {
        stillwatch_rows: VERSION,
        feature_table_hash: hex(&table_hash()),
        sha256: hex(&Sha256::digest(&rest)),
        rows: rows.len(),
        bytes: rest.len(),
    };
    let mut bytes = serde_json::to_vec(&header)?;
    bytes.push(b'\n');
    bytes.extend(rest);
    Ok(bytes)
}

/// Reads and checks a file of rows; `name` is for messages.
pub fn decode(name: &str, bytes: &[u8]) -> Result<Vec<TaughtRow>, ModelError> {
    let model = || name.to_owned();
    if bytes.len() > MOST_BYTES {
        return Err(ModelError::TooLarge { model: model(), limit: MOST_BYTES });
    }
    let Some(end) = memchr::memchr(b'\n', bytes.get(..1_024.min(bytes.len())).unwrap_or(bytes)) else {
        return Err(ModelError::BadHeader { model: model(), why: "no line end in the first 1,024 bytes".into() });
    };
    let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
    let header: Header = serde_json::from_slice(line)
        .map_err(|error| ModelError::BadHeader { model: model(), why: error.to_string() })?;
    if header.stillwatch_rows != VERSION {
        return Err(ModelError::WrongVersion { model: model(), found: header.stillwatch_rows, expected: VERSION });
    }
    let table = hex(&table_hash());
    if header.feature_table_hash != table {
        return Err(ModelError::WrongTable { model: model(), expected: header.feature_table_hash, table });
    }
    if header.bytes != rest.len() {
        return Err(ModelError::WrongLength { model: model(), found: rest.len(), expected: header.bytes });
    }
    let found = hex(&Sha256::digest(rest));
    if found != header.sha256 {
        return Err(ModelError::WrongChecksum { model: model(), found, expected: header.sha256 });
    }
    let bad = |why: String| ModelError::BadBody { model: model(), why };
    if header.rows > MOST_ROWS {
        return Err(bad(format!("{} rows, more than {MOST_ROWS}", header.rows)));
    }
    let raw = zstd::bulk::decompress(rest, header.rows * ROW_BYTES).map_err(|error| bad(error.to_string()))?;
    if raw.len() != header.rows * ROW_BYTES {
        return Err(bad(format!("{} bytes of rows, expected {}", raw.len(), header.rows * ROW_BYTES)));
    }
    raw.chunks_exact(ROW_BYTES).map(|row| read(row).ok_or_else(|| bad("a value that is not a number".into()))).collect()
}

fn read(bytes: &[u8]) -> Option<TaughtRow> {
    let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..at + 4)?.first_chunk()?));
    let mut row = Row { values: [0.0; WIDTH], present: *bytes.get(9)? };
    for (feature, value) in row.values.iter_mut().enumerate() {
        *value = f64::from(f32::from_bits(word(10 + 4 * feature)?));
        if !value.is_finite() {
            return None;
        }
    }
    Some(TaughtRow { tenant: word(0)?, exchanges: u64::from(word(4)?), harvest: *bytes.get(8)? == 1, row })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn rows() -> Vec<TaughtRow> {
        let row = |seed: u32| {
            let mut row = Row { values: [0.0; WIDTH], present: 31 };
            row.values.iter_mut().enumerate().for_each(|(i, value)| *value = f64::from(seed) / 3.0 + i as f64);
            TaughtRow { tenant: seed, exchanges: 30, harvest: seed.is_multiple_of(2), row }
        };
        (0..40).map(row).collect()
    }

    #[test]
    fn rows_come_back_to_a_thousandth() {
        let bytes = encode(&rows()).unwrap();
        let back = decode("rows", &bytes).unwrap();
        assert_eq!(back.len(), 40);
        for (old, new) in rows().iter().zip(&back) {
            assert_eq!((old.tenant, old.exchanges, old.harvest), (new.tenant, new.exchanges, new.harvest));
            let near = |(a, b): (&f64, &f64)| (a - b).abs() <= a.abs() / 1_000.0;
            assert!(old.row.values.iter().zip(&new.row.values).all(near));
        }
        assert_eq!(encode(&back).unwrap(), bytes, "and stay as they are");
    }

    #[test]
    fn every_damage_is_named() {
        let bytes = encode(&rows()).unwrap();
        let wrong = |bytes: &[u8]| decode("rows", bytes).unwrap_err().to_string();
        let mut flipped = bytes.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert!(wrong(&flipped).contains("is damaged"), "{}", wrong(&flipped));
        assert!(wrong(&bytes[..bytes.len() - 3]).contains("bytes"), "{}", wrong(&bytes[..bytes.len() - 3]));
        assert!(wrong(b"no header").contains("line end"));
        assert!(wrong(b"{}\nrest").contains("rows"));
        let version = br#"{"stillwatch_rows":"#.len();
        let mut newer = bytes.clone();
        newer[version] = b'9';
        assert!(wrong(&newer).contains('9'), "{}", wrong(&newer));
    }
}
