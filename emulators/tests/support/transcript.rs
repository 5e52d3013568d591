//! What was said in a conversation, written so that two conversations can be compared.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Read;

/// Answers, with random values replaced by their place of first mention and times by their distance from now.
#[derive(Default)]
pub struct Transcript {
    pub lines: Vec<String>,
    /// The names of fields with random values.
    random: Vec<&'static str>,
    seen: BTreeMap<String, usize>,
}

impl Transcript {
    pub fn new(random: &[&'static str]) -> Self {
        Self {
            random: random.to_vec(),
            ..Self::default()
        }
    }

    pub fn note(&mut self, label: &str, read: &Read) {
        let body = match serde_json::from_str(&read.text) {
            Ok(value) => self.plain("", value).to_string(),
            Err(_) if read.content_type.as_deref() == Some("text/plain") && read.text.len() == 43 => {
                "random".to_owned()
            }
            Err(_) => read.text.clone(),
        };
        let headers = [
            "content-type",
            "www-authenticate",
            "location",
            "link",
            "x-total-count",
        ];
        let headers = headers.map(|name| read.header(name));
        let begun = ["set-cookie", "x-csrf-token"].map(|name| read.header(name).is_some());
        let status = read.status;
        self.lines
            .push(format!("{label}: {status} {headers:?} {begun:?} {body}"));
    }

    fn plain(&mut self, key: &str, value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.plain(key, item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .filter(|(key, _)| key != "timestamp")
                .map(|(key, value)| (key.clone(), self.plain(&key, value)))
                .collect(),
            Value::String(text) if self.random.contains(&key) => self.numbered(&text),
            Value::String(text) => match text.parse::<f64>() {
                Ok(number) => json!(format!("text of {}", rough(number))),
                Err(_) => json!(self.path(&text)),
            },
            Value::Number(number) if self.random.contains(&key) => {
                json!(format!("number {}", self.numbered(&number.to_string())))
            }
            Value::Number(number) => {
                let kind = if number.is_f64() { "float" } else { "integer" };
                json!(format!("{kind} {}", rough(number.as_f64().unwrap_or_default())))
            }
            other => other,
        }
    }

    fn numbered(&mut self, text: &str) -> Value {
        let odd = text.chars().any(|char| "\"\\%&".contains(char));
        let kind = match text {
            "********" => return json!(text),
            text if text.starts_with("$2a$") => "hash",
            text if text.contains('-') && text.len() == 36 => "uuid",
            _ if odd => "symbols",
            text if text.ends_with("==") => "base64",
            _ => "safe",
        };
        let next = self.seen.len();
        json!(format!(
            "{kind} #{}",
            self.seen.entry(text.to_owned()).or_insert(next)
        ))
    }

    /// A path with random values in it.
    fn path(&self, text: &str) -> String {
        let known = |segment: &str| self.seen.contains_key(segment);
        let segments = text
            .split('/')
            .map(|segment| if known(segment) { "ID" } else { segment });
        segments.collect::<Vec<_>>().join("/")
    }
}

/// A time as its distance from now, roughly; other numbers as they are.
fn rough(number: f64) -> String {
    let now = f64::from(u32::try_from(Timestamp::now().as_second()).unwrap());
    if number > 1e12 {
        return "milliseconds".to_owned();
    }
    if number > 1e9 {
        // 0 is added so that there is no negative zero.
        return format!("now+{}", ((number - now) / 100.0).round() * 100.0 + 0.0);
    }
    format!("{}", (number / 10.0).round() * 10.0 + 0.0)
}
