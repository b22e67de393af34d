//! What stands before a prompt whose conversation has sealed reasoning: the block, and where its thread began.
//!
//! Agents hand the block of their last turn on with the next. A thread that is taken up again brings its block with the
//! beginning that it always had; who carries blocks into other conversations writes another beginning each time.

use super::schedule::Slot;
use super::text::World;
use super::text::phrases::Job;
use super::workload::{Item, Workload};
use crate::draw::{Draw, mix};

/// Letters and digits of a sealed block.
const LENGTH: usize = 220;

/// Sealed reasoning that is sent back.
pub(super) struct Thread {
    pub(super) sealed: String,
    /// The first request and what was answered, where the thread is taken up; else the last turn's stand there.
    pub(super) begin: Option<(String, String)>,
}

impl Thread {
    /// What a request sends back of its conversation, if its program does such a thing.
    pub(super) fn of(load: &Workload, item: Item, slot: Slot, world: &World) -> Option<Thread> {
        if !load.replays {
            return None;
        }
        if slot.turn > 0 {
            let sealed = block(&[load.seed, 53, slot.talk, u64::from(slot.turn)]);
            return Some(Thread { sealed, begin: None });
        }
        (load.job == Job::Recall).then(|| {
            let conversation = if load.carries { slot.talk + 1 } else { 0 };
            let mut pen = item.pen(mix(&[47, conversation]), world);
            let (mut asked, mut answered) = (String::new(), String::new());
            pen.prose(&mut asked, 90);
            pen.prose(&mut answered, 160);
            Thread { sealed: block(&[item.seed, 46]), begin: Some((asked, answered)) }
        })
    }
}

/// The same seeds give the same block, whoever sends it.
fn block(seeds: &[u64]) -> String {
    Draw::new(mix(seeds)).token(LENGTH)
}

#[cfg(test)]
mod tests {
    use crate::simulate::text::phrases::Job;
    use crate::simulate::{Spec, simulate};
    use crate::units::Millis;

    #[test]
    fn blocks_are_kept_and_carried_on_both_sides() {
        let attacks = "replayed_reasoning=60".parse().unwrap_or_default();
        let start = Millis(1_791_158_400_000);
        let simulation = simulate(&Spec { tenants: 1_500, days: 1.0, attacks, seed: 6, start });
        let works = || simulation.tenants.iter().flat_map(|tenant| &tenant.works);
        for side in [false, true] {
            let threads =
                || works().filter(|work| work.harvested == side && work.load.job == Job::Recall && work.load.replays);
            let carried = threads().filter(|work| work.load.carries).count();
            let share = 100 * carried / threads().count();
            assert!((10..=90).contains(&share), "{share} % of {} at {side}", threads().count());
        }
    }
}
