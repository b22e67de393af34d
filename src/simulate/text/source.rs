//! A text source that was read: its rows, parts that stand for topics, and the words and sentences that the
//! generator's forms are filled with when they speak in its voice.

use super::phrases::Job;
use super::subjects::subjects;
use crate::draw::mix;
use crate::trace::words::each_word;
use std::collections::BTreeSet;

/// Words and sentences of a part kept for filling forms: enough for a voice, whatever the size of the source.
const VOICE: usize = 1_024;
const PARTS: usize = 12;
/// Openings that a source needs to serve work which never asks the same twice.
const RICH: usize = 500;

/// One text source.
#[derive(Debug)]
pub(in crate::simulate) struct Source {
    pub(in crate::simulate) name: String,
    pub(in crate::simulate) rows: Vec<Row>,
    pub(super) parts: Vec<Part>,
    looks: Looks,
}

/// A prompt with its answers; one turn of a conversation where it belongs to one.
#[derive(Debug)]
pub(in crate::simulate) struct Row {
    pub(in crate::simulate) prompt: String,
    /// None, one, or those of several models.
    pub(in crate::simulate) responses: Vec<String>,
    /// The conversation's next turn.
    pub(in crate::simulate) next: Option<usize>,
    /// No turn comes before it.
    pub(in crate::simulate) head: bool,
    /// Where the last utterance begins: prompts of later turns repeat the earlier ones.
    from: usize,
    group: String,
}

/// What stands for a topic: rows that belong together.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) rows: Vec<usize>,
    /// Those of them that open a conversation, and are not those before in almost the same words.
    pub(super) openings: Vec<usize>,
    pub(super) words: Vec<Box<str>>,
    pub(super) sentences: Vec<Box<str>>,
}

/// Shares of rows, for finding work that a source suits.
#[derive(Debug)]
struct Looks {
    code: f64,
    sql: f64,
    acts: f64,
    prose: f64,
    labels: f64,
    talks: f64,
}

impl Row {
    pub(in crate::simulate) fn new(prompt: String, response: String, group: &str) -> Self {
        let responses = if response.is_empty() { Vec::new() } else { vec![response] };
        Self { prompt, responses, next: None, head: true, from: 0, group: group.to_owned() }
    }

    /// The row at `at` goes on where `before` ended.
    pub(in crate::simulate) fn after(mut self, before: &mut Row, at: usize) -> Self {
        before.next = Some(at);
        self.head = false;
        if let Some(rest) = self.prompt.strip_prefix(before.prompt.as_str()) {
            let mut from = self.prompt.len() - rest.len();
            if let Some(said) = before.responses.first().and_then(|r| rest.find(r.as_str()).map(|i| i + r.len())) {
                from += said;
            }
            self.from = from;
        }
        self
    }

    /// One more answer to the same prompt.
    pub(in crate::simulate) fn answered(&mut self, response: String) {
        if !response.is_empty() && !self.responses.contains(&response) {
            self.responses.push(response);
        }
    }

    /// What the customer says in this turn, without the turns before and the speaker's name.
    pub(in crate::simulate) fn utterance(&self) -> &str {
        let said = self.prompt.get(self.from..).unwrap_or_default().trim_start();
        let said = ["User:", "Human:", "Customer:"].iter().find_map(|name| said.strip_prefix(name)).unwrap_or(said);
        said.trim()
    }
}

impl Source {
    pub(in crate::simulate) fn new(name: &str, rows: Vec<Row>) -> Self {
        let count = PARTS.min(1 + rows.len() / 40);
        let named = rows.iter().any(|r| r.group != rows[0].group);
        let openings: Vec<&Row> = rows.iter().filter(|row| row.head).collect();
        let texts: Vec<&str> = openings.iter().map(|row| row.prompt.as_str()).collect();
        let found = if named { Vec::new() } else { subjects(&texts, count) };
        let of_group =
            |group: &str| group.bytes().fold(7, |h: usize, b| h.wrapping_mul(31).wrapping_add(usize::from(b))) % count;
        let mut parts: Vec<Part> = Vec::new();
        parts.resize_with(count, Part::default);
        let (mut part, mut opening) = (0, 0);
        let mut told = Told::default();
        for (i, row) in rows.iter().enumerate() {
            // Conversations stay whole; what is about one thing stays together, in the source's order.
            if row.head {
                part = found.get(opening).copied().unwrap_or_else(|| of_group(&row.group));
                opening += 1;
                if told.is_new(&row.prompt) {
                    parts[part].openings.push(i);
                }
            }
            parts[part].rows.push(i);
        }
        parts.retain(|p| !p.openings.is_empty());
        for part in &mut parts {
            part.listen(&rows);
        }
        let looks = Looks::of(&rows);
        Self { name: name.to_owned(), rows, parts, looks }
    }

