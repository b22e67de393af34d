//! Times as the field writes them: seconds as numbers, or text without a zone.

use super::super::Reject;
use super::super::json::{Json, Kind, Parsed};
use super::super::native::in_range;
use super::super::time::parse_rfc3339;
use crate::units::Millis;

/// Seconds since 1970, whole or with a fraction, or a text; UTC where no zone is said. None for `null`.
pub(super) fn moment(json: &mut Json<'_>) -> Parsed<Option<Result<Millis, Reject>>> {
    let time = match json.peek()? {
        Kind::Number => json.number()?.float().map(of_seconds),
        Kind::String => of_text(json.string()?),
        Kind::Null => return json.null().map(|()| None),
        _ => json.skip().map(|()| None)?,
    };
    Ok(Some(time.ok_or(Reject::BadTs).and_then(in_range)))
}

/// To the microsecond first, which a double still holds: cutting at once would turn .847 into .846.
fn of_seconds(seconds: f64) -> Millis {
    Millis(((seconds * 1e6).round() as i64).div_euclid(1_000))
}

fn of_text(text: &str) -> Option<Millis> {
    parse_rfc3339(text).or_else(|| {
        // 32 bytes hold a date, a time and nine digits
        let mut zoned = [0; 33];
        zoned.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        *zoned.get_mut(text.len())? = b'Z';
        parse_rfc3339(std::str::from_utf8(zoned.get(..=text.len())?).ok()?)
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use bumpalo::Bump;

    use super::*;

    fn read(text: &str) -> Option<Result<i64, Reject>> {
        let time = moment(&mut Json::new(text, &Bump::new())).unwrap();
        time.map(|time| time.map(|time| time.0))
    }

    #[test]
    fn times_in_the_forms_of_the_field() {
        for text in [
            "1737710446.847371",
            "1737710446847371e-6",
            "\"2025-01-24 09:20:46.847371\"",
            "\"2025-01-24T09:20:46.847371\"",
            "\"2025-01-24T09:20:46.847Z\"",
            "\"2025-01-24T10:20:46.847+01:00\"",
        ] {
            assert_eq!(read(text), Some(Ok(1_737_710_446_847)), "{text}");
        }
        assert_eq!(read("1737710446"), Some(Ok(1_737_710_446_000)));
        assert_eq!(read("null"), None);
        assert_eq!(read("0"), Some(Err(Reject::TsOutOfRange)));
        assert_eq!(read("1737710446847"), Some(Err(Reject::TsOutOfRange)), "milliseconds are no seconds");
        assert_eq!(read("1e300"), Some(Err(Reject::TsOutOfRange)));
        for text in ["\"\"", "\"yesterday\"", "true", "{}", "[1]", "1e999", "\"2025-01-24 09:20:46.8473711111111111\""]
        {
            assert_eq!(read(text), Some(Err(Reject::BadTs)), "{text}");
        }
    }
}
