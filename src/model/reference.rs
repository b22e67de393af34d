//! A model fitted by hand to a few rows, for tests of what stands around the model.

use super::Model;
use super::artifact::{Body, CalmRange, Mixture, Origin, STAGES, Stage, encode};
use super::calibration::stage;
use crate::evidence::{Params, Side};
use crate::feature::{Needs, Row, TABLE, WIDTH, table_hash};
use crate::units::hex;

/// A single Gaussian over rows with their exchange counts.
pub(crate) fn body(rows: &[(Row, u64)]) -> Body {
    let count = rows.len() as f64;
    let column = |feature: usize| rows.iter().map(move |(row, _)| row.values[feature]);
    let center: Vec<f64> = (0..WIDTH).map(|f| column(f).sum::<f64>() / count).collect();
    let scale: Vec<f64> = (0..WIDTH)
        .map(|f| (column(f).map(|v| (v - center[f]).powi(2)).sum::<f64>() / count).sqrt().max(0.05))
        .collect();
    let standard = |row: &Row, f: usize| (row.values[f] - center[f]) / scale[f];
    let mut covariance = Vec::new();
    for i in 0..WIDTH {
        for j in 0..=i {
            let sum: f64 = rows.iter().map(|(row, _)| standard(row, i) * standard(row, j)).sum();
            covariance.push(sum / count + if i == j { 0.2 } else { 0.0 });
        }
    }
    let sorted = |f: usize, q: f64| {
        let mut values: Vec<f64> = column(f).collect();
        values.sort_by(f64::total_cmp);
        values[(q * (values.len() - 1) as f64) as usize]
    };
    let quantile = |q: f64| (0..WIDTH).map(|f| sorted(f, q)).collect();
    let mut body = Body {
        name: "reference".into(),
        kind: "density".into(),
        feature_table_hash: hex(&table_hash()),
        features: TABLE.iter().map(|feature| feature.name.to_owned()).collect(),
        boosted: None,
        patterns: None,
        mixture: Mixture { weights: vec![1.0], means: vec![vec![0.0; WIDTH]], covariances: vec![covariance] },
        harvest: None,
        logistic: None,
        density_p99: None,
        calm: CalmRange { median: quantile(0.5), p01: quantile(0.01), p99: quantile(0.99) },
        calm_bins: None,
        center,
        scale,
        stages: vec![vec![Stage { median: 0.0, spread: 1.0 }; STAGES]; Needs::COMBINATIONS],
        score_quantiles: (0..100).map(|i| f64::from(i) / 50.0).collect(),
        evidence: Some(Params {
            calm: Side { mean: 0.15, between: 0.2, within: 0.3 },
            harvest: Side { mean: 1.2, between: 0.5, within: 0.3 },
            correlation: 0.9,
        }),
        threshold: 4.0,
        calm_maxima: (0..200).map(|i| f64::from(i) / 60.0).collect(),
        calm_tenants: 200,
        calibrated: false,
        slots: None,
        origin: Origin::default(),
    };
    let model = model(&body);
    for present in 0..Needs::COMBINATIONS as u8 {
        for at in 0..STAGES {
            let mut logs: Vec<f64> = rows
                .iter()
                .filter(|(_, exchanges)| stage(*exchanges) == at)
                .map(|(row, exchanges)| model.score_row(&Row { present, ..*row }, *exchanges).raw)
                .collect();
            logs.sort_by(f64::total_cmp);
            if !logs.is_empty() {
                let (median, low) = (logs[logs.len() / 2], logs[logs.len() / 10]);
                body.stages[usize::from(present)][at] = Stage { median, spread: (median - low).max(0.5) };
            }
        }
    }
    body
}

/// A model from a body, by way of its bytes.
#[expect(clippy::unwrap_used, reason = "tests")]
pub(crate) fn model(body: &Body) -> Model {
    Model::from_bytes("reference", &encode(body).unwrap()).unwrap()
}
