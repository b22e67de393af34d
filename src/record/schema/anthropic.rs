//! Anthropic messages: the request's body, and the response's, whole or as the events of a stream.
//!
//! `thinking` of a request counts as reasoning effort by its type (`enabled`, `adaptive`, `disabled`). Input counts
//! here leave both cache counts out, and are added up; those of a stream's later events replace the earlier ones.

use super::super::Usage;
use super::super::field::{self, Read, Wrong};
use super::super::json::{Json, Kind, Parsed};
use super::super::messages::tool_names;
use super::content::{self, Content, Pieces};
use super::openai_chat::{Answered, Asked, count_in};
use super::{Marks, pair};

/// A request's body.
pub(super) fn request<'a>(json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Asked<'a>>> {
    if json.peek()? != Kind::Object {
        return field::other(json);
    }
    let mut asked = Asked::default();
    let (mut system, mut conversation) = (None, None);
    let mut wrong = Wrong::new_in(json.arena());
    let params = &mut asked.params;
    let mut key = json.open_object()?;
    while let Some(name) = key {
        match name {
            "model" => asked.model = field::text(json)?.value(),
            "system" => wrong.put(name, &mut system, content::content(json, marks)?),
            "messages" => wrong.put(name, &mut conversation, content::conversation(json, marks)?),
            "tools" => asked.tools = tool_names(json)?.value().unwrap_or_default(),
            "metadata" => asked.user = member(json, "user_id")?,
            "thinking" => params.reasoning_effort = member(json, "type")?,
            "temperature" => params.temperature = field::float(json)?.value(),
            "top_p" => params.top_p = field::float(json)?.value(),
            "max_tokens" => params.max_tokens = field::whole(json)?.value(),
            "stream" => params.stream = field::flag(json)?.value(),
            _ => json.skip()?,
        }
        key = json.next_key()?;
    }
    asked.conversation = conversation.unwrap_or_default();
    asked.conversation.system = system.and_then(|system: Content<'a>| system.text).or(asked.conversation.system);
    Ok(wrong.judge(asked))
}

/// A text inside an object, if both are what they should be.
fn member<'a>(json: &mut Json<'a>, name: &str) -> Parsed<Option<&'a str>> {
    if json.peek()? != Kind::Object {
        return json.skip().map(|()| None);
    }
    Ok(field::text_or_member(json, name)?.value())
}

/// A response's body: a message, or the array of a stream's events.
pub(super) fn response<'a>(json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Answered<'a>>> {
    let mut reader = Reader::new_in(json, marks);
    Ok(match pair::objects(json, |json| reader.object(json))? {
        Read::Value(()) => reader.end(),
        Read::Wrong => Read::Wrong,
        Read::Absent => Read::Absent,
    })
}

/// Messages and events that are being read.
struct Reader<'a, 'm> {
    answered: Answered<'a>,
    text: Pieces<'a>,
    reasoning: Pieces<'a>,
    counts: Counts,
    wrong: bool,
    marks: &'m Marks,
}

/// Tokens as Anthropic counts them.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    input: Option<u32>,
    cache_read: Option<u32>,
    cache_creation: Option<u32>,
    output: Option<u32>,
    thinking: Option<u32>,
}

impl<'a, 'm> Reader<'a, 'm> {
    fn new_in(json: &Json<'a>, marks: &'m Marks) -> Self {
        let [text, reasoning] = [(); 2].map(|()| Pieces::new_in(json.arena()));
        Reader { answered: Answered::default(), text, reasoning, counts: Counts::default(), wrong: false, marks }
    }

    /// A message, or an event: their names do not overlap but for `usage`, which means the same.
    fn object(&mut self, json: &mut Json<'a>) -> Parsed<()> {
        let (mut index, mut pieces) = (0, Content::default());
        let mut key = json.open_object()?;
        while let Some(name) = key {
            match name {
                "id" => self.take(json, |answered| &mut answered.id)?,
                "model" => self.take(json, |answered| &mut answered.model)?,
                "stop_reason" => self.take(json, |answered| &mut answered.finish)?,
                "stop_details" => self.stop_details(json)?,
                "usage" => self.usage(json)?,
                "content" => self.blocks(json)?,
                "message" if json.peek()? == Kind::Object => self.message(json)?,
                "index" => index = field::whole::<u64>(json)?.value().unwrap_or_default(),
                "content_block" => {
                    let block = content::content(json, &Marks::parse(""))?;
                    self.wrong |= block == Read::Wrong;
                    pieces = block.value().unwrap_or(pieces);
                }
                "delta" => pieces = self.delta(json)?,
                _ => json.skip()?,
            }
            key = json.next_key()?;
        }
        self.text.add(index, pieces.text);
        self.reasoning.add(index, pieces.reasoning);
        Ok(())
    }

