//! Content and answers out of a source that was read, in the forms that the generator knows.

use super::form::Form;
use super::pen::{Pen, number, trim};
use super::phrases::Job;
use super::source::{Part, Row, Source};
use super::{answer::Style, code, maths};
use crate::draw::mix;

/// A place in a source.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulate) struct Reading<'a> {
    pub(super) source: &'a Source,
    pub(super) part: &'a Part,
    /// The item's row; none where its conversation has ended.
    pub(super) row: Option<&'a Row>,
    /// How often the part was read through before this item.
    pub(super) pass: u64,
    /// The item opens the exchange or continues one.
    pub(super) turn: u32,
}

impl<'a> Reading<'a> {
    /// The `number`-th item of a part, read in an order given by `order`.
    pub(super) fn new(source: &'a Source, part: usize, place: Place) -> Self {
        let part = source.part(part);
        let n = part.openings.len() as u64;
        // From a start of its own, in the source's order: neighbours stay neighbours, so that a sweep is one.
        let at = (place.number % n + place.order % n) % n;
        let mut row = part.openings.get(at as usize).map(|i| &source.rows[*i]);
        for _ in 0..place.turn {
            row = row.and_then(|r| r.next).map(|i| &source.rows[i]);
        }
        Self { source, part, row, pass: place.number / n, turn: place.turn }
    }
}

/// Which item of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::simulate) struct Place {
    pub(in crate::simulate) number: u64,
    pub(in crate::simulate) order: u64,
    pub(in crate::simulate) turn: u32,
    /// The matter in other words, if not 0.
    pub(in crate::simulate) variant: u64,
}

/// Writes an item's content; false where there is no row for it.
pub(super) fn body(form: Form, pen: &mut Pen<'_>, out: &mut String) -> bool {
    let Some(reading) = pen.reading else { return false };
    let Some(row) = reading.row else { return false };
    let prompt = said(reading, &row.prompt);
    match form {
        Form::Chat | Form::Question | Form::Maths | Form::Instruction | Form::CodeTask => out.push_str(&prompt),
        Form::Snippet => out.push_str(head(&prompt, 260)),
        Form::Goal => {
            out.push_str(&prompt);
            out.push_str("\nState: ");
            let n = pen.draw.range(2, 6);
            code::object(pen, out, n, &[]);
        }
        Form::CodeBroken => match row.responses.first() {
            Some(code) if code.contains('\n') => out.push_str(&said(reading, code)),
            _ => out.push_str(&prompt),
        },
        Form::Passage | Form::Note | Form::Transcript => {
            out.push_str(&prompt);
            document(pen, row, reading, out);
        }
        Form::Ticket => {
            out.push_str(&prompt);
            out.push_str("\nOrder no. ");
            number(out, pen.draw.range(10_000, 999_999));
        }
        Form::Pair => {
            out.push_str("Question: ");
            out.push_str(&prompt);
            out.push_str("\n\nAnswer A: ");
            reply(pen, row, out);
            out.push_str("\n\nAnswer B: ");
            if let Some(other) = row.responses.get(1) {
                out.push_str(&said(reading, other));
            } else {
                let other = neighbour(pen.draw.bits(), reading);
                reply(pen, other, out);
            }
        }
        Form::Context => {
            for i in 1..=pen.draw.range(2, 4) {
                out.push('[');
                number(out, i);
                out.push_str("] ");
                let other = neighbour(pen.draw.bits(), reading);
                let text = other.responses.first().map_or(other.prompt.as_str(), String::as_str);
                out.push_str(head(&said(reading, text), 900));
                out.push_str("\n\n");
            }
            out.push_str("Question: ");
            out.push_str(&prompt);
        }
        Form::Seeds => {
            for i in 1..=pen.draw.range(2, 5) {
                number(out, i);
                out.push_str(". ");
                let other = if i == 1 { row } else { neighbour(pen.draw.bits(), reading) };
                out.push_str(head(&said(reading, &other.prompt), 500));
                out.push('\n');
            }
        }
        Form::Tables => {
            let n = pen.draw.range(1, 5);
            code::schema(pen, out, n);
            out.push_str("\nQuestion: ");
            out.push_str(&prompt);
        }
        // Made of single words: the generator's structure in the source's voice.
        _ => return false,
    }
    trim(out);
    true
}

