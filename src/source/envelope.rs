//! A line that carries a Kafka record with its place in the log, as `kcat -J` writes it.
//!
//! ```json
//! {"topic":"llm.exchanges","partition":3,"offset":88123,"tstype":"create","ts":1784884435102,"broker":1,"headers":[],
//!  "key":"acme","payload":"{\"ts\":…}"}
//! ```
//!
//! A line is an envelope if it is one JSON object with, at its top level, a `partition` (0 to 2^31 - 1), an
//! `offset` (0 or more), a `payload` or `payload_b64` (named without escapes), each of its type, and **no**
//! `tenant`, which every native record has. Any other line is a record by itself, also one that merely looks
//! like an envelope: it is then rejected for what it lacks as a record, so that no line is lost.
//!
//! `payload` and `key` are strings or null; null is a tombstone or no key. `payload_b64` and `key_b64` (standard
//! alphabet, padded) carry bytes that are not UTF-8 and win over the plain ones. kcat itself writes such bytes
//! raw into the string, so the line need not be UTF-8 and the payload is what was in the log, byte for byte.
//! A lone surrogate, which no writer makes of bytes, reads as U+FFFD. Other fields are passed over.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bumpalo::Bump;

use super::Record;
use crate::record::field::{self, Read};
use crate::record::json::{Json, Kind, Malformed, Parsed};
use crate::units::Position;

/// A record and the topic it was read from.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// The topic, if the line names it.
    pub topic: Option<&'a str>,
    /// The record at its true position.
    pub record: Record<'a>,
}

/// The envelope that a line is, or none if the line is a record by itself. Headers are passed over.
pub fn parse<'a>(line: &'a [u8], arena: &'a Bump) -> Option<Envelope<'a>> {
    parse_seeking(line, None, arena)
}

/// The same with the value of one header, if its name is given and the record has it.
pub fn parse_seeking<'a>(line: &'a [u8], header: Option<&str>, arena: &'a Bump) -> Option<Envelope<'a>> {
    // most lines are none: a search costs a tenth of reading them twice
    memchr::memmem::find(line, b"\"payload")?;
    let mut json = Json::of_bytes(line, arena);
    let fields = Fields::read(&mut json, header).ok()?;
    let partition = i32::try_from(fields.partition?).ok().and_then(|partition| u32::try_from(partition).ok())?;
    let offset = fields.offset.filter(|offset| *offset >= 0)?;
    let broker_ts = fields.ts.filter(|ts| *ts >= 0 && fields.ts_type != Some("unknown"));
    let payload = fields.payload_b64.or(fields.payload);
    if payload.is_none() && !fields.has_payload {
        return None;
    }
    let (header, key) = (fields.header, fields.key_b64.or(fields.key));
    let record = Record { at: Position { partition, offset }, broker_ts, header, key, payload };
    Some(Envelope { topic: fields.topic, record })
}

/// Writes the line of a record, with a line feed. Bytes that are not UTF-8 go to `payload_b64` and `key_b64`.
pub fn write(record: &Record<'_>, topic: &str, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\"topic\":")?;
    write_string(topic, out)?;
    write!(out, ",\"partition\":{},\"offset\":{}", record.at.partition, record.at.offset)?;
    match record.broker_ts {
        Some(ts) => write!(out, ",\"tstype\":\"create\",\"ts\":{ts}")?,
        None => out.write_all(b",\"tstype\":\"unknown\"")?,
    }
    out.write_all(b",\"headers\":[],")?;
    write_bytes("key", record.key, out)?;
    out.write_all(b",")?;
    write_bytes("payload", record.payload, out)?;
    out.write_all(b"}\n")
}

#[derive(Default)]
struct Fields<'a> {
    topic: Option<&'a str>,
    partition: Option<i64>,
    offset: Option<i64>,
    ts_type: Option<&'a str>,
    ts: Option<i64>,
    header: Option<&'a [u8]>,
    key: Option<&'a [u8]>,
    payload: Option<&'a [u8]>,
    /// `payload` is there, if only as null.
    has_payload: bool,
    key_b64: Option<&'a [u8]>,
    payload_b64: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn read(json: &mut Json<'a>, header: Option<&str>) -> Parsed<Self> {
        let mut fields = Fields::default();
        let mut key = json.open_object()?;
        while let Some(name) = key {
            match name {
                "tenant" => return Err(Malformed),
                "topic" => fields.topic = good(field::text(json)?)?,
                "partition" => fields.partition = good(field::whole(json)?)?,
                "offset" => fields.offset = good(field::whole(json)?)?,
                "tstype" => fields.ts_type = good(field::text(json)?)?,
                "ts" => fields.ts = good(field::whole(json)?)?,
                "headers" if header.is_some() => fields.header = value_of(json, header)?,
                "key" => fields.key = bytes(json)?,
                "payload" => (fields.payload, fields.has_payload) = (bytes(json)?, true),
                "key_b64" => fields.key_b64 = decoded(json)?,
                "payload_b64" => fields.payload_b64 = decoded(json)?,
                _ => json.skip()?,
            }
            key = json.next_key()?;
        }
        json.finish()?;
        Ok(fields)
    }
}

