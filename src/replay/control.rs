//! An export of the control topic, so that a replay sees changes of side inputs where the live run did.

use std::collections::BTreeMap;
use std::path::Path;

use bumpalo::Bump;

use super::ReplayError;
use crate::control::{ControlError, ControlRecord, History};
use crate::library::Library;
use crate::pipeline::{Core, Partition};
use crate::source::envelope;
use crate::source::files::Line;
use crate::source::pass::pass;

/// Longest line of an export.
const MOST_BYTES: usize = 1 << 20;

/// What was in force where, and the artefacts for it. Empty: the core's side inputs judge everything.
#[derive(Clone, Debug, Default)]
pub struct Control {
    histories: BTreeMap<u32, History>,
    library: Library,
}

impl Control {
    /// Reads control records, one a line, as they lie on the topic or in the envelope of `kcat -J`; each
    /// partition's in the order of the topic.
    pub fn read(path: &Path, library: Library) -> Result<Control, ReplayError> {
        let mut histories: BTreeMap<u32, History> = BTreeMap::new();
        let mut number = 0u64;
        let mut arena = Bump::new();
        pass(&[path.to_owned()], MOST_BYTES, |_, batch, _| {
            arena.reset();
            for line in batch.iter() {
                number += 1;
                let wrong = |source| ReplayError::Control { path: path.to_owned(), line: number, source };
                let Line::Whole(line) = line else {
                    return Err(wrong(ControlError::Malformed(format!("longer than {MOST_BYTES} bytes"))));
                };
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let payload = envelope::parse(line, &arena).map_or(Some(line), |envelope| envelope.record.payload);
                let record = ControlRecord::parse(payload.unwrap_or_default()).map_err(wrong)?;
                histories.entry(record.partition).or_default().take(record);
            }
            Ok(())
        })?;
        Ok(Control { histories, library })
    }

    /// A partition whose first record is at `first`, with what was in force from there on.
    pub(super) fn partition(&self, index: u32, first: i64, core: &Core) -> Result<Partition, ReplayError> {
        let partition = Partition::new(index, 0);
        let Some(history) = self.histories.get(&index) else { return Ok(partition) };
        let timeline = history.resolve(&self.library, (first, i64::MAX), core.side_inputs(), &core.tracer)?;
        Ok(partition.with_timeline(timeline))
    }
}
