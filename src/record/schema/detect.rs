//! Which schema a record has, by its own names alone: the same answer whatever came before it.
//!
//! Names of the top level decide, in any order. A pair's bodies are looked into only where there is a `request`.
//! What is told by nothing, or is no JSON, counts as native, whose decoder then says what is wrong with it.
//! Cost: one pass that skips values, 8 bytes a step, and a second over a pair's bodies.

use bumpalo::Bump;

use super::super::json::{Json, Kind, Parsed};
use super::Schema;

/// Names that only `LiteLLM` has at the top level.
const LITELLM: [&str; 5] =
    ["standard_logging_object", "startTime", "model_parameters", "custom_llm_provider", "litellm_call_id"];
/// Names that only the native record has there; with one of them, a `request` is an unknown field.
const NATIVE: [&str; 4] = ["v", "prompt", "messages", "params"];
/// Names that only Anthropic's bodies have.
const ANTHROPIC: [&str; 7] = [
    "anthropic_version",
    "system",
    "thinking",
    "stop_sequences",
    "stop_reason",
    "message", // of a stream's first event
    "content_block",
];
/// Names that only `OpenAI`'s bodies have.
const OPENAI: [&str; 9] = [
    "choices",
    "n",
    "logprobs",
    "max_completion_tokens",
    "response_format",
    "reasoning_effort",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
];

/// What a pair's bodies look like.
#[derive(Clone, Copy, Debug, Default)]
struct Looks {
    anthropic: bool,
    openai: bool,
}

/// The schema of a record that is text.
pub fn schema(text: &str, arena: &Bump) -> Schema {
    look(&mut Json::new(text, arena)).unwrap_or(Schema::Native)
}

fn look(json: &mut Json<'_>) -> Parsed<Schema> {
    let (mut pair, mut native, mut litellm, mut looks) = (false, false, false, Looks::default());
    let mut key = json.open_object()?;
    while let Some(name) = key {
        native |= NATIVE.contains(&name);
        litellm |= LITELLM.contains(&name);
        pair |= name == "request";
        if matches!(name, "request" | "response") {
            looks.body(json)?;
        } else {
            json.skip()?;
        }
        key = json.next_key()?;
    }
    Ok(match () {
        () if litellm => Schema::Litellm,
        () if native || !pair => Schema::Native,
        // only a body that has nothing of the one and something of the other is the other's
        () if looks.anthropic && !looks.openai => Schema::AnthropicMessages,
        () => Schema::OpenaiChat,
    })
}

impl Looks {
    /// An object, a string that holds one, or the events of a stream, of which the first two tell enough.
    fn body(&mut self, json: &mut Json<'_>) -> Parsed<()> {
        match json.peek()? {
            Kind::Object => self.object(json),
            Kind::String => {
                let text = json.string()?;
                let mut inner = Json::new(text, json.arena());
                // whether it is JSON is for the decoder to say
                self.value(&mut inner).ok();
                Ok(())
            }
            _ => self.value(json),
        }
    }

    fn value(&mut self, json: &mut Json<'_>) -> Parsed<()> {
        match json.peek()? {
            Kind::Object => self.object(json),
            Kind::Array => {
                let mut seen = 0;
                let mut more = json.open_array()?;
                while more {
                    if seen < 2 && json.peek()? == Kind::Object {
                        self.object(json)?;
                    } else {
                        json.skip()?;
                    }
                    seen += 1;
                    more = json.next_item()?;
                }
                Ok(())
            }
            _ => json.skip(),
        }
    }

    fn object(&mut self, json: &mut Json<'_>) -> Parsed<()> {
        let mut key = json.open_object()?;
        while let Some(name) = key {
            self.anthropic |= ANTHROPIC.contains(&name);
            self.openai |= OPENAI.contains(&name);
            match (name, json.peek()?) {
                ("model", Kind::String) => self.anthropic |= json.string()?.contains("claude"),
                ("type", Kind::String) => self.anthropic |= matches!(json.string()?, "message" | "error"),
                ("object", Kind::String) => self.openai |= json.string()?.starts_with("chat.completion"),
                _ => json.skip()?,
            }
            key = json.next_key()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> &'static str {
        schema(text, &Bump::new()).label()
    }

    #[test]
    fn a_record_tells_its_schema_by_itself() {
        for (text, expected) in [
            (r#"{"ts":1,"tenant":"a","prompt":"x"}"#, "native"),
            (r#"{"ts":1,"tenant":"a"}"#, "native"),
            (r#"{"request":{},"tenant":"a","prompt":"x"}"#, "native"),
            (r#"{"tenant":"a","prompt":"x","request":{"choices":1}}"#, "native"),
            (r#"{"id":"x","startTime":1.5,"messages":[],"response":{}}"#, "litellm"),
            (r#"{"standard_logging_object":{}}"#, "litellm"),
            (r#"{"request":{"messages":[]},"response":{"object":"chat.completion","choices":[]}}"#, "openai_chat"),
            (r#"{"response":{"choices":[]},"request":{"model":"claude-x","messages":[]}}"#, "openai_chat"),
            (r#"{"request":{"messages":[]}}"#, "openai_chat"),
            (r#"{"request":null,"response":null}"#, "openai_chat"),
            (
                r#"{"request":{"model":"m","max_tokens":5,"messages":[]},"response":{"type":"message"}}"#,
                "anthropic_messages",
            ),
            (r#"{"request":{"model":"claude-x"},"response":null}"#, "anthropic_messages"),
            (r#"{"request":{"system":"s"},"response":{"type":"error","error":{}}}"#, "anthropic_messages"),
            (r#"{"request":"{\"system\":\"s\"}"}"#, "anthropic_messages"),
            (r#"{"request":{},"response":[{"type":"message_start","message":{}}]}"#, "anthropic_messages"),
            (r#"{"request":{},"response":[{"object":"chat.completion.chunk"},3]}"#, "openai_chat"),
            (r#"{"request":"no json","tenant":"a"}"#, "openai_chat"),
            ("{\"request\":{\"system\":\"s\"}", "native"),
            ("[]", "native"),
            ("", "native"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
