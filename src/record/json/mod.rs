//! A strict RFC 8259 pull parser: no tree, no recursion, strings borrowed from the record.
//!
//! Strings point into the record; only one that holds escapes is written to the arena. Each call checks
//! all that it passes over, so a record that was read to [`Json::finish`] is valid JSON.
//!
//! Why not a crate, when there are good ones:
//! - the contract orders its reject reasons: `too_deep` is said only of JSON that is otherwise valid, so
//!   nesting must be measured to the end, at any depth. [`Json::skip`] keeps one bit per level.
//! - a lone surrogate reads as U+FFFD and a number out of range is data. A customer can put both into a
//!   prompt; where they made the record a reject, one escape would hide a harvest.
//! - a known key that comes twice is read twice and the caller keeps the last, as most loggers' readers do.
//!
//! A leading byte order mark is skipped. Cost: one pass at 8 bytes a step; a second over strings with escapes.

mod nesting;
mod number;
mod text;

#[cfg(test)]
mod tests;

use bumpalo::Bump;
use bumpalo::collections::{String as BumpString, Vec as BumpVec};

use nesting::{Nesting, OBJECT};
pub use number::Number;
use text::{Piece, Span, plain_run, unescape};

/// Not JSON. Says no more, so that no text can leave through an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// What reading a piece of JSON gives.
pub type Parsed<T> = Result<T, Malformed>;

/// What the next value is, judged by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    String,
    /// `-` or a digit
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

/// A reader that stands somewhere in a record.
///
/// ```text
/// let mut key = json.open_object()?;
/// while let Some(name) = key {
///     json.skip()?;               // or read the value
///     key = json.next_key()?;
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Json<'a> {
    bytes: &'a [u8],
    /// The same bytes, where they are known to be UTF-8.
    text: Option<&'a str>,
    arena: &'a Bump,
    at: usize,
    depth: usize,
    deepest: usize,
}

impl<'a> Json<'a> {
    /// Reads text.
    pub fn new(text: &'a str, arena: &'a Bump) -> Self {
        Json { text: Some(text), ..Self::of_bytes(text.as_bytes(), arena) }
    }

    /// Reads bytes whose strings need not be UTF-8: [`Self::string`] refuses those, [`Self::bytes`] gives them.
    pub fn of_bytes(bytes: &'a [u8], arena: &'a Bump) -> Self {
        let at = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        Json { bytes, text: None, arena, at, depth: 0, deepest: 0 }
    }

