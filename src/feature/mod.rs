//! The feature table: what a model sees of a unit, one row each.
//!
//! Schema hash, model check, documentation and explanation all read [`TABLE`]. A feature whose data
//! is missing is absent, never zero; what is missing is decided by [`Needs`], so that a model can
//! marginalise over few combinations. Cost of a [`Row`]: about 50 ns.

mod row;
mod table;

pub use row::{Row, WIDTH};
pub use table::{TABLE, table_hash};

use crate::record::Tier;
use crate::tenant::unit::Unit;

/// Which part of the behaviour a feature measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Frame and template.
    Frame,
    /// What the prompts cover.
    Coverage,
    /// Asking for reasoning.
    Reasoning,
    /// Records, rubrics, use of the answers.
    Dataset,
    /// Sampling parameters.
    Parameters,
    /// Rhythm.
    Tempo,
    /// Lengths.
    Information,
    /// Who calls.
    Identity,
    /// What accounts of one tenant have in common.
    Accounts,
}

impl Group {
    /// All of them.
    pub const ALL: [Group; 9] = [
        Group::Frame,
        Group::Coverage,
        Group::Reasoning,
        Group::Dataset,
        Group::Parameters,
        Group::Tempo,
        Group::Information,
        Group::Identity,
        Group::Accounts,
    ];
}

/// The side on which a feature is suspicious.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// High is suspicious.
    Up,
    /// Low is suspicious.
    Down,
    /// Neither by itself.
    None,
}

/// What a unit must have shown for a feature to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Needs {
    /// Nothing but the record.
    Metadata = 0,
    /// Token counts.
    Tokens = 1,
    /// Prompt text.
    Prompt = 2,
    /// Prompt and response text.
    Response = 4,
    /// Reasoning tokens.
    Reasoning = 8,
    /// Who called.
    Client = 16,
}

impl Needs {
    /// Combinations of what may be there.
    pub const COMBINATIONS: usize = 32;

    /// Whether a combination holds what is needed.
    pub fn met_by(self, present: u8) -> bool {
        present & self as u8 == self as u8
    }

    /// The tier of records that has it.
    pub fn tier(self) -> Tier {
        match self {
            Needs::Metadata | Needs::Client => Tier::Metadata,
            Needs::Tokens | Needs::Reasoning => Tier::Tokens,
            Needs::Prompt | Needs::Response => Tier::Content,
        }
    }
}

/// How a value is put into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// 0 to 1, as per cent.
    Share,
    /// A number of things.
    Count,
    /// A base-2 logarithm; people read 2^value.
    Log2,
    /// A plain ratio.
    Ratio,
    /// Anything else, to 3 significant digits.
    Number,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Feature {
    /// Stable name, as in findings.
    pub name: &'static str,
    /// Raised when the meaning changes.
    pub version: u8,
    /// Group.
    pub group: Group,
    /// Unit of the value.
    pub unit: &'static str,
    /// What must be there.
    pub needs: Needs,
    /// Suspicious side.
    pub direction: Direction,
    /// How to write a value.
    pub says: Says,
    /// One sentence: why it tells harvest from use.
    pub why: &'static str,
    value: fn(&Unit) -> f64,
}

impl Feature {
    /// Whether it needs tables of slots to say anything.
    pub fn goes_by_slots(&self) -> bool {
        matches!(self.name, "slot_typicality" | "group_typicality")
    }

    /// The unit's value, if what it needs is there.
    pub fn value(&self, unit: &Unit) -> Option<f64> {
        self.needs.met_by(row::present(unit)).then(|| (self.value)(unit))
    }
}

#[cfg(test)]
mod tests;
