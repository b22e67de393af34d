//! Conversations: messages, parts of content, and the tools that were offered.
//!
//! Content is a string or an array of parts; the texts of the parts are joined by a line feed. One text is
//! borrowed as it is, only several are copied, into the arena.

use bumpalo::Bump;
use bumpalo::collections::{String as BumpString, Vec as BumpVec};

use super::field::{self, Read, Wrong};
use super::json::{Json, Kind, Parsed};
use super::{Turns, Utterance, sealed};

/// More tools than this are read and not kept: no agent has them, and names would cost more than the record.
pub const MAX_TOOLS: usize = 1024;

/// What `messages` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conversation<'a> {
    /// Text of the last user message.
    pub prompt: Option<&'a str>,
    /// Texts of the system and developer messages.
    pub system: Option<&'a str>,
    /// What stands before the last user message, or all where there is none.
    pub turns: Turns,
    /// The first user message: where the conversation began.
    pub opening: Option<&'a str>,
    /// The last sealed reasoning that is sent back.
    pub sealed: Option<&'a str>,
    /// All messages, where they are kept.
    pub messages: &'a [Utterance<'a>],
}

/// An array of messages. A `null` among them is not one.
pub fn conversation<'a>(json: &mut Json<'a>) -> Parsed<Read<Conversation<'a>>> {
    if json.peek()? != Kind::Array {
        return field::other(json);
    }
    let mut telling = Telling::new_in(json.arena());
    let mut wrong = false;
    let mut more = json.open_array()?;
    while more {
        match message(json)? {
            Read::Absent => {}
            Read::Wrong => wrong = true,
            Read::Value(Message { role, text, sealed }) => {
                let role = role.unwrap_or_default();
                telling.add(role, text);
                telling.seal(role, sealed);
            }
        }
        more = json.next_item()?;
    }
    Ok(if wrong { Read::Wrong } else { Read::Value(telling.end()) })
}

/// A conversation that is being read, message by message.
pub struct Telling<'a> {
    told: Conversation<'a>,
    system: Joined<'a>,
    before_prompt: Option<Turns>,
    so_far: Turns,
}

impl<'a> Telling<'a> {
    /// Nothing said yet.
    pub fn new_in(arena: &'a Bump) -> Self {
        let system = Joined::new_in(arena);
        Telling { told: Conversation::default(), system, before_prompt: None, so_far: Turns::default() }
    }

    /// The next message.
    pub fn add(&mut self, role: &str, text: Option<&'a str>) {
        self.seal(role, text.filter(|_| role == "assistant").and_then(sealed::run));
        let bytes = text.map_or(0, str::len) as u32;
        let so_far = &mut self.so_far;
        so_far.messages = so_far.messages.saturating_add(1);
        so_far.prefill = role == "assistant";
        match role {
            "system" | "developer" => self.system.add(text),
            "user" => {
                self.told.prompt = text;
                self.told.opening = self.told.opening.or(text);
                self.before_prompt = Some(*so_far);
                so_far.context_bytes = so_far.context_bytes.saturating_add(bytes);
            }
            _ => {
                so_far.assistant = so_far.assistant.saturating_add(u32::from(role == "assistant"));
                so_far.context_bytes = so_far.context_bytes.saturating_add(bytes);
            }
        }
    }

    /// Reasoning that comes with that message.
    pub fn seal(&mut self, role: &str, block: Option<&'a str>) {
        if role == "assistant" {
            self.told.sealed = block.or(self.told.sealed);
        }
    }

    /// All of it.
    pub fn end(self) -> Conversation<'a> {
        let before_prompt = self.before_prompt.unwrap_or(self.so_far);
        let turns = Turns { messages: self.so_far.messages, prefill: self.so_far.prefill, ..before_prompt };
        Conversation { system: self.system.text(), turns, ..self.told }
    }
}

/// A string, or a message object whose content is the text.
pub fn text_or_message<'a>(json: &mut Json<'a>) -> Parsed<Read<&'a str>> {
    if json.peek()? != Kind::Object {
        return field::text(json);
    }
    Ok(match message(json)? {
        Read::Value(Message { text: Some(text), .. }) => Read::Value(text),
        Read::Value(_) | Read::Absent => Read::Absent,
        Read::Wrong => Read::Wrong,
    })
}

/// A string, or an array of parts of which some have a `text`.
pub fn text_or_parts<'a>(json: &mut Json<'a>) -> Parsed<Read<&'a str>> {
    parts(json, &mut None)
}

/// The same, and what of it is sealed.
fn parts<'a>(json: &mut Json<'a>, seal: &mut Option<&'a str>) -> Parsed<Read<&'a str>> {
    if json.peek()? != Kind::Array {
        return field::text(json);
    }
    let mut joined = Joined::new_in(json.arena());
    let mut wrong = false;
    let mut more = json.open_array()?;
    while more {
        match part(json, seal)? {
            Read::Value(text) => joined.add(Some(text)),
            Read::Absent => {}
            Read::Wrong => wrong = true,
        }
        more = json.next_item()?;
    }
    Ok(match joined.text() {
        _ if wrong => Read::Wrong,
        Some(text) => Read::Value(text),
        None => Read::Absent,
    })
}

