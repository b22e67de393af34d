#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::record::{Client, Params, Turns, Usage};

fn exchange<'a>(prompt: &'a str, response: &'a str) -> Exchange<'a> {
    Exchange {
        tenant: "acme",
        account: Some("key_1"),
        prompt: Some(prompt),
        response: Some(response),
        tier: Tier::Content,
        ..Exchange::default()
    }
}

fn tracer() -> Tracer {
    Tracer::new(b"0123456789abcdef")
}

const LONG: &str = "Answer the following question in detail: why does the tide turn twice a day at most coasts";

#[test]
fn frame_is_the_system_prompt_with_numbers_folded_or_the_first_words() {
    let tracer = tracer();
    let with = |system| Exchange { system: Some(system), ..exchange(LONG, "x") };
    let a = tracer.trace(&with("You help. Today is 2026-07-24."));
    let b = tracer.trace(&Exchange { prompt: Some("something else"), ..with("You help. Today is 2026-08-01.") });
    assert_eq!(a.frame, b.frame);
    assert_ne!(a.frame, tracer.trace(&with("You translate.")).frame);

    let c = tracer.trace(&exchange("Answer the following question in detail: how do bees dance", "x"));
    let d = tracer.trace(&exchange(LONG, "x"));
    assert_eq!((c.frame, c.template), (d.frame, d.template));
    assert_ne!(c.prompt, d.prompt);
    let tools = tracer.trace(&Exchange { tools: &["sql"], ..exchange(LONG, "x") });
    assert_ne!(tools.frame, d.frame);
}

#[test]
fn a_cell_is_the_account_and_what_the_view_looks_at() {
    let tracer = tracer();
    let cells = |exchange: &Exchange<'_>| {
        let trace = tracer.trace(exchange);
        (trace.cell(View::Frame).unwrap(), trace.cell(View::Shape).unwrap(), trace.cell(View::Sieve))
    };
    let base = exchange(LONG, "x");
    let (frame, shape, sieve) = cells(&base);
    assert_eq!(sieve, None);
    let other = Exchange { account: Some("key_2"), ..base };
    assert!(cells(&other).0 != frame && cells(&other).1 != shape);
    assert_eq!(tracer.trace(&Exchange { account: None, ..base }).account_hash.0, 0);
    // another response changes nothing; another frame of the same program not the shape
    assert_eq!(cells(&exchange(LONG, "y")), (frame, shape, None));
    let again = cells(&exchange("Why do the tides at most of the coasts turn in a day twice, asks my son, and", "x"));
    assert!(again.0 != frame && again.1 == shape);
    // another program has another shape under the same frame
    let hot = Exchange { params: Params { temperature: Some(1.5), ..base.params }, ..base };
    assert!(cells(&hot).0 == frame && cells(&hot).1 != shape);
    // what asks for reasoning passes the sieve, whatever its frame and shape
    let (one, two) =
        (exchange("Tell me step by step why", "x"), exchange("Now grade the answer, please: it is so", "x"));
    assert!(cells(&one).2.is_some() && cells(&one).2 == cells(&two).2);
}

#[test]
fn shingles_are_about_the_slot_and_shared_text_shares_them() {
    let tracer = tracer();
    let short = tracer.trace(&exchange("Translate this: hello", "x"));
    assert_eq!(short.shingles().len(), 1);
    let slot = "the quick brown fox jumps over the lazy dog near a cold river bank";
    let a = format!("Please sum up this text now: {slot}");
    let b = format!("Could you kindly put into French: {slot}");
    let (a, b) = (tracer.trace(&exchange(&a, "x")), tracer.trace(&exchange(&b, "x")));
    assert!(a.shingles().iter().filter(|s| b.shingles().contains(s)).count() >= 5);
    assert_eq!(tracer.trace(&exchange("", "x")).shingles().len(), 0);
}

#[test]
fn secrets_change_every_hash_that_leaves() {
    let (one, two) = (Tracer::new(&[1; 16]), Tracer::new(&[2; 16]));
    let told = (0..90).map(|i| format!("word{}", i * 7)).collect::<Vec<_>>().join(" ");
    let full = Exchange { user: Some("u"), session: Some("s"), ..exchange(LONG, &told) };
    let (a, b) = (one.trace(&full), two.trace(&full));
    assert_ne!(a.tenant_hash, b.tenant_hash);
    assert_ne!(a.account_hash, b.account_hash);
    assert_ne!((a.frame, a.template, a.prompt), (b.frame, b.template, b.prompt));
    assert_ne!((a.user, a.session), (b.user, b.session));
    assert!(a.shingles().iter().all(|s| !b.shingles().contains(s)));
    assert!(a.asked().iter().all(|gram| !b.asked().contains(gram)) && !a.asked().is_empty());
    assert!(a.answered().iter().all(|gram| !b.answered().contains(gram)) && !a.answered().is_empty());
}

