//! SIGHUP: read the configuration again and judge by what it names now.
//!
//! ```text
//! signal ─► a thread of its own: config, artefacts, all checked ─► poll thread: from the next offset of each
//!                                                                  partition on, by a control record
//! ```
//!
//! What is wrong with the new one is refused as a whole, and the old one stays in force. Only side inputs are
//! taken: a changed fold is refused, other keys wait for a restart.
//! Full: one load waits for the poll thread; a further signal's waits until that is taken.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::config::{self, Config, Mode};
use crate::library::Library;
use crate::side_inputs::SideInputs;
use crate::trace::Tracer;

/// What a signal led to: something new, or why it is refused.
pub type Reloaded = Result<Loaded, String>;

/// Something to judge by, checked and ready.
pub struct Loaded {
    /// What is in force from now on.
    pub side: Arc<SideInputs>,
    /// Everything known.
    pub library: Library,
}

/// Where side inputs come from.
pub struct Sources {
    /// Known from the start.
    pub library: Library,
    /// What SIGHUP brings.
    pub reloads: Receiver<Reloaded>,
}

/// Reads the configuration again, off the poll thread.
#[derive(Clone)]
pub struct Reloader {
    path: PathBuf,
    fold: [u8; 32],
    mode: Mode,
    tracer: Arc<Tracer>,
    outbox: SyncSender<Reloaded>,
}

impl Reloader {
    /// For the configuration read from `path`; and where the poll thread looks.
    pub fn new(path: PathBuf, config: &Config, tracer: Arc<Tracer>) -> (Reloader, Receiver<Reloaded>) {
        let (outbox, inbox) = sync_channel(1);
        (Reloader { path, fold: config.fold_identity(), mode: config.kafka.mode, tracer, outbox }, inbox)
    }

    /// Loads and hands over. Blocks for as long as the files take, and while a former load waits to be taken.
    pub fn reload(&self) {
        // nobody listening: the poll thread has ended
        self.outbox.send(self.load()).ok();
    }

    fn load(&self) -> Reloaded {
        let config = config::load(&self.path).map_err(|error| error.to_string())?.config;
        if config.fold_identity() != self.fold {
            return Err("what the fold depends on has changed (fold.*, model.benchmarks, model.slots or the tables beside model.path, kafka.topics.input): that is another fold and needs a new group with new topics".into());
        }
        if config.kafka.mode != self.mode {
            return Err("kafka.mode has changed: an instance is live or a shadow from its start to its end; restart it, or to promote a shadow's model name it in the live configuration".into());
        }
        let opened = Library::open(&config).map_err(|error| error.to_string())?;
        opened.tell();
        Ok(Loaded { side: Arc::new(opened.side_inputs(&self.tracer)), library: opened.library })
    }
}
