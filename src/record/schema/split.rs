//! A record of any schema as native records of single tenants: what `route` writes.
//!
//! Pure, and the same bytes each time. A native record stays as it is, byte for byte; every other exchange is
//! written anew. `read` counts exchanges: a record that cannot be split is one, rejected.

use bumpalo::Bump;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{Exchange, Limits, Reject, native};
use super::otlp::part::{Cut, Part};
use super::{Format, Reading, Schema, decode, otlp};
use crate::source::Record;

/// How the records that are split are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteFormat {
    /// Any but `otlp`, told by each record alone.
    #[default]
    Auto,
    /// Native exchange records.
    Native,
    /// Pairs of `OpenAI` chat completions.
    OpenaiChat,
    /// Pairs of Anthropic messages.
    AnthropicMessages,
    /// `LiteLLM`'s `StandardLoggingPayload`.
    Litellm,
    /// OpenTelemetry's spans and events, JSON or protobuf.
    Otlp,
}

impl RouteFormat {
    /// The format of records that hold one exchange each: what [`Reading::format`] must be beside this.
    pub fn of_one(self) -> Option<Format> {
        match self {
            RouteFormat::Auto => Some(Format::Auto),
            RouteFormat::Native => Some(Format::Native),
            RouteFormat::OpenaiChat => Some(Format::OpenaiChat),
            RouteFormat::AnthropicMessages => Some(Format::AnthropicMessages),
            RouteFormat::Litellm => Some(Format::Litellm),
            RouteFormat::Otlp => None,
        }
    }
}

/// What a record gives `route` to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A whole exchange.
    Exchange(Rekeyed),
    /// A part of one, to be joined with the others.
    Part(Part),
}

/// One exchange on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// The key.
    pub tenant: Vec<u8>,
    /// The native record.
    pub record: Vec<u8>,
}

/// What a record was split into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The schema it was read by.
    pub schema: Schema,
    /// Its exchanges, in order.
    pub parts: Vec<Result<Rekeyed, Reject>>,
}

/// Cuts a record of OpenTelemetry for a join: all that has a span is a part.
pub fn cut(record: &Record<'_>, reading: &Reading, limits: &Limits, arena: &Bump) -> Vec<Result<Piece, Reject>> {
    let piece = |cut| match cut {
        Cut::Part(part) => Piece::Part(part),
        Cut::Exchange(exchange) => Piece::Exchange(Rekeyed::new(&exchange)),
    };
    otlp::part::cut(record, reading, limits, arena).into_iter().map(|result| result.map(piece)).collect()
}

/// Joins parts of one key, in the order in which they came.
pub fn join(parts: &[Record<'_>], reading: &Reading, arena: &Bump) -> Result<Rekeyed, Reject> {
    otlp::part::join(parts, reading, arena).map(|exchange| Rekeyed::new(&exchange))
}

impl Rekeyed {
    fn new(exchange: &Exchange<'_>) -> Rekeyed {
        Rekeyed { tenant: exchange.tenant.as_bytes().to_vec(), record: native::write::write(exchange) }
    }
}

/// Splits a record. The format of `reading` is that of [`RouteFormat::of_one`].
pub fn split(record: &Record<'_>, format: RouteFormat, reading: &Reading, limits: &Limits, arena: &Bump) -> Parts {
    if format == RouteFormat::Otlp {
        let rekeyed = |exchange: Exchange<'_>| Rekeyed::new(&exchange);
        let parts = otlp::split(record, reading, limits, arena).into_iter().map(|result| result.map(rekeyed));
        return Parts { schema: Schema::Otlp, parts: parts.collect() };
    }
    let decoded = decode(record, reading, limits, arena);
    let part = decoded.result.map(|exchange| {
        let as_it_is = || record.payload.unwrap_or_default().to_vec();
        let record = if decoded.schema == Schema::Native { as_it_is() } else { native::write::write(&exchange) };
        Rekeyed { tenant: exchange.tenant.as_bytes().to_vec(), record }
    });
    Parts { schema: decoded.schema, parts: vec![part] }
}