#[test]
fn a_quoted_response_shares_grams_with_the_quote_of_the_same_account_only() {
    let tracer = tracer();
    let told = (0..90).map(|i| format!("word{}", i * 7)).collect::<Vec<_>>().join(" ");
    let quote = format!("you said {told} since when");
    let answer = tracer.trace(&exchange(LONG, &told));
    let asks = |account| Exchange { account: Some(account), ..exchange(&quote, "x") };
    let shares = |trace: &Trace<'_>| trace.asked().iter().any(|gram| answer.answered().contains(gram));
    assert!(shares(&tracer.trace(&asks("key_1"))) && !shares(&tracer.trace(&asks("key_2"))));
    // an answer that says its prompt again leaves nothing of it
    assert!(tracer.trace(&exchange(LONG, LONG)).answered().is_empty());
}

#[test]
fn callers_seals_and_forms_are_told_apart_and_none_is_none() {
    let tracer = tracer();
    let none = tracer.trace(&exchange(LONG, "x"));
    assert_eq!((none.country, none.payment, none.sealed, none.form), (0, 0, (0, 0), 0));
    let client = |country, payment| Client { country: Some(country), payment: Some(payment), ..Client::default() };
    let of = |country, payment, sealed| {
        let trace = tracer.trace(&Exchange {
            client: client(country, payment),
            sealed: Some(sealed),
            ..exchange("Think step by step.", "x")
        });
        (trace.country, trace.payment, trace.sealed, trace.form)
    };
    let (a, b) = (of("SG", "p", "seal"), of("US", "q", "other"));
    assert!(a.0 != b.0 && a.1 != b.1 && a.2.0 != b.2.0 && a.3 == b.3 && a.3 != 0);
    assert_ne!(a.3, tracer.trace(&exchange("Show your work.", "x")).form);
    let other = Tracer::new(&[9; 16]).trace(&Exchange { sealed: Some("seal"), ..exchange(LONG, "x") });
    assert_ne!(other.sealed.0, a.2.0);
    // the place is how the conversation begins, the account and the model
    let placed = |opening, account| {
        let exchange = Exchange { sealed: Some("seal"), opening, account, ..exchange(LONG, "x") };
        tracer.trace(&exchange).sealed
    };
    let (one, two, three) = (placed(Some("a"), None), placed(Some("b"), None), placed(Some("a"), Some("k")));
    assert!(one.0 == two.0 && one.0 == three.0 && one.1 != two.1 && one.1 != three.1);
}

#[test]
fn tokens_are_counted_or_estimated_or_absent() {
    let tracer = tracer();
    let estimated = tracer.trace(&exchange("12345678", "1234"));
    assert_eq!((estimated.input_tokens, estimated.output_tokens), (2, 1));
    assert!(estimated.flags.has(Flags::TOKENS) && !estimated.flags.has(Flags::REASONING));
    let usage = Usage { input: Some(10), output: Some(90), reasoning: Some(40), cached: None };
    let counted = tracer.trace(&Exchange { usage, ..exchange("12345678", "1234") });
    assert_eq!((counted.input_tokens, counted.output_tokens, counted.reasoning_tokens), (10, 90, 40));
    assert!(counted.flags.has(Flags::REASONING));
    let metadata = tracer.trace(&Exchange { prompt: None, response: None, tier: Tier::Metadata, ..exchange("", "") });
    assert!(!metadata.flags.has(Flags::TOKENS) && !metadata.flags.has(Flags::PROMPT));
}

#[test]
fn an_extractive_answer_overlaps_and_a_new_one_does_not() {
    let tracer = tracer();
    let text = "Summarise: volcanoes erupt when molten rock rises through cracks beneath the crust under pressure";
    assert!(tracer.trace(&exchange(text, "Volcanoes erupt when pressure lifts molten rock.")).overlap > 0.7);
    assert!(tracer.trace(&exchange(text, "Quantum chromodynamics describes gluons binding quarks")).overlap < 0.1);
}

