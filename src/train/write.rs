//! The artefact and its card, each written whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::trial::{Group, Trial};
use super::{TrainError, TrainSpec};
use crate::model::Model;
use crate::model::artifact::{Body, encode};

pub(super) struct Written {
    pub(super) file: PathBuf,
    pub(super) card: PathBuf,
    pub(super) sha256: String,
}

/// Writes both files; the artefact is checked as a reader would before it gets its name.
pub(super) fn write(spec: &TrainSpec, body: &Body, trial: &Trial) -> Result<Written, TrainError> {
    let file = spec.out.clone();
    let card = file.with_extension("card.md");
    let unwritable = |file: &Path, source| TrainError::Unwritable { file: file.to_path_buf(), source };
    let bytes = encode(body).map_err(|error| unwritable(&file, error.into()))?;
    let model = Model::from_bytes(&spec.name, &bytes)?;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|source| unwritable(folder, source))?;
    }
    replace(&file, &bytes).map_err(|source| unwritable(&file, source))?;
    let text = describe(spec, body, trial, &model, &file);
    replace(&card, text.as_bytes()).map_err(|source| unwritable(&card, source))?;
    Ok(Written { file, card, sha256: model.sha256_hex() })
}

/// Writes beside, then renames: a full disk leaves the old file as it was.
fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let written = std::fs::File::create(&part).and_then(|mut open| {
        open.write_all(bytes)?;
        open.sync_all()
    });
    let done = written.and_then(|()| std::fs::rename(&part, file));
    if done.is_err() {
        // the first error is the one to tell; what is left of the part is worthless
        drop(std::fs::remove_file(&part));
    }
    done
}

fn describe(spec: &TrainSpec, body: &Body, trial: &Trial, model: &Model, file: &Path) -> String {
    let origin = &body.origin;
    let mut card = format!(
        "# Model `{name}`\n\n\
         Gaussian mixtures over {width} window features, fitted by `stillwatch train`: one of calm units (tenants \
         and their workloads), one of harvesting units where the labels had enough of them. Evidence gathers \
         their ratio over time.\n\n\
         - Artefact: `{file}`, sha256 of its body `{sha256}`, feature table `{table}`\n\
         - Data: {source}; sha256 of what was seen `{data}`\n\
         - Fitted to {fitted} calm tenants and {taught} attackers; calibrated on {held} other calm tenants \
         ({months:.4} tenant-months) and {attackers} other attackers\n\
         - Components {components} calm and {harvest} harvest, seed {seed}, threshold {threshold} for a budget of {budget} false findings \
         per 1,000 tenant-months on this data\n\n",
        name = body.name,
        width = body.features.len(),
        file = file.file_name().unwrap_or_default().to_string_lossy(),
        sha256 = model.sha256_hex(),
        table = body.feature_table_hash,
        source = spec.source,
        data = origin.data,
        fitted = origin.fitted,
        taught = origin.taught,
        harvest = body.harvest.as_ref().map_or(0, |mixture| mixture.weights.len()),
        held = body.calm_tenants,
        months = origin.tenant_months,
        attackers = origin.attackers,
        components = body.mixture.weights.len(),
        seed = origin.seed,
        threshold = body.threshold,
        budget = origin.budget,
    );
    card.push_str(
        "## For and not for\n\n\
         For: raising findings from logs of a provider who has not calibrated yet, for demonstrations and tests.\n\
         Not for: a promise about false findings. The threshold is **uncalibrated** for any operator's own traffic; \
         no budget is printed in findings until it is fitted to the operator's calm history.\n\n\
         ## Figures of the training run\n\n| figure | value |\n|---|---|\n",
    );
    for (name, value) in &origin.metrics {
        row(&mut card, format_args!("| {} | {value} |", name.replace('_', " ")));
    }
    for (title, group) in [("Attackers by family", Group::Attack), ("Calm tenants held back, by class", Group::Holding)]
    {
        row(
            &mut card,
            format_args!(
                "\n## {title}\n\n| kind | tenants | with a finding | median exchanges at it |\n|---|---|---|---|"
            ),
        );
        for (kind, (all, found, median)) in trial.by_kind(group) {
            let median = if found > 0 { median.to_string() } else { "-".into() };
            row(&mut card, format_args!("| {kind} | {all} | {found} | {median} |"));
        }
    }
    card.push_str(
        "\n## Limits\n\n\
         - The tenants held back set the threshold, so their own count of findings is what the budget allows, not a test. \
         The fitted half did not set it, but was fitted to.\n\
         - Densities know the habits they were shown: a calm habit that training lacked may look like harvest, and a \
         harvest that keeps to calm habits is not seen.\n\
         - Simulated text is not real text. Few tenant-months leave a wide interval around any rate.\n",
    );
    card
}

fn row(card: &mut String, line: std::fmt::Arguments<'_>) {
    card.push_str(&line.to_string());
    card.push('\n');
}
