#![expect(clippy::unwrap_used, reason = "tests")]
use super::artifact::{Body, encode};
use super::*;
use crate::feature::Needs;
use crate::tenant::stream::scatter;
use proptest::prelude::*;
use std::sync::LazyLock;

/// Rows around two clusters, from integers alone.
fn rows(count: u64) -> Vec<(Row, u64)> {
    let unit = |x: u64| (scatter(x) % 1_000_000) as f64 / 1e6;
    (0..count)
        .map(|i| {
            let mut values = [0.0; WIDTH];
            for (f, value) in values.iter_mut().enumerate() {
                let noise = unit(i * 101 + f as u64) + unit(i * 103 + f as u64 + 50);
                *value = 0.4 * noise + 0.3 * unit(i * 107) + if i % 2 == 0 { 0.5 } else { 0.0 };
            }
            (Row { values, present: 15 }, 8 + i % 300)
        })
        .collect()
}

static BODY: LazyLock<Body> = LazyLock::new(|| reference::body(&rows(500)));
static MODEL: LazyLock<Model> = LazyLock::new(|| reference::model(&BODY));

fn broken(change: impl FnOnce(&mut Body)) -> String {
    let mut body = BODY.clone();
    change(&mut body);
    Model::from_bytes("m", &encode(&body).unwrap()).unwrap_err().to_string()
}

#[test]
fn the_embedded_model_loads() {
    let model = Model::embedded().unwrap();
    assert_eq!(model.name(), "trees-1");
    assert_eq!(model.sha256_hex().len(), 64);
    assert!(!model.calibrated());
}

#[test]
fn a_row_has_the_same_bits_in_any_order_and_for_ever() {
    let rows = rows(64);
    let alone: Vec<Scored> = rows.iter().map(|(row, n)| MODEL.score_row(row, *n)).collect();
    for (i, (row, n)) in rows.iter().enumerate().rev() {
        let again = MODEL.score_row(row, *n);
        assert_eq!(again.raw.to_bits(), alone[i].raw.to_bits());
        assert_eq!(again, alone[i]);
    }
    let mut bits = 0u64;
    for scored in &alone {
        bits = bits.rotate_left(7) ^ scored.raw.to_bits() ^ u64::from(scored.score.to_bits());
    }
    assert_eq!(bits, GOLDEN, "{bits:#x}");
}

const GOLDEN: u64 = 0xfb11_817d_750b_7827;

#[test]
fn one_component_is_the_textbook_gaussian() {
    let mut body = BODY.clone();
    body.center = vec![0.0; WIDTH];
    body.scale = vec![1.0; WIDTH];
    let mut identity = Vec::new();
    for i in 0..WIDTH {
        identity.extend((0..=i).map(|j| if i == j { 4.0 } else { 0.0 }));
    }
    body.mixture.covariances = vec![identity];
    let model = reference::model(&body);
    let row = Row { values: [1.0; WIDTH], present: Needs::COMBINATIONS as u8 - 1 };
    let expect = -(WIDTH as f64) * (0.5 * (std::f64::consts::TAU * 4.0).ln() + 0.125);
    assert!((model.score_row(&row, 100).raw - expect).abs() < 1e-9);
    // with nothing but metadata, the metadata features alone count
    let metadata = TABLE.iter().filter(|feature| feature.needs == Needs::Metadata).count() as f64;
    let row = Row { present: 0, ..row };
    assert!((model.score_row(&row, 100).raw - expect / WIDTH as f64 * metadata).abs() < 1e-9);
}

#[test]
fn absent_values_are_not_read() {
    for present in 0..16 {
        let mut row = Row { present, ..rows(1)[0].0 };
        let before = MODEL.score_row(&row, 50);
        let explained = MODEL.explain(&row, 50);
        for (value, feature) in row.values.iter_mut().zip(TABLE) {
            if !feature.needs.met_by(present) {
                *value = 1e9;
            }
        }
        assert_eq!(MODEL.score_row(&row, 50), before);
        for (f, feature) in TABLE.iter().enumerate() {
            if !feature.needs.met_by(present) {
                assert_eq!(explained[f], 0.0);
            }
        }
    }
}

