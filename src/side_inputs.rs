//! What findings depend on besides the log and that may change within it: the model, what the provider knows
//! of its tenants, its policy, and what people have decided about findings.
//!
//! A change takes effect at a named offset of a partition, so that re-fold and replay see it at the same
//! place. [`Timeline`] is a partition's history of such changes; control records carry it.

use std::sync::Arc;

use crate::finding::render;
use crate::knowledge::{Knowledge, Policy, Watch};
use crate::model::Model;
use crate::trace::Tracer;
use crate::verdicts::Verdicts;

/// What is in force from some offset on. Frozen: a change is another one of these.
#[derive(Debug)]
pub struct SideInputs {
    /// The model that judges.
    pub model: Arc<Model>,
    /// What the provider knows of its tenants.
    pub knowledge: Arc<Knowledge>,
    /// Whom its policies exclude.
    pub policy: Policy,
    /// What people have decided about findings: told, and heeded by nothing that judges.
    pub verdicts: Arc<Verdicts>,
    watch: Watch,
}

impl SideInputs {
    /// A model alone.
    pub fn of_model(model: Arc<Model>) -> SideInputs {
        let (knowledge, policy, verdicts) = (Arc::default(), Policy::default(), Arc::default());
        SideInputs { model, knowledge, policy, verdicts, watch: Watch::default() }
    }

    /// All that judge; `tracer` knows under which hash the fold knows a tenant.
    pub fn new(model: Arc<Model>, knowledge: Arc<Knowledge>, policy: Policy, tracer: &Tracer) -> SideInputs {
        let watch = Watch::new(&knowledge, &policy, |tenant| tracer.tenant_hash(tenant));
        SideInputs { model, knowledge, policy, verdicts: Arc::default(), watch }
    }

    /// The same with verdicts.
    #[must_use]
    pub fn with_verdicts(self, verdicts: Arc<Verdicts>) -> SideInputs {
        SideInputs { verdicts, ..self }
    }

    /// Tenants that the policy has something to say about.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Marks evidence with the model that made it.
    pub fn model_tag(&self) -> u64 {
        self.model.sha256().first_chunk().map_or(0, |head| u64::from_le_bytes(*head))
    }

    /// What rendering a finding needs besides the event; `topic` is the input's name.
    pub fn render_context(&self, topic: &str) -> render::Context {
        render::Context {
            topic: topic.to_owned(),
            model_name: self.model.name().to_owned(),
            model_sha256: self.model.sha256_hex(),
            calibrated: self.model.calibrated(),
            budget: self.model.budget(),
            knowledge: Arc::clone(&self.knowledge),
            verdicts: Arc::clone(&self.verdicts),
            shadow: false,
        }
    }
}

/// What was in force where, in one partition: first offsets, ascending. Empty: nothing was ever said.
#[derive(Clone, Debug, Default)]
pub struct Timeline(Vec<(i64, Arc<SideInputs>)>);

impl Timeline {
    /// From `offset` on these hold, whatever was said of later offsets before.
    pub fn change(&mut self, offset: i64, to: Arc<SideInputs>) {
        self.0.retain(|(begins, _)| *begins < offset);
        self.0.push((offset, to));
    }

    /// What holds at an offset; none before the first change.
    pub fn at(&self, offset: i64) -> Option<&Arc<SideInputs>> {
        self.0.iter().rev().find(|(begins, _)| *begins <= offset).map(|(_, side)| side)
    }

    /// The first change behind an offset.
    pub fn next_change(&self, offset: i64) -> Option<i64> {
        self.0.iter().map(|(begins, _)| *begins).find(|begins| *begins > offset)
    }

    /// Drops what no record from `offset` on needs, so that a partition that lives long stays small.
    pub fn forget_before(&mut self, offset: i64) {
        let ended = self.0.iter().filter(|(begins, _)| *begins <= offset).count();
        self.0.drain(..ended.saturating_sub(1));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn each_change_holds_until_the_next_and_the_last_word_on_an_offset_counts() {
        let sides: Vec<_> =
            (0..4).map(|_| Arc::new(SideInputs::of_model(Arc::new(Model::embedded().unwrap())))).collect();
        let mut timeline = Timeline::default();
        assert!(timeline.at(7).is_none());
        timeline.change(5, Arc::clone(&sides[0]));
        timeline.change(9, Arc::clone(&sides[1]));
        timeline.change(9, Arc::clone(&sides[2]));
        let is = |timeline: &Timeline, offset, side: usize| Arc::ptr_eq(timeline.at(offset).unwrap(), &sides[side]);
        assert!(timeline.at(4).is_none());
        assert!(is(&timeline, 5, 0) && is(&timeline, 8, 0) && is(&timeline, 9, 2) && is(&timeline, 99, 2));
        assert_eq!(
            (timeline.next_change(4), timeline.next_change(5), timeline.next_change(9)),
            (Some(5), Some(9), None)
        );
        timeline.change(7, Arc::clone(&sides[3]));
        assert!(is(&timeline, 99, 3) && timeline.next_change(7).is_none(), "what was said of later offsets is gone");
        timeline.forget_before(8);
        assert!(timeline.at(6).is_none() && is(&timeline, 8, 3));
    }
}
