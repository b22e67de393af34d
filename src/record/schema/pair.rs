//! Our wrapper around a provider's bodies, which hold no tenant and partly no time:
//! `{"request": {…}, "response": {…}, "ts": …?, "tenant": …?, "account": …?}`.
//!
//! Bodies are objects, or strings that hold their JSON; a response may be an array of a stream's events. What the
//! native record says beside the bodies (`user`, `session`, `provider`, `client`, `status`, `latency_ms`) is read as
//! there, and other names count as unknown. Time: `ts`, else the response's own, else the broker's.

use bumpalo::collections::Vec as BumpVec;

use super::super::field::{self, Read, Wrong};
use super::super::json::{Json, Kind, Malformed, Parsed};
use super::super::native::{self, MAX_UNKNOWN_FIELDS};
use super::super::{Client, Exchange, Reject};
use super::draft::{Draft, First};
use super::openai_chat::{self, Answered, Asked};
use super::{Marks, Source, anthropic};
use crate::units::Millis;

/// Whose bodies they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Chat completions.
    OpenAi,
    /// Messages.
    Anthropic,
}

impl Dialect {
    fn request<'a>(self, json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Asked<'a>>> {
        match self {
            Dialect::OpenAi => openai_chat::request(json, marks),
            Dialect::Anthropic => anthropic::request(json, marks),
        }
    }

    fn response<'a>(self, json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Answered<'a>>> {
        match self {
            Dialect::OpenAi => openai_chat::response(json, marks),
            Dialect::Anthropic => anthropic::response(json, marks),
        }
    }
}

/// The exchange of a pair.
pub(super) fn decode<'a>(source: &Source<'_, 'a>, dialect: Dialect) -> Result<Exchange<'a>, Reject> {
    let mut json = Json::new(source.text, source.arena);
    let draft = read(&mut json, dialect, &source.reading.marks).map_err(|Malformed| Reject::NotJson)?;
    draft.check(source, First::Own)
}

fn read<'a>(json: &mut Json<'a>, dialect: Dialect, marks: &Marks) -> Parsed<Draft<'a>> {
    let (mut asked, mut answered): (Option<Asked<'a>>, Option<Answered<'a>>) = (None, None);
    let (mut tenant, mut ts): (_, Option<Result<Millis, Reject>>) = (Read::Absent, None);
    let mut client: Option<Client<'a>> = None;
    let mut plain = Exchange::default();
    let mut unknown = BumpVec::new_in(json.arena());
    let mut wrong = Wrong::new_in(json.arena());
    let mut key = json.open_object()?;
    while let Some(name) = key {
        match name {
            "request" => wrong.put(name, &mut asked, body(json, |json| dialect.request(json, marks))?),
            "response" => wrong.put(name, &mut answered, body(json, |json| dialect.response(json, marks))?),
            "tenant" => tenant = native::tenant(json)?,
            "ts" => ts = Some(native::timestamp(json)?).filter(|ts| *ts != Err(Reject::MissingTs)),
            "account" => wrong.put(name, &mut plain.account, field::text(json)?),
            "user" => wrong.put(name, &mut plain.user, field::text(json)?),
            "session" => wrong.put(name, &mut plain.session, field::text(json)?),
            "provider" => wrong.put(name, &mut plain.provider, field::text(json)?),
            "client" => wrong.put(name, &mut client, native::client(json)?),
            "status" => wrong.put(name, &mut plain.status, field::whole(json)?),
            "latency_ms" => wrong.put(name, &mut plain.latency_ms, field::whole(json)?),
            _ => {
                if unknown.len() < MAX_UNKNOWN_FIELDS {
                    unknown.push(name);
                }
                json.skip()?;
            }
        }
        key = json.next_key()?;
    }
    json.finish()?;
    let (asked, answered) = (asked.unwrap_or_default(), answered.unwrap_or_default());
    let exchange = Exchange {
        id: answered.id,
        user: plain.user.or(asked.user),
        model: answered.model.or(asked.model),
        system: asked.conversation.system,
        prompt: asked.conversation.prompt,
        turns: asked.conversation.turns,
        opening: asked.conversation.opening,
        sealed: asked.conversation.sealed,
        messages: asked.conversation.messages,
        response: answered.text,
        reasoning: answered.reasoning,
        tools: asked.tools,
        params: asked.params,
        usage: answered.usage,
        client: client.unwrap_or_default(),
        finish: answered.finish,
        refusal: answered.refusal,
        unknown_fields: unknown.into_bump_slice(),
        ..plain
    };
    let ts = ts.or(answered.created);
    Ok(Draft { tenant, ts, exchange, wrong: wrong.any(), deepest: json.deepest() })
}

/// A body as it is, or inside a string; an empty string is none.
pub(super) fn body<'a, T>(json: &mut Json<'a>, read: impl FnOnce(&mut Json<'a>) -> Parsed<Read<T>>) -> Parsed<Read<T>> {
    if json.peek()? != Kind::String {
        return read(json);
    }
    let text = json.string()?;
    if text.trim().is_empty() { Ok(Read::Absent) } else { json.nested(text, read) }
}

/// A body's object, or each of a stream's events.
pub(super) fn objects<'a>(json: &mut Json<'a>, mut each: impl FnMut(&mut Json<'a>) -> Parsed<()>) -> Parsed<Read<()>> {
    let mut wrong = false;
    match json.peek()? {
        Kind::Object => each(json)?,
        Kind::Array => {
            let mut more = json.open_array()?;
            while more {
                match json.peek()? {
                    Kind::Object => each(json)?,
                    _ => wrong |= field::other::<()>(json)? == Read::Wrong,
                }
                more = json.next_item()?;
            }
        }
        _ => return field::other(json),
    }
    Ok(if wrong { Read::Wrong } else { Read::Value(()) })
}
