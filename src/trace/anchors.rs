//! What may be an exchange's frame where its system prompt, or its beginning, is never the same twice.
//!
//! A line for this request alone stands before the template, the examples change places, the instruction comes
//! last: then no hash of a fixed place comes back, but some piece of the frame does. An exchange offers a few such
//! pieces, and the fold finds out which of them recur: the prompt's first words, its second line, a piece of it (that of
//! the lowest hash, so that the same text gives the same piece wherever it stands), its last line, two such pieces of the
//! system prompt, and its tools. What a whole account is likelier to share comes last.
//! Cost: about 0.1 µs a record, and 1.5 ns a word of the system prompt.

use super::phrases::Search;
use super::shingles::Lowest;
use super::uptake::Rolling;
use super::words::{NO_WORDS, each_word, folded, mix};

/// Pieces of an exchange at most.
pub const ANCHORS: usize = 7;
/// Pieces of a system prompt.
const PIECES: usize = 2;
/// Words of a line that stand for it.
const WORDS: usize = 6;
/// The first line counts as one of its own up to so many bytes.
const FIRST_LINE: usize = 400;
/// A last line of more bytes is told by its end.
const LAST_LINE: usize = 120;
const END: usize = 48;

/// Pieces of an exchange, under public hashes; 0: none.
#[derive(Default)]
pub(super) struct Anchors(pub(super) [u64; ANCHORS]);

impl Anchors {
    /// `template`: the prompt's first words, where the frame is something else. `grams`: sampled of the prompt.
    pub(super) fn of(prompt: &str, template: Option<u64>, tools: u64, system: [u64; PIECES], grams: &[u64]) -> Anchors {
        let [second, last] = lines(prompt);
        let piece = grams.iter().min().copied().unwrap_or(0);
        let pieces = [template.unwrap_or(0), second, piece, last, system[0], system[1], tools];
        // what is said at one place is not what is said at another
        let mut anchors = Anchors::default();
        for (place, (anchor, piece)) in anchors.0.iter_mut().zip(pieces).enumerate() {
            let none = piece == 0 || piece == NO_WORDS;
            *anchor = if none { 0 } else { mix(piece ^ (PLACES[place] << 56), 0x9fb2_1c65_1e98_df25).max(1) };
        }
        anchors
    }
}

/// The two pieces of a system prompt are of one kind.
const PLACES: [u64; ANCHORS] = [1, 2, 4, 5, 3, 3, 6];

/// Those of the prompt alone: what is left where another program asks the same.
pub fn of_prompt(mut anchors: [u32; ANCHORS]) -> [u32; ANCHORS] {
    for (anchor, place) in anchors.iter_mut().zip(PLACES) {
        if !matches!(place, 2 | 4 | 5) {
            *anchor = 0;
        }
    }
    anchors
}

/// Two pieces of the system prompt; looks for its phrases in the same pass.
pub(super) fn of_system(system: &str, search: &mut Search<'_>) -> [u64; PIECES] {
    let (mut rolling, mut lowest) = (Rolling::default(), Lowest::<PIECES>::new());
    each_word(system, |word| {
        search.word(word);
        if let Some(gram) = rolling.any(word.hash) {
            lowest.add(gram);
        }
        true
    });
    pieces(&lowest)
}

fn pieces(lowest: &Lowest<PIECES>) -> [u64; PIECES] {
    let mut pieces = [0; PIECES];
    pieces.iter_mut().zip(lowest.get()).for_each(|(piece, gram)| *piece = *gram);
    pieces
}

