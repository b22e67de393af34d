//! What the parameters, the counts and the outcome of an exchange give.

use super::Flags;
use crate::record::Exchange;

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
    Flags::default()
        .with(Flags::PROBES, probes)
        .with(Flags::REFUSED, refused)
        .with(Flags::FOLLOWS, exchange.turns.assistant > 0)
        .with(Flags::TOOLS, !exchange.tools.is_empty())
}
