//! `stillwatch model show`: what is in a model file, or in the binary.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Failure, stdout};
use crate::model::Model;

/// Arguments of `model`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch model show                 the model inside the binary
  stillwatch model show my.swm --json")]
pub struct ModelArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ModelCommand,
}

/// What to do with a model.
#[derive(Clone, Debug, Subcommand)]
pub enum ModelCommand {
    /// Print name, checksum and feature table of a model.
    #[command(after_help = "\
Examples:
  stillwatch model show
  stillwatch model show models/trees-1.json")]
    Show {
        /// Model file; without it, the model inside the binary.
        #[arg(value_name = "FILE")]
        path: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub fn run(args: &ModelArgs) -> Result<(), Failure> {
    let ModelCommand::Show { path, json } = &args.command;
    let model = match path {
        Some(path) => Model::load(path)?,
        None => Model::embedded()?,
    };
    let from = path.as_ref().map_or_else(|| "inside the binary".to_owned(), |path| path.display().to_string());
    let table = hex(&model.feature_table_hash());
    if *json {
        let sha256 = model.sha256_hex();
        return stdout::json(&json!({ "name": model.name(), "sha256": sha256, "feature_table": table, "from": from }));
    }
    stdout::line(&format!("name           {}", model.name()))?;
    stdout::line(&format!("sha256         {}", model.sha256_hex()))?;
    stdout::line(&format!("feature table  {table}"))?;
    stdout::line(&format!("from           {from}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |out, byte| out + &format!("{byte:02x}"))
}
