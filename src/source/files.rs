//! Lines of files: plain, `.gz`, `.zst`, or `-` for standard input.
//!
//! ```text
//! file ─► counted ─► decompressed ─► 256 KiB buffer ─► LineBatch: one buffer, ranges into it
//! ```
//!
//! A batch is bounded in lines and bytes, and reused: nothing is allocated per line. A line over the cap is
//! hashed and dropped as it streams by, so neither a file without line feeds nor a compressed bomb is ever held
//! in memory. What is a line: what stands between line feeds, also if empty; after the last line feed only if
//! something follows. A carriage return before the line feed stays, it is white space to JSON.
//! Not here: what a line means, and which partition it belongs to.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

/// A file that cannot be read further.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Missing, or no right to read it.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk, or compressed data that ends early or is not what its name says.
    #[error("cannot read {} past line {lines}{}: {source}", path.display(), if *compressed { " (truncated or corrupt)" } else { "" })]
    Read {
        /// Which file.
        path: PathBuf,
        /// Complete lines before the fault.
        lines: u64,
        /// Whether it is compressed, so that the fault is likely in the data.
        compressed: bool,
        /// Why.
        source: io::Error,
    },
    /// Parquet that is damaged, or of a kind that is not read.
    #[error("cannot read {} past row {rows}: {why}", path.display())]
    Rows {
        /// Which file.
        path: PathBuf,
        /// Complete rows before the fault.
        rows: u64,
        /// Why.
        why: String,
    },
}

/// One line without its line feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// As it stands in the file.
    Whole(&'a [u8]),
    /// Over the cap: not kept, to be counted as `too_large`.
    TooLong {
        /// Its length in bytes.
        bytes: u64,
        /// Of all of it, for the dead letter.
        sha256: [u8; 32],
    },
}

/// Lines of one file, in order.
#[derive(Debug, Default)]
pub struct LineBatch {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

#[derive(Debug)]
enum Span {
    Whole(Range<usize>),
    TooLong { bytes: u64, sha256: [u8; 32] },
}

impl LineBatch {
    /// The lines.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Line<'_>> {
        self.spans.iter().map(|span| match span {
            Span::Whole(range) => Line::Whole(self.bytes.get(range.clone()).unwrap_or_default()),
            Span::TooLong { bytes, sha256 } => Line::TooLong { bytes: *bytes, sha256: *sha256 },
        })
    }

    /// How many lines.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds the line that `write` appends to the bytes; over the cap it is hashed and dropped. None, and no line,
    /// if `write` gives up.
    pub(super) fn push_with(&mut self, cap: usize, write: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<()> {
        let start = self.bytes.len();
        let written = write(&mut self.bytes);
        let line = self.bytes.get(start..).unwrap_or_default();
        let span = if line.len() > cap {
            Span::TooLong { bytes: line.len() as u64, sha256: Sha256::digest(line).into() }
        } else {
            Span::Whole(start..self.bytes.len())
        };
        if written.is_none() || matches!(span, Span::TooLong { .. }) {
            self.bytes.truncate(start);
        }
        self.spans.extend(written.map(|()| span));
        written
    }
}

/// Reads one file's lines in batches.
pub struct LineReader {
    path: PathBuf,
    input: BufReader<Box<dyn Read + Send>>,
    compressed: bool,
    max_line: usize,
    lines: u64,
    consumed: Arc<AtomicU64>,
    total: Option<u64>,
}

impl LineReader {
    /// Opens a file by its name's ending, or standard input for `-`.
    ///
    /// A line may be twice as long as the largest record plus 64 KiB: an envelope escapes what it carries.
    pub fn open(path: &Path, max_record_bytes: usize) -> Result<Self, FileError> {
        if path == Path::new("-") {
            return Ok(Self::of(path, Box::new(io::stdin()), None, false, max_record_bytes));
        }
        let failed = |source| FileError::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if about.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let total = about.is_file().then_some(about.len());
        let consumed = Arc::<AtomicU64>::default();
        let counted = Counted { inner: file, consumed: Arc::clone(&consumed) };
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let (input, compressed): (Box<dyn Read + Send>, bool) = match ending {
            "gz" => (Box::new(MultiGzDecoder::new(BufReader::new(counted))), true),
            "zst" => (Box::new(zstd::stream::read::Decoder::new(counted).map_err(failed)?), true),
            _ => (Box::new(counted), false),
        };
        let reader = Self::of(path, input, total, compressed, max_record_bytes);
        Ok(LineReader { consumed, ..reader })
    }