/// A wrong type makes the line no envelope, just as malformed JSON does.
fn good<T>(read: Read<T>) -> Parsed<Option<T>> {
    if matches!(read, Read::Wrong) { Err(Malformed) } else { Ok(read.value()) }
}

/// The last value under a name in a flat array of names and values.
fn value_of<'a>(json: &mut Json<'a>, wanted: Option<&str>) -> Parsed<Option<&'a [u8]>> {
    if json.peek()? != Kind::Array {
        return json.skip().map(|()| None);
    }
    let (mut found, mut is_name, mut is_next) = (None, true, false);
    let mut more = json.open_array()?;
    while more {
        match (is_name, json.peek()?) {
            (true, Kind::String) => is_next = Some(json.bytes()?) == wanted.map(str::as_bytes),
            (false, Kind::String) if is_next => found = Some(json.bytes()?),
            _ => json.skip()?,
        }
        is_name = !is_name;
        more = json.next_item()?;
    }
    Ok(found)
}

fn bytes<'a>(json: &mut Json<'a>) -> Parsed<Option<&'a [u8]>> {
    match json.peek()? {
        Kind::String => json.bytes().map(Some),
        _ => json.null().map(|()| None),
    }
}

fn decoded<'a>(json: &mut Json<'a>) -> Parsed<Option<&'a [u8]>> {
    let Some(text) = bytes(json)? else { return Ok(None) };
    let room = json.arena().alloc_slice_fill_copy(base64::decoded_len_estimate(text.len()), 0);
    let length = STANDARD.decode_slice(text, room).map_err(|_| Malformed)?;
    room.get(..length).map(Some).ok_or(Malformed)
}

fn write_bytes(name: &str, bytes: Option<&[u8]>, out: &mut impl Write) -> io::Result<()> {
    let Some(bytes) = bytes else { return write!(out, "\"{name}\":null") };
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            write!(out, "\"{name}\":")?;
            write_string(text, out)
        }
        Err(_) => write!(out, "\"{name}_b64\":\"{}\"", STANDARD.encode(bytes)),
    }
}

