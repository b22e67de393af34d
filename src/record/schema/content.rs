//! Messages and their content, in the shapes of all schemas: a string, or blocks that are told apart by `type`.
//!
//! | block | is |
//! |---|---|
//! | `text`, `input_text`, `output_text`, no type | text, in `text` or `content` |
//! | `thinking`, `redacted_thinking`, `reasoning…` | reasoning, in `thinking`, `content` or `text`, or sealed |
//! | `refusal` | refusal |
//! | `tool_result`, `tool_call_response` | what a tool said: a message of its own, whoever's message it stands in |
//! | anything else | its `text`, if it has one |

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::super::field::{self, Read, Wrong};
use super::super::json::{Json, Kind, Parsed};
use super::super::messages::{Conversation, Joined, Telling, text_or_parts};
use super::super::{Utterance, sealed};
use super::Marks;

/// What a message's content holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Content<'a> {
    /// Text of the one who speaks.
    pub text: Option<&'a str>,
    /// Reasoning.
    pub reasoning: Option<&'a str>,
    /// Reasoning that only its provider can read.
    pub sealed: Option<&'a str>,
    /// A refusal in words.
    pub refusal: Option<&'a str>,
    /// What tools said.
    pub tool: Option<&'a str>,
    /// Whether tools said anything, if only without text.
    pub has_tool_result: bool,
}

/// One message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: Option<&'a str>,
    /// What is said.
    pub content: Content<'a>,
    /// Why it ended, where messages say so.
    pub finish: Option<&'a str>,
}

/// Blocks that are being read.
struct Reader<'a, 'm> {
    text: Joined<'a>,
    reasoning: Joined<'a>,
    refusal: Joined<'a>,
    tool: Joined<'a>,
    sealed: Option<&'a str>,
    has_tool_result: bool,
    marks: &'m Marks,
}

/// A string, a block, or an array of strings and blocks.
pub fn content<'a>(json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Content<'a>>> {
    let mut reader = Reader::new_in(json.arena(), marks);
    let read = match json.peek()? {
        Kind::String | Kind::Object => reader.item(json)?,
        Kind::Array => {
            let mut read = Read::Value(());
            let mut more = json.open_array()?;
            while more {
                if reader.item(json)? == Read::Wrong {
                    read = Read::Wrong;
                }
                more = json.next_item()?;
            }
            read
        }
        _ => return field::other(json),
    };
    Ok(if read == Read::Wrong { Read::Wrong } else { Read::Value(reader.end()) })
}

/// A message: its content in `content` or `parts`.
pub fn message<'a>(json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Message<'a>>> {
    if json.peek()? != Kind::Object {
        return field::other(json);
    }
    let (mut role, mut said, mut parts, mut blocks) = (None, None, None, None);
    let (mut refusal, mut reasoning, mut finish) = (None, None, None);
    let mut wrong = Wrong::new_in(json.arena());
    let mut key = json.open_object()?;
    while let Some(name) = key {
        match name {
            "role" => wrong.put(name, &mut role, field::text(json)?),
            "content" => wrong.put(name, &mut said, content(json, marks)?),
            "parts" => wrong.put(name, &mut parts, content(json, marks)?),
            // not in every schema, so never a reason to reject
            "refusal" => refusal = field::text(json)?.value(),
            // some have them beside the content
            "thinking_blocks" | "reasoning_details" => blocks = content(json, marks)?.value(),
            "reasoning_content" => reasoning = field::text(json)?.value(),
            "finish_reason" => finish = field::text(json)?.value(),
            _ => json.skip()?,
        }
        key = json.next_key()?;
    }
    let mut content: Content<'a> = said.or(parts).unwrap_or_default();
    content.sealed = content.sealed.or(blocks.and_then(|blocks: Content<'a>| blocks.sealed));
    content.refusal = content.refusal.or(refusal.and_then(|text| marks.text(text)));
    content.reasoning = content.reasoning.or(reasoning.and_then(|text| marks.text(text)));
    Ok(wrong.judge(Message { role, content, finish }))
}

/// An array of messages. What tools said inside a user's message is no prompt.
pub fn conversation<'a>(json: &mut Json<'a>, marks: &Marks) -> Parsed<Read<Conversation<'a>>> {
    if json.peek()? != Kind::Array {
        return field::other(json);
    }
    let mut talk = Talk::new_in(json.arena());
    let mut wrong = false;
    let mut more = json.open_array()?;
    while more {
        match message(json, marks)? {
            Read::Absent => {}
            Read::Wrong => wrong = true,
            Read::Value(message) => talk.add(&message),
        }
        more = json.next_item()?;
    }
    Ok(if wrong { Read::Wrong } else { Read::Value(talk.end()) })
}

