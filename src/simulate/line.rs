//! The native record as it is written: one JSON object a line, absent fields left out.

use serde::Serialize;

#[derive(Debug, Default, Serialize)]
pub(super) struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) v: Option<u8>,
    pub(super) id: &'a str,
    pub(super) ts: Stamp,
    pub(super) tenant: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prompt: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<Response<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) tools: &'a [&'static str],
    #[serde(skip_serializing_if = "Params::is_empty")]
    pub(super) params: Params,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client: Option<Client<'a>>,
    pub(super) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finish: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<&'static str>,
    pub(super) latency_ms: u64,
}

/// A time as the customer's gateway writes it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Stamp {
    Epoch(i64),
    Text(String),
}

impl Default for Stamp {
    fn default() -> Self {
        Stamp::Epoch(0)
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Response<'a> {
    Text(&'a str),
    Message(Message<'a>),
}

#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: Content<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    Text(&'a str),
    /// With reasoning that its model alone can read.
    Sealed([Block<'a>; 2]),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    RedactedThinking { data: &'a str },
    Text { text: &'a str },
}

impl<'a> Message<'a> {
    pub(super) fn new(role: &'static str, text: &'a str) -> Self {
        Message { role, content: Content::Text(text) }
    }

    /// The assistant's, with the block that was sealed then, if any.
    pub(super) fn answer(text: &'a str, sealed: Option<&'a str>) -> Self {
        let blocks = sealed.map(|data| Content::Sealed([Block::RedactedThinking { data }, Block::Text { text }]));
        Message { role: "assistant", content: blocks.unwrap_or(Content::Text(text)) }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Params {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) n: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_logprobs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logit_bias: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream: Option<bool>,
}

impl Params {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::struct_field_names, reason = "the names of the record")]
#[derive(Debug, Serialize)]
pub(super) struct Usage {
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cached_tokens: Option<u64>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Client<'a> {
    pub(super) ip: &'a str,
    pub(super) country: &'a str,
    pub(super) asn: u32,
    pub(super) user_agent: &'a str,
    pub(super) tls: &'a str,
    pub(super) payment: String,
}

/// RFC 3339 in UTC with milliseconds.
pub(super) fn rfc3339(ms: i64) -> String {
    let (days, of_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    // Civil date from days, with years that begin in March (Hinnant's algorithm).
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (h, m, s, milli) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60, of_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{milli:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_784_884_435_102), "2026-07-24T09:13:55.102Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00.000Z");
    }
}
