//! Schemas other than the native one, as gateways and providers write them.
//!
//! ```text
//!          ┌ detect (auto) ┐
//!  bytes ──┤               ├─► native | openai_chat | anthropic_messages | litellm ─► Draft ─► Exchange
//!          └ named ────────┘        (pull parser, one pass)                  └ tenant, time, order of rejects
//! ```
//!
//! OpenTelemetry's records hold several exchanges: [`otlp`] splits them, and [`split`] makes native records of any.
//! One file a schema; what they share stands first. Rules of them all:
//! - which schema a record has is judged by that record alone, never by what came before it;
//! - a record is rejected for what holds it together (bodies, messages, answers, counts, ids) and never for a
//!   parameter that the customer chose: one odd value must not hide a harvest, so it counts as absent;
//! - token counts are normalised: input includes cached, output includes reasoning;
//! - what stands for withheld text ([`Marks`]) is no text.
//!
//! Fields that a schema does not name are passed over and not counted: foreign records are full of them.

pub mod detect;
pub mod marks;
pub mod place;
pub mod content;
mod draft;
mod time;
mod pair;
mod openai_chat;
mod anthropic;
mod litellm;
pub mod otlp;
pub mod split;

use bumpalo::Bump;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Exchange, Limits, Reject, native};
use crate::source::Record;
pub use marks::Marks;
pub use place::TenantFrom;

/// How the records of a topic are written, as the operator names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Format {
    /// Native exchange records.
    #[default]
    Native,
    /// Any of the others, told by each record alone.
    Auto,
    /// `{"request": …, "response": …}` of `OpenAI` chat completions.
    OpenaiChat,
    /// `{"request": …, "response": …}` of Anthropic messages.
    AnthropicMessages,
    /// `LiteLLM`'s `StandardLoggingPayload`.
    Litellm,
}

/// The schema that a record was read by; a label of metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Schema {
    /// Contract section 1.
    #[default]
    Native,
    /// `OpenAI` chat completions.
    OpenaiChat,
    /// Anthropic messages.
    AnthropicMessages,
    /// `LiteLLM`'s `StandardLoggingPayload`.
    Litellm,
    /// OpenTelemetry's conventions for generative AI; read by `route` alone.
    Otlp,
}

impl Schema {
    /// How many there are.
    pub const COUNT: usize = 5;
    /// All of them.
    pub const ALL: [Schema; Schema::COUNT] =
        [Schema::Native, Schema::OpenaiChat, Schema::AnthropicMessages, Schema::Litellm, Schema::Otlp];

    /// The name in metrics and configs.
    pub fn label(self) -> &'static str {
        match self {
            Schema::Native => "native",
            Schema::OpenaiChat => "openai_chat",
            Schema::AnthropicMessages => "anthropic_messages",
            Schema::Litellm => "litellm",
            Schema::Otlp => "otlp",
        }
    }
}

/// How to read the records of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Their schema.
    pub format: Format,
    /// Where the tenant is, beyond the schema's own place.
    pub tenant_from: TenantFrom,
    /// What stands for text that was withheld.
    pub marks: Marks,
}

/// What a record became, and by which schema.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<'a> {
    /// The schema it was read by.
    pub schema: Schema,
    /// The exchange, or why there is none.
    pub result: Result<Exchange<'a>, Reject>,
}

/// The exchange of a record. No payload at all is a tombstone, and empty.
pub fn decode<'a>(record: &Record<'a>, reading: &Reading, limits: &Limits, arena: &'a Bump) -> Decoded<'a> {
    let Some(payload) = record.payload else {
        return Decoded { schema: reading.format.schema(), result: Err(Reject::Empty) };
    };
    if reading.format == Format::Native {
        return Decoded { schema: Schema::Native, result: native::decode(payload, limits, arena) };
    }
    let text = match native::text_of(payload, limits) {
        Ok(text) => text,
        Err(reason) => return Decoded { schema: reading.format.schema(), result: Err(reason) },
    };
    let told = || detect::schema(text, arena);
    let schema = if reading.format == Format::Auto { told() } else { reading.format.schema() };
    let source = Source { text, record, reading, limits, arena };
    let result = match schema {
        // no format is OTLP: its records are no single exchange
        Schema::Native | Schema::Otlp => native::decode(payload, limits, arena),
        Schema::OpenaiChat => pair::decode(&source, pair::Dialect::OpenAi),
        Schema::AnthropicMessages => pair::decode(&source, pair::Dialect::Anthropic),
        Schema::Litellm => litellm::decode(&source),
    };
    Decoded { schema, result }
}

impl Format {
    /// The schema it names; what `auto` cannot tell counts as native.
    fn schema(self) -> Schema {
        match self {
            Format::Native | Format::Auto => Schema::Native,
            Format::OpenaiChat => Schema::OpenaiChat,
            Format::AnthropicMessages => Schema::AnthropicMessages,
            Format::Litellm => Schema::Litellm,
        }
    }
}

/// A record that is about to be read.
#[derive(Clone, Copy)]
struct Source<'s, 'a> {
    text: &'a str,
    record: &'s Record<'a>,
    reading: &'s Reading,
    limits: &'s Limits,
    arena: &'a Bump,
}
