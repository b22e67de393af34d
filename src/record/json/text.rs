//! Inside of strings: where they end, and what their escapes mean.

/// A string between its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) escaped: bool,
}

/// A part of an unescaped string.
pub(super) enum Piece {
    /// From and to, as written.
    Run(usize, usize),
    /// What an escape stands for.
    Char(char),
}

/// Bytes before the first quote, backslash or control byte.
pub(super) fn plain_run(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let rest = tail.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ');
    words.len() * 8 + rest.unwrap_or(tail.len())
}

/// The high bit of the first byte that is special; what stands above it may be noise from the borrow.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let quote = word ^ (b'"' as u64 * ONES);
    let backslash = word ^ (b'\\' as u64 * ONES);
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_backslash = backslash.wrapping_sub(ONES) & !backslash;
    let is_control = word.wrapping_sub(b' ' as u64 * ONES) & !word;
    (is_quote | is_backslash | is_control) & HIGH
}

/// Takes a string apart whose escapes have been checked. A lone surrogate is U+FFFD.
pub(super) fn unescape(raw: &[u8], mut piece: impl FnMut(Piece)) {
    let mut at = 0;
    while at < raw.len() {
        let run = memchr::memchr(b'\\', raw.get(at..).unwrap_or_default());
        let end = run.map_or(raw.len(), |length| at + length);
        if end > at {
            piece(Piece::Run(at, end));
        }
        let Some(&escape) = raw.get(end + 1) else { return };
        at = end + 2;
        piece(Piece::Char(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (char, length) = unicode(raw, at);
                at += length;
                char
            }
            itself => char::from(itself),
        }));
    }
}

/// The character whose four digits begin at `at`, and how many bytes it took.
fn unicode(raw: &[u8], at: usize) -> (char, usize) {
    let first = hex(raw, at);
    if (0xD800..0xDC00).contains(&first) && raw.get(at + 4..at + 6) == Some(b"\\u") {
        let second = hex(raw, at + 6);
        if (0xDC00..0xE000).contains(&second) {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 10);
        }
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 4)
}

fn hex(raw: &[u8], at: usize) -> u32 {
    let digits = raw.get(at..at + 4).unwrap_or_default();
    digits.iter().fold(0, |code, &digit| code << 4 | char::from(digit).to_digit(16).unwrap_or_default())
}
