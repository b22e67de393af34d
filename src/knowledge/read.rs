//! Reading a snapshot: JSON lines, one tenant each, strictly. An error names file, line, field and limit;
//! unknown fields are counted and passed over.
//!
//! A line may also be the envelope of a record of the topic, as `kcat -J` writes it: there a later record of a tenant
//! replaces an earlier one, and a tombstone takes it out.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::{Country, Declared, Facts, Knowledge, Segment};
use crate::record::time::parse_rfc3339;
use crate::snapshot::{self, Entry, SnapshotError};
use crate::source::Record;
use crate::units::Millis;

/// Most tenants of a file.
const MOST_TENANTS: usize = 4_000_000;
/// Most policies of one tenant, and the longest name of one.
const MOST_POLICIES: usize = 16;
const MOST_POLICY: usize = 64;
/// Distinct names of unknown fields that are remembered.
const MOST_UNKNOWN: usize = 32;
/// Longest name of a tenant, as in exchanges.
const MOST_TENANT: usize = 256;
/// Most tokens of a plan: what a double holds exactly.
const MOST_TOKENS: f64 = 9_007_199_254_740_992.0;

impl Knowledge {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Knowledge, SnapshotError> {
        let mut reading = Reading::default();
        let origin = snapshot::load(path, &mut |entry| reading.take(entry))?;
        Ok(Knowledge { origin, ..reading.knowledge })
    }

    /// Reads lines; `name` is for people.
    pub fn parse(name: &str, lines: &[u8]) -> Result<Knowledge, SnapshotError> {
        let mut reading = Reading::default();
        let origin = snapshot::parse(name, lines, &mut |entry| reading.take(entry))?;
        Ok(Knowledge { origin, ..reading.knowledge })
    }
}

/// What was read so far, and in which plain line each tenant was.
#[derive(Default)]
struct Reading {
    knowledge: Knowledge,
    first_at: BTreeMap<Box<str>, usize>,
}

impl Reading {
    fn take(&mut self, entry: Entry<'_>) -> Result<(), String> {
        let knowledge = &mut self.knowledge;
        match entry {
            Entry::Record(of_topic) => knowledge.take(of_topic)?,
            Entry::Line(line, bytes) => {
                let (tenant, facts) = record(bytes, &mut knowledge.unknown_fields)?;
                if let Some(before) = self.first_at.insert(tenant.clone(), line) {
                    return Err(format!("`tenant` {tenant:?} is in line {before}, too; keep one"));
                }
                knowledge.facts.insert(tenant, facts);
            }
        }
        if knowledge.facts.len() > MOST_TENANTS {
            return Err(format!("is the {}th tenant; at most {MOST_TENANTS} are read", MOST_TENANTS + 1));
        }
        Ok(())
    }
}

impl Knowledge {
    /// Takes the next record of the topic.
    fn take(&mut self, of_topic: &Record<'_>) -> Result<(), String> {
        let Some(payload) = of_topic.payload else {
            let key = of_topic.key.and_then(|key| std::str::from_utf8(key).ok());
            self.facts.remove(key.ok_or("is a tombstone without a tenant's name as its key")?);
            return Ok(());
        };
        let (tenant, facts) = record(payload, &mut self.unknown_fields)?;
        self.facts.insert(tenant, facts);
        Ok(())
    }
}

/// One tenant; the error is a field and what it must be.
fn record(bytes: &[u8], unknown: &mut BTreeMap<Box<str>, u64>) -> Result<(Box<str>, Facts), String> {
    let fields = snapshot::object(bytes)?;
    let mut facts = Facts::default();
    for (name, value) in &fields {
        if value.is_null() {
            continue;
        }
        match name.as_str() {
            "tenant" => {}
            "segment" => facts.segment = Some(segment(value)?),
            "country" => facts.country = Some(country(name, value)?),
            "owner_country" => facts.owner_country = Some(country(name, value)?),
            "supported_region" => facts.supported_region = Some(switch(name, value)?),
            "model_policies" => facts.model_policies = policies(value)?,
            "declared" => facts.declared = declared(value)?,
            "distillation_allowed" => facts.distillation_allowed = switch(name, value)?,
            "created" => facts.created = Some(day(value)?),
            "plan_tokens_per_month" => facts.plan_tokens_per_month = Some(tokens(value)?),
            _ => {
                if unknown.len() < MOST_UNKNOWN || unknown.contains_key(name.as_str()) {
                    *unknown.entry(name.as_str().into()).or_default() += 1;
                }
            }
        }
    }
    Ok((tenant(&fields)?, facts))
}

