//! Side inputs change while partitions are live.

use std::sync::Arc;

use super::super::fatal::Fatal;
use super::super::owned::Phase;
use super::super::reload::Loaded;
use super::super::report::Reload;
use super::Engine;
use crate::control::Wanted;
use crate::library::Library;
use crate::model::drift;

impl Engine {
    /// Takes what SIGHUP has loaded, if it has.
    pub(super) fn reloaded(&mut self) -> Result<(), Fatal> {
        while let Ok(reloaded) = self.reloads.try_recv() {
            match reloaded {
                Ok(loaded) => self.judge_by(loaded)?,
                Err(why) => {
                    tracing::error!(why, "reload refused; what was in force stays");
                    self.report.reloaded(Reload::Refused);
                }
            }
        }
        Ok(())
    }

    fn judge_by(&mut self, Loaded { side, library: more }: Loaded) -> Result<(), Fatal> {
        self.warn_of_former(&more);
        // what was known stays known: partitions that come back may still need it
        let mut library = Library::clone(&self.library);
        library.extend(more);
        self.library = Arc::new(library);
        if Wanted::of(&side) == Wanted::of(self.core.side_inputs()) {
            tracing::info!("reloaded; nothing has changed");
            self.report.reloaded(Reload::Unchanged);
        } else {
            for owned in self.owned.values_mut() {
                owned.take_over(&self.config.kafka.control, &side);
            }
            let (model, sha256, tenants) = (side.model.name(), side.model.sha256_hex(), side.knowledge.len());
            let verdicts = side.verdicts.len();
            tracing::info!(model, sha256, tenants, verdicts, "reloaded; in force from each partition's next offset on");
            self.report.side_inputs(&side);
            self.report.reloaded(Reload::Applied);
            self.core = self.core.clone().judging_by(side);
            self.drift = drift::Counts::default();
        }
        // an artefact that a partition stopped for may be known now
        let stopped = self.owned.iter().filter(|(_, owned)| matches!(owned.phase, Phase::Stopped(_)));
        let stopped: Vec<i32> = stopped.map(|(partition, _)| *partition).collect();
        if stopped.is_empty() { Ok(()) } else { self.begin_restore(stopped) }
    }

    /// What judged until now is in memory; after a crash it must be in a file.
    fn warn_of_former(&self, library: &Library) {
        let former = self.core.side_inputs();
        let (model, sha256) = (former.model.name(), former.model.sha256_hex());
        if library.model(&sha256).is_none() {
            tracing::warn!(
                model,
                sha256,
                "the former model is in no known file: put it into the folder `model.known`, else a crash stops partitions"
            );
        }
        let (tenants, sha256) = (former.knowledge.name(), former.knowledge.sha256_hex());
        if former.knowledge.is_loaded() && library.knowledge(&sha256).is_none() {
            tracing::warn!(
                tenants,
                sha256,
                "the former snapshot of tenants is in no known file: put it into the folder `tenants.known`, else a crash stops partitions"
            );
        }
        let (verdicts, sha256) = (former.verdicts.name(), former.verdicts.sha256_hex());
        if former.verdicts.is_loaded() && library.verdicts(&sha256).is_none() {
            tracing::warn!(
                verdicts,
                sha256,
                "the former verdicts are in no known file: put them into the folder `verdicts.known`, else a crash stops partitions"
            );
        }
    }

    /// Says again what is in force: the control topic may forget what lies further back than the input does.
    pub(super) fn restate(&mut self) {
        if self.restate.due() {
            for owned in self.owned.values_mut() {
                owned.restate(&self.config.kafka.control);
            }
        }
    }
}
