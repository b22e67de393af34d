//! The workloads of a tenant: at most sixteen open cells, and a cold table of what may become one.
//!
//! An exchange belongs to the cell of its frame; while that has none, to the cell of its shape, so that a program
//! whose prompts share nothing is still judged apart from its account, and to the cell of a piece of its frame that
//! comes back, and where none does or most of the tenant shares it, of its topic, so that one which looks like its
//! account is too; and to the account's sieves that it passes: of what asks for reasoning or records, and of what is
//! unlike its tenant's past. A workload gets a cell after [`OPEN_AT`] exchanges, one that every account has after
//! [`COMMON_OPENS_AT`]. With all cells taken, a newcomer replaces the one whose last exchange is oldest among those that
//! may go: silent ones, and those that were judged over a whole span, are calm, and take no great part of the tenant. So
//! each workload has its turn of at least a span, and one under suspicion stays. If none may go, the newcomer waits in
//! the cold table.

use serde::{Deserialize, Serialize};

use super::memory::Told;
use super::unit::Unit;
use crate::finding::Seen;
use crate::sketch::mean::SPAN;
use crate::sketch::{Recurring, Top};
use crate::trace::{Trace, View};
use crate::units::Millis;

/// Open cells at most.
pub const CELLS: usize = 16;
/// Exchanges after which a workload gets a cell.
const OPEN_AT: u32 = 8;
/// The same for a topic, or what is unusual: every account has some, and most of them tell nothing.
const COMMON_OPENS_AT: u32 = 32;
/// Shapes, topics and sieves that wait at most.
const FORMS: usize = 48;
/// Cells of one exchange at most.
const OF_ONE: usize = 5;
/// A cell without traffic for this many of its tenant's exchanges may go.
const SILENT_EXCHANGES: u64 = 2_048;

/// An open workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub(crate) workload: u64,
    pub(crate) account: Option<Box<str>>,
    /// The tenant's exchange count when this cell was opened.
    opened: u64,
    pub(crate) unit: Unit,
}

const _: () = assert!(size_of::<Cell>() <= 768 && CELL_BYTES == 768);
/// Logical bytes of a cell, its account's name included.
pub(crate) const CELL_BYTES: usize = 768;

/// All workloads of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Workloads {
    cells: Vec<Cell>,
    /// What may become a cell: frames and their pieces.
    cold: Recurring,
    /// The same of shapes, topics and sieves. Apart from the frames: people bring a new one with every prompt.
    forms: Top<FORMS>,
}

impl Workloads {
    /// Bytes beside the struct itself, at most.
    pub(crate) const MOST_BYTES: usize = CELLS * CELL_BYTES + Recurring::MOST_BYTES + Top::<FORMS>::MOST_BYTES;
}

/// Where a workload waits for its cell, and for how many exchanges.
#[derive(Clone, Copy)]
enum Wait {
    Frame,
    Piece,
    Form(u32),
}

/// An exchange that looks for its cells.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'t> {
    pub(crate) trace: &'t Trace<'t>,
    pub(crate) at: Seen,
    /// Counts the tenant's exchanges.
    pub(crate) ordinal: u64,
    /// The evidence above which a cell is kept.
    pub(crate) suspicious: f32,
}

impl Workloads {
    /// The cells of an exchange, opened if it is time.
    pub(crate) fn cells_of(&mut self, visit: Visit<'_>, told: Told) -> [Option<usize>; OF_ONE] {
        let trace = visit.trace;
        let sieve = self.find(trace.cell(View::Sieve), Wait::Form(OPEN_AT), visit);
        let unusual = self.find(told.unusual, Wait::Form(COMMON_OPENS_AT), visit);
        // before it is counted itself
        let waits = trace.cell(View::Frame).is_some_and(|frame| self.cold.counts_whole(frame));
        let frame = self.find(trace.cell(View::Frame), Wait::Frame, visit);
        let (mut piece, mut topic) = (None, None);
        if frame.is_none() {
            piece = self.piece_of(visit, waits);
            if piece.is_none_or(|piece| self.is_common(piece, visit)) {
                topic = self.find(told.content, Wait::Form(COMMON_OPENS_AT), visit);
            }
        }
        let own = frame.or_else(|| self.find(trace.cell(View::Shape), Wait::Form(OPEN_AT), visit));
        // where all others must stay, one may have taken the place of another that was found before it
        let mut cells = [own, piece, topic, unusual, sieve];
        for index in 1..cells.len() {
            if cells[..index].contains(&cells[index]) {
                cells[index] = None;
            }
        }
        cells
    }

