//! Innocent jobs that run as programs do: evaluation, labelling, pipelines, generated data.

use super::innocent::Class;
use super::{BASE, Cover, Frame, Habit, Recipe, Shape, Topics, Turns};
use crate::simulate::text::disguise::Guise;
use crate::simulate::text::phrases::Job;
use crate::simulate::text::{Form, Inputs};

/// Batch jobs run at the rates of harvests.
const BATCH: Recipe = Recipe {
    frames: &[Frame::Template, Frame::SystemTemplate, Frame::Manual, Frame::Shots],
    per_day: 46.0,
    users: 12,
    ..BASE
};

/// Research that labels sets of its own: a set is gone through again, with other labels, models or labellers, and
/// is about something. What is always new, from everywhere and through one template is a harvest, whoever says
/// what of it: sides are told by behaviour.
const LABELLING: Recipe = Recipe {
    cover: &[Cover::Passes(40), Cover::Passes(90), Cover::Popular(300), Cover::Nightly(60)],
    topics: Topics::Few,
    habits: &[Habit::Fixed, Habit::Plain, Habit::LogProbs, Habit::Json],
    terse: 55,
    ..BATCH
};

pub(super) const CLASSES: &[Class] = &[
    Class::new(
        "translation_batch",
        4,
        Recipe {
            tasks: &[(Job::Translate, Form::Passage), (Job::Translate, Form::Snippet)],
            habits: &[Habit::Plain, Habit::Fixed],
            ..BATCH
        },
    ),
    Class::new(
        "bulk_classification",
        12,
        Recipe {
            tasks: &[(Job::Classify, Form::Ticket), (Job::Classify, Form::Snippet), (Job::Classify, Form::Passage)],
            // tickets never end: what tells them from a harvest's texts is that the template was written for them
            inputs: Inputs::Natural,
            cover: &[Cover::Fresh, Cover::Matters(100), Cover::Matters(400), Cover::Popular(300)],
            habits: &[Habit::Fixed, Habit::Plain, Habit::Json, Habit::LogProbs],
            terse: 60,
            ..BATCH
        },
    ),
    Class::new(
        "extraction",
        4,
        Recipe {
            tasks: &[(Job::Extract, Form::Note), (Job::Extract, Form::Passage), (Job::Extract, Form::Ticket)],
            habits: &[Habit::Json, Habit::Fixed, Habit::Plain],
            ..BATCH
        },
    ),
    Class::new(
        "summarisation",
        4,
        Recipe { tasks: &[(Job::Summarise, Form::Transcript), (Job::Summarise, Form::Passage)], ..BATCH },
    ),
    Class::new(
        "eval_suite",
        5,
        Recipe {
            tasks: &[
                (Job::Solve, Form::Maths),
                (Job::Solve, Form::Question),
                (Job::Judge, Form::Pair),
                (Job::Program, Form::CodeTask),
            ],
            topics: Topics::Many,
            cover: &[Cover::Nightly(40), Cover::Nightly(120), Cover::Nightly(250)],
            habits: &[Habit::Fixed, Habit::Plain, Habit::LogProbs, Habit::OneToken],
            shapes: &[Shape::Window, Shape::Bursty],
            elicits: 45,
            reasons: 50,
            terse: 30,
            ..BATCH
        },
    ),
    Class::new(
        "benchmark_day",
        3,
        Recipe {
            tasks: &[
                (Job::Solve, Form::Maths),
                (Job::Solve, Form::Question),
                (Job::Program, Form::CodeTask),
                (Job::Next, Form::Snippet),
            ],
            topics: Topics::Many,
            cover: &[Cover::Passes(30), Cover::Passes(60), Cover::Passes(150)],
            habits: &[Habit::Fixed, Habit::Several, Habit::LogProbs, Habit::OneToken],
            shapes: &[Shape::Bursty, Shape::Window],
            elicits: 60,
            reasons: 60,
            terse: 30,
            ..BATCH
        },
    ),
    Class::new(
        "synthetic_data",
        3,
        Recipe {
            tasks: &[
                (Job::Generate, Form::Seeds),
                (Job::Generate, Form::Record),
                (Job::Evolve, Form::Instruction),
                (Job::Answer, Form::Instruction),
                (Job::Solve, Form::Maths),
            ],
            // for a product of the customer's own: about one thing, in many variants
            cover: &[Cover::Matters(80), Cover::Samples(3), Cover::Popular(150)],
            topics: Topics::One,
            habits: &[Habit::Warm, Habit::Long, Habit::Json, Habit::Several],
            elicits: 30,
            ..BATCH
        },
    ),
    Class::new(
        "ci_review",
        4,
        Recipe {
            tasks: &[(Job::Review, Form::Diff)],
            frames: &[Frame::SystemTemplate, Frame::Manual, Frame::Template],
            cover: &[Cover::Matters(120), Cover::Matters(30)],
            shapes: &[Shape::Office, Shape::Bursty],
            tools: 25,
            reasons: 40,
            elicits: 15,
            turns: &[Turns::Single, Turns::Loop(1.5)],
            ..BATCH
        },
    ),
    Class::new(
        "logprob_classifier",
        4,
        Recipe {
            tasks: &[
                (Job::Classify, Form::Snippet),
                (Job::Next, Form::Snippet),
                (Job::Next, Form::Words),
                (Job::Classify, Form::Ticket),
            ],
            inputs: Inputs::Natural,
            frames: &[Frame::Template, Frame::Shots, Frame::Bare],
            cover: &[Cover::Matters(150), Cover::Popular(300), Cover::Passes(60)],
            habits: &[Habit::OneToken, Habit::OneToken, Habit::OneToken, Habit::LogProbs, Habit::Biased, Habit::Biased],
            terse: 90,
            reasons: 5,
            ..BATCH
        },
    ),
    Class::new(
        "log_parsing",
        3,
        Recipe {
            tasks: &[(Job::Parse, Form::Logs)],
            topics: Topics::One,
            cover: &[Cover::Fresh, Cover::Popular(400)],
            habits: &[Habit::Json, Habit::Fixed, Habit::Plain],
            shapes: &[Shape::Steady, Shape::Bursty],
            ..BATCH
        },
    ),
    Class::new(
        "rag_backfill",
        2,
        Recipe {
            tasks: &[(Job::Summarise, Form::Passage), (Job::Extract, Form::Passage)],
            cover: &[Cover::Fresh, Cover::Sweep],
            shapes: &[Shape::Steady, Shape::Bursty, Shape::Window],
            ..BATCH
        },
    ),
    Class::new(
        "quality_monitor",
        3,
        Recipe {
            tasks: &[(Job::Judge, Form::Pair)],
            frames: &[Frame::Template, Frame::SystemTemplate, Frame::Manual, Frame::Mixed],
            cover: &[Cover::Matters(80), Cover::Popular(500)],
            habits: &[Habit::Fixed, Habit::Plain, Habit::Json, Habit::LogProbs],
            elicits: 35,
            terse: 30,
            ..BATCH
        },
    ),
    Class::new(
        "academic_labelling",
        1,
        Recipe {
            // The innocent twins of classifier distillation: word lists, texts from elsewhere, question sets.
            tasks: &[
                (Job::Classify, Form::Words),
                (Job::Classify, Form::Passage),
                (Job::Classify, Form::Question),
                (Job::Judge, Form::Pair),
            ],
            cover: &[Cover::Passes(40), Cover::Passes(90), Cover::Popular(300)],
            topics: Topics::Few,
            habits: &[Habit::Fixed, Habit::Plain, Habit::LogProbs, Habit::Json],
            terse: 50,
            ..BATCH
        },
    ),
    // The innocent twins of the three kinds of classifier distillation, one by one.
    Class::new("word_list_labelling", 1, Recipe { tasks: &[(Job::Classify, Form::Words)], ..LABELLING }),
    Class::new(
        "foreign_text_labelling",
        1,
        Recipe { tasks: &[(Job::Classify, Form::Passage), (Job::Classify, Form::Snippet)], ..LABELLING },
    ),
    Class::new("question_labelling", 1, Recipe { tasks: &[(Job::Classify, Form::Question)], ..LABELLING }),
    // Attachments and payloads come encoded.
    Class::new(
        "payload_inspection",
        2,
        Recipe {
            tasks: &[(Job::Classify, Form::Passage), (Job::Extract, Form::Record), (Job::Parse, Form::Logs)],
            inputs: Inputs::Natural,
            guises: &[Guise::Base64],
            habits: &[Habit::Json, Habit::Fixed, Habit::Plain],
            ..BATCH
        },
    ),
    Class::new(
        "metadata_enrichment",
        3,
        Recipe {
            tasks: &[(Job::Extract, Form::Record), (Job::Answer, Form::Record), (Job::Classify, Form::Record)],
            frames: &[Frame::Manual],
            topics: Topics::One,
            inputs: Inputs::Natural,
            habits: &[Habit::Json, Habit::Fixed],
            ..BATCH
        },
    ),
    Class::new(
        "medical_coding",
        2,
        Recipe {
            tasks: &[(Job::Extract, Form::Note)],
            topics: Topics::One,
            cover: &[Cover::Popular(150), Cover::Samples(2)],
            frames: &[Frame::Manual, Frame::SystemTemplate],
            elicits: 20,
            ..BATCH
        },
    ),
];