#[test]
fn a_feature_pushed_to_its_suspicious_side_raises_the_score_and_is_the_reason() {
    let (mut row, n) = rows(1)[0];
    let before = MODEL.score_row(&row, n).score;
    let probe = TABLE.iter().position(|feature| feature.name == "probe_share").unwrap();
    row.values[probe] += 5.0;
    assert!(MODEL.score_row(&row, n).score > before + 0.5);
    let surprise = MODEL.explain(&row, 50);
    assert!((0..WIDTH).all(|f| surprise[f] <= surprise[probe]));
    row.values[probe] -= 10.0; // as odd, but on the innocent side
    assert!(MODEL.explain(&row, 50)[probe] < 0.0);
}

#[test]
fn growth_is_bounded() {
    let row = Row { values: [f64::MAX; WIDTH], present: 15 };
    let scored = MODEL.score_row(&row, 8);
    assert!(scored.score.is_finite() && scored.score < 20.0);
}

#[test]
fn p_value_counts_the_calm_tenants_above() {
    assert_eq!(MODEL.p_value(f32::MAX), 1.0 / 201.0);
    assert_eq!(MODEL.p_value(-1.0), 1.0);
}

#[test]
fn every_fault_is_named() {
    let bytes = encode(&BODY).unwrap();
    let error = |bytes: &[u8]| Model::from_bytes("m", bytes).unwrap_err();
    assert!(matches!(error(b""), ModelError::BadHeader { .. }));
    assert!(matches!(error(b"{}\n"), ModelError::BadHeader { .. }));
    assert!(matches!(error(&vec![b' '; artifact::MOST_BYTES + 1]), ModelError::TooLarge { .. }));
    assert!(matches!(error(&bytes[..bytes.len() - 1]), ModelError::WrongLength { .. }));
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(matches!(error(text.replacen(":3,", ":1,", 1).as_bytes()), ModelError::WrongVersion { found: 1, .. }));
    assert!(matches!(error(text.replacen("reference", "rEference", 1).as_bytes()), ModelError::WrongChecksum { .. }));
    let missing = Model::load(std::path::Path::new("/nowhere/model.json")).unwrap_err().to_string();
    assert!(missing.starts_with("model file /nowhere/model.json can't be read"), "{missing}");

    assert_eq!(
        broken(|body| body.features.push("more".into())),
        format!("model `reference` expects {} features, the table has {WIDTH}", WIDTH + 1)
    );
    assert!(broken(|body| body.feature_table_hash = "00".into()).contains("was fitted to feature table 00"));
    assert!(broken(|body| body.kind = "forest".into()).contains("kind `forest`"));
    assert!(broken(|body| body.kind = "trees".into()).contains("kind `trees`"));
    assert!(broken(|body| body.mixture.means[0].truncate(3)).contains("`mixture.means` has 3 entries"));
    assert!(broken(|body| body.scale[2] = 0.0).contains("`scale` holds a number that is not positive"));
    assert!(broken(|body| body.mixture.weights.clear()).contains("mixture.weights"));
    assert!(broken(|body| body.mixture.covariances[0][0] = -1.0).contains("component 0 is not positive definite"));
    assert!(broken(|body| body.evidence.as_mut().unwrap().correlation = 1.0).contains("proper distribution"));
    assert!(broken(|body| body.calm_maxima.reverse()).contains("ascending"));
    assert!(broken(|body| body.threshold = 0.0).contains("threshold"));
    // JSON has no NaN: serde writes null, which is no number
    assert!(broken(|body| body.center[0] = f64::NAN).contains("can't be read"));
}

proptest! {
    #[test]
    fn changed_bytes_are_an_error_and_never_a_panic(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes = encode(&BODY).unwrap();
        let at = at.index(bytes.len());
        let same = bytes[at] == to;
        bytes[at] = to;
        prop_assert_eq!(Model::from_bytes("m", &bytes).is_ok(), same);
    }

    /// The checksum is right and the contents are not: what a hand-edited file looks like.
    #[test]
    fn edited_numbers_load_or_fail_and_never_score_nan(at in any::<prop::sample::Index>(), digit in b'0'..=b'9') {
        let mut body = serde_json::to_vec(&*BODY).unwrap();
        let digits: Vec<usize> = (0..body.len()).filter(|i| body[*i].is_ascii_digit()).collect();
        body[digits[at.index(digits.len())]] = digit;
        if let Ok(body) = serde_json::from_slice::<Body>(&body)
            && let Ok(model) = Model::from_bytes("m", &encode(&body).unwrap())
        {
            for (row, n) in rows(20) {
                let scored = model.score_row(&row, n);
                prop_assert!(!scored.raw.is_nan() && scored.score.is_finite());
            }
        }
    }
}
