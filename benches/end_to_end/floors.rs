//! The floors: the least that any program must do for a record.
//!
//! Decode: `serde_json` into a struct that borrows what it can and names every field of the record, with
//! no check of its own. Text: words and hash of the prompt alone. Score: one bare scoring of a row.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use stillwatch::trace::words::{each_word, mix};

#[derive(Debug, Deserialize)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The record as a careless program would take it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Plain<'a> {
    v: Option<u8>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    ts: Option<Stamp<'a>>,
    tenant: Option<Text<'a>>,
    account: Option<Text<'a>>,
    user: Option<Text<'a>>,
    session: Option<Text<'a>>,
    provider: Option<Text<'a>>,
    model: Option<Text<'a>>,
    system: Option<Text<'a>>,
    prompt: Option<Text<'a>>,
    messages: Vec<Message<'a>>,
    response: Option<Response<'a>>,
    reasoning: Option<Text<'a>>,
    tools: Vec<Text<'a>>,
    params: Params<'a>,
    usage: Usage,
    client: Client<'a>,
    status: Option<u16>,
    finish: Option<Text<'a>>,
    refusal: Option<Text<'a>>,
    latency_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "filled and thrown away")]
struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params<'a> {
    temperature: Option<f64>,
    top_p: Option<f64>,
    n: Option<u32>,
    max_tokens: Option<u32>,
    seed: Option<i64>,
    logprobs: Option<bool>,
    top_logprobs: Option<u32>,
    logit_bias: Option<u32>,
    #[serde(borrow)]
    response_format: Option<Text<'a>>,
    reasoning_effort: Option<Text<'a>>,
    stream: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the record")]
struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    cached_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Client<'a> {
    #[serde(borrow)]
    ip: Option<Text<'a>>,
    country: Option<Text<'a>>,
    asn: Option<u32>,
    user_agent: Option<Text<'a>>,
    tls: Option<Text<'a>>,
    payment: Option<Text<'a>>,
}

impl Plain<'_> {
    /// What the text floor reads: the prompt, or the last message.
    fn asked(&self) -> &str {
        let told = || self.messages.last().map(|message| message.content.as_ref());
        self.prompt.as_ref().map(|text| text.0.as_ref()).or_else(told).unwrap_or_default()
    }
}

/// Decodes one record.
pub fn decode(payload: &[u8]) -> Plain<'_> {
    serde_json::from_slice(payload).expect("simulated records are JSON")
}

/// The prompts of records, for the text floor.
pub fn prompts<'a>(payloads: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    payloads.map(|payload| decode(payload).asked().to_owned()).collect()
}

/// Words and hash of a text.
pub fn text(prompt: &str) -> u64 {
    let mut all = 0;
    each_word(prompt, |word| {
        all = mix(all ^ word.hash, 0xe703_7ed1_a0b4_28db);
        true
    });
    all
}

/// Milliseconds or RFC 3339.
#[derive(Debug)]
#[expect(dead_code, reason = "filled and thrown away")]
enum Stamp<'a> {
    Epoch(i64),
    Text(&'a str),
}

/// Text or a message.
#[derive(Debug)]
#[expect(dead_code, reason = "filled and thrown away")]
enum Response<'a> {
    Text(Cow<'a, str>),
    Message(Message<'a>),
}

// by hand: `untagged` reads into a tree first, which is no floor
impl<'de: 'a, 'a> Deserialize<'de> for Stamp<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Stamp<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time")
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Stamp<'de>, E> {
                Ok(Stamp::Epoch(value))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Stamp<'de>, E> {
                Ok(Stamp::Epoch(value as i64))
            }
            fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Stamp<'de>, E> {
                Ok(Stamp::Text(value))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Response<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Response<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a message")
            }
            fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Response<'de>, E> {
                Ok(Response::Text(Cow::Borrowed(value)))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Response<'de>, E> {
                Ok(Response::Text(Cow::Owned(value.to_owned())))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Response<'de>, A::Error> {
                Message::deserialize(MapAccessDeserializer::new(map)).map(Response::Message)
            }
        }
        deserializer.deserialize_any(Any)
    }
}
