#![expect(clippy::unwrap_used, reason = "tests")]

use super::{BenchmarkError, Benchmarks, Builder, Watch};
use crate::trace::words::each_word;

/// Made up, in the manner of school problems.
fn questions() -> Vec<String> {
    let things = ["apples", "marbles", "stickers", "tickets", "candles", "postcards", "pencils", "shells"];
    let people = ["Weng", "Natalia", "Ibrahim", "Josefina", "Kwame", "Ulrike", "Tadashi", "Priya"];
    let question = |i: usize| {
        let (who, what) = (people[i % 8], things[i / 8 % 8]);
        format!(
            "On the {i}th of May {who} bought {} boxes of {what} with {} {what} in each, gave {} of them to a \
             neighbour's {} children and lost {} on the way. How many {what} does {who} have left?",
            i * 7 + 3,
            i * 13 + 5,
            i + 2,
            i % 5 + 2,
            i % 11
        )
    };
    (0..200).map(question).collect()
}

fn set() -> Benchmarks {
    let mut builder = Builder::default();
    for question in questions() {
        builder.add(&question).unwrap();
    }
    builder.build().unwrap().set
}

fn hit(set: &Benchmarks, prompt: &str) -> bool {
    let mut watch = Watch::new(set);
    each_word(prompt, |word| {
        watch.word(word.hash);
        true
    });
    watch.hit
}

#[test]
fn a_question_is_known_by_itself_and_inside_a_template() {
    let set = set();
    let known =
        |wrap: &dyn Fn(&str) -> String| questions().iter().filter(|question| hit(&set, &wrap(question))).count();
    let bare = known(&str::to_owned);
    assert!(bare >= 150, "{bare} of 200");
    let framed = |question: &str| {
        format!("You are a tutor.\n## Question:\n{}\n\nThink step by step; answer as JSON.", question.to_uppercase())
    };
    assert_eq!(known(&framed), bare, "case and what stands around change nothing");
    let cut = |question: &str| question.split(' ').step_by(2).collect::<Vec<_>>().join(" ");
    assert_eq!(known(&cut), 0, "other words are another question");
}

#[test]
fn a_phrase_of_many_questions_is_not_one() {
    let mut builder = Builder::default();
    for question in questions() {
        builder
            .add(&format!("{question} Please show all of your work and then write the final answer in a box."))
            .unwrap();
    }
    let built = builder.build().unwrap();
    let phrase = "Tell me a joke. Please show all of your work and then write the final answer in a box.";
    assert!(built.phrases > 0 && !hit(&built.set, phrase), "{} phrases", built.phrases);
}

#[test]
fn order_and_repeats_change_no_byte() {
    let mut builder = Builder::default();
    for question in questions().iter().rev().chain(&questions()) {
        builder.add(question).unwrap();
    }
    assert_eq!(builder.build().unwrap().set.encode(), set().encode());
}

#[test]
fn a_file_reads_back_and_a_damaged_one_says_so() {
    let (set, folder) = (set(), tempfile::tempdir().unwrap());
    let path = folder.path().join("mine.bin");
    let bytes = set.encode();
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(Benchmarks::load(&path).unwrap(), set);
    for place in (0..bytes.len()).step_by(13) {
        let mut flipped = bytes.clone();
        flipped[place] ^= 4;
        assert!(Benchmarks::decode(&flipped).is_err(), "flipped at {place}");
        assert!(Benchmarks::decode(&bytes[..place]).is_err(), "cut at {place}");
    }
    let said = |bytes: &[u8]| Benchmarks::decode(bytes).unwrap_err().to_string();
    assert!(said(&bytes[..bytes.len() - 1]).contains("checksum"));
    assert!(said(b"{}").contains("is not a set of benchmark questions"));
    let mut newer = bytes;
    newer[22] = 9;
    assert!(said(&newer).contains("(9, 1)"), "{}", said(&newer));
    assert!(matches!(Benchmarks::load(&folder.path().join("none")), Err(BenchmarkError::Read { .. })));
}

#[test]
fn nothing_to_recognise_is_an_error() {
    let mut builder = Builder::default();
    builder.add("two plus two").unwrap();
    let said = builder.build().unwrap_err().to_string();
    assert!(said.contains("1 of fewer than 8 words"), "{said}");
}

#[test]
fn the_set_inside_the_binary_is_whole() {
    let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/benchmarks-1.bin")).unwrap();
    let set = Benchmarks::decode(&file).unwrap();
    assert_eq!(*Benchmarks::built_in(), set);
    assert!(set.size().0 > 5_000 && set.size().1 > 10_000, "{:?}", set.size());
}
