//! The features of one unit at one moment.

use super::table::TABLE;
use super::{Needs, Unit};

/// Features in a row.
pub const WIDTH: usize = TABLE.len();

/// Exchanges with the needed data before a feature exists: a mean of fewer is noise.
const ENOUGH: u8 = 8;

/// Values in table order, and which needs are met. Values whose need is not met are 0 and never read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Values.
    pub values: [f64; WIDTH],
    /// Bits of [`Needs`].
    pub present: u8,
}

impl Row {
    /// Reads a unit.
    pub fn of(unit: &Unit) -> Row {
        let present = present(unit);
        let mut values = [0.0; WIDTH];
        for (value, feature) in values.iter_mut().zip(TABLE) {
            if feature.needs.met_by(present) {
                *value = (feature.value)(unit);
            }
        }
        Row { values, present }
    }

    /// The value of a feature, if it is there.
    pub fn get(&self, feature: usize) -> Option<f64> {
        TABLE.get(feature)?.needs.met_by(self.present).then(|| self.values[feature])
    }
}

/// Bits of [`Needs`] that a unit meets.
pub(super) fn present(unit: &Unit) -> u8 {
    let counts = &unit.counts;
    let bit = |needs: Needs, count: u8| if count >= ENOUGH { needs as u8 } else { 0 };
    bit(Needs::Tokens, counts.tokens)
        | bit(Needs::Prompt, counts.prompts)
        | bit(Needs::Response, counts.responses)
        | bit(Needs::Reasoning, counts.reasoning)
        | bit(Needs::Client, counts.clients)
}