fn part<'a>(json: &mut Json<'a>, seal: &mut Option<&'a str>) -> Parsed<Read<&'a str>> {
    if json.peek()? != Kind::Object {
        return field::text(json);
    }
    let (mut text, mut kind, mut block) = (Read::Absent, None, None);
    let mut key = json.open_object()?;
    while let Some(name) = key {
        match name {
            "text" => text = field::text(json)?,
            "type" => kind = field::text(json)?.value(),
            name if sealed::is_seal(name) => block = field::text(json)?.value(),
            _ => json.skip()?,
        }
        key = json.next_key()?;
    }
    if kind.is_some_and(sealed::is_reasoning) {
        *seal = block.and_then(sealed::block).or(*seal);
    }
    Ok(text)
}

/// Names of tools: strings, or objects with `name`, `function.name` or, for the built-in ones, only `type`.
pub fn tool_names<'a>(json: &mut Json<'a>) -> Parsed<Read<&'a [&'a str]>> {
    if json.peek()? != Kind::Array {
        return field::other(json);
    }
    let mut names = BumpVec::new_in(json.arena());
    let mut wrong = false;
    let mut more = json.open_array()?;
    while more {
        match tool_name(json)? {
            Read::Value(name) if names.len() < MAX_TOOLS => names.push(name),
            Read::Value(_) | Read::Absent => {}
            Read::Wrong => wrong = true,
        }
        more = json.next_item()?;
    }
    Ok(if wrong { Read::Wrong } else { Read::Value(names.into_bump_slice()) })
}

struct Message<'a> {
    role: Option<&'a str>,
    text: Option<&'a str>,
    sealed: Option<&'a str>,
}

fn message<'a>(json: &mut Json<'a>) -> Parsed<Read<Message<'a>>> {
    if json.peek()? != Kind::Object {
        return field::other(json);
    }
    let mut message = Message { role: None, text: None, sealed: None };
    let mut wrong = Wrong::new_in(json.arena());
    let mut key = json.open_object()?;
    while let Some(name) = key {
        match name {
            "role" => wrong.put(name, &mut message.role, field::text(json)?),
            "content" => wrong.put(name, &mut message.text, parts(json, &mut message.sealed)?),
            _ => json.skip()?,
        }
        key = json.next_key()?;
    }
    Ok(wrong.judge(message))
}

fn tool_name<'a>(json: &mut Json<'a>) -> Parsed<Read<&'a str>> {
    if json.peek()? != Kind::Object {
        return field::text(json);
    }
    let (mut own, mut inner, mut kind) = (None, None, None);
    let mut wrong = Wrong::new_in(json.arena());
    let mut key = json.open_object()?;
    while let Some(name) = key {
        match name {
            "name" => wrong.put(name, &mut own, field::text(json)?),
            "function" => wrong.put(name, &mut inner, field::text_or_member(json, "name")?),
            "type" => wrong.put(name, &mut kind, field::text(json)?),
            _ => json.skip()?,
        }
        key = json.next_key()?;
    }
    Ok(match own.or(inner).or(kind) {
        _ if wrong.any() => Read::Wrong,
        Some(name) => Read::Value(name),
        None => Read::Absent,
    })
}

/// Texts that are joined: by line feeds, or as pieces of one. A single text stays borrowed.
pub(super) struct Joined<'a> {
    first: Option<&'a str>,
    all: Option<BumpString<'a>>,
    between: &'static str,
    arena: &'a Bump,
}

impl<'a> Joined<'a> {
    /// Texts of their own.
    pub(super) fn new_in(arena: &'a Bump) -> Self {
        Joined { first: None, all: None, between: "\n", arena }
    }

    /// Pieces of one text.
    pub(super) fn pieces_in(arena: &'a Bump) -> Self {
        Joined { between: "", ..Self::new_in(arena) }
    }

    pub(super) fn add(&mut self, text: Option<&'a str>) {
        let Some(text) = text else { return };
        let Some(first) = self.first else {
            self.first = Some(text);
            return;
        };
        let all = self.all.get_or_insert_with(|| BumpString::from_str_in(first, self.arena));
        all.push_str(self.between);
        all.push_str(text);
    }

    pub(super) fn text(self) -> Option<&'a str> {
        self.all.map(BumpString::into_bump_str).or(self.first)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use bumpalo::Bump;

    use super::{Conversation, MAX_TOOLS, Turns, conversation, text_or_message, text_or_parts, tool_names};
    use crate::record::field::Read;
    use crate::record::json::Json;

