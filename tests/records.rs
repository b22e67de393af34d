//! Every record becomes one exchange or one reject, whatever is in it: fixtures, and anything else.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;

use bumpalo::Bump;
use proptest::prelude::*;
use stillwatch::record::{self, Limits, Reject, RejectCounts, Tier};

/// The tier or the reason, as fixtures name them.
fn outcome(payload: Option<&[u8]>) -> &'static str {
    match record::decode(payload, &Limits::default(), &Bump::new()).map(|exchange| exchange.tier) {
        Ok(Tier::Content) => "content",
        Ok(Tier::Tokens) => "tokens",
        Ok(Tier::Metadata) => "metadata",
        Err(reason) => reason.label(),
    }
}

/// Expected outcome, name and record of every fixture.
fn fixtures() -> Vec<(String, String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/records");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        for line in
            bytes.strip_suffix(b"\n").unwrap().split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#"))
        {
            let mut parts = line.splitn(3, |&byte| byte == b'\t');
            let [expected, name] = [(); 2].map(|()| String::from_utf8(parts.next().unwrap().to_vec()).unwrap());
            let file = file.file_stem().unwrap().display();
            cases.push((expected, format!("{file}: {name}"), parts.next().unwrap().to_vec()));
        }
    }
    cases
}

#[test]
fn every_fixture_has_its_expected_outcome() {
    let mut seen = BTreeMap::<String, u32>::new();
    let mut wrong = Vec::new();
    for (expected, name, record) in fixtures() {
        let payload = (record != b"<tombstone>").then_some(&record[..]);
        let found = outcome(payload);
        if found != expected {
            wrong.push(format!("{name}: {found} instead of {expected}"));
        }
        *seen.entry(expected).or_default() += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for reason in Reject::ALL.into_iter().filter(|reason| *reason != Reject::TooLarge) {
        assert!(seen.contains_key(reason.label()), "no fixture is {}", reason.label());
    }
}

#[test]
fn a_record_over_8_mib_is_too_large_and_one_of_8_mib_is_not() {
    let frame = r#"{"tenant":"acme","ts":1784884435102,"prompt":""}"#;
    let filler = "a".repeat((8 << 20) - frame.len());
    let largest = frame.replace(r#""prompt":"""#, &format!(r#""prompt":"{filler}""#));
    assert_eq!(outcome(Some(largest.as_bytes())), "content");
    assert_eq!(outcome(Some(format!("{largest} ").as_bytes())), "too_large");
    assert_eq!(outcome(Some(&vec![0xff; (8 << 20) + 1])), "too_large");
    assert_eq!(outcome(Some(&vec![b' '; (8 << 20) + 1])), "empty");
}

#[test]
fn eight_million_levels_neither_overflow_nor_hide_what_is_malformed() {
    let mut deep = br#"{"tenant":"acme","ts":1784884435102,"x":"#.to_vec();
    let levels = ((8 << 20) - deep.len() - 1) / 2;
    deep.extend(std::iter::repeat_n(b'[', levels));
    let cut = deep.clone();
    deep.extend(std::iter::repeat_n(b']', levels));
    deep.push(b'}');
    assert_eq!(outcome(Some(&deep)), "too_deep");
    assert_eq!(outcome(Some(&cut)), "not_json");
    assert_eq!(outcome(Some(&vec![b'['; 8 << 20])), "not_json");
}

/// A record with everything in it, so that mutations reach every reader.
const FULL: &str = r#"{"v":1,"id":"r","ts":"2026-07-24T09:13:55.102Z","tenant":"acme","account":"k","system":[{"text":"S"}],"messages":[{"role":"user","content":[{"type":"text","text":"p\u00e9\ud83d\ude00\n"}]},{"role":"assistant","content":"x"}],"response":{"content":"r"},"tools":["a",{"function":{"name":"b"}}],"params":{"temperature":0.7,"n":1,"seed":7,"logprobs":true,"logit_bias":{"1":2},"response_format":{"type":"text"}},"usage":{"input_tokens":8,"output_tokens":6},"client":{"ip":"203.0.113.9","asn":64500},"status":200,"latency_ms":4210,"else":[null,{"a":[1e9]}]}"#;

#[derive(Clone, Debug)]
enum Edit {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Double(prop::sample::Index, usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = any::<prop::sample::Index>;
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..4),
        "[\\[\\]{}\",:\\\\0-9a-z.]{1,4}".prop_map(String::into_bytes),
        prop::sample::select(vec![
            "null",
            "1e999",
            "[]",
            "{}",
            "\"\"",
            "\\ud800",
            "\"ts\":0,",
            "\"tenant\":1,",
            "\u{feff}"
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    let edit = prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (at(), piece).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        (at(), 1..40_usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (at(), 1..40_usize).prop_map(|(at, length)| Edit::Double(at, length)),
    ];
    prop::collection::vec(edit, 0..4)
}

fn edited(edits: &[Edit]) -> Vec<u8> {
    let mut record = FULL.as_bytes().to_vec();
    for edit in edits {
        let place =
            |at: &prop::sample::Index, record: &[u8]| if record.is_empty() { 0 } else { at.index(record.len()) };
        match edit {
            Edit::Set(at, byte) if !record.is_empty() => {
                let at = place(at, &record);
                record[at] = *byte;
            }
            Edit::Set(..) => {}
            Edit::Insert(at, piece) => {
                let at = place(at, &record);
                record.splice(at..at, piece.iter().copied());
            }
            Edit::Remove(at, length) => {
                let at = place(at, &record);
                record.drain(at..record.len().min(at + length));
            }
            Edit::Double(at, length) => {
                let at = place(at, &record);
                let piece = record[at..record.len().min(at + length)].to_vec();
                record.splice(at..at, piece);
            }
        }
    }
    record
}

/// What must hold of any record; tells whether it was accepted.
fn check(payload: &[u8]) -> Result<bool, TestCaseError> {
    let arena = Bump::new();
    let result = record::decode(Some(payload), &Limits::default(), &arena);
    let is_json = serde_json::from_slice::<serde_json::Value>(payload).is_ok();
    if let Ok(exchange) = &result {
        prop_assert!((1..=256).contains(&exchange.tenant.len()));
        prop_assert!(record::native::TIMES.contains(&exchange.ts.0));
        prop_assert!(std::str::from_utf8(payload).is_ok());
    }
    // theirs refuses more (marks, surrogates, ranges), so it can only say what must not be refused as JSON
    if is_json && payload.trim_ascii_start().starts_with(b"{") {
        prop_assert!(!matches!(result, Err(Reject::Empty | Reject::NotUtf8 | Reject::NotJson)), "{:?}", result.err());
    }
    let again = record::decode(Some(payload), &Limits::default(), &arena);
    prop_assert_eq!(format!("{result:?}"), format!("{again:?}"));
    Ok(result.is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_are_judged(payload in prop::collection::vec(any::<u8>(), 0..64)) {
        check(&payload)?;
    }

    #[test]
    fn damaged_records_are_judged(edits in edits()) {
        let accepted = check(&edited(&edits))?;
        prop_assert!(accepted || !edits.is_empty());
    }
}

proptest! {
    #[test]
    fn accepted_and_rejected_make_up_all(records in prop::collection::vec(edits(), 0..20)) {
        let mut accepted = 0;
        let mut rejected = RejectCounts::default();
        for edits in &records {
            match record::decode(Some(&edited(edits)), &Limits::default(), &Bump::new()) {
                Ok(_) => accepted += 1,
                Err(reason) => rejected.add(reason),
            }
        }
        prop_assert_eq!(accepted + rejected.total(), records.len() as u64);
        prop_assert_eq!(Reject::ALL.map(|reason| rejected.of(reason)).iter().sum::<u64>(), rejected.total());
    }
}
