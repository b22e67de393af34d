//! The workloads of a tenant: at most sixteen open cells, and a cold table of what may become one.
//!
//! An exchange belongs to the cell of its frame; while that has none, to the cell of its shape, so that a
//! program whose prompts share nothing is still judged apart from its account, and to the cell of its topic, so
//! that one which looks like its account is too; and to the account's sieves that it passes: of what asks for
//! reasoning or records, and of what is unlike its tenant's past. A workload gets a cell after [`OPEN_AT`] exchanges,
//! one that every account has after [`COMMON_OPENS_AT`]. With all cells taken, a newcomer replaces the
//! one whose last exchange is oldest among those that may go: silent ones, and those that were judged
//! over a whole span and are calm. So each workload has its turn of at least a span, and one under
//! suspicion stays. If none may go, the newcomer waits in the cold table.

use serde::{Deserialize, Serialize};

use super::memory::Told;
use super::unit::Unit;
use crate::finding::Seen;
use crate::sketch::Top;
use crate::sketch::mean::SPAN;
use crate::trace::{Trace, View};
use crate::units::Millis;

/// Open cells at most.
pub const CELLS: usize = 16;
/// Exchanges after which a workload gets a cell.
const OPEN_AT: u32 = 8;
/// The same for a topic, or what is unusual: every account has some, and most of them tell nothing.
const COMMON_OPENS_AT: u32 = 32;
/// A cell without traffic for this many of its tenant's exchanges may go.
const SILENT_EXCHANGES: u64 = 2_048;

/// An open workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub(crate) workload: u64,
    pub(crate) account: Option<Box<str>>,
    /// The tenant's exchange count at the last exchange of this cell.
    last: u64,
    pub(crate) unit: Unit,
}

const _: () = assert!(size_of::<Cell>() <= 768 && CELL_BYTES == 768);
/// Logical bytes of a cell, its account's name included.
pub(crate) const CELL_BYTES: usize = 768;

/// All workloads of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Workloads {
    cells: Vec<Cell>,
    /// What may become a cell: frames.
    cold: Top,
    /// The same of shapes, topics and sieves. Apart from the frames: people bring a new one with every prompt,
    /// and would push out whatever is rarer than one exchange in sixty.
    forms: Top,
}

/// Where a workload waits for its cell, and for how many exchanges.
#[derive(Clone, Copy)]
enum Wait {
    Frame,
    Form(u32),
}

impl Workloads {
    /// The cells of a trace, opened if it is time. `ordinal` counts the tenant's exchanges; `suspicious` is
    /// the evidence above which a cell is kept.
    pub(crate) fn cells_of(
        &mut self,
        trace: &Trace<'_>,
        told: Told,
        at: Seen,
        ordinal: u64,
        suspicious: f32,
    ) -> [Option<usize>; 4] {
        let mut find = |workload: Option<u64>, wait: Wait| {
            let workload = workload?;
            let index = match self.cells.iter().position(|cell| cell.workload == workload) {
                Some(index) => index,
                None => self.open(workload, wait, trace, at, ordinal, suspicious)?,
            };
            self.cells[index].last = ordinal;
            Some(index)
        };
        let sieve = find(trace.cell(View::Sieve), Wait::Form(OPEN_AT));
        let unusual = find(told.unusual, Wait::Form(COMMON_OPENS_AT));
        let frame = find(trace.cell(View::Frame), Wait::Frame);
        let content = if frame.is_none() { find(told.content, Wait::Form(COMMON_OPENS_AT)) } else { None };
        let own = frame.or_else(|| find(trace.cell(View::Shape), Wait::Form(OPEN_AT)));
        // where all others must stay, one may have taken the place of another that was found before it
        let mut cells = [own, content, unusual, sieve];
        for index in 1..cells.len() {
            if cells[..index].contains(&cells[index]) {
                cells[index] = None;
            }
        }
        cells
    }

    /// A cell by its index.
    pub(crate) fn cell_mut(&mut self, index: usize) -> Option<&mut Cell> {
        self.cells.get_mut(index)
    }

    fn open(
        &mut self,
        workload: u64,
        wait: Wait,
        trace: &Trace<'_>,
        at: Seen,
        ordinal: u64,
        suspicious: f32,
    ) -> Option<usize> {
        let (cold, opens_at) = match wait {
            Wait::Frame => (&mut self.cold, OPEN_AT),
            Wait::Form(opens_at) => (&mut self.forms, opens_at),
        };
        if cold.add(workload) < opens_at {
            return None;
        }
        let index = if self.cells.len() < CELLS {
            self.cells.len()
        } else {
            let going = self.cells.iter().enumerate().filter(|(_, cell)| cell.may_go(at.ts, ordinal, suspicious));
            going.min_by_key(|(index, cell)| (cell.last, *index))?.0
        };
        match wait {
            Wait::Frame => self.cold.remove(workload),
            Wait::Form(_) => self.forms.remove(workload),
        }
        let account = trace.account.map(Box::from);
        let cell = Cell { workload, account, last: ordinal, unit: Unit::default() };
        if index < self.cells.len() {
            self.cells[index] = cell;
        } else {
            self.cells.push(cell);
        }
        Some(index)
    }

    pub(crate) fn units_mut(&mut self) -> impl Iterator<Item = &mut Unit> {
        self.cells.iter_mut().map(|cell| &mut cell.unit)
    }

    /// Cells in use.
    pub fn open_cells(&self) -> usize {
        self.cells.len()
    }

    /// Logical bytes: a function of cells and entries in use.
    pub(crate) fn logical_bytes(&self) -> usize {
        self.cells.len() * CELL_BYTES + (self.cold.len() + self.forms.len()) * 24
    }
}

impl Cell {
    fn may_go(&self, now: Millis, ordinal: u64, suspicious: f32) -> bool {
        let silent = now.since(self.unit.last.ts) >= Millis::DAY;
        let idle = ordinal - self.last.min(ordinal) >= SILENT_EXCHANGES;
        let calm = self.unit.evidence.level() <= suspicious;
        silent || calm && (idle || self.unit.exchanges >= u64::from(SPAN))
    }
}
