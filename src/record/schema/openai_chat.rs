//! `OpenAI` chat completions: the request's body, and the response's, whole or as the chunks of a stream.
//!
//! `reasoning_content` of an answer is not `OpenAI`'s own, but servers that speak its language write it.

use super::super::field::{self, Read, Wrong};
use super::super::json::{Json, Kind, Parsed};
use super::super::messages::{Conversation, tool_names};
use super::super::{Params, Reject, Usage};
use super::content::{self, Content, Pieces};
use super::{Marks, pair, time};
use crate::units::Millis;

/// What a request says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) model: Option<&'a str>,
    pub(super) user: Option<&'a str>,
    pub(super) conversation: Conversation<'a>,
    pub(super) tools: &'a [&'a str],
    pub(super) params: Params<'a>,
}

/// What a response says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answered<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) created: Option<Result<Millis, Reject>>,
    pub(super) model: Option<&'a str>,
    pub(super) text: Option<&'a str>,
    pub(super) reasoning: Option<&'a str>,
    pub(super) refusal: Option<&'a str>,
    pub(super) finish: Option<&'a str>,
    pub(super) usage: Usage,
}

/// A request's body.
pub(super) fn request<'a>(json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Asked<'a>>> {
    if json.peek()? != Kind::Object {
        return field::other(json);
    }
    let mut asked = Asked::default();
    let (mut user, mut safety, mut conversation) = (None, None, None);
    let mut limits = MaxTokens::default();
    let mut wrong = Wrong::new_in(json.arena());
    let mut key = json.open_object()?;
    while let Some(name) = key {
        match name {
            "model" => asked.model = field::text(json)?.value(),
            "user" => user = field::text(json)?.value(),
            "safety_identifier" => safety = field::text(json)?.value(),
            "messages" => wrong.put(name, &mut conversation, content::conversation(json, marks)?),
            "tools" => asked.tools = tool_names(json)?.value().unwrap_or_default(),
            _ => parameter(name, json, &mut asked.params, &mut limits)?,
        }
        key = json.next_key()?;
    }
    asked.user = user.or(safety);
    asked.conversation = conversation.unwrap_or_default();
    asked.params.max_tokens = limits.told();
    Ok(wrong.judge(asked))
}

/// The limit on an answer, under both of its names.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MaxTokens {
    completion: Option<u32>,
    plain: Option<u32>,
}

impl MaxTokens {
    pub(super) fn told(self) -> Option<u32> {
        self.completion.or(self.plain)
    }
}

/// A parameter. The customer chose it: what does not fit is absent.
pub(super) fn parameter<'a>(
    name: &str,
    json: &mut Json<'a>,
    params: &mut Params<'a>,
    limits: &mut MaxTokens,
) -> Parsed<()> {
    match name {
        "temperature" => params.temperature = field::float(json)?.value(),
        "top_p" => params.top_p = field::float(json)?.value(),
        "n" => params.n = field::whole(json)?.value(),
        "max_completion_tokens" => limits.completion = field::whole(json)?.value(),
        "max_tokens" => limits.plain = field::whole(json)?.value(),
        "seed" => params.seed = field::seed(json)?.value(),
        "logprobs" => params.logprobs = flag_or_count(json)?,
        "top_logprobs" => params.top_logprobs = field::whole(json)?.value(),
        "logit_bias" => params.logit_bias = field::count_or_map(json)?.value(),
        "response_format" => params.response_format = field::text_or_member(json, "type")?.value(),
        "reasoning_effort" => params.reasoning_effort = field::text_or_member(json, "effort")?.value(),
        "stream" => params.stream = field::flag(json)?.value(),
        _ => json.skip()?,
    }
    Ok(())
}

/// A switch, or a count of which more than none is on; what is neither is absent.
fn flag_or_count(json: &mut Json<'_>) -> Parsed<Option<bool>> {
    if json.peek()? == Kind::Number {
        return Ok(field::whole::<i64>(json)?.value().map(|count| count > 0));
    }
    Ok(field::flag(json)?.value())
}

/// A response's body: an object, or the array of a stream's chunks.
pub(super) fn response<'a>(json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Answered<'a>>> {
    let mut reader = Reader::new_in(json, marks);
    Ok(match pair::objects(json, |json| reader.object(json))? {
        Read::Value(()) => reader.end(),
        Read::Wrong => Read::Wrong,
        Read::Absent => Read::Absent,
    })
}

/// Responses and chunks that are being read.
pub(super) struct Reader<'a, 'm> {
    answered: Answered<'a>,
    text: Pieces<'a>,
    reasoning: Pieces<'a>,
    refusal: Pieces<'a>,
    pub(super) wrong: bool,
    marks: &'m Marks,
}

impl<'a, 'm> Reader<'a, 'm> {
    pub(super) fn new_in(json: &Json<'a>, marks: &'m Marks) -> Self {
        let [text, reasoning, refusal] = [(); 3].map(|()| Pieces::new_in(json.arena()));
        Reader { answered: Answered::default(), text, reasoning, refusal, wrong: false, marks }
    }

