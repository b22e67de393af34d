//! Parquet files: exchanges as rows, read and written; scores as rows, written.
//!
//! ```text
//! file ─► row group ─► columns, 256 rows of each at a time ─► one JSON object a row ─► LineBatch
//! value ─► shredded into columns ─► row group of at most 64 MiB ─► file
//! ```
//!
//! A row becomes the line that the native record would be, so everything behind it is the same code as for
//! JSONL: a row that is no good record is a reject at its row number. Null is absent. Structs, lists and maps
//! are objects, arrays and objects; a column marked JSON, or a text column under the name of a nested field,
//! is taken as the JSON it holds. A file that cannot be read further is an error that names file and row.
//! In memory: one page of each column, at most 2 GiB by the format, 1 MiB as files are written.

mod cell;
mod column;
mod exchange;
mod guard;
mod read;
mod tree;
mod write;

pub use exchange::{EXCHANGE, row_of_line};
pub use read::RowReader;
pub use write::RowWriter;

use std::path::Path;

/// Whether a file's name says that it is Parquet.
pub fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

#[cfg(test)]
mod tests;
