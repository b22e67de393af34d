//! Whether the findings on the topic are those of `replay`: none lost, none repeated, byte for byte.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use crate::instance::Setup;
use crate::outputs::{Difference, committed, expected};

/// What a comparison with `replay` came to.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Finding events that `replay` makes of the same input, and dead letters.
    pub expected: usize,
    pub expected_dead_letters: usize,
    /// Those that a `read_committed` reader finds on the topics.
    pub committed: usize,
    pub committed_dead_letters: usize,
    /// Events of `replay` that are not there in the same bytes.
    pub lost: usize,
    /// Events that are there, and that `replay` does not make in these bytes or as often.
    pub extra: usize,
    /// Events whose id (the finding's uid and its revision) was there before.
    pub repeated: usize,
    /// The same two of dead letters.
    pub lost_dead_letters: usize,
    pub extra_dead_letters: usize,
    /// Of `replay`.
    pub summary: Value,
    #[serde(skip)]
    examples: Vec<String>,
}

impl Verdict {
    /// Replays the input topic and compares. All of the group's work must be committed.
    pub fn of(bootstrap: &str, setup: &Setup) -> Verdict {
        let (theirs, summary) = expected(bootstrap, setup);
        let ours = committed(bootstrap, setup);
        let findings = Difference::between(&ours.findings, &theirs.findings);
        let letters = Difference::between(&ours.dead_letters, &theirs.dead_letters);
        let mut ids = HashSet::new();
        let repeated = ours.findings.iter().filter(|line| !ids.insert(id(line))).count();
        let sides = [&findings.lost, &findings.extra, &letters.lost, &letters.extra];
        Verdict {
            expected: theirs.findings.len(),
            expected_dead_letters: theirs.dead_letters.len(),
            committed: ours.findings.len(),
            committed_dead_letters: ours.dead_letters.len(),
            lost: findings.lost.len(),
            extra: findings.extra.len(),
            repeated,
            lost_dead_letters: letters.lost.len(),
            extra_dead_letters: letters.extra.len(),
            summary,
            examples: sides.iter().filter_map(|side| side.first().cloned()).collect(),
        }
    }

    /// Nothing lost, nothing repeated, and there was something to lose.
    pub fn holds(&self) -> bool {
        let wrong = self.lost + self.extra + self.repeated + self.lost_dead_letters + self.extra_dead_letters;
        wrong == 0 && self.expected > 0
    }

    pub fn print(&self) {
        println!(
            "findings: {} expected, {} committed: {} lost, {} too many, {} repeated; dead letters: {} expected, {} committed: \
             {} lost, {} too many",
            self.expected,
            self.committed,
            self.lost,
            self.extra,
            self.repeated,
            self.expected_dead_letters,
            self.committed_dead_letters,
            self.lost_dead_letters,
            self.extra_dead_letters,
        );
        println!("replay: {}", self.summary);
        for line in &self.examples {
            println!("!! such as {line}");
        }
    }
}

/// The finding's uid and its revision.
fn id(line: &str) -> String {
    let finding: Value = serde_json::from_str(line).expect("a finding is JSON");
    finding["metadata"]["uid"].as_str().expect("an id").to_owned()
}
