//! The records that every row reads: simulated, of about 2.3 KB.

use stillwatch::simulate::{self, demo_spec};
use stillwatch::source::{Record, placement};
use stillwatch::units::Position;

/// Partitions the records are spread over.
pub const PARTITIONS: u32 = 6;

/// Records, in the order of time, with their places.
pub struct Corpus {
    lines: Vec<Line>,
}

/// One record.
pub struct Line {
    pub tenant: String,
    pub payload: Vec<u8>,
    pub at: Position,
}

impl Corpus {
    /// The first `count` records of the demo's traffic: 300 tenants, one in twenty harvesting.
    pub fn simulated(count: usize) -> Corpus {
        let mut next = [0i64; PARTITIONS as usize];
        let lines = simulate::simulate(&demo_spec(7)).take(count).map(|record| {
            let partition = placement::partition(record.tenant.as_bytes(), PARTITIONS);
            let next = &mut next[partition as usize];
            let at = Position { partition, offset: *next };
            *next += 1;
            Line { tenant: record.tenant, payload: record.line.into_bytes(), at }
        });
        Corpus { lines: lines.collect() }
    }

    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn bytes(&self) -> usize {
        self.lines.iter().map(|line| line.payload.len()).sum()
    }

    pub fn mean_bytes(&self) -> f64 {
        self.bytes() as f64 / self.len() as f64
    }

    /// As the drivers hand them to the fold.
    pub fn records(&self) -> Vec<Record<'_>> {
        self.lines
            .iter()
            .map(|line| Record { at: line.at, broker_ts: None, header: None, key: None, payload: Some(&line.payload) })
            .collect()
    }
}
