//! `docs/resources.md`: the reference of all fields and rules, written from the schema.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::Value;

use super::{API_VERSION, ClientCondition, ClientReason, ServerCondition, ServerReason};

/// The page, as Markdown.
pub fn markdown() -> String {
    let kinds: Vec<Kind> = super::crds().iter().map(Kind::of).collect();
    let mut page = format!(
        "<!-- Generated from src/api; do not edit. -->\n\
         # Resources\n\n\
         API version `{API_VERSION}`. `kubectl explain` shows the same. Bold: required. A default is applied by the \
         API server; where none is given, the text says what an absent field means.\n"
    );
    for (index, kind) in kinds.iter().enumerate() {
        // Of kinds that share most fields only the first is printed whole.
        let like = kinds[..index]
            .iter()
            .find(|earlier| earlier.shares_most_fields_with(kind));
        kind.print(like, &mut page);
    }
    page.push_str("\n## Conditions and reasons\n");
    words(&mut page, "OAuthClient: conditions", ClientCondition::ALL, |w| {
        (w.as_str(), w.meaning())
    });
    words(&mut page, "OAuthClient: reasons", ClientReason::ALL, |w| {
        (w.as_str(), w.meaning())
    });
    words(&mut page, "Servers: conditions", ServerCondition::ALL, |w| {
        (w.as_str(), w.meaning())
    });
    words(&mut page, "Servers: reasons", ServerReason::ALL, |w| {
        (w.as_str(), w.meaning())
    });
    page
}

fn words<T: Copy>(
    page: &mut String,
    title: &str,
    words: &[T],
    say: impl Fn(T) -> (&'static str, &'static str),
) {
    let _ = write!(page, "\n### {title}\n\n| word | meaning |\n| --- | --- |\n");
    for word in words {
        let (word, meaning) = say(*word);
        let _ = writeln!(page, "| `{word}` | {} |", prose(meaning));
    }
}

struct Kind {
    name: String,
    intro: String,
    fields: Vec<Field>,
    rules: Vec<Rule>,
}

#[derive(Clone, PartialEq)]
struct Field {
    path: String,
    type_: String,
    default: String,
    description: String,
}

#[derive(Clone, PartialEq)]
struct Rule {
    path: String,
    message: String,
}

impl Kind {
    fn of(crd: &CustomResourceDefinition) -> Self {
        let names = &crd.spec.names;
        let version = crd.spec.versions.first();
        let root = version
            .and_then(|version| version.schema.as_ref()?.open_api_v3_schema.clone())
            .unwrap_or_default();
        let columns: Vec<_> = version
            .and_then(|version| version.additional_printer_columns.as_ref())
            .into_iter()
            .flatten()
            .map(|column| {
                let name = column.name.to_uppercase();
                if column.priority.is_some() {
                    format!("{name} (wide)")
                } else {
                    name
                }
            })
            .collect();
        let selectors: Vec<_> = version
            .and_then(|version| version.selectable_fields.as_ref())
            .into_iter()
            .flatten()
            .map(|field| format!("`{}`", field.json_path.trim_start_matches('.')))
            .collect();

        let mut intro = format!("{}\n\n", prose(root.description.as_deref().unwrap_or_default()));
        let _ = writeln!(
            intro,
            "- {}; `{}`, short name `{}`, category `{}`",
            if crd.spec.scope == "Namespaced" {
                "Namespaced"
            } else {
                "Cluster-wide"
            },
            names.plural,
            names.short_names.as_deref().unwrap_or_default().join("`, `"),
            names.categories.as_deref().unwrap_or_default().join("`, `"),
        );
        let _ = writeln!(intro, "- Columns: {}", columns.join(", "));
        if !selectors.is_empty() {
            let _ = writeln!(intro, "- Field selectors: {}", selectors.join(", "));
        }

        let mut kind = Self {
            name: names.kind.clone(),
            intro,
            fields: Vec::new(),
            rules: Vec::new(),
        };
        kind.collect_rules("", &root);
        for part in ["spec", "status"] {
            if let Some(schema) = root
                .properties
                .as_ref()
                .and_then(|properties| properties.get(part))
            {
                kind.collect(part, schema);
            }
        }
        kind
    }

    /// All that is below `path`, in the order of the schema.
    fn collect(&mut self, path: &str, schema: &JSONSchemaProps) {
        self.collect_rules(path, schema);
        let required = schema.required.as_deref().unwrap_or_default();
        for (name, property) in schema.properties.iter().flatten() {
            let path = format!("{path}.{name}");
            self.fields.push(Field {
                path: path.clone(),
                type_: type_of(property),
                default: if required.contains(name) {
                    "**required**".to_owned()
                } else {
                    property
                        .default
                        .as_ref()
                        .map_or_else(String::new, |default| default_of(&default.0))
                },
                description: prose(property.description.as_deref().unwrap_or_default()),
            });
            self.collect(&path, property);
        }
        if let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items {
            self.collect(&format!("{path}[]"), item);
        }
    }

    fn collect_rules(&mut self, path: &str, schema: &JSONSchemaProps) {
        for rule in schema.x_kubernetes_validations.iter().flatten() {
            let message = rule.message.as_deref().unwrap_or(&rule.rule);
            self.rules.push(Rule {
                path: path.to_owned(),
                message: prose(message),
            });
        }
    }

    fn shares_most_fields_with(&self, other: &Self) -> bool {
        let shared = other
            .fields
            .iter()
            .filter(|field| self.fields.contains(field))
            .count();
        shared * 2 > other.fields.len()
    }

