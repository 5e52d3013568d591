//! Switches: one for each choice that a vendor's documentation leaves open.

use std::fmt::Write as _;

use serde::Serialize;

/// A value that a switch can have. Its text is what the command line and the control API use.
pub trait SwitchValue: Sized {
    /// Reads a value.
    fn parse(text: &str) -> Option<Self>;
    /// Writes it.
    fn text(&self) -> String;
    /// Says for people which values there are.
    fn allowed() -> String;
    /// Values that between them show everything the switch can do, for tests that go through all of them.
    fn samples() -> Vec<String>;
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Toggle(pub bool);

impl SwitchValue for Toggle {
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
    fn text(&self) -> String {
        self.0.to_string()
    }
    fn allowed() -> String {
        "true, false".to_owned()
    }
    fn samples() -> Vec<String> {
        vec!["false".to_owned(), "true".to_owned()]
    }
}

impl SwitchValue for u64 {
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn text(&self) -> String {
        self.to_string()
    }
    fn allowed() -> String {
        "a number".to_owned()
    }
    fn samples() -> Vec<String> {
        vec!["0".to_owned(), "1".to_owned()]
    }
}

impl SwitchValue for String {
    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
    fn text(&self) -> String {
        self.clone()
    }
    fn allowed() -> String {
        "text".to_owned()
    }
    fn samples() -> Vec<String> {
        vec![String::new(), "a b".to_owned()]
    }
}

/// The status of a success. 204 goes without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Success(pub u16);

impl SwitchValue for Success {
    fn parse(text: &str) -> Option<Self> {
        text.parse()
            .ok()
            .filter(|status| (200..300).contains(status))
            .map(Self)
    }
    fn text(&self) -> String {
        self.0.to_string()
    }
    fn allowed() -> String {
        "200, 201, 202, 204 (no body), any 2xx".to_owned()
    }
    fn samples() -> Vec<String> {
        ["200", "201", "202", "204"].map(str::to_owned).to_vec()
    }
}

/// The status of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure(pub u16);

impl SwitchValue for Failure {
    fn parse(text: &str) -> Option<Self> {
        text.parse()
            .ok()
            .filter(|status| (400..600).contains(status))
            .map(Self)
    }
    fn text(&self) -> String {
        self.0.to_string()
    }
    fn allowed() -> String {
        "a status from 400 to 599".to_owned()
    }
    fn samples() -> Vec<String> {
        ["400", "401", "403", "404", "429", "500"]
            .map(str::to_owned)
            .to_vec()
    }
}

/// Either a refusal with a status, or something else that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either<T> {
    /// Refuses with this status, 400 to 599.
    Refuse(u16),
    /// Does this.
    Do(T),
}

impl<T: SwitchValue> SwitchValue for Either<T> {
    fn parse(text: &str) -> Option<Self> {
        match text.parse() {
            Ok(status) => (400..600).contains(&status).then_some(Self::Refuse(status)),
            Err(_) => T::parse(text).map(Self::Do),
        }
    }
    fn text(&self) -> String {
        match self {
            Self::Refuse(status) => status.to_string(),
            Self::Do(value) => value.text(),
        }
    }
    fn allowed() -> String {
        format!("{}, or a status from 400 to 599", T::allowed())
    }
    fn samples() -> Vec<String> {
        let mut samples = T::samples();
        samples.extend(["400", "401", "403", "404", "409", "500"].map(str::to_owned));
        samples
    }
}

/// What is said about a switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SwitchInfo {
    /// Its name.
    pub name: &'static str,
    /// Its value when nobody says otherwise.
    pub default: String,
    /// The values it can have.
    pub values: String,
    /// `U` unknown, `I` inferred, `F` seen by others at a real server, `D` contrary to the documentation.
    pub tag: &'static str,
    /// The doubt that it stands for.
    pub doubt: &'static str,
    /// Values that between them show everything it can do.
    #[serde(skip)]
    pub samples: Vec<String>,
}