    /// The message inside a stream's first event: the same names, without events in it.
    fn message(&mut self, json: &mut Json<'a>) -> Parsed<()> {
        let mut key = json.open_object()?;
        while let Some(name) = key {
            match name {
                "id" => self.take(json, |answered| &mut answered.id)?,
                "model" => self.take(json, |answered| &mut answered.model)?,
                "usage" => self.usage(json)?,
                _ => json.skip()?,
            }
            key = json.next_key()?;
        }
        Ok(())
    }

    /// A later value replaces an earlier one; a later `null` does not.
    fn take(
        &mut self,
        json: &mut Json<'a>,
        slot: impl for<'s> FnOnce(&'s mut Answered<'a>) -> &'s mut Option<&'a str>,
    ) -> Parsed<()> {
        match field::text(json)? {
            Read::Value(value) => *slot(&mut self.answered) = Some(value),
            Read::Wrong => self.wrong = true,
            Read::Absent => {}
        }
        Ok(())
    }

    fn blocks(&mut self, json: &mut Json<'a>) -> Parsed<()> {
        match content::content(json, self.marks)? {
            Read::Value(content) => {
                self.text.add(0, content.text);
                self.reasoning.add(0, content.reasoning);
            }
            Read::Wrong => self.wrong = true,
            Read::Absent => {}
        }
        Ok(())
    }

    /// A piece of a block, or why the message ended.
    fn delta(&mut self, json: &mut Json<'a>) -> Parsed<Content<'a>> {
        let mut pieces = Content::default();
        if json.peek()? != Kind::Object {
            self.wrong |= field::other::<()>(json)? == Read::Wrong;
            return Ok(pieces);
        }
        let mut key = json.open_object()?;
        while let Some(name) = key {
            match name {
                "text" => pieces.text = field::text(json)?.value(),
                "thinking" => pieces.reasoning = field::text(json)?.value(),
                "stop_reason" => self.take(json, |answered| &mut answered.finish)?,
                "stop_details" => self.stop_details(json)?,
                _ => json.skip()?,
            }
            key = json.next_key()?;
        }
        Ok(pieces)
    }

    fn stop_details(&mut self, json: &mut Json<'a>) -> Parsed<()> {
        self.answered.refusal = member(json, "category")?.or(self.answered.refusal);
        Ok(())
    }

    fn usage(&mut self, json: &mut Json<'a>) -> Parsed<()> {
        let read = field::object(json, |name, json, counts: &mut Counts, wrong| {
            match name {
                "input_tokens" => wrong.put(name, &mut counts.input, field::whole(json)?),
                "cache_read_input_tokens" => wrong.put(name, &mut counts.cache_read, field::whole(json)?),
                "cache_creation_input_tokens" => wrong.put(name, &mut counts.cache_creation, field::whole(json)?),
                "output_tokens" => wrong.put(name, &mut counts.output, field::whole(json)?),
                "output_tokens_details" => wrong.put(name, &mut counts.thinking, count_in(json, "thinking_tokens")?),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        self.wrong |= matches!(read, Read::Wrong);
        if let Read::Value(later) = read {
            let Counts { input, cache_read, cache_creation, output, thinking } = &mut self.counts;
            for (slot, later) in [
                (input, later.input),
                (cache_read, later.cache_read),
                (cache_creation, later.cache_creation),
                (output, later.output),
                (thinking, later.thinking),
            ] {
                *slot = later.or(*slot);
            }
        }
        Ok(())
    }

    fn end(self) -> Read<Answered<'a>> {
        if self.wrong {
            return Read::Wrong;
        }
        let Counts { input, cache_read, cache_creation, output, thinking } = self.counts;
        let input = [input, cache_read, cache_creation].into_iter().flatten().reduce(u32::saturating_add);
        let usage = Usage { input, output, reasoning: thinking, cached: cache_read };
        let (text, reasoning) = (self.text.text(self.marks), self.reasoning.text(self.marks));
        Read::Value(Answered { text, reasoning, usage, ..self.answered })
    }
}
