#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bumpalo::Bump;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};

use super::{EXCHANGE, RowReader, RowWriter, is_parquet, row_of_line};
use crate::record::{self, Limits, Reject};
use crate::simulate::{AttackSpec, Spec, demo_spec, simulate};
use crate::source::files::{FileError, Line, LineBatch};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/parquet").join(name)
}

/// Rows as lines, until the end or the fault.
fn lines(path: &Path, max_rows: usize, max_bytes: usize) -> (Vec<Vec<u8>>, Option<FileError>) {
    let mut reader = match RowReader::open(path, 1 << 20) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let (mut all, mut batch) = (Vec::new(), LineBatch::default());
    loop {
        let read = reader.next_batch(&mut batch, max_rows, max_bytes);
        all.extend(batch.iter().map(|line| match line {
            Line::Whole(bytes) => bytes.to_vec(),
            Line::TooLong { bytes, .. } => format!("<{bytes}>").into_bytes(),
        }));
        match read {
            Ok(true) => assert!(batch.len() <= max_rows.max(1)),
            Ok(false) => return (all, None),
            Err(error) => return (all, Some(error)),
        }
    }
}

fn values(path: &Path) -> Vec<Value> {
    let (lines, fault) = lines(path, 1000, 1 << 20);
    assert!(fault.is_none(), "{fault:?}");
    lines.iter().map(|line| serde_json::from_slice(line).unwrap()).collect()
}

fn outcome(line: &[u8]) -> &'static str {
    record::decode(Some(line), &Limits::default(), &Bump::new()).err().map_or("fine", Reject::label)
}

#[test]
fn files_of_pyarrow_read_as_their_rows() {
    for name in ["nested", "old"] {
        let expected = std::fs::read_to_string(fixture(&format!("{name}.jsonl"))).unwrap();
        let expected: Vec<Value> = expected.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(values(&fixture(&format!("{name}.parquet"))), expected, "{name}");
    }
}

#[test]
fn a_bad_row_is_a_reject_and_not_the_end() {
    let outcomes = |name| lines(&fixture(name), 2, 1).0.iter().map(|line| outcome(line)).collect::<Vec<_>>();
    assert_eq!(outcomes("nested.parquet"), ["fine", "fine", "fine", "missing_tenant", "missing_ts", "bad_tenant"]);
    // JSON that ends early must not reach out of its field: it would name another tenant
    assert_eq!(outcomes("text.parquet"), ["fine", "bad_type", "not_utf8"]);
}

#[test]
fn a_damaged_file_is_an_error_that_names_file_and_row() {
    let (read, fault) = lines(&fixture("damaged.parquet"), 1000, 1 << 20);
    let said = fault.unwrap().to_string();
    assert_eq!(read.len(), 300);
    assert!(said.contains("damaged.parquet past row 300: "), "{said}");
    let (read, fault) = lines(&fixture("brotli.parquet"), 1000, 1 << 20);
    let said = fault.unwrap().to_string();
    assert!(read.is_empty() && said.contains("brotli.parquet past row 0: ") && said.contains("brotli"), "{said}");
    let (_, fault) = lines(&fixture("nested.jsonl"), 1000, 1 << 20);
    let said = fault.unwrap().to_string();
    assert!(said.contains("nested.jsonl past row 0: ") && said.contains("Parquet"), "{said}");
    let (_, fault) = lines(Path::new("no/such.parquet"), 1, 1);
    assert!(fault.unwrap().to_string().contains("cannot open no/such.parquet"));
}

#[test]
fn any_damage_is_an_error_or_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.parquet");
    let mut faults = 0;
    for name in ["nested.parquet", "old.parquet"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        for place in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << (place % 8);
            std::fs::write(&path, &bytes).unwrap();
            faults += usize::from(lines(&path, 1000, 1 << 20).1.is_some());
            std::fs::write(&path, &whole[..place]).unwrap();
            assert!(lines(&path, 1000, 1 << 20).1.is_some(), "{name} cut at {place}");
        }
    }
    assert!(faults > 100, "{faults}");
}

#[test]
fn simulated_records_survive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.parquet");
    let spec = Spec { tenants: 30, days: 0.3, attacks: AttackSpec::Default, ..demo_spec(3) };
    let rows: Vec<Value> = simulate(&spec).map(|record| row_of_line(&record.line).unwrap()).collect();
    let mut writer = RowWriter::new(std::fs::File::create(&path).unwrap(), EXCHANGE).unwrap();
    for row in &rows {
        writer.put(row).unwrap();
    }
    writer.finish().unwrap();
    let read = values(&path);
    assert_eq!(read.len(), rows.len());
    assert!(rows.len() > 300, "{}", rows.len());
    for (read, mut row) in read.into_iter().zip(rows) {
        if let Some(text) = row["ts"].as_str() {
            row["ts"] = record::time::parse_rfc3339(text).unwrap().0.into();
        }
        assert_eq!(normal(read), normal(row));
    }
}

/// `1.0` is `1`.
fn normal(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, normal(value))).collect(),
        Value::Array(items) => items.into_iter().map(normal).collect(),
        other => other,
    }
}

#[test]
fn what_has_no_column_is_not_dropped() {
    let mut writer = RowWriter::new(Vec::new(), EXCHANGE).unwrap();
    let said = writer.put(&json!({"tenant": "a", "surprise": 1})).unwrap_err().to_string();
    assert!(said.contains("`surprise` has no column"), "{said}");
    let said = writer.put(&json!({"usage": {"input_tokens": "many"}})).unwrap_err().to_string();
    assert!(said.contains("`input_tokens` is of another type"), "{said}");
}

#[test]
fn lists_without_a_mark_and_fields_that_must_be_there_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bare.parquet");
    let schema = "message m { required int64 ts (TIMESTAMP(NANOS,true)); repeated binary tools (STRING); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[-1, 1_999_999], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let tools = [ByteArray::from("a"), ByteArray::from("b")];
    column.typed::<ByteArrayType>().write_batch(&tools, Some(&[1, 1, 0]), Some(&[0, 1, 0])).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    assert_eq!(values(&path), [json!({"ts": -1, "tools": ["a", "b"]}), json!({"ts": 1, "tools": []})]);
}

#[test]
fn a_row_over_the_cap_is_hashed_and_not_held() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.parquet");
    let mut writer = RowWriter::new(std::fs::File::create(&path).unwrap(), EXCHANGE).unwrap();
    // cap: 2 × 1 MiB + 64 KiB
    for length in [3 << 20, 1] {
        writer.put(&json!({"prompt": "x".repeat(length)})).unwrap();
    }
    writer.finish().unwrap();
    let (read, fault) = lines(&path, 1000, 1 << 30);
    assert!(fault.is_none());
    assert_eq!(
        read,
        [format!("<{}>", (3 << 20) + "{\"prompt\":\"\"}".len()).into_bytes(), b"{\"prompt\":\"x\"}".to_vec()]
    );
}

#[test]
fn the_name_says_what_is_parquet() {
    assert!(is_parquet(Path::new("a/b.parquet")) && is_parquet(Path::new("B.PARQUET")));
    assert!(!is_parquet(Path::new("parquet")) && !is_parquet(Path::new("a.parquet.jsonl")));
}