/// A conversation of which every message is kept.
pub(super) struct Talk<'a> {
    telling: Telling<'a>,
    messages: BumpVec<'a, Utterance<'a>>,
}

impl<'a> Talk<'a> {
    pub(super) fn new_in(arena: &'a Bump) -> Self {
        Talk { telling: Telling::new_in(arena), messages: BumpVec::new_in(arena) }
    }

    pub(super) fn add(&mut self, message: &Message<'a>) {
        let Message { role, content, .. } = message;
        if content.has_tool_result {
            self.say("tool", content.tool);
        }
        if !content.has_tool_result || content.text.is_some() {
            self.say(role.unwrap_or_default(), content.text);
            self.seal(role.unwrap_or_default(), content.sealed);
        }
    }

    pub(super) fn say(&mut self, role: &'a str, text: Option<&'a str>) {
        self.telling.add(role, text);
        self.messages.push(Utterance { role, text, sealed: None });
    }

    fn seal(&mut self, role: &'a str, block: Option<&'a str>) {
        self.telling.seal(role, block);
        if let Some(last) = self.messages.last_mut() {
            last.sealed = block;
        }
    }

    pub(super) fn end(self) -> Conversation<'a> {
        Conversation { messages: self.messages.into_bump_slice(), ..self.telling.end() }
    }
}

impl<'a, 'm> Reader<'a, 'm> {
    fn new_in(arena: &'a Bump, marks: &'m Marks) -> Self {
        let [text, reasoning, refusal, tool] = [(); 4].map(|()| Joined::new_in(arena));
        Reader { text, reasoning, refusal, tool, sealed: None, has_tool_result: false, marks }
    }

    fn item(&mut self, json: &mut Json<'a>) -> Parsed<Read<()>> {
        match json.peek()? {
            Kind::String => {
                let text = json.string()?;
                self.text.add(self.marks.text(text));
                Ok(Read::Value(()))
            }
            Kind::Object => self.block(json),
            _ => field::other(json),
        }
    }

    fn block(&mut self, json: &mut Json<'a>) -> Parsed<Read<()>> {
        let (mut kind, mut text) = (None, None);
        let (mut thinking, mut inner, mut refusal, mut block) = (None, None, None, None);
        let mut wrong = Wrong::new_in(json.arena());
        let mut key = json.open_object()?;
        while let Some(name) = key {
            match name {
                "type" => wrong.put(name, &mut kind, field::text(json)?),
                "text" => wrong.put(name, &mut text, field::text_or_member(json, "value")?),
                "thinking" => thinking = field::text(json)?.value(),
                "content" | "result" | "response" => inner = text_or_parts(json)?.value(),
                "refusal" => refusal = field::text(json)?.value(),
                name if sealed::is_seal(name) => block = field::text(json)?.value(),
                _ => json.skip()?,
            }
            key = json.next_key()?;
        }
        let kept = |text: Option<&'a str>| text.and_then(|text| self.marks.text(text));
        match kind {
            None | Some("text" | "input_text" | "output_text") => self.text.add(kept(text.or(inner))),
            Some(kind) if sealed::is_reasoning(kind) => {
                self.reasoning.add(kept(thinking.or(inner).or(text)));
                self.sealed = block.and_then(sealed::block).or(self.sealed);
            }
            Some("refusal") => self.refusal.add(kept(refusal.or(inner))),
            Some("tool_result" | "tool_call_response") => {
                self.has_tool_result = true;
                self.tool.add(kept(inner.or(text)));
            }
            Some(_) => self.text.add(kept(text)),
        }
        Ok(wrong.judge(()))
    }

    fn end(self) -> Content<'a> {
        Content {
            text: self.text.text(),
            reasoning: self.reasoning.text(),
            refusal: self.refusal.text(),
            tool: self.tool.text(),
            sealed: self.sealed,
            has_tool_result: self.has_tool_result,
        }
    }
}