/// A switch or a value that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// No such switch.
    #[error("there is no switch {0:?}")]
    Unknown(String),
    /// No such value.
    #[error("switch {name} cannot be {value:?}; it can be: {allowed}")]
    Value {
        /// The switch.
        name: String,
        /// The value.
        value: String,
        /// What it can be.
        allowed: String,
    },
}

/// The switches as a Markdown table.
pub fn table(switches: &[SwitchInfo]) -> String {
    let mut text =
        String::from("| switch | default | values | tag | doubt |\n| --- | --- | --- | --- | --- |\n");
    for SwitchInfo {
        name,
        default,
        values,
        tag,
        doubt,
        ..
    } in switches
    {
        let default = if default.is_empty() { "(empty)" } else { default };
        // Writing to a string cannot fail.
        writeln!(text, "| {name} | {default} | {values} | {tag} | {doubt} |").ok();
    }
    text
}

/// Defines an enum whose variants are the values of a switch.
#[macro_export]
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( #[doc = concat!("`", $text, "`: ")] $(#[$vmeta])* $variant, )+ }

        impl $crate::switch::SwitchValue for $name {
            fn parse(text: &str) -> Option<Self> {
                match text { $( $text => Some(Self::$variant), )+ _ => None }
            }
            fn text(&self) -> String {
                match self { $( Self::$variant => $text.to_owned(), )+ }
            }
            fn allowed() -> String {
                [$($text),+].join(", ")
            }
            fn samples() -> Vec<String> {
                [$($text),+].map(str::to_owned).to_vec()
            }
        }
    };
}

/// Defines the struct of all switches of a server, each with its default, a tag and the doubt it stands for.
#[macro_export]
macro_rules! switches {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $kind:ty = $default:expr, $tag:literal, $doubt:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $( #[doc = $doubt] pub $field: $kind, )+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $name {
            /// Sets a switch by its name.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), $crate::switch::SwitchError> {
                use $crate::switch::{SwitchError, SwitchValue};
                match name {
                    $( stringify!($field) => {
                        self.$field = <$kind as SwitchValue>::parse(value).ok_or_else(|| SwitchError::Value {
                            name: name.to_owned(),
                            value: value.to_owned(),
                            allowed: <$kind as SwitchValue>::allowed(),
                        })?;
                        Ok(())
                    } )+
                    _ => Err(SwitchError::Unknown(name.to_owned())),
                }
            }

            /// The same with some turned, by name; all or none. A value that is not text counts as it is
            /// written in JSON.
            pub fn turned(
                &self,
                wishes: &std::collections::BTreeMap<String, serde_json::Value>,
            ) -> Result<Self, $crate::switch::SwitchError> {
                let mut switches = self.clone();
                for (name, value) in wishes {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    switches.set(name, &text)?;
                }
                Ok(switches)
            }

            /// Answers a control call: shows them, turns some, or turns all back to what was `configured`.
            pub fn control(
                &mut self,
                configured: &Self,
                request: &$crate::http::Request,
            ) -> Result<$crate::http::Answer, $crate::http::Answer> {
                use $crate::http::Answer;
                match request.method.as_str() {
                    "PUT" => {
                        let turned = self.turned(&request.json()?);
                        *self = turned.map_err(|error| Answer::problem(400, &error.to_string()))?;
                    }
                    "DELETE" => self.clone_from(configured),
                    _ => {}
                }
                Ok(Answer::json(200, &serde_json::json!(self.to_map())))
            }

            /// What there is to say about each switch.
            pub fn info() -> Vec<$crate::switch::SwitchInfo> {
                use $crate::switch::{SwitchInfo, SwitchValue};
                let defaults = Self::default();
                vec![ $( SwitchInfo {
                    name: stringify!($field),
                    default: defaults.$field.text(),
                    values: <$kind as SwitchValue>::allowed(),
                    tag: $tag,
                    doubt: $doubt,
                    samples: <$kind as SwitchValue>::samples(),
                }, )+ ]
            }

            /// All switches by name.
            pub fn to_map(&self) -> std::collections::BTreeMap<&'static str, String> {
                use $crate::switch::SwitchValue;
                std::collections::BTreeMap::from([ $( (stringify!($field), self.$field.text()), )+ ])
            }
        }
    };
}
