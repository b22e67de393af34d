//! Innocent work in a harvest's place: the same job on the same texts, in the same frame, with the same
//! parameters and hours. What differs is what a product's users, a test set or a business's own data do that
//! a harvest does not: come back, say more, stay with their own matters, work on with the answers. Staying with one
//! subject alone is no innocence: a harvest of a single domain does so too.
//!
//! So a detector that tells attackers from their twins has seen behaviour; one that reads the surface of
//! the text alone must be near chance between them, or the simulator leaks.

use super::recipe::Cover;
use super::schedule::Turns;
use super::spec::Family;
use super::text::answer::Style;
use super::text::phrases::Job;
use super::workload::Workload;
use crate::draw::Draw;
use crate::train::TWIN_OF;

/// How work shows that it is no harvest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Innocence {
    /// A few things are asked often.
    Regulars,
    /// A set of its own, gone through every day.
    Daily,
    /// A few dozen matters, the customer's own, in other words every time.
    Matters,
    /// Answers are drafts: the next request works on with the last one's.
    GoesOn,
    /// People, who go on with what they got.
    Talks,
}

impl Workload {
    /// Makes innocent work of a harvest.
    pub(super) fn turn_innocent(&mut self, draw: &mut Draw) {
        let people =
            matches!(self.job, Job::Answer | Job::Solve | Job::Program | Job::Query | Job::Recall | Job::Review);
        let mut ways = vec![Innocence::Regulars, Innocence::Daily, Innocence::Matters];
        if self.clock.turns == Turns::Single && self.style != Style::Terse {
            ways.push(Innocence::GoesOn);
        }
        if people && self.clock.turns == Turns::Single {
            ways.push(Innocence::Talks);
        }
        self.carries &= draw.percent(33);
        match draw.pick(&ways) {
            Innocence::Regulars => {
                self.cover = Cover::Popular(draw.range(40, 400) as u64);
                self.keep_subjects(draw.range(1, 4));
            }
            Innocence::Daily => self.cover = Cover::Nightly(draw.range(20, 120) as u64),
            Innocence::Matters => {
                self.cover = Cover::Matters(draw.range(15, 60) as u64);
                self.keep_subjects(1);
            }
            Innocence::GoesOn => {
                self.cover = Cover::Fresh;
                self.goes_on = true;
            }
            Innocence::Talks => {
                self.cover = Cover::Fresh;
                self.clock.turns = Turns::Talk(draw.pick(&[1.0, 1.5, 3.0]));
                self.sessions = true;
                self.users = self.users.max(draw.range(3, 30) as u64);
            }
        }
    }
}

/// Class of a twin in labels: whose twin it is.
pub(super) fn class(family: Family) -> String {
    format!("{TWIN_OF}{family}")
}