    /// Where to put what must outlive the reader.
    pub fn arena(&self) -> &'a Bump {
        self.arena
    }

    /// The deepest nesting so far; the outermost object is 1.
    pub fn deepest(&self) -> usize {
        self.deepest
    }

    /// JSON inside a string of this record, which counts as nested in it.
    pub fn nested<T>(&mut self, text: &'a str, read: impl FnOnce(&mut Json<'a>) -> Parsed<T>) -> Parsed<T> {
        let mut inner = Json { depth: self.depth, deepest: self.deepest, ..Json::new(text, self.arena) };
        let value = read(&mut inner)?;
        inner.finish()?;
        self.deepest = inner.deepest;
        Ok(value)
    }

    /// What comes next.
    pub fn peek(&mut self) -> Parsed<Kind> {
        self.skip_space();
        match self.bytes.get(self.at) {
            Some(b'"') => Ok(Kind::String),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            _ => Err(Malformed),
        }
    }

    /// Enters an object: its first key, or none if it is empty and thereby over.
    pub fn open_object(&mut self) -> Parsed<Option<&'a str>> {
        if !self.enter(b'{', b'}')? {
            return Ok(None);
        }
        self.key().map(Some)
    }

    /// After a value in an object: the next key, or none at its end.
    pub fn next_key(&mut self) -> Parsed<Option<&'a str>> {
        if !self.another(b'}')? {
            return Ok(None);
        }
        self.key().map(Some)
    }

    /// Enters an array: whether it has an item.
    pub fn open_array(&mut self) -> Parsed<bool> {
        self.enter(b'[', b']')
    }

    /// After an item of an array: whether there is another.
    pub fn next_item(&mut self) -> Parsed<bool> {
        self.another(b']')
    }

    /// A string, unescaped.
    pub fn string(&mut self) -> Parsed<&'a str> {
        let Span { start, end, escaped } = self.string_span()?;
        let raw = self.slice(start, end)?;
        if !escaped {
            return Ok(raw);
        }
        let mut text = BumpString::with_capacity_in(raw.len(), self.arena);
        unescape(raw.as_bytes(), |piece| match piece {
            Piece::Run(from, to) => text.push_str(raw.get(from..to).unwrap_or_default()),
            Piece::Char(char) => text.push(char),
        });
        Ok(text.into_bump_str())
    }

    /// A string, unescaped, of any bytes.
    pub fn bytes(&mut self) -> Parsed<&'a [u8]> {
        let Span { start, end, escaped } = self.string_span()?;
        let raw = self.bytes.get(start..end).ok_or(Malformed)?;
        if !escaped {
            return Ok(raw);
        }
        let mut bytes = BumpVec::with_capacity_in(raw.len(), self.arena);
        unescape(raw, |piece| match piece {
            Piece::Run(from, to) => bytes.extend_from_slice_copy(raw.get(from..to).unwrap_or_default()),
            Piece::Char(char) => bytes.extend_from_slice_copy(char.encode_utf8(&mut [0; 4]).as_bytes()),
        });
        Ok(bytes.into_bump_slice())
    }

    /// A number.
    pub fn number(&mut self) -> Parsed<Number<'a>> {
        self.skip_space();
        let start = self.at;
        self.eat(b'-');
        match self.take()? {
            b'0' => {}
            b'1'..=b'9' => self.skip_digits(),
            _ => return Err(Malformed),
        }
        let mut plain = true;
        if self.eat(b'.') {
            plain = false;
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            plain = false;
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        Ok(Number { text: self.slice(start, self.at)?, plain })
    }

    /// `true` or `false`.
    pub fn bool(&mut self) -> Parsed<bool> {
        self.skip_space();
        if self.bytes.get(self.at) == Some(&b't') {
            return self.literal(b"true").map(|()| true);
        }
        self.literal(b"false").map(|()| false)
    }

    /// `null`.
    pub fn null(&mut self) -> Parsed<()> {
        self.skip_space();
        self.literal(b"null")
    }

    /// Passes over one value of any depth and checks it.
    pub fn skip(&mut self) -> Parsed<()> {
        let mut nesting = Nesting::default();
        loop {
            match self.peek()? {
                Kind::Object => {
                    if self.enter(b'{', b'}')? {
                        nesting.push(OBJECT);
                        self.skip_key()?;
                        continue;
                    }
                }
                Kind::Array => {
                    if self.enter(b'[', b']')? {
                        nesting.push(!OBJECT);
                        continue;
                    }
                }
                Kind::String => drop(self.string_span()?),
                Kind::Number => drop(self.number()?),
                Kind::Bool => drop(self.bool()?),
                Kind::Null => self.null()?,
            }
            // that value is over, and perhaps what holds it
            loop {
                match nesting.top() {
                    None => return Ok(()),
                    Some(OBJECT) => {
                        if self.another(b'}')? {
                            self.skip_key()?;
                            break;
                        }
                    }
                    Some(_) => {
                        if self.another(b']')? {
                            break;
                        }
                    }
                }
                nesting.pop();
            }
        }
    }

    /// Nothing but white space may follow.
    pub fn finish(&mut self) -> Parsed<()> {
        self.skip_space();
        if self.at == self.bytes.len() { Ok(()) } else { Err(Malformed) }
    }

    fn enter(&mut self, open: u8, close: u8) -> Parsed<bool> {
        self.skip_space();
        self.expect(open)?;
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.skip_space();
        if self.eat(close) {
            self.depth -= 1;
            return Ok(false);
        }
        Ok(true)
    }

    fn another(&mut self, close: u8) -> Parsed<bool> {
        self.skip_space();
        let byte = self.take()?;
        if byte == b',' {
            return Ok(true);
        }
        if byte != close {
            return Err(Malformed);
        }
        self.depth -= 1;
        Ok(false)
    }

    fn key(&mut self) -> Parsed<&'a str> {
        let key = self.string()?;
        self.skip_space();
        self.expect(b':')?;
        Ok(key)
    }

    fn skip_key(&mut self) -> Parsed<()> {
        self.string_span()?;
        self.skip_space();
        self.expect(b':')
    }

    fn string_span(&mut self) -> Parsed<Span> {
        self.skip_space();
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_run(self.bytes.get(self.at..).unwrap_or_default());
            match self.take()? {
                b'"' => return Ok(Span { start, end: self.at - 1, escaped }),
                b'\\' => self.check_escape()?,
                _ => return Err(Malformed),
            }
            escaped = true;
        }
    }

    fn check_escape(&mut self) -> Parsed<()> {
        match self.take()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => {
                let digits = self.bytes.get(self.at..self.at + 4).ok_or(Malformed)?;
                self.at += 4;
                if digits.iter().all(u8::is_ascii_hexdigit) { Ok(()) } else { Err(Malformed) }
            }
            _ => Err(Malformed),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Parsed<()> {
        let end = self.at + word.len();
        if self.bytes.get(self.at..end) != Some(word) {
            return Err(Malformed);
        }
        self.at = end;
        Ok(())
    }

    fn slice(&self, start: usize, end: usize) -> Parsed<&'a str> {
        match self.text {
            Some(text) => text.get(start..end),
            None => self.bytes.get(start..end).and_then(|bytes| std::str::from_utf8(bytes).ok()),
        }
        .ok_or(Malformed)
    }

    fn skip_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn digits(&mut self) -> Parsed<()> {
        let start = self.at;
        self.skip_digits();
        if self.at > start { Ok(()) } else { Err(Malformed) }
    }

    fn skip_digits(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn take(&mut self) -> Parsed<u8> {
        let byte = *self.bytes.get(self.at).ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Parsed<()> {
        if self.eat(byte) { Ok(()) } else { Err(Malformed) }
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Whether there is nothing but white space, with or without a byte order mark.
pub fn is_blank(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}
