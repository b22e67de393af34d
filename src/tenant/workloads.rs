//! The workloads of a tenant: at most twelve open cells, and a cold table of what may become one.
//!
//! An exchange belongs to the cell of its frame; while that has none, to the cell of its shape, so that a
//! program whose prompts share nothing is still judged apart from its account; and to the account's
//! sieve if it passes. A workload gets a cell after [`OPEN_AT`] exchanges. With all cells taken, a newcomer replaces the
//! one whose last exchange is oldest among those that may go: silent ones, and those that were judged
//! over a whole span and are calm. So each workload has its turn of at least a span, and one under
//! suspicion stays. If none may go, the newcomer waits in the cold table.

use serde::{Deserialize, Serialize};

use super::unit::Unit;
use crate::finding::Seen;
use crate::sketch::Top;
use crate::sketch::mean::SPAN;
use crate::trace::{Trace, View};
use crate::units::Millis;

/// Open cells at most.
pub const CELLS: usize = 12;
/// Exchanges after which a workload gets a cell.
const OPEN_AT: u32 = 8;
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
    cold: Top,
}

impl Workloads {
    /// The cells of a trace, opened if it is time. `ordinal` counts the tenant's exchanges; `suspicious` is
    /// the evidence above which a cell is kept.
    pub(crate) fn cells_of(
        &mut self,
        trace: &Trace<'_>,
        at: Seen,
        ordinal: u64,
        suspicious: f32,
    ) -> [Option<usize>; 2] {
        let mut find = |view| {
            let workload = trace.cell(view)?;
            let index = match self.cells.iter().position(|cell| cell.workload == workload) {
                Some(index) => index,
                None => self.open(workload, trace, at, ordinal, suspicious)?,
            };
            self.cells[index].last = ordinal;
            Some(index)
        };
        let sieve = find(View::Sieve);
        let own = find(View::Frame).or_else(|| find(View::Shape));
        // where all others must stay, the second may have taken the place of the first
        [own, sieve.filter(|sieve| own != Some(*sieve))]
    }

    /// A cell by its index.
    pub(crate) fn cell_mut(&mut self, index: usize) -> Option<&mut Cell> {
        self.cells.get_mut(index)
    }

    fn open(&mut self, workload: u64, trace: &Trace<'_>, at: Seen, ordinal: u64, suspicious: f32) -> Option<usize> {
        if self.cold.add(workload) < OPEN_AT {
            return None;
        }
        let index = if self.cells.len() < CELLS {
            self.cells.len()
        } else {
            let going = self.cells.iter().enumerate().filter(|(_, cell)| cell.may_go(at.ts, ordinal, suspicious));
            going.min_by_key(|(index, cell)| (cell.last, *index))?.0
        };
        self.cold.remove(workload);
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
        self.cells.len() * CELL_BYTES + self.cold.len() * 24
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
