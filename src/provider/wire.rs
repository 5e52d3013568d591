//! What several adapters write and read alike.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::http::Body;
use crate::model::{Confidential, Fault};

/// A body of JSON, whose memory is overwritten.
pub fn json(value: &impl Serialize) -> Result<Body, Fault> {
    match serde_json::to_vec(value) {
        Ok(json) => Ok(Body::Json(Zeroizing::new(json))),
        // The text of the error may quote a value.
        Err(_) => Err(Fault::Invalid("the request cannot be written as JSON".to_owned())),
    }
}

/// Reads a secret; absent and null are the same: `#[serde(default, deserialize_with = "secret")]`.
pub fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Confidential>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Confidential::new))
}

/// The words of a scope (RFC 6749 section 3.3). Neither order nor repetition means anything.
pub fn scopes(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Seconds since 1970, as a number, perhaps with a fraction of nothing, or as its text. 0 is never, and nonsense is not
/// known.
pub fn epoch(value: &Value) -> Option<Timestamp> {
    let seconds = seconds(value).filter(|seconds| *seconds > 0)?;
    Timestamp::from_second(seconds).ok()
}

/// Whole seconds, as a number, perhaps with a fraction of nothing, or as its text.
pub fn seconds(value: &Value) -> Option<i64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.strip_suffix(".0").unwrap_or(&text).parse().ok()
}

/// What the port has and this kind of server has not.
pub fn no_such_call() -> Fault {
    Fault::Invalid("this kind of server has no such call".to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!(1_795_000_000), Some(1_795_000_000))]
    #[case(json!(1_795_000_000.0), Some(1_795_000_000))]
    #[case(json!(" 1795000000 "), Some(1_795_000_000))]
    #[case(json!(0), None)]
    #[case(json!(-1), None)]
    #[case(json!(1.5), None)]
    #[case(json!(i64::MAX), None)]
    #[case(json!(u64::MAX), None)]
    #[case(json!("soon"), None)]
    #[case(json!(null), None)]
    #[case(json!([1]), None)]
    fn times(#[case] value: Value, #[case] seconds: Option<i64>) {
        assert_eq!(epoch(&value).map(Timestamp::as_second), seconds);
    }

    #[test]
    fn secrets_and_scopes() {
        #[derive(Deserialize)]
        struct Client {
            #[serde(default, deserialize_with = "secret")]
            secret: Option<Confidential>,
        }
        let read = |text: &str| serde_json::from_str::<Client>(text).map(|client| client.secret);
        assert_eq!(read(r#"{"secret":"a"}"#).unwrap(), Some(Confidential::new("a")));
        assert_eq!(read(r#"{"secret":null}"#).unwrap(), None);
        assert_eq!(read("{}").unwrap(), None);
        assert!(read(r#"{"secret":1}"#).is_err());
        assert_eq!(scopes(" b a\tb "), BTreeSet::from(["a".into(), "b".into()]));
        assert!(scopes("").is_empty());
    }
}