    pub(super) fn part(&self, index: usize) -> &Part {
        &self.parts[index % self.parts.len()]
    }

    pub(in crate::simulate) fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Whether it can go on without asking the same twice: who goes over a few hundred openings again and again is not
    /// told from who keeps to a few matters.
    pub(in crate::simulate) fn is_rich(&self) -> bool {
        self.parts.iter().map(|part| part.openings.len()).sum::<usize>() >= RICH
    }

    /// How much a job suits the source. Never 0, and blind to who does the job: every source serves both
    /// sides.
    pub(in crate::simulate) fn suits(&self, job: Job, talks: bool) -> usize {
        let looks = &self.looks;
        let share = match job {
            Job::Program | Job::Review => looks.code,
            Job::Query => looks.sql,
            Job::Act => looks.acts,
            Job::Classify | Job::Extract | Job::Next => looks.labels,
            _ => looks.prose,
        };
        let talk = if talks { 4.0 * looks.talks } else { 0.0 };
        1 + (6.0 * share + talk) as usize
    }
}

/// Words in threes that were read so far.
#[derive(Debug, Default)]
struct Told {
    threes: BTreeSet<u64>,
}

impl Told {
    /// Whether a text says something new: at least a quarter of it in threes of words that none before had.
    fn is_new(&mut self, text: &str) -> bool {
        let (mut before, mut all, mut new) = ([0; 2], 0, 0);
        each_word(text, |word| {
            all += 1;
            new += usize::from(self.threes.insert(mix(&[before[0], before[1], word.hash])));
            before = [before[1], word.hash];
            true
        });
        4 * new >= all
    }
}

impl Part {
    /// Collects words and sentences, from rows spread evenly.
    fn listen(&mut self, rows: &[Row]) {
        let step = 1 + self.rows.len() / 400;
        for row in self.rows.iter().step_by(step).map(|i| &rows[*i]) {
            for text in core::iter::once(&row.prompt).chain(row.responses.first()) {
                for line in text.split_inclusive(['.', '?', '!', '\n']).map(str::trim) {
                    if self.sentences.len() < VOICE && (12..=240).contains(&line.len()) {
                        self.sentences.push(line.into());
                    }
                }
                let words = text.split(|c: char| !c.is_alphabetic());
                for word in words.filter(|w| (2..=14).contains(&w.chars().count())).step_by(5) {
                    if self.words.len() < VOICE {
                        self.words.push(word.to_lowercase().into());
                    }
                }
            }
        }
        // A part of numbers alone still needs a voice.
        if self.words.is_empty() {
            self.words.push("it".into());
        }
        if self.sentences.is_empty() {
            self.sentences.push("It is so.".into());
        }
    }
}

impl Looks {
    fn of(rows: &[Row]) -> Self {
        let share = |is: &dyn Fn(&Row) -> bool| rows.iter().filter(|r| is(r)).count() as f64 / rows.len() as f64;
        let says = |row: &Row, any: &[&str]| {
            let response = row.responses.first().map_or("", String::as_str);
            any.iter().any(|mark| response.contains(mark))
        };
        let length = |row: &Row| row.responses.first().map_or(0, String::len);
        Self {
            code: share(&|r| says(r, &["```", "def ", "function ", "return ", "#include"])),
            sql: share(&|r| says(r, &["SELECT "])),
            acts: share(&|r| says(r, &["Action:", "Thought:"])),
            prose: share(&|r| length(r) >= 80),
            labels: share(&|r| (1..60).contains(&length(r))),
            talks: share(&|r| r.next.is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn openings(prompts: impl Iterator<Item = String>) -> usize {
        let source = Source::new("a", prompts.map(|prompt| Row::new(prompt, String::new(), "")).collect());
        source.parts.iter().map(|part| part.openings.len()).sum()
    }

    #[test]
    fn what_says_almost_the_same_is_one_opening() {
        let same = |i| format!("Compare the two numbers {i} and 9, say which of them is the greater one, and why so.");
        assert_eq!(openings((0..100).map(same)), 1);
        let word = |i: u64| char::from(b'a' + (mix(&[i]) % 26) as u8).to_string().repeat(3 + (i % 7) as usize);
        let other = |i| format!("{} {} {}?", word(i), word(i + 1_000), word(i + 2_000));
        assert!(openings((0..100).map(other)) > 90);
    }

    #[test]
    fn later_turns_open_nothing() {
        let mut rows = vec![Row::new("User: where is it".into(), "There.".into(), "")];
        let later =
            Row::new("User: where is it\nAssistant: There.\nUser: thank you for that".into(), String::new(), "");
        let later = later.after(&mut rows[0], 1);
        rows.push(later);
        let source = Source::new("a", rows);
        assert_eq!(source.parts.iter().flat_map(|part| part.openings.clone()).collect::<Vec<_>>(), [0]);
        assert!(!source.is_rich());
    }
}