/// Texts that arrive in pieces, each piece with the number of the text that it continues.
pub(super) struct Pieces<'a> {
    texts: Vec<(u64, Joined<'a>)>,
    arena: &'a Bump,
}

impl<'a> Pieces<'a> {
    /// More texts than this become one: no answer has them, and a search among them must stay short.
    const MOST: usize = 128;

    pub(super) fn new_in(arena: &'a Bump) -> Self {
        Pieces { texts: Vec::new(), arena }
    }

    pub(super) fn add(&mut self, number: u64, text: Option<&'a str>) {
        let Some(text) = text else { return };
        let known = self.texts.iter().rposition(|(known, _)| *known == number);
        if known.is_none() && self.texts.len() < Pieces::MOST {
            self.texts.push((number, Joined::pieces_in(self.arena)));
        }
        let place = known.unwrap_or(self.texts.len().saturating_sub(1));
        if let Some((_, joined)) = self.texts.get_mut(place) {
            joined.add(Some(text));
        }
    }

    /// All texts by their numbers, without those that are marks.
    pub(super) fn text(mut self, marks: &Marks) -> Option<&'a str> {
        self.texts.sort_by_key(|(number, _)| *number);
        let mut all = Joined::new_in(self.arena);
        for (_, joined) in self.texts {
            all.add(joined.text().and_then(|text| marks.text(text)));
        }
        all.text()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::record::Turns;

    #[test]
    fn blocks_are_what_their_type_says() {
        let arena = Bump::new();
        let text = r#"[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"x"},"a",
            {"type":"text","text":"b"},{"type":"text","content":"c"},{"type":"image","source":{}},{"type":"refusal","refusal":"no"},
            {"type":"text","text":"[REDACTED]"},{"type":"tool_use","input":{"text":1}},{"type":"reasoning","content":"so"},null]"#;
        let found = content(&mut Json::new(text, &arena), &Marks::default()).unwrap();
        let text = Some("a\nb\nc");
        assert_eq!(
            found,
            Read::Value(Content { text, reasoning: Some("hm\nso"), refusal: Some("no"), ..Content::default() })
        );
        for wrong in ["7", "[7]", r#"[{"type":7}]"#, r#"[{"type":"text","text":7}]"#, "true"] {
            assert_eq!(content(&mut Json::new(wrong, &arena), &Marks::default()), Ok(Read::Wrong), "{wrong}");
        }
    }

    #[test]
    fn what_a_tool_said_is_no_prompt() {
        let arena = Bump::new();
        let text = r#"[{"role":"user","content":"find it"},{"role":"assistant","content":[{"type":"tool_use","id":"1"}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":"found"}]}]},
            {"role":"assistant","content":[{"type":"tool_use","id":"2"}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"2","content":"again"}]}]"#;
        let told = conversation(&mut Json::new(text, &arena), &Marks::default()).unwrap().value().unwrap();
        assert_eq!(told.prompt, Some("find it"));
        assert_eq!(told.turns, Turns { messages: 5, assistant: 0, context_bytes: 0, prefill: false });
        let mixed =
            r#"[{"role":"user","content":[{"type":"tool_result","content":"found"},{"type":"text","text":"go on"}]}]"#;
        let told = conversation(&mut Json::new(mixed, &arena), &Marks::default()).unwrap().value().unwrap();
        assert_eq!((told.prompt, told.turns.messages, told.turns.context_bytes), (Some("go on"), 2, 5));
    }

    #[test]
    fn pieces_join_by_number_and_have_a_limit() {
        let arena = Bump::new();
        let mut pieces = Pieces::new_in(&arena);
        for (number, text) in [(1, "c"), (0, "a"), (1, "d"), (0, "b"), (2, "REDACTED")] {
            pieces.add(number, Some(text));
        }
        assert_eq!(pieces.text(&Marks::default()), Some("ab\ncd"));
        let mut many = Pieces::new_in(&arena);
        (0..100_000).for_each(|number| many.add(number, Some("x")));
        assert_eq!(many.texts.len(), Pieces::MOST);
        assert_eq!(many.text(&Marks::default()).unwrap().bytes().filter(|byte| *byte == b'x').count(), 100_000);
    }
}
