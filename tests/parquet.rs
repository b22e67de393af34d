//! A log as Parquet is the same log: every command that reads files says the same of it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use stillwatch::source::files::{Line, LineBatch};
use stillwatch::source::parquet::RowReader;

fn run(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stillwatch"));
    command.current_dir(folder).args(arguments.split(' ')).output().unwrap()
}

fn done(folder: &Path, arguments: &str) {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

fn rows(path: &Path) -> Vec<Value> {
    let (mut reader, mut batch) = (RowReader::open(path, 1 << 20).unwrap(), LineBatch::default());
    let mut rows = Vec::new();
    while reader.next_batch(&mut batch, 1000, 1 << 20).unwrap() {
        rows.extend(batch.iter().map(|line| match line {
            Line::Whole(bytes) => serde_json::from_slice::<Value>(bytes).unwrap(),
            Line::TooLong { bytes, .. } => panic!("a row of {bytes} bytes"),
        }));
    }
    rows
}

#[test]
fn findings_and_tables_are_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let log = "--tenants 80 --days 1 --seed 5 --attacks default --labels labels.jsonl --harvest-ids ids.txt";
    done(folder, &format!("simulate {log} --out a.jsonl"));
    done(folder, &format!("simulate {log} --out logs.parquet"));
    done(folder, &format!("simulate {log} --out again.parquet"));
    assert_eq!(read(folder, "logs.parquet"), read(folder, "again.parquet"), "same seed, same bytes");
    let shrunk = read(folder, "a.jsonl").len() / read(folder, "logs.parquet").len();
    assert!(shrunk >= 3, "a {shrunk}th of the bytes");

    // the second time from a folder, and in other batches on the side of the lines
    std::fs::create_dir(folder.join("logs")).unwrap();
    std::fs::rename(folder.join("logs.parquet"), folder.join("logs/logs.parquet")).unwrap();
    let outputs = |name: &str| format!("--findings {name}.findings --dead-letters {name}.letters --partitions 6");
    done(folder, &format!("replay a.jsonl {} --scores a.scores", outputs("a")));
    done(folder, &format!("replay logs {} --scores b.parquet", outputs("b")));
    assert_eq!(read(folder, "a.findings"), read(folder, "b.findings"));
    assert!(!read(folder, "a.findings").is_empty());
    assert_eq!(read(folder, "a.letters"), read(folder, "b.letters"));

    let scores = String::from_utf8(read(folder, "a.scores")).unwrap();
    let lines: Vec<Value> = scores.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let columns = rows(&folder.join("b.parquet"));
    assert_eq!((lines.len(), lines.is_empty()), (columns.len(), false));
    for (line, columns) in lines.iter().zip(&columns) {
        for (name, value) in line.as_object().unwrap().iter().filter(|(name, _)| *name != "ts") {
            let found = columns.get(name).unwrap_or(&Value::Null);
            assert_eq!((value.as_f64(), value.as_str()), (found.as_f64(), found.as_str()), "{name}");
        }
    }

    // evaluate prints which file it read, so under the same name
    done(folder, "evaluate a.jsonl --labels labels.jsonl --harvest-ids ids.txt --bootstrap 10 --out a.json");
    done(folder, "evaluate logs --labels labels.jsonl --harvest-ids ids.txt --bootstrap 10 --out b.json");
    let of_lines = String::from_utf8(read(folder, "a.json")).unwrap();
    assert_eq!(of_lines.replace("a.jsonl", "logs.parquet"), String::from_utf8(read(folder, "b.json")).unwrap());
}

#[test]
fn a_damaged_file_exits_1_and_is_named_with_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/parquet/damaged.parquet");
    let output = run(folder.path(), &format!("replay {} --json", fixture.display()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("damaged.parquet past row 300") && !said.contains("panicked"), "{said}");
}
