//! `stillwatch model list` and `verify`: which artefacts there are, and whether they are whole.
//!
//! An artefact is told by its first bytes, not by its name: a model, the rows it was taught with, a set of benchmark
//! questions, an embedding. What is none of them is passed over by `list` and refused by `verify`.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Failure, stdout};
use crate::model::{Model, rows};
use crate::trace::benchmarks::{self, Benchmarks};
use crate::trace::embed::{self, Table};
use crate::trace::slots::{self, Slots};
use crate::units::hex;

/// The largest of any kind: tables of slots.
const MOST_BYTES: u64 = 128 << 20;

/// Arguments of `model list`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch model list                   those inside the binary
  stillwatch model list calibrated/ --json

One line per artefact; what cannot be used is listed with why. Other files are passed over.")]
pub struct ListArgs {
    /// Folders to look into as well.
    #[arg(value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `model verify`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch model verify models/trees-1.json
  stillwatch model verify calibrated/*.json --json

Checks header, length, checksum, feature table and every number; of a model also the rows and the card beside it,
where there are any. Stops at the first that cannot be used, says why, and exits 3.")]
pub struct VerifyArgs {
    /// Models, rows, sets of benchmark questions, embeddings, tables of slots.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// What the first bytes say that a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Model,
    Rows,
    Benchmarks,
    Embedding,
    Slots,
}

/// What is known of a whole artefact.
#[derive(Clone, Debug)]
struct Known {
    name: String,
    /// A model by what judges: `trees` or `density`.
    kind: &'static str,
    sha256: String,
    feature_table: Option<String>,
    /// Of a model: threshold and promise; of the others: how much they hold.
    says: String,
    model: Option<Value>,
}

/// Does `list`.
pub fn list(args: &ListArgs) -> Result<(), Failure> {
    let mut lines = vec!["name          kind        sha256        table         bytes     says".to_owned()];
    let mut values = Vec::new();
    let mut add = |name: &str, kind: Kind, bytes: &[u8], from: &str| {
        let known = kind.check(name, bytes);
        values.push(value(name, kind, bytes.len(), from, &known));
        lines.push(line(name, kind, bytes.len(), from, &known));
    };
    for (name, bytes) in built_in() {
        if let Some(kind) = Kind::of(&bytes) {
            add(name, kind, &bytes, "inside the binary");
        }
    }
    for folder in &args.folders {
        let failed = |error| Failure::Usage(format!("cannot list {}: {error}", folder.display()));
        let entries = std::fs::read_dir(folder).map_err(failed)?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.is_file()) {
            let bytes = read(path)?;
            if let Some(kind) = Kind::of(&bytes) {
                add(&stem(path), kind, &bytes, &path.display().to_string());
            }
        }
    }
    if args.json { values.iter().try_for_each(stdout::json) } else { lines.iter().try_for_each(|l| stdout::line(l)) }
}

/// Does `verify`.
pub fn verify(args: &VerifyArgs) -> Result<(), Failure> {
    for path in &args.files {
        let shown = path.display().to_string();
        let bytes = read(path)?;
        let kind = Kind::of(&bytes).ok_or_else(|| {
            Failure::Model(format!(
                "{shown} is no model, rows of one, set of benchmark questions, embedding or table of slots"
            ))
        })?;
        let known = kind.check(&shown, &bytes).map_err(Failure::Model)?;
        let beside = if kind == Kind::Model { companions(path, &known)? } else { Vec::new() };
        if args.json {
            let mut value = value(&known.name, kind, bytes.len(), &shown, &Ok(known.clone()));
            value["beside"] = json!(beside);
            stdout::json(&value)?;
        } else {
            stdout::line(&format!(
                "ok {shown}: {} {}, sha256 {}, {}",
                known.kind, known.name, known.sha256, known.says
            ))?;
            beside.iter().try_for_each(|file| stdout::line(&format!("ok {file}")))?;
        }
    }
    Ok(())
}

/// Checks what stands beside a model: rows of its feature table, and a card that speaks of it. Their names.
fn companions(model: &Path, known: &Known) -> Result<Vec<String>, Failure> {
    let mut beside = Vec::new();
    let file = model.with_extension("rows");
    if file.exists() {
        rows::decode(&file.display().to_string(), &read(&file)?)?;
        beside.push(file.display().to_string());
    }
    let card = model.with_extension("card.md");
    if card.exists() {
        let shown = card.display().to_string();
        if !String::from_utf8_lossy(&read(&card)?).contains(&known.sha256) {
            let sha256 = &known.sha256;
            return Err(Failure::Model(format!(
                "{shown} is the card of another model: it does not name sha256 {sha256}"
            )));
        }
        beside.push(shown);
    }
    Ok(beside)
}

impl Kind {
    fn of(bytes: &[u8]) -> Option<Kind> {
        let kinds: [(&[u8], Kind); 5] = [
            (b"{\"stillwatch_model\":", Kind::Model),
            (b"{\"stillwatch_rows\":", Kind::Rows),
            (benchmarks::MAGIC, Kind::Benchmarks),
            (embed::MAGIC, Kind::Embedding),
            (slots::MAGIC, Kind::Slots),
        ];
        kinds.into_iter().find(|(begin, _)| bytes.starts_with(begin)).map(|(_, kind)| kind)
    }

    fn label(self) -> &'static str {
        match self {
            Kind::Model => "model",
            Kind::Rows => "rows",
            Kind::Benchmarks => "benchmarks",
            Kind::Embedding => "embedding",
            Kind::Slots => "slots",
        }
    }

    /// Everything that a reader of the file checks; an error is a message that names the file.
    fn check(self, name: &str, bytes: &[u8]) -> Result<Known, String> {
        let plain = |sha256: &[u8], says: String| Known {
            name: name.to_owned(),
            kind: self.label(),
            sha256: hex(sha256),
            feature_table: None,
            says,
            model: None,
        };
        match self {
            Kind::Model => Model::from_bytes(name, bytes).map(|model| of_model(&model)).map_err(|e| e.to_string()),
            Kind::Rows => {
                let taught = rows::decode(name, bytes).map_err(|error| error.to_string())?;
                let rest = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes, |end| &bytes[end + 1..]);
                let harvest = taught.iter().filter(|row| row.harvest).count();
                let says = format!("{} rows, {harvest} of harvest", taught.len());
                let feature_table = Some(hex(&crate::feature::table_hash()));
                Ok(Known { feature_table, ..plain(&Sha256::digest(rest), says) })
            }
            Kind::Benchmarks => {
                let set = Benchmarks::decode(bytes).map_err(|error| format!("{name}: {error}"))?;
                let (questions, grams) = set.size();
                Ok(plain(&set.sha256(), format!("{questions} questions, {grams} grams")))
            }
            Kind::Slots => {
                let slots = Slots::decode(bytes).map_err(|error| format!("{name}: {error}"))?;
                Ok(plain(&slots.sha256(), format!("{} groups, beside the words of all slots", slots.groups())))
            }
            Kind::Embedding => {
                Table::decode(bytes).map_err(|error| format!("{name}: {error}"))?;
                let sum = bytes.last_chunk::<32>().map_or(&[][..], |sum| sum);
                let shipped = if *sum == Table::checksum() { "the one in use" } else { "needs a build of its own" };
                Ok(plain(sum, shipped.to_owned()))
            }
        }
    }
}

fn of_model(model: &Model) -> Known {
    let (trees, (calm, harvest)) = model.parts();
    Known {
        name: model.name().to_owned(),
        kind: if trees.is_some() { "trees" } else { "density" },
        sha256: model.sha256_hex(),
        feature_table: Some(hex(&model.feature_table_hash())),
        says: format!("threshold {}, {}", model.threshold(), model.promise()),
        model: Some(json!({
            "trees": trees.map_or(0, |(trees, _)| trees), "calm_components": calm, "harvest_components": harvest,
            "logistic": model.has_line(), "drift": model.calm_bins().is_some(), "threshold": model.threshold(),
            "calibrated": model.calibrated(), "budget": model.budget(),
        })),
    }
}

fn value(name: &str, kind: Kind, bytes: usize, from: &str, known: &Result<Known, String>) -> Value {
    let mut value = json!({ "name": name, "kind": kind.label(), "bytes": bytes, "from": from, "ok": known.is_ok() });
    match known {
        Err(why) => value["why"] = json!(why),
        Ok(known) => {
            value["name"] = json!(known.name);
            value["kind"] = json!(known.kind);
            value["sha256"] = json!(known.sha256);
            value["feature_table"] = json!(known.feature_table);
            value["says"] = json!(known.says);
            value["model"] = json!(known.model);
        }
    }
    value
}

/// Checksums are cut to twelve digits, which tell artefacts apart to a reader; `--json` has all.
fn line(name: &str, kind: Kind, bytes: usize, from: &str, known: &Result<Known, String>) -> String {
    let short = |sum: &str| sum.chars().take(12).collect::<String>();
    match known {
        Err(why) => format!("{name:<13} {:<11} {:<12}  {:<12}  {bytes:>8}  unusable: {why}", kind.label(), "-", "-"),
        Ok(known) => {
            let table = known.feature_table.as_deref().map_or_else(|| "-".to_owned(), short);
            let (name, kind, sha256, says) = (&known.name, known.kind, short(&known.sha256), &known.says);
            format!("{name:<13} {kind:<11} {sha256:<12}  {table:<12}  {bytes:>8}  {says}; {from}")
        }
    }
}

fn built_in() -> [(&'static str, Vec<u8>); 4] {
    let [model, rows] = Model::built_in();
    [
        (model.0, model.1.to_vec()),
        (rows.0, rows.1.to_vec()),
        ("benchmarks-1", Benchmarks::built_in().encode()),
        ("embedding-1", Table::shipped().encode()),
    ]
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// At most as much as the largest artefact may have; more fails its check.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::Model(format!("{} cannot be read: {error}", path.display()));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
