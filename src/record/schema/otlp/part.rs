//! Records cut into parts, and parts joined: what a span and its log events become where they lie in different records.
//!
//! ```text
//!  record ─► groups by trace and span ─┬─ with a span id ─► part: OTLP JSON of these items alone, and their key ─► …
//!                                      └─ without one ────► exchange
//!  … ─► parts of one key, in the order of their log ─► exchange
//! ```
//!
//! A part holds what exchanges are made of and no more: attributes of the conventions and those that name the tenant,
//! bodies, times, whether it failed. What is known of a record beside its bytes goes along: its time where the items
//! have none, and header and key where the tenant is looked for there. So one part alone gives the exchange that
//! [`super::split`] gives; JSON and protobuf give the same part under the same key.
//!
//! Telemetry is sent at least once: parts that are the same, byte for byte, count as one. Log events of several parts
//! stand in the order of their times, for records overtake each other.

use std::collections::HashSet;

use bumpalo::Bump;

use super::super::super::{Exchange, Limits, Reject};
use super::super::Reading;
use super::any::Any;
use super::gather::{Group, groups, tells};
use super::item::Item;
use super::{items, write};
use crate::source::Record;

/// What the tenant's header and key of the record are called in a part, as attributes of its first resource.
const HEADER: &str = "stillwatch.tenant.header";
const KEY: &str = "stillwatch.tenant.key";
/// Parts are ours: what got in by the configured limits must get out, and a value of 64 levels has 256 in JSON.
const LIMITS: Limits = Limits { max_bytes: 1 << 30, max_depth: 512 };

/// Items of one span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Trace and span, in lower-case hex.
    pub key: Vec<u8>,
    /// OTLP JSON.
    pub record: Vec<u8>,
}

/// What the items of a record become.
#[expect(clippy::large_enum_variant, reason = "taken apart where it is made")]
#[derive(Debug)]
pub enum Cut<'a> {
    /// A part of an exchange.
    Part(Part),
    /// Items that belong to no span: an exchange by themselves.
    Exchange(Exchange<'a>),
}

/// The parts of a record, in the order of their first items; a record that cannot be cut is one reject.
pub fn cut<'a>(
    record: &Record<'a>,
    reading: &Reading,
    limits: &Limits,
    arena: &'a Bump,
) -> Vec<Result<Cut<'a>, Reject>> {
    let items = match items(record.payload, limits, arena) {
        Ok(items) => items,
        Err(reason) => return vec![Err(reason)],
    };
    let of_group = |group: &Group<'_, 'a>| match group.items().next().filter(|item| !item.span.is_empty()) {
        Some(item) => Ok(Cut::Part(Part { key: key(item), record: group.part(record, reading, arena) })),
        None => group.exchange(record, reading, arena).map(Cut::Exchange),
    };
    groups(&items).iter().map(of_group).collect()
}

/// Whether a record is a part.
pub fn check(payload: Option<&[u8]>, arena: &Bump) -> Result<(), Reject> {
    let items = items(payload, &LIMITS, arena)?;
    if items.iter().any(tells) { Ok(()) } else { Err(Reject::BadType) }
}

/// The exchange that parts of one key make, in the order in which they came. Its place in the log is the first's.
pub fn join<'a>(parts: &[Record<'a>], reading: &Reading, arena: &'a Bump) -> Result<Exchange<'a>, Reject> {
    let mut first = *parts.first().ok_or(Reject::Empty)?;
    (first.header, first.key) = (None, None);
    let mut seen: HashSet<Option<&[u8]>> = HashSet::new(); // never iterated
    let mut span = None;
    let mut logs: Vec<(u64, &Item<'a>)> = Vec::new();
    for part in parts.iter().filter(|part| seen.insert(part.payload)) {
        let mut time = 0;
        for item in items(part.payload, &LIMITS, arena)?.into_bump_slice().iter().filter(|item| tells(item)) {
            first.header = first.header.or(beside(item, HEADER));
            first.key = first.key.or(beside(item, KEY));
            // an event without a time belongs behind the one that it follows
            time = if item.time() > 0 { item.time() } else { time };
            if item.is_log {
                logs.push((time, item));
            } else {
                span = Some(item);
            }
        }
    }
    if seen.len() > 1 {
        logs.sort_by_key(|(time, _)| *time);
    }
    Group { span, logs: logs.into_iter().map(|(_, log)| log).collect() }.exchange(&first, reading, arena)
}

fn key(item: &Item<'_>) -> Vec<u8> {
    [item.trace.as_bytes(), b"-", item.span.as_bytes()].concat()
}

fn beside<'a>(item: &Item<'a>, name: &str) -> Option<&'a [u8]> {
    if let Some(Any::Text(text)) = item.resource.get(name) { Some(text.as_bytes()) } else { None }
}

impl<'a> Group<'_, 'a> {
    fn part(&self, record: &Record<'a>, reading: &Reading, arena: &'a Bump) -> Vec<u8> {
        let tenant: Vec<String> = reading.tenant_from.fields().collect();
        let names_tenant = |name: &str| tenant.iter().any(|known| known == name);
        let keep = |name: &str| {
            name.starts_with("gen_ai.")
                || name.starts_with("llm.")
                || matches!(name, "event.name" | "error.type")
                || names_tenant(name)
        };
        // what is no text is no tenant, as an empty one is none
        let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).unwrap_or_default();
        let header = record.header.filter(|_| reading.tenant_from.header().is_some()).map(|name| (HEADER, text(name)));
        let known = record.key.filter(|_| reading.tenant_from.asks_key()).map(|name| (KEY, text(name)));
        let beside: Vec<(&str, &str)> = header.into_iter().chain(known).collect();
        let seen = record.broker_ts.filter(|_| self.time().is_none());
        let writer = write::Writer {
            out: write::room(arena),
            keep: &keep,
            keep_resource: &names_tenant,
            beside: &beside,
            seen: seen.and_then(|millis| u64::try_from(millis).ok()?.checked_mul(1_000_000)),
        };
        writer.record(self.span, &self.logs)
    }
}
