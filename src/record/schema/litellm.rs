//! `LiteLLM`'s `StandardLoggingPayload`: bare, or under `standard_logging_object`, which may be JSON in a string.
//!
//! The tenant is the organisation, else the team (`metadata.user_api_key_org_id`, `…_team_id`), unless `tenant_from`
//! names another place. A failure without a number in `error_information.error_code` counts as status 500. With
//! message logging off, what remains are constants in the place of text: such a record tells tokens.

use super::super::field::{self, Read, Wrong};
use super::super::json::{Json, Kind, Malformed, Parsed};
use super::super::messages::{Conversation, tool_names};
use super::super::native::tenant_named;
use super::super::{Exchange, Reject};
use super::content::{self, Content};
use super::draft::{Draft, First};
use super::openai_chat::{self, Answered, MaxTokens};
use super::pair::body;
use super::{Marks, Source, time};
use crate::units::Millis;

/// The exchange of a payload.
pub(super) fn decode<'a>(source: &Source<'_, 'a>) -> Result<Exchange<'a>, Reject> {
    let mut json = Json::new(source.text, source.arena);
    let payload = record(&mut json, &source.reading.marks).map_err(|Malformed| Reject::NotJson)?;
    payload.draft(json.deepest()).check(source, First::Configured)
}

/// What a payload says.
#[derive(Default)]
struct Payload<'a> {
    org: Option<&'a str>,
    team: Option<&'a str>,
    key_user: Option<&'a str>,
    end_user: Option<&'a str>,
    start: Option<Result<Millis, Reject>>,
    end: Option<Result<Millis, Reject>>,
    conversation: Option<Conversation<'a>>,
    answered: Option<Answered<'a>>,
    input: Option<u32>,
    output: Option<u32>,
    failed: bool,
    succeeded: bool,
    code: Option<u16>,
    plain: Exchange<'a>,
    wrong: bool,
}

/// The payload, wherever it is. Beside a `standard_logging_object` nothing counts.
fn record<'a>(json: &mut Json<'a>, marks: &Marks) -> Parsed<Payload<'a>> {
    let mut bare = Payload::default();
    let mut inner: Option<Payload<'a>> = None;
    let mut wrong = Wrong::new_in(json.arena());
    let mut inner_wrong = false;
    let mut key = json.open_object()?;
    while let Some(name) = key {
        if name == "standard_logging_object" {
            let read = body(json, |json| payload(json, marks))?;
            inner_wrong = matches!(read, Read::Wrong);
            inner = read.value();
        } else {
            bare.field(name, json, marks, &mut wrong)?;
        }
        key = json.next_key()?;
    }
    json.finish()?;
    bare.wrong |= wrong.any() || inner_wrong;
    Ok(inner.unwrap_or(bare))
}

fn payload<'a>(json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Payload<'a>>> {
    if json.peek()? != Kind::Object {
        return field::other(json);
    }
    let mut payload = Payload::default();
    let mut wrong = Wrong::new_in(json.arena());
    let mut key = json.open_object()?;
    while let Some(name) = key {
        payload.field(name, json, marks, &mut wrong)?;
        key = json.next_key()?;
    }
    payload.wrong |= wrong.any();
    Ok(Read::Value(payload))
}

impl<'a> Payload<'a> {
    fn field(&mut self, name: &'a str, json: &mut Json<'a>, marks: &Marks, wrong: &mut Wrong<'a>) -> Parsed<()> {
        let plain = &mut self.plain;
        match name {
            "id" => wrong.put(name, &mut plain.id, field::text(json)?),
            "trace_id" => wrong.put(name, &mut plain.session, field::text(json)?),
            "custom_llm_provider" => wrong.put(name, &mut plain.provider, field::text(json)?),
            "model" => wrong.put(name, &mut plain.model, field::text(json)?),
            "startTime" => self.start = time::moment(json)?,
            "endTime" => self.end = time::moment(json)?,
            "messages" => wrong.put(name, &mut self.conversation, messages(json, marks)?),
            "response" => wrong.put(name, &mut self.answered, response(json, marks)?),
            "prompt_tokens" => wrong.put(name, &mut self.input, field::whole(json)?),
            "completion_tokens" => wrong.put(name, &mut self.output, field::whole(json)?),
            "stream" => plain.params.stream = field::flag(json)?.value().or(plain.params.stream),
            "model_parameters" => self.parameters(json)?,
            "metadata" => self.metadata(json)?,
            "error_information" => self.code = error_code(json)?,
            "status" => {
                let status = field::text(json)?.value();
                (self.failed, self.succeeded) = (status == Some("failure"), status == Some("success"));
            }
            _ => self.key_or_client(name, json)?,
        }
        Ok(())
    }

    /// Names that stand at the top level in some versions and under `metadata` in others. Never a reason to reject.
    fn key_or_client(&mut self, name: &str, json: &mut Json<'a>) -> Parsed<()> {
        let slot = match name {
            "user_api_key_org_id" => &mut self.org,
            "user_api_key_team_id" => &mut self.team,
            "user_api_key_hash" => &mut self.plain.account,
            "user_api_key_user_id" => &mut self.key_user,
            "end_user" | "user_api_key_end_user_id" => &mut self.end_user,
            "requester_ip_address" => &mut self.plain.client.ip,
            "user_agent" => &mut self.plain.client.user_agent,
            _ => return json.skip(),
        };
        if let Some(text) = field::text(json)?.value().filter(|text| !text.is_empty()) {
            *slot = Some(text);
        }
        Ok(())
    }

