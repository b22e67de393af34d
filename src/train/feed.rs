//! What a training run reads: traces with the truth about them.

use bumpalo::Bump;
use rayon::prelude::*;

use super::TrainError;
use crate::finding::Seen;
use crate::record::{self, Limits};
use crate::trace::slots::Sampling;
use crate::trace::{Trace, Tracer};

/// Secret of training runs. A model holds no hash, so it depends on the secret by chance collisions
/// alone; a fixed one makes it the same to the byte.
pub const TRAIN_SECRET: &[u8; 16] = b"stillwatch train";

/// Gives all exchanges in the order of the log, the same each time it is called.
pub type Feed<'f> = dyn FnMut(&mut Sink<'_>) -> Result<(), TrainError> + 'f;

/// Takes exchanges that follow each other.
pub type Sink<'s> = dyn FnMut(&[Told<'_>]) + 's;

/// One exchange, and the truth about it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// What is known of it without its text.
    pub trace: Trace<'a>,
    /// Its time and place.
    pub at: Seen,
    /// Whether it was harvested.
    pub taken: Taken,
    /// Which of several logs it is from, where each is one operator's.
    pub log: u32,
}

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

/// Lines that one thread decodes at a time.
const CHUNK: usize = 256;

/// Decodes lines in parallel and hands their traces on in order; rejects are left out. `taken` knows the truth by a
/// record's id.
pub fn read_lines(
    lines: &[(i64, &[u8])],
    tracer: &Tracer,
    taken: &(dyn Fn(Option<&str>) -> Taken + Sync),
    sink: &mut Sink<'_>,
) {
    let mut arenas = arenas_for(lines);
    let all = in_chunks(lines, &mut arenas, |offset, line, arena| {
        traced(line, offset, tracer, arena).map(|(trace, at, id)| Told { trace, at, taken: taken(id), log: 0 })
    });
    sink(&all.concat());
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
    let Some((trace, at, id)) = traced(line, offset, tracer, arena) else {
        return false;
    };
    sink(&trace, at, id);
    true
}

/// Decodes lines in parallel and gives what they have to say of slots; tenants that are not `usual` say nothing.
pub fn read_slots(
    lines: &[(i64, &[u8])],
    tracer: &Tracer,
    usual: &(dyn Fn(&str) -> bool + Sync),
    sampling: &mut Sampling,
) {
    let mut arenas = arenas_for(lines);
    let all = in_chunks(lines, &mut arenas, |offset, line, arena| {
        let exchange = record::decode(Some(line), &Limits::default(), arena).ok()?;
        usual(exchange.tenant).then(|| Sampling::look(tracer, &exchange, offset)).flatten()
    });
    all.into_iter().flatten().for_each(|taken| sampling.take(taken));
}

/// One arena for each chunk of lines.
fn arenas_for(lines: &[(i64, &[u8])]) -> Vec<Bump> {
    lines.chunks(CHUNK).map(|_| Bump::new()).collect()
}

/// What `look` finds in each line, in the order of the lines; chunks in parallel, each with its arena.
fn in_chunks<'a, T: Send>(
    lines: &[(i64, &'a [u8])],
    arenas: &'a mut [Bump],
    look: impl Fn(i64, &'a [u8], &'a Bump) -> Option<T> + Sync,
) -> Vec<Vec<T>> {
    let chunks = lines.par_chunks(CHUNK).zip(arenas.par_iter_mut());
    let found = chunks.map(|(lines, arena)| {
        let arena: &Bump = arena;
        lines.iter().filter_map(|(offset, line)| look(*offset, line, arena)).collect()
    });
    found.collect()
}

/// None for a reject.
fn traced<'a>(
    line: &'a [u8],
    offset: i64,
    tracer: &Tracer,
    arena: &'a Bump,
) -> Option<(Trace<'a>, Seen, Option<&'a str>)> {
    let exchange = record::decode(Some(line), &Limits::default(), arena).ok()?;
    let trace = tracer.trace(&exchange);
    Some((trace, Seen { ts: trace.ts, offset }, exchange.id))
}
