//! What the parameters, the counts and the outcome of an exchange give.

use super::Flags;
use crate::record::{Exchange, Params};

/// Bytes of text per token where no count is given: the usual figure for English.
const BYTES_PER_TOKEN: usize = 4;

/// Token counts, estimated from text where the log has none.
pub(super) struct Tokens {
    pub(super) input: u32,
    pub(super) output: u32,
    pub(super) reasoning: u32,
    pub(super) flags: Flags,
}

pub(super) fn tokens(exchange: &Exchange<'_>) -> Tokens {
    let of = |text: Option<&str>| text.map(|text| text.len().div_ceil(BYTES_PER_TOKEN));
    let input = exchange.usage.input.map(|n| n as usize).or_else(|| {
        let context = exchange.turns.context_bytes as usize / BYTES_PER_TOKEN;
        of(exchange.prompt).map(|prompt| prompt + context + of(exchange.system).unwrap_or(0))
    });
    let reasoning = exchange.usage.reasoning.map(|n| n as usize).or_else(|| of(exchange.reasoning));
    let output = exchange
        .usage
        .output
        .map(|n| n as usize)
        .or_else(|| of(exchange.response).map(|response| response + reasoning.unwrap_or(0)));
    let narrow = |n: Option<usize>| u32::try_from(n.unwrap_or(0)).unwrap_or(u32::MAX);
    Tokens {
        input: narrow(input),
        output: narrow(output),
        reasoning: narrow(reasoning),
        flags: Flags::default()
            .with(Flags::TOKENS, input.is_some() && output.is_some())
            .with(Flags::REASONING, reasoning.is_some() && output.is_some()),
    }
}

pub(super) fn flags(exchange: &Exchange<'_>) -> Flags {
    let params = &exchange.params;
    let probes = params.logprobs == Some(true)
        || params.top_logprobs.is_some_and(|n| n > 0)
        || params.n.is_some_and(|n| n > 1)
        || params.logit_bias.is_some_and(|n| n > 0)
        || params.max_tokens == Some(1);
    let refused = exchange.refusal.is_some_and(|category| !category.is_empty())
        || matches!(exchange.finish, Some("refusal" | "content_filter"));
    let given = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
    let client = &exchange.client;
    Flags::default()
        .with(Flags::PROBES, probes)
        .with(Flags::REFUSED, refused)
        .with(Flags::FOLLOWS, exchange.turns.assistant > 0)
        .with(Flags::TOOLS, !exchange.tools.is_empty())
        .with(Flags::EXTRACTION, exchange.refusal == Some("reasoning_extraction"))
        .with(Flags::EFFORT, matches!(params.reasoning_effort, Some("high" | "xhigh" | "max")))
        .with(Flags::THOUGHTS, given(exchange.reasoning))
        .with(Flags::FORMAT, params.response_format.is_some_and(|format| !matches!(format, "" | "text")))
        .with(Flags::SAMPLES, params.n.is_some_and(|n| n > 1))
        .with(Flags::LOGPROBS, params.logprobs == Some(true) || params.top_logprobs.is_some_and(|n| n > 0))
        .with(Flags::ONE_TOKEN, params.max_tokens == Some(1))
        .with(Flags::SEED, params.seed.is_some())
        .with(Flags::PREFILL, exchange.turns.prefill)
        .with(Flags::STREAM, params.stream == Some(true))
        .with(Flags::CALLS, matches!(exchange.finish, Some("tool_calls" | "tool_use" | "function_call")))
        .with(Flags::TRUNCATED, matches!(exchange.finish, Some("length" | "max_tokens")))
        .with(Flags::FAILED, exchange.status.is_some_and(|status| status >= 400))
        .with(Flags::CACHED, exchange.usage.cached.is_some_and(|cached| cached > 0))
        .with(Flags::CLIENT, client.asn.is_some() || given(client.ip) || given(client.user_agent) || given(client.tls))
}

/// The parameters as bytes, for "the same vector as before?".
pub(super) fn vector(params: &Params<'_>) -> [u8; 36] {
    let mut vector = [0; 36];
    let format = params.response_format.map_or(0, str::len) as u32;
    let effort = params.reasoning_effort.map_or(0, |effort| {
        effort.bytes().fold(1, |sum, b| u32::wrapping_add(u32::wrapping_mul(sum, 31), u32::from(b)))
    });
    let switches = u32::from(params.logprobs == Some(true))
        | u32::from(params.stream == Some(true)) << 1
        | u32::from(params.seed.is_some()) << 2;
    let words = [
        params.temperature.map_or(u32::MAX, f32::to_bits),
        params.top_p.map_or(u32::MAX, f32::to_bits),
        params.n.unwrap_or(1),
        params.max_tokens.unwrap_or(u32::MAX),
        params.top_logprobs.unwrap_or(0),
        params.logit_bias.unwrap_or(0),
        format,
        effort,
        switches,
    ];
    for (bytes, word) in vector.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    vector
}