    fn object(&mut self, json: &mut Json<'a>) -> Parsed<()> {
        let mut key = json.open_object()?;
        while let Some(name) = key {
            self.member(name, json)?;
            key = json.next_key()?;
        }
        Ok(())
    }

    /// One member of a response, where the reader stands before its value.
    pub(super) fn member(&mut self, name: &str, json: &mut Json<'a>) -> Parsed<()> {
        let answered = &mut self.answered;
        match name {
            "id" => take(&mut answered.id, field::text(json)?, &mut self.wrong),
            "model" => take(&mut answered.model, field::text(json)?, &mut self.wrong),
            "created" => answered.created = time::moment(json)?.or(answered.created),
            "usage" => match usage(json)? {
                Read::Value(usage) => answered.usage = usage,
                Read::Wrong => self.wrong = true,
                Read::Absent => {}
            },
            "choices" => self.choices(json)?,
            _ => json.skip()?,
        }
        Ok(())
    }

    pub(super) fn end(self) -> Read<Answered<'a>> {
        if self.wrong {
            return Read::Wrong;
        }
        let (text, reasoning) = (self.text.text(self.marks), self.reasoning.text(self.marks));
        Read::Value(Answered { text, reasoning, refusal: self.refusal.text(self.marks), ..self.answered })
    }

    fn choices(&mut self, json: &mut Json<'a>) -> Parsed<()> {
        if json.peek()? != Kind::Array {
            self.wrong |= field::other::<()>(json)? == Read::Wrong;
            return Ok(());
        }
        let mut position = 0;
        let mut more = json.open_array()?;
        while more {
            match json.peek()? {
                Kind::Object => self.choice(position, json)?,
                _ => self.wrong |= field::other::<()>(json)? == Read::Wrong,
            }
            position += 1;
            more = json.next_item()?;
        }
        Ok(())
    }

    /// A whole answer counts by its position, a piece of one by the index that it names.
    fn choice(&mut self, position: u64, json: &mut Json<'a>) -> Parsed<()> {
        let (mut index, mut finish) = (None, None);
        let (mut whole, mut delta): (Option<Content<'a>>, Option<Content<'a>>) = (None, None);
        let mut key = json.open_object()?;
        while let Some(name) = key {
            match name {
                "index" => index = field::whole::<u64>(json)?.value(),
                "finish_reason" => take(&mut finish, field::text(json)?, &mut self.wrong),
                "message" => {
                    let read = content::message(json, self.marks)?;
                    take_content(&mut whole, read, &mut self.wrong);
                }
                "delta" => {
                    // a piece of a text may look like a mark: only the whole is one
                    let read = content::message(json, &Marks::parse(""))?;
                    take_content(&mut delta, read, &mut self.wrong);
                }
                _ => json.skip()?,
            }
            key = json.next_key()?;
        }
        let number = if delta.is_some() { index.unwrap_or(position) } else { position };
        for said in [whole, delta].into_iter().flatten() {
            self.text.add(number, said.text);
            self.reasoning.add(number, said.reasoning);
            self.refusal.add(number, said.refusal);
        }
        if number == 0 {
            self.answered.finish = finish.or(self.answered.finish);
        }
        Ok(())
    }
}

/// A later value replaces an earlier one; a later `null` does not.
fn take<T>(slot: &mut Option<T>, read: Read<T>, wrong: &mut bool) {
    match read {
        Read::Value(value) => *slot = Some(value),
        Read::Wrong => *wrong = true,
        Read::Absent => {}
    }
}

fn take_content<'a>(slot: &mut Option<Content<'a>>, read: Read<content::Message<'a>>, wrong: &mut bool) {
    match read {
        Read::Value(message) => *slot = Some(message.content),
        Read::Wrong => *wrong = true,
        Read::Absent => {}
    }
}

/// `usage`: input includes cached, output includes reasoning.
pub(super) fn usage(json: &mut Json<'_>) -> Parsed<Read<Usage>> {
    field::object(json, |name, json, usage: &mut Usage, wrong| {
        match name {
            "prompt_tokens" => wrong.put(name, &mut usage.input, field::whole(json)?),
            "completion_tokens" => wrong.put(name, &mut usage.output, field::whole(json)?),
            "prompt_tokens_details" => wrong.put(name, &mut usage.cached, count_in(json, "cached_tokens")?),
            "completion_tokens_details" => wrong.put(name, &mut usage.reasoning, count_in(json, "reasoning_tokens")?),
            _ => json.skip()?,
        }
        Ok(())
    })
}

/// The count that an object holds under `wanted`.
pub(super) fn count_in(json: &mut Json<'_>, wanted: &str) -> Parsed<Read<u32>> {
    if json.peek()? != Kind::Object {
        return field::other(json);
    }
    let mut count = Read::Absent;
    let mut key = json.open_object()?;
    while let Some(name) = key {
        if name == wanted {
            count = field::whole(json)?;
        } else {
            json.skip()?;
        }
        key = json.next_key()?;
    }
    Ok(count)
}
