//! Writes sentences in the words of one topic.

use super::lexicon::{Tongue, Topic, World};
use super::reading::{Place, Reading, changed, reword};
use crate::draw::Draw;

/// A writer with a topic and its own draws. The same seed writes the same text.
pub(in crate::simulate) struct Pen<'a> {
    pub(in crate::simulate) draw: Draw,
    world: &'a World,
    tongue: &'a Tongue,
    topic: &'a Topic,
    /// Where the pen reads instead of making text up.
    pub(super) reading: Option<Reading<'a>>,
    /// The next sentence of the source: sentences follow one another as they did there.
    next: usize,
}

impl<'a> Pen<'a> {
    pub(in crate::simulate) fn new(world: &'a World, topic: usize, seed: u64) -> Self {
        Self::at(world, topic, Place::default(), seed)
    }

    /// A writer about one place of a topic, where topics were read.
    pub(in crate::simulate) fn at(world: &'a World, topic: usize, place: Place, seed: u64) -> Self {
        let reading = world.reading(topic, place);
        let topic = world.topic(topic);
        let next = (seed >> 20) as usize;
        Self { draw: Draw::new(seed), world, tongue: world.tongue_of(topic), topic, reading, next }
    }

    /// The same topic, told in another language (words by index, so that terms stay consistent).
    pub(super) fn translated(&mut self) -> Pen<'a> {
        let other = 1 + self.draw.below(self.world.tongues.len() - 1);
        let other = if other == self.topic.tongue { 0 } else { other };
        Pen {
            draw: Draw::new(self.draw.bits()),
            world: self.world,
            tongue: &self.world.tongues[other],
            topic: self.topic,
            reading: None,
            next: 0,
        }
    }

    /// A content word: as often the topic's as the language's.
    pub(super) fn word(&mut self) -> &'a str {
        let bits = self.draw.bits();
        if let Some(reading) = self.reading {
            return &reading.part.words[bits as usize % reading.part.words.len()];
        }
        if bits >> 63 == 0 { self.topic.word(self.tongue, bits) } else { self.tongue.word(bits) }
    }

    /// A content word of the whole language.
    pub(super) fn any_word(&mut self) -> &'a str {
        if self.reading.is_some() { self.word() } else { self.tongue.word(self.draw.bits()) }
    }

    /// The text with some of its words changed for others of the topic; the same key changes the same.
    pub(in crate::simulate) fn vary(&self, text: &str, key: u64, out: &mut String) {
        const SHARE: u64 = 48;
        match self.reading {
            Some(reading) => reword(text, reading.part, key, SHARE, out),
            None => changed(text, key, SHARE, |bits| self.topic.word(self.tongue, bits), out),
        }
    }

    /// Content words in a row.
    pub(super) fn words(&mut self, out: &mut String, n: usize) {
        for i in 0..n {
            if i > 0 {
                out.push_str(self.tongue.gap);
            }
            let word = self.word();
            out.push_str(word);
        }
    }

    /// A short noun phrase.
    pub(in crate::simulate) fn phrase(&mut self) -> String {
        let mut out = String::new();
        let n = self.draw.range(1, 3);
        self.words(&mut out, n);
        out
    }

    /// A sentence; a share of its words (in 256ths) is taken from `echo`.
    pub(super) fn sentence(&mut self, out: &mut String, echo: &[&str], share: u64) {
        if let Some(reading) = self.reading {
            return self.read_sentence(reading, out, echo, share);
        }
        let length = self.draw.range(5, 19);
        for i in 0..length {
            let bits = self.draw.bits();
            let word = if !echo.is_empty() && (bits >> 24) & 255 < share {
                echo[(bits >> 32) as usize % echo.len()]
            } else if bits & 255 < 110 {
                self.tongue.small(bits >> 8)
            } else if bits & 1 == 0 {
                self.topic.word(self.tongue, bits >> 8)
            } else {
                self.tongue.word(bits >> 8)
            };
            if i == 0 {
                capitalised(out, word);
            } else {
                out.push_str(self.tongue.gap);
                out.push_str(word);
            }
            if bits >> 56 < 14 && i + 1 < length && !word.ends_with(',') {
                out.push(',');
            }
        }
        out.push_str(self.tongue.stop);
    }

    /// The source's next sentence, with words of `echo`, or with half of its longer words changed: a part has a thousand
    /// sentences, and what is never asked twice must not come back in pieces.
    fn read_sentence(&mut self, reading: Reading<'a>, out: &mut String, echo: &[&str], share: u64) {
        let sentences = &reading.part.sentences;
        let sentence = &sentences[self.next % sentences.len()];
        self.next += 1;
        if echo.is_empty() {
            let key = self.draw.bits();
            reword(sentence, reading.part, key, 128, out);
        } else {
            for (i, word) in sentence.split(' ').enumerate() {
                let bits = self.draw.bits();
                out.push_str(if i > 0 { " " } else { "" });
                out.push_str(if bits & 255 < share { echo[(bits >> 8) as usize % echo.len()] } else { word });
            }
        }
        out.push(' ');
    }

    /// Sentences up to about `bytes`, broken into paragraphs.
    pub(in crate::simulate) fn prose(&mut self, out: &mut String, bytes: usize) {
        self.prose_about(out, bytes, &[], 0);
    }

    /// The same, with words of `echo`.
    pub(super) fn prose_about(&mut self, out: &mut String, bytes: usize, echo: &[&str], share: u64) {
        let end = out.len() + bytes.max(1);
        while out.len() < end {
            self.sentence(out, echo, share);
            if out.len() < end && self.draw.below(7) == 0 {
                trim(out);
                out.push_str("\n\n");
            }
        }
        trim(out);
    }

    /// Runs of `echo` in their order: what a summary or an extraction does.
    pub(super) fn extract(&mut self, out: &mut String, bytes: usize, echo: &[&str]) {
        let end = out.len() + bytes;
        let mut at = 0;
        while at < echo.len() && out.len() < end {
            at += self.draw.below(1 + echo.len() / 4);
            let run = self.draw.range(4, 14);
            for word in echo.iter().skip(at).take(run) {
                out.push_str(word);
                out.push(' ');
            }
            at += run;
        }
        trim(out);
    }
}

/// Cuts white space at the end.
pub(super) fn trim(out: &mut String) {
    out.truncate(out.trim_end().len());
}

/// Appends a number.
pub(super) fn number(out: &mut String, n: usize) {
    out.push_str(&n.to_string());
}

/// Appends `template` with its `{}` filled in turn; slots without an argument stay empty.
pub(super) fn fill(out: &mut String, template: &str, args: &[&str]) {
    let mut args = args.iter();
    let mut parts = template.split("{}");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str(args.next().copied().unwrap_or_default());
        out.push_str(part);
    }
}

fn capitalised(out: &mut String, word: &str) {
    let mut chars = word.chars();
    if let Some(first) = chars.next() {
        out.extend(first.to_uppercase());
        out.push_str(chars.as_str());
    }
}
