//! Words of several made-up languages, with Zipf frequencies, and the topics that prefer some of them.
//!
//! Function words are real, so that text has the statistics of text; content words are syllables, so that
//! nothing here is anyone's. Attackers and innocents draw from the same world.

use super::phrases::Job;
use super::reading::{Place, Reading};
use super::source::Source;
use super::warp::Exchange;
use super::words::{COMMON, TONGUES, TongueSpec};
use crate::draw::{Draw, mix};
use crate::simulate::client::Recorded;
use crate::simulate::corpus::{BUILT_IN, Corpora};
use std::sync::Arc;

const WORDS: usize = 3_000;
const TOPIC_WORDS: usize = 240;
/// Size of the inverse frequency table: a power of two, so that a draw is a mask and a load.
const TABLE: usize = 4_096;

/// All text a simulation can draw on.
#[derive(Debug)]
pub(in crate::simulate) struct World {
    pub(super) tongues: Vec<Tongue>,
    topics: Vec<Topic>,
    corpora: Arc<Corpora>,
    /// Source and part of each topic that was read: their numbers follow the made ones.
    read: Vec<(usize, usize)>,
    /// Words that stand in for the texts' own.
    pub(in crate::simulate) exchange: Option<Exchange>,
}

/// What a workload wants of a text source. Blind to its side: job, turns and cover are all that counts.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulate) struct Wants {
    pub(in crate::simulate) job: Job,
    pub(in crate::simulate) talks: bool,
    /// Ever new items.
    pub(in crate::simulate) new: bool,
    /// Which template the texts go through, and whether they are what it is for.
    pub(in crate::simulate) inputs: (usize, Inputs),
}

/// Whether texts are what a template is for. Every source is foreign to some templates, whoever uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum Inputs {
    Any,
    Natural,
    Foreign,
}

/// Sources that a template was written for, and one in so many made topics.
const HOMES: usize = 2;
const TOPIC_HOMES: usize = 6;

/// One language.
#[derive(Debug)]
pub(super) struct Tongue {
    pub(super) words: Vec<String>,
    pub(super) small: &'static [&'static str],
    /// Stands between words: nothing in scripts that do not separate them.
    pub(super) gap: &'static str,
    pub(super) stop: &'static str,
    ranks: Vec<u16>,
    small_ranks: Vec<u16>,
}

/// A subject: a language and the words it prefers.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) tongue: usize,
    words: Vec<u16>,
    ranks: Vec<u16>,
}

impl World {
    /// The world of a seed.
    pub(in crate::simulate) fn new(seed: u64, corpora: Arc<Corpora>) -> Self {
        let tongues: Vec<Tongue> =
            (0_u64..).zip(TONGUES).map(|(i, spec)| Tongue::new(spec, i == 0, mix(&[seed, 1, i]))).collect();
        let mut topics = Vec::new();
        for (i, spec) in TONGUES.iter().enumerate() {
            for k in 0..spec.topics {
                topics.push(Topic::new(i, mix(&[seed, 2, i as u64, k as u64])));
            }
        }
        let parts = |(i, source): (usize, &Source)| (0..source.parts()).map(move |part| (i, part));
        let read = corpora.sources.iter().enumerate().flat_map(parts).collect();
        Self { tongues, topics, corpora, read, exchange: None }
    }

    /// The same world in other words.
    pub(in crate::simulate) fn randomised(mut self, seed: u64) -> Self {
        self.exchange = Some(Exchange::new(seed, &self.tongues, &self.corpora.sources));
        self
    }

    /// Topics for a workload, all of one source; of a rich one, if there is one, for what must always be new.
    pub(in crate::simulate) fn draw_topics(&self, draw: &mut Draw, count: usize, wants: Wants) -> Vec<usize> {
        let made = |draw: &mut Draw| (0..count).map(|_| self.made_topic(draw, wants)).collect();
        let sources = &self.corpora.sources;
        if sources.is_empty() {
            return made(draw);
        }
        let built_in = if self.corpora.built_in { 3 } else { 0 };
        let rich = wants.new && (built_in > 0 || sources.iter().any(Source::is_rich));
        let (template, inputs) = wants.inputs;
        let homes = self.homes(template);
        let built_in = if inputs == Inputs::Natural { 0 } else { built_in };
        let serves = |i: usize| match inputs {
            Inputs::Any => true,
            Inputs::Natural => homes.contains(&i),
            Inputs::Foreign => !homes.contains(&i),
        };
        let suits = |s: &Source| if rich && !s.is_rich() { 0 } else { s.suits(wants.job, wants.talks) };
        let mut weights: Vec<usize> = sources.iter().map(suits).collect();
        // few corpora may have nothing foreign
        if built_in > 0 || (0..sources.len()).any(|i| serves(i) && weights[i] > 0) {
            weights.iter_mut().enumerate().for_each(|(i, weight)| *weight *= usize::from(serves(i)));
        }
        let mut at = draw.below(weights.iter().sum::<usize>() + built_in);
        let mut first = self.topics.len();
        for (source, weight) in sources.iter().zip(weights) {
            if at < weight {
                let start = draw.below(source.parts());
                let parts = count.min(source.parts());
                return (0..parts).map(|i| first + (start + i) % source.parts()).collect();
            }
            at -= weight;
            first += source.parts();
        }
        made(draw)
    }

