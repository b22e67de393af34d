//! Innocent classes. For every habit of an attack family there is a class here that has it as strongly.

use super::{BASE, Cover, Frame, Habit, Recipe, Shape, Topics, Turns};
use crate::simulate::text::Form;
use crate::simulate::text::phrases::Job;

const TALK: &[Turns] = &[Turns::Talk(1.5), Turns::Talk(3.0)];
const PEOPLE: &[Shape] = &[Shape::Office, Shape::Evening];
const FRAMED: &[Frame] = &[Frame::Template, Frame::SystemTemplate, Frame::Manual, Frame::Shots];
/// Batch jobs run at the rates of harvests.
const BATCH: Recipe = Recipe { frames: FRAMED, per_day: 110.0, users: 12, ..BASE };

/// An innocent class.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulate) struct Class {
    pub(in crate::simulate) name: &'static str,
    /// How common it is.
    pub(in crate::simulate) weight: usize,
    pub(in crate::simulate) recipe: Recipe,
}

/// All innocent classes.
pub(in crate::simulate) fn innocent() -> &'static [Class] {
    CLASSES
}

const fn class(name: &'static str, weight: usize, recipe: Recipe) -> Class {
    Class { name, weight, recipe }
}

const CLASSES: &[Class] = &[
    class("chat_app", 12, Recipe {
        frames: &[Frame::Bare, Frame::System], turns: TALK, shapes: &[Shape::Evening, Shape::Office, Shape::Steady],
        cover: &[Cover::Fresh, Cover::Popular(2_000)], topics: Topics::Many, users: 85, ..BASE
    }),
    class("support_agent", 9, Recipe {
        tasks: &[(Job::Answer, Form::Ticket), (Job::Answer, Form::Chat)], topics: Topics::One, frames: &[Frame::System, Frame::Manual],
        cover: &[Cover::Popular(300), Cover::Fresh], turns: TALK, shapes: &[Shape::Office, Shape::Evening, Shape::Steady],
        tools: 45, users: 75, ..BASE
    }),
    class("coding_assistant", 9, Recipe {
        tasks: &[(Job::Program, Form::CodeBroken), (Job::Program, Form::CodeTask)], turns: &[Turns::Talk(2.0), Turns::Loop(4.0), Turns::Single],
        frames: &[Frame::System, Frame::Bare, Frame::SystemTemplate], shapes: PEOPLE, tools: 40, users: 65, reasons: 40,
        accounts: (1, 6), ..BASE
    }),
    class("rag", 8, Recipe {
        tasks: &[(Job::Answer, Form::Context)], frames: &[Frame::SystemTemplate, Frame::Template, Frame::System],
        cover: &[Cover::Fresh, Cover::Popular(500)], turns: &[Turns::Single, Turns::Talk(1.0)], shapes: PEOPLE, users: 60, ..BASE
    }),
    class("sql_assistant", 4, Recipe {
        tasks: &[(Job::Query, Form::Tables)], topics: Topics::One, frames: FRAMED, turns: &[Turns::Single, Turns::Talk(1.5)],
        shapes: PEOPLE, users: 55, terse: 45, ..BASE
    }),
    class("translation_batch", 4, Recipe {
        tasks: &[(Job::Translate, Form::Passage), (Job::Translate, Form::Snippet)], habits: &[Habit::Plain, Habit::Fixed], ..BATCH
    }),
    class("bulk_classification", 5, Recipe {
        tasks: &[(Job::Classify, Form::Ticket), (Job::Classify, Form::Snippet), (Job::Classify, Form::Passage)],
        habits: &[Habit::Fixed, Habit::Plain, Habit::Json, Habit::LogProbs], terse: 60, ..BATCH
    }),
    class("extraction", 4, Recipe {
        tasks: &[(Job::Extract, Form::Note), (Job::Extract, Form::Passage), (Job::Extract, Form::Ticket)],
        habits: &[Habit::Json, Habit::Fixed, Habit::Plain], ..BATCH
    }),
    class("summarisation", 4, Recipe {
        tasks: &[(Job::Summarise, Form::Transcript), (Job::Summarise, Form::Passage)], ..BATCH
    }),
    class("tutoring", 6, Recipe {
        tasks: &[(Job::Solve, Form::Maths), (Job::Solve, Form::Question), (Job::Query, Form::Tables), (Job::Program, Form::CodeTask)],
        topics: Topics::Many, cover: &[Cover::Fresh, Cover::Popular(800), Cover::Popular(200)],
        turns: &[Turns::Single, Turns::Single, Turns::Talk(1.0)], habits: &[Habit::Plain, Habit::Warm, Habit::Long],
        shapes: &[Shape::Evening, Shape::Office, Shape::Steady], reasons: 75, elicits: 85, users: 55, per_day: 70.0, ..BASE
    }),
    class("agent_product", 6, Recipe {
        tasks: &[(Job::Act, Form::Goal)], frames: &[Frame::System, Frame::SystemTemplate, Frame::Manual],
        turns: &[Turns::Loop(4.0), Turns::Loop(9.0)], topics: Topics::Many, tools: 92, users: 45, reasons: 55, per_day: 80.0, ..BASE
    }),
    class("eval_suite", 5, Recipe {
        tasks: &[(Job::Solve, Form::Maths), (Job::Solve, Form::Question), (Job::Judge, Form::Pair), (Job::Program, Form::CodeTask)],
        topics: Topics::Many, cover: &[Cover::Nightly(40), Cover::Nightly(120), Cover::Nightly(250)],
        habits: &[Habit::Fixed, Habit::Plain, Habit::LogProbs, Habit::OneToken], shapes: &[Shape::Window, Shape::Bursty],
        elicits: 45, reasons: 50, terse: 30, ..BATCH
    }),
    class("benchmark_day", 3, Recipe {
        tasks: &[(Job::Solve, Form::Maths), (Job::Solve, Form::Question), (Job::Program, Form::CodeTask), (Job::Next, Form::Snippet)],
        topics: Topics::Many, cover: &[Cover::Passes(150), Cover::Passes(400), Cover::Samples(4), Cover::Fresh],
        habits: &[Habit::Fixed, Habit::Several, Habit::LogProbs, Habit::OneToken], shapes: &[Shape::Bursty, Shape::Window],
        elicits: 60, reasons: 60, terse: 30, ..BATCH
    }),
    class("synthetic_data", 3, Recipe {
        tasks: &[(Job::Generate, Form::Seeds), (Job::Generate, Form::Record), (Job::Evolve, Form::Instruction), (Job::Answer, Form::Instruction), (Job::Solve, Form::Maths)],
        cover: &[Cover::Fresh, Cover::Samples(3), Cover::Sweep], topics: Topics::Many,
        habits: &[Habit::Warm, Habit::Long, Habit::Json, Habit::Several], elicits: 30, ..BATCH
    }),
    class("ci_review", 4, Recipe {
        tasks: &[(Job::Review, Form::Diff)], frames: &[Frame::SystemTemplate, Frame::Manual, Frame::Template],
        shapes: &[Shape::Office, Shape::Bursty], tools: 25, reasons: 40, elicits: 15, turns: &[Turns::Single, Turns::Loop(1.5)], ..BATCH
    }),
    class("logprob_classifier", 4, Recipe {
        tasks: &[(Job::Classify, Form::Snippet), (Job::Next, Form::Snippet), (Job::Next, Form::Words), (Job::Classify, Form::Ticket)],
        frames: &[Frame::Template, Frame::Shots, Frame::Bare], cover: &[Cover::Fresh, Cover::Popular(300), Cover::Passes(60)],
        habits: &[Habit::OneToken, Habit::LogProbs, Habit::Biased], terse: 90, reasons: 5, ..BATCH
    }),
    class("log_parsing", 3, Recipe {
        tasks: &[(Job::Parse, Form::Logs)], topics: Topics::One, cover: &[Cover::Fresh, Cover::Popular(400)],
        habits: &[Habit::Json, Habit::Fixed, Habit::Plain], shapes: &[Shape::Steady, Shape::Bursty], ..BATCH
    }),
    class("personal", 14, Recipe {
        tasks: &[(Job::Answer, Form::Chat), (Job::Answer, Form::Instruction), (Job::Program, Form::CodeTask), (Job::Solve, Form::Question), (Job::Summarise, Form::Passage)],
        frames: &[Frame::Bare, Frame::Bare, Frame::System], turns: &[Turns::Talk(1.5), Turns::Single], shapes: PEOPLE, users: 20,
        accounts: (1, 1), per_day: 8.0, ..BASE
    }),
    class("rag_backfill", 2, Recipe {
        tasks: &[(Job::Summarise, Form::Passage), (Job::Extract, Form::Passage), (Job::Generate, Form::Passage)],
        cover: &[Cover::Fresh, Cover::Sweep], shapes: &[Shape::Steady, Shape::Bursty, Shape::Window], ..BATCH
    }),
    class("provider_router", 3, Recipe {
        tasks: &[(Job::Answer, Form::Chat), (Job::Answer, Form::Instruction), (Job::Program, Form::CodeTask)], topics: Topics::Many,
        cover: &[Cover::Fresh, Cover::Popular(3_000)], frames: &[Frame::Bare, Frame::System], turns: &[Turns::Single, Turns::Talk(0.7)],
        shapes: &[Shape::Steady, Shape::Office, Shape::Evening, Shape::Bursty], users: 45, accounts: (2, 8), per_day: 110.0, ..BASE
    }),
    class("shared_team_key", 3, Recipe {
        tasks: &[(Job::Answer, Form::Question), (Job::Program, Form::CodeTask), (Job::Solve, Form::Question), (Job::Query, Form::Tables)],
        topics: Topics::Many, frames: &[Frame::Bare, Frame::Mixed, Frame::System], turns: &[Turns::Single, Turns::Talk(0.8)],
        shapes: &[Shape::Office], reasons: 45, users: 10, accounts: (1, 1), per_day: 60.0, ..BASE
    }),
    class("quality_monitor", 3, Recipe {
        tasks: &[(Job::Judge, Form::Pair)], frames: &[Frame::Template, Frame::SystemTemplate, Frame::Manual, Frame::Mixed],
        cover: &[Cover::Fresh, Cover::Popular(500)], habits: &[Habit::Fixed, Habit::Plain, Habit::Json, Habit::LogProbs],
        elicits: 35, terse: 30, ..BATCH
    }),
    class("academic_labelling", 3, Recipe {
        // The innocent twins of classifier distillation: word lists, texts from elsewhere, question sets.
        tasks: &[(Job::Classify, Form::Words), (Job::Classify, Form::Passage), (Job::Classify, Form::Question), (Job::Judge, Form::Pair)],
        cover: &[Cover::Fresh, Cover::Passes(200), Cover::Samples(3)], topics: Topics::Many,
        habits: &[Habit::Fixed, Habit::Plain, Habit::LogProbs, Habit::Json], terse: 50, ..BATCH
    }),
    class("metadata_enrichment", 3, Recipe {
        tasks: &[(Job::Extract, Form::Record), (Job::Answer, Form::Record), (Job::Classify, Form::Record)], frames: &[Frame::Manual],
        topics: Topics::One, habits: &[Habit::Json, Habit::Fixed], ..BATCH
    }),
    class("medical_coding", 2, Recipe {
        tasks: &[(Job::Extract, Form::Note)], topics: Topics::One, cover: &[Cover::Popular(150), Cover::Samples(2)],
        frames: &[Frame::Manual, Frame::SystemTemplate], elicits: 20, ..BATCH
    }),
    class("domain_assistant", 4, Recipe {
        tasks: &[(Job::Answer, Form::Question), (Job::Answer, Form::Context), (Job::Solve, Form::Question)], topics: Topics::One,
        frames: &[Frame::System, Frame::Manual, Frame::SystemTemplate], turns: &[Turns::Single, Turns::Talk(1.0)],
        cover: &[Cover::Fresh, Cover::Popular(1_000)], users: 50, reasons: 45, elicits: 30, per_day: 60.0, ..BASE
    }),
    class("content_team", 3, Recipe {
        tasks: &[(Job::Answer, Form::Instruction), (Job::Evolve, Form::Instruction), (Job::Generate, Form::Passage)],
        frames: &[Frame::Template, Frame::System, Frame::Bare, Frame::Mixed], turns: &[Turns::Single, Turns::Talk(1.2)],
        shapes: PEOPLE, topics: Topics::Few, per_day: 50.0, ..BASE
    }),
    class(GATEWAY, 3, Recipe { users: 40, accounts: (3, 12), per_day: 160.0, ..BASE }),
];

/// The class that consists of several others, each team with its own accounts.
pub(in crate::simulate) const GATEWAY: &str = "gateway";
