//! The first half: records into exchanges, or into parts of them where halves are joined over time.

use std::collections::BTreeMap;

use bumpalo::Bump;
use rayon::prelude::*;

use super::super::output::Outputs;
use super::super::publish::Message;
use super::lane::Lane;
use super::{Largest, SOURCE};
use crate::config::{Config, RouteConfig};
use crate::pipeline::Counts;
use crate::record::dead_letter::DeadLetter;
use crate::record::schema::Schema;
use crate::record::schema::split::{Parts, Piece, cut, split};
use crate::record::{Limits, Reject};
use crate::source::Record;

/// Records that one thread splits at a time.
pub(super) const CHUNK: usize = 64;

/// Splits or cuts records and makes messages of what they give.
pub(super) struct Splitter {
    route: RouteConfig,
    limits: Limits,
    largest: Largest,
    outputs: Outputs,
}

/// What a record gives.
struct Pieces {
    schema: Schema,
    pieces: Vec<Result<Piece, Reject>>,
}

impl Splitter {
    pub(super) fn new(config: &Config, largest: Largest) -> Splitter {
        let limits = Limits { max_bytes: config.fold.max_record_bytes, max_depth: config.fold.max_depth };
        Splitter { route: config.route.clone(), limits, largest, outputs: Outputs::new(config) }
    }

    /// The header that holds the tenant, if one is configured.
    pub(super) fn header(&self) -> Option<&str> {
        self.route.reading.tenant_from.header()
    }

    /// Splits a batch.
    pub(super) fn take(&self, lanes: &mut BTreeMap<i32, Lane>, records: &[Record<'_>]) -> Counts {
        let split_chunk = |arena: &mut Bump, chunk: &[Record<'_>]| {
            let pieces: Vec<Pieces> = chunk.iter().map(|record| self.fitting(self.pieces(record, arena))).collect();
            arena.reset();
            pieces
        };
        let all: Vec<Pieces> = records.par_chunks(CHUNK).map_init(Bump::new, split_chunk).flatten_iter().collect();
        let mut counts = Counts::default();
        for (record, pieces) in records.iter().zip(all) {
            let Some(lane) = lanes.get_mut(&(record.at.partition as i32)) else { continue };
            self.send(lane, record, pieces, &mut counts);
            lane.next = record.at.offset + 1;
        }
        counts
    }

    fn pieces(&self, record: &Record<'_>, arena: &Bump) -> Pieces {
        if self.route.join.is_some() {
            return Pieces { schema: Schema::Otlp, pieces: cut(record, &self.route.reading, &self.limits, arena) };
        }
        let Parts { schema, parts } = split(record, self.route.format, &self.route.reading, &self.limits, arena);
        Pieces { schema, pieces: parts.into_iter().map(|part| part.map(Piece::Exchange)).collect() }
    }

    /// Nothing that is too large may stop a partition.
    fn fitting(&self, mut all: Pieces) -> Pieces {
        for piece in &mut all.pieces {
            let fits = match piece {
                Ok(Piece::Exchange(one)) => self.largest.takes_exchange(&one.tenant, &one.record),
                Ok(Piece::Part(part)) => self.largest.takes_part(&part.key, &part.record),
                Err(_) => true,
            };
            if !fits {
                *piece = Err(Reject::TooLarge);
            }
        }
        all
    }

    /// Makes messages of a record's pieces, and counts them.
    fn send(&self, lane: &mut Lane, record: &Record<'_>, pieces: Pieces, counts: &mut Counts) {
        let input = &self.route.input;
        let by_schema = &mut counts.schemas[pieces.schema as usize];
        for (index, piece) in pieces.pieces.into_iter().enumerate() {
            counts.read += 1;
            let (topic, key, value) = match piece {
                Ok(Piece::Exchange(exchange)) => (&self.route.output, exchange.tenant, exchange.record),
                Ok(Piece::Part(part)) => {
                    let parts = self.route.join.as_ref().map_or(&self.route.output, |join| &join.parts);
                    (parts, part.key, part.record)
                }
                Err(reason) => {
                    counts.rejected.add(reason);
                    by_schema[1] += 1;
                    lane.push(self.outputs.dead_letter(record, &DeadLetter::new(record, reason, input)));
                    continue;
                }
            };
            counts.accepted += 1;
            by_schema[0] += 1;
            let source = format!("{input}/{}/{}/{index}", record.at.partition, record.at.offset);
            lane.push(Message {
                topic: topic.clone(),
                key: Some(key),
                value: Some(value),
                headers: vec![(SOURCE.to_owned(), source)],
                ..Message::default()
            });
        }
    }
}
