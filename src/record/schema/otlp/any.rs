//! Values as OTLP has them, the same from JSON and protobuf, and attributes by name.

use std::fmt::Write as _;

use bumpalo::Bump;
use bumpalo::collections::String as BumpString;

/// Deeper values count as null: content is four levels deep.
pub(super) const MAX_DEPTH: usize = 64;

/// One value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Any<'a> {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(&'a str),
    List(&'a [Any<'a>]),
    Map(&'a [(&'a str, Any<'a>)]),
}

/// Names and values, in the order of the record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Attributes<'a>(pub(super) &'a [(&'a str, Any<'a>)]);

impl<'a> Attributes<'a> {
    /// The value under a name; of several the last.
    pub(super) fn get(&self, name: &str) -> Option<Any<'a>> {
        self.0.iter().rfind(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The first of these names that holds a text.
    pub(super) fn text(&self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.get(name)?.text())
    }

    /// The first of these names that holds a count.
    pub(super) fn count(&self, names: &[&str]) -> Option<u32> {
        names.iter().find_map(|name| self.get(name)?.whole()).and_then(|whole| u32::try_from(whole).ok())
    }
}

impl<'a> Any<'a> {
    /// A text that is not empty.
    pub(super) fn text(self) -> Option<&'a str> {
        if let Any::Text(text) = self { Some(text).filter(|text| !text.is_empty()) } else { None }
    }

    /// A whole number, also as a double or a text.
    pub(super) fn whole(self) -> Option<i64> {
        match self {
            Any::Int(whole) => Some(whole),
            Any::Double(value) => (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64),
            Any::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A number.
    pub(super) fn float(self) -> Option<f32> {
        let value = match self {
            Any::Int(whole) => whole as f64,
            Any::Double(value) => value,
            Any::Text(text) => text.parse().ok()?,
            _ => return None,
        };
        Some(value as f32).filter(|value| value.is_finite())
    }

    /// A switch.
    pub(super) fn flag(self) -> Option<bool> {
        if let Any::Bool(flag) = self { Some(flag) } else { None }
    }

    /// A member of a map.
    pub(super) fn member(self, name: &str) -> Option<Any<'a>> {
        if let Any::Map(members) = self { Attributes(members).get(name) } else { None }
    }

    /// JSON of the value: a text is taken to be JSON already, for that is how most write structured values.
    pub(super) fn json(self, arena: &'a Bump) -> Option<&'a str> {
        match self {
            Any::Null => None,
            Any::Text(text) => Some(text),
            _ => {
                let mut out = BumpString::new_in(arena);
                self.write(&mut out);
                Some(out.into_bump_str())
            }
        }
    }

    /// Nesting is bounded by [`MAX_DEPTH`] where values are read.
    fn write(self, out: &mut BumpString<'_>) {
        // writing to a string cannot fail
        match self {
            Any::Bool(flag) => write!(out, "{flag}").ok().unwrap_or_default(),
            Any::Int(whole) => write!(out, "{whole}").ok().unwrap_or_default(),
            Any::Double(value) if value.is_finite() => write!(out, "{value:e}").ok().unwrap_or_default(),
            // what is no number is none
            Any::Null | Any::Double(_) => out.push_str("null"),
            Any::Text(text) => quote(text, out),
            Any::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { '[' } else { ',' });
                    item.write(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Any::Map(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push(if index == 0 { '{' } else { ',' });
                    quote(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }
}

/// A text as JSON has it.
pub(super) fn quote(text: &str, out: &mut BumpString<'_>) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => {
                out.push('\\');
                out.push(char);
            }
            '\0'..='\x1f' => write!(out, "\\u{:04x}", char as u32).ok().unwrap_or_default(),
            _ => out.push(char),
        }
    }
    out.push('"');
}