fn write_string(text: &str, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(out, text).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::{parse, parse_seeking, write};
    use crate::source::Record;
    use crate::units::Position;

    /// The payload, or a word for having none.
    fn payload(line: &[u8]) -> Vec<u8> {
        let arena = Bump::new();
        match parse(line, &arena).map(|envelope| envelope.record.payload) {
            None => b"<no envelope>".to_vec(),
            Some(None) => b"<tombstone>".to_vec(),
            Some(Some(bytes)) => bytes.to_vec(),
        }
    }

    #[test]
    fn reads_what_kcat_writes() {
        let line = br#"{"topic":"llm.exchanges","partition":3,"offset":88123,"tstype":"create","ts":1784884435102,"broker":1,"headers":["trace","7",null,"x"],"key":"acme","payload":"{\"ts\":1,\n \"tenant\":\"acme\"}"}"#;
        let arena = Bump::new();
        let envelope = parse(line, &arena).unwrap();
        assert_eq!(envelope.topic, Some("llm.exchanges"));
        assert_eq!(envelope.record.at, Position { partition: 3, offset: 88123 });
        assert_eq!(envelope.record.broker_ts, Some(1_784_884_435_102));
        assert_eq!(envelope.record.key, Some(&b"acme"[..]));
        assert_eq!(envelope.record.payload, Some(&b"{\"ts\":1,\n \"tenant\":\"acme\"}"[..]));
    }

    #[test]
    fn a_header_is_found_by_its_name() {
        let line = |headers: &str| {
            format!(r#"{{"partition":0,"offset":0,"headers":{headers},"key":null,"payload":"x"}}"#).into_bytes()
        };
        let found = |headers: &str| {
            let arena = Bump::new();
            let line = line(headers);
            parse_seeking(&line, Some("x-tenant"), &arena).unwrap().record.header.map(<[u8]>::to_vec)
        };
        assert_eq!(found(r#"["trace","x-tenant","x-tenant","acme","y",null]"#), Some(b"acme".to_vec()));
        assert_eq!(found(r#"["x-tenant","old","x-tenant","acme"]"#), Some(b"acme".to_vec()), "the last, as in Kafka");
        for none in [r#"["x-tenant",null]"#, r#"["x-tenant"]"#, "[]", "{}", "7", "null"] {
            assert_eq!(found(none), None, "{none}");
        }
        let arena = Bump::new();
        assert_eq!(parse(&line(r#"["x-tenant","acme"]"#), &arena).unwrap().record.header, None);
    }

    #[test]
    fn payloads_are_exact() {
        let line = |rest: &str| format!(r#"{{"partition":0,"offset":0,{rest}}}"#).into_bytes();
        assert_eq!(payload(&line(r#""payload":null"#)), b"<tombstone>");
        assert_eq!(payload(&line(r#""payload":"""#)), b"");
        assert_eq!(payload(&line(r#""payload":"\ud800|\ud83d\ude00\u0000""#)), "\u{fffd}|😀\0".as_bytes());
        assert_eq!(payload(&line(r#""payload":null,"payload_b64":"/wA=""#)), b"\xff\0");
        assert_eq!(payload(b"{\"partition\":0,\"offset\":0,\"payload\":\"a\xff\\n\"}"), b"a\xff\n");
    }

    #[test]
    fn other_lines_are_records_by_themselves() {
        for line in [
            r#"{"tenant":"a","partition":0,"offset":0,"payload":""}"#,
            r#"{"offset":0,"payload":""}"#,
            r#"{"partition":0,"payload":""}"#,
            r#"{"partition":0,"offset":0}"#,
            r#"{"partition":-1,"offset":0,"payload":""}"#,
            r#"{"partition":2147483648,"offset":0,"payload":""}"#,
            r#"{"partition":0,"offset":-1,"payload":""}"#,
            r#"{"partition":"0","offset":0,"payload":""}"#,
            r#"{"partition":0,"offset":0,"payload":{}}"#,
            r#"{"partition":0,"offset":0,"payload":""} x"#,
            r#"{"partition":0,"offset":0,"payload_b64":"!"}"#,
            r#"{"partition":0,"offset":0,"payload_b64":"/wA"}"#,
            "",
            "[]",
            "{}",
        ] {
            assert_eq!(payload(line.as_bytes()), b"<no envelope>", "{line}");
        }
    }

    #[test]
    fn a_broker_time_that_is_none_is_none() {
        let arena = Bump::new();
        let unknown = br#"{"partition":0,"offset":0,"payload":"","tstype":"unknown","ts":0}"#;
        assert_eq!(parse(unknown, &arena).unwrap().record.broker_ts, None);
        let negative = br#"{"partition":0,"offset":0,"payload":"","tstype":"create","ts":-1}"#;
        assert_eq!(parse(negative, &arena).unwrap().record.broker_ts, None);
    }

    fn some_bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
        prop_oneof![
            Just(None),
            any::<Vec<u8>>().prop_map(Some),
            any::<String>().prop_map(|text| Some(text.into_bytes())),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            partition in 0..=0x7fff_ffff_u32, offset in 0..=i64::MAX, broker_ts in prop::option::of(0..=i64::MAX),
            key in some_bytes(), payload in some_bytes(), topic in any::<String>(),
        ) {
            let record = Record { at: Position { partition, offset }, broker_ts, header: None, key: key.as_deref(), payload: payload.as_deref() };
            let mut line = Vec::new();
            write(&record, &topic, &mut line).unwrap();
            prop_assert_eq!(memchr::memchr(b'\n', &line), Some(line.len() - 1));
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&line).is_ok());
            let arena = Bump::new();
            let read = parse(&line, &arena).unwrap();
            prop_assert_eq!(read.topic, Some(topic.as_str()));
            prop_assert_eq!((read.record.at, read.record.broker_ts), (record.at, record.broker_ts));
            prop_assert_eq!((read.record.key, read.record.payload), (record.key, record.payload));
        }

        #[test]
        fn never_panics(line in any::<Vec<u8>>()) {
            parse(&line, &Bump::new());
        }
    }
}