fn tenant(fields: &Map<String, Value>) -> Result<Box<str>, String> {
    let name = fields.get("tenant").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() || name.len() > MOST_TENANT || name.chars().any(char::is_control) {
        return Err(format!("`tenant` must be a name of 1 to {MOST_TENANT} bytes without control characters"));
    }
    Ok(name.into())
}

fn segment(value: &Value) -> Result<Segment, String> {
    let found = Segment::ALL.into_iter().find(|segment| value.as_str() == Some(segment.label()));
    found.ok_or_else(|| {
        let known: Vec<&str> = Segment::ALL.into_iter().map(Segment::label).collect();
        format!("`segment` must be one of {}", known.join(", "))
    })
}

fn country(name: &str, value: &Value) -> Result<Country, String> {
    let found = value.as_str().and_then(Country::parse);
    found.ok_or_else(|| format!("`{name}` must be two capital letters of ISO 3166, such as \"SG\""))
}

fn switch(name: &str, value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("`{name}` must be true or false"))
}

fn policies(value: &Value) -> Result<Vec<Box<str>>, String> {
    let wrong =
        || format!("`model_policies` must be a list of at most {MOST_POLICIES} names of 1 to {MOST_POLICY} bytes");
    let list = value.as_array().filter(|list| list.len() <= MOST_POLICIES).ok_or_else(wrong)?;
    let name = |value: &Value| value.as_str().filter(|name| (1..=MOST_POLICY).contains(&name.len())).map(Box::from);
    list.iter().map(|value| name(value).ok_or_else(wrong)).collect()
}

fn declared(value: &Value) -> Result<Declared, String> {
    let wrong = || "`declared` must be a list of \"evaluation\" and \"synthetic_data\"".to_owned();
    let mut declared = Declared::default();
    for used in value.as_array().ok_or_else(wrong)? {
        match used.as_str() {
            Some("evaluation") => declared.evaluation = true,
            Some("synthetic_data") => declared.synthetic_data = true,
            _ => return Err(wrong()),
        }
    }
    Ok(declared)
}

fn day(value: &Value) -> Result<Millis, String> {
    let parse = |text: &str| parse_rfc3339(text).or_else(|| parse_rfc3339(&format!("{text}T00:00:00Z")));
    value.as_str().and_then(parse).ok_or_else(|| "`created` must be a day such as \"2026-05-01\", or RFC 3339".into())
}

