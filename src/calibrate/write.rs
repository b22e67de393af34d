//! What a calibration leaves: the model, its card, the suspects and the outcome in figures.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{CalibrateError, CalibrateSpec, Correction, Outcome, Suspect, card};
use crate::model::Model;
use crate::model::artifact::encode;
use crate::record::time::format_rfc3339;
use crate::train::rounded;
use crate::train::write::replace;

/// Files of a calibration.
#[derive(Clone, Debug)]
pub struct Written {
    /// The model, for `run -c` and `replay --model`.
    pub model: PathBuf,
    /// Its card.
    pub card: PathBuf,
    /// What is usual in slots: belongs beside the model.
    pub slots: PathBuf,
    /// The suspects, one JSON object a line, to which a reviewer adds a verdict.
    pub suspects: PathBuf,
    /// Thresholds, recall and what they rest on, as JSON.
    pub figures: PathBuf,
    /// Identity of the model.
    pub sha256: String,
}

pub(super) fn write(spec: &CalibrateSpec, outcome: &Outcome) -> Result<Written, CalibrateError> {
    let unwritable = |file: &Path, source| CalibrateError::Unwritable { file: file.to_path_buf(), source };
    std::fs::create_dir_all(&spec.out).map_err(|source| unwritable(&spec.out, source))?;
    let file = |name: &str| spec.out.join(name);
    let save = |file: &Path, bytes: &[u8]| replace(file, bytes).map_err(|source| unwritable(file, source));
    let written = Written {
        model: file(&format!("{}.json", spec.name)),
        card: file(&format!("{}.card.md", spec.name)),
        slots: file(&format!("{}.slots", spec.name)),
        suspects: file("suspects.jsonl"),
        figures: file("calibration.json"),
        sha256: String::new(),
    };
    let bytes = encode(&outcome.body).map_err(|error| unwritable(&written.model, error.into()))?;
    // checked as a reader would before anybody can load it
    let sha256 = Model::from_bytes(&spec.name, &bytes)?.sha256_hex();
    match &spec.slots {
        Some(slots) => save(&written.slots, &slots.encode())?,
        // those of a calibration before this one would not be accepted
        None if written.slots.exists() => {
            std::fs::remove_file(&written.slots).map_err(|source| unwritable(&written.slots, source))?;
        }
        None => {}
    }
    save(&written.model, &bytes)?;
    save(&written.card, card::describe(spec, outcome, &sha256).as_bytes())?;
    let line = |suspect: &Suspect| {
        let line = json!({ "tenant": suspect.tenant, "evidence": suspect.evidence, "reasons": suspect.reasons });
        format!("{line}\n")
    };
    let suspects: String = outcome.suspects.iter().map(line).collect();
    save(&written.suspects, suspects.as_bytes())?;
    save(&written.figures, format!("{:#}\n", figures(spec, outcome, &sha256)).as_bytes())?;
    Ok(Written { sha256, ..written })
}

/// The outcome for machines.
pub fn figures(spec: &CalibrateSpec, outcome: &Outcome, sha256: &str) -> serde_json::Value {
    let recall =
        |row: &super::Recall| json!({ "kind": row.kind, "percent": row.percent, "made": row.made, "found": row.found });
    let week = |week: &super::Week| {
        json!({
            "begins": format_rfc3339(week.begins),
            "tenants": week.tenants,
            "tenant_months": rounded(week.months),
            "passing": week.passing,
            "high": week.high,
            "threshold": week.thresholds.map(|of| {
                json!({ "guaranteed": rounded(of.guaranteed), "modelled": rounded(of.modelled) })
            }),
        })
    };
    json!({
        "model": spec.name,
        "sha256": sha256,
        "budget": spec.budget,
        "adapted": spec.correction != Correction::None,
        "spike_ins_teach": spec.correction == Correction::CalmAndSpikes,
        "tenants": outcome.tenants,
        "tenant_months": outcome.body.origin.tenant_months,
        "needed": { "average": outcome.needed.average, "confident": outcome.needed.confident },
        "threshold": {
            "in_use": if spec.modelled { "modelled" } else { "guaranteed" },
            "of": if outcome.weeks.in_use().is_some() { "the most severe week" } else { "the whole history" },
            "guaranteed": rounded(outcome.thresholds.guaranteed),
            "modelled": rounded(outcome.thresholds.modelled),
            "used": outcome.body.threshold,
        },
        "slots": outcome.body.slots,
        "days_missing": outcome.days.missing(),
        "weeks_differ": outcome.weeks.beyond.is_some(),
        "weeks": outcome.weeks.all.iter().map(week).collect::<Vec<_>>(),
        "reviewed": { "harvest": outcome.reviewed.0, "calm": outcome.reviewed.1 },
        "suspects": outcome.suspects.len(),
        "recall": outcome.recall.iter().map(recall).collect::<Vec<_>>(),
    })
}
