//! Innocent products that people use. For every habit of an attack family there is a class, here or among
//! the batch jobs, that has it as strongly.

use super::{BASE, Cover, Frame, Habit, Recipe, Shape, Topics, Turns, batch};
use crate::draw::Draw;
use crate::simulate::text::Form;
use crate::simulate::text::disguise::Guise;
use crate::simulate::text::phrases::Job;

const TALK: &[Turns] = &[Turns::Talk(1.5), Turns::Talk(3.0)];
const PEOPLE: &[Shape] = &[Shape::Office, Shape::Evening];
const FRAMED: &[Frame] = &[Frame::Template, Frame::SystemTemplate, Frame::Manual, Frame::Shots];

/// The class that consists of several others, each team with its own accounts.
pub(in crate::simulate) const GATEWAY: &str = "gateway";
/// The class of one person's use.
pub(in crate::simulate) const PERSONAL: &str = "personal";

/// An innocent class.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulate) struct Class {
    pub(in crate::simulate) name: &'static str,
    /// How common it is.
    pub(in crate::simulate) weight: usize,
    pub(in crate::simulate) recipe: Recipe,
}

impl Class {
    pub(super) const fn new(name: &'static str, weight: usize, recipe: Recipe) -> Self {
        Self { name, weight, recipe }
    }

    /// What is sent to be ignored: no customer's class, but a part of some harvests.
    pub(in crate::simulate) const CHAFF: Recipe =
        Recipe { tasks: &[(Job::Answer, Form::Words), (Job::Next, Form::Words)], frames: &[Frame::Bare], ..BASE };

    /// The classes.
    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        CLASSES.iter().chain(batch::CLASSES)
    }

    /// A class, as often as it is common.
    pub(in crate::simulate) fn drawn(seed: u64) -> &'static Self {
        let mut at = Draw::new(seed).below(Self::all().map(|c| c.weight).sum());
        for class in Self::all() {
            if at < class.weight {
                return class;
            }
            at -= class.weight;
        }
        &CLASSES[0]
    }
}

