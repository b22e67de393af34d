//! RFC 3339 to milliseconds and back, by arithmetic on days: no time zones, no clock, no locale.
//!
//! Read generously (lower-case `t` and `z`, a space for the `T`, any offset, up to nine digits of a second,
//! a leap second as the second after it), written in one form: UTC, three digits, `Z`.
//! Digits beyond the millisecond are cut off.

use std::fmt::Write as _;

use crate::units::Millis;

/// The time a text names, if it is RFC 3339.
pub fn parse_rfc3339(text: &str) -> Option<Millis> {
    let bytes = text.as_bytes();
    let (date_time, rest) = bytes.split_at_checked(19)?;
    let [.., b'-', _, _, b'-', _, _, b'T' | b't' | b' ', _, _, b':', _, _, b':', _, _] = date_time else {
        return None;
    };
    let part = |from: usize, to: usize| digits(date_time.get(from..to)?);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    let in_range = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !in_range {
        return None;
    }
    let (milli, rest) = fraction(rest)?;
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Millis((seconds - offset_seconds(rest)?) * 1_000 + milli))
}

/// `2026-07-24T09:13:55.102Z`.
pub fn format_rfc3339(time: Millis) -> String {
    let (year, month, day) = civil_from_days(time.0.div_euclid(Millis::DAY));
    let of_day = time.0.rem_euclid(Millis::DAY);
    let (hour, minute) = (of_day / Millis::HOUR, of_day / Millis::MINUTE % 60);
    let (second, milli) = (of_day / Millis::SECOND % 60, of_day % Millis::SECOND);
    let mut text = String::with_capacity(24);
    // writing to a string cannot fail
    write!(text, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z").ok();
    text
}

fn digits(bytes: &[u8]) -> Option<i64> {
    let add = |sum: i64, byte: &u8| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'));
    bytes.iter().try_fold(0, add)
}

/// Milliseconds of a leading `.123…`, and what follows it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(fraction) = rest.strip_prefix(b".") else { return Some((0, rest)) };
    let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&length) {
        return None;
    }
    let (fraction, rest) = fraction.split_at_checked(length)?;
    let kept = fraction.get(..length.min(3))?;
    Some((digits(kept)? * [0, 100, 10, 1].get(kept.len())?, rest))
}

/// Seconds east of UTC.
fn offset_seconds(rest: &[u8]) -> Option<i64> {
    match rest {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            let seconds = hours * 3_600 + minutes * 60;
            let valid = hours < 24 && minutes < 60;
            valid.then_some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

// Both count years from March, so that the leap day is a year's last: https://howardhinnant.github.io/date_algorithms.html

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{format_rfc3339, parse_rfc3339};
    use crate::units::Millis;

    #[test]
    fn known_times() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2026-07-24T09:13:55.102Z", 1_784_884_435_102),
            ("2026-07-24t09:13:55.102z", 1_784_884_435_102),
            ("2026-07-24 11:13:55.102999999+02:00", 1_784_884_435_102),
            ("2026-07-24T03:43:55.1-05:30", 1_784_884_435_100),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("2015-01-01T00:00:00-00:00", 1_420_070_400_000),
            ("2100-01-01T00:00:00Z", 4_102_444_800_000),
        ] {
            assert_eq!(parse_rfc3339(text), Some(Millis(millis)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_rfc3339() {
        for text in [
            "",
            "2026-07-24",
            "2026-07-24T09:13:55",
            "2026-07-24T09:13Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00ZZ",
            "2026-01-01X00:00:00Z",
            "+026-01-01T00:00:00Z",
            "20é6-01-01T00:00:00Z",
            "2026-01-01T00:00:00+é:0",
            "1784884435102",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back_and_follows_the_last() {
        let mut last = None;
        for day in -(146_097 / 2)..146_097 {
            let text = format_rfc3339(Millis(day * Millis::DAY));
            assert_eq!(parse_rfc3339(&text), Some(Millis(day * Millis::DAY)), "{text}");
            assert!(last < Some(text.clone()), "{text}");
            last = Some(text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(millis in -62_167_219_200_000..253_402_300_800_000_i64) {
            prop_assert_eq!(parse_rfc3339(&format_rfc3339(Millis(millis))), Some(Millis(millis)));
        }

        #[test]
        fn an_offset_names_the_same_instant(millis in 0..4_102_444_800_000_i64, minutes in -1439..1440_i64) {
            let local = format_rfc3339(Millis(millis + minutes * Millis::MINUTE));
            let sign = if minutes < 0 { '-' } else { '+' };
            let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
            let text = format!("{}{sign}{hours:02}:{rest:02}", local.trim_end_matches('Z'));
            prop_assert_eq!(parse_rfc3339(&text), Some(Millis(millis)));
        }

        #[test]
        fn never_panics(text in any::<String>(), millis in any::<i64>()) {
            parse_rfc3339(&text);
            format_rfc3339(Millis(millis));
        }
    }
}
