//! `stillwatch model`: what is in a model file, or in the binary; which artefacts there are; sets of questions.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::artefact::{self, ListArgs, VerifyArgs};
use super::benchmark::{self, BenchmarkArgs};
use super::{Failure, stdout};
use crate::model::Model;
use crate::units::hex;

/// Arguments of `model`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch model list calibrated/     the artefacts inside the binary and in a folder
  stillwatch model show                 the model inside the binary
  stillwatch model verify calibrated/*.json
  stillwatch model show my.swm --json
  stillwatch model benchmark questions.jsonl --out benchmarks.bin")]
pub struct ModelArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ModelCommand,
}

/// What to do with a model.
#[derive(Clone, Debug, Subcommand)]
pub enum ModelCommand {
    /// List the artefacts inside the binary, and those in folders.
    List(ListArgs),
    /// Check artefacts and what belongs to them.
    Verify(VerifyArgs),
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
    /// Build the set of known benchmark questions from files of them.
    Benchmark(BenchmarkArgs),
}

/// Does it.
pub fn run(args: &ModelArgs) -> Result<(), Failure> {
    match &args.command {
        ModelCommand::List(args) => artefact::list(args),
        ModelCommand::Verify(args) => artefact::verify(args),
        ModelCommand::Show { path, json } => show(path.as_deref(), *json),
        ModelCommand::Benchmark(args) => benchmark::run(args),
    }
}

fn show(path: Option<&Path>, json: bool) -> Result<(), Failure> {
    let model = match path {
        Some(path) => Model::load(path)?,
        None => Model::embedded()?,
    };
    let from = path.map_or_else(|| "inside the binary".to_owned(), |path| path.display().to_string());
    let table = hex(&model.feature_table_hash());
    let (trees, (calm, harvest)) = model.parts();
    if json {
        let judge = if trees.is_some() { "trees" } else { "density" };
        let (trees, nodes) = trees.unwrap_or_default();
        return stdout::json(&json!({
            "name": model.name(), "sha256": model.sha256_hex(), "feature_table": table, "from": from,
            "judge": judge, "trees": trees, "nodes": nodes, "calm_components": calm, "harvest_components": harvest,
            "logistic": model.has_line(), "drift": model.calm_bins().is_some(),
            "threshold": model.threshold(), "calibrated": model.calibrated(), "budget": model.budget(),
        }));
    }
    stdout::line(&format!("name           {}", model.name()))?;
    stdout::line(&format!("sha256         {}", model.sha256_hex()))?;
    stdout::line(&format!("feature table  {table}"))?;
    match trees {
        Some((trees, nodes)) => stdout::line(&format!("judge          {trees} boosted trees of {nodes} nodes"))?,
        None => stdout::line("judge          density")?,
    }
    stdout::line(&format!("densities      {calm} calm and {harvest} harvest components"))?;
    stdout::line(if model.has_line() {
        "logistic       a line through the features"
    } else {
        "logistic       none: trained without labelled harvesters, or by an older program"
    })?;
    stdout::line(if model.calm_bins().is_some() {
        "drift          told against its calm windows"
    } else {
        "drift          not told: by an older program, train or calibrate it anew"
    })?;
    stdout::line(&format!("threshold      {}, {}", model.threshold(), model.promise()))?;
    stdout::line(&format!("from           {from}"))
}
