//! One row per scored window: JSON lines, or Parquet by the file's name.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use serde_json::{Map, Value};

use super::{Out, ReplayError};
use crate::feature;
use crate::finding::number::six_digits;
use crate::record::time::format_rfc3339;
use crate::source::parquet::{RowWriter, is_parquet};
use crate::tenant::shard::ScoreRow;

/// Where scores go.
pub(super) enum Scores<'p> {
    Lines(Out<'p>),
    Rows { path: &'p Path, rows: Box<RowWriter<BufWriter<File>>> },
}

impl<'p> Scores<'p> {
    pub(super) fn create(path: &'p Path) -> Result<Scores<'p>, ReplayError> {
        if !is_parquet(path) {
            return Out::create(path).map(Scores::Lines);
        }
        let file = File::create(path).map(BufWriter::new);
        let rows = file.and_then(|file| RowWriter::new(file, &schema()));
        let rows = rows.map_err(|source| ReplayError::Output { path: path.to_owned(), source })?;
        Ok(Scores::Rows { path, rows: Box::new(rows) })
    }

    pub(super) fn put(&mut self, row: &ScoreRow, threshold: f32) -> Result<(), ReplayError> {
        let row = Value::Object(object(row, threshold));
        match self {
            Scores::Lines(out) => out.line(row.to_string().as_bytes()),
            Scores::Rows { path, rows } => {
                rows.put(&row).map_err(|source| ReplayError::Output { path: path.to_path_buf(), source })
            }
        }
    }

    pub(super) fn finish(self) -> Result<(), ReplayError> {
        match self {
            Scores::Lines(out) => out.finish(),
            Scores::Rows { path, rows } => {
                rows.finish().map_err(|source| ReplayError::Output { path: path.to_owned(), source })
            }
        }
    }
}

/// The columns of Parquet: a time is a time there.
fn schema() -> String {
    let features: Vec<String> = feature::TABLE.iter().map(|row| format!("  optional double {};", row.name)).collect();
    let features = features.join("\n");
    format!(
        "message scores {{
  optional binary tenant (STRING);
  optional binary account (STRING);
  optional binary workload (STRING);
  optional int64 ts (TIMESTAMP(MILLIS,true));
  optional int64 exchanges;
  optional double score;
  optional double evidence;
  optional double threshold;
{features}
}}"
    )
}

/// A row: absent features are null.
fn object(row: &ScoreRow, threshold: f32) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("tenant".into(), (*row.tenant).into());
    object.insert("account".into(), row.account.as_deref().into());
    object.insert(
        "workload".into(),
        if row.workload == 0 { "".into() } else { format!("w:{:016x}", row.workload).into() },
    );
    object.insert("ts".into(), format_rfc3339(row.ts).into());
    object.insert("exchanges".into(), row.exchanges.into());
    object.insert("score".into(), number(f64::from(row.score)));
    object.insert("evidence".into(), number(f64::from(row.evidence)));
    object.insert("threshold".into(), number(f64::from(threshold)));
    for (index, feature) in feature::TABLE.iter().enumerate() {
        object.insert(feature.name.into(), row.row.get(index).map_or(Value::Null, number));
    }
    object
}

/// With 6 significant digits, as in findings.
fn number(value: f64) -> Value {
    six_digits(value).parse::<f64>().ok().into()
}
