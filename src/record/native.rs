//! The native exchange record: contract section 1, version 1.
//!
//! One pass over the JSON, no tree. What is wrong is remembered while the pass goes on, and judged at the
//! end in the contract's order: a record has exactly one reject reason, the first that holds.
//! `null` is the same as no field; of a field that comes twice the last counts.

pub mod write;

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::field::{self, Read, Wrong};
use super::json::{Json, Kind, Malformed, Parsed, is_blank};
use super::messages::{self, Conversation};
use super::time::parse_rfc3339;
use super::{Client, Exchange, Limits, Params, Reject, Usage};
use crate::units::Millis;

/// Longest name of a tenant, in bytes.
pub const MAX_TENANT_BYTES: usize = 256;

/// Unknown fields of a record beyond this are not listed.
pub const MAX_UNKNOWN_FIELDS: usize = 32;

/// Times that are believed: 2015-01-01 up to and without 2100-01-01.
pub const TIMES: std::ops::Range<i64> = 1_420_070_400_000..4_102_444_800_000;

/// The exchange of a native record.
pub fn decode<'a>(payload: &'a [u8], limits: &Limits, arena: &'a Bump) -> Result<Exchange<'a>, Reject> {
    let mut json = Json::new(text_of(payload, limits)?, arena);
    let draft = Draft::read(&mut json).map_err(|Malformed| Reject::NotJson)?;
    if json.deepest() > limits.max_depth {
        return Err(Reject::TooDeep);
    }
    draft.check()
}

/// The text of a record of any schema, unless it is empty, too large or not text.
pub fn text_of<'a>(payload: &'a [u8], limits: &Limits) -> Result<&'a str, Reject> {
    if is_blank(payload) {
        return Err(Reject::Empty);
    }
    if payload.len() > limits.max_bytes {
        return Err(Reject::TooLarge);
    }
    simdutf8::basic::from_utf8(payload).map_err(|_| Reject::NotUtf8)
}

/// What the record said, not yet judged.
struct Draft<'a> {
    version: Read<()>,
    tenant: Read<&'a str>,
    ts: Result<Millis, Reject>,
    prompt: Option<&'a str>,
    system: Option<&'a str>,
    messages: Option<Conversation<'a>>,
    tools: Option<&'a [&'a str]>,
    params: Option<Params<'a>>,
    usage: Option<Usage>,
    client: Option<Client<'a>>,
    /// The fields that need no second thought.
    plain: Exchange<'a>,
    wrong: Wrong<'a>,
    unknown: BumpVec<'a, &'a str>,
}

impl<'a> Draft<'a> {
    fn read(json: &mut Json<'a>) -> Parsed<Self> {
        let mut draft = Draft {
            version: Read::Absent,
            tenant: Read::Absent,
            ts: Err(Reject::MissingTs),
            prompt: None,
            system: None,
            messages: None,
            tools: None,
            params: None,
            usage: None,
            client: None,
            plain: Exchange::default(),
            wrong: Wrong::new_in(json.arena()),
            unknown: BumpVec::new_in(json.arena()),
        };
        let mut key = json.open_object()?;
        while let Some(name) = key {
            draft.field(name, json)?;
            key = json.next_key()?;
        }
        json.finish()?;
        Ok(draft)
    }

    fn field(&mut self, name: &'a str, json: &mut Json<'a>) -> Parsed<()> {
        let (plain, wrong) = (&mut self.plain, &mut self.wrong);
        match name {
            "v" => self.version = version(json)?,
            "ts" => self.ts = timestamp(json)?,
            "tenant" => self.tenant = tenant(json)?,
            "id" => wrong.put(name, &mut plain.id, field::text(json)?),
            "account" => wrong.put(name, &mut plain.account, field::text(json)?),
            "user" => wrong.put(name, &mut plain.user, field::text(json)?),
            "session" => wrong.put(name, &mut plain.session, field::text(json)?),
            "provider" => wrong.put(name, &mut plain.provider, field::text(json)?),
            "model" => wrong.put(name, &mut plain.model, field::text(json)?),
            "system" => wrong.put(name, &mut self.system, messages::text_or_parts(json)?),
            "prompt" => wrong.put(name, &mut self.prompt, field::text(json)?),
            "messages" => wrong.put(name, &mut self.messages, messages::conversation(json)?),
            "response" => wrong.put(name, &mut plain.response, messages::text_or_message(json)?),
            "reasoning" => wrong.put(name, &mut plain.reasoning, field::text(json)?),
            "tools" => wrong.put(name, &mut self.tools, messages::tool_names(json)?),
            "params" => wrong.put(name, &mut self.params, params(json)?),
            "usage" => wrong.put(name, &mut self.usage, usage(json)?),
            "client" => wrong.put(name, &mut self.client, client(json)?),
            "status" => wrong.put(name, &mut plain.status, field::whole(json)?),
            "finish" => wrong.put(name, &mut plain.finish, field::text(json)?),
            "refusal" => wrong.put(name, &mut plain.refusal, field::text(json)?),
            "latency_ms" => wrong.put(name, &mut plain.latency_ms, field::whole(json)?),
            _ => {
                if self.unknown.len() < MAX_UNKNOWN_FIELDS {
                    self.unknown.push(name);
                }
                json.skip()?;
            }
        }
        Ok(())
    }

