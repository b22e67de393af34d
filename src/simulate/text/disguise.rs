//! Other outsides of the same text: reworded, in another language, in another script, encoded.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::lexicon::World;
use super::warp::Script;
use crate::draw::{Draw, mix};

/// How a workload's requests look from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum Guise {
    Plain,
    Paraphrased,
    Translated,
    Script,
    Base64,
}

/// Words of frames and requests that can stand for one another.
const ALIKE: &[&[&str]] = &[
    &["write", "compose", "produce", "draft", "prepare"],
    &["answer", "reply", "respond", "response"],
    &["question", "query", "request", "ask"],
    &["explain", "clarify", "describe", "lay out"],
    &["solve", "work out", "resolve", "figure out"],
    &["problem", "task", "exercise", "puzzle"],
    &["text", "passage", "piece", "content"],
    &["give", "provide", "offer", "supply"],
    &["step", "stage", "move", "point"],
    &["reasoning", "thinking", "thought process", "argument"],
    &["final", "last", "concluding", "closing"],
    &["following", "next", "given", "present"],
    &["return", "output", "hand back", "print"],
    &["compare", "contrast", "weigh", "set side by side"],
    &["label", "tag", "category", "class"],
    &["assign", "pick", "choose", "select"],
    &["complete", "full", "whole", "thorough"],
    &["improve", "refine", "better", "polish"],
    &["rewrite", "rephrase", "recast", "reword"],
    &["better", "stronger", "preferable", "finer"],
];
const BEFORE: &[&str] = &["", "", "Please, ", "Kindly: ", "Hi. ", "I'd like this: ", "For today - ", "One more. "];
const AFTER: &[&str] = &["", "", " Thanks.", " Thank you!", " (as before)", " Take your time.", " Much appreciated."];

impl Guise {
    /// The same request from outside. Without a draw of their own, guises keep what repeats repeating; only
    /// paraphrases are new each time.
    pub(in crate::simulate) fn apply(self, prompt: &str, key: u64, draw: &mut Draw, world: &World) -> Option<String> {
        match self {
            Guise::Plain => None,
            Guise::Paraphrased => Some(paraphrased(prompt, draw)),
            Guise::Translated | Guise::Script => self.speak(prompt, key, world),
            Guise::Base64 => Some(STANDARD.encode(prompt)),
        }
    }

    /// The answer, where the language of the request is the answer's.
    pub(in crate::simulate) fn speak(self, text: &str, key: u64, world: &World) -> Option<String> {
        match self {
            Guise::Translated => Some(translated(text, key, world)),
            Guise::Script => {
                let script = [Script::Greek, Script::Cyrillic, Script::Fullwidth][(key % 3) as usize];
                Some(text.chars().map(|c| script.letter(c)).collect())
            }
            _ => None,
        }
    }
}

fn paraphrased(text: &str, draw: &mut Draw) -> String {
    let mut out = draw.pick(BEFORE).to_owned();
    for run in text.split_inclusive(|c: char| !c.is_alphabetic()) {
        let word = run.trim_end_matches(|c: char| !c.is_alphabetic());
        let lower = word.to_ascii_lowercase();
        let group = ALIKE.iter().find(|group| group.contains(&lower.as_str()));
        out.push_str(group.map_or(word, |group| draw.pick(group)));
        out.push_str(run.get(word.len()..).unwrap_or_default());
    }
    out.push_str(draw.pick(AFTER));
    out
}

/// Word for word into one of the made-up languages: the same word always alike.
fn translated(text: &str, key: u64, world: &World) -> String {
    let tongue = &world.tongues[1 + key as usize % (world.tongues.len() - 1)];
    let mut out = String::with_capacity(text.len());
    for run in text.split_inclusive(|c: char| !c.is_alphabetic()) {
        let word = run.trim_end_matches(|c: char| !c.is_alphabetic());
        if !word.is_empty() {
            let bits = word.to_lowercase().bytes().fold(7, |h, b| mix(&[h, u64::from(b)]));
            // Short words are most often function words.
            out.push_str(if word.len() <= 3 { tongue.small(bits) } else { tongue.word(bits) });
        }
        out.push_str(run.get(word.len()..).unwrap_or_default());
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn guises_hide_the_words_and_keep_the_repeats() {
        let world = World::new(1, Arc::default());
        let text = "Solve the following problem. Give the final answer: 41.";
        for guise in [Guise::Translated, Guise::Script, Guise::Base64] {
            let other = guise.apply(text, 5, &mut Draw::new(1), &world).unwrap_or_default();
            assert!(!other.is_empty() && !other.contains("problem"), "{guise:?}: {other}");
            assert_eq!(guise.apply(text, 5, &mut Draw::new(2), &world), Some(other));
        }
        let (a, b) = (paraphrased(text, &mut Draw::new(1)), paraphrased(text, &mut Draw::new(2)));
        assert!(a != b && a != text);
        assert_eq!(Guise::Plain.apply(text, 5, &mut Draw::new(1), &world), None);
    }
}