    fn metadata(&mut self, json: &mut Json<'a>) -> Parsed<()> {
        if json.peek()? != Kind::Object {
            return json.skip();
        }
        let mut key = json.open_object()?;
        while let Some(name) = key {
            self.key_or_client(name, json)?;
            key = json.next_key()?;
        }
        Ok(())
    }

    fn parameters(&mut self, json: &mut Json<'a>) -> Parsed<()> {
        if json.peek()? != Kind::Object {
            return json.skip();
        }
        let params = &mut self.plain.params;
        let mut limits = MaxTokens::default();
        let mut key = json.open_object()?;
        while let Some(name) = key {
            if name == "tools" {
                self.plain.tools = tool_names(json)?.value().unwrap_or_default();
            } else {
                openai_chat::parameter(name, json, params, &mut limits)?;
            }
            key = json.next_key()?;
        }
        params.max_tokens = limits.told();
        Ok(())
    }

    fn draft(self, deepest: usize) -> Draft<'a> {
        let told = self.conversation.unwrap_or_default();
        let answered = self.answered.unwrap_or_default();
        let mut usage = answered.usage;
        usage.input = self.input.or(usage.input);
        usage.output = self.output.or(usage.output);
        let latency = match (self.start, self.end) {
            (Some(Ok(start)), Some(Ok(end))) => u64::try_from(end.since(start)).ok(),
            _ => None,
        };
        let status = match (self.failed, self.succeeded) {
            (true, _) => self.code.or(Some(500)),
            (_, true) => Some(200),
            _ => self.code,
        };
        let exchange = Exchange {
            user: self.end_user.or(self.key_user),
            system: told.system,
            prompt: told.prompt,
            turns: told.turns,
            opening: told.opening,
            sealed: told.sealed,
            messages: told.messages,
            response: answered.text,
            reasoning: answered.reasoning,
            refusal: answered.refusal,
            finish: answered.finish,
            usage,
            latency_ms: latency,
            status,
            ..self.plain
        };
        let tenant = self.org.or(self.team).map_or(Read::Absent, tenant_named);
        Draft { tenant, ts: self.start, exchange, wrong: self.wrong, deepest }
    }
}

/// A text, a list of messages, one message, or an object that holds the list.
fn messages<'a>(json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Conversation<'a>>> {
    match json.peek()? {
        Kind::String => {
            let prompt = marks.text(json.string()?);
            Ok(Read::Value(Conversation { prompt, ..Conversation::default() }))
        }
        Kind::Object => {
            let mut list = None;
            let (mut text, mut one) = (None, Content::default());
            let mut wrong = Wrong::new_in(json.arena());
            let mut key = json.open_object()?;
            while let Some(name) = key {
                match name {
                    "messages" => wrong.put(name, &mut list, content::conversation(json, marks)?),
                    "content" => one = content::content(json, marks)?.value().unwrap_or_default(),
                    "text" | "input" | "prompt" => text = field::text(json)?.value().and_then(|text| marks.text(text)),
                    _ => json.skip()?,
                }
                key = json.next_key()?;
            }
            let alone = Conversation { prompt: one.text.or(text), ..Conversation::default() };
            Ok(wrong.judge(list.unwrap_or(alone)))
        }
        _ => content::conversation(json, marks),
    }
}

/// A chat response, a text, or an object with `text` or a message's `content`.
fn response<'a>(json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Answered<'a>>> {
    match json.peek()? {
        Kind::String => {
            let text = marks.text(json.string()?);
            Ok(Read::Value(Answered { text, ..Answered::default() }))
        }
        Kind::Object => {
            let mut reader = openai_chat::Reader::new_in(json, marks);
            let (mut text, mut said) = (None, Content::default());
            let mut key = json.open_object()?;
            while let Some(name) = key {
                match name {
                    "text" => text = field::text(json)?.value().and_then(|text| marks.text(text)),
                    "content" => said = content::content(json, marks)?.value().unwrap_or_default(),
                    _ => reader.member(name, json)?,
                }
                key = json.next_key()?;
            }
            let Read::Value(mut answered) = reader.end() else { return Ok(Read::Wrong) };
            answered.text = answered.text.or(said.text).or(text);
            answered.reasoning = answered.reasoning.or(said.reasoning);
            Ok(Read::Value(answered))
        }
        // a list is what streams are logged as where nobody put them together
        _ => openai_chat::response(json, marks),
    }
}

/// The number in `error_code`, which is text or a number or neither.
fn error_code(json: &mut Json<'_>) -> Parsed<Option<u16>> {
    if json.peek()? != Kind::Object {
        return json.skip().map(|()| None);
    }
    let mut code = None;
    let mut key = json.open_object()?;
    while let Some(name) = key {
        match (name, json.peek()?) {
            ("error_code", Kind::String) => code = json.string()?.parse().ok(),
            ("error_code", _) => code = field::whole(json)?.value(),
            _ => json.skip()?,
        }
        key = json.next_key()?;
    }
    Ok(code)
}
