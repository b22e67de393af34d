//! Reads the rows of one file in batches, each as the line of a native record.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::cell;
use super::column::Column;
use super::guard::{Fault, guarded};
use super::tree::{Node, Shape};
use crate::source::files::{FileError, LineBatch};

/// Rows read from every column at a time: values are slices of the columns' pages, so this is cheap.
const CHUNK: usize = 256;

/// Rows of a file.
pub struct RowReader {
    path: PathBuf,
    file: SerializedFileReader<File>,
    tree: Node,
    columns: Vec<Column>,
    max_line: usize,
    /// The next row group.
    group: usize,
    /// Rows of the current one that are not read yet, and rows read that are not handed out yet.
    left: (u64, usize),
    rows: u64,
    total_rows: u64,
    total_bytes: u64,
}

impl RowReader {
    /// Opens a file and reads its schema.
    pub fn open(path: &Path, max_record_bytes: usize) -> Result<Self, FileError> {
        let failed = |source| FileError::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if about.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let damaged = |Fault(why)| FileError::Rows { path: path.to_owned(), rows: 0, why };
        let file = guarded(|| SerializedFileReader::new(file)).map_err(damaged)?;
        let described = file.metadata().file_metadata();
        let tree = Node::of(described.schema());
        if tree.leaves.is_empty() {
            return Err(damaged(Fault("its schema has no columns".to_owned())));
        }
        Ok(RowReader {
            path: path.to_owned(),
            total_rows: u64::try_from(described.num_rows()).unwrap_or_default(),
            total_bytes: about.len(),
            file,
            tree,
            columns: Vec::new(),
            max_line: max_record_bytes.saturating_mul(2).saturating_add(64 << 10),
            group: 0,
            left: (0, 0),
            rows: 0,
        })
    }

    /// Bytes of the file that the rows so far stand for.
    pub fn bytes_read(&self) -> u64 {
        let share = self.rows as f64 / self.total_rows.max(1) as f64;
        (self.total_bytes as f64 * share.min(1.0)) as u64
    }

    /// Replaces the batch by the next rows; false when there are none left. Bounded as lines are.
    pub fn next_batch(&mut self, batch: &mut LineBatch, max_rows: usize, max_bytes: usize) -> Result<bool, FileError> {
        batch.clear();
        while batch.len() < max_rows.max(1) && (batch.is_empty() || batch.bytes() < max_bytes) {
            match self.next_row(batch) {
                Ok(true) => self.rows += 1,
                Ok(false) => break,
                Err(Fault(why)) => {
                    return Err(FileError::Rows { path: self.path.clone(), rows: self.rows, why });
                }
            }
        }
        Ok(!batch.is_empty())
    }

    fn next_row(&mut self, batch: &mut LineBatch) -> Result<bool, Fault> {
        while self.left.1 == 0 {
            if self.left.0 == 0 && !self.open_group()? {
                return Ok(false);
            }
            self.read_chunk()?;
        }
        let (tree, columns) = (&self.tree, &mut self.columns);
        let written = batch.push_with(self.max_line, |line| {
            write(tree, columns, line)?;
            // the next value of every column is the next row's
            let ended = columns.iter().all(|column| column.peek().is_none_or(|level| level.repeated == 0));
            ended.then_some(())
        });
        written.ok_or_else(|| Fault("its columns do not belong together".to_owned()))?;
        self.left.1 -= 1;
        Ok(true)
    }

    /// Goes to the next row group; false if there is none.
    fn open_group(&mut self) -> Result<bool, Fault> {
        if self.group >= self.file.num_row_groups() {
            return Ok(false);
        }
        let (file, group) = (&self.file, self.group);
        (self.columns, self.left.0) = guarded(|| {
            let group = file.get_row_group(group)?;
            let rows = u64::try_from(group.metadata().num_rows())?;
            let schema = group.metadata().schema_descr();
            let columns = schema.columns().iter().enumerate();
            let columns: Result<Vec<Column>, ParquetError> = columns
                .map(|(index, about)| Ok(Column::new(group.get_column_reader(index)?, about.max_def_level())))
                .collect();
            Ok((columns?, rows))
        })?;
        self.group += 1;
        Ok(true)
    }

    fn read_chunk(&mut self) -> Result<(), Fault> {
        let wanted = usize::try_from(self.left.0).unwrap_or(CHUNK).min(CHUNK);
        for column in &mut self.columns {
            let rows = guarded(|| column.read(wanted))?;
            if rows != wanted {
                return Err(Fault(format!("a column ends after {rows} of {wanted} rows")));
            }
        }
        self.left = (self.left.0 - wanted as u64, wanted);
        Ok(())
    }
}

/// Appends the next value of a node; none if the levels of its columns do not fit together.
fn write(node: &Node, columns: &mut [Column], out: &mut Vec<u8>) -> Option<bool> {
    let first = columns.get(node.leaves.start)?.peek()?;
    if first.defined < node.defined {
        step(node, columns)?;
        return Some(false);
    }
    match &node.shape {
        Shape::Leaf(meaning) => columns.get_mut(node.leaves.start)?.json(*meaning, out),
        Shape::Object(fields) => {
            let mut members = Members::open(b'{', out);
            for (name, field) in fields {
                let start = members.next(out);
                cell::string(name.as_bytes(), out);
                out.push(b':');
                // null is absent
                let there = write(field, columns, out)?;
                members.keep(there, start, out);
            }
            out.push(b'}');
            Some(true)
        }
        Shape::List { element, repetition } => repeated(node, *repetition, *b"[]", columns, out, |columns, out| {
            if !write(element, columns, out)? {
                out.extend_from_slice(b"null");
            }
            Some(true)
        }),
        Shape::Map { key, value, repetition } => repeated(node, *repetition, *b"{}", columns, out, |columns, out| {
            let mut name = Vec::new();
            let named = write(key, columns, &mut name)?;
            if name.first() == Some(&b'"') {
                out.extend_from_slice(&name);
            } else {
                cell::string(&name, out);
            }
            out.push(b':');
            Some(write(value, columns, out)? && named)
        }),
    }
}

/// Appends a list's items, or a map's members.
fn repeated(
    node: &Node,
    repetition: i16,
    [open, close]: [u8; 2],
    columns: &mut [Column],
    out: &mut Vec<u8>,
    mut item: impl FnMut(&mut [Column], &mut Vec<u8>) -> Option<bool>,
) -> Option<bool> {
    let mut members = Members::open(open, out);
    if columns.get(node.leaves.start)?.peek()?.defined == node.defined {
        step(node, columns)?;
    } else {
        loop {
            let start = members.next(out);
            let there = item(columns, out)?;
            members.keep(there, start, out);
            let goes_on = columns.get(node.leaves.start)?.peek().is_some_and(|level| level.repeated == repetition);
            if !goes_on {
                break;
            }
        }
    }
    out.push(close);
    Some(true)
}

fn step(node: &Node, columns: &mut [Column]) -> Option<()> {
    columns.get_mut(node.leaves.clone())?.iter_mut().try_for_each(Column::step)
}

/// Commas between what is kept.
struct Members(bool);

impl Members {
    fn open(bracket: u8, out: &mut Vec<u8>) -> Members {
        out.push(bracket);
        Members(false)
    }

    /// Where the next one starts.
    fn next(&self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        if self.0 {
            out.push(b',');
        }
        start
    }

    fn keep(&mut self, there: bool, start: usize, out: &mut Vec<u8>) {
        if there {
            self.0 = true;
        } else {
            out.truncate(start);
        }
    }
}