#[test]
fn probes_refusals_and_follow_ups_are_seen() {
    let tracer = tracer();
    let params = |params| tracer.trace(&Exchange { params, ..exchange("a", "b") }).flags.has(Flags::PROBES);
    assert!(params(Params { logprobs: Some(true), ..Params::default() }));
    assert!(params(Params { n: Some(4), ..Params::default() }));
    assert!(params(Params { max_tokens: Some(1), ..Params::default() }));
    assert!(!params(Params { logprobs: Some(false), n: Some(1), top_logprobs: Some(0), ..Params::default() }));
    let refused =
        |finish, refusal| tracer.trace(&Exchange { finish, refusal, ..exchange("a", "b") }).flags.has(Flags::REFUSED);
    assert!(refused(Some("content_filter"), None));
    assert!(refused(None, Some("reasoning_extraction")));
    assert!(!refused(Some("stop"), None));
    let turns = Turns { messages: 3, assistant: 1, ..Turns::default() };
    assert!(tracer.trace(&Exchange { turns, ..exchange("a", "b") }).flags.has(Flags::FOLLOWS));
}

#[test]
fn long_accounts_are_cut_for_display_only() {
    let tracer = tracer();
    let (a, b) = (format!("{}é-one", "x".repeat(63)), format!("{}é-two", "x".repeat(63)));
    let (a, b) = (
        tracer.trace(&Exchange { account: Some(&a), ..exchange("p", "r") }),
        tracer.trace(&Exchange { account: Some(&b), ..exchange("p", "r") }),
    );
    assert_eq!(a.account.unwrap(), "x".repeat(63));
    assert_eq!(a.account, b.account);
    assert_ne!(a.account_hash, b.account_hash);
}

#[test]
fn hashes_are_the_same_everywhere_for_ever() {
    // state and findings hold these: a change needs a new state version
    let trace = tracer().trace(&exchange(LONG, "x"));
    let under =
        tracer().trace(&Exchange { system: Some("You sort letters."), tools: &["file"], ..exchange(LONG, "x") });
    let got = [trace.frame.0, trace.template, trace.prompt, trace.account_hash.0, trace.shingles()[0], under.frame.0];
    assert_eq!(got, GOLDEN);
}

const GOLDEN: [u64; 6] = [
    17_572_870_366_928_229_204,
    8_082_283_839_267_216_532,
    10_044_491_577_769_574_876,
    17_442_216_373_672_134_828,
    16_888_540_632_983_371_719,
    6_217_777_148_410_310_793,
];

#[test]
fn a_known_question_is_marked_whatever_stands_around_it() {
    use crate::trace::benchmarks::Builder;
    let question = |i: usize| {
        format!(
            "A baker named Otto{i} fills {} trays with {} rolls each, sells {} of them before noon to a school and \
             gives the rest in equal parts to {} neighbours. How many rolls does every neighbour get?",
            i + 3,
            i * 7 + 11,
            i * 5 + 2,
            i % 9 + 2
        )
    };
    let mut known = Builder::default();
    (0..50).for_each(|i| known.add(&question(i)).unwrap());
    let tracer = tracer().knowing(Arc::new(known.build().unwrap().set));
    let marked = |prompt: &str| tracer.trace(&exchange(prompt, "4")).flags.has(Flags::BENCHMARK);
    let share = |numbers: std::ops::Range<usize>, frame: &str| {
        numbers.clone().filter(|i| marked(&frame.replace("{}", &question(*i)))).count() * 100 / numbers.len()
    };
    assert!(share(0..50, "{}") >= 50, "{} %", share(0..50, "{}"));
    let framed = "You are a careful tutor. Solve this and show your work.\n\n## Problem\n{}\n\nEnd with `#### answer`.";
    assert_eq!(share(0..50, framed), share(0..50, "{}"));
    // the same manner with other numbers is another question
    assert_eq!(share(50..100, framed), 0);
    // where the question stands in the response or the system prompt, it is not what was asked
    let (asked, told) = (exchange(LONG, ""), (0..50).map(question).collect::<Vec<_>>().join(" "));
    let other = Exchange { response: Some(&told), system: Some(&told), ..asked };
    assert!(!tracer.trace(&other).flags.has(Flags::BENCHMARK));
}

#[test]
fn simulated_prompts_are_hardly_ever_taken_for_a_known_question() {
    use crate::record::{Limits, decode};
    let spec = crate::simulate::Spec { tenants: 40, days: 0.5, ..crate::simulate::demo_spec(5) };
    let (tracer, mut prompts, mut marked) = (tracer(), 0, 0);
    for record in crate::simulate::simulate(&spec) {
        let arena = bumpalo::Bump::new();
        let Ok(exchange) = decode(Some(record.line.as_bytes()), &Limits::default(), &arena) else { continue };
        prompts += u32::from(exchange.prompt.is_some());
        marked += u32::from(tracer.trace(&exchange).flags.has(Flags::BENCHMARK));
    }
    // 15 of 142,631 in the card: what 16-bit fingerprints give away
    assert!(prompts > 1_000 && marked * 1_000 < prompts, "{marked} of {prompts}");
}
