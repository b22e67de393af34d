//! One partition of what is routed, and what its records become.

use bumpalo::Bump;
use rayon::prelude::*;

use super::super::output::Outputs;
use super::super::publish::Message;
use crate::config::{Config, RouteConfig};
use crate::pipeline::Counts;
use crate::record::dead_letter::DeadLetter;
use crate::record::schema::split::{Parts, split};
use crate::record::{Limits, Reject};
use crate::source::Record;

/// Records that one thread splits at a time.
const CHUNK: usize = 64;
/// What a record of the output takes beyond key and value, generously.
const OVERHEAD: usize = 512;

/// A partition that is read.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The offset after the last record split.
    pub(super) next: i64,
    /// What the last transaction committed; none before the first.
    pub(super) committed: Option<i64>,
    /// What no transaction holds yet. Full (`live.publish_bytes` over all): nothing is polled until it is published.
    pub(super) outputs: Vec<Message>,
    /// Bytes of them.
    pub(super) bytes: usize,
}

impl Lane {
    pub(super) fn at(next: i64, committed: Option<i64>) -> Lane {
        Lane { next, committed, ..Lane::default() }
    }

    /// Whether there is something to tell: outputs, or progress.
    pub(super) fn has_news(&self) -> bool {
        !self.outputs.is_empty() || self.committed != Some(self.next)
    }

    pub(super) fn published(&mut self, next: i64) {
        self.outputs.clear();
        self.bytes = 0;
        self.committed = Some(next);
    }

    fn push(&mut self, message: Message) {
        self.bytes += message.bytes();
        self.outputs.push(message);
    }
}

/// Splits records and makes messages of their parts.
pub(super) struct Splitter {
    route: RouteConfig,
    limits: Limits,
    largest: usize,
    outputs: Outputs,
}

impl Splitter {
    /// `largest` is the most that the output takes.
    pub(super) fn new(config: &Config, largest: usize) -> Splitter {
        let limits = Limits { max_bytes: config.fold.max_record_bytes, max_depth: config.fold.max_depth };
        Splitter { route: config.route.clone(), limits, largest, outputs: Outputs::new(config) }
    }

    /// The header that holds the tenant, if one is configured.
    pub(super) fn header(&self) -> Option<&str> {
        self.route.reading.tenant_from.header()
    }

    /// The parts of each record, in order.
    pub(super) fn split(&self, records: &[Record<'_>]) -> Vec<Parts> {
        let split_chunk = |arena: &mut Bump, chunk: &[Record<'_>]| {
            let split_one = |record: &Record<'_>| {
                let parts = split(record, self.route.format, &self.route.reading, &self.limits, arena);
                self.fitting(parts)
            };
            let parts: Vec<Parts> = chunk.iter().map(split_one).collect();
            arena.reset();
            parts
        };
        records.par_chunks(CHUNK).map_init(Bump::new, split_chunk).flatten_iter().collect()
    }

    /// Nothing that is too large may stop a partition.
    fn fitting(&self, mut parts: Parts) -> Parts {
        for part in &mut parts.parts {
            if part.as_ref().is_ok_and(|p| p.record.len() + p.tenant.len() + OVERHEAD > self.largest) {
                *part = Err(Reject::TooLarge);
            }
        }
        parts
    }

    /// Makes messages of a record's parts, and counts them.
    pub(super) fn send(&self, lane: &mut Lane, record: &Record<'_>, parts: Parts, counts: &mut Counts) {
        let input = &self.route.input;
        let by_schema = &mut counts.schemas[parts.schema as usize];
        for (index, part) in parts.parts.into_iter().enumerate() {
            counts.read += 1;
            match part {
                Ok(part) => {
                    counts.accepted += 1;
                    by_schema[0] += 1;
                    let source = format!("{input}/{}/{}/{index}", record.at.partition, record.at.offset);
                    lane.push(Message {
                        topic: self.route.output.clone(),
                        key: Some(part.tenant),
                        value: Some(part.record),
                        headers: vec![("stillwatch_source".to_owned(), source)],
                        ..Message::default()
                    });
                }
                Err(reason) => {
                    counts.rejected.add(reason);
                    by_schema[1] += 1;
                    let letter = DeadLetter::new(record, reason, input);
                    lane.push(self.outputs.dead_letter(record, &letter));
                }
            }
        }
    }
}
