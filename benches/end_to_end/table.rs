//! The table that is printed, and the raw numbers that are kept.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::corpus::Corpus;
use crate::machine::{machine, today};

/// What a ratio must keep, and what it should.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    AtMost(f64, f64),
    AtLeast(f64, f64),
    /// For information: the performance table has no such row.
    None,
}

/// Rows so far.
pub struct Table {
    date: String,
    corpus: Value,
    rows: Vec<Value>,
    lines: Vec<String>,
}

impl Table {
    pub fn new(date: Option<&str>, corpus: &Corpus) -> Table {
        Table {
            date: date.map_or_else(today, str::to_owned),
            corpus: json!({"records": corpus.len(), "mean_bytes": corpus.mean_bytes()}),
            rows: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Adds a measured row.
    pub fn row(&mut self, name: &str, ratio: f64, bound: Bound, detail: &str, raw: &Value) {
        let (must, stretch, verdict) = match bound {
            Bound::AtMost(must, stretch) => {
                (format!("≤ {must}"), format!("≤ {stretch}"), verdict(ratio <= must, ratio <= stretch))
            }
            Bound::AtLeast(must, stretch) => {
                (format!("≥ {must}"), format!("≥ {stretch}"), verdict(must <= ratio, stretch <= ratio))
            }
            Bound::None => (String::new(), String::new(), "info"),
        };
        println!("… {name}: {ratio:.3} ({verdict}) {detail}");
        self.lines.push(format!("| {name} | **{ratio:.2}** | {must} | {stretch} | {verdict} | {detail} |"));
        self.rows.push(json!({
            "row": name, "ratio": ratio, "must": must, "stretch": stretch, "verdict": verdict, "detail": detail, "raw": raw,
        }));
    }

    /// Adds a row that could not be measured here, and why.
    pub fn cannot(&mut self, name: &str, why: &str) {
        println!("… {name}: not measured: {why}");
        self.lines.push(format!("| {name} | not measured | | | | {why} |"));
        self.rows.push(json!({"row": name, "not_measured": why}));
    }

    /// The row that the program `allocations` measured on the same day.
    pub fn take_allocations(&mut self, out: &Path) {
        const NAME: &str = "allocations per record in steady state";
        let file = out.join(&self.date).join("allocations.json");
        let row = std::fs::read(file).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        match row.as_ref().and_then(|row| row["per_record"].as_f64()) {
            Some(ratio) => {
                let raw = row.unwrap_or_default();
                self.row(NAME, ratio, Bound::AtMost(1.0, 0.1), "measured by `cargo bench --bench allocations`", &raw);
            }
            None => self.cannot(NAME, "run `cargo bench --bench allocations` first: counting them needs an allocator that would slow this program down"),
        }
    }

    /// All rows as Markdown.
    pub fn text(&self) -> String {
        let mut text =
            String::from("\n| ratio, one run | measured | must | stretch | | how |\n|---|---|---|---|---|---|\n");
        for line in &self.lines {
            text += line;
            text.push('\n');
        }
        let machine = machine();
        write!(text, "\n{}, {} cores, {}\n", machine["cpu"].as_str().unwrap_or("unknown"), machine["cores"], self.date)
            .expect("strings take all");
        text
    }

    /// Keeps the raw numbers.
    pub fn write(&self, out: &Path) -> std::io::Result<PathBuf> {
        let dir = out.join(&self.date);
        std::fs::create_dir_all(&dir)?;
        let file = dir.join("end_to_end.json");
        let all = json!({"date": self.date, "machine": machine(), "corpus": self.corpus, "rows": self.rows});
        std::fs::write(&file, serde_json::to_string_pretty(&all)? + "\n")?;
        Ok(file)
    }
}

fn verdict(must: bool, stretch: bool) -> &'static str {
    match (must, stretch) {
        (_, true) => "stretch",
        (true, false) => "met",
        (false, false) => "MISSED",
    }
}
