//! `stillwatch model benchmark`: known questions of public test sets, as a set of hashes.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::progress::Progress;
use super::replay::files;
use super::{Failure, stdout};
use crate::record::Limits;
use crate::source::files::{FileError, Line};
use crate::source::pass::pass;
use crate::trace::benchmarks::{BenchmarkError, Builder};
use crate::units::hex;

/// Arguments of `model benchmark`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch model benchmark gsm8k.jsonl mmlu.jsonl.zst --out benchmarks.bin
  stillwatch model benchmark questions.txt --out benchmarks.bin --json

A line is one question: plain text, or a JSON object with `question` or `prompt`. The file holds hashes of eight
words at a time, and no text; at most 8,000,000 of them. Name it as `benchmarks` under [model] in the configuration.")]
pub struct BenchmarkArgs {
    /// Questions: text, .jsonl, .gz, .zst, .parquet, or folders of logs.
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// The set to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// Why it stopped.
enum Stop {
    Input(FileError),
    Line { path: PathBuf, line: u64, why: String },
    Set(BenchmarkError),
}

/// Does it.
pub fn run(args: &BenchmarkArgs) -> Result<(), Failure> {
    let inputs = files(&args.inputs)?;
    let (mut builder, mut lines, mut current) = (Builder::default(), 0, PathBuf::new());
    let mut lines_in_all = 0u64;
    let progress = Progress::bytes("benchmark");
    let passed = pass(&inputs, Limits::default().max_bytes, |path, batch, (done, total)| {
        if path != current {
            (current, lines) = (path.to_owned(), 0);
        }
        for line in batch.iter() {
            (lines, lines_in_all) = (lines + 1, lines_in_all + 1);
            let stop = |why| Stop::Line { path: path.to_owned(), line: lines, why };
            let question = question(line).map_err(stop)?;
            builder.add(&question).map_err(Stop::Set)?;
        }
        progress.at(done, total);
        Ok::<(), Stop>(())
    });
    progress.end();
    let built = passed.and_then(|()| builder.build().map_err(Stop::Set)).map_err(failure)?;
    std::fs::write(&args.out, built.set.encode()).map_err(|error| Failure::unwritable(&args.out, &error))?;
    let ((questions, grams), sha256) = (built.set.size(), hex(&built.set.sha256()));
    if args.json {
        return stdout::json(&json!({
            "lines": lines_in_all, "questions": questions, "short": built.short, "grams": grams,
            "phrases": built.phrases, "sha256": sha256,
        }));
    }
    stdout::line(&format!(
        "{questions} questions of {lines_in_all} lines, {} of fewer than 8 words left out; {grams} grams, {} of many \
         questions left out; sha256 {sha256}",
        built.short, built.phrases
    ))
}

/// The question of a line.
fn question(line: Line<'_>) -> Result<String, String> {
    let Line::Whole(line) = line else { return Err("is longer than 16 MiB".to_owned()) };
    let text = std::str::from_utf8(line).map_err(|_| "is not UTF-8".to_owned())?;
    if !text.trim_start().starts_with('{') {
        return Ok(text.to_owned());
    }
    let object: Value = serde_json::from_str(text).map_err(|_| "begins like JSON and is none".to_owned())?;
    let named = ["question", "prompt"].iter().find_map(|name| object.get(name)?.as_str());
    named.map(str::to_owned).ok_or_else(|| "has neither `question` nor `prompt` as text".to_owned())
}

fn failure(stop: Stop) -> Failure {
    match stop {
        Stop::Input(error @ FileError::Open { .. }) => Failure::Usage(error.to_string()),
        Stop::Input(error) => Failure::Failed(error.to_string()),
        Stop::Line { path, line, why } => Failure::Usage(format!("{}: line {line} {why}", path.display())),
        Stop::Set(error) => Failure::Usage(error.to_string()),
    }
}

impl From<FileError> for Stop {
    fn from(error: FileError) -> Stop {
        Stop::Input(error)
    }
}
