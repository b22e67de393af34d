//! An exchange of any schema as a native record: what re-keying writes.
//!
//! Read again it gives the same exchange but for unknown fields and, of numbers that came as text, their form.

use serde::Serialize;

use super::super::{Client, Exchange, Params, Usage, Utterance};

#[derive(Serialize)]
struct Wire<'a> {
    v: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    ts: i64,
    tenant: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<&'a str>,
    /// Only where no messages say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tools: &'a [&'a str],
    params: WireParams<'a>,
    usage: WireUsage,
    client: WireClient<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<WireContent<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WireContent<'a> {
    Text(&'a str),
    /// Beside sealed reasoning.
    Parts(Vec<WirePart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WirePart<'a> {
    RedactedThinking { data: &'a str },
    Text { text: &'a str },
}

#[derive(Serialize)]
struct WireParams<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logit_bias: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
}

#[derive(Serialize)]
struct WireUsage {
    #[serde(rename = "input_tokens", skip_serializing_if = "Option::is_none")]
    input: Option<u32>,
    #[serde(rename = "output_tokens", skip_serializing_if = "Option::is_none")]
    output: Option<u32>,
    #[serde(rename = "reasoning_tokens", skip_serializing_if = "Option::is_none")]
    reasoning: Option<u32>,
    #[serde(rename = "cached_tokens", skip_serializing_if = "Option::is_none")]
    cached: Option<u32>,
}

#[derive(Serialize)]
struct WireClient<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asn: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<&'a str>,
}

/// The native record of an exchange, without a line feed.
pub fn write(exchange: &Exchange<'_>) -> Vec<u8> {
    let Exchange { id, tenant, account, user, session, provider, model, system, response, .. } = *exchange;
    let Exchange { reasoning, tools, status, finish, refusal, latency_ms, messages, .. } = *exchange;
    let said = messages.iter().map(|said| WireMessage { role: said.role, content: content(said) });
    let said: Vec<WireMessage<'_>> = said.collect();
    let wire = Wire {
        v: 1,
        ts: exchange.ts.0,
        prompt: exchange.prompt.filter(|_| said.is_empty()),
        messages: said,
        params: params(&exchange.params),
        usage: usage(exchange.usage),
        client: client(&exchange.client),
        id,
        tenant,
        account,
        user,
        session,
        provider,
        model,
        system,
        response,
        reasoning,
        tools,
        status,
        finish,
        refusal,
        latency_ms,
    };
    // strings, numbers and lists always serialise
    serde_json::to_vec(&wire).unwrap_or_default()
}

fn content<'a>(said: &Utterance<'a>) -> Option<WireContent<'a>> {
    let Some(data) = said.sealed else { return said.text.map(WireContent::Text) };
    let mut parts = vec![WirePart::RedactedThinking { data }];
    parts.extend(said.text.map(|text| WirePart::Text { text }));
    Some(WireContent::Parts(parts))
}

fn params<'a>(params: &Params<'a>) -> WireParams<'a> {
    let Params { temperature, top_p, n, max_tokens, seed, logprobs, .. } = *params;
    let Params { top_logprobs, logit_bias, response_format, reasoning_effort, stream, .. } = *params;
    WireParams {
        temperature,
        top_p,
        n,
        max_tokens,
        seed,
        logprobs,
        top_logprobs,
        logit_bias,
        response_format,
        reasoning_effort,
        stream,
    }
}

fn usage(usage: Usage) -> WireUsage {
    let Usage { input, output, reasoning, cached } = usage;
    WireUsage { input, output, reasoning, cached }
}

fn client<'a>(client: &Client<'a>) -> WireClient<'a> {
    let Client { ip, country, asn, user_agent, tls, payment } = *client;
    WireClient { ip, country, asn, user_agent, tls, payment }
}
