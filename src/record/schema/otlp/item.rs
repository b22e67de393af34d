//! Spans and log records, the same from JSON and protobuf.

use super::any::{Any, Attributes};

/// A span or a log record, with the resource that it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Item<'a> {
    pub(super) resource: Attributes<'a>,
    pub(super) is_log: bool,
    /// As written: hex in JSON, bytes in protobuf. Empty where there is none.
    pub(super) trace: &'a [u8],
    pub(super) span: &'a [u8],
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

/// An event of a span.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Event<'a> {
    pub(super) name: &'a str,
    pub(super) attributes: Attributes<'a>,
}
