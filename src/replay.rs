//! The file driver: the same fold as `run`, over files.
//!
//! Envelope lines keep their true partition and offset. Plain lines have none: a tenant's lines go where
//! its hash puts them, counted per partition; lines without a tenant count in partition 0. Findings,
//! scores and dead letters are written in the order of the input, so the files are the same bytes for
//! any batch size and any number of threads. `--from`, `--to` and `--tenant` filter what is shown; the
//! fold sees all.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use serde_json::json;

use crate::clock::Stopwatch;
use crate::control::{ControlError, Missing};
use crate::finding::render::{self, render};
use crate::finding::{Activity, Event};
use crate::pipeline::{self, Arenas, Core, Counts, Output, Partition};
use crate::record::Reject;
use crate::record::dead_letter::DeadLetter;
use crate::record::time::format_rfc3339;
use crate::source::Record;
use crate::source::envelope;
use crate::source::files::{FileError, Line, LineBatch};
use crate::source::pass::pass;
use crate::source::placement;
use crate::tenant::shard::ScoreRow;
use crate::units::{Millis, Position};

mod control;
mod scores;

pub use control::Control;
use scores::Scores;

/// What to replay and what to write.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// Files, in order; `-` is standard input.
    pub inputs: Vec<PathBuf>,
    /// Findings go here, one JSON a line; `-` is standard output.
    pub findings: Option<PathBuf>,
    /// Scores go here.
    pub scores: Option<PathBuf>,
    /// Dead letters go here, by reference.
    pub dead_letters: Option<PathBuf>,
    /// Shows only what happened from here on.
    pub from: Option<Millis>,
    /// Shows only what happened before this.
    pub to: Option<Millis>,
    /// Shows only these tenants; all if there are none.
    pub tenants: Vec<String>,
    /// Name of the topic that plain lines stand for.
    pub topic: String,
    /// Partitions of it.
    pub partitions: u32,
    /// Where side inputs changed.
    pub control: Control,
}

/// Why a replay failed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// An input cannot be read.
    #[error(transparent)]
    Input(#[from] FileError),
    /// An output cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Output {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The export of the control topic.
    #[error("{} line {line}: {source}", path.display())]
    Control {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        source: ControlError,
    },
    /// A control record names an artefact that was not given.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// Envelopes must come in offset order.
    #[error("{}: partition {partition} has offset {offset} after {after}: sort the envelopes by partition and offset, and remove repeats", path.display())]
    Order {
        /// Which file.
        path: PathBuf,
        /// Which partition.
        partition: u32,
        /// The offset found.
        offset: i64,
        /// The one before.
        after: i64,
    },
}

/// What a replay did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Read, accepted, rejected.
    pub counts: Counts,
    /// Tenants in memory at the end.
    pub tenants: usize,
    /// Findings shown: created, updated, closed.
    pub findings: [u64; 3],
    /// Earliest and latest time of accepted records.
    pub span: Option<(Millis, Millis)>,
    /// The model's name.
    pub model: String,
    /// Wall-clock seconds.
    pub seconds: f64,
}

impl Summary {
    /// The line that `replay --json` ends with.
    pub fn to_json(&self) -> serde_json::Value {
        let rejected: serde_json::Map<String, serde_json::Value> = crate::record::Reject::ALL
            .iter()
            .map(|reason| (reason.label(), self.counts.rejected.of(*reason)))
            .filter(|(_, n)| *n > 0)
            .map(|(label, n)| (label.to_owned(), n.into()))
            .collect();
        let [created, updated, closed] = self.findings;
        json!({
            "read": self.counts.read,
            "accepted": self.counts.accepted,
            "rejected": rejected,
            "tenants": self.tenants,
            "findings": {"created": created, "updated": updated, "closed": closed},
            "first_ts": self.span.map(|(first, _)| format_rfc3339(first)),
            "last_ts": self.span.map(|(_, last)| format_rfc3339(last)),
            "model": self.model,
            "seconds": (self.seconds * 1000.0).round() / 1000.0,
        })
    }
}

