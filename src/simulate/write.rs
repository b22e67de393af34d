//! Writes a simulation out: records, labels, ids of harvested exchanges.

use std::io::{self, Write};

use super::population::Truth;
use super::{SimRecord, Simulation};
use crate::units::Millis;

/// Where a simulation goes; `io::sink()` for what is not wanted.
pub struct Sinks<'a> {
    /// Takes each record.
    pub records: &'a mut dyn FnMut(&SimRecord) -> io::Result<()>,
    /// Labels, one a line.
    pub labels: &'a mut dyn Write,
    /// Ids of harvested exchanges, one a line, in the order of the records.
    pub harvest_ids: &'a mut dyn Write,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records.
    pub records: u64,
    /// Those of them that were harvested.
    pub harvested: u64,
    /// Bytes, line breaks included, before any compression.
    pub bytes: u64,
    /// Tenants.
    pub tenants: u64,
    /// Those of them that harvest.
    pub attackers: u64,
    /// Time of the first record.
    pub first: Option<Millis>,
    /// Time of the last record.
    pub last: Option<Millis>,
}

/// Writes a record as a line.
pub fn write_line(out: &mut dyn Write, record: &SimRecord) -> io::Result<()> {
    out.write_all(record.line.as_bytes())?;
    out.write_all(b"\n")
}

/// Writes a simulation; calls `progress` with the number of records every 1,000.
pub fn write_out(simulation: Simulation, sinks: &mut Sinks<'_>, progress: &mut dyn FnMut(u64)) -> io::Result<Summary> {
    let mut summary = Summary { tenants: simulation.tenants() as u64, ..Summary::default() };
    for label in simulation.labels() {
        summary.attackers += u64::from(label.label == Truth::Attack);
        serde_json::to_writer(&mut *sinks.labels, &label)?;
        sinks.labels.write_all(b"\n")?;
    }
    for record in simulation {
        (sinks.records)(&record)?;
        if record.harvested {
            sinks.harvest_ids.write_all(record.id.as_bytes())?;
            sinks.harvest_ids.write_all(b"\n")?;
        }
        summary.records += 1;
        summary.harvested += u64::from(record.harvested);
        summary.bytes += record.line.len() as u64 + 1;
        summary.first = summary.first.or(Some(record.ts));
        summary.last = Some(record.ts);
        if summary.records.is_multiple_of(1_000) {
            progress(summary.records);
        }
    }
    progress(summary.records);
    sinks.labels.flush()?;
    sinks.harvest_ids.flush()?;
    Ok(summary)
}
