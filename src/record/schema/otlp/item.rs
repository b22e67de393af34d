//! Spans and log records, the same from JSON and protobuf.

use std::fmt::Write as _;

use bumpalo::Bump;
use bumpalo::collections::String as BumpString;

use super::any::{Any, Attributes};

/// Hex digits of a trace's id.
pub(super) const TRACE_DIGITS: usize = 32;
/// Hex digits of a span's id.
pub(super) const SPAN_DIGITS: usize = 16;
/// What is longer is no id.
const MAX_ID: usize = 64;

/// A span or a log record, with the resource that it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Item<'a> {
    pub(super) resource: Attributes<'a>,
    pub(super) is_log: bool,
    /// In lower-case hex, whatever it was written in. Empty where there is none.
    pub(super) trace: &'a str,
    pub(super) span: &'a str,
    /// A log record's event name; a span's name is not kept, it may hold text.
    pub(super) event: Option<&'a str>,
    /// Start of a span, time of a log record, in nanoseconds; 0 is none.
    pub(super) start: u64,
    /// End of a span.
    pub(super) end: u64,
    /// When a log record was seen.
    pub(super) observed: u64,
    pub(super) attributes: Attributes<'a>,
    pub(super) body: Any<'a>,
    pub(super) events: &'a [Event<'a>],
    /// The span says that it failed.
    pub(super) failed: bool,
}

impl Item<'_> {
    /// Start of a span or time of a log record, else when it was seen; 0 is none.
    pub(super) fn time(&self) -> u64 {
        if self.start > 0 { self.start } else { self.observed }
    }
}

/// An id as JSON has it: hex, in either case; some leave zeros at its front out. All zeros are none.
pub(super) fn id_of_text<'a>(text: &'a str, digits: usize, arena: &'a Bump) -> &'a str {
    if MAX_ID < text.len() || text.bytes().all(|digit| digit == b'0') {
        return "";
    }
    let is_hex = text.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_hex && (text.len() < digits || text.bytes().any(|digit| digit.is_ascii_uppercase())) {
        return arena.alloc_str(&format!("{:0>digits$}", text.to_ascii_lowercase()));
    }
    // what is no hex is base64, of which case is a part
    text
}

/// An id as protobuf has it: bytes. All zeros are none.
pub(super) fn id_of_bytes<'a>(bytes: &[u8], arena: &'a Bump) -> &'a str {
    if MAX_ID < bytes.len() * 2 || bytes.iter().all(|byte| *byte == 0) {
        return "";
    }
    let mut hex = BumpString::with_capacity_in(bytes.len() * 2, arena);
    for byte in bytes {
        // writing to a string cannot fail
        write!(hex, "{byte:02x}").ok().unwrap_or_default();
    }
    hex.into_bump_str()
}

/// An event of a span.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Event<'a> {
    pub(super) name: &'a str,
    pub(super) attributes: Attributes<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_span_has_one_id_however_it_is_written() {
        let arena = Bump::new();
        let id = "eee19b7ec3c1b174";
        assert_eq!(id_of_text(id, SPAN_DIGITS, &arena), id);
        assert_eq!(id_of_text("EEE19B7EC3C1b174", SPAN_DIGITS, &arena), id);
        assert_eq!(id_of_bytes(&[0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74], &arena), id);
        assert_eq!(id_of_text("A1", SPAN_DIGITS, &arena), id_of_bytes(&[0, 0, 0, 0, 0, 0, 0, 0xa1], &arena));
        assert_eq!(id_of_text("7uGbfsPBsXQ=", SPAN_DIGITS, &arena), "7uGbfsPBsXQ=");
        for none in ["", "0000000000000000", &"1".repeat(65)] {
            assert_eq!(id_of_text(none, TRACE_DIGITS, &arena), "");
        }
        assert_eq!((id_of_bytes(&[], &arena), id_of_bytes(&[0; 8], &arena)), ("", ""));
    }
}