    fn check(self) -> Result<Exchange<'a>, Reject> {
        if self.version == Read::Wrong {
            return Err(Reject::BadVersion);
        }
        let tenant = match self.tenant {
            Read::Absent => return Err(Reject::MissingTenant),
            Read::Wrong => return Err(Reject::BadTenant),
            Read::Value(tenant) => tenant,
        };
        let ts = self.ts?;
        if self.wrong.any() {
            return Err(Reject::BadType);
        }
        let told = self.messages.unwrap_or_default();
        let mut exchange = Exchange {
            ts,
            tenant,
            system: self.system.or(told.system),
            prompt: self.prompt.or(told.prompt),
            turns: told.turns,
            opening: told.opening,
            sealed: told.sealed,
            tools: self.tools.unwrap_or_default(),
            params: self.params.unwrap_or_default(),
            usage: self.usage.unwrap_or_default(),
            client: self.client.unwrap_or_default(),
            unknown_fields: self.unknown.into_bump_slice(),
            ..self.plain
        };
        exchange.tier = exchange.seen();
        Ok(exchange)
    }
}

fn version(json: &mut Json<'_>) -> Parsed<Read<()>> {
    Ok(match field::whole::<u32>(json)? {
        Read::Value(1) => Read::Value(()),
        Read::Absent => Read::Absent,
        _ => Read::Wrong,
    })
}

pub(super) fn tenant<'a>(json: &mut Json<'a>) -> Parsed<Read<&'a str>> {
    Ok(match field::text(json)? {
        Read::Value(name) => tenant_named(name),
        read => read,
    })
}

/// A tenant's name, if it is one.
pub(super) fn tenant_named(name: &str) -> Read<&str> {
    let good = (1..=MAX_TENANT_BYTES).contains(&name.len()) && !name.chars().any(char::is_control);
    if good { Read::Value(name) } else { Read::Wrong }
}

pub(super) fn timestamp(json: &mut Json<'_>) -> Parsed<Result<Millis, Reject>> {
    let time = match json.peek()? {
        Kind::String => parse_rfc3339(json.string()?),
        Kind::Number => {
            let number = json.number()?;
            let whole = number.whole().and_then(|whole| i64::try_from(whole).ok());
            // a number that fits no field is still a number: far out of range, unless it has a fraction
            let fractional = || number.float().is_some_and(|value| value.fract() != 0.0);
            whole.or_else(|| (!fractional()).then_some(i64::MAX)).map(Millis)
        }
        Kind::Null => return json.null().map(|()| Err(Reject::MissingTs)),
        _ => json.skip().map(|()| None)?,
    };
    Ok(time.ok_or(Reject::BadTs).and_then(in_range))
}

/// The time, if it is believed.
pub(super) fn in_range(time: Millis) -> Result<Millis, Reject> {
    if TIMES.contains(&time.0) { Ok(time) } else { Err(Reject::TsOutOfRange) }
}

fn params<'a>(json: &mut Json<'a>) -> Parsed<Read<Params<'a>>> {
    field::object(json, |name, json, params: &mut Params<'a>, wrong| {
        match name {
            "temperature" => wrong.put(name, &mut params.temperature, field::float(json)?),
            "top_p" => wrong.put(name, &mut params.top_p, field::float(json)?),
            "n" => wrong.put(name, &mut params.n, field::whole(json)?),
            "max_tokens" => wrong.put(name, &mut params.max_tokens, field::whole(json)?),
            "seed" => wrong.put(name, &mut params.seed, field::seed(json)?),
            "logprobs" => wrong.put(name, &mut params.logprobs, field::flag(json)?),
            "top_logprobs" => wrong.put(name, &mut params.top_logprobs, field::whole(json)?),
            "logit_bias" => wrong.put(name, &mut params.logit_bias, field::count_or_map(json)?),
            "response_format" => {
                wrong.put(name, &mut params.response_format, field::text_or_member(json, "type")?);
            }
            "reasoning_effort" => wrong.put(name, &mut params.reasoning_effort, field::text(json)?),
            "stream" => wrong.put(name, &mut params.stream, field::flag(json)?),
            _ => json.skip()?,
        }
        Ok(())
    })
}

fn usage(json: &mut Json<'_>) -> Parsed<Read<Usage>> {
    field::object(json, |name, json, usage: &mut Usage, wrong| {
        match name {
            "input_tokens" => wrong.put(name, &mut usage.input, field::whole(json)?),
            "output_tokens" => wrong.put(name, &mut usage.output, field::whole(json)?),
            "reasoning_tokens" => wrong.put(name, &mut usage.reasoning, field::whole(json)?),
            "cached_tokens" => wrong.put(name, &mut usage.cached, field::whole(json)?),
            _ => json.skip()?,
        }
        Ok(())
    })
}

pub(super) fn client<'a>(json: &mut Json<'a>) -> Parsed<Read<Client<'a>>> {
    field::object(json, |name, json, client: &mut Client<'a>, wrong| {
        match name {
            "ip" => wrong.put(name, &mut client.ip, field::text(json)?),
            "country" => wrong.put(name, &mut client.country, field::text(json)?),
            "asn" => wrong.put(name, &mut client.asn, field::whole(json)?),
            "user_agent" => wrong.put(name, &mut client.user_agent, field::text(json)?),
            "tls" => wrong.put(name, &mut client.tls, field::text(json)?),
            "payment" => wrong.put(name, &mut client.payment, field::text(json)?),
            _ => json.skip()?,
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests;
