//! What people have decided about findings. [`Verdicts`] is one frozen snapshot of it: JSON lines or a dump of the
//! topic, where the last word on a finding counts.
//!
//! A verdict is told on the later events of its finding. It changes no evidence, no severity, and never whether a
//! finding is made: what a person dismissed once must not blind the detector to what comes next.
//!
//! Not here: when a snapshot takes effect (`side_inputs`, `control`). Who decided and what they wrote (`by`,
//! `note`) is text of people: it is read over and kept nowhere. Bounded: [`MOST_VERDICTS`] of about 24 bytes each.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::record::time::parse_rfc3339;
use crate::snapshot::{self, Entry, Origin, SnapshotError};

/// Most findings of a snapshot.
pub const MOST_VERDICTS: usize = 1_000_000;

/// What a person decided about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was what it looked like.
    TruePositive,
    /// It was not there.
    FalsePositive,
    /// It was there, and is allowed.
    Benign,
    /// Another finding already tells of it.
    Duplicate,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 4] = [Verdict::TruePositive, Verdict::FalsePositive, Verdict::Benign, Verdict::Duplicate];

    /// The name in the file.
    pub fn label(self) -> &'static str {
        match self {
            Verdict::TruePositive => "true_positive",
            Verdict::FalsePositive => "false_positive",
            Verdict::Benign => "benign",
            Verdict::Duplicate => "duplicate",
        }
    }

    /// `verdict_id` of OCSF's incident profile.
    pub fn id(self) -> u8 {
        match self {
            Verdict::FalsePositive => 1,
            Verdict::TruePositive => 2,
            Verdict::Benign => 5,
            Verdict::Duplicate => 10,
        }
    }

    /// The schema's caption of the id.
    pub fn caption(self) -> &'static str {
        match self {
            Verdict::TruePositive => "True Positive",
            Verdict::FalsePositive => "False Positive",
            Verdict::Benign => "Benign",
            Verdict::Duplicate => "Duplicate",
        }
    }

    /// Whether nobody needs to act on the finding.
    pub fn dismisses(self) -> bool {
        self != Verdict::TruePositive
    }
}

/// Verdicts by the finding's uid, from one file.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    origin: Origin,
    of: BTreeMap<u128, Verdict>,
    unread: u64,
}

impl Verdicts {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Verdicts, SnapshotError> {
        let mut verdicts = Verdicts::default();
        let origin = snapshot::load(path, &mut |entry| verdicts.take(entry))?;
        Ok(Verdicts { origin, ..verdicts })
    }

    /// Reads lines; `name` is for people.
    pub fn parse(name: &str, lines: &[u8]) -> Result<Verdicts, SnapshotError> {
        let mut verdicts = Verdicts::default();
        let origin = snapshot::parse(name, lines, &mut |entry| verdicts.take(entry))?;
        Ok(Verdicts { origin, ..verdicts })
    }

    /// The file's name, without its folder.
    pub fn name(&self) -> &str {
        self.origin.name()
    }

    /// SHA-256 of the file, in hex: what `sha256sum` prints.
    pub fn sha256_hex(&self) -> String {
        self.origin.sha256_hex()
    }

    /// Whether it was read from somewhere, if only from an empty file.
    pub fn is_loaded(&self) -> bool {
        self.origin.is_loaded()
    }

    /// Findings with a verdict.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether nothing is decided.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The verdict on a finding.
    pub fn of(&self, uid: u128) -> Option<Verdict> {
        self.of.get(&uid).copied()
    }

    /// How many findings have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.of.values().filter(|found| **found == verdict).count()
    }

    /// How many fields there were that nobody reads. Their names are not kept: beside free text, a name may be text.
    pub fn unread_fields(&self) -> u64 {
        self.unread
    }

    fn take(&mut self, entry: Entry<'_>) -> Result<(), String> {
        let (uid, verdict) = match entry {
            Entry::Line(_, bytes) => self.decision(bytes)?,
            Entry::Record(record) => {
                let key = record.key.map(|key| std::str::from_utf8(key).ok().and_then(uid_of));
                match (record.payload, key) {
                    (None, Some(Some(key))) => (key, None),
                    (None, _) => return Err("is a tombstone without a finding's uid as its key".into()),
                    (Some(payload), key) => {
                        let (uid, verdict) = self.decision(payload)?;
                        // compaction and tombstones go by the key
                        if key.is_some_and(|key| key != Some(uid)) {
                            return Err("`finding` must be the key of its record".into());
                        }
                        (uid, verdict)
                    }
                }
            }
        };
        match verdict {
            Some(verdict) => drop(self.of.insert(uid, verdict)),
            None => drop(self.of.remove(&uid)),
        }
        if self.of.len() > MOST_VERDICTS {
            return Err(format!("is the {}th finding; at most {MOST_VERDICTS} are read", MOST_VERDICTS + 1));
        }
        Ok(())
    }

    /// One decision: the finding, and the verdict unless it is taken back; the error is a field and its limit.
    fn decision(&mut self, bytes: &[u8]) -> Result<(u128, Option<Verdict>), String> {
        let fields = snapshot::object(bytes)?;
        let uid = fields.get("finding").and_then(Value::as_str).and_then(uid_of);
        let uid = uid.ok_or("`finding` must be a finding's uid: 32 hex digits, in lower case")?;
        let verdict = verdict(&fields)?;
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                // not for order: the file's lines and the topic's records have their own
                "ts" if value.as_str().and_then(parse_rfc3339).is_none() => {
                    return Err("`ts` must be RFC 3339, such as \"2026-08-02T09:00:00Z\"".into());
                }
                "by" | "note" if !value.is_string() => return Err(format!("`{name}` must be text")),
                "finding" | "verdict" | "ts" | "by" | "note" => {}
                _ => self.unread += 1,
            }
        }
        Ok((uid, verdict))
    }
}

