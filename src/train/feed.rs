//! What a training run reads: traces with the truth about them.

use bumpalo::Bump;

use super::TrainError;
use crate::finding::Seen;
use crate::record::{self, Limits};
use crate::trace::{Trace, Tracer};

/// Secret of training runs. A model holds no hash, so it depends on the secret by chance collisions
/// alone; a fixed one makes it the same to the byte.
pub const TRAIN_SECRET: &[u8; 16] = b"stillwatch train";

/// Gives all exchanges in the order of the log, the same each time it is called.
pub type Feed<'f> = dyn FnMut(&mut Sink<'_>) -> Result<(), TrainError> + 'f;

/// Takes one exchange.
pub type Sink<'s> = dyn FnMut(&Trace<'_>, Seen, Taken) + 's;

/// Whether an exchange was harvested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Taken {
    /// Nobody said: the tenant's label alone counts.
    Unsaid,
    /// Innocent use.
    No,
    /// Harvest.
    Yes,
}

/// Decodes one line and hands its trace and its record's id on; false if it is a reject. The arena is for reuse.
pub fn read_line(
    line: &[u8],
    offset: i64,
    tracer: &Tracer,
    arena: &mut Bump,
    sink: &mut dyn FnMut(&Trace<'_>, Seen, Option<&str>),
) -> bool {
    arena.reset();
    let Ok(exchange) = record::decode(Some(line), &Limits::default(), arena) else {
        return false;
    };
    let trace = tracer.trace(&exchange);
    sink(&trace, Seen { ts: trace.ts, offset }, exchange.id);
    true
}
