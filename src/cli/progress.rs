//! Progress of long work, on stderr and only when that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar, or nothing where nobody watches.
pub struct Progress(ProgressBar);

impl Progress {
    /// Over bytes read.
    pub fn bytes(what: &'static str) -> Progress {
        Progress::with(what, "{msg} [{bar:40}] {bytes}/{total_bytes} {bytes_per_sec} eta {eta}")
    }

    /// Over counted things.
    pub fn items(what: &'static str) -> Progress {
        Progress::with(what, "{msg} [{bar:40}] {human_pos}/{human_len} {per_sec} eta {eta}")
    }

    /// Over a hundred steps of something whose place is told.
    pub fn steps(what: &'static str) -> Progress {
        Progress::with(what, "{msg} [{bar:40}] {pos} %")
    }

    /// Moves on.
    pub fn at(&self, done: u64, total: u64) {
        self.0.set_length(total.max(done));
        self.0.set_position(done);
    }

    /// Says what is being done.
    pub fn say(&self, text: String) {
        self.0.set_message(text);
    }

    /// Does something that writes to the terminal while the bar is out of the way.
    pub fn hide_while<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.suspend(work)
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }

    fn with(what: &'static str, template: &str) -> Progress {
        // ten times a second is enough for eyes; a hidden target draws nothing
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what);
        Progress(bar)
    }
}
