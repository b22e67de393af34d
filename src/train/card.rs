//! The card of a model: what it is, what it was trained on, how it does and where it ends.

use std::collections::BTreeMap;
use std::path::Path;

use super::TrainSpec;
use super::trial::{Group, Trial};
use super::worth::{Found, Worth};
use super::write::Results;
use crate::model::Model;
use crate::model::artifact::Body;

/// The card's text.
pub(super) fn describe(spec: &TrainSpec, body: &Body, results: &Results<'_>, model: &Model, file: &Path) -> String {
    let trial = results.trial;
    let origin = &body.origin;
    let mut card = format!(
        "# Model `{name}`\n\n\
         {what}\n\n\
         - Artefact: `{file}`, sha256 of its body `{sha256}`, feature table `{table}`\n\
         - Data: {source}; sha256 of what was seen `{data}`\n\
         - Fitted to {fitted} calm tenants and {taught} attackers; calibrated on {held} other calm tenants \
         ({months:.4} tenant-months) and {attackers} other attackers\n\
         - {trees} trees of {nodes} nodes; components {components} calm and {harvest} harvest; seed {seed}, threshold {threshold} for a budget of {budget} false findings \
         per 1,000 tenant-months in the worst quarter of the logs\n\n",
        what = what(body),
        name = body.name,
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
        trees = model.parts().0.map_or(0, |(trees, _)| trees),
        nodes = model.parts().0.map_or(0, |(_, nodes)| nodes),
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
    by_kind(&mut card, trial, Group::Attack);
    by_kind(&mut card, trial, Group::Holding);
    by_kind(&mut card, trial, Group::Twin);
    let [small, middle, large] = trial.by_volume(Group::Holding);
    row(
        &mut card,
        format_args!(
            "\nCalm tenants held back with a finding, by thirds of their volume: {small} of the smallest, {middle}, \
             {large} of the largest."
        ),
    );
    if let Some(worth) = results.worth {
        by_model(&mut card, worth);
    }
    card.push_str(
        "\n## Limits\n\n\
         - The tenants held back set the threshold, so their own count of findings is what the budget allows, not a test. \
         Those fitted to did not set it, but were fitted to.\n\
         - A model knows the habits it was shown: a calm habit that training lacked may look like harvest, and a \
         harvest that keeps to calm habits is not seen.\n\
         - Simulated text is not real text. Few tenant-months leave a wide interval around any rate.\n",
    );
    card
}

fn what(body: &Body) -> String {
    let width = body.features.len();
    if body.boosted.is_none() {
        return format!(
            "Gaussian mixture of calm units (tenants and their workloads) over {width} window features, fitted by \
             `stillwatch train`. Evidence gathers how odd a unit is among them."
        );
    }
    let line = if body.logistic.is_some() { "a logistic line and " } else { "" };
    format!(
        "Boosted trees over {width} window features of units (tenants and their workloads), fitted by `stillwatch \
         train`, a forest for each age of a unit. A window's evidence is the negative logarithm of the share of calm \
         tenants who ever look as much like harvest at as many exchanges, less what a young unit pays. Beside them, as second opinions, {line}Gaussian mixtures of calm and of \
         harvesting units."
    )
}

fn by_kind(card: &mut String, trial: &Trial, group: Group) {
    let head = "tenants | with a finding | median exchanges at it |\n|---|---|---|---|";
    let kinds = trial.by_kind(group);
    match group {
        Group::Attack => {
            row(card, format_args!("\n## Attackers by family and share of harvest\n\n| family | share | {head}---|"));
        }
        // logs of one's own have none
        Group::Twin if kinds.is_empty() => return,
        Group::Twin => row(
            card,
            format_args!(
                "\n## Attackers' innocent twins held back\n\nMade to be like an attacker in all but one habit: they set no \
                 threshold.\n\n| class | {head}"
            ),
        ),
        _ => row(card, format_args!("\n## Calm tenants held back, by class\n\n| class | {head}")),
    }
    for ((kind, percent), (all, found, median)) in kinds {
        let median = if found > 0 { median.to_string() } else { "-".into() };
        let share = if group == Group::Attack { format!(" {percent} % |") } else { String::new() };
        row(card, format_args!("| {kind} |{share} {all} | {found} | {median} |"));
    }
}

/// The same tenants, judged on their windows by each part.
fn by_model(card: &mut String, worth: &Worth) {
    card.push_str(
        "\n## What each part is worth\n\n\
         The attackers held back, judged on the windows of the survey at the same budget: pure ones found of all, then \
         those that harvest in part. *Left out*: trees that were trained without the family and its kin, those of the same first word. *Logistic*: the line; \
         *densities*: the ratio of the mixtures; both saw the family. *Both*: the mean of the scores of trees and \
         densities. Each is related to calm windows of the same count.\n\n\
         | family | trees | left out | logistic | densities | both |\n|---|---|---|---|---|---|\n",
    );
    let cell = |found: Option<&Found>| {
        found.map_or_else(
            || "-".into(),
            |found| format!("{}/{}, {}/{}", found.pure.0, found.pure.1, found.part.0, found.part.1),
        )
    };
    let columns = [&worth.trees, &worth.left_out, &worth.logistic, &worth.densities, &worth.both];
    for family in worth.trees.keys() {
        row(card, format_args!("| {family} | {} |", columns.map(|column| cell(column.get(family))).join(" | ")));
    }
    let total = |column: &BTreeMap<String, Found>| (!column.is_empty()).then(|| Found::total(column.values()));
    row(card, format_args!("| all | {} |", columns.map(|column| cell(total(column).as_ref())).join(" | ")));
    if !worth.further.is_empty() {
        card.push_str(
            "\n## What further models would add\n\n\
             The same attackers at the same budget, by models that are not part of the artefact: of calm windows alone, what \
             principal components leave over, a one-class support vector machine and an isolation forest; the mean of what a \
             line through single exchanges says; and a stack, the line through what all parts say, fitted on one half of the \
             tenants held back and judged on the other.\n\n\
             | model | found |\n|---|---|\n",
        );
        row(card, format_args!("| trees, in use | {} |", cell(total(&worth.trees).as_ref())));
        for (name, found) in &worth.further {
            row(card, format_args!("| {name} | {} |", cell(Some(found))));
        }
    }
    if !worth.without.is_empty() {
        card.push_str(
            "\n## What each group of features is worth\n\n\
             The same attackers, judged by trees that were not shown a group at the same budget. A group that adds \
             nothing may still stand in for another.\n\n| without | found |\n|---|---|\n",
        );
        row(card, format_args!("| nothing | {} |", cell(total(&worth.trees).as_ref())));
        for (group, found) in &worth.without {
            row(card, format_args!("| {} | {} |", format!("{group:?}").to_lowercase(), cell(Some(found))));
        }
    }
}

fn row(card: &mut String, line: std::fmt::Arguments<'_>) {
    card.push_str(&line.to_string());
    card.push('\n');
}
