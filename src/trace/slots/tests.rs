#![expect(clippy::expect_used, reason = "tests")]

use std::fmt::Write as _;

use bumpalo::Bump;
use proptest::prelude::*;

use super::*;
use crate::draw::Draw;
use crate::record::{self, Exchange, Limits};
use crate::trace::Tracer;

const SECRET: &[u8; 16] = b"secret for tests";
const NATURAL: [&str; 12] =
    ["parcel", "late", "refund", "order", "broken", "courier", "address", "invoice", "the", "my", "is", "not"];
const ODD: [&str; 8] = ["quasar", "tundra", "violin", "basalt", "orchid", "lagoon", "fresco", "sonnet"];

/// A prompt of a shared template around words drawn from a list.
fn prompt(words: &[&str], seed: u64) -> String {
    let mut draw = Draw::new(seed);
    let mut text = "Is the following message a complaint? Answer with yes or no only. Message:".to_owned();
    for _ in 0..14 {
        // twenty endings: no word is in most prompts, as frame would be
        let ending = char::from(b'a' + draw.below(20) as u8);
        write!(text, " {}{ending}", draw.pick(words)).expect("a string");
    }
    text
}

fn with<T>(tenant: &str, prompt: &str, see: impl FnOnce(&Exchange<'_>) -> T) -> T {
    let line = format!(
        r#"{{"v":1,"tenant":"{tenant}","ts":"2026-07-01T00:00:00Z","model":"m","prompt":{prompt:?},"response":"yes"}}"#
    );
    let arena = Bump::new();
    see(&record::decode(Some(line.as_bytes()), &Limits::default(), &arena).expect("a record"))
}

/// A history of customers who all fill the template with what it is for.
fn history(tracer: &Tracer, customers: u64) -> Sampling {
    let mut sampling = Sampling::default();
    for customer in 0..customers {
        for n in 0..40 {
            let at = customer * 1_000 + n;
            let taken = with(&format!("customer-{customer}"), &prompt(&NATURAL, at), |exchange| {
                Sampling::look(tracer, exchange, at as i64)
            });
            sampling.take(taken.expect("a slot"));
        }
    }
    sampling
}

fn tables() -> (Tracer, Slots) {
    let tracer = Tracer::new(SECRET);
    let slots = history(&tracer, 12).tables(&tracer).expect("enough to tell");
    (tracer, slots)
}

/// The mean of both typicalities over prompts of a stranger.
fn typicality(tracer: &Tracer, words: &[&str]) -> (f32, f32) {
    let (mut all, mut group) = (0.0, 0.0);
    for n in 0..30 {
        let seen = with("stranger", &prompt(words, 1 << 40 | n), |exchange| tracer.trace(exchange).typicality);
        all += seen.all.expect("known") / 30.0;
        group += seen.group.expect("a shared template") / 30.0;
    }
    (all, group)
}

#[test]
fn what_a_template_is_not_for_is_told_from_what_it_is_for() {
    let (tracer, slots) = tables();
    let tracer = tracer.comparing(Some(slots.into()));
    let (natural, odd, narrow) =
        (typicality(&tracer, &NATURAL), typicality(&tracer, &ODD), typicality(&tracer, &NATURAL[..2]));
    assert!(natural.0.abs() < 1.0 && natural.1.abs() < 1.0, "{natural:?}");
    assert!(odd.0 < -3.0 && odd.1 < -3.0, "{odd:?}");
    // the other side: two words over and over, each as usual as any, are no odder than what customers write
    assert!(narrow.1 > odd.1 + 3.0, "{narrow:?}");
}

#[test]
fn nothing_is_known_without_tables_or_of_short_and_private_prompts() {
    let (tracer, slots) = tables();
    let bare = with("stranger", &prompt(&NATURAL, 1), |exchange| tracer.trace(exchange).typicality);
    assert_eq!(bare, Typicality::default());
    let tracer = tracer.comparing(Some(slots.into()));
    let short = with("stranger", "Is it so? Answer yes or no.", |exchange| tracer.trace(exchange).typicality);
    assert_eq!(short, Typicality::default());
    let other = "Write one line about each of these things in turn: parcel refund order courier invoice address";
    let own = with("stranger", other, |exchange| tracer.trace(exchange).typicality);
    assert!(own.all.is_some() && own.group.is_none(), "{own:?}");
}

#[test]
fn nobody_makes_his_own_texts_usual() {
    let tracer = Tracer::new(SECRET);
    let mut sampling = history(&tracer, 12);
    for n in 0..2_000 {
        let taken = with("stranger", &prompt(&ODD, 1 << 30 | n), |exchange| {
            Sampling::look(&tracer, exchange, 1 << 30 | n as i64)
        });
        sampling.take(taken.expect("a slot"));
    }
    let poisoned = tracer.clone().comparing(Some(sampling.tables(&tracer).expect("enough to tell").into()));
    assert!(typicality(&poisoned, &ODD).1 < -1.5, "{:?}", typicality(&poisoned, &ODD));
}

#[test]
fn the_order_of_reading_changes_nothing_and_files_come_back() {
    let (tracer, slots) = tables();
    let mut other = Sampling::default();
    for customer in (0..12).rev() {
        for n in (0..40).rev() {
            let at = customer * 1_000 + n;
            let taken = with(&format!("customer-{customer}"), &prompt(&NATURAL, at), |exchange| {
                Sampling::look(&tracer, exchange, at as i64)
            });
            other.take(taken.expect("a slot"));
        }
    }
    let other = other.tables(&tracer).expect("enough to tell");
    assert_eq!(slots.encode(), other.encode());
    assert_eq!(Slots::decode(&slots.encode()).expect("whole"), slots);
    assert_eq!(slots.groups(), 1, "template and frame are one group");
}

#[test]
fn bad_files_are_named() {
    let (_, slots) = tables();
    let whole = slots.encode();
    let refused = |bytes: &[u8]| Slots::decode(bytes).expect_err("refused").to_string();
    assert!(refused(b"{}").contains("no table of slots"));
    assert!(refused(&whole[..whole.len() - 1]).contains("damaged"));
    let mut flipped = whole.clone();
    flipped[100] ^= 1;
    assert!(refused(&flipped).contains("damaged"));
    let mut later = whole.clone();
    later[MAGIC.len()] = 9;
    assert!(refused(&later).contains("format (9, 1)"));
    let other = Tracer::new(b"another secret !");
    assert!(!slots.is_of(&other.keys));
    let silent = other.comparing(Some(slots.into()));
    let seen = with("stranger", &prompt(&NATURAL, 1), |exchange| silent.trace(exchange).typicality);
    assert_eq!(seen, Typicality::default(), "tables of another secret say nothing");
    let nobody = Tracer::new(SECRET);
    let few = history(&nobody, 1).tables(&nobody).expect_err("one customer is not what is usual");
    assert!(few.to_string().contains("too few"), "{few}");
}

proptest! {
    #[test]
    fn any_bytes_are_tables_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..400), sealed in any::<bool>()) {
        use sha2::{Digest, Sha256};
        if sealed {
            let mut whole = MAGIC.to_vec();
            whole.extend([1u8, 0, 0, 0, 1, 0, 0, 0]);
            whole.append(&mut bytes);
            let sum: [u8; 32] = Sha256::digest(&whole).into();
            whole.extend(sum);
            bytes = whole;
        }
        prop_assert!(Slots::decode(&bytes).is_err());
    }

    #[test]
    fn counts_come_back_within_a_step(n in 0.0f64..1e7) {
        let back = count(code(n));
        prop_assert!((libm::log2(1.0 + back) - libm::log2(1.0 + n)).abs() <= 0.5 / STEPS + 1e-9);
    }
}
