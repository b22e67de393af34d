//! What people found out about suspects: the lines of `--reviewed`.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::Deserialize;

use super::CalibrateError;

/// Verdicts by tenant.
#[derive(Clone, Debug, Default)]
pub struct Review {
    verdicts: BTreeMap<String, Verdict>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// Confirmed: takes no part.
    Harvest,
    /// Looked at and innocent: never a suspect.
    Calm,
}

/// Further fields are those of the list of suspects, to which a verdict was added.
#[derive(Deserialize)]
struct Line {
    tenant: String,
    verdict: Verdict,
}

impl Review {
    /// Reads JSONL. Two verdicts about one tenant must agree.
    pub fn read(lines: impl BufRead) -> Result<Review, CalibrateError> {
        let mut review = Review::default();
        for (index, line) in lines.lines().enumerate() {
            let wrong = |why: String| CalibrateError::Review { line: index + 1, why };
            let line = line.map_err(|error| wrong(error.to_string()))?;
            if line.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(&line)
                .map_err(|error| wrong(format!("{error}; expected {{\"tenant\":…,\"verdict\":\"harvest|calm\"}}")))?;
            let before = review.verdicts.insert(line.tenant.clone(), line.verdict);
            if before.is_some_and(|before| before != line.verdict) {
                return Err(wrong(format!("`{}` was judged otherwise above", line.tenant)));
            }
        }
        Ok(review)
    }

    pub(crate) fn is_harvest(&self, tenant: &str) -> bool {
        self.verdicts.get(tenant) == Some(&Verdict::Harvest)
    }

    pub(super) fn is_calm(&self, tenant: &str) -> bool {
        self.verdicts.get(tenant) == Some(&Verdict::Calm)
    }

    /// Confirmed harvesters, and tenants found calm.
    pub(super) fn counts(&self) -> (usize, usize) {
        let harvest = self.verdicts.values().filter(|verdict| **verdict == Verdict::Harvest).count();
        (harvest, self.verdicts.len() - harvest)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn verdicts_are_read_from_lines_of_suspects() {
        let text =
            "{\"tenant\":\"a\",\"evidence\":7.1,\"verdict\":\"harvest\"}\n\n{\"tenant\":\"b\",\"verdict\":\"calm\"}";
        let review = Review::read(text.as_bytes()).unwrap();
        assert!(review.is_harvest("a") && review.is_calm("b") && !review.is_calm("c"));
        assert_eq!(review.counts(), (1, 1));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let wrong = |text: &str| Review::read(text.as_bytes()).unwrap_err().to_string();
        assert!(
            wrong("{\"tenant\":\"a\",\"verdict\":\"guilty\"}").starts_with("review, line 1: unknown variant `guilty`")
        );
        assert!(wrong("{\"tenant\":\"a\"}").contains("missing field `verdict`"));
        let twice = "{\"tenant\":\"a\",\"verdict\":\"calm\"}\n{\"tenant\":\"a\",\"verdict\":\"harvest\"}";
        assert_eq!(wrong(twice), "review, line 2: `a` was judged otherwise above");
    }
}
