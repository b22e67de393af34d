//! Where training exchanges come from: lines of native records, or the built-in simulator.

use bumpalo::Bump;

use super::{Labels, Role, TrainError};
use crate::finding::Seen;
use crate::record::{self, Limits};
use crate::simulate::{self, Spec, Truth};
use crate::trace::{Trace, Tracer};

/// Secret of training runs. A model holds no hash, so it depends on the secret by chance collisions
/// alone; a fixed one makes it the same to the byte.
pub const TRAIN_SECRET: &[u8; 16] = b"stillwatch train";

/// Decodes one line and hands its trace on; false if it is a reject. The arena is for reuse.
pub fn read_line(
    line: &[u8],
    offset: i64,
    tracer: &Tracer,
    arena: &mut Bump,
    sink: &mut dyn FnMut(&Trace<'_>, Seen),
) -> bool {
    arena.reset();
    let Ok(exchange) = record::decode(Some(line), &Limits::default(), arena) else {
        return false;
    };
    let trace = tracer.trace(&exchange);
    sink(&trace, Seen { ts: trace.ts, offset });
    true
}

/// Labels and feed of a simulation; each pass draws it anew, which is cheaper than to keep it.
#[expect(clippy::type_complexity, reason = "an alias cannot say that the closure takes any lifetime")]
pub fn simulated(
    spec: &Spec,
) -> (Labels, impl FnMut(&mut dyn FnMut(&Trace<'_>, Seen)) -> Result<(), TrainError> + use<>) {
    let mut labels = Labels::default();
    for label in simulate::simulate(spec).labels() {
        let (role, kind) = match label.label {
            Truth::Attack => (Role::Attack, label.family.map_or("other", simulate::Family::name)),
            Truth::Grey => (Role::Grey, label.class),
            Truth::Benign | Truth::Control => (Role::Calm, label.class),
        };
        labels.add(&label.tenant, role, kind);
        if role == Role::Attack && label.account.is_some() {
            labels.only_in_part(&label.tenant);
        }
    }
    let spec = spec.clone();
    let feed = move |sink: &mut dyn FnMut(&Trace<'_>, Seen)| {
        let (tracer, mut arena) = (Tracer::new(TRAIN_SECRET), Bump::new());
        for (offset, record) in (0i64..).zip(simulate::simulate(&spec)) {
            if !read_line(record.line.as_bytes(), offset, &tracer, &mut arena, sink) {
                return Err(TrainError::Input { why: format!("simulated record {offset} is a reject") });
            }
        }
        Ok(())
    };
    (labels, feed)
}
