//! The table of attacks as data. The tests make each of them on a real API server; docs/attacks.md is written from the
//! same rows, so what it promises is what is tried.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The groups, in the order of the page.
const FILES: [&str; 10] = [
    include_str!("table/rights.yaml"),
    include_str!("table/references.yaml"),
    include_str!("table/rules.yaml"),
    include_str!("table/given.yaml"),
    include_str!("table/names.yaml"),
    include_str!("table/secrets.yaml"),
    include_str!("table/forged.yaml"),
    include_str!("table/addresses.yaml"),
    include_str!("table/answers.yaml"),
    include_str!("table/input.yaml"),
];

/// Attacks of one kind, and where they are made.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Group {
    /// Also the name of its tests.
    pub name: String,
    pub title: String,
    pub intro: String,
    /// Merged into the spec of the server object.
    #[serde(default)]
    pub server: Value,
    /// One scene for all, in which they happen at once: none of them shall change anything there.
    #[serde(default)]
    pub together: bool,
    /// What a row tries one after the other: by a field, a spec that holds `REF` or `URL` there.
    #[serde(default)]
    pub variants: BTreeMap<String, Value>,
    /// What is there before the attacks.
    #[serde(default)]
    pub given: Vec<Act>,
    /// Clients that are at the server already, and are nobody's here.
    #[serde(default)]
    pub clients: Vec<String>,
    /// The same thing done by whom it belongs to.
    pub control: Control,
    pub attacks: Vec<Attack>,
}

/// One row.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Attack {
    pub id: String,
    /// What is tried, for people.
    #[serde(rename = "attack")]
    pub tried: String,
    #[serde(default)]
    pub by: Actor,
    /// Merged into the spec of the server object, where the scene is this row's own.
    #[serde(default)]
    pub server: Value,
    #[serde(default)]
    pub given: Vec<Act>,
    /// How the server that it plays misbehaves.
    pub misbehaves: Option<Value>,
    pub does: Vec<Act>,
    /// Made for each of these, which stands for `{each}`; what it comes to stands for `{that}` in what is seen.
    #[serde(default)]
    pub each: BTreeMap<String, String>,
    /// Made for each variant of the group, which stands for `VARIANT`; its field stands for `{each}`. This stands for
    /// `REF` in it.
    pub reference: Option<Value>,
    pub sees: Sees,
    /// It is free to have clients of its own at the server. Otherwise the server is asked nothing at all.
    #[serde(default)]
    pub own_clients: bool,
    /// A text that is shown nowhere.
    pub hidden: Option<String>,
    /// In place of the group's.
    pub control: Option<Control>,
    /// Why it succeeds still. Once it does not, the test fails until this is taken out.
    pub known: Option<String>,
}

/// What is done at the API server.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Act {
    pub by: Option<Actor>,
    #[serde(default)]
    pub verb: Verb,
    /// A manifest. Its namespace is that of who acts where it names none.
    pub object: Value,
    /// Fields that the schema does not know are refused, as `kubectl` does it, and not dropped.
    #[serde(default)]
    pub strict: bool,
    #[serde(default)]
    pub subresource: String,
    /// What the object says before the next act.
    pub until: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verb {
    #[default]
    Apply,
    Create,
    Merge,
    Get,
    List,
    Delete,
    /// Makes a Secret `object` with everything that the Secret of `data.from` has.
    Copy,
}

/// Who acts. None but the platform is an administrator.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Actor {
    /// The role `edit` in a namespace of its own, as the chart extends it.
    #[default]
    Tenant,
    /// The same, in a namespace that no access rule is for.
    Outsider,
    /// A tenant who may write AuthorizationServers in its namespace, and cannot read Secrets.
    ServerOwner,
    /// A tenant who may write the status of its OAuthClients.
    StatusWriter,
    /// The same rights in another namespace: whom the attacks are aimed at.
    Victim,
    /// The administrator of the cluster.
    Platform,
}

/// What comes of it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sees {
    /// The API server refuses the last act with this.
    pub refused: Option<String>,
    /// What `kind/name` says: condition, status and reason, as in `Ready False NameTaken`.
    pub on: Option<String>,
    #[serde(default)]
    pub reads: String,
    /// Or `Ready False ProviderNotAvailable`, where this version has no adapter for that kind of server.
    #[serde(default)]
    pub or_no_adapter: bool,
    #[serde(default)]
    pub says: String,
    /// `kind/name` is gone in the end.
    pub gone: Option<String>,
    /// `kind/name` is not there in the end.
    pub absent: Option<String>,
    /// For people, where the words alone do not tell.
    #[serde(default)]
    pub so: String,
}