/// Replays files. `progress` hears (bytes done, bytes in all) after every batch, `see` every event shown.
///
/// # Panics
/// If read is not accepted + rejected: the fold lost a record.
pub fn replay(
    spec: &Spec,
    core: &Core,
    progress: &mut dyn FnMut(u64, u64),
    see: &mut dyn FnMut(&Event),
) -> Result<Summary, ReplayError> {
    let watch = Stopwatch::start();
    let mut replay = Replay::open(spec)?;
    let (mut arenas, mut envelopes) = (Arenas::default(), Bump::new());
    pass(&spec.inputs, core.max_record_bytes(), |path, batch, (done, total)| {
        envelopes.reset();
        replay.fold(core, path, batch, &envelopes, &mut arenas, see)?;
        progress(done, total);
        Ok::<(), ReplayError>(())
    })?;
    let mut summary = replay.finish()?;
    summary.seconds = watch.seconds();
    core.model().name().clone_into(&mut summary.model);
    assert!(summary.counts.add_up(), "read = accepted + rejected");
    Ok(summary)
}

struct Replay<'s> {
    spec: &'s Spec,
    partitions: BTreeMap<u32, Partition>,
    /// The offset that each partition's next plain line gets, and the least that an envelope may have.
    next: BTreeMap<u32, i64>,
    findings: Option<Out<'s>>,
    scores: Option<Scores<'s>>,
    dead_letters: Option<Out<'s>>,
    summary: Summary,
}

impl<'s> Replay<'s> {
    fn open(spec: &'s Spec) -> Result<Replay<'s>, ReplayError> {
        Ok(Replay {
            spec,
            partitions: BTreeMap::new(),
            next: BTreeMap::new(),
            findings: spec.findings.as_deref().map(Out::create).transpose()?,
            scores: spec.scores.as_deref().map(Scores::create).transpose()?,
            dead_letters: spec.dead_letters.as_deref().map(Out::create).transpose()?,
            summary: Summary::default(),
        })
    }

    fn fold<'b>(
        &mut self,
        core: &Core,
        path: &Path,
        batch: &'b LineBatch,
        envelopes: &'b Bump,
        arenas: &'b mut Arenas,
        see: &mut dyn FnMut(&Event),
    ) -> Result<(), ReplayError> {
        let header = core.reading().tenant_from.header();
        let mut placed = Vec::with_capacity(batch.len());
        let mut records: Vec<Record<'b>> = Vec::with_capacity(batch.len());
        let mut too_long = BTreeMap::new();
        for line in batch.iter() {
            let (envelope, payload) = match line {
                Line::Whole(line) => (envelope::parse_seeking(line, header, envelopes), Some(line)),
                Line::TooLong { bytes, sha256 } => {
                    too_long.insert(records.len(), (bytes, sha256));
                    (None, None)
                }
            };
            placed.push(envelope.is_some());
            let plain = Record { at: Position::default(), broker_ts: None, header: None, key: None, payload };
            records.push(envelope.map_or(plain, |e| e.record));
        }
        let mut traced = pipeline::trace_batch(core, &records, arenas);
        for line in too_long.keys() {
            if let Some(traced) = traced.get_mut(*line) {
                traced.result = Err(Reject::TooLarge);
            }
        }
        for ((record, traced), placed) in records.iter_mut().zip(&traced).zip(placed) {
            if !placed {
                let tenant = traced.result.as_ref().ok().map(|trace| trace.tenant.as_bytes());
                record.at.partition = tenant.map_or(0, |tenant| placement::partition(tenant, self.spec.partitions));
            }
            let partition = record.at.partition;
            let next = self.next.entry(partition).or_default();
            if !placed {
                record.at.offset = *next;
            }
            let offset = record.at.offset;
            if let Entry::Vacant(new) = self.partitions.entry(partition) {
                new.insert(self.spec.control.partition(partition, offset, core)?);
            }
            if offset < *next {
                return Err(ReplayError::Order { path: path.to_owned(), partition, offset, after: *next - 1 });
            }
            *next = offset + 1;
            if let Ok(trace) = &traced.result {
                let span = self.summary.span.get_or_insert((trace.ts, trace.ts));
                *span = (span.0.min(trace.ts), span.1.max(trace.ts));
            }
        }
        let mut folds: Vec<&mut Partition> = self.partitions.values_mut().collect();
        let outputs = pipeline::fold_batch(core, &mut folds, &records, &traced);
        self.summary.tenants = folds.iter().map(|p| p.size().0).sum();
        self.write(core, outputs, &records, &too_long, see)
    }

