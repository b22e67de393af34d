#![expect(clippy::unwrap_used, reason = "tests")]

use bumpalo::Bump;
use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::{Json, Malformed, Parsed};

fn check(text: &str) -> Parsed<usize> {
    let arena = Bump::new();
    let mut json = Json::new(text, &arena);
    json.skip()?;
    json.finish()?;
    Ok(json.deepest())
}

fn unescaped(text: &str) -> Parsed<String> {
    let arena = Bump::new();
    let from_text = Json::new(text, &arena).string().map(str::to_owned);
    let from_bytes = Json::of_bytes(text.as_bytes(), &arena).bytes().map(<[u8]>::to_vec);
    assert_eq!(from_text.clone().map(String::into_bytes), from_bytes);
    from_text
}

#[test]
fn measures_nesting_without_recursion() {
    for depth in [1, 63, 64, 65, 129, 10_000, 1_000_000] {
        assert_eq!(check(&format!("{}{}", "[".repeat(depth), "]".repeat(depth))), Ok(depth));
        let objects = format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert_eq!(check(&objects), Ok(depth));
        assert_eq!(check(&"[".repeat(depth)), Err(Malformed));
        assert_eq!(check(&format!("{}{}}}", "[".repeat(depth), "]".repeat(depth - 1))), Err(Malformed));
    }
}

#[test]
fn accepts_what_the_grammar_accepts() {
    for text in [
        "0",
        "-0",
        "1e9",
        "-1.5E-3",
        "1e999",
        "99999999999999999999",
        "true",
        " null ",
        "\"\"",
        "[]",
        "{}",
        "[1 , [ ] ,{\"a\" : [ null ]}]",
        "\u{feff}{}",
        r#"{"a":1,"a":2}"#,
        r#""\ud800""#,
        "\"\u{7f}\u{80}\"",
    ] {
        assert!(check(text).is_ok(), "{text}");
    }
}

#[test]
fn refuses_what_the_grammar_refuses() {
    for text in [
        "",
        " ",
        "01",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "-",
        "--1",
        "tru",
        "nullx",
        "True",
        "NaN",
        "'a'",
        "\"",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12G4\"",
        "\"a\nb\"",
        "\"\0\"",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{} {}",
        "[}",
        "{]",
        "// c\n1",
        "\u{a0}1",
        "1\u{feff}",
        "\u{feff}\u{feff}1",
    ] {
        assert_eq!(check(text), Err(Malformed), "{text:?}");
    }
}

#[test]
fn reads_escapes() {
    for (text, meant) in [
        (r#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{c}\n\r\tz"),
        (r#""\u0041\u00e9\u20AC\uD83D\uDE00\u0000""#, "Aé€😀\0"),
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\ude00x""#, "\u{fffd}x"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\ud83d\n""#, "\u{fffd}\n"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
        (r#""żółć\t☃""#, "żółć\t☃"),
    ] {
        assert_eq!(unescaped(text).unwrap(), meant, "{text}");
    }
}

#[test]
fn finds_the_end_of_a_string_at_any_alignment() {
    for length in 0..70 {
        let inner = "é".repeat(length / 2) + &"x".repeat(length % 2);
        for tail in ["", "]", "          "] {
            assert_eq!(unescaped(&format!("\"{inner}\"{tail}")).unwrap(), inner);
        }
        assert_eq!(unescaped(&format!("\"{inner}\u{1f}\"")), Err(Malformed));
        assert_eq!(unescaped(&format!("\"{inner}\\n\"")).unwrap(), inner.clone() + "\n");
    }
}

#[test]
fn borrows_unless_there_are_escapes() {
    let arena = Bump::new();
    let text = String::from(r#""plain text""#);
    let read = Json::new(&text, &arena).string().unwrap();
    assert!(std::ptr::eq(read.as_ptr(), text.as_bytes()[1..].as_ptr()));
    assert_eq!(arena.allocated_bytes(), 0);
}

#[test]
fn strings_that_are_not_utf8_are_bytes_only() {
    let arena = Bump::new();
    assert_eq!(Json::of_bytes(b"\"\xff\\n\"", &arena).bytes().unwrap(), b"\xff\n");
    assert_eq!(Json::of_bytes(b"\"\xff\"", &arena).string(), Err(Malformed));
}

#[test]
fn numbers_are_whole_or_not() {
    let arena = Bump::new();
    let number = |text| Json::new(text, &arena).number().unwrap();
    for (text, whole) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("1.0", Some(1)),
        ("1e3", Some(1000)),
        ("-7", Some(-7)),
        ("1.5", None),
        ("1e999", None),
        ("18446744073709551615", Some(u64::MAX as i128)),
        ("1e-3", None),
    ] {
        assert_eq!(number(text).whole(), whole, "{text}");
    }
    assert_eq!(number("1e999").float(), None);
    assert_eq!(number("-2.5e-1").float(), Some(-0.25));
}

/// Text that is often JSON, and where not, then barely.
fn almost_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,4})?",
        "\"([ -!#-\\[\\]-~é€😀]|\\\\[\"\\\\/bfnrtu]|\\\\u[0-9a-fA-F]{4}){0,12}\"",
        Just("true".into()),
        Just("false".into()),
        Just("null".into()),
        Just("nul".into()),
        Just("01".into()),
    ];
    let value = leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(("\"[a-c]{0,2}\"", inner), 0..5).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}:{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    let noise = prop_oneof![4 => Just(None), 1 => (any::<prop::sample::Index>(), "[\\[\\]{},:\"\\\\0-9eE+.\\- \n\u{1}tfu-]").prop_map(Some)];
    (value, noise).prop_map(|(mut text, noise)| {
        if let Some((index, piece)) = noise {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let at = places[index.index(places.len())];
            text.insert_str(at, &piece);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// `IgnoredAny` checks grammar alone: no depth limit, any number, any surrogate. Ours differs by the
    /// byte order mark only, which the texts here do not have.
    #[test]
    fn agrees_with_serde_json_on_what_is_json(text in almost_json()) {
        let theirs = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(check(&text).is_ok(), theirs, "{}", text);
    }

    #[test]
    fn agrees_with_serde_json_on_what_a_string_says(text in any::<String>()) {
        let written = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(unescaped(&written).unwrap(), text);
    }

    #[test]
    fn agrees_with_serde_json_on_any_text(text in "[\\[\\]{},:\"\\\\0-9eEutrfalsn+.\\- \n]{0,24}") {
        prop_assert_eq!(check(&text).is_ok(), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
    }
}
