//! A folder of text sources: JSONL files, plain or zstd, whose rows have a `prompt` and often a `response`.
//!
//! Not here: who speaks with which source; that is a workload's draw, blind to its side. Memory: at most
//! [`MOST_ROWS`] rows a source, [`MOST_TEXT`] bytes a text.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::client::{Recorded, STEP};
use super::text::source::{Row, Source};

/// Rows read of one source; the rest of its file is left alone.
pub const MOST_ROWS: usize = 20_000;
/// Longer texts are cut, at a character's border.
const MOST_TEXT: usize = 8_000;
/// What the choice of sources and labels call the text of the generator.
pub(super) const BUILT_IN: &str = "built-in";
/// Not text: rates of real clients.
const TIMING: &str = "timing_clients";

/// Text sources to draw from.
#[derive(Debug, Default)]
pub struct Corpora {
    pub(super) sources: Vec<Source>,
    /// The generator's text is one more source.
    pub(super) built_in: bool,
    /// Clients to take rhythms from; none: the built-in fit.
    pub(super) clients: Vec<Arc<Recorded>>,
}

/// Why a folder of corpora cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not a row.
    #[error("{path} line {line}: {why}")]
    Line {
        /// In which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A source without rows.
    #[error("{path} has no row with a prompt")]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// A name that is not in the folder.
    #[error("no corpus `{name}`, there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Nothing is left to read.
    #[error("no corpus is left in {path}: need at least one *.jsonl or *.jsonl.zst with prompts")]
    Nothing {
        /// Where.
        path: PathBuf,
    },
}

impl Corpora {
    /// Reads a folder; of its sources only those named by `only`, if any, and none of `without`.
    pub fn read(folder: &Path, only: &[String], without: &[String]) -> Result<Self, CorpusError> {
        let files = files(folder)?;
        let known = || files.keys().cloned().chain([BUILT_IN.to_owned()]).collect::<Vec<_>>().join(", ");
        if let Some(name) = only.iter().chain(without).find(|n| *n != BUILT_IN && !files.contains_key(*n)) {
            return Err(CorpusError::Unknown { name: name.clone(), known: known() });
        }
        let wanted = |name: &String| (only.is_empty() || only.contains(name)) && !without.contains(name);
        let mut sources = Vec::new();
        for (name, path) in files.iter().filter(|(name, _)| wanted(name)) {
            sources.push(source(name, path)?);
        }
        let built_in = only.iter().any(|name| name == BUILT_IN);
        if sources.is_empty() && !built_in {
            return Err(CorpusError::Nothing { path: folder.to_owned() });
        }
        let mut clients = Vec::new();
        for name in [format!("{TIMING}.jsonl"), format!("{TIMING}.jsonl.zst")] {
            let path = folder.join(name);
            if path.is_file() {
                clients.append(&mut recorded(&path)?);
            }
        }
        Ok(Self { sources, built_in, clients })
    }

    /// Names of the sources, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|s| s.name.as_str())
    }
}

/// The text files of a folder by source name: an order of names, since folders list in any order.
fn files(folder: &Path) -> Result<BTreeMap<String, PathBuf>, CorpusError> {
    let failed = |source| CorpusError::Io { path: folder.to_owned(), source };
    let mut files = BTreeMap::new();
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = name.strip_suffix(".jsonl.zst").or_else(|| name.strip_suffix(".jsonl"));
        if let Some(stem) = stem.filter(|stem| *stem != TIMING) {
            files.insert(stem.to_owned(), path);
        }
    }
    Ok(files)
}

/// Lines of a file, unpacked by its name.
fn open(path: &Path) -> Result<Box<dyn BufRead>, CorpusError> {
    let failed = |source| CorpusError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if path.extension().is_some_and(|e| e == "zst") {
        let unpacked: Box<dyn Read> = Box::new(zstd::Decoder::new(file).map_err(failed)?);
        return Ok(Box::new(BufReader::new(unpacked)));
    }
    Ok(Box::new(BufReader::new(file)))
}

