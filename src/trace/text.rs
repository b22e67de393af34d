//! The text pass: what the prompt, the system prompt and the response give.

use super::Flags;
use super::anchors::{self, Anchors};
use super::benchmarks::{Benchmarks, Watch};
use super::embed::{Place, Slot, Table};
use super::look::{self, Look, Variety};
use super::overlap::Overlap;
use super::phrases::{self, Phrases, Search};
use super::shingles::{Lowest, SAMPLES, gram};
use super::uptake::Uptake;
use super::words::{each_word, folded, mix};
use crate::record::Exchange;

/// Words at the start of a prompt that are taken for its template; what follows is the slot.
const TEMPLATE_WORDS: usize = Slot::TEMPLATE;

/// What the text says, under public hashes.
pub(super) struct Read {
    pub(super) frame: u64,
    /// What else of it may be its frame.
    pub(super) anchors: Anchors,
    pub(super) template: u64,
    pub(super) prompt: u64,
    /// Of the prompt's slot.
    pub(super) place: Place,
    pub(super) overlap: f32,
    pub(super) prompt_words: u32,
    pub(super) response_words: u32,
    pub(super) response_lines: usize,
    /// Of the first words of the response.
    pub(super) variety: Variety,
    /// Which phrase asks for reasoning.
    pub(super) form: u8,
    /// Of the prompt.
    pub(super) look: Look,
    pub(super) flags: Flags,
    pub(super) shingles: Lowest<SAMPLES>,
    pub(super) uptake: Uptake,
}

/// Reads the texts of an exchange once.
pub(super) fn read(exchange: &Exchange<'_>, phrases: &Phrases, benchmarks: &Benchmarks) -> Read {
    let prompt = exchange.prompt.unwrap_or_default();
    let system = exchange.system.unwrap_or_default();
    let template = folded(prompt, TEMPLATE_WORDS);
    let mut overlap = Overlap::new();
    let mut search = phrases.search(prompt);
    let (mut uptake, mut watch) = (Uptake::new(), Watch::new(benchmarks));
    let asked = read_prompt(prompt, &mut overlap, &mut uptake, &mut search, &mut watch);
    let response = exchange.response.filter(|_| !prompt.is_empty()).unwrap_or_default();
    let (mut variety, mut response_words) = (Variety::default(), 0);
    uptake.turn();
    each_word(response, |word| {
        uptake.response_word(word.hash);
        overlap.response_word(word.hash, word.bytes);
        variety.word(word.hash);
        response_words += 1;
        true
    });
    let mut in_system = phrases.search(system);
    let pieces = anchors::of_system(system, &mut in_system);
    let found = search.found() | in_system.found();
    let tools = hash_of_tools(exchange.tools);
    let whole = frame(system, tools, template);
    let beside = (whole != template).then_some(template).filter(|_| !prompt.is_empty());
    let anchors = Anchors::of(prompt, beside, tools, pieces, uptake.asked());
    let flags = Flags::default()
        .with(Flags::PROMPT, !prompt.is_empty())
        .with(Flags::RESPONSE, !response.is_empty())
        .with(Flags::SYSTEM, !system.is_empty())
        .with(Flags::ELICITS, found & phrases::REASONING != 0)
        .with(Flags::RECORDS, found & (phrases::RECORD | phrases::CLEAN) != 0)
        .with(Flags::BENCHMARK, watch.hit)
        .with(Flags::JUDGES, found & phrases::JUDGE != 0)
        .with(Flags::ANSWERS_RECORD, look::is_record(response))
        .with(Flags::ANSWERS_CODE, look::has_code(response));
    Read {
        frame: whole,
        anchors,
        template,
        prompt: asked.all,
        place: asked.place,
        overlap: if flags.has(Flags::RESPONSE) { overlap.share() } else { 0.0 },
        prompt_words: asked.words,
        response_words,
        response_lines: look::lines(response),
        variety,
        form: search.form().max(in_system.form()),
        look: Look::of(prompt),
        flags,
        shingles: asked.shingles,
        uptake,
    }
}

/// Template and frame alone.
pub(super) fn groups(exchange: &Exchange<'_>) -> (u64, u64) {
    let template = folded(exchange.prompt.unwrap_or_default(), TEMPLATE_WORDS);
    (template, frame(exchange.system.unwrap_or_default(), hash_of_tools(exchange.tools), template))
}

/// System prompt (numbers folded) and tools, or the template where there is neither.
fn frame(system: &str, tools: u64, template: u64) -> u64 {
    if system.is_empty() && tools == 0 {
        return template;
    }
    mix(folded(system, usize::MAX) ^ 0x5851_f42d_4c95_7f2d, tools ^ 0xd134_2543_de82_ef95)
}

/// Hash of what tools are called; 0 where there are none.
fn hash_of_tools(tools: &[&str]) -> u64 {
    tools.iter().fold(0, |hash, tool| mix(hash ^ folded(tool, usize::MAX), 0xda94_2042_e4dd_58b5))
}

/// What the words of a prompt give.
struct Asked {
    /// Of the slot.
    shingles: Lowest<SAMPLES>,
    place: Place,
    /// Hash of all words.
    all: u64,
    words: u32,
}

/// Reads the prompt's words; fills the filters of them, and looks for phrases and known questions.
fn read_prompt(
    prompt: &str,
    overlap: &mut Overlap,
    uptake: &mut Uptake,
    search: &mut Search<'_>,
    watch: &mut Watch<'_>,
) -> Asked {
    let (mut lowest, mut slot) = (Lowest::new(), Slot::new());
    let (mut all, mut words) = (0u64, 0u32);
    let (mut before_last, mut last) = (0, 0);
    each_word(prompt, |word| {
        let hash = word.hash;
        words += 1;
        all = mix(all ^ hash, 0xe703_7ed1_a0b4_28db);
        overlap.prompt_word(hash, word.bytes);
        uptake.prompt_word(hash);
        search.word(word);
        watch.word(hash);
        slot.word(hash);
        if words as usize > TEMPLATE_WORDS + 2 {
            lowest.add(gram(before_last, last, hash));
        }
        before_last = last;
        last = hash;
        true
    });
    if lowest.get().is_empty() && !prompt.is_empty() {
        // too short for a slot: the prompt as a whole is what may be new
        lowest.add(all);
    }
    Asked { shingles: lowest, place: Table::shipped().place(slot.buckets()), all, words }
}
