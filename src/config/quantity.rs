//! Durations and sizes as people write them: `30s`, `500ms`, `8MiB`. Whole numbers with a unit, always:
//! a bare `30` would leave the reader guessing.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A duration as written in the file, e.g. `30s`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DurationText(pub String);

/// A size as written in the file, e.g. `8MiB`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SizeText(pub String);

const DURATION_UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("min", 60_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const SIZE_UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("kB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
];

impl DurationText {
    /// The duration; the error says what is expected.
    pub fn parse(&self) -> Result<Duration, String> {
        number_with_unit(&self.0, &DURATION_UNITS)
            .map(Duration::from_millis)
            .ok_or_else(|| "a whole number with one of ms, s, min, h, d, such as \"30s\"".to_owned())
    }
}

impl SizeText {
    /// The size in bytes; the error says what is expected.
    pub fn parse(&self) -> Result<u64, String> {
        number_with_unit(&self.0, &SIZE_UNITS)
            .ok_or_else(|| "a whole number with one of B, KiB, MiB, GiB, kB, MB, GB, such as \"8MiB\"".to_owned())
    }
}

/// A duration in the largest unit that divides it.
pub fn duration_text(duration: Duration) -> String {
    let ms = duration.as_millis() as u64;
    let units = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)];
    let whole = units.iter().find(|(_, size)| 0 < ms && ms.is_multiple_of(*size));
    whole.map_or_else(|| format!("{ms}ms"), |(unit, size)| format!("{}{unit}", ms / size))
}

/// A size in the largest binary unit that divides it.
pub fn size_text(bytes: u64) -> String {
    let units = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let whole = units.iter().find(|(_, size)| 0 < bytes && bytes.is_multiple_of(*size));
    whole.map_or_else(|| format!("{bytes}B"), |(unit, size)| format!("{}{unit}", bytes / size))
}

impl JsonSchema for DurationText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+ ?(ms|s|min|m|h|d)$", "examples": ["30s"] })
    }
}

impl JsonSchema for SizeText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+ ?(B|kB|KiB|MB|MiB|GB|GiB)$", "examples": ["8MiB"] })
    }
}

fn number_with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<u64> {
        DurationText(text.to_owned()).parse().ok().map(|d| d.as_millis() as u64)
    }

    fn bytes(text: &str) -> Option<u64> {
        SizeText(text.to_owned()).parse().ok()
    }

    #[test]
    fn durations_and_sizes_are_read_with_their_unit() {
        assert_eq!(millis("500ms"), Some(500));
        assert_eq!(millis("30 s"), Some(30_000));
        assert_eq!(millis("5min"), Some(300_000));
        assert_eq!(millis("2d"), Some(172_800_000));
        assert_eq!(bytes("8MiB"), Some(8 << 20));
        assert_eq!(bytes("1 GB"), Some(1_000_000_000));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "30", "s", "-1s", "1.5s", "30 secs", "99999999999999999999s", "18446744073709551615d", "30  s"]
        {
            assert_eq!(millis(text), None, "{text}");
        }
        for text in ["512", "512mib", "MiB", "1e3B"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn printing_chooses_the_largest_unit_that_divides() {
        assert_eq!(duration_text(Duration::from_secs(90)), "90s");
        assert_eq!(duration_text(Duration::from_secs(300)), "5min");
        assert_eq!(duration_text(Duration::ZERO), "0ms");
        assert_eq!(size_text(512 << 20), "512MiB");
        assert_eq!(size_text(1000), "1000B");
    }
}
