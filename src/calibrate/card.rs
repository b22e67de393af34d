//! The card of a calibrated model.

use super::{CalibrateSpec, Correction, Outcome};

/// The card's text.
pub(super) fn describe(spec: &CalibrateSpec, outcome: &Outcome, sha256: &str) -> String {
    let mut card = format!(
        "# Model `{name}`\n\n\
         {trees} What is usual, and the threshold, are those of the operator's history.\n\n\
         - sha256 of the artefact's body `{sha256}`\n\
         - History: {source}; {tenants} tenants over {months:.1} tenant-months; sha256 of what was seen `{data}`\n\
         - Budget: {budget} false findings per 1,000 tenant-months. It needs {average} tenant-months on average, \
         {confident} to hold with 95 % confidence{short}\n\
         - Threshold in use: {used}, {threshold:.3}. Of the whole history: guaranteed {guaranteed:.3}, modelled {modelled:.3}\n\
         - Days: {days}\n\
         - Weeks: {weeks}\n\
         - Suspects: {suspects} (suspects.jsonl), none of them a counter-example in training; removed by review: {harvest}, found calm: {calm}\n\
         - Every tenant was judged by a model that did not learn from it, over {folds} folds; the final model is fitted \
         to all of them, so the threshold is approximate for it\n\n\
         ## Recall on spike-ins made of the operator's own prompts\n\n\
         | made as | percent of its tenant | made | found |\n|---|---|---|---|\n",
        name = spec.name,
        trees = match spec.correction {
            Correction::CalmAndSpikes => {
                "Boosted trees as shipped, and some that correct them by the operator's calm history and by harvests of its own prompts."
            }
            Correction::Calm => "Boosted trees as shipped, and some that correct them by the operator's calm history.",
            Correction::None => "Boosted trees as shipped.",
        },
        source = spec.source,
        tenants = outcome.tenants,
        months = outcome.months,
        data = outcome.body.origin.data,
        budget = spec.budget,
        average = outcome.needed.average,
        confident = outcome.needed.confident,
        short = if outcome.months < outcome.needed.confident as f64 { ": this history is shorter" } else { "" },
        used = if spec.modelled { "modelled" } else { "guaranteed" },
        threshold = outcome.body.threshold,
        days = outcome.days.says(),
        weeks = outcome.weeks.says(spec.budget),
        guaranteed = outcome.thresholds.guaranteed,
        modelled = outcome.thresholds.modelled,
        suspects = outcome.suspects.len(),
        harvest = outcome.reviewed.0,
        calm = outcome.reviewed.1,
        folds = super::folds::FOLDS,
    );
    card.extend(outcome.recall.iter().map(|row| {
        let kind = row.kind.replace('_', " ");
        format!("| {kind} | {} % | {} | {} |\n", row.percent, row.made, row.found)
    }));
    if !outcome.weeks.all.is_empty() {
        card.push_str(
            "\n## By week\n\n| from | tenants | tenant-months | in the highest tenth | pass the whole history's threshold | guaranteed | \
             modelled |\n|---|---|---|---|---|---|---|\n",
        );
        card.extend(outcome.weeks.all.iter().map(|week| {
            let begins = crate::record::time::format_rfc3339(week.begins);
            let of = week.thresholds.map_or_else(
                || "too little | too little".to_owned(),
                |of| format!("{:.3} | {:.3}", of.guaranteed, of.modelled),
            );
            format!("| {begins} | {} | {:.1} | {} | {} | {of} |\n", week.tenants, week.months, week.high, week.passing)
        }));
    }
    card.push_str(
        "\n## Limits\n\n\
         - The promise is about tenants like those of the history. A release day, new products and new customers are not in it.\n\
         - A harvester in the history that nobody confirmed raises the guaranteed threshold to its own height.\n\
         - Spike-ins are made of prompts that innocent customers wrote; a harvest of other material may be found more or less often.\n",
    );
    card
}