    /// A made topic that will do: as likely as another.
    fn made_topic(&self, draw: &mut Draw, wants: Wants) -> usize {
        let start = draw.below(self.topics.len());
        let (template, inputs) = wants.inputs;
        let is_home = |topic: usize| topic % TOPIC_HOMES == template % TOPIC_HOMES;
        let mut all = (0..self.topics.len()).map(|i| (start + i) % self.topics.len());
        let found = all.find(|topic| inputs == Inputs::Any || is_home(*topic) == (inputs == Inputs::Natural));
        found.unwrap_or(start)
    }

    /// The sources that a template was written for, of those that can serve new items if there are any: the same in
    /// every log of these corpora, so that an operator's history and its later traffic agree.
    fn homes(&self, template: usize) -> Vec<usize> {
        let sources = &self.corpora.sources;
        let any_rich = sources.iter().any(Source::is_rich);
        let rank = |name: &str| name.bytes().fold(mix(&[51, template as u64]), |hash, byte| mix(&[hash, byte.into()]));
        let mut order: Vec<usize> = (0..sources.len()).filter(|i| !any_rich || sources[*i].is_rich()).collect();
        order.sort_by_key(|i| rank(&sources[*i].name));
        order.truncate(HOMES);
        order
    }

    /// Clients to take rhythms from.
    pub(in crate::simulate) fn clients(&self) -> &[Arc<Recorded>] {
        &self.corpora.clients
    }

    /// Whether a topic was read, not made.
    pub(in crate::simulate) fn is_read(&self, topic: usize) -> bool {
        topic >= self.topics.len()
    }

    /// Name of the text source that a topic belongs to.
    pub(in crate::simulate) fn source_name(&self, topic: usize) -> &str {
        let read = topic.checked_sub(self.topics.len()).and_then(|i| self.read.get(i));
        read.map_or(BUILT_IN, |(source, _)| self.corpora.sources[*source].name.as_str())
    }

    /// A place in a read topic.
    pub(super) fn reading(&self, topic: usize, place: Place) -> Option<Reading<'_>> {
        let (source, part) = *self.read.get(topic.checked_sub(self.topics.len())?)?;
        Some(Reading::new(&self.corpora.sources[source], part, place))
    }

    pub(super) fn topic(&self, index: usize) -> &Topic {
        &self.topics[index % self.topics.len()]
    }

    pub(super) fn tongue_of(&self, topic: &Topic) -> &Tongue {
        &self.tongues[topic.tongue]
    }
}

impl Tongue {
    fn new(spec: &TongueSpec, with_common: bool, seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let mut words: Vec<String> = Vec::with_capacity(WORDS);
        for i in 0..WORDS {
            // Real everyday words take every eighth rank of the first language.
            if with_common && i % 8 == 1 && i / 8 < COMMON.len() {
                words.push(COMMON[i / 8].to_owned());
            } else {
                words.push(spec.word(&mut draw, i));
            }
        }
        Self {
            words,
            small: spec.small,
            gap: if spec.spaced { " " } else { "" },
            stop: spec.stop,
            ranks: zipf(WORDS),
            small_ranks: zipf(spec.small.len()),
        }
    }

    pub(super) fn word(&self, bits: u64) -> &str {
        &self.words[usize::from(self.ranks[bits as usize % TABLE])]
    }

    pub(super) fn small(&self, bits: u64) -> &'static str {
        self.small[usize::from(self.small_ranks[bits as usize % TABLE])]
    }
}

impl Topic {
    fn new(tongue: usize, seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        // The 100 most frequent words belong to every topic.
        let words = (0..TOPIC_WORDS).map(|_| draw.range(100, WORDS - 1) as u16).collect();
        Self { tongue, words, ranks: zipf(TOPIC_WORDS) }
    }

    pub(super) fn word<'a>(&self, tongue: &'a Tongue, bits: u64) -> &'a str {
        &tongue.words[usize::from(self.words[usize::from(self.ranks[bits as usize % TABLE])])]
    }
}

impl TongueSpec {
    fn word(&self, draw: &mut Draw, rank: usize) -> String {
        // Frequent words are short.
        let least = 1 + usize::from(rank > 150);
        let mut word = String::new();
        for _ in 0..draw.range(least, least + self.extra_syllables) {
            word.push_str(draw.pick(self.onsets));
            word.push_str(draw.pick(self.nuclei));
        }
        word.push_str(draw.pick(self.codas));
        word
    }
}

/// Ranks so often repeated as Zipf's law (shifted by Mandelbrot's 2.7) has them.
fn zipf(n: usize) -> Vec<u16> {
    let weights: Vec<f64> = (0..n).map(|r| 1.0 / (r as f64 + 2.7)).collect();
    let total: f64 = weights.iter().fold(0.0, |sum, w| sum + w);
    let mut table = Vec::with_capacity(TABLE);
    let (mut rank, mut sum) = (0, weights[0]);
    for i in 0..TABLE {
        let at = (i as f64 + 0.5) / TABLE as f64 * total;
        while sum < at && rank + 1 < n {
            rank += 1;
            sum += weights[rank];
        }
        table.push(rank as u16);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_ranks_come_first() {
        let table = zipf(WORDS);
        assert_eq!(table[0], 0);
        assert!(table[TABLE / 2] < 150, "half of the text comes from few words: {}", table[TABLE / 2]);
        assert!(table[TABLE - 1] > 2_900);
    }

    #[test]
    fn seeds_make_different_worlds() {
        let (a, b) = (World::new(1, Arc::default()), World::new(2, Arc::default()));
        let shared = a.tongues[1].words.iter().filter(|w| b.tongues[1].words.contains(w)).count();
        assert!(shared < WORDS / 2, "{shared}");
        assert!(a.topics.len() > 50);
    }
}
