//! The kinds of content that fill a template's slot.

use super::pen::{Pen, fill, number};
use super::phrases::{INSTRUCTIONS, OPENERS, QUESTIONS};
use super::{code, maths, reading};

/// A kind of content. Length medians are in [`body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulate) enum Form {
    Chat,
    Question,
    Maths,
    Instruction,
    CodeTask,
    CodeBroken,
    Diff,
    Tables,
    Passage,
    Snippet,
    Ticket,
    Note,
    Transcript,
    Pair,
    Context,
    Goal,
    Logs,
    Words,
    Record,
    Seeds,
}

/// Writes the content of one item.
pub(in crate::simulate) fn body(form: Form, pen: &mut Pen<'_>, out: &mut String) {
    if reading::body(form, pen, out) {
        return;
    }
    match form {
        Form::Chat => chat(pen, out),
        Form::Question => question(pen, out),
        Form::Maths => maths::problem(pen, out),
        Form::Instruction => instruction(pen, out),
        Form::CodeTask => {
            out.push_str("Write a function in ");
            out.push_str(code::language(pen));
            out.push_str(" for this: ");
            let n = pen.draw.length(320);
            pen.prose(out, n);
        }
        Form::CodeBroken => {
            let n = pen.draw.length(700);
            code::function(pen, out, n);
        }
        Form::Diff => {
            let n = pen.draw.length(1_100);
            code::diff(pen, out, n);
        }
        Form::Tables => {
            let n = pen.draw.range(1, 5);
            code::schema(pen, out, n);
            out.push_str("\nQuestion: ");
            question(pen, out);
        }
        Form::Passage => {
            let n = pen.draw.length(1_000);
            pen.prose(out, n);
        }
        Form::Snippet => {
            let n = pen.draw.length(240);
            pen.prose(out, n);
        }
        Form::Ticket => {
            out.push_str("Subject: ");
            pen.words(out, 4);
            out.push_str("\n\n");
            let n = pen.draw.length(420);
            pen.prose(out, n);
            out.push_str("\nOrder no. ");
            number(out, pen.draw.range(10_000, 999_999));
        }
        Form::Note => note(pen, out),
        Form::Transcript => transcript(pen, out),
        Form::Pair => pair(pen, out),
        Form::Context => context(pen, out),
        Form::Goal => {
            instruction(pen, out);
            out.push_str("\nState: ");
            let n = pen.draw.range(2, 6);
            code::object(pen, out, n, &[]);
        }
        Form::Logs => {
            let n = pen.draw.length(900);
            code::log_lines(pen, out, n);
        }
        Form::Words => {
            for i in 0..pen.draw.range(4, 40) {
                out.push_str(if i > 0 { " " } else { "" });
                out.push_str(pen.any_word());
            }
        }
        Form::Record => {
            for _ in 0..pen.draw.range(1, 4) {
                let n = pen.draw.range(3, 9);
                code::object(pen, out, n, &[]);
                out.push('\n');
            }
        }
        Form::Seeds => {
            for i in 1..=pen.draw.range(2, 5) {
                number(out, i);
                out.push_str(". ");
                instruction(pen, out);
                out.push('\n');
            }
        }
    }
    super::pen::trim(out);
}

fn chat(pen: &mut Pen<'_>, out: &mut String) {
    out.push_str(pen.draw.pick(OPENERS));
    let n = pen.draw.length(180);
    pen.prose(out, n);
    if pen.draw.percent(50) {
        out.push('?');
    }
}

fn question(pen: &mut Pen<'_>, out: &mut String) {
    if pen.draw.percent(60) {
        let n = pen.draw.length(220);
        pen.prose(out, n);
        out.push(' ');
    }
    let template = pen.draw.pick(QUESTIONS);
    let (a, b) = (pen.phrase(), pen.phrase());
    fill(out, template, &[&a, &b]);
}

fn instruction(pen: &mut Pen<'_>, out: &mut String) {
    let template = pen.draw.pick(INSTRUCTIONS);
    let (a, b) = (pen.phrase(), pen.phrase());
    fill(out, template, &[&a, &b]);
    if pen.draw.percent(45) {
        out.push(' ');
        let n = pen.draw.length(160);
        pen.prose(out, n);
    }
}

fn note(pen: &mut Pen<'_>, out: &mut String) {
    for heading in ["Findings", "History", "Plan"] {
        out.push_str(heading);
        out.push_str(": ");
        let n = pen.draw.length(180);
        pen.prose(out, n);
        out.push('\n');
    }
}

fn transcript(pen: &mut Pen<'_>, out: &mut String) {
    for i in 0..pen.draw.range(6, 24) {
        out.push_str(pen.draw.pick(if i % 2 == 0 { &["Agent: ", "Host: "] } else { &["Caller: ", "Guest: "] }));
        pen.sentence(out, &[], 0);
        out.push('\n');
    }
}

fn pair(pen: &mut Pen<'_>, out: &mut String) {
    out.push_str("Question: ");
    question(pen, out);
    for side in ["\n\nAnswer A: ", "\n\nAnswer B: "] {
        out.push_str(side);
        let n = pen.draw.length(420);
        pen.prose(out, n);
    }
}

fn context(pen: &mut Pen<'_>, out: &mut String) {
    for i in 1..=pen.draw.range(2, 5) {
        out.push('[');
        number(out, i);
        out.push_str("] ");
        let n = pen.draw.length(380);
        pen.prose(out, n);
        out.push_str("\n\n");
    }
    out.push_str("Question: ");
    question(pen, out);
}
