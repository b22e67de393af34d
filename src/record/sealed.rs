//! Sealed reasoning that a customer sends back: what a model thought, readable for its provider alone.
//!
//! Providers want it returned with the conversation it belongs to. Told by its shape, since gateways write it in many
//! ways: a block's `data`, `signature` or `encrypted_content`, or a long run of base64 in what the assistant said.
//! Cost: one byte in 160 of what the assistant said.

/// A seal takes at least so many bytes; names, ids and words take fewer.
const LEAST: usize = 160;

/// Whether a part of a message, by its type, is reasoning.
pub(super) fn is_reasoning(kind: &str) -> bool {
    matches!(kind, "thinking" | "redacted_thinking") || kind.starts_with("reasoning")
}

/// Whether a part of a message has the block under this name.
pub(super) fn is_seal(name: &str) -> bool {
    matches!(name, "data" | "signature" | "encrypted_content")
}

/// The block, if it is long enough for a seal.
pub(super) fn block(text: &str) -> Option<&str> {
    (text.len() >= LEAST).then_some(text)
}

/// The first run of base64 that is long enough. Rules of dashes, hexadecimal dumps and data URLs are none.
pub(super) fn run(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let opaque = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    let mut at = LEAST - 1;
    // a run that long holds one byte of every so many
    while let Some(byte) = bytes.get(at) {
        if !opaque(byte) {
            at += LEAST;
            continue;
        }
        let before = bytes.get(..at)?.iter().rev().take_while(|byte| opaque(byte)).count();
        let after = bytes.get(at..)?.iter().take_while(|byte| opaque(byte)).count();
        let found = text.get(at - before..at + after)?;
        let any = |kind: fn(&u8) -> bool| found.as_bytes().iter().any(kind);
        let mixed = any(u8::is_ascii_digit) && any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase);
        let is_url = text.get(..at - before).is_some_and(|before| before.ends_with("base64,"));
        if found.len() >= LEAST && mixed && !is_url {
            return Some(found);
        }
        at += after + LEAST;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_are_found_wherever_they_stand() {
        let seal = "aZ9+".repeat(55);
        for before in [0, 1, 77, 159, 160, 161, 400] {
            let text = format!("{}<sealed_reasoning>{seal}</sealed_reasoning> so", "a word ".repeat(before));
            assert_eq!(run(&text), Some(seal.as_str()), "{before}");
        }
    }

    #[test]
    fn prose_short_ids_and_other_scripts_are_none() {
        assert_eq!(run(&"an ordinary sentence, of words. ".repeat(40)), None);
        assert_eq!(run(&format!("key {} end", "x".repeat(LEAST - 1))), None);
        assert_eq!(run(&"思考过程".repeat(200)), None);
        assert_eq!((run(&"-".repeat(400)), run(&"0a9f".repeat(90))), (None, None), "rules and dumps");
        assert_eq!(run(&format!("![x](data:image/png;base64,{})", "aZ9+".repeat(90))), None);
        assert_eq!((run(""), block("s")), (None, None));
        assert!(block(&"x".repeat(LEAST)).is_some());
    }
}
