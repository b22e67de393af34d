//! Replay of a file ÷ `serde_json` parse of the same file, both on one thread.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};

use serde_json::json;
use stillwatch::replay::{Spec, replay};

use crate::core::{fold, pool};
use crate::corpus::{Corpus, PARTITIONS};
use crate::floors;
use crate::measure::{Cost, cost, hide, median};
use crate::table::{Bound, Table};

/// Measures it, in CPU time.
pub fn against_parse(corpus: &Corpus, rounds: usize, table: &mut Table) {
    let dir = tempfile::tempdir().expect("temp dir");
    let input = dir.path().join("log.jsonl");
    write(corpus.lines().iter().map(|line| line.payload.as_slice()), &input);
    let (core, one) = (fold(PARTITIONS), pool(1));
    let spec = Spec {
        inputs: vec![input.clone()],
        findings: Some(dir.path().join("findings.jsonl")),
        topic: "llm.exchanges".into(),
        partitions: PARTITIONS,
        ..Spec::default()
    };
    let mut raw: Vec<[Cost; 2]> = Vec::new();
    let mut findings = [0; 3];
    for round in 0..=rounds {
        let costs = one.install(|| {
            let (parse, ()) = cost(|| {
                let mut reader = BufReader::with_capacity(256 << 10, File::open(&input).expect("the log"));
                let mut line = Vec::new();
                while reader.read_until(b'\n', &mut line).expect("the log") > 0 {
                    hide(floors::decode(&line));
                    line.clear();
                }
            });
            let (ours, summary) = cost(|| replay(&spec, &core, &mut |_, _| {}, &mut |_| {}).expect("replay"));
            assert_eq!(summary.counts.accepted as usize, corpus.len(), "all records count");
            findings = summary.findings;
            [parse, ours]
        });
        if round > 0 {
            raw.push(costs);
        }
    }
    let speed = |side: usize| corpus.len() as f64 / median(raw.iter().map(|costs| costs[side].cpu));
    table.row(
        "replay ÷ serde_json parse of the same file",
        median(raw.iter().map(|[parse, ours]| parse.cpu / ours.cpu)),
        Bound::AtLeast(0.33, 0.45),
        &format!("{:.0} against {:.0} records/s; {} finding events", speed(1), speed(0), findings.iter().sum::<u64>()),
        &json!({"sides": ["parse", "replay"], "rounds": raw, "findings": findings}),
    );
}

/// Writes lines to a file.
pub fn write<'a>(lines: impl Iterator<Item = &'a [u8]>, path: &std::path::Path) {
    let mut file = std::io::BufWriter::new(File::create(path).expect("a log in the temp dir"));
    for line in lines {
        file.write_all(line).and_then(|()| file.write_all(b"\n")).expect("room for the log");
    }
    file.flush().expect("room for the log");
}
