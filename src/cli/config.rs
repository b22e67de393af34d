//! `stillwatch config init|schema|show`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{Failure, stdout};
use crate::config::{self, TEMPLATE};

/// Arguments of `config`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch config init > stillwatch.toml
  stillwatch config schema > stillwatch.schema.json
  stillwatch config show -c stillwatch.toml")]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to do with a configuration.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write a commented configuration.
    #[command(after_help = "\
Examples:
  stillwatch config init                        to stdout
  stillwatch config init --out stillwatch.toml  to a file that does not exist yet")]
    Init {
        /// File to make; an existing one is never overwritten.
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print the JSON Schema, for editors.
    #[command(after_help = "\
Examples:
  stillwatch config schema > stillwatch.schema.json
  (first line of the TOML, for editors that know it)  #:schema ./stillwatch.schema.json")]
    Schema,
    /// Print the effective values: defaults, file, environment; secrets as ***.
    #[command(after_help = "\
Examples:
  stillwatch config show -c stillwatch.toml
  STILLWATCH__LOG__FILTER=debug stillwatch config show -c stillwatch.toml --json")]
    Show {
        /// Configuration file.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub fn run(args: &ConfigArgs) -> Result<(), Failure> {
    match &args.command {
        ConfigCommand::Init { out: None } => stdout::text(TEMPLATE),
        ConfigCommand::Init { out: Some(path) } => create(path),
        ConfigCommand::Schema => stdout::line(&format!("{:#}", config::schema::json_schema())),
        ConfigCommand::Show { config, json } => {
            let loaded = config::load(config)?;
            if *json { stdout::line(&format!("{:#}", loaded.redacted)) } else { stdout::text(&loaded.to_toml()) }
        }
    }
}

fn create(path: &Path) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    opened
        .and_then(|mut file| file.write_all(TEMPLATE.as_bytes()))
        .map_err(|error| Failure::Failed(format!("{} cannot be written: {error}", path.display())))
}