    /// The cell of the first piece of the frame that has one. Those before it wait for cells of their own, unless the
    /// frame itself does.
    fn piece_of(&mut self, visit: Visit<'_>, frame_waits: bool) -> Option<usize> {
        visit.trace.pieces().find_map(|piece| {
            let open = self.place(piece);
            if open.is_some() || frame_waits { open } else { self.open(piece, Wait::Piece, visit) }
        })
    }

    /// Whether most of the tenant's exchanges join a cell: what they share tells nothing of a part of them.
    fn is_common(&self, cell: usize, visit: Visit<'_>) -> bool {
        self.cells.get(cell).is_some_and(|cell| cell.takes_more_than(2, visit.ordinal))
    }

    fn place(&self, workload: u64) -> Option<usize> {
        self.cells.iter().position(|cell| cell.workload == workload)
    }

    /// The cell of a workload, if there is one, opened if it is time.
    fn find(&mut self, workload: Option<u64>, wait: Wait, visit: Visit<'_>) -> Option<usize> {
        let workload = workload?;
        self.place(workload).or_else(|| self.open(workload, wait, visit))
    }

    /// A cell by its index.
    pub(crate) fn cell_mut(&mut self, index: usize) -> Option<&mut Cell> {
        self.cells.get_mut(index)
    }

    fn open(&mut self, workload: u64, wait: Wait, visit: Visit<'_>) -> Option<usize> {
        let Visit { trace, at, ordinal, suspicious } = visit;
        let (seen, opens_at) = match wait {
            Wait::Frame => (self.cold.add_whole(workload, ordinal), OPEN_AT),
            Wait::Piece => (self.cold.add_piece(workload, ordinal), OPEN_AT),
            Wait::Form(opens_at) => (self.forms.add(workload), opens_at),
        };
        if seen < opens_at {
            return None;
        }
        let index = if self.cells.len() < CELLS {
            self.cells.len()
        } else {
            let going = self.cells.iter().enumerate().filter(|(_, cell)| cell.may_go(at.ts, ordinal, suspicious));
            going.min_by_key(|(index, cell)| (cell.unit.of_tenant(), *index))?.0
        };
        match wait {
            Wait::Frame | Wait::Piece => self.cold.remove(workload),
            Wait::Form(_) => self.forms.remove(workload),
        }
        let account = trace.account.map(Box::from);
        let cell = Cell { workload, account, opened: ordinal, unit: Unit::opened_at(ordinal) };
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
        self.cells.len() * CELL_BYTES + self.cold.logical_bytes() + self.forms.logical_bytes()
    }
}

impl Cell {
    /// One that has seen a span and is calm may go for another, but not what takes much of the tenant: workloads that come
    /// and go would push it out, and wait for their silence in its place.
    fn may_go(&self, now: Millis, ordinal: u64, suspicious: f32) -> bool {
        let silent = now.since(self.unit.last.ts) >= Millis::DAY;
        let idle = ordinal.saturating_sub(self.unit.of_tenant()) >= SILENT_EXCHANGES;
        let calm = self.unit.evidence.level() <= suspicious;
        let judged = self.unit.exchanges >= u64::from(SPAN) && !self.takes_more_than(4, ordinal);
        silent || calm && (idle || judged)
    }

    /// Whether more than this part of the tenant's exchanges joined it since it was opened. No more than three cells of a
    /// view can take more than a quarter.
    fn takes_more_than(&self, part: u64, ordinal: u64) -> bool {
        self.unit.exchanges > ordinal.saturating_sub(self.opened) / part
    }
}