/// The second line by its first words and the last one, with numbers folded; 0 where there is no such line.
fn lines(prompt: &str) -> [u64; 2] {
    let prompt = prompt.trim();
    let second = prompt.as_bytes().iter().take(FIRST_LINE).position(|byte| *byte == b'\n');
    let mut rest = second.and_then(|at| prompt.get(at..)).unwrap_or_default().lines().map(|line| folded(line, WORDS));
    let last = prompt.rfind('\n').and_then(|at| prompt.get(at..));
    let last = match last {
        Some(line) if line.len() <= LAST_LINE => Some(line),
        _ if prompt.len() > 2 * END => {
            let from = (prompt.len() - END..prompt.len()).find(|at| prompt.is_char_boundary(*at));
            from.and_then(|from| prompt.get(from..))
        }
        _ => None,
    };
    // lines of marks alone are passed over
    let second = rest.find(|line| *line != NO_WORDS);
    [second.unwrap_or(0), last.map_or(0, |line| folded(line, usize::MAX))]
}

#[cfg(test)]
mod tests {
    use super::super::phrases::Phrases;
    use super::*;

    fn anchors(prompt: &str, system: &str) -> Vec<u64> {
        let phrases = Phrases::new();
        let mut rolling = Rolling::default();
        let mut grams = Vec::new();
        each_word(prompt, |word| {
            grams.extend(rolling.any(word.hash));
            true
        });
        let system = of_system(system, &mut phrases.search(system));
        Anchors::of(prompt, None, 0, system, &grams).0.into_iter().filter(|anchor| *anchor != 0).collect()
    }

    /// Pieces that both have.
    fn common(a: (&str, &str), b: (&str, &str)) -> usize {
        let (a, b) = (anchors(a.0, a.1), anchors(b.0, b.1));
        a.iter().filter(|anchor| b.contains(anchor)).count()
    }

    #[test]
    fn a_line_for_this_request_leaves_the_template() {
        let ask = |who: &str, what: &str| {
            format!("You are {who} of great patience.\nAssign exactly one label to the text below.\n\nText: {what}")
        };
        let a = ask("a lawyer", "the parcel never came and nobody answers when I call them about it");
        let b = ask("a nurse in Leeds", "what a lovely evening we had, thanks to all of the kitchen staff");
        assert_eq!(common((&a, ""), (&b, "")), 1, "the second line");
        let marked = lines("You are a lawyer.\n---\nName the label of this text: it never came")[0];
        assert!(marked != 0 && marked == lines("You are a nurse.\n\nName the label of this text: so lovely")[0]);
        let under =
            |who: &str| format!("You are {who}. Answer in depth, name every step and give the sources that you use.");
        assert!(common(("", &under("a lawyer")), ("", &under("a nurse"))) >= 1, "a piece of the system prompt");
    }

    #[test]
    fn an_instruction_may_come_last_and_examples_in_any_order() {
        let end = "\n\nWhich category of our shop does this belong to?";
        let (a, b) = (format!("A red bicycle for children of six{end}"), format!("Two pairs of green socks{end}"));
        assert!(common((&a, ""), (&b, "")) >= 1);
        let long = "Say in one word whether the writer of all this is content with what was done.";
        let (a, b) = (format!("{} {long}", "Some words. ".repeat(20)), format!("{} {long}", "Other ones. ".repeat(20)));
        assert!(common((&a, ""), (&b, "")) >= 1, "without a line of its own");
        let shots = [
            "Input: the door of the oven does not close any more since last week. Output: fault\n",
            "Input: where is the parcel that I ordered on the first of the month? Output: delivery\n",
            "Input: you charged me twice for one and the same pair of running shoes. Output: billing\n",
        ];
        let (a, b) = ([0, 1, 2].map(|i| shots[i]).concat(), [2, 0, 1].map(|i| shots[i]).concat());
        assert!(common((&format!("{a}Input: it rains"), ""), (&format!("{b}Input: so much snow"), "")) >= 1);
    }

    #[test]
    fn people_have_nothing_in_common() {
        let a = "can you tell me how long rice keeps in the fridge, and whether I should heat it up again?";
        let b = "my neighbour plays the drums all night long and I would like to write him a polite letter";
        assert_eq!(common((a, ""), (b, "")), 0);
        assert_eq!(common(("an egg\n---", ""), ("a stone\n```", "")), 0, "a line without words is no piece");
        assert_eq!(anchors("", "").len(), 0);
        assert!(anchors("\n\n", " \n").is_empty());
    }
}
