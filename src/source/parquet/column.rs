//! A leaf column: its next values with their levels, and a place among them.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::Result;

use super::cell::{Cell, Meaning};

/// Some rows of a column.
pub(super) struct Column {
    values: Box<dyn Values>,
    defined: Vec<i16>,
    repeated: Vec<i16>,
    full: i16,
    level: usize,
    value: usize,
}

/// How much of a value's path is there, and which list it goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) defined: i16,
    pub(super) repeated: i16,
}

impl Column {
    /// A column of which nothing has been read; `full` is the definition level of its values.
    pub(super) fn new(reader: ColumnReader, full: i16) -> Column {
        let values: Box<dyn Values> = match reader {
            ColumnReader::BoolColumnReader(reader) => Typed::boxed(reader),
            ColumnReader::Int32ColumnReader(reader) => Typed::boxed(reader),
            ColumnReader::Int64ColumnReader(reader) => Typed::boxed(reader),
            ColumnReader::Int96ColumnReader(reader) => Typed::boxed(reader),
            ColumnReader::FloatColumnReader(reader) => Typed::boxed(reader),
            ColumnReader::DoubleColumnReader(reader) => Typed::boxed(reader),
            ColumnReader::ByteArrayColumnReader(reader) => Typed::boxed(reader),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => Typed::boxed(reader),
        };
        Column { values, defined: Vec::new(), repeated: Vec::new(), full, level: 0, value: 0 }
    }

    /// Replaces what is held by the next rows; says how many there are.
    pub(super) fn read(&mut self, rows: usize) -> Result<usize> {
        self.defined.clear();
        self.repeated.clear();
        (self.level, self.value) = (0, 0);
        let (rows, levels) = self.values.read(rows, &mut self.defined, &mut self.repeated)?;
        // a column that is always there, or never repeats, has no such levels
        self.defined.resize(levels, self.full);
        self.repeated.resize(levels, 0);
        Ok(rows)
    }

    /// Levels of the next value, if there is one.
    pub(super) fn peek(&self) -> Option<Level> {
        let (defined, repeated) = (self.defined.get(self.level)?, self.repeated.get(self.level)?);
        Some(Level { defined: *defined, repeated: *repeated })
    }

    /// Steps over a value that is not there.
    pub(super) fn step(&mut self) -> Option<()> {
        self.value += usize::from(self.peek()?.defined == self.full);
        self.level += 1;
        Some(())
    }

    /// Appends the next value and steps over it; false if JSON has no such value.
    pub(super) fn json(&mut self, meaning: Meaning, out: &mut Vec<u8>) -> Option<bool> {
        let written = self.values.json(self.value, meaning, out)?;
        self.step()?;
        Some(written)
    }
}

/// Values of one physical type.
trait Values: Send {
    /// Replaces them by those of the next rows: rows and levels read.
    fn read(&mut self, rows: usize, defined: &mut Vec<i16>, repeated: &mut Vec<i16>) -> Result<(usize, usize)>;
    /// Appends one.
    fn json(&self, index: usize, meaning: Meaning, out: &mut Vec<u8>) -> Option<bool>;
}

struct Typed<T: DataType> {
    reader: ColumnReaderImpl<T>,
    values: Vec<T::T>,
}

impl<T: DataType> Typed<T>
where
    T::T: Cell,
{
    fn boxed(reader: ColumnReaderImpl<T>) -> Box<dyn Values> {
        Box::new(Typed { reader, values: Vec::new() })
    }
}

impl<T: DataType> Values for Typed<T>
where
    T::T: Cell,
{
    fn read(&mut self, rows: usize, defined: &mut Vec<i16>, repeated: &mut Vec<i16>) -> Result<(usize, usize)> {
        self.values.clear();
        let read = self.reader.read_records(rows, Some(defined), Some(repeated), &mut self.values)?;
        Ok((read.0, read.2))
    }

    fn json(&self, index: usize, meaning: Meaning, out: &mut Vec<u8>) -> Option<bool> {
        Some(self.values.get(index)?.json(meaning, out))
    }
}
