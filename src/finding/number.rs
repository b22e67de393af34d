//! How numbers are printed. On the wire: 6 significant digits, positional, always with a fraction
//! (`12.0`, not `12`), so that a consumer that guesses column types from the first finding guesses
//! float. In sentences: 3 significant digits, thousands grouped.
//!
//! Invariant: a function of the value alone, the same bytes on every platform (Rust's float
//! formatting is exact), always valid JSON: no exponent, no sign on zero, no NaN or infinity.

use std::io;

use serde_json::ser::Formatter;

/// The nearest value that JSON can carry. Non-finite values are a fault upstream: loud in debug
/// builds, harmless in release.
pub(crate) fn finite(value: f32) -> f32 {
    debug_assert!(value.is_finite(), "a finding carries the number {value}");
    if value.is_nan() { 0.0 } else { value.clamp(f32::MIN, f32::MAX) }
}

/// The wire form: shortest positional form of the value rounded to 6 significant digits.
pub(crate) fn six_digits(value: f64) -> String {
    let mut text = significant(value, 6);
    if !text.contains('.') {
        text.push_str(".0");
    }
    text
}

/// The form for sentences: 3 significant digits, thousands grouped once there are any.
pub(crate) fn plain(value: f64) -> String {
    if value.is_finite() && (999.5..9e18).contains(&value.abs()) {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", grouped(value.abs().round() as u64));
    }
    significant(value, 3)
}

/// `288,104`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share of one as a percentage with at most one decimal; what would print as zero says so.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if 0.0 < percent && percent < 0.05 {
        return "under 0.1 %".to_owned();
    }
    let text = format!("{percent:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    format!("{} %", if text == "-0" { "0" } else { text })
}

/// A span of time in its largest fitting unit: `9 days`, `1 hour`, `40 seconds`.
pub(crate) fn span(millis: i64) -> String {
    let units = [("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1_000)];
    for (unit, length) in units {
        let count = millis / length;
        if count > 0 {
            return if count == 1 { format!("1 {unit}") } else { format!("{} {unit}s", grouped(count as u64)) };
        }
    }
    "under a second".to_owned()
}

/// The value rounded to `digits` significant digits, positional, without trailing zeros.
fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    // `{:e}` rounds the exact decimal expansion: no double rounding, the same digits everywhere
    let scientific = format!("{:.*e}", digits.saturating_sub(1), value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mantissa = mantissa.replace('.', "");
    let mantissa = mantissa.trim_end_matches('0');

    let sign = if value < 0.0 { "-" } else { "" };
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{mantissa}");
    }
    let whole_len = exponent as usize + 1;
    if mantissa.len() <= whole_len {
        return format!("{sign}{mantissa:0<whole_len$}");
    }
    let (whole, fraction) = mantissa.split_at(whole_len);
    format!("{sign}{whole}.{fraction}")
}

/// Compact JSON with [`six_digits`] for every float.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SixDigits;

impl Formatter for SixDigits {
    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        writer.write_all(six_digits(f64::from(value)).as_bytes())
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(six_digits(value).as_bytes())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_wire_form_has_six_digits_a_fraction_and_no_exponent() {
        let table: [(f32, &str); 15] = [
            (0.0, "0.0"),
            (-0.0, "0.0"),
            (1.0, "1.0"),
            (12.0, "12.0"),
            (0.97, "0.97"),
            (0.1, "0.1"),
            (11.7, "11.7"),
            (-2.5, "-2.5"),
            (0.000_4, "0.0004"),
            (1.0 / 3.0, "0.333333"),
            (2.0 / 3.0, "0.666667"),
            (999_999.5, "1000000.0"),
            (123_456_789.0, "123457000.0"),
            (1e-10, "0.0000000001"),
            (1e20, "100000000000000000000.0"),
        ];
        for (value, text) in table {
            assert_eq!(six_digits(f64::from(value)), text, "{value}");
        }
    }

    #[test]
    fn sentences_have_three_digits_and_groups() {
        assert_eq!(plain(3.0), "3");
        assert_eq!(plain(0.012_345), "0.0123");
        assert_eq!(plain(42.25), "42.2");
        assert_eq!(plain(999.4), "999");
        assert_eq!(plain(288_104.4), "288,104");
        assert_eq!(plain(-1_234.0), "-1,234");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn shares_and_spans_read_well() {
        assert_eq!(percent(0.97), "97 %");
        assert_eq!(percent(0.994), "99.4 %");
        assert_eq!(percent(0.000_1), "under 0.1 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(-0.0), "0 %");
        assert_eq!(span(9 * 86_400_000 + 5), "9 days");
        assert_eq!(span(3_600_000), "1 hour");
        assert_eq!(span(0), "under a second");
        assert_eq!(span(-5), "under a second");
    }

    proptest! {
        #[test]
        fn the_wire_form_is_json_and_close(bits: u32) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = six_digits(f64::from(value));
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert!(json.is_f64(), "{text} is a float to a reader");
            prop_assert!(!text.contains(['e', 'E']));
            let back: f64 = text.parse().unwrap();
            let value = f64::from(value);
            prop_assert!((back - value).abs() <= value.abs() * 5.000_001e-6, "{value} {text}");
            // printing what was printed changes nothing
            prop_assert_eq!(six_digits(back), text);
        }
    }
}
