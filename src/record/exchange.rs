//! The exchange: one request and its response, borrowed from the record's bytes.
//!
//! Text lives here and nowhere behind [`crate::trace`]. Strings that need unescaping are unescaped into
//! the arena of the chunk that is being decoded; the rest point into the payload.

use crate::units::Millis;

/// What a record lets us see of an exchange. Later tiers hold less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Prompt or response text is there.
    Content,
    /// Token counts only.
    Tokens,
    /// Neither text nor token counts.
    #[default]
    Metadata,
}

/// One request and its response.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exchange<'a> {
    /// The provider's id of the request.
    pub id: Option<&'a str>,
    /// When it happened. Always within 2015-2100.
    pub ts: Millis,
    /// The customer: 1 to 256 bytes, no control characters.
    pub tenant: &'a str,
    /// API key, seat or similar.
    pub account: Option<&'a str>,
    /// End user inside the tenant.
    pub user: Option<&'a str>,
    /// Conversation.
    pub session: Option<&'a str>,
    /// Who served the model.
    pub provider: Option<&'a str>,
    /// Model name.
    pub model: Option<&'a str>,
    /// System prompt.
    pub system: Option<&'a str>,
    /// The prompt: `prompt`, or the last user message of `messages`.
    pub prompt: Option<&'a str>,
    /// What came before the prompt in `messages`.
    pub turns: Turns,
    /// The first user message of `messages`.
    pub opening: Option<&'a str>,
    /// The last sealed reasoning among them.
    pub sealed: Option<&'a str>,
    /// All messages, where the schema is not the native one: what re-keying needs beyond the fold.
    pub messages: &'a [Utterance<'a>],
    /// Response text.
    pub response: Option<&'a str>,
    /// Reasoning text.
    pub reasoning: Option<&'a str>,
    /// Names of the tools offered.
    pub tools: &'a [&'a str],
    /// Sampling parameters.
    pub params: Params<'a>,
    /// Token counts.
    pub usage: Usage,
    /// Who called.
    pub client: Client<'a>,
    /// HTTP status.
    pub status: Option<u16>,
    /// Why the response ended.
    pub finish: Option<&'a str>,
    /// The provider's category of refusal.
    pub refusal: Option<&'a str>,
    /// Time to the full answer.
    pub latency_ms: Option<u64>,
    /// What there is to see.
    pub tier: Tier,
    /// Fields of the record's top level that the schema does not know.
    pub unknown_fields: &'a [&'a str],
}

impl Exchange<'_> {
    /// What there is to see, by what is there.
    pub fn seen(&self) -> Tier {
        let has_text = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
        if has_text(self.prompt) || has_text(self.response) {
            return Tier::Content;
        }
        let has_tokens = self.usage.input.is_some() || self.usage.output.is_some();
        if has_tokens { Tier::Tokens } else { Tier::Metadata }
    }
}

/// One message of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utterance<'a> {
    /// Who speaks.
    pub role: &'a str,
    /// The text, if any.
    pub text: Option<&'a str>,
    /// Sealed reasoning, if any.
    pub sealed: Option<&'a str>,
}

/// Shape of the conversation before the prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// All messages, the prompt included. 0 when only `prompt` was given.
    pub messages: u32,
    /// Messages of the assistant before the prompt.
    pub assistant: u32,
    /// Bytes of text before the prompt, system prompt not counted.
    pub context_bytes: u32,
    /// The last message is the assistant's: a prefilled answer.
    pub prefill: bool,
}

/// Sampling parameters, each absent unless given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Params<'a> {
    /// Temperature.
    pub temperature: Option<f32>,
    /// Nucleus.
    pub top_p: Option<f32>,
    /// Samples per request.
    pub n: Option<u32>,
    /// Output limit.
    pub max_tokens: Option<u32>,
    /// Seed was given.
    pub seed: Option<i64>,
    /// Log-probabilities were asked for.
    pub logprobs: Option<bool>,
    /// How many alternatives.
    pub top_logprobs: Option<u32>,
    /// How many tokens were biased (a count, or the size of the map).
    pub logit_bias: Option<u32>,
    /// `text`, `json_object`, `json_schema`, …
    pub response_format: Option<&'a str>,
    /// Reasoning effort.
    pub reasoning_effort: Option<&'a str>,
    /// Streamed.
    pub stream: Option<bool>,
}

/// Token counts, each absent unless given. Input includes cached, output includes reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input tokens.
    pub input: Option<u32>,
    /// Output tokens.
    pub output: Option<u32>,
    /// Reasoning tokens.
    pub reasoning: Option<u32>,
    /// Cached input tokens.
    pub cached: Option<u32>,
}

/// Who called, as far as the gateway knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Client<'a> {
    /// Address.
    pub ip: Option<&'a str>,
    /// ISO country.
    pub country: Option<&'a str>,
    /// Network.
    pub asn: Option<u32>,
    /// User agent.
    pub user_agent: Option<&'a str>,
    /// TLS fingerprint.
    pub tls: Option<&'a str>,
    /// Hash of the means of payment.
    pub payment: Option<&'a str>,
}
