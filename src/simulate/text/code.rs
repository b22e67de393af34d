//! Code-like, table-like and log-like text.

use super::pen::{Pen, number};

const LANGUAGES: &[(&str, &str, &str, &str)] = &[
    ("python", "def ", ":\n", ""),
    ("javascript", "function ", " {\n", "}\n"),
    ("rust", "pub fn ", " {\n", "}\n"),
    ("go", "func ", " {\n", "}\n"),
    ("java", "public static int ", " {\n", "}\n"),
];
const TYPES: &[&str] = &["INTEGER", "TEXT", "NUMERIC(10,2)", "TIMESTAMP", "BOOLEAN", "VARCHAR(64)"];

/// A plain identifier out of the language's words.
fn name(pen: &mut Pen<'_>, out: &mut String) {
    let start = out.len();
    out.push_str(pen.any_word());
    if pen.draw.percent(40) {
        out.push('_');
        out.push_str(pen.any_word());
    }
    if out.len() == start {
        out.push('x');
    }
}

/// The name of a programming language.
pub(super) fn language(pen: &mut Pen<'_>) -> &'static str {
    pen.draw.pick(LANGUAGES).0
}

/// A function of about `bytes`.
pub(super) fn function(pen: &mut Pen<'_>, out: &mut String, bytes: usize) {
    let end = out.len() + bytes;
    let (_, head, open, close) = pen.draw.pick(LANGUAGES);
    let variables: Vec<String> = (0..4)
        .map(|_| {
            let mut out = String::new();
            name(pen, &mut out);
            out
        })
        .collect();
    out.push_str(head);
    name(pen, out);
    out.push('(');
    out.push_str(&variables[0]);
    out.push_str(", ");
    out.push_str(&variables[1]);
    out.push(')');
    out.push_str(open);
    let mut indent = 1;
    while out.len() < end {
        for _ in 0..indent {
            out.push_str("    ");
        }
        let target = variables[pen.draw.below(4)].as_str();
        let source = variables[pen.draw.below(4)].as_str();
        match pen.draw.below(6) {
            0 if indent < 4 => {
                line(out, &["for ", target, " in ", source, open]);
                indent += 1;
            }
            1 if indent < 4 => {
                line(out, &["if ", target, " > ", source, open]);
                indent += 1;
            }
            2 if indent > 1 => {
                line(out, &["return ", target, "\n"]);
                indent -= 1;
            }
            3 => {
                line(out, &[target, " = ", source, "("]);
                number(out, pen.draw.below(100));
                out.push_str(")\n");
            }
            4 => {
                out.push_str("# ");
                pen.words(out, 4);
                out.push('\n');
            }
            _ => {
                line(out, &[target, " += ", source, "["]);
                number(out, pen.draw.below(16));
                out.push_str("]\n");
            }
        }
    }
    line(out, &["    return ", &variables[0], "\n", close]);
}

/// A patch with context, additions and removals.
pub(super) fn diff(pen: &mut Pen<'_>, out: &mut String, bytes: usize) {
    let end = out.len() + bytes;
    out.push_str("diff --git a/src/");
    name(pen, out);
    out.push_str(" b/src/");
    name(pen, out);
    out.push_str("\n@@ -");
    number(out, pen.draw.range(1, 400));
    out.push_str(",12 +");
    number(out, pen.draw.range(1, 400));
    out.push_str(",14 @@\n");
    while out.len() < end {
        out.push_str(pen.draw.pick(&["+", "-", " ", " "]));
        out.push_str("    ");
        name(pen, out);
        out.push_str(" = ");
        name(pen, out);
        out.push('(');
        name(pen, out);
        out.push_str(");\n");
    }
}

/// Table definitions.
pub(super) fn schema(pen: &mut Pen<'_>, out: &mut String, tables: usize) {
    for _ in 0..tables {
        out.push_str("CREATE TABLE ");
        name(pen, out);
        out.push_str(" (id INTEGER PRIMARY KEY");
        for _ in 0..pen.draw.range(2, 6) {
            out.push_str(", ");
            name(pen, out);
            out.push(' ');
            out.push_str(pen.draw.pick(TYPES));
        }
        out.push_str(");\n");
    }
}

/// A query that uses words of the prompt as columns.
pub(super) fn query(pen: &mut Pen<'_>, out: &mut String, echo: &[&str]) {
    out.push_str("SELECT ");
    for i in 0..pen.draw.range(1, 5) {
        if i > 0 {
            out.push_str(", ");
        }
        column(pen, out, echo);
    }
    out.push_str("\nFROM ");
    column(pen, out, echo);
    for _ in 0..pen.draw.below(3) {
        out.push_str("\nJOIN ");
        column(pen, out, echo);
        out.push_str(" USING (");
        column(pen, out, echo);
        out.push(')');
    }
    out.push_str("\nWHERE ");
    column(pen, out, echo);
    out.push_str(" > ");
    number(out, pen.draw.below(5_000));
    out.push_str("\nGROUP BY 1 ORDER BY 2 DESC LIMIT ");
    number(out, pen.draw.range(1, 100));
    out.push(';');
}

/// Lines of a service's log: few shapes, many values.
pub(super) fn log_lines(pen: &mut Pen<'_>, out: &mut String, bytes: usize) {
    let end = out.len() + bytes;
    let (unit, verb) = (pen.any_word(), pen.any_word());
    while out.len() < end {
        out.push_str("2026-");
        number(out, pen.draw.range(10, 12));
        out.push('-');
        number(out, pen.draw.range(10, 28));
        out.push('T');
        number(out, pen.draw.range(10, 23));
        out.push_str(":04:17Z ");
        out.push_str(pen.draw.pick(&["INFO", "INFO", "WARN", "ERROR"]));
        line(out, &[" ", unit, "[", &pen.draw.range(100, 32_000).to_string(), "]: ", verb, " "]);
        pen.words(out, 4);
        line(out, &[" code=", &pen.draw.below(600).to_string(), " host=", &pen.draw.hex(6), "\n"]);
    }
}

/// A JSON object with words of the prompt as values.
pub(super) fn object(pen: &mut Pen<'_>, out: &mut String, fields: usize, echo: &[&str]) {
    out.push('{');
    for i in 0..fields {
        out.push_str(if i > 0 { ", \"" } else { "\"" });
        name(pen, out);
        out.push_str("\": ");
        if pen.draw.percent(35) {
            number(out, pen.draw.below(10_000));
        } else {
            out.push('"');
            for _ in 0..pen.draw.range(1, 6) {
                column(pen, out, echo);
                out.push(' ');
            }
            super::pen::trim(out);
            out.push('"');
        }
    }
    out.push('}');
}

/// A word of the prompt without its punctuation, or a word of the topic.
fn column(pen: &mut Pen<'_>, out: &mut String, echo: &[&str]) {
    let word = if echo.is_empty() {
        ""
    } else {
        echo[pen.draw.below(echo.len())].trim_matches(|c: char| !c.is_alphanumeric())
    };
    out.push_str(if word.is_empty() || word.contains('"') { pen.word() } else { word });
}

fn line(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}
