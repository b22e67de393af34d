//! Attack families.

use super::{BASE, Cover, Frame, Habit, Recipe, Shape, Topics, Turns};
use crate::simulate::spec::Family;
use crate::simulate::text::phrases::Job;
use crate::simulate::text::{Form, Inputs};

/// Rates are those of machines: innocent batch jobs have the same.
const HARVEST: Recipe = Recipe { per_day: 70.0, retries: 70, ..BASE };

/// Labels through one template, of texts that it was not written for: whoever needs labels of what it was written
/// for has the customers that it is about.
const DISTIL: Recipe = Recipe {
    topics: Topics::Many,
    inputs: Inputs::Foreign,
    frames: &[Frame::Template, Frame::SystemTemplate, Frame::Shots, Frame::Manual],
    habits: &[Habit::Fixed, Habit::Plain, Habit::LogProbs, Habit::Json],
    terse: 60,
    ..HARVEST
};

/// The recipe of a family.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(in crate::simulate) fn attack(family: Family) -> Recipe {
    match family {
        Family::ReasoningHarvest => Recipe {
            tasks: &[
                (Job::Solve, Form::Maths),
                (Job::Solve, Form::Question),
                (Job::Program, Form::CodeTask),
                (Job::Query, Form::Tables),
            ],
            topics: Topics::Many,
            cover: &[Cover::Fresh, Cover::Samples(2), Cover::Samples(4), Cover::Samples(8), Cover::Passes(400)],
            habits: &[Habit::Plain, Habit::Warm, Habit::Several, Habit::Long],
            reasons: 70,
            elicits: 80,
            ..HARVEST
        },
        Family::InstructionSweep => Recipe {
            tasks: &[(Job::Answer, Form::Instruction), (Job::Answer, Form::Question), (Job::Answer, Form::Chat)],
            topics: Topics::Many,
            cover: &[Cover::Fresh, Cover::Fresh, Cover::Sweep],
            frames: &[Frame::Bare, Frame::System, Frame::Template, Frame::SystemTemplate, Frame::Mixed],
            elicits: 20,
            ..HARVEST
        },
        Family::EvolvedInstructions => Recipe {
            tasks: &[
                (Job::Evolve, Form::Instruction),
                (Job::Generate, Form::Seeds),
                (Job::Evolve, Form::Question),
                (Job::Generate, Form::Passage),
            ],
            topics: Topics::Many,
            cover: &[Cover::Fresh, Cover::Samples(3), Cover::Sweep],
            frames: &[Frame::Template, Frame::SystemTemplate, Frame::Mixed],
            habits: &[Habit::Warm, Habit::Long, Habit::Json, Habit::Several],
            ..HARVEST
        },
        Family::JudgeFarm => Recipe {
            tasks: &[(Job::Judge, Form::Pair)],
            topics: Topics::Many,
            frames: &[Frame::Template, Frame::SystemTemplate, Frame::Manual, Frame::Mixed],
            habits: &[Habit::Fixed, Habit::Plain, Habit::Json, Habit::LogProbs],
            elicits: 35,
            terse: 30,
            ..HARVEST
        },
        Family::AgentTrajectories => Recipe {
            tasks: &[(Job::Act, Form::Goal)],
            topics: Topics::Many,
            frames: &[Frame::System, Frame::SystemTemplate, Frame::Manual],
            turns: &[Turns::Loop(4.0), Turns::Loop(9.0)],
            tools: 92,
            users: 35,
            reasons: 55,
            replays: 30,
            ..HARVEST
        },
        Family::CodeHarvest => Recipe {
            tasks: &[(Job::Program, Form::CodeTask), (Job::Program, Form::CodeBroken), (Job::Review, Form::Diff)],
            cover: &[Cover::Fresh, Cover::Samples(2), Cover::Samples(5)],
            frames: &[Frame::Bare, Frame::Template, Frame::SystemTemplate, Frame::System],
            elicits: 30,
            reasons: 40,
            ..HARVEST
        },
        Family::SingleDomain => Recipe {
            tasks: &[
                (Job::Answer, Form::Question),
                (Job::Solve, Form::Question),
                (Job::Answer, Form::Instruction),
                (Job::Answer, Form::Context),
            ],
            topics: Topics::One,
            cover: &[Cover::Fresh, Cover::Sweep, Cover::Samples(2)],
            frames: &[Frame::System, Frame::Template, Frame::SystemTemplate, Frame::Manual],
            elicits: 30,
            ..HARVEST
        },
        Family::LogitExtraction => Recipe {
            tasks: &[(Job::Next, Form::Words), (Job::Next, Form::Snippet), (Job::Classify, Form::Snippet)],
            topics: Topics::Many,
            cover: &[Cover::Fresh, Cover::Samples(12), Cover::Passes(400)],
            frames: &[Frame::Bare, Frame::Template, Frame::Shots],
            habits: &[Habit::OneToken, Habit::OneToken, Habit::LogProbs, Habit::Biased, Habit::Biased],
            terse: 90,
            reasons: 5,
            ..HARVEST
        },
        Family::ClassifierDistillation => Recipe {
            // Random words, natural text from elsewhere, model-written questions: through one template.
            tasks: &[
                (Job::Classify, Form::Words),
                (Job::Classify, Form::Passage),
                (Job::Classify, Form::Snippet),
                (Job::Classify, Form::Question),
            ],
            ..DISTIL
        },
        Family::ClassifierWords => Recipe { tasks: &[(Job::Classify, Form::Words)], ..DISTIL },
        Family::ClassifierForeignText => {
            Recipe { tasks: &[(Job::Classify, Form::Passage), (Job::Classify, Form::Snippet)], ..DISTIL }
        }
        Family::ClassifierQuestions => Recipe { tasks: &[(Job::Classify, Form::Question)], ..DISTIL },
        Family::ReplayedReasoning => Recipe {
            tasks: &[(Job::Recall, Form::Question), (Job::Recall, Form::Maths), (Job::Recall, Form::Goal)],
            topics: Topics::Many,
            cover: &[Cover::Passes(40), Cover::Passes(150), Cover::Samples(6), Cover::Popular(120)],
            frames: &[Frame::Template, Frame::Mixed, Frame::SystemTemplate],
            reasons: 90,
            elicits: 45,
            replays: 95,
            carries: 75,
            users: 40,
            turns: &[Turns::Single, Turns::Talk(1.0)],
            ..HARVEST
        },
        Family::Relay => Recipe {
            tasks: &[(Job::Answer, Form::Chat), (Job::Answer, Form::Instruction), (Job::Program, Form::CodeTask)],
            topics: Topics::Many,
            cover: &[Cover::Fresh, Cover::Popular(3_000)],
            frames: &[Frame::Bare, Frame::System],
            turns: &[Turns::Single, Turns::Talk(0.7)],
            shapes: &[Shape::Steady, Shape::Office, Shape::Evening, Shape::Bursty],
            users: 45,
            accounts: (2, 8),
            ..HARVEST
        },
    }
}