    fn print(&self, like: Option<&Self>, page: &mut String) {
        let _ = write!(page, "\n## {}\n\n{}", self.name, self.intro);
        let (fields, rules): (Vec<&Field>, Vec<&Rule>) = match like {
            None => (self.fields.iter().collect(), self.rules.iter().collect()),
            Some(like) => {
                let _ = write!(
                    page,
                    "\nFields and rules are those of {}, but for the following.\n",
                    like.name
                );
                (
                    self.fields
                        .iter()
                        .filter(|field| !like.fields.contains(field))
                        .collect(),
                    self.rules
                        .iter()
                        .filter(|rule| !like.rules.contains(rule))
                        .collect(),
                )
            }
        };
        for (section, fields) in sections(&fields) {
            let _ = write!(
                page,
                "\n### {}: {section}\n\n| field | type | default | description |\n| --- | --- | --- | --- |\n",
                self.name
            );
            for field in fields {
                let Field {
                    path,
                    type_,
                    default,
                    description,
                } = field;
                let _ = writeln!(page, "| `{path}` | {type_} | {default} | {description} |");
            }
        }
        if !rules.is_empty() {
            let _ = write!(page, "\n### {}: rules\n\n", self.name);
            let mut by_message: Vec<(&str, Vec<String>)> = Vec::new();
            for rule in rules {
                let path = if rule.path.is_empty() {
                    "the object".to_owned()
                } else {
                    format!("`{}`", rule.path)
                };
                match by_message
                    .iter_mut()
                    .find(|(message, _)| *message == rule.message)
                {
                    Some((_, paths)) => paths.push(path),
                    None => by_message.push((&rule.message, vec![path])),
                }
            }
            page.push_str("| field | what is refused, and what to do |\n| --- | --- |\n");
            for (message, paths) in by_message {
                let _ = writeln!(page, "| {} | {message} |", paths.join("<br>"));
            }
        }
        if let Some(like) = like {
            let gone: Vec<_> = like
                .rules
                .iter()
                .filter(|rule| !self.rules.contains(rule))
                .map(|rule| rule.message.as_str())
                .collect();
            if !gone.is_empty() {
                let _ = write!(page, "\nRules of {} that do not hold here:\n\n", like.name);
                for message in gone {
                    let _ = writeln!(page, "- {message}");
                }
            }
        }
    }
}

/// Fields in tables that can be read: the spec, each provider, the status.
fn sections<'a>(fields: &[&'a Field]) -> Vec<(String, Vec<&'a Field>)> {
    let mut order: Vec<String> = Vec::new();
    let mut tables: BTreeMap<String, Vec<&Field>> = BTreeMap::new();
    for field in fields {
        let mut parts = field.path.splitn(4, '.');
        let section = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("spec"), Some("provider"), Some(provider), Some(_)) => format!("spec.provider.{provider}"),
            (Some(part), ..) => part.to_owned(),
            (None, ..) => String::new(),
        };
        if !order.contains(&section) {
            order.push(section.clone());
        }
        tables.entry(section).or_default().push(field);
    }
    // Providers come in the midst of the spec; they are printed after it.
    order.sort_by_key(|section| (section == "status", section.contains('.')));
    order
        .into_iter()
        .filter_map(|section| tables.remove(&section).map(|fields| (section, fields)))
        .collect()
}

fn type_of(schema: &JSONSchemaProps) -> String {
    let of_items = |schema: &JSONSchemaProps| {
        let type_ = type_of(schema);
        type_.replace("object", "objects").replace("string", "strings")
    };
    if let Some(values) = &schema.enum_ {
        let values: Vec<_> = values.iter().map(|value| default_of(&value.0)).collect();
        return values.join(", ");
    }
    match schema.type_.as_deref() {
        Some("array") => {
            let items = match &schema.items {
                Some(JSONSchemaPropsOrArray::Schema(item)) => of_items(item),
                _ => "values".to_owned(),
            };
            let most = schema
                .max_items
                .map_or_else(String::new, |max| format!("at most {max} "));
            let unique = if schema.x_kubernetes_list_type.as_deref() == Some("set") {
                ", each once"
            } else {
                ""
            };
            let keys = schema.x_kubernetes_list_map_keys.as_deref().unwrap_or_default();
            let keyed = if keys.is_empty() {
                String::new()
            } else {
                format!(", each `{}` once", keys.join("`, `"))
            };
            format!("list of {most}{items}{unique}{keyed}")
        }
        Some("object") => match &schema.additional_properties {
            Some(JSONSchemaPropsOrBool::Schema(values)) => {
                let most = schema
                    .max_properties
                    .map_or_else(String::new, |max| format!("at most {max} "));
                format!("map of {most}{}", of_items(values))
            }
            _ => "object".to_owned(),
        },
        Some("integer") => match (schema.minimum, schema.maximum) {
            (Some(least), Some(most)) => format!("integer, {least} to {most}"),
            _ => "integer".to_owned(),
        },
        Some("string") => match (schema.format.as_deref(), schema.max_length) {
            (Some("date-time"), _) => "time".to_owned(),
            (_, Some(most)) => format!("string, up to {most} characters"),
            _ => "string".to_owned(),
        },
        Some(other) => other.to_owned(),
        None => String::new(),
    }
}

fn default_of(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        // A default object only says again what its fields say.
        Value::Object(_) => String::new(),
        Value::Array(values) if values.iter().any(Value::is_object) => "Ready=Unknown, Pending".to_owned(),
        Value::Array(values) => values.iter().map(default_of).collect::<Vec<_>>().join(", "),
        other => format!("`{other}`"),
    }
}

/// Text of a person for a cell of a table.
fn prose(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            '*' | '|' | '_' | '~' => {
                cell.push('\\');
                cell.push(character);
            }
            '\n' => cell.push(' '),
            other => cell.push(other),
        }
    }
    cell
}
