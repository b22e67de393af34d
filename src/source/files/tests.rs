#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::{FileError, Line, LineBatch, LineReader};

/// Lines of a reader, and the size of the largest batch.
fn lines(reader: &mut LineReader, max_lines: usize, max_bytes: usize) -> Result<(Vec<Vec<u8>>, usize), FileError> {
    let (mut all, mut largest, mut batch) = (Vec::new(), 0, LineBatch::default());
    while reader.next_batch(&mut batch, max_lines, max_bytes)? {
        assert!(!batch.is_empty() && batch.len() <= max_lines);
        largest = largest.max(batch.bytes.len());
        all.extend(batch.iter().map(|line| match line {
            Line::Whole(bytes) => bytes.to_vec(),
            Line::TooLong { bytes, .. } => format!("<{bytes}>").into_bytes(),
        }));
    }
    Ok((all, largest))
}

fn of(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = LineReader::from_reader("test", io::Cursor::new(bytes.to_vec()), 1 << 20);
    lines(&mut reader, 3, 1 << 20).unwrap().0
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn an_empty_line_counts_and_the_end_of_the_file_does_not() {
    assert_eq!(of(b""), Vec::<Vec<u8>>::new());
    assert_eq!(of(b"\n"), [b""]);
    assert_eq!(of(b"a"), [b"a"]);
    assert_eq!(of(b"a\n"), [b"a"]);
    assert_eq!(of(b"a\n\nb\r\n"), [&b"a"[..], b"", b"b\r"]);
    assert_eq!(of(b"a\n\n"), [&b"a"[..], b""]);
}

#[test]
fn a_line_over_the_cap_is_hashed_and_not_held() {
    // cap: 2 × 0 + 64 KiB
    let long = vec![b'x'; 3 << 20];
    let input = [&b"a\n"[..], &long, b"\nb\n", &long].concat();
    let mut reader = LineReader::from_reader("test", io::Cursor::new(input), 0);
    let mut batch = LineBatch::default();
    assert!(reader.next_batch(&mut batch, 10, 1 << 20).unwrap());
    let too_long = Line::TooLong { bytes: 3 << 20, sha256: Sha256::digest(&long).into() };
    assert_eq!(batch.iter().collect::<Vec<_>>(), [Line::Whole(b"a"), too_long, Line::Whole(b"b"), too_long]);
    assert!(batch.bytes.capacity() <= 1 << 20, "{}", batch.bytes.capacity());
    for (length, whole) in [((64 << 10) - 1, true), (64 << 10, true), ((64 << 10) + 1, false)] {
        let mut reader = LineReader::from_reader("test", io::repeat(b'x').take(length), 0);
        assert!(reader.next_batch(&mut batch, 10, 1 << 20).unwrap());
        assert_eq!(matches!(batch.iter().next(), Some(Line::Whole(_))), whole, "{length}");
    }
}

#[test]
fn reads_each_kind_of_file_and_tells_how_far_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text: Vec<u8> = (0..20_000).flat_map(|line| format!("line {line}\n").into_bytes()).collect();
    let (front, back) = text.split_at(text.len() / 2);
    let kinds = [
        ("plain.jsonl", text.clone()),
        ("one.gz", gzip(&text)),
        ("members.gz", [gzip(front), gzip(back)].concat()),
        ("one.zst", zstd::encode_all(&*text, 3).unwrap()),
        ("frames.zst", [zstd::encode_all(front, 3).unwrap(), zstd::encode_all(back, 3).unwrap()].concat()),
    ];
    for (name, bytes) in kinds {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let mut reader = LineReader::open(&path, 1 << 10).unwrap();
        assert_eq!(reader.total_bytes(), Some(bytes.len() as u64), "{name}");
        let (all, _) = lines(&mut reader, 1000, 1 << 20).unwrap();
        assert_eq!(all.join(&b'\n'), text.strip_suffix(b"\n").unwrap(), "{name}");
        assert_eq!(reader.bytes_read(), bytes.len() as u64, "{name}");
    }
}

#[test]
fn a_broken_file_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let text: Vec<u8> = (0..20_000).flat_map(|line| format!("line {line}\n").into_bytes()).collect();
    let (gz, zst) = (gzip(&text), zstd::encode_all(&*text, 3).unwrap());
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8].iter_mut().for_each(|byte| *byte ^= 0x55);
        bytes
    };
    let broken = [
        ("cut.gz", gz[..gz.len() - 9].to_vec()),
        ("cut.zst", zst[..zst.len() - 9].to_vec()),
        ("flipped.gz", flipped(&gz)),
        ("none.gz", text.clone()),
        ("none.zst", text.clone()),
        ("empty.gz", Vec::new()),
        ("tail.gz", [&gz[..], b"garbage"].concat()),
    ];
    for (name, bytes) in broken {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let error = lines(&mut LineReader::open(&path, 1 << 10).unwrap(), 1000, 1 << 20).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("truncated or corrupt"), "{name}: {error}");
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error_that_names_it() {
    let error = LineReader::open(Path::new("no/such/file.jsonl"), 1).err().unwrap().to_string();
    assert!(error.contains("cannot open no/such/file.jsonl"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(LineReader::open(folder.path(), 1), Err(FileError::Open { .. })));
}

proptest! {
    #[test]
    fn any_batch_size_gives_the_same_lines(
        text in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200), max_lines in 1..5_usize, max_bytes in 0..40_usize,
    ) {
        let mut reader = LineReader::from_reader("test", io::Cursor::new(text.clone()), 1 << 10);
        let (all, largest) = lines(&mut reader, max_lines, max_bytes).unwrap();
        let mut expected: Vec<Vec<u8>> = text.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
        if expected.last().is_some_and(Vec::is_empty) {
            expected.pop();
        }
        let longest = expected.iter().map(Vec::len).max().unwrap_or_default();
        prop_assert!(largest <= max_bytes + longest);
        prop_assert_eq!(all, expected);
        prop_assert_eq!(reader.bytes_read(), text.len() as u64);
    }
}