    /// Writes a batch's outputs in the order of the lines that brought them about.
    fn write(
        &mut self,
        core: &Core,
        outputs: Vec<Output>,
        records: &[Record<'_>],
        too_long: &BTreeMap<usize, (u64, [u8; 32])>,
        see: &mut dyn FnMut(&Event),
    ) -> Result<(), ReplayError> {
        let mut events: BTreeMap<(u32, i64), Vec<(Event, render::Context)>> = BTreeMap::new();
        let mut scores: BTreeMap<(u32, i64), Vec<(ScoreRow, f32)>> = BTreeMap::new();
        let mut rejects = BTreeMap::new();
        for (output, (index, partition)) in outputs.into_iter().zip(&self.partitions) {
            self.summary.counts.merge(&output.counts);
            for event in output.events {
                let context = partition.render_context(core, event.at.offset);
                events.entry((*index, event.at.offset)).or_default().push((event, context));
            }
            for row in output.scores {
                let threshold = partition.side_inputs_at(core, row.offset).model.threshold();
                scores.entry((*index, row.offset)).or_default().push((row, threshold));
            }
            rejects.extend(output.rejects.into_iter().map(|(offset, reason)| ((*index, offset), reason)));
        }
        if events.is_empty() && scores.is_empty() && rejects.is_empty() {
            return Ok(());
        }
        for (line, record) in records.iter().enumerate() {
            let at = (record.at.partition, record.at.offset);
            if let (Some(reason), Some(out)) = (rejects.get(&at), &mut self.dead_letters) {
                let letter = DeadLetter::new(record, *reason, &self.spec.topic);
                out.line(
                    &too_long
                        .get(&line)
                        .map_or(letter.clone(), |(bytes, sha)| letter.of_dropped(*bytes, sha))
                        .to_json(),
                )?;
            }
            for (row, threshold) in scores.remove(&at).unwrap_or_default() {
                if let (true, Some(out)) = (self.spec.shows(&row.tenant, row.ts), &mut self.scores) {
                    out.put(&row, threshold)?;
                }
            }
            for (event, context) in events.remove(&at).unwrap_or_default() {
                if !self.spec.shows(&event.tenant, event.time) {
                    continue;
                }
                let slot = match event.activity {
                    Activity::Create => 0,
                    Activity::Update => 1,
                    Activity::Close(_) => 2,
                };
                self.summary.findings[slot] += 1;
                if let Some(out) = &mut self.findings {
                    out.line(&render(&event, &context).payload)?;
                }
                see(&event);
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Summary, ReplayError> {
        for out in [self.findings, self.dead_letters].into_iter().flatten() {
            out.finish()?;
        }
        self.scores.map_or(Ok(()), Scores::finish)?;
        Ok(self.summary)
    }
}

impl Spec {
    fn shows(&self, tenant: &str, ts: Millis) -> bool {
        (self.tenants.is_empty() || self.tenants.iter().any(|wanted| wanted == tenant))
            && self.from.is_none_or(|from| from <= ts)
            && self.to.is_none_or(|to| ts < to)
    }
}

struct Out<'p> {
    path: &'p Path,
    writer: BufWriter<Box<dyn Write>>,
}

impl<'p> Out<'p> {
    fn create(path: &'p Path) -> Result<Out<'p>, ReplayError> {
        let writer: Box<dyn Write> = if path.as_os_str() == "-" {
            Box::new(std::io::stdout())
        } else {
            Box::new(File::create(path).map_err(|source| ReplayError::Output { path: path.to_owned(), source })?)
        };
        Ok(Out { path, writer: BufWriter::new(writer) })
    }

    fn line(&mut self, bytes: &[u8]) -> Result<(), ReplayError> {
        let written = self.writer.write_all(bytes).and_then(|()| self.writer.write_all(b"\n"));
        written.map_err(|source| ReplayError::Output { path: self.path.to_owned(), source })
    }

    fn finish(mut self) -> Result<(), ReplayError> {
        self.writer.flush().map_err(|source| ReplayError::Output { path: self.path.to_owned(), source })
    }
}
