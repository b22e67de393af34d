//! Responses: what a model writes for a job, using the words of the prompt.

use super::pen::{Pen, fill, number};
use super::phrases::{FOLLOWUPS, Job};
use super::{code, maths, reading};

/// How long and how plain the answers of a workload are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum Style {
    /// A label, a number, a statement.
    Terse,
    Full,
    /// With the work shown.
    Worked,
}

/// Writes the response to a prompt.
pub(in crate::simulate) fn answer(job: Job, style: Style, pen: &mut Pen<'_>, prompt: &str, out: &mut String) {
    // The first 600 words are enough to share words with; the rest would only cost time.
    let echo: Vec<&str> = prompt.split_ascii_whitespace().take(600).collect();
    if reading::answer(job, style, pen, &echo, out) {
        return;
    }
    let worked = style == Style::Worked;
    if worked && !matches!(job, Job::Solve | Job::Translate | Job::Recall) {
        let n = pen.draw.length(500);
        maths::solution(pen, out, n, &echo);
        out.push_str("\n\n");
    }
    match job {
        Job::Answer => prose(pen, out, &echo, if style == Style::Terse { 260 } else { 950 }),
        Job::Solve if style == Style::Terse => number(out, pen.draw.below(5_000)),
        Job::Solve => {
            let n = pen.draw.length(if worked { 1_000 } else { 520 });
            maths::solution(pen, out, n, &echo);
        }
        Job::Classify => label(pen, out, &echo, style),
        Job::Translate => {
            let n = prompt.len().max(40) * pen.draw.range(85, 120) / 100;
            pen.translated().prose(out, n.min(4_000));
        }
        Job::Summarise => {
            let n = pen.draw.length(420);
            pen.extract(out, n, &echo);
        }
        Job::Extract | Job::Parse => {
            for _ in 0..pen.draw.range(1, 3) {
                let fields = pen.draw.range(3, 9);
                code::object(pen, out, fields, &echo);
                out.push('\n');
            }
        }
        Job::Judge => verdict(pen, out, &echo, style),
        Job::Evolve => prose(pen, out, &echo, 520),
        Job::Generate => {
            for i in 1..=pen.draw.range(4, 8) {
                number(out, i);
                out.push_str(". ");
                let n = pen.draw.length(190);
                pen.prose_about(out, n, &echo, 25);
                out.push('\n');
            }
        }
        Job::Review => {
            for _ in 0..pen.draw.range(2, 6) {
                out.push_str(pen.draw.pick(&["- minor: ", "- major: ", "- question: "]));
                pen.sentence(out, &echo, 90);
                out.push('\n');
            }
        }
        Job::Query => {
            out.push_str(if style == Style::Terse { "" } else { "```sql\n" });
            code::query(pen, out, &echo);
            out.push_str(if style == Style::Terse { "" } else { "\n```\n" });
        }
        Job::Program => {
            out.push_str("```\n");
            let n = pen.draw.length(850);
            code::function(pen, out, n);
            out.push_str("```\n");
            if style != Style::Terse {
                prose(pen, out, &echo, 260);
            }
        }
        Job::Act => {
            pen.sentence(out, &echo, 80);
            out.push_str("\n<call>");
            let fields = pen.draw.range(1, 5);
            code::object(pen, out, fields, &echo);
            out.push_str("</call>");
        }
        Job::Recall => {
            let n = pen.draw.length(if worked { 1_000 } else { 620 });
            maths::solution(pen, out, n, &echo);
        }
        Job::Next => out.push_str(pen.word()),
    }
    super::pen::trim(out);
}

/// What the customer says next, having read `response`: words of it come back.
pub(in crate::simulate) fn follow_up(job: Job, pen: &mut Pen<'_>, response: &str, out: &mut String) {
    if reading::follow_up(pen, out) {
        return;
    }
    let echo: Vec<&str> = response.split_ascii_whitespace().take(300).collect();
    if job == Job::Act {
        out.push_str("Observation: ");
        let fields = pen.draw.range(2, 8);
        code::object(pen, out, fields, &echo);
        if pen.draw.percent(50) {
            out.push('\n');
            let n = pen.draw.length(380);
            pen.prose_about(out, n, &echo, 40);
        }
        return;
    }
    let mut quoted = String::new();
    let n = pen.draw.range(20, 70);
    pen.extract(&mut quoted, n, &echo);
    let template = pen.draw.pick(FOLLOWUPS);
    fill(out, template, &[&quoted]);
    if pen.draw.percent(45) {
        out.push(' ');
        let n = pen.draw.length(140);
        pen.prose_about(out, n, &echo, 60);
    }
}

/// Reasoning text, where the log keeps it.
pub(in crate::simulate) fn reasoning(pen: &mut Pen<'_>, prompt: &str, out: &mut String) {
    let echo: Vec<&str> = prompt.split_ascii_whitespace().take(200).collect();
    let n = pen.draw.length(500);
    maths::solution(pen, out, n, &echo);
}

fn prose(pen: &mut Pen<'_>, out: &mut String, echo: &[&str], median: usize) {
    let n = pen.draw.length(median);
    pen.prose_about(out, n, echo, 55);
}

fn label(pen: &mut Pen<'_>, out: &mut String, echo: &[&str], style: Style) {
    let label = pen.draw.pick(&["positive", "negative", "neutral", "mixed", "A", "B", "C", "yes", "no"]);
    if style == Style::Terse {
        out.push_str(label);
        return;
    }
    out.push_str("{\"label\": \"");
    out.push_str(label);
    out.push_str("\", \"why\": \"");
    let n = pen.draw.length(220);
    pen.prose_about(out, n, echo, 80);
    out.push_str("\"}");
}

fn verdict(pen: &mut Pen<'_>, out: &mut String, echo: &[&str], style: Style) {
    out.push_str(pen.draw.pick(&["[[A]]", "[[B]]", "[[C]]"]));
    for side in [" A: ", " B: "] {
        out.push_str(side);
        number(out, pen.draw.range(1, 10));
    }
    if style != Style::Terse {
        out.push('\n');
        prose(pen, out, echo, 480);
    }
}
