//! Where the exchanges come from: log files or the built-in simulator, as batches of lines.
//!
//! A pass can be made more than once and gives the same lines each time. Bounded: three batches, one of
//! them made ahead.

use std::ops::Range;
use std::path::PathBuf;

use super::{EvaluateError, Truth};
use crate::record::Limits;
use crate::simulate::{self, Spec};
use crate::source::ahead::ahead;
use crate::source::files::Line;
use crate::source::pass::{names, pass};

/// Lines of a batch, and bytes that end one early.
const BATCH: (usize, usize) = (8_192, 16 << 20);

/// What to read.
#[derive(Clone, Debug)]
pub enum Feed {
    /// Files, in order.
    Files(Vec<PathBuf>),
    /// A simulation, drawn anew at each pass: cheaper than to keep it.
    Simulated(Spec),
}

/// Some lines in the order of the log. Lines over the limit are counted and not kept.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    spans: Vec<Range<usize>>,
    pub(super) too_long: u64,
}

impl Batch {
    /// The lines.
    pub fn lines(&self) -> Vec<&[u8]> {
        self.spans.iter().map(|span| self.bytes.get(span.clone()).unwrap_or_default()).collect()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
        self.too_long = 0;
    }

    fn push(&mut self, line: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(line);
        self.spans.push(start..self.bytes.len());
    }

    fn is_full(&self) -> bool {
        self.spans.len() >= BATCH.0 || self.bytes.len() >= BATCH.1
    }
}

impl Feed {
    /// Hands every batch to `sink`, with what is done and what there is in all (bytes of files,
    /// milliseconds of a simulation).
    pub fn pass(
        &self,
        sink: &mut dyn FnMut(&Batch, u64, u64) -> Result<(), EvaluateError>,
    ) -> Result<(), EvaluateError> {
        match self {
            Feed::Files(inputs) => files(inputs, sink),
            Feed::Simulated(spec) => simulated(spec, sink),
        }
    }

    /// What it is, for reports.
    pub fn describe(&self) -> String {
        match self {
            Feed::Files(inputs) => names(inputs),
            Feed::Simulated(spec) => {
                format!("simulated: {} tenants, {} days, seed {}", spec.tenants, spec.days, spec.seed)
            }
        }
    }
}

/// Labels and harvest ids of a simulation, as `simulate` would write them.
pub fn truth_of(spec: &Spec) -> Result<Truth, EvaluateError> {
    let mut labels = Vec::new();
    for label in simulate::simulate(spec).labels() {
        let line = serde_json::to_string(&label)
            .map_err(|error| EvaluateError::Label { line: labels.len() + 1, why: error.to_string() })?;
        labels.push(line);
    }
    let mut truth = Truth::read(labels.join("\n").as_bytes())?;
    let ids: Vec<String> = simulate::simulate(spec).filter(|record| record.harvested).map(|record| record.id).collect();
    truth.read_harvest_ids(ids.join("\n").as_bytes())?;
    Ok(truth)
}

fn files(
    inputs: &[PathBuf],
    sink: &mut dyn FnMut(&Batch, u64, u64) -> Result<(), EvaluateError>,
) -> Result<(), EvaluateError> {
    let mut batch = Batch::default();
    pass(inputs, Limits::default().max_bytes, |_, lines, (done, total)| {
        batch.clear();
        for line in lines.iter() {
            match line {
                Line::Whole(line) => batch.push(line),
                Line::TooLong { .. } => batch.too_long += 1,
            }
        }
        sink(&batch, done, total)
    })
}

fn simulated(
    spec: &Spec,
    sink: &mut dyn FnMut(&Batch, u64, u64) -> Result<(), EvaluateError>,
) -> Result<(), EvaluateError> {
    let total = (spec.days * crate::units::Millis::DAY as f64) as u64;
    ahead(
        |give| {
            let (mut batch, mut at) = (Batch::default(), 0);
            for record in simulate::simulate(spec) {
                batch.push(record.line.as_bytes());
                at = record.ts.since(spec.start) as u64;
                if batch.is_full() && !give((core::mem::take(&mut batch), at)) {
                    return;
                }
            }
            give((batch, at));
        },
        |(batch, at)| sink(&batch, at, total),
    )
}
