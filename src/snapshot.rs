//! A file of what people know or have decided: JSON lines, read once and strictly, and known by its SHA-256.
//!
//! A line may also be the envelope of a record of the topic, as `kcat -J` writes it. What the lines say is the
//! caller's; an error names file and line, and the caller adds field and limit, never the text.
//! Cost: one line in memory at a time, at most [`MOST_LINE`] bytes.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::source::Record;
use crate::source::envelope::{self, Envelope};

/// Longest line.
pub const MOST_LINE: usize = 64 << 10;

/// A file that says nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file can't be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{name} line {line}: {why}")]
    Line {
        /// Which file.
        name: String,
        /// Which line, from 1.
        line: usize,
        /// The field and the limit.
        why: String,
    },
}

/// Which file a snapshot was read from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    name: String,
    sha256: [u8; 32],
}

impl Origin {
    /// The file's name, without its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the file, in hex: what `sha256sum` prints.
    pub fn sha256_hex(&self) -> String {
        crate::units::hex(&self.sha256)
    }

    /// Whether there was a file, if only an empty one.
    pub fn is_loaded(&self) -> bool {
        self.sha256 != [0; 32]
    }
}

/// What one line is.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'l> {
    /// An object by itself, and the line's number from 1.
    Line(usize, &'l [u8]),
    /// A record of the topic.
    Record(&'l Record<'l>),
}

/// Takes an entry; the error is a field and its limit.
pub type Take<'t> = dyn FnMut(Entry<'_>) -> Result<(), String> + 't;

/// Reads a file.
pub fn load(path: &Path, take: &mut Take<'_>) -> Result<Origin, SnapshotError> {
    let unreadable = |source| SnapshotError::Unreadable { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    read(name, BufReader::new(file), take).map_err(|error| match error {
        Wrong::Io(source) => unreadable(source),
        Wrong::Line(line, why) => SnapshotError::Line { name: path.display().to_string(), line, why },
    })
}

/// Reads lines; `name` is for people.
pub fn parse(name: &str, lines: &[u8], take: &mut Take<'_>) -> Result<Origin, SnapshotError> {
    read(name.to_owned(), lines, take).map_err(|error| match error {
        Wrong::Io(source) => SnapshotError::Unreadable { path: name.into(), source },
        Wrong::Line(line, why) => SnapshotError::Line { name: name.to_owned(), line, why },
    })
}

/// The fields of an object.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    // the position alone: serde_json's own message may quote the input
    let value: Value = serde_json::from_slice(bytes).map_err(|e| format!("is not JSON, at column {}", e.column()))?;
    let Value::Object(fields) = value else { return Err("must be a JSON object".into()) };
    Ok(fields)
}

enum Wrong {
    Io(std::io::Error),
    Line(usize, String),
}

fn read(name: String, mut lines: impl BufRead, take: &mut Take<'_>) -> Result<Origin, Wrong> {
    let (mut hash, mut bytes, mut arena) = (Sha256::new(), Vec::new(), Bump::new());
    for line in 1.. {
        bytes.clear();
        arena.reset();
        // a byte more than the limit is enough to know that it is passed
        let read = lines.by_ref().take(MOST_LINE as u64 + 1).read_until(b'\n', &mut bytes).map_err(Wrong::Io)?;
        if read == 0 {
            break;
        }
        hash.update(&bytes);
        if read > MOST_LINE {
            return Err(Wrong::Line(line, format!("is longer than {MOST_LINE} bytes")));
        }
        // without the line's end, past which a column would count anew
        let content = bytes.trim_ascii_end();
        if content.is_empty() {
            continue;
        }
        let taken = match envelope::parse(content, &arena) {
            Some(Envelope { record, .. }) => take(Entry::Record(&record)),
            None => take(Entry::Line(line, content)),
        };
        taken.map_err(|why| Wrong::Line(line, why))?;
    }
    Ok(Origin { name, sha256: hash.finalize().into() })
}
