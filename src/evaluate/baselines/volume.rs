//! The volume threshold: 500 calls within 60 minutes.

use super::Step;
use super::window::Window;
use crate::evaluate::track::Track;
use crate::units::Millis;

/// Calls that alarm.
pub const THRESHOLD: f64 = 500.0;
const SPAN: i64 = 60 * Millis::MINUTE;
/// A window holds no more: beyond a hundred thresholds nothing changes.
const MOST: usize = 50_000;

/// Calls of the last hour.
#[derive(Debug)]
pub struct Volume(Window<Millis>);

impl Default for Volume {
    fn default() -> Volume {
        Volume(Window::new(MOST))
    }
}

impl Volume {
    /// Says the number of calls in the last 60 minutes.
    pub fn add(&mut self, step: Step<'_, '_>, track: &mut Track) {
        self.0.push(step.at.ts, step.harvested);
        let from = step.at.ts.plus(-SPAN);
        self.0.drop_while(|ts| *ts <= from);
        track.push(self.0.count() as f64, step.at, || self.0.share(|_| true));
    }
}
