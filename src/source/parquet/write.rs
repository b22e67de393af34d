//! Writes JSON objects as the rows of a Parquet file, by a schema in which every field is optional.
//!
//! The same rows give the same bytes. Held in memory: one row group.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use serde_json::Value;

use super::cell::Meaning;
use super::tree::{Node, Shape};
use crate::record::time::parse_rfc3339;

/// A row group ends at so many rows, or with the row that reaches so many bytes of text.
const GROUP: (usize, usize) = (100_000, 64 << 20);

/// Writes one file.
pub struct RowWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    tree: Node,
    columns: Vec<Buffer>,
    rows: usize,
    bytes: usize,
}

impl<W: Write + Send> RowWriter<W> {
    /// Begins a file of this schema, in Parquet's own notation.
    pub fn new(out: W, schema: &str) -> io::Result<Self> {
        let schema = Arc::new(parse_message_type(schema).map_err(io_error)?);
        let properties = WriterProperties::builder()
            // level 3, as for .jsonl.zst
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(io_error)?))
            // for whole column chunks: what a reader needs to pass over them, and no more
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .build();
        let file = SerializedFileWriter::new(out, Arc::clone(&schema), Arc::new(properties)).map_err(io_error)?;
        let columns = file.schema_descr().columns().iter().map(|about| Buffer::new(about.physical_type()));
        Ok(RowWriter { columns: columns.collect(), tree: Node::of(&schema), file, rows: 0, bytes: 0 })
    }

    /// Adds a row. Fails if it holds what the schema has no place for: nothing is dropped in silence.
    pub fn put(&mut self, row: &Value) -> io::Result<()> {
        let mut shredder = Shredder { columns: &mut self.columns, bytes: 0 };
        shredder.put("row", &self.tree, row, 0)?;
        self.bytes += shredder.bytes;
        self.rows += 1;
        if self.rows >= GROUP.0 || self.bytes >= GROUP.1 { self.end_group() } else { Ok(()) }
    }

    /// Writes what is left and the footer, without which the file cannot be read.
    pub fn finish(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.end_group()?;
        }
        let mut out = self.file.into_inner().map_err(io_error)?;
        out.flush()
    }

    fn end_group(&mut self) -> io::Result<()> {
        let mut group = self.file.next_row_group().map_err(io_error)?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column().map_err(io_error)? else { break };
            column.write(&mut writer).map_err(io_error)?;
            writer.close().map_err(io_error)?;
        }
        group.close().map_err(io_error)?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

/// Takes a row apart.
struct Shredder<'c> {
    columns: &'c mut [Buffer],
    bytes: usize,
}

impl Shredder<'_> {
    fn put(&mut self, name: &str, node: &Node, value: &Value, repeated: i16) -> io::Result<()> {
        if value.is_null() {
            self.nothing(node, node.defined - 1, repeated);
            return Ok(());
        }
        match (&node.shape, value) {
            (Shape::Leaf(meaning), value) => {
                let column = self.columns.get_mut(node.leaves.start);
                let bytes = column.and_then(|column| column.push(value, *meaning, Levels(node.defined, repeated)));
                self.bytes += bytes.ok_or_else(|| misplaced(name, "is of another type than its column"))?;
            }
            (Shape::Object(fields), Value::Object(members)) => {
                if let Some(stranger) = members.keys().find(|key| fields.iter().all(|(name, _)| name != *key)) {
                    return Err(misplaced(stranger, "has no column"));
                }
                for (name, field) in fields {
                    self.put(name, field, members.get(name).unwrap_or(&Value::Null), repeated)?;
                }
            }
            (Shape::List { .. }, Value::Array(items)) if items.is_empty() => {
                self.nothing(node, node.defined, repeated);
            }
            (Shape::List { element, repetition }, Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.put(name, element, item, if index == 0 { repeated } else { *repetition })?;
                }
            }
            _ => return Err(misplaced(name, "is of another type than its column")),
        }
        Ok(())
    }

    /// Says in every column of a node how much of it is there.
    fn nothing(&mut self, node: &Node, defined: i16, repeated: i16) {
        for column in self.columns.get_mut(node.leaves.clone()).unwrap_or_default() {
            column.levels(Levels(defined, repeated));
        }
    }
}

#[derive(Clone, Copy)]
struct Levels(i16, i16);

/// A column of the row group that is being filled.
struct Buffer {
    values: Values,
    defined: Vec<i16>,
    repeated: Vec<i16>,
}

enum Values {
    Flags(Vec<bool>),
    Short(Vec<i32>),
    Long(Vec<i64>),
    Real(Vec<f64>),
    Text(Vec<ByteArray>),
}

impl Buffer {
    fn new(physical: Physical) -> Buffer {
        let values = match physical {
            Physical::BOOLEAN => Values::Flags(Vec::new()),
            Physical::INT32 => Values::Short(Vec::new()),
            Physical::INT64 => Values::Long(Vec::new()),
            Physical::DOUBLE => Values::Real(Vec::new()),
            _ => Values::Text(Vec::new()),
        };
        Buffer { values, defined: Vec::new(), repeated: Vec::new() }
    }

    fn levels(&mut self, levels: Levels) {
        self.defined.push(levels.0);
        self.repeated.push(levels.1);
    }

    /// Adds a value; its bytes, or none if it is of another type.
    fn push(&mut self, value: &Value, meaning: Meaning, levels: Levels) -> Option<usize> {
        let bytes = match &mut self.values {
            Values::Flags(flags) => {
                flags.push(value.as_bool()?);
                1
            }
            Values::Short(numbers) => {
                numbers.push(i32::try_from(value.as_i64()?).ok()?);
                4
            }
            Values::Long(numbers) => {
                let time = || parse_rfc3339(value.as_str().filter(|_| meaning != Meaning::Plain)?).map(|ms| ms.0);
                numbers.push(value.as_i64().or_else(time)?);
                8
            }
            Values::Real(numbers) => {
                numbers.push(value.as_f64()?);
                8
            }
            Values::Text(texts) => {
                let text = value.as_str()?;
                texts.push(ByteArray::from(text));
                text.len()
            }
        };
        self.levels(levels);
        Some(bytes)
    }

    fn write(&mut self, out: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = (self.defined.as_slice(), self.repeated.as_slice());
        match &mut self.values {
            Values::Flags(values) => drain::<BoolType>(values, levels, out),
            Values::Short(values) => drain::<Int32Type>(values, levels, out),
            Values::Long(values) => drain::<Int64Type>(values, levels, out),
            Values::Real(values) => drain::<DoubleType>(values, levels, out),
            Values::Text(values) => drain::<ByteArrayType>(values, levels, out),
        }?;
        self.defined.clear();
        self.repeated.clear();
        Ok(())
    }
}

fn drain<T: DataType>(
    values: &mut Vec<T::T>,
    (defined, repeated): (&[i16], &[i16]),
    out: &mut SerializedColumnWriter<'_>,
) -> Result<(), ParquetError> {
    out.typed::<T>().write_batch(values, Some(defined), Some(repeated))?;
    values.clear();
    Ok(())
}

fn misplaced(name: &str, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("field `{name}` {why} in the Parquet schema"))
}

fn io_error(error: ParquetError) -> io::Error {
    io::Error::other(error)
}