fn source(name: &str, path: &Path) -> Result<Source, CorpusError> {
    let mut rows: Vec<Row> = Vec::new();
    // Prompts outside of conversations that came before: one set sent to several models is one row.
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut last: Option<(String, usize)> = None;
    for (line, text) in (1..).zip(open(path)?.lines()).take(MOST_ROWS) {
        let text = text.map_err(|source| CorpusError::Io { path: path.to_owned(), source })?;
        if text.trim().is_empty() {
            continue;
        }
        let wrong = |why: String| CorpusError::Line { path: path.to_owned(), line, why };
        let value: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let Some(prompt) = value["prompt"].as_str() else { return Err(wrong("no text `prompt`".to_owned())) };
        let response = match &value["response"] {
            Value::Null => "",
            Value::String(response) => response,
            _ => return Err(wrong("`response` is no text".to_owned())),
        };
        let (prompt, response) = (clean(prompt), clean(response));
        if prompt.is_empty() {
            continue;
        }
        let conv = match &value["conv"] {
            Value::Null => None,
            Value::String(conv) => Some(conv.clone()),
            other => Some(other.to_string()),
        };
        let group = value["template"].as_str().unwrap_or_default();
        let at = rows.len();
        if let Some(conv) = conv {
            let before = last.take().filter(|(c, _)| *c == conv).map(|(_, before)| before);
            last = Some((conv, at));
            let row = Row::new(prompt, response, group);
            let row = match before {
                Some(before) => row.after(&mut rows[before], at),
                None => row,
            };
            rows.push(row);
        } else if let Some(&first) = seen.get(&prompt) {
            rows[first].answered(response);
        } else {
            seen.insert(prompt.clone(), at);
            rows.push(Row::new(prompt, response, group));
        }
    }
    if rows.is_empty() {
        return Err(CorpusError::Empty { path: path.to_owned() });
    }
    Ok(Source::new(name, rows))
}

/// Rates of real clients: `rate` in windows of `step_s` seconds, and `cv`, the spread of pauses in each.
fn recorded(path: &Path) -> Result<Vec<Arc<Recorded>>, CorpusError> {
    let mut clients = Vec::new();
    for (line, text) in (1..).zip(open(path)?.lines()) {
        let text = text.map_err(|source| CorpusError::Io { path: path.to_owned(), source })?;
        let wrong = |why: String| CorpusError::Line { path: path.to_owned(), line, why };
        let value: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if value["step_s"].as_i64() != Some(STEP / 1_000) {
            return Err(wrong(format!("`step_s` is not {}", STEP / 1_000)));
        }
        let numbers = |key: &str| -> Option<Vec<f64>> { value[key].as_array()?.iter().map(Value::as_f64).collect() };
        let rate = numbers("rate").ok_or_else(|| wrong("no list of numbers `rate`".to_owned()))?;
        let total = rate.iter().fold(0.0, |sum, r| sum + r.max(0.0));
        // Whole days only, or a client's hours would wander; a client that never called has no rhythm.
        let steps = rate.len() / 144 * 144;
        if steps == 0 || total <= 0.0 {
            continue;
        }
        let mean = rate.iter().take(steps).fold(0.0, |sum, r| sum + r.max(0.0)) / steps as f64;
        if mean <= 0.0 {
            continue;
        }
        let mut cvs: Vec<f64> = numbers("cv").unwrap_or_default().into_iter().filter(|cv| *cv > 0.0).collect();
        cvs.sort_by(f64::total_cmp);
        let cv = cvs.get(cvs.len() / 2).copied().unwrap_or(1.0).min(10.0);
        let weights = rate.iter().take(steps).map(|r| r.max(0.0) / mean).collect();
        clients.push(Arc::new(Recorded { weights, cv }));
    }
    Ok(clients)
}