/// Writes the row's own answer, where the job is to answer; false where one has to be made.
pub(super) fn answer(job: Job, style: Style, pen: &mut Pen<'_>, echo: &[&str], out: &mut String) -> bool {
    let Some(reading) = pen.reading else { return false };
    let Some(row) = reading.row.filter(|r| !r.responses.is_empty()) else { return false };
    let before = out.len();
    let label = &row.responses[0];
    match job {
        Job::Answer | Job::Solve | Job::Program | Job::Query | Job::Act if style == Style::Terse => {
            reply(pen, row, out);
            let said = out.get(before..).unwrap_or_default();
            let last = said.rsplit('\n').next().unwrap_or_default().len();
            if job == Job::Solve && last < 120 {
                out.replace_range(before..out.len() - last, "");
            } else {
                let most = head(out.get(before..).unwrap_or_default(), 260).len();
                out.truncate(before + most);
            }
        }
        Job::Answer | Job::Solve | Job::Program | Job::Query | Job::Act => {
            // An answer of many lines shows its work already.
            if style == Style::Worked && row.responses[0].lines().count() < 4 && job == Job::Solve {
                let n = pen.draw.length(500);
                maths::solution(pen, out, n, echo);
                out.push_str("\n\n");
            }
            reply(pen, row, out);
        }
        Job::Classify if style == Style::Terse && label.len() <= 48 => out.push_str(&said(reading, label)),
        _ => return false,
    }
    trim(out);
    true
}

/// What the customer says next in a conversation that was read.
pub(super) fn follow_up(pen: &Pen<'_>, out: &mut String) -> bool {
    let Some(reading) = pen.reading.filter(|r| r.turn > 0) else { return false };
    let Some(row) = reading.row else { return false };
    let utterance = row.utterance();
    out.push_str(&said(reading, if utterance.is_empty() { &row.prompt } else { utterance }));
    true
}

/// One of a row's answers. Of a row with a single one, two of three answers differ in some words, as samples do.
fn reply(pen: &mut Pen<'_>, row: &Row, out: &mut String) {
    let Some(reading) = pen.reading else { return };
    if row.responses.is_empty() {
        let n = pen.draw.length(420);
        return pen.prose(out, n);
    }
    let bits = pen.draw.bits();
    let response = said(reading, &row.responses[(bits >> 8) as usize % row.responses.len()]);
    if row.responses.len() > 1 || bits.is_multiple_of(3) {
        out.push_str(&response);
    } else {
        reword(&response, reading.part, bits, 20, out);
    }
}

/// More text for a prompt that is too short for a document.
fn document(pen: &mut Pen<'_>, row: &Row, reading: Reading<'_>, out: &mut String) {
    if row.prompt.len() < 400 {
        out.push_str("\n\n");
        match row.responses.first() {
            Some(response) if response.len() > 200 => out.push_str(&said(reading, response)),
            _ => {
                let n = pen.draw.length(500);
                pen.prose(out, n);
            }
        }
    }
}

fn neighbour(bits: u64, reading: Reading<'_>) -> &Row {
    let list = &reading.part.rows;
    &reading.source.rows[list[bits as usize % list.len()]]
}

/// The text as it stands; at later passes through the source with most of its longer words changed, so
/// that what is never asked twice stays so.
fn said(reading: Reading<'_>, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if reading.pass == 0 {
        out.push_str(text);
    } else {
        reword(text, reading.part, mix(&[reading.pass, 71]), 200, &mut out);
    }
    out
}

pub(super) fn reword(text: &str, part: &Part, key: u64, share: u64, out: &mut String) {
    changed(text, key, share, |bits| &part.words[bits as usize % part.words.len()], out);
}

/// Changes a share (in 256ths) of the words of four letters and more; the same word always alike.
pub(super) fn changed<'w>(text: &str, key: u64, share: u64, other: impl Fn(u64) -> &'w str, out: &mut String) {
    for piece in text.split_inclusive(|c: char| !c.is_alphabetic()) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphabetic());
        let bits = word.bytes().fold(key, |h, b| mix(&[h, u64::from(b)]));
        if word.len() >= 4 && bits & 255 < share {
            out.push_str(other(bits >> 8));
            out.push_str(piece.get(word.len()..).unwrap_or_default());
        } else {
            out.push_str(piece);
        }
    }
}

/// The first sentences of a text, up to about `most` bytes.
pub(in crate::simulate) fn head(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let cut = (0..=most).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let text = text.get(..cut).unwrap_or_default();
    let end = text.rfind(['.', '?', '!', '\n']).filter(|at| *at > most / 3);
    end.and_then(|at| text.get(..=at)).unwrap_or(text).trim_end()
}