const CLASSES: &[Class] = &[
    Class::new(
        "chat_app",
        12,
        Recipe {
            frames: &[Frame::Bare, Frame::System],
            turns: TALK,
            shapes: &[Shape::Evening, Shape::Office, Shape::Steady],
            cover: &[Cover::Fresh, Cover::Popular(2_000)],
            topics: Topics::Many,
            users: 85,
            ..BASE
        },
    ),
    Class::new(
        "support_agent",
        9,
        Recipe {
            tasks: &[(Job::Answer, Form::Ticket), (Job::Answer, Form::Chat)],
            topics: Topics::One,
            frames: &[Frame::System, Frame::Manual],
            cover: &[Cover::Popular(300), Cover::Fresh],
            turns: TALK,
            shapes: &[Shape::Office, Shape::Evening, Shape::Steady],
            tools: 45,
            users: 75,
            ..BASE
        },
    ),
    Class::new(
        "coding_assistant",
        9,
        Recipe {
            tasks: &[(Job::Program, Form::CodeBroken), (Job::Program, Form::CodeTask)],
            turns: &[Turns::Talk(2.0), Turns::Loop(4.0), Turns::Talk(1.0)],
            frames: &[Frame::System, Frame::Bare, Frame::SystemTemplate],
            shapes: PEOPLE,
            tools: 40,
            users: 65,
            reasons: 40,
            replays: 20,
            accounts: (1, 6),
            ..BASE
        },
    ),
    Class::new(
        "rag",
        8,
        Recipe {
            tasks: &[(Job::Answer, Form::Context)],
            frames: &[Frame::SystemTemplate, Frame::Template, Frame::System],
            cover: &[Cover::Fresh, Cover::Popular(500)],
            turns: &[Turns::Single, Turns::Talk(1.0)],
            shapes: PEOPLE,
            users: 60,
            ..BASE
        },
    ),
    Class::new(
        "sql_assistant",
        4,
        Recipe {
            tasks: &[(Job::Query, Form::Tables)],
            topics: Topics::One,
            cover: &[Cover::Popular(400), Cover::Matters(80)],
            frames: FRAMED,
            turns: &[Turns::Single, Turns::Talk(1.5)],
            shapes: PEOPLE,
            users: 55,
            terse: 45,
            ..BASE
        },
    ),
    Class::new(
        "tutoring",
        6,
        Recipe {
            tasks: &[
                (Job::Solve, Form::Maths),
                (Job::Solve, Form::Question),
                (Job::Query, Form::Tables),
                (Job::Program, Form::CodeTask),
            ],
            topics: Topics::Many,
            cover: &[Cover::Popular(800), Cover::Popular(200), Cover::Popular(60)],
            turns: &[Turns::Single, Turns::Single, Turns::Talk(1.0)],
            habits: &[Habit::Plain, Habit::Warm, Habit::Long],
            shapes: &[Shape::Evening, Shape::Office, Shape::Steady],
            reasons: 80,
            elicits: 85,
            users: 55,
            per_day: 40.0,
            ..BASE
        },
    ),
    Class::new(
        "agent_product",
        6,
        Recipe {
            tasks: &[(Job::Act, Form::Goal)],
            frames: &[Frame::System, Frame::SystemTemplate, Frame::Manual],
            turns: &[Turns::Loop(4.0), Turns::Loop(9.0)],
            topics: Topics::Many,
            cover: &[Cover::Popular(60), Cover::Matters(20), Cover::Matters(60)],
            tools: 92,
            users: 45,
            reasons: 55,
            replays: 30,
            per_day: 45.0,
            ..BASE
        },
    ),
    Class::new(
        PERSONAL,
        14,
        Recipe {
            tasks: &[
                (Job::Answer, Form::Chat),
                (Job::Answer, Form::Instruction),
                (Job::Program, Form::CodeTask),
                (Job::Solve, Form::Question),
                (Job::Summarise, Form::Passage),
            ],
            frames: &[Frame::Bare, Frame::Bare, Frame::System],
            turns: &[Turns::Talk(1.5), Turns::Single],
            shapes: PEOPLE,
            users: 20,
            accounts: (1, 1),
            per_day: 8.0,
            ..BASE
        },
    ),
    Class::new(
        "provider_router",
        3,
        Recipe {
            tasks: &[(Job::Answer, Form::Chat), (Job::Answer, Form::Instruction), (Job::Program, Form::CodeTask)],
            topics: Topics::Many,
            cover: &[Cover::Fresh, Cover::Popular(3_000)],
            frames: &[Frame::Bare, Frame::System],
            turns: &[Turns::Talk(0.8), Turns::Talk(1.5)],
            shapes: &[Shape::Steady, Shape::Office, Shape::Evening, Shape::Bursty],
            users: 45,
            accounts: (2, 8),
            per_day: 40.0,
            ..BASE
        },
    ),
    Class::new(
        "shared_team_key",
        3,
        Recipe {
            tasks: &[
                (Job::Answer, Form::Question),
                (Job::Program, Form::CodeTask),
                (Job::Solve, Form::Question),
                (Job::Query, Form::Tables),
            ],
            topics: Topics::Many,
            frames: &[Frame::Bare, Frame::Mixed, Frame::System],
            turns: &[Turns::Talk(0.8), Turns::Talk(1.5)],
            shapes: &[Shape::Office],
            reasons: 45,
            users: 10,
            accounts: (1, 1),
            per_day: 40.0,
            ..BASE
        },
    ),
    Class::new(
        "domain_assistant",
        4,
        Recipe {
            tasks: &[(Job::Answer, Form::Question), (Job::Answer, Form::Context), (Job::Solve, Form::Question)],
            topics: Topics::One,
            frames: &[Frame::System, Frame::Manual, Frame::SystemTemplate],
            turns: &[Turns::Single, Turns::Talk(1.0)],
            cover: &[Cover::Popular(1_000), Cover::Matters(100)],
            users: 50,
            reasons: 45,
            elicits: 30,
            per_day: 40.0,
            ..BASE
        },
    ),
    Class::new(
        "content_team",
        3,
        Recipe {
            tasks: &[
                (Job::Answer, Form::Instruction),
                (Job::Evolve, Form::Instruction),
                (Job::Generate, Form::Passage),
            ],
            frames: &[Frame::Template, Frame::System, Frame::Bare, Frame::Mixed],
            turns: &[Turns::Single, Turns::Talk(1.2)],
            shapes: PEOPLE,
            topics: Topics::Few,
            goes_on: 75,
            per_day: 30.0,
            ..BASE
        },
    ),
    // Threads that people keep and take up again: sealed reasoning comes back in new sessions.
    Class::new(
        "thread_resumption",
        3,
        Recipe {
            tasks: &[(Job::Recall, Form::Question), (Job::Recall, Form::Maths), (Job::Recall, Form::Goal)],
            topics: Topics::Many,
            cover: &[Cover::Popular(120), Cover::Popular(400), Cover::Matters(60)],
            frames: &[Frame::Template, Frame::Mixed, Frame::SystemTemplate, Frame::Bare],
            turns: &[Turns::Single, Turns::Talk(1.0), Turns::Talk(2.0)],
            reasons: 90,
            elicits: 40,
            replays: 95,
            users: 60,
            per_day: 45.0,
            ..BASE
        },
    ),
    // A box on a public page: every visitor is new.
    Class::new(
        "anonymous_widget",
        2,
        Recipe {
            tasks: &[(Job::Answer, Form::Question), (Job::Answer, Form::Chat), (Job::Answer, Form::Context)],
            topics: Topics::Few,
            frames: &[Frame::System, Frame::Manual, Frame::SystemTemplate],
            cover: &[Cover::Popular(600), Cover::Matters(100)],
            rotates: 100,
            users: 100,
            per_day: 45.0,
            ..BASE
        },
    ),
    // Customers who write in other languages and scripts, or word every request anew.
    Class::new(
        "multilingual_app",
        3,
        Recipe {
            tasks: &[
                (Job::Answer, Form::Question),
                (Job::Answer, Form::Instruction),
                (Job::Solve, Form::Question),
                (Job::Summarise, Form::Passage),
            ],
            frames: &[Frame::Bare, Frame::System, Frame::Template, Frame::Mixed],
            guises: &[Guise::Translated, Guise::Script, Guise::Paraphrased],
            cover: &[Cover::Popular(800), Cover::Matters(120)],
            turns: &[Turns::Single, Turns::Talk(1.0)],
            elicits: 20,
            per_day: 40.0,
            ..BASE
        },
    ),
    Class::new(GATEWAY, 3, Recipe { users: 40, accounts: (3, 12), per_day: 80.0, ..BASE }),
];