/// An absent verdict is a fault; null takes one back.
fn verdict(fields: &Map<String, Value>) -> Result<Option<Verdict>, String> {
    let said = fields.get("verdict");
    if said.is_some_and(Value::is_null) {
        return Ok(None);
    }
    let label = said.and_then(Value::as_str);
    let found = Verdict::ALL.into_iter().find(|verdict| label == Some(verdict.label()));
    let wrong = || {
        let known: Vec<&str> = Verdict::ALL.into_iter().map(Verdict::label).collect();
        format!("`verdict` must be one of {}, or null to take it back", known.join(", "))
    };
    found.map(Some).ok_or_else(wrong)
}

/// The uid as findings carry it, and no other way of writing the number.
fn uid_of(text: &str) -> Option<u128> {
    let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if digits { u128::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const UID: &str = "0123456789abcdef0011223344556677";
    const NUMBER: u128 = 0x0123_4567_89ab_cdef_0011_2233_4455_6677;

    fn record(offset: u64, key: Option<&str>, payload: Option<&str>) -> String {
        let line = serde_json::json!({"topic": "t", "partition": 0, "offset": offset, "key": key, "payload": payload});
        format!("{line}\n")
    }

    fn decision(verdict: &str) -> String {
        format!("{{\"finding\":\"{UID}\",\"verdict\":\"{verdict}\"}}")
    }

    #[test]
    fn every_verdict_of_the_contract_is_read_and_what_people_wrote_is_not_kept() {
        let lines = std::fs::read("fixtures/verdicts/good.jsonl").unwrap();
        let verdicts = Verdicts::parse("good.jsonl", &lines).unwrap();
        let found: Vec<Option<Verdict>> = (1..=6).map(|uid| verdicts.of(uid)).collect();
        let [yes, no, benign, twice] = Verdict::ALL;
        // the fifth was decided anew, the sixth was taken back
        assert_eq!(found, [Some(yes), Some(no), Some(benign), Some(twice), Some(no), None]);
        assert_eq!((verdicts.len(), verdicts.count(no), verdicts.unread_fields()), (5, 2, 1));
        let debug = format!("{verdicts:?}");
        for text in ["alice", "customer", "colour"] {
            assert!(String::from_utf8_lossy(&lines).contains(text) && !debug.contains(text), "{text}: {debug}");
        }
    }

    #[test]
    fn a_dump_of_the_topic_is_read_with_its_last_word_on_each_finding() {
        let of = |lines: &[String]| Verdicts::parse("t", lines.concat().as_bytes()).unwrap().of(NUMBER);
        let first = record(0, Some(UID), Some(&decision("benign")));
        let second = record(1, Some(UID), Some(&decision("true_positive")));
        assert_eq!(of(&[first.clone(), second.clone()]), Some(Verdict::TruePositive));
        assert_eq!(of(&[second.clone(), first.clone()]), Some(Verdict::Benign), "the order is that of the records");
        assert_eq!(of(&[first, second, record(2, Some(UID), None)]), None, "a tombstone takes it back");
        assert_eq!(of(&[record(0, None, Some(&decision("benign")))]), Some(Verdict::Benign), "without a key");
    }

    #[test]
    fn a_record_under_another_key_and_a_tombstone_of_nobody_are_refused() {
        let said = |line: String| Verdicts::parse("t", line.as_bytes()).unwrap_err().to_string();
        let foreign = said(record(0, Some(&UID.replace('0', "1")), Some(&decision("benign"))));
        assert_eq!(foreign, "t line 1: `finding` must be the key of its record");
        assert!(said(record(0, Some("key"), None)).contains("tombstone without a finding's uid"));
    }

    /// `fixtures/verdicts/bad.cases`: what is said, and the line.
    #[test]
    fn an_error_names_file_line_field_and_limit_and_never_the_text() {
        let cases = std::fs::read_to_string("fixtures/verdicts/bad.cases").unwrap();
        let mut seen = 0;
        for case in cases.lines().filter(|line| !line.starts_with('#')) {
            let (expected, line) = case.split_once('\t').unwrap();
            let lines = format!("{}\n{line}\n", decision("benign"));
            let said = Verdicts::parse("v.jsonl", lines.as_bytes()).unwrap_err().to_string();
            assert_eq!(said, format!("v.jsonl line 2: {expected}"), "{line}");
            seen += 1;
        }
        assert!(seen > 10, "{seen}");
        let long = format!("{{\"note\":\"{}\"}}", "x".repeat(snapshot::MOST_LINE));
        let said = Verdicts::parse("v", long.as_bytes()).unwrap_err().to_string();
        assert_eq!(said, "v line 1: is longer than 65536 bytes");
        let said = Verdicts::load("no such file".as_ref()).unwrap_err().to_string();
        assert!(said.starts_with("cannot read no such file: "), "{said}");
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_bytes_they_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), at in 0..60usize) {
            drop(Verdicts::parse("t", &bytes));
            let mut damaged = decision("benign").into_bytes();
            damaged[at] = bytes.first().copied().unwrap_or_default();
            drop(Verdicts::parse("t", &damaged));
        }
    }
}
