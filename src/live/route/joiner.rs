//! The second half: parts into exchanges, by the rule of [`super::window`].
//!
//! ```text
//!  route.parts ─► check each record (rayon) ─► window of its partition ─► what is due ─► join (rayon) ─► messages
//!                      │ no part: dead letter      │ late: dropped
//!                      └ no key, no value: a tick  └ quiet for as long as the join: a tick is written
//! ```
//!
//! A tick is how time enters a partition in which nothing happens: a record without key and value whose timestamp ends
//! the window. That it is written depends on the clock; what it does, on the log alone. Two of them do what one does.
//!
//! Another `join` or `join_bytes` holds from the first record that is read with it: what is held by the former is
//! emitted there as it is. Below the committed offset the former goes on, as the note beside the offset names it.
//!
//! Held in memory: `join_bytes` and a record of each partition.

use std::collections::BTreeMap;

use bumpalo::Bump;
use rayon::prelude::*;

use super::super::failpoint;
use super::super::fatal::Fatal;
use super::super::output::Outputs;
use super::super::publish::{Cover, Message};
use super::super::report::Joins;
use super::lane::{Held, Lane};
use super::note::Note;
use super::splitter::CHUNK;
use super::window::{Anchor, Due, Entry, Rule, Step, Window};
use super::{Largest, SOURCE};
use crate::config::{Config, JoinConfig, RouteConfig};
use crate::pipeline::Counts;
use crate::record::Reject;
use crate::record::dead_letter::DeadLetter;
use crate::record::schema::Schema;
use crate::record::schema::otlp::part;
use crate::record::schema::split::{Rekeyed, join};
use crate::source::Record;

/// Most sources that an exchange names: the first ones.
const SOURCES: usize = 16;

/// Joins parts and makes messages of the exchanges.
pub(super) struct Joiner {
    route: RouteConfig,
    parts: String,
    rule: Rule,
    largest: Largest,
    outputs: Outputs,
}

/// What is to be told of a batch, in order.
enum News<'r, 'm> {
    Joined(i32, Vec<Held>),
    Refused(&'r Record<'m>, Reject),
}

impl Joiner {
    pub(super) fn new(config: &Config, join: &JoinConfig, largest: Largest) -> Joiner {
        let rule = Rule { span: join.span.as_millis() as i64, bytes: join.bytes };
        let (route, parts) = (config.route.clone(), join.parts.clone());
        Joiner { route, parts, rule, largest, outputs: Outputs::new(config) }
    }

    /// A partition that goes on at an offset, with what was held there.
    pub(super) fn begin(&self, partition: i32, next: i64, committed: Option<Cover>) -> Result<Lane, Fatal> {
        let written = committed.as_ref().map_or("", |cover| cover.note.as_str());
        let note = if written.is_empty() {
            Note { anchor: Anchor { from: next, time: None }, rule: self.rule }
        } else {
            Note::read(written, next).map_err(|why| {
                Fatal::Kafka(format!(
                    "topic `{}` partition {partition}: what the group keeps beside offset {next} is no note of ours ({why}); \
                     stop all instances of the group and set the offset anew with kafka-consumer-groups.sh \
                     --reset-offsets, which keeps no note: parts before it are not joined with later ones then",
                    self.parts
                ))
            })?
        };
        Ok(Lane::at(next, committed).holding(Window::at(note.rule, note.anchor)))
    }

