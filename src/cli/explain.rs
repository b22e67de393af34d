//! `stillwatch explain`: one finding in words and numbers.

use std::io::Read;
use std::path::PathBuf;

use clap::Args;

use super::{Failure, stdout};
use crate::finding::explain::explain;

/// A finding is a few KB; more than this is something else.
const LARGEST: u64 = 1 << 20;

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch explain finding.json
  stillwatch replay day.jsonl --findings - | head -1 | stillwatch explain -")]
pub struct ExplainArgs {
    /// A file with one finding as JSON; `-` is stdin.
    #[arg(value_name = "FINDING")]
    pub finding: PathBuf,
}

/// Does it.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let name = args.finding.display();
    let unreadable = |error: std::io::Error| Failure::Usage(format!("cannot read {name}: {error}"));
    let mut bytes = Vec::new();
    if args.finding.as_os_str() == "-" {
        std::io::stdin().take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let file = std::fs::File::open(&args.finding).map_err(unreadable)?;
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::Usage(format!("{name} is larger than a finding can be (1 MiB); give one line of it")));
    }
    let text = explain(&bytes).map_err(|error| Failure::Usage(format!("{name}: {error}")))?;
    stdout::text(&text)
}