/// The same thing, where it is allowed.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Control {
    /// For people.
    pub what: String,
    pub does: Vec<Act>,
    pub sees: Sees,
}

/// All groups.
pub fn groups() -> Vec<Group> {
    let read = |text: &&str| {
        serde_saphyr::from_str(text)
            .unwrap_or_else(|error| panic!("{}: {error}", text.lines().take(2).collect::<Vec<_>>().join(" ")))
    };
    FILES.iter().map(read).collect()
}

/// Words for those of the table, such as `{mine}`.
pub type Words = BTreeMap<String, String>;

/// Replaces words in a text.
pub fn filled(text: &str, words: &Words) -> String {
    let mut text = text.to_owned();
    for (word, for_it) in words {
        text = text.replace(&format!("{{{word}}}"), for_it);
    }
    match text.split_once('*') {
        // `300*x` stands for 300 times x.
        Some((count, unit)) if !unit.is_empty() => match count.parse() {
            Ok(count) => unit.repeat(count),
            Err(_) => text,
        },
        _ => text,
    }
}

/// The same in all texts of a value. `VARIANT` and `REF` stand for values of their own, and what follows `JSON` is a value.
pub fn filled_in(value: &Value, words: &Words, values: &BTreeMap<&str, Value>) -> Value {
    match value {
        Value::String(text) => match (values.get(text.as_str()), text.strip_prefix("JSON ")) {
            (Some(value), _) => filled_in(value, words, values),
            (None, Some(json)) => {
                let json = serde_json::from_str(&filled(json, words)).unwrap();
                filled_in(&json, &Words::new(), values)
            }
            (None, None) => Value::String(filled(text, words)),
        },
        Value::Array(items) => items.iter().map(|item| filled_in(item, words, values)).collect(),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| (filled(key, words), filled_in(value, words, values)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

impl Actor {
    const ALL: [(Self, &'static str); 6] = [
        (
            Self::Tenant,
            "has the built-in role `edit` in a namespace of its own, as the chart extends it",
        ),
        (
            Self::Outsider,
            "the same, in a namespace that no access rule is for",
        ),
        (
            Self::ServerOwner,
            "may write OAuthClients and AuthorizationServers in that namespace, and cannot read Secrets there",
        ),
        (
            Self::StatusWriter,
            "has `edit`, and may write the status of OAuthClients",
        ),
        (
            Self::Victim,
            "has `edit` in the namespace `payments`, where OAuthClient `billing` is",
        ),
        (Self::Platform, "administers the cluster; attacks nobody"),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Outsider => "outsider",
            Self::ServerOwner => "server owner",
            Self::StatusWriter => "status writer",
            Self::Victim => "victim",
            Self::Platform => "platform",
        }
    }
}

/// The page.
pub fn page() -> String {
    let groups = groups();
    let words: Words = [
        ("mine", "mallory"),
        ("theirs", "payments"),
        ("outside", "elsewhere"),
        ("server", "corp"),
        ("operator", "oauth-system"),
        ("their_id", "<client id of billing>"),
        ("their_name", "payments.billing.3f9c07d2ab.1"),
        ("n", "mine"),
        ("port", "8443"),
        ("tls", "https://login.example.com"),
    ]
    .map(|(word, text)| (word.to_owned(), text.to_owned()))
    .into();
    let count: usize = groups.iter().map(|group| group.attacks.len()).sum();
    let tries: usize = groups
        .iter()
        .flat_map(|group| group.attacks.iter().map(|attack| attack.tries(group)))
        .sum();
    let mut page = format!(
        "<!-- Generated from tests/attacks/table; do not edit. -->\n# Attacks, and what comes of them\n\n\
         {count} attacks, {tries} tries with all their forms. Each row is a test on a real API server \
         (`testcluster/run cargo test --workspace --features enumerate,conformance --test attacks`): the attacker sees \
         what the last column says, and nothing else happens. The authorization server is asked nothing (or, where a row \
         says so, only what concerns the attacker's own clients), no Secret of others is read or written, and the \
         victim's OAuthClient, Secret, ledger entry and client at the server are what they were, and still work. After \
         the attack, in the same place, what is allowed works, below each table: so nothing is refused because nothing works. [SECURITY.md](../SECURITY.md) \
         has the rules behind it. A way around one of these rows is a vulnerability: please report it there.\n\n\
         | who | |\n| --- | --- |\n"
    );
    for (actor, says) in Actor::ALL {
        writeln!(page, "| {} | {says} |", actor.name()).unwrap();
    }
    page.push_str(
        "\nThe server object is `corp`, the attacker's namespace `mallory`, the operator's `oauth-system`. What a namespace \
         may do at `corp` is decided by its access rules; both namespaces may use it unless a table says otherwise.\n",
    );
    for group in &groups {
        let (title, intro) = (&group.title, filled(&group.intro, &words));
        write!(
            page,
            "\n## {title}\n\n{intro}\n\n| | who | attack | what the attacker sees |\n| --- | --- | --- | --- |\n"
        )
        .unwrap();
        for row in &group.attacks {
            let (id, who) = (&row.id, row.by.name());
            let (attack, mut sees) = (row.told(group, &words), row.sees.told(&words));
            if let Some(known) = &row.known {
                sees = format!(
                    "**not refused yet**: {}. What shall be seen: {sees}",
                    known.trim_end()
                );
            }
            writeln!(page, "| {id} | {who} | {attack} | {sees} |").unwrap();
        }
        let own = group.attacks.iter().filter_map(|row| {
            let control = row.control.as_ref()?;
            Some(format!("{}: {}", row.id, filled(&control.what, &words)))
        });
        let controls: Vec<String> = own.chain([filled(&group.control.what, &words)]).collect();
        write!(page, "\nWhat works: {}.\n", controls.join("; ")).unwrap();
    }
    page
}

impl Attack {
    /// In how many forms it is made.
    pub fn tries(&self, group: &Group) -> usize {
        self.forms(group).len()
    }

    /// What it is made for: `{each}` and `{that}`.
    pub fn forms(&self, group: &Group) -> Vec<(String, String)> {
        if self.reference.is_some() {
            let fields = group.variants.keys();
            return fields.map(|field| (field.clone(), field.clone())).collect();
        }
        if self.each.is_empty() {
            return vec![Default::default()];
        }
        let each = self.each.iter();
        each.map(|(each, that)| (each.clone(), that.clone())).collect()
    }

    fn told(&self, group: &Group, words: &Words) -> String {
        let mut told = filled(&self.tried, words);
        if self.tries(group) > 1 {
            let shown: BTreeSet<String> = self
                .forms(group)
                .into_iter()
                .map(|(each, _)| format!("`{}`", short(&cell(&filled(&each, words)))))
                .collect();
            let shown: Vec<String> = shown.into_iter().collect();
            write!(told, ": {}", shown.join(", ")).unwrap();
        }
        told
    }
}

impl Sees {
    fn told(&self, words: &Words) -> String {
        let mut words = words.clone();
        words.insert("each".to_owned(), "…".to_owned());
        words.insert("that".to_owned(), "…".to_owned());
        let quoted = |text: &str| format!("\u{201c}{}\u{201d}", cell(&filled(text, &words)));
        let mut told = Vec::new();
        if let Some(refused) = &self.refused {
            told.push(format!("the API server refuses it: {}", quoted(refused)));
        }
        if let Some(on) = &self.on {
            told.push(format!("{}: `{}`", filled(on, &words), self.reads));
            if self.or_no_adapter {
                told.push("or `ProviderNotAvailable`, where this version has no adapter".to_owned());
            }
            if !self.says.is_empty() {
                told.push(quoted(&self.says));
            }
        }
        if let Some(gone) = &self.gone {
            told.push(format!("{} is gone", filled(gone, &words)));
        }
        if let Some(absent) = &self.absent {
            told.push(format!("there is no {}", filled(absent, &words)));
        }
        if !self.so.is_empty() {
            told.push(filled(&self.so, &words));
        }
        told.join("; ")
    }
}

/// A text in a cell of a table, whatever is in it.
fn cell(text: &str) -> String {
    let shown = text.chars().map(|c| match c {
        '|' => "\\|".to_owned(),
        '`' => "'".to_owned(),
        '<' => "&lt;".to_owned(),
        c if c.is_control() || ('\u{200b}'..='\u{202e}').contains(&c) => c.escape_default().to_string(),
        c => c.to_string(),
    });
    shown.collect()
}

fn short(text: &str) -> String {
    if text.chars().count() > 100 {
        format!("{}…", text.chars().take(60).collect::<String>())
    } else {
        text.to_owned()
    }
}