/// The same clean-up for every text: line ends, end marks, control characters, runs of empty lines, length.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace("<|endoftext|>", "");
    let mut out = String::with_capacity(text.len().min(MOST_TEXT));
    let mut breaks = 0;
    for c in text.trim().chars() {
        breaks = if c == '\n' { breaks + 1 } else { 0 };
        if out.len() + c.len_utf8() > MOST_TEXT {
            break;
        }
        if breaks <= 2 && (c == '\n' || c == '\t' || !c.is_control()) {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let bytes = if name.contains(".zst") {
                zstd::encode_all(text.as_bytes(), 1).expect("packed")
            } else {
                text.as_bytes().to_vec()
            };
            std::fs::write(dir.path().join(name), bytes).expect("written");
        }
        dir
    }

    #[test]
    fn sources_are_chosen_by_name() {
        let row = "{\"prompt\":\"why is the sky blue\"}\n";
        let dir = folder(&[("b.jsonl", row), ("a.jsonl.zst", row), ("timing_clients.jsonl", ""), ("x.md", "?")]);
        let names = |only: &[&str], without: &[&str]| {
            let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
            let corpora = Corpora::read(dir.path(), &own(only), &own(without));
            corpora.map(|c| c.names().map(str::to_owned).collect::<Vec<_>>()).map_err(|e| e.to_string())
        };
        assert_eq!(names(&[], &[]), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(names(&["b"], &[]), Ok(vec!["b".to_owned()]));
        assert_eq!(names(&[], &["b"]), Ok(vec!["a".to_owned()]));
        assert_eq!(names(&["built-in"], &[]), Ok(vec![]));
        assert_eq!(names(&["c"], &[]), Err("no corpus `c`, there are a, b, built-in".to_owned()));
        assert!(names(&[], &["a", "b"]).expect_err("nothing is left").starts_with("no corpus is left in"));
    }

    #[test]
    fn a_wrong_line_is_named() {
        let dir = folder(&[("bad.jsonl.zst", "{\"prompt\":\"fine\"}\n\n{\"prompt\": 7}\n")]);
        let error = Corpora::read(dir.path(), &[], &[]).expect_err("a number is no prompt").to_string();
        assert!(error.ends_with("bad.jsonl.zst line 3: no text `prompt`"), "{error}");
        let dir = folder(&[("cut.jsonl", "{\"prompt\":\"fine\"}\n{\"prompt\":\"half")]);
        let error = Corpora::read(dir.path(), &[], &[]).expect_err("half a line").to_string();
        assert!(error.contains("cut.jsonl line 2: EOF while parsing"), "{error}");
    }

    #[test]
    fn clients_are_read_as_rates_around_their_mean() {
        let row = "{\"prompt\":\"why\"}\n";
        let rate: Vec<u32> = (0..150).map(|i| i % 2 * 3).collect();
        let client = format!("{{\"step_s\":600,\"rate\":{rate:?},\"cv\":[0.0,1.5,2.5,1.0]}}\n");
        let dir = folder(&[("a.jsonl", row), ("timing_clients.jsonl.zst", &client)]);
        let clients = Corpora::read(dir.path(), &[], &[]).expect("read").clients;
        assert_eq!((clients.len(), clients[0].weights.len(), clients[0].cv), (1, 144, 1.5));
        assert_eq!(clients[0].weights[..4], [0.0, 2.0, 0.0, 2.0]);
        let dir = folder(&[("a.jsonl", row), ("timing_clients.jsonl", "{\"step_s\":60}\n")]);
        let error = Corpora::read(dir.path(), &[], &[]).expect_err("another step").to_string();
        assert!(error.ends_with("timing_clients.jsonl line 1: `step_s` is not 600"), "{error}");
    }

    #[test]
    fn one_set_sent_to_several_models_is_one_row_with_several_answers() {
        let dir = folder(&[(
            "set.jsonl",
            "{\"prompt\":\"q\",\"response\":\"one\"}\n{\"prompt\":\"q\",\"response\":\"two\"}\n\
             {\"prompt\":\"User: hi\",\"response\":\"hello\",\"conv\":1}\n\
             {\"prompt\":\"User: hi\\nAssistant: hello\\nUser: bye\",\"response\":\"see you\",\"conv\":1}\n",
        )]);
        let corpora = Corpora::read(dir.path(), &[], &[]).expect("read");
        let rows = &corpora.sources[0].rows;
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].responses.len(), 2);
        assert_eq!(rows[1].next, Some(2));
        assert_eq!(rows[2].utterance(), "bye");
        assert!(rows[1].head && !rows[2].head);
    }
}
