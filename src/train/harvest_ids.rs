//! Which exchanges were harvested: the lines of `--harvest-ids`.

use std::collections::HashSet;
use std::io::{self, BufRead};

use super::Taken;

/// Ids of harvested exchanges.
#[derive(Clone, Debug, Default)]
pub struct HarvestIds(HashSet<Box<str>>);

impl HarvestIds {
    /// Adds ids, one a line; on failure says at which line, counted from 1.
    pub fn read(&mut self, lines: impl BufRead) -> Result<(), (usize, io::Error)> {
        for (index, line) in lines.lines().enumerate() {
            let line = line.map_err(|error| (index + 1, error))?;
            let id = line.trim();
            if !id.is_empty() {
                self.0.insert(id.into());
            }
        }
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether it was harvested.
    pub fn has(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| self.0.contains(id))
    }

    /// The same where perhaps nobody gave ids.
    pub fn taken(ids: Option<&HarvestIds>, id: Option<&str>) -> Taken {
        match ids {
            None => Taken::Unsaid,
            Some(ids) if ids.has(id) => Taken::Yes,
            Some(_) => Taken::No,
        }
    }
}
