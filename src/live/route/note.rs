//! What the group keeps beside the offset of a partition of parts: where to read again from, and by which rule.
//!
//! The offset stays the next record to read, so lag is lag; the note is the offset's metadata. An offset without a note
//! is one that a person set: what lies before it is not looked at.

use serde::{Deserialize, Serialize};

use super::window::{Anchor, Rule};

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

/// A note, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) anchor: Anchor,
    /// The rule by which what is held was taken in.
    pub(super) rule: Rule,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    v: u32,
    from: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    span: i64,
    bytes: u64,
}

impl Note {
    pub(super) fn write(self) -> String {
        let Note { anchor: Anchor { from, time }, rule: Rule { span, bytes } } = self;
        // whole numbers always serialise
        serde_json::to_string(&Written { v: VERSION, from, time, span, bytes }).unwrap_or_default()
    }

    /// The note beside an offset; the error says what is wrong with it.
    pub(super) fn read(text: &str, next: i64) -> Result<Note, String> {
        let written: Written = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let Written { v, from, time, span, bytes } = written;
        if v != VERSION {
            return Err(format!("its version is {v}, not {VERSION}"));
        }
        if from < 0 || next < from || span < 1 || bytes < 1 {
            return Err("its numbers do not fit the offset".to_owned());
        }
        Ok(Note { anchor: Anchor { from, time }, rule: Rule { span, bytes } })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_note_is_read_as_it_is_written_and_nothing_else_is() {
        let rule = Rule { span: 60_000, bytes: 64 << 20 };
        for time in [None, Some(1_790_000_000_000)] {
            let note = Note { anchor: Anchor { from: 123, time }, rule };
            assert_eq!(Note::read(&note.write(), 123), Ok(note));
            assert_eq!(Note::read(&note.write(), 122).unwrap_err(), "its numbers do not fit the offset");
        }
        let text = Note { anchor: Anchor { from: 123, time: None }, rule }.write();
        assert_eq!(text, r#"{"v":1,"from":123,"span":60000,"bytes":67108864}"#);
        assert_eq!(Note::read(&text.replace("\"v\":1", "\"v\":2"), 200).unwrap_err(), "its version is 2, not 1");
        for wrong in ["x", "{}", "{\"v\":1,\"from\":1}", &text.replace("span", "join")] {
            assert!(Note::read(wrong, 200).is_err(), "{wrong}");
        }
    }
}
