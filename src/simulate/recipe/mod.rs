//! Behaviours as data: one recipe per innocent class and attack family, all drawn by the same code.
//!
//! A recipe says which jobs are done on which content, how items repeat, who talks, with which parameters
//! and when. It cannot say anything else, so a marker that one side shows is open to the other.

mod attack;
mod innocent;
mod batch;
#[cfg(test)]
mod tests;

use super::schedule::{Shape, Turns};
use super::text::disguise::Guise;
use super::text::phrases::Job;
use super::text::{Form, Inputs};
pub(super) use attack::attack;
pub(super) use innocent::{Class, GATEWAY, PERSONAL};

/// What a kind of workload may look like; a workload draws one of each list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipe {
    pub(super) tasks: &'static [(Job, Form)],
    pub(super) topics: Topics,
    /// Whether what it labels is what the template is for.
    pub(super) inputs: Inputs,
    pub(super) cover: &'static [Cover],
    pub(super) frames: &'static [Frame],
    pub(super) turns: &'static [Turns],
    pub(super) habits: &'static [Habit],
    pub(super) shapes: &'static [Shape],
    /// Percent of workloads on a model that reasons.
    pub(super) reasons: u8,
    /// Percent of workloads that ask for the work to be shown.
    pub(super) elicits: u8,
    /// Percent of workloads that offer tools.
    pub(super) tools: u8,
    /// Percent of workloads that name users, and sessions.
    pub(super) users: u8,
    /// Percent of workloads with label-like answers.
    pub(super) terse: u8,
    /// Percent of workloads with a line that varies before the fixed frame.
    pub(super) persona: u8,
    /// Outsides of its requests.
    pub(super) guises: &'static [Guise],
    /// Percent of workloads that ask again what failed.
    pub(super) retries: u8,
    /// Percent of workloads that send sealed reasoning back.
    pub(super) replays: u8,
    /// Of these, per cent that put it into other conversations than it was sealed in.
    pub(super) carries: u8,
    /// Percent of workloads with a new user for every conversation.
    pub(super) rotates: u8,
    /// Percent of workloads that work on with what they were answered: draft, revise, translate, check.
    pub(super) goes_on: u8,
    pub(super) accounts: (usize, usize),
    pub(super) per_day: f64,
}

/// How many subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topics {
    One,
    Few,
    Many,
}

/// Which item comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    /// Never the same again.
    Fresh,
    /// New items, each asked this often in a row.
    Samples(u64),
    /// A set of this size, gone through again and again.
    Passes(u64),
    /// A set of this size from the start every day, once per model.
    Nightly(u64),
    /// People's questions: a few are asked often, of this many.
    Popular(u64),
    /// New items, in the order of topics.
    Sweep,
    /// So many matters of one's own, each time in other words.
    Matters(u64),
}

/// How content is dressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Bare,
    System,
    Template,
    SystemTemplate,
    /// A template with fixed worked examples.
    Shots,
    /// A long system prompt with guidelines.
    Manual,
    /// Several templates of the same job, changed from request to request.
    Mixed,
}

/// Sampling parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    Plain,
    Warm,
    Fixed,
    Several,
    Json,
    Long,
    LogProbs,
    OneToken,
    Biased,
}

const BASE: Recipe = Recipe {
    tasks: &[(Job::Answer, Form::Chat)],
    topics: Topics::Few,
    inputs: Inputs::Any,
    cover: &[Cover::Fresh],
    frames: &[Frame::Bare, Frame::System, Frame::Template],
    turns: &[Turns::Single],
    habits: &[Habit::Plain, Habit::Warm, Habit::Fixed, Habit::Long],
    shapes: &[Shape::Office, Shape::Steady, Shape::Window, Shape::Bursty],
    reasons: 25,
    elicits: 10,
    tools: 8,
    users: 30,
    terse: 10,
    persona: 10,
    guises: &[Guise::Plain],
    retries: 45,
    replays: 0,
    carries: 25,
    rotates: 3,
    goes_on: 4,
    accounts: (1, 2),
    per_day: 18.0,
};