    #[test]
    fn the_last_user_message_is_the_prompt() {
        let arena = Bump::new();
        let messages = r#"[{"role":"system","content":"Be brief."},{"role":"user","content":"one"},
            {"content":[{"type":"text","text":"a"},{"type":"image"},{"text":"b"}],"role":"assistant"},
            {"role":"developer","content":"Really."},{"role":"tool","content":null},{"role":"user","content":"two"},
            {"role":"assistant","content":"So"}]"#;
        let told = conversation(&mut Json::new(messages, &arena)).unwrap();
        let turns = Turns { messages: 7, assistant: 1, context_bytes: 6, prefill: true };
        assert_eq!(
            told,
            Read::Value(Conversation {
                prompt: Some("two"),
                system: Some("Be brief.\nReally."),
                opening: Some("one"),
                turns,
                ..Conversation::default()
            })
        );
    }

    #[test]
    fn sealed_reasoning_is_the_last_that_the_assistant_sends_back() {
        let arena = Bump::new();
        let (one, two) = ("x1Y".repeat(80), "Z2w".repeat(80));
        let sealed = |messages: &str| {
            let told = conversation(&mut Json::new(arena.alloc_str(messages), &arena)).unwrap().value().unwrap();
            told.sealed.map(|block| block.get(..1).unwrap())
        };
        let block = |kind: &str, field: &str, with: &str| {
            format!(r#"{{"role":"assistant","content":[{{"type":"{kind}","{field}":"{with}"}},{{"text":"so"}}]}}"#)
        };
        let (first, second) = (block("redacted_thinking", "data", &one), block("thinking", "signature", &two));
        assert_eq!(sealed(&format!("[{first},{second}]")), Some("Z"));
        assert_eq!(
            sealed(&format!("[{second},{}]", block("reasoning.encrypted", "encrypted_content", &one))),
            Some("x")
        );
        assert_eq!(sealed(&format!(r#"[{first},{{"role":"assistant","content":"<r>{two}</r>"}}]"#)), Some("Z"));
        assert_eq!(sealed(&format!(r#"[{{"role":"user","content":"{one}"}}]"#)), None, "not the assistant's");
        assert_eq!(sealed(&format!("[{}]", block("thinking", "signature", "short"))), None);
        assert_eq!(sealed(&format!("[{}]", block("image", "data", &one))), None, "not reasoning");
    }

    #[test]
    fn without_a_user_message_all_is_context() {
        let arena = Bump::new();
        let told = conversation(&mut Json::new(r#"[{"role":"assistant","content":"abc"},null,{}]"#, &arena)).unwrap();
        let turns = Turns { messages: 2, assistant: 1, context_bytes: 3, prefill: false };
        assert_eq!(told, Read::Value(Conversation { turns, ..Conversation::default() }));
    }

    #[test]
    fn wrong_types_are_wrong_and_consumed() {
        let arena = Bump::new();
        for text in [
            "{}",
            "\"hi\"",
            "[1]",
            "[\"hi\"]",
            r#"[{"role":1}]"#,
            r#"[{"content":7}]"#,
            r#"[{"content":[7]}]"#,
            r#"[{"content":[{"text":7}]}]"#,
            r#"[{"role":1},{"role":"user","content":"x"}]"#,
        ] {
            let mut json = Json::new(text, &arena);
            assert_eq!(conversation(&mut json), Ok(Read::Wrong), "{text}");
            assert_eq!(json.finish(), Ok(()), "{text}");
        }
        assert_eq!(conversation(&mut Json::new("null", &arena)), Ok(Read::Absent));
    }

    #[test]
    fn a_response_is_text_or_a_message() {
        let arena = Bump::new();
        let response = |text| text_or_message(&mut Json::new(text, &arena)).unwrap();
        assert_eq!(response(r#""yes""#), Read::Value("yes"));
        assert_eq!(response(r#"{"role":"assistant","content":[{"text":"y"},{"text":"es"}]}"#), Read::Value("y\nes"));
        assert_eq!(response(r#"{"role":"assistant","tool_calls":[{}]}"#), Read::Absent);
        assert_eq!(response("[]"), Read::Wrong);
        assert_eq!(text_or_parts(&mut Json::new(r#"["a",{"text":"b"},null]"#, &arena)), Ok(Read::Value("a\nb")));
    }

    #[test]
    fn tools_have_names_in_three_places_and_a_limit() {
        let arena = Bump::new();
        let tools = r#"["search",{"name":"sql","type":"x"},{"type":"function","function":{"name":"run","parameters":{}}},{"type":"web"},{}]"#;
        let names: &[&str] = &["search", "sql", "run", "web"];
        assert_eq!(tool_names(&mut Json::new(tools, &arena)), Ok(Read::Value(names)));
        assert_eq!(tool_names(&mut Json::new(r#"[{"name":3}]"#, &arena)), Ok(Read::Wrong));
        assert_eq!(tool_names(&mut Json::new(r#"{"name":"x"}"#, &arena)), Ok(Read::Wrong));
        let many = format!("[{}0]", r#""t","#.repeat(2 * MAX_TOOLS)).replace("0]", r#""t"]"#);
        let kept = tool_names(&mut Json::new(arena.alloc_str(&many), &arena)).unwrap().value().unwrap();
        assert_eq!(kept.len(), MAX_TOOLS);
    }
}
