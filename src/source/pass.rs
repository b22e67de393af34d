//! One pass over several files, batch by batch: what `replay`, `train` and `evaluate` read their logs with.

use std::path::{Path, PathBuf};

use super::ahead::ahead;
use super::files::{FileError, LineBatch, LineReader};
use super::parquet::{RowReader, is_parquet};

/// Lines per batch, and bytes that end one early.
const BATCH: (usize, usize) = (8192, 16 << 20);

/// A file of lines, or of rows that are read as lines.
enum Reader {
    Lines(LineReader),
    Rows(Box<RowReader>),
}

/// A batch, its file, and the bytes of files up to its end.
type Read<'p> = (&'p Path, LineBatch, u64);

/// Hands every batch of lines to `sink`, with its file and how far the pass is: bytes done, bytes in all. The next batch is
/// read meanwhile.
pub fn pass<E: From<FileError>>(
    inputs: &[PathBuf],
    max_record_bytes: usize,
    mut sink: impl FnMut(&Path, &LineBatch, (u64, u64)) -> Result<(), E>,
) -> Result<(), E> {
    let total = inputs.iter().map(|path| std::fs::metadata(path).map_or(0, |meta| meta.len())).sum();
    ahead(
        |give| {
            if let Err(error) = read(inputs, max_record_bytes, &mut |batch| give(Ok(batch))) {
                give(Err(error));
            }
        },
        |read: Result<Read<'_>, FileError>| {
            let (path, batch, done) = read?;
            sink(path, &batch, (done, total))
        },
    )
}

/// Gives batches as long as they are wanted.
fn read<'p>(
    inputs: &'p [PathBuf],
    max_record_bytes: usize,
    give: &mut dyn FnMut(Read<'p>) -> bool,
) -> Result<(), FileError> {
    let mut done = 0;
    for path in inputs {
        let mut reader = Reader::open(path, max_record_bytes)?;
        loop {
            let mut batch = LineBatch::default();
            let more = reader.next_batch(&mut batch, BATCH.0, BATCH.1)?;
            if !give((path, batch, done + reader.bytes_read())) {
                return Ok(());
            }
            if !more {
                break;
            }
        }
        done += reader.bytes_read();
    }
    Ok(())
}

impl Reader {
    fn open(path: &Path, max_record_bytes: usize) -> Result<Reader, FileError> {
        if is_parquet(path) {
            return RowReader::open(path, max_record_bytes).map(Box::new).map(Reader::Rows);
        }
        LineReader::open(path, max_record_bytes).map(Reader::Lines)
    }

    fn next_batch(&mut self, batch: &mut LineBatch, max_lines: usize, max_bytes: usize) -> Result<bool, FileError> {
        match self {
            Reader::Lines(lines) => lines.next_batch(batch, max_lines, max_bytes),
            Reader::Rows(rows) => rows.next_batch(batch, max_lines, max_bytes),
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Reader::Lines(lines) => lines.bytes_read(),
            Reader::Rows(rows) => rows.bytes_read(),
        }
    }
}

/// The files' names for reports and cards: no folders, for those are sent around.
pub fn names(inputs: &[PathBuf]) -> String {
    let name = |path: &PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
    inputs.iter().filter_map(name).collect::<Vec<_>>().join(", ")
}
