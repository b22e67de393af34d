//! The native record as a row: its columns, and the value that goes into them.

use serde_json::{Value, json};

/// Columns of a native record. Whatever is absent is null.
pub const EXCHANGE: &str = "message exchange {
  optional int32 v;
  optional binary id (STRING);
  optional int64 ts (TIMESTAMP(MILLIS,true));
  optional binary tenant (STRING);
  optional binary account (STRING);
  optional binary user (STRING);
  optional binary session (STRING);
  optional binary provider (STRING);
  optional binary model (STRING);
  optional binary system (STRING);
  optional binary prompt (STRING);
  optional group messages (LIST) {
    repeated group list {
      optional group element {
        optional binary role (STRING);
        optional group content (LIST) {
          repeated group list {
            optional group element {
              optional binary type (STRING);
              optional binary text (STRING);
              optional binary data (STRING);
            }
          }
        }
      }
    }
  }
  optional binary response (STRING);
  optional binary reasoning (STRING);
  optional group tools (LIST) {
    repeated group list {
      optional binary element (STRING);
    }
  }
  optional group params {
    optional double temperature;
    optional double top_p;
    optional int64 n;
    optional int64 max_tokens;
    optional int64 seed;
    optional boolean logprobs;
    optional int64 top_logprobs;
    optional int64 logit_bias;
    optional binary response_format (STRING);
    optional binary reasoning_effort (STRING);
    optional boolean stream;
  }
  optional group usage {
    optional int64 input_tokens;
    optional int64 output_tokens;
    optional int64 reasoning_tokens;
    optional int64 cached_tokens;
  }
  optional group client {
    optional binary ip (STRING);
    optional binary country (STRING);
    optional int64 asn;
    optional binary user_agent (STRING);
    optional binary tls (STRING);
    optional binary payment (STRING);
  }
  optional int32 status;
  optional binary finish (STRING);
  optional binary refusal (STRING);
  optional int64 latency_ms;
}";

/// The row of a record's line. A response that is a message becomes its text, and the content of a message a list of
/// parts: a column has one type, and both mean the same.
pub fn row_of_line(line: &str) -> serde_json::Result<Value> {
    let mut row: Value = serde_json::from_str(line)?;
    if let Some(response) = row.get_mut("response")
        && let Some(content) = response.get_mut("content")
    {
        *response = content.take();
    }
    for message in row.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(content) = message.get_mut("content").filter(|content| content.is_string()) {
            *content = json!([{ "text": content.take() }]);
        }
    }
    Ok(row)
}
