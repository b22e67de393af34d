//! One pass over several files, batch by batch: what `replay`, `train` and `evaluate` read their logs with.

use std::path::{Path, PathBuf};

use super::files::{FileError, LineBatch, LineReader};

/// Lines per batch, and bytes that end one early.
const BATCH: (usize, usize) = (8192, 16 << 20);

/// Hands every batch of lines to `sink`, with its file and how far the pass is: bytes done, bytes in all.
pub fn pass<E: From<FileError>>(
    inputs: &[PathBuf],
    max_record_bytes: usize,
    mut sink: impl FnMut(&Path, &LineBatch, (u64, u64)) -> Result<(), E>,
) -> Result<(), E> {
    let total = inputs.iter().map(|path| std::fs::metadata(path).map_or(0, |meta| meta.len())).sum();
    let (mut batch, mut done) = (LineBatch::default(), 0);
    for path in inputs {
        let mut reader = LineReader::open(path, max_record_bytes)?;
        loop {
            let more = reader.next_batch(&mut batch, BATCH.0, BATCH.1)?;
            sink(path, &batch, (done + reader.bytes_read(), total))?;
            if !more {
                break;
            }
        }
        done += reader.bytes_read();
    }
    Ok(())
}

/// The files' names for reports and cards: no folders, for those are sent around.
pub fn names(inputs: &[PathBuf]) -> String {
    let name = |path: &PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
    inputs.iter().filter_map(name).collect::<Vec<_>>().join(", ")
}
