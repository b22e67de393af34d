//! The tables as text, JSON and one HTML page.

pub mod cells;
pub mod text;
pub mod plot;
pub mod html;

use crate::finding::number::six_digits;

/// JSON with six significant digits, keys in the order of the struct: small differences of rounding
/// are no results.
pub fn json(evaluation: &super::Evaluation) -> serde_json::Result<serde_json::Value> {
    let mut value = serde_json::to_value(evaluation)?;
    round(&mut value);
    Ok(value)
}

fn round(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Number(number) if number.is_f64() => {
            if let Some(rounded) = number.as_f64().and_then(|number| six_digits(number).parse::<f64>().ok()) {
                *value = rounded.into();
            }
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(round),
        serde_json::Value::Object(map) => map.values_mut().for_each(round),
        _ => {}
    }
}
