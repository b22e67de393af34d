//! Word problems and their solutions.

use super::pen::{Pen, fill, number};

const NAMES: &[&str] = &[
    "Ana", "Ben", "Chidi", "Dana", "Emre", "Farah", "Goran", "Hana", "Ivo", "Jun", "Kofi", "Lena", "Mina", "Noor",
    "Omar", "Priya", "Quinn", "Rosa", "Sam", "Tariq", "Uma", "Vera", "Wen", "Yuki",
];
const STEPS: &[&str] = &[
    "{} has {} boxes with {} {} in each. ",
    "{} buys {} {} for {} coins apiece. ",
    "Every day {} makes {} {} and gives away {} of them. ",
    "{} splits {} {} equally among {} friends. ",
    "Then {} loses {} {} and finds {} more. ",
    "A {} {} long is cut into {} equal pieces. ",
    "{} drives {} miles an hour for {} hours. ",
];
const ASKS: &[&str] = &[
    "How many {} are left in total?",
    "How much does {} have to pay altogether?",
    "What is the ratio of {} to the whole, as a fraction in lowest terms?",
    "How many {} will there be after {} weeks?",
    "Find the smallest number of {} that makes this possible.",
];

/// A problem of two to five statements and a question.
pub(super) fn problem(pen: &mut Pen<'_>, out: &mut String) {
    let name = pen.draw.pick(NAMES);
    let thing = pen.any_word();
    for _ in 0..pen.draw.range(2, 5) {
        let template = pen.draw.pick(STEPS);
        let (a, b) = (pen.draw.range(2, 90).to_string(), pen.draw.range(2, 40).to_string());
        match template.matches("{}").count() {
            4 if template.starts_with("{} has") => fill(out, template, &[name, &a, &b, thing]),
            4 => fill(out, template, &[name, &a, thing, &b]),
            _ => fill(out, template, &[name, &a, &b]),
        }
    }
    let weeks = pen.draw.range(2, 12).to_string();
    let ask = pen.draw.pick(ASKS);
    fill(out, ask, &[thing, &weeks]);
}

/// Numbered steps and a last line with the answer.
pub(super) fn solution(pen: &mut Pen<'_>, out: &mut String, bytes: usize, echo: &[&str]) {
    let end = out.len() + bytes;
    let mut step = 1;
    let mut value = pen.draw.range(3, 60);
    while out.len() < end {
        out.push_str(if step % 3 == 1 { "Step " } else { "" });
        number(out, step);
        out.push_str(if step % 3 == 1 { ": " } else { ". " });
        pen.sentence(out, echo, 70);
        let by = pen.draw.range(2, 12);
        number(out, value);
        out.push_str(if step % 2 == 0 { " + " } else { " * " });
        number(out, by);
        out.push_str(" = ");
        value = if step % 2 == 0 { value + by } else { value * by % 9_973 };
        number(out, value);
        out.push('\n');
        step += 1;
    }
    out.push_str("#### ");
    number(out, value);
}
