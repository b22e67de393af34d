//! What was said, in the places of each generation of the conventions. The newest that says anything counts, for what
//! was asked and for what was answered by itself.
//!
//! | generation | asked | answered |
//! |---|---|---|
//! | 3, from v1.37 | `gen_ai.system_instructions`, `gen_ai.input.messages` | `gen_ai.output.messages` |
//! | 2, v1.28 to v1.36 | log events `gen_ai.{system,user,assistant,tool}.message` | log events `gen_ai.choice` |
//! | 1, to v1.27 | span events' `gen_ai.prompt` | span events' `gen_ai.completion` |
//! | in the field | `gen_ai.prompt.N.…`, `llm.input_messages.N.message.…` | `gen_ai.completion.N.…`, `llm.output_messages.N.message.…` |
//!
//! Structured values may be JSON in a string. What is none (some write Python's form of it) is plain text.

use std::collections::BTreeMap;

use bumpalo::Bump;

use super::super::super::field::Read;
use super::super::super::json::{Json, Kind};
use super::super::super::messages::{Conversation, Joined};
use super::super::Marks;
use super::super::content::{self, Content, Message, Talk};
use super::any::Any;
use super::gather::{Group, event_name, numbered};

/// What was said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) system: Option<&'a str>,
    pub(super) conversation: Conversation<'a>,
    pub(super) response: Option<&'a str>,
    pub(super) reasoning: Option<&'a str>,
    pub(super) refusal: Option<&'a str>,
    pub(super) finish: Option<&'a str>,
}

/// Whether a log event is a message of the second generation.
pub(super) fn is_message(event: &str) -> bool {
    event == CHOICE || role_of(event).is_some()
}

const CHOICE: &str = "gen_ai.choice";

fn role_of(event: &str) -> Option<&'static str> {
    Some(match event {
        "gen_ai.system.message" => "system",
        "gen_ai.user.message" => "user",
        "gen_ai.assistant.message" => "assistant",
        "gen_ai.tool.message" => "tool",
        _ => return None,
    })
}

/// Everything that the items of an exchange say.
pub(super) fn gather<'a>(group: &Group<'_, 'a>, marks: &Marks, arena: &'a Bump) -> Said<'a> {
    let reader = Reader { group, marks, arena };
    let asked = [Reader::asked_3, Reader::asked_2, Reader::asked_1, Reader::asked_numbered];
    let asked = asked.iter().map(|read| read(&reader)).find(|messages| !messages.is_empty()).unwrap_or_default();
    let answered = [Reader::answered_3, Reader::answered_2, Reader::answered_1, Reader::answered_numbered];
    let answered = answered.iter().map(|read| read(&reader)).find(|messages| !messages.is_empty()).unwrap_or_default();
    let mut talk = Talk::new_in(arena);
    for message in &asked {
        talk.add(message);
    }
    let conversation = talk.end();
    let [mut text, mut reasoning, mut refusal] = [(); 3].map(|()| Joined::new_in(arena));
    for Message { content, .. } in &answered {
        text.add(content.text);
        reasoning.add(content.reasoning);
        refusal.add(content.refusal);
    }
    Said {
        system: reader.instructions().or(conversation.system),
        conversation,
        response: text.text(),
        reasoning: reasoning.text(),
        refusal: refusal.text(),
        finish: answered.iter().find_map(|message| message.finish),
    }
}

struct Reader<'r, 'i, 'a> {
    group: &'r Group<'i, 'a>,
    marks: &'r Marks,
    arena: &'a Bump,
}

type Messages<'a> = Vec<Message<'a>>;

