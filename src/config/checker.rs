//! Reads values with their limits and collects what is wrong, instead of stopping at the first problem.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Problem;
use super::document::Document;
use super::quantity::{DurationText, SizeText, duration_text, size_text};

/// Collects problems while values are read.
pub(super) struct Checker<'a> {
    pub(super) document: &'a Document,
    base: &'a Path,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(document: &'a Document, base: &'a Path, problems: Vec<Problem>) -> Checker<'a> {
        Checker { document, base, problems }
    }

    pub(super) fn problem(&mut self, key: &str, message: impl Into<String>) {
        let origin = self.document.origin(key);
        self.problems.push(Problem { origin, key: key.to_owned(), message: message.into() });
    }

    /// For keys that may be missing only because they were refused already.
    pub(super) fn missing(&mut self, key: &str, message: &str) {
        let refused = self.problems.iter().any(|problem| problem.key == key);
        if !refused {
            self.problem(key, message);
        }
    }

    pub(super) fn duration(&mut self, key: &str, text: &DurationText, range: RangeInclusive<Duration>) -> Duration {
        let fallback = *range.start();
        match text.parse() {
            Ok(value) if range.contains(&value) => return value,
            Ok(_) => {
                let (low, high) = (duration_text(*range.start()), duration_text(*range.end()));
                self.problem(key, format!("must be between {low} and {high}, not {:?}", text.0));
            }
            Err(expected) => self.problem(key, format!("must be {expected}, not {:?}", text.0)),
        }
        fallback
    }

    pub(super) fn size(&mut self, key: &str, text: &SizeText, range: RangeInclusive<u64>) -> u64 {
        let fallback = *range.start();
        match text.parse() {
            Ok(value) if range.contains(&value) => return value,
            Ok(_) => {
                let (low, high) = (size_text(*range.start()), size_text(*range.end()));
                self.problem(key, format!("must be between {low} and {high}, not {:?}", text.0));
            }
            Err(expected) => self.problem(key, format!("must be {expected}, not {:?}", text.0)),
        }
        fallback
    }

    pub(super) fn path(&self, text: &str) -> PathBuf {
        self.base.join(text)
    }

    /// The content of a secret's file without the newline at its end.
    pub(super) fn file(&mut self, key: &str, path: &str) -> Option<String> {
        let full = self.path(path);
        match std::fs::read_to_string(&full) {
            Ok(text) => Some(text.trim_end_matches(['\n', '\r']).to_owned()),
            Err(error) => {
                self.problem(key, format!("names {}, which cannot be read: {error}", full.display()));
                None
            }
        }
    }

    /// A secret given in a file or directly, not both.
    pub(super) fn secret(&mut self, key: &str, file: Option<&String>, direct: Option<&String>) -> Option<String> {
        match (file, direct) {
            (Some(_), Some(_)) => {
                self.problem(key, format!("and `{key}_file` are both set; keep one"));
                None
            }
            (Some(path), None) => self.file(&format!("{key}_file"), path),
            (None, direct) => direct.cloned(),
        }
    }
}