    /// Takes a batch in.
    pub(super) fn take(&self, lanes: &mut BTreeMap<i32, Lane>, records: &[Record<'_>]) -> (Counts, Joins) {
        let check_chunk = |arena: &mut Bump, chunk: &[Record<'_>]| {
            let checked: Vec<_> = chunk.iter().map(|record| check(record, arena)).collect();
            arena.reset();
            checked
        };
        let checked: Vec<Result<bool, Reject>> =
            records.par_chunks(CHUNK).map_init(Bump::new, check_chunk).flatten_iter().collect();
        let (mut news, mut joins) = (Vec::new(), Joins::default());
        for (record, checked) in records.iter().zip(checked) {
            let partition = record.at.partition as i32;
            let Some(lane) = lanes.get_mut(&partition) else { continue };
            let is_live = lane.live_from <= record.at.offset;
            let (due, late) = self.step(lane, record, checked == Ok(true));
            if !is_live {
                failpoint::reached("reading_again");
                continue;
            }
            joins.late += u64::from(late);
            for Due { parts, early } in due {
                joins.count(parts.len(), early);
                news.push(News::Joined(partition, parts));
            }
            news.extend(checked.err().map(|reason| News::Refused(record, reason)));
        }
        (self.tell(lanes, news), joins)
    }

    /// Writes a tick where time stands still and something waits for it.
    pub(super) fn tick(&self, lanes: &mut BTreeMap<i32, Lane>) {
        for (partition, lane) in lanes.iter_mut().filter(|(_, lane)| lane.is_live()) {
            let Some(window) = lane.window.as_ref().filter(|window| !window.is_empty()) else { continue };
            if lane.quiet.elapsed().as_millis() < window.rule().span as u128 {
                continue;
            }
            tracing::debug!(partition, "quiet: a tick lets time pass");
            let (topic, time) = (self.parts.clone(), window.end());
            lane.quiet = crate::clock::Stopwatch::start();
            lane.push(Message { topic, partition: Some(*partition), time, ..Message::default() });
        }
    }

    fn step(&self, lane: &mut Lane, record: &Record<'_>, is_part: bool) -> (Vec<Due<Held>>, bool) {
        let Lane { window: Some(window), live_from, quiet, next, .. } = lane else { return (Vec::new(), false) };
        let mut flushed = Vec::new();
        if *live_from <= record.at.offset && window.rule() != self.rule {
            tracing::info!(
                partition = record.at.partition,
                offset = record.at.offset,
                "joining by another rule from here on"
            );
            flushed = window.flush();
            window.change(self.rule);
        }
        let (key, payload) = (record.key.unwrap_or_default(), record.payload.unwrap_or_default());
        let held = || Held {
            at: record.at,
            time: record.broker_ts,
            key: key.to_vec(),
            payload: payload.to_vec(),
            source: record.header.map(|source| String::from_utf8_lossy(source).into_owned()),
        };
        let before = window.time();
        let Step { due, late } = window.step(Entry {
            offset: record.at.offset,
            time: record.broker_ts,
            bytes: (key.len() + payload.len()) as u64,
            part: is_part.then(|| (key.to_vec(), held())),
        });
        if before < window.time() {
            *quiet = crate::clock::Stopwatch::start();
        }
        *next = record.at.offset + 1;
        flushed.extend(due);
        (flushed, late)
    }

    /// Joins what is due, and makes messages of all news in their order.
    fn tell(&self, lanes: &mut BTreeMap<i32, Lane>, news: Vec<News<'_, '_>>) -> Counts {
        let join_one = |arena: &mut Bump, one: &News<'_, '_>| {
            let News::Joined(_, parts) = one else { return Err(Reject::Empty) };
            let records: Vec<Record<'_>> = parts.iter().map(Held::record).collect();
            let joined = join(&records, &self.route.reading, arena);
            arena.reset();
            joined.and_then(|one| {
                if self.largest.takes_exchange(&one.tenant, &one.record) { Ok(one) } else { Err(Reject::TooLarge) }
            })
        };
        let joined: Vec<Result<Rekeyed, Reject>> =
            news.par_iter().with_min_len(CHUNK).map_init(Bump::new, join_one).collect();
        let mut counts = Counts::default();
        for (one, joined) in news.into_iter().zip(joined) {
            counts.read += 1;
            let (partition, message) = match (&one, joined) {
                (News::Joined(partition, parts), Ok(exchange)) => (*partition, Ok(self.exchange(parts, exchange))),
                (News::Joined(partition, parts), Err(reason)) => {
                    // of several parts the first stands for all
                    (*partition, Err((parts.first().map(Held::record), reason)))
                }
                (News::Refused(record, reason), _) => (record.at.partition as i32, Err((Some(**record), *reason))),
            };
            let Some(lane) = lanes.get_mut(&partition) else { continue };
            match message {
                Ok(message) => {
                    counts.accepted += 1;
                    counts.schemas[Schema::Otlp as usize][0] += 1;
                    lane.push(message);
                }
                Err((record, reason)) => {
                    counts.rejected.add(reason);
                    counts.schemas[Schema::Otlp as usize][1] += 1;
                    let letter =
                        |r: Record<'_>| self.outputs.dead_letter(&r, &DeadLetter::new(&r, reason, &self.parts));
                    if let Some(letter) = record.map(letter) {
                        lane.push(letter);
                    }
                }
            }
        }
        counts
    }

    fn exchange(&self, parts: &[Held], exchange: Rekeyed) -> Message {
        let sources: Vec<&str> = parts.iter().filter_map(|part| part.source.as_deref()).take(SOURCES).collect();
        Message {
            topic: self.route.output.clone(),
            key: Some(exchange.tenant),
            value: Some(exchange.record),
            headers: vec![(SOURCE.to_owned(), sources.join(","))],
            ..Message::default()
        }
    }
}

/// Whether a record is a part; false is a tick.
fn check(record: &Record<'_>, arena: &Bump) -> Result<bool, Reject> {
    match (record.key, record.payload) {
        (None, None) => Ok(false),
        (None, Some(_)) => Err(Reject::BadType),
        (Some(_), payload) => part::check(payload, arena).map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use super::*;
    use crate::record::schema::TenantFrom;
    use crate::units::Position;

    fn joiner(seconds: u64) -> Joiner {
        let mut config = Config::public();
        config.route.reading.tenant_from = TenantFrom::parse("field:tenant.id").unwrap();
        let join = JoinConfig { parts: "parts".to_owned(), span: Duration::from_secs(seconds), bytes: 1 << 20 };
        Joiner::new(&config, &join, Largest { output: 2_000, parts: 2_000 })
    }

    fn span(tenant: &str) -> Vec<u8> {
        let text = |key: &str, value: &str| format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#);
        let (tenant, operation) = (text("tenant.id", tenant), text("gen_ai.operation.name", "chat"));
        let span = format!(r#"{{"startTimeUnixNano":"1784884435102000000","attributes":[{operation}]}}"#);
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{tenant}]}},"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#
        )
        .into_bytes()
    }

    fn record<'a>(offset: i64, seconds: i64, key: Option<&'a [u8]>, payload: Option<&'a [u8]>) -> Record<'a> {
        let at = Position { partition: 0, offset };
        Record { at, broker_ts: Some(seconds * 1_000), header: Some(b"raw/0/1/0"), key, payload }
    }

    fn told(lanes: &BTreeMap<i32, Lane>) -> Vec<(&str, &str)> {
        let outputs = &lanes[&0].outputs;
        outputs
            .iter()
            .map(|m| (m.topic.as_str(), m.key.as_deref().map_or("", |k| std::str::from_utf8(k).unwrap())))
            .collect()
    }

    #[test]
    fn another_rule_holds_from_the_first_record_that_is_read_with_it() {
        let (a, b) = (span("acme"), span("beta"));
        let log = [record(5, 100, Some(b"a"), Some(&a)), record(6, 104, Some(b"b"), Some(&b))];
        let before = joiner(10);
        let mut lanes = BTreeMap::from([(0, before.begin(0, 5, None).unwrap())]);
        before.take(&mut lanes, &log);
        let cover = lanes[&0].cover();
        assert_eq!((cover.next, told(&lanes).len()), (7, 0));
        assert!(cover.note.starts_with(r#"{"v":1,"from":5,"span":10000,"#), "{}", cover.note);
        // the same rule: both wait on
        let mut lanes = BTreeMap::from([(0, before.begin(0, 7, Some(cover.clone())).unwrap())]);
        before.take(&mut lanes, &log);
        assert!(lanes[&0].is_live() && lanes[&0].cover() == cover && !lanes[&0].has_news());
        before.take(&mut lanes, &[record(7, 110, None, None)]);
        assert_eq!(told(&lanes), [("stillwatch.exchanges", "acme")]);
        // another one: what waits is told, and known no more
        let after = joiner(60);
        let mut lanes = BTreeMap::from([(0, after.begin(0, 7, Some(cover)).unwrap())]);
        assert_eq!((lanes[&0].next, lanes[&0].live_from), (5, 7));
        after.take(&mut lanes, &log);
        assert_eq!(told(&lanes), []);
        let (_, joins) = after.take(&mut lanes, &[record(7, 105, Some(b"a"), Some(&a))]);
        assert_eq!(told(&lanes), [("stillwatch.exchanges", "acme"), ("stillwatch.exchanges", "beta")]);
        assert_eq!(joins, Joins { early: 2, ..Joins::default() });
        assert!(lanes[&0].cover().note.starts_with(r#"{"v":1,"from":7,"time":104000,"span":60000,"#));
    }

    #[test]
    fn what_is_no_part_or_no_exchange_goes_to_the_dead_letters() {
        let joiner = joiner(10);
        let (good, nobodys, large) = (span("acme"), span(""), span(&"x".repeat(200)));
        let mut lanes = BTreeMap::from([(0, joiner.begin(0, 0, None).unwrap())]);
        let log = [
            record(0, 1, Some(b"a"), Some(&good)),
            record(1, 1, None, Some(&good)),
            record(2, 1, Some(b"a"), None),
            record(3, 1, Some(b"a"), Some(b"hello")),
            record(4, 1, Some(b"b"), Some(&nobodys)),
            record(5, 1, Some(b"c"), Some(&large)),
            record(6, 11, None, None),
        ];
        let (counts, joins) = joiner.take(&mut lanes, &log);
        let letters = "stillwatch.dead-letters";
        let expected =
            [(letters, ""), (letters, "a"), (letters, "a"), ("stillwatch.exchanges", "acme"), (letters, "b")];
        assert_eq!(told(&lanes)[..5], expected);
        assert_eq!((counts.read, counts.accepted, joins.alone), (6, 2, 3));
        assert!(counts.add_up());
        let source = &lanes[&0].outputs[3].headers[0];
        assert_eq!((source.0.as_str(), source.1.as_str()), ("stillwatch_source", "raw/0/1/0"));
    }

    #[test]
    fn a_note_that_is_none_says_what_to_do() {
        let said = joiner(10).begin(3, 7, Some(Cover { next: 7, note: "mine".to_owned() })).unwrap_err().to_string();
        assert!(said.contains("topic `parts` partition 3") && said.contains("offset 7 is no note of ours"), "{said}");
    }
}