impl<'a> Reader<'_, '_, 'a> {
    fn instructions(&self) -> Option<&'a str> {
        let written = self.group.get(&["gen_ai.system_instructions"])?.json(self.arena)?;
        self.content(written).text
    }

    fn asked_3(&self) -> Messages<'a> {
        self.attribute("gen_ai.input.messages", "user")
    }

    fn answered_3(&self) -> Messages<'a> {
        self.attribute("gen_ai.output.messages", "assistant")
    }

    fn attribute(&self, name: &str, role: &'static str) -> Messages<'a> {
        self.group.get(&[name]).map_or_else(Vec::new, |value| self.messages(value, role))
    }

    fn asked_2(&self) -> Messages<'a> {
        let logs = self.group.logs.iter();
        logs.filter_map(|log| {
            let role = role_of(event_name(log)?)?;
            Some(self.body(log.body, role))
        })
        .collect()
    }

    /// Answers by their index, whatever order the events came in.
    fn answered_2(&self) -> Messages<'a> {
        let choices = self.group.logs.iter().filter(|log| event_name(log) == Some(CHOICE));
        let mut choices: Vec<(i64, Message<'a>)> = choices
            .map(|log| {
                let message = self.body(log.body.member("message").unwrap_or(log.body), "assistant");
                let finish = log.body.member("finish_reason").and_then(Any::text);
                let index = log.body.member("index").and_then(Any::whole).unwrap_or_default();
                (index, Message { finish, ..message })
            })
            .collect();
        choices.sort_by_key(|(index, _)| *index);
        choices.into_iter().map(|(_, message)| message).collect()
    }

    fn asked_1(&self) -> Messages<'a> {
        self.span_events("gen_ai.content.prompt", "gen_ai.prompt", "user")
    }

    fn answered_1(&self) -> Messages<'a> {
        self.span_events("gen_ai.content.completion", "gen_ai.completion", "assistant")
    }

    fn span_events(&self, event: &str, attribute: &str, role: &'static str) -> Messages<'a> {
        let events = self.group.span.into_iter().flat_map(|span| span.events);
        let values = events.filter(|found| found.name == event).filter_map(|found| found.attributes.get(attribute));
        values.flat_map(|value| self.messages(value, role)).collect()
    }

    fn asked_numbered(&self) -> Messages<'a> {
        let mine = self.numbered("gen_ai.prompt.", "user");
        if mine.is_empty() { self.numbered("llm.input_messages.", "user") } else { mine }
    }

    fn answered_numbered(&self) -> Messages<'a> {
        let mine = self.numbered("gen_ai.completion.", "assistant");
        if mine.is_empty() { self.numbered("llm.output_messages.", "assistant") } else { mine }
    }

    fn numbered(&self, prefix: &str, role: &'static str) -> Messages<'a> {
        let mut all: BTreeMap<u32, Message<'a>> = BTreeMap::new();
        for (number, name, value) in self.group.items().flat_map(|item| numbered(&item.attributes, prefix)) {
            let Some(text) = value.text() else { continue };
            let message = || Message { role: Some(role), ..Message::default() };
            match name {
                "role" | "message.role" => all.entry(number).or_insert_with(message).role = Some(text),
                "content" | "message.content" => {
                    all.entry(number).or_insert_with(message).content.text = self.marks.text(text);
                }
                "finish_reason" => all.entry(number).or_insert_with(message).finish = Some(text),
                _ => {}
            }
        }
        all.into_values().collect()
    }

    /// A list of messages, one message, or a text by whoever speaks here.
    fn messages(&self, value: Any<'a>, role: &'static str) -> Messages<'a> {
        let Some(written) = value.json(self.arena) else { return Vec::new() };
        let structured = self.structured(written).map(|mut messages| {
            for message in &mut messages {
                message.role = message.role.or(Some(role));
            }
            messages
        });
        structured.unwrap_or_else(|| vec![self.plain(written, role)])
    }

    /// Messages, if the text is JSON of some; an object may hold them under `messages`.
    fn structured(&self, written: &'a str) -> Option<Messages<'a>> {
        let mut json = Json::new(written, self.arena);
        let mut all = Vec::new();
        match json.peek().ok()? {
            Kind::Array => self.list(&mut json, &mut all)?,
            Kind::Object => {
                let mut probe = json.clone();
                let mut key = probe.open_object().ok()?;
                let mut held = false;
                while let Some(name) = key {
                    if name == "messages" && probe.peek().ok()? == Kind::Array {
                        all.clear();
                        held = true;
                        self.list(&mut probe, &mut all)?;
                    } else {
                        probe.skip().ok()?;
                    }
                    key = probe.next_key().ok()?;
                }
                if held {
                    json = probe;
                } else {
                    all.extend(content::message(&mut json, self.marks).ok()?.value());
                }
            }
            _ => return None,
        }
        json.finish().ok()?;
        Some(all)
    }

    fn list(&self, json: &mut Json<'a>, all: &mut Messages<'a>) -> Option<()> {
        let mut more = json.open_array().ok()?;
        while more {
            match content::message(json, self.marks).ok()? {
                Read::Value(message) => all.push(message),
                Read::Absent => {}
                Read::Wrong => return None,
            }
            more = json.next_item().ok()?;
        }
        Some(())
    }

    /// The body of a log event: a text, or an object with `content` and perhaps `role`.
    fn body(&self, body: Any<'a>, role: &'static str) -> Message<'a> {
        let told = body.member("role").and_then(Any::text).unwrap_or(role);
        let content = match body {
            Any::Map(_) => body.member("content").unwrap_or_default(),
            other => other,
        };
        let said = match content {
            Any::Text(text) => Content { text: self.marks.text(text), ..Content::default() },
            other => other.json(self.arena).map_or_else(Content::default, |written| self.content(written)),
        };
        Message { role: Some(told), content: said, finish: None }
    }

    /// Content as JSON, else as plain text.
    fn content(&self, written: &'a str) -> Content<'a> {
        let mut json = Json::new(written, self.arena);
        let structured = matches!(json.peek(), Ok(Kind::Array | Kind::Object));
        let read = if structured { content::content(&mut json, self.marks).ok() } else { None };
        match read.filter(|_| json.finish().is_ok()) {
            Some(Read::Value(content)) => content,
            _ => Content { text: self.marks.text(written), ..Content::default() },
        }
    }

    fn plain(&self, text: &'a str, role: &'static str) -> Message<'a> {
        let content = Content { text: self.marks.text(text), ..Content::default() };
        Message { role: Some(role), content, finish: None }
    }
}