fn tokens(value: &Value) -> Result<u64, String> {
    let found = value.as_f64().filter(|tokens| (0.0..=MOST_TOKENS).contains(tokens));
    let found = found.ok_or_else(|| format!("`plan_tokens_per_month` must be a number from 0 to {MOST_TOKENS:e}"))?;
    Ok(found as u64)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::snapshot::MOST_LINE;

    const WHOLE: &str = r#"{"tenant":"acme","segment":"enterprise","country":"SG","owner_country":"CN","supported_region":true,"model_policies":["openai"],"declared":["evaluation","synthetic_data"],"distillation_allowed":false,"created":"2026-05-01","plan_tokens_per_month":1e9}"#;

    #[test]
    fn the_contract_s_line_is_read_whole() {
        let knowledge = Knowledge::parse("t", WHOLE.as_bytes()).unwrap();
        let facts = knowledge.of("acme").unwrap();
        assert_eq!(facts.segment, Some(Segment::Enterprise));
        assert_eq!((facts.country, facts.owner_country), (Country::parse("SG"), Country::parse("CN")));
        assert_eq!(facts.supported_region, Some(true));
        assert_eq!(facts.model_policies, ["openai".into()]);
        assert_eq!(facts.declared.labels(), ["evaluation", "synthetic_data"]);
        assert_eq!(facts.created, parse_rfc3339("2026-05-01T00:00:00Z"));
        assert_eq!((facts.distillation_allowed, facts.plan_tokens_per_month), (false, Some(1_000_000_000)));
        // `printf %s "$LINE" | sha256sum`
        assert_eq!(knowledge.sha256_hex(), crate::units::hex(&Sha256::digest(WHOLE)));
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_bytes_they_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), at in 0..WHOLE.len()) {
            drop(Knowledge::parse("t", &bytes));
            let mut damaged = WHOLE.as_bytes().to_vec();
            damaged[at] = bytes.first().copied().unwrap_or_default();
            drop(Knowledge::parse("t", &damaged));
            drop(crate::control::ControlRecord::parse(&bytes));
        }
    }

    #[test]
    fn everything_but_the_tenant_may_be_absent_and_what_is_unknown_is_counted() {
        let lines = "{\"tenant\":\"a\",\"colour\":1}\n\n{\"tenant\":\"b\",\"colour\":2,\"size\":3,\"segment\":null}";
        let knowledge = Knowledge::parse("t", lines.as_bytes()).unwrap();
        assert_eq!((knowledge.len(), knowledge.of("b")), (2, Some(&Facts::default())));
        let unknown: Vec<(&str, u64)> = knowledge.unknown_fields().iter().map(|(name, n)| (&**name, *n)).collect();
        assert_eq!(unknown, [("colour", 2), ("size", 1)]);
    }

    #[test]
    fn a_dump_of_the_topic_is_read_with_its_last_word_on_each_tenant() {
        let line = |offset: u64, tenant: &str, payload: &str| {
            let payload = if payload.is_empty() { Value::Null } else { payload.into() };
            let line =
                serde_json::json!({"topic": "t", "partition": 0, "offset": offset, "key": tenant, "payload": payload});
            format!("{line}\n")
        };
        let lines = [
            line(0, "a", "{\"tenant\":\"a\",\"segment\":\"startup\"}"),
            line(1, "b", "{\"tenant\":\"b\"}"),
            line(2, "a", "{\"tenant\":\"a\",\"segment\":\"reseller\"}"),
            line(3, "b", ""),
        ];
        let knowledge = Knowledge::parse("t", lines.concat().as_bytes()).unwrap();
        assert_eq!(knowledge.len(), 1);
        assert_eq!(knowledge.of("a").unwrap().segment, Some(Segment::Reseller));
        let said = Knowledge::parse("t", line(0, "a", "{\"segment\":1}").as_bytes()).unwrap_err().to_string();
        assert!(said.contains("t line 1: `segment`"), "{said}");
    }

    #[test]
    fn an_error_names_file_line_field_and_limit() {
        let long = format!("{{\"tenant\":\"{}\"}}", "x".repeat(257));
        let longer = format!("{{\"tenant\":\"a\",\"note\":\"{}\"}}", "x".repeat(MOST_LINE));
        let many = format!("{{\"tenant\":\"a\",\"model_policies\":[{}\"x\"]}}", "\"y\",".repeat(16));
        for (line, expected) in [
            ("{", "is not JSON"),
            ("[]", "must be a JSON object"),
            ("{\"segment\":\"startup\"}", "`tenant` must be a name of 1 to 256 bytes"),
            (long.as_str(), "`tenant` must be a name of 1 to 256 bytes"),
            (longer.as_str(), "is longer than 65536 bytes"),
            (many.as_str(), "`model_policies` must be a list of at most 16 names"),
            ("{\"tenant\":\"a\",\"segment\":\"big\"}", "`segment` must be one of enterprise, startup"),
            ("{\"tenant\":\"a\",\"country\":\"Singapore\"}", "`country` must be two capital letters"),
            ("{\"tenant\":\"a\",\"owner_country\":\"cn\"}", "`owner_country` must be two capital letters"),
            ("{\"tenant\":\"a\",\"supported_region\":\"yes\"}", "`supported_region` must be true or false"),
            ("{\"tenant\":\"a\",\"declared\":[\"play\"]}", "`declared` must be a list of"),
            ("{\"tenant\":\"a\",\"created\":\"May\"}", "`created` must be a day"),
            ("{\"tenant\":\"a\",\"plan_tokens_per_month\":-1}", "`plan_tokens_per_month` must be a number from 0"),
            (WHOLE, "is in line 1, too"),
        ] {
            let said = Knowledge::parse("t.jsonl", format!("{WHOLE}\n{line}\n").as_bytes()).unwrap_err().to_string();
            assert!(said.starts_with("t.jsonl line 2: ") && said.contains(expected), "{said}");
        }
        let said = Knowledge::load("no such file".as_ref()).unwrap_err().to_string();
        assert!(said.starts_with("cannot read no such file: "), "{said}");
    }
}