    /// Reads from anything; `name` is what errors call it.
    pub fn from_reader(name: &str, input: impl Read + Send + 'static, max_record_bytes: usize) -> Self {
        Self::of(Path::new(name), Box::new(input), None, false, max_record_bytes)
    }

    fn of(
        path: &Path,
        input: Box<dyn Read + Send>,
        total: Option<u64>,
        compressed: bool,
        max_record_bytes: usize,
    ) -> Self {
        let consumed = Arc::<AtomicU64>::default();
        // files count before the decoder, where their length is known; streams count here
        let input = match total {
            Some(_) => input,
            None => Box::new(Counted { inner: input, consumed: Arc::clone(&consumed) }),
        };
        LineReader {
            path: path.to_owned(),
            input: BufReader::with_capacity(256 << 10, input),
            compressed,
            max_line: max_record_bytes.saturating_mul(2).saturating_add(64 << 10),
            lines: 0,
            consumed,
            total,
        }
    }

    /// Bytes taken from the file so far, as stored: for a progress bar, slightly ahead of the lines.
    pub fn bytes_read(&self) -> u64 {
        self.consumed.load(Ordering::Relaxed)
    }

    /// The file's size as stored; unknown for a stream.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total
    }

    /// Replaces the batch by the next lines; false when there are none left.
    ///
    /// Stops at `max_lines`, or with the line that reaches `max_bytes`, so a batch is at most `max_bytes` and
    /// one line long. Both count as one if zero.
    pub fn next_batch(&mut self, batch: &mut LineBatch, max_lines: usize, max_bytes: usize) -> Result<bool, FileError> {
        batch.clear();
        while batch.spans.len() < max_lines.max(1) && (batch.spans.is_empty() || batch.bytes.len() < max_bytes) {
            match self.next_line(batch) {
                Ok(true) => self.lines += 1,
                Ok(false) => break,
                Err(source) => {
                    let (path, lines, compressed) = (self.path.clone(), self.lines, self.compressed);
                    return Err(FileError::Read { path, lines, compressed, source });
                }
            }
        }
        Ok(!batch.is_empty())
    }

    fn next_line(&mut self, batch: &mut LineBatch) -> io::Result<bool> {
        let start = batch.bytes.len();
        let mut too_long: Option<(u64, Sha256)> = None;
        let mut begun = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let end = memchr::memchr(b'\n', chunk);
            let (piece, over) =
                (chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default(), end.is_some() || chunk.is_empty());
            begun |= !chunk.is_empty();
            if let Some((bytes, hash)) = &mut too_long {
                *bytes += piece.len() as u64;
                hash.update(piece);
            } else if batch.bytes.len() - start + piece.len() > self.max_line {
                let kept = batch.bytes.get(start..).unwrap_or_default();
                too_long =
                    Some(((kept.len() + piece.len()) as u64, Sha256::new().chain_update(kept).chain_update(piece)));
                batch.bytes.truncate(start);
            } else {
                batch.bytes.extend_from_slice(piece);
            }
            let used = piece.len() + usize::from(end.is_some());
            self.input.consume(used);
            if over {
                break;
            }
        }
        if begun {
            batch.spans.push(match too_long {
                Some((bytes, hash)) => Span::TooLong { bytes, sha256: hash.finalize().into() },
                None => Span::Whole(start..batch.bytes.len()),
            });
        }
        Ok(begun)
    }
}

struct Counted<R> {
    inner: R,
    consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.consumed.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

#[cfg(test)]
mod tests;
