//! The triggers of rotations: what was served, and what is waited for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::{ANNOTATION_VALUE_MAX, OAuthClientSpec};

/// A rotation schedule as first seen. Ticks before that are none that were missed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    /// `schedule.cron`
    pub cron: String,
    /// `schedule.timeZone`
    pub time_zone: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

impl Scheduled {
    /// What a spec asks for: what is known of it, or that it is new.
    pub fn kept(known: Option<&Self>, spec: &OAuthClientSpec, now: Timestamp) -> Option<Self> {
        let schedule = spec.rotation.as_ref()?.schedule.as_ref()?;
        let same = |known: &&Self| known.cron == schedule.cron && known.time_zone == schedule.time_zone;
        Some(known.filter(same).cloned().unwrap_or_else(|| Self {
            cron: schedule.cron.clone(),
            time_zone: schedule.time_zone.clone(),
            since: now,
        }))
    }
}

/// What has been served.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// The last value of the rotate annotation that was served (or was there at creation).
    pub annotation: Option<String>,
    /// Values that were served before it, the latest first: a revert in a GitOps repository rotates nothing.
    pub earlier: Vec<String>,
    /// When the last rotation was completed.
    pub rotated_at: Option<Timestamp>,
}

impl Served {
    /// How many earlier values are remembered.
    const REMEMBERED: usize = 9;

    /// The value that is there at creation rotates nothing. One that is too long to be an order is not kept either: tenants
    /// choose it, and could fill the ledger with it.
    pub fn at_creation(annotation: Option<String>) -> Self {
        Self {
            annotation: annotation.filter(|value| Self::is_order(value)),
            ..Self::default()
        }
    }

    /// Whether a value of the annotation is short enough to be an order.
    pub fn is_order(value: &str) -> bool {
        value.chars().count() <= ANNOTATION_VALUE_MAX
    }

    /// The value of the annotation, where it is an order that was not served.
    pub fn unserved<'a>(&self, annotation: Option<&'a String>) -> Option<&'a String> {
        annotation.filter(|value| Self::is_order(value) && !self.knows(value))
    }

    /// Whether a value of the annotation was served.
    pub fn knows(&self, value: &str) -> bool {
        self.annotation.as_deref() == Some(value) || self.earlier.iter().any(|earlier| earlier == value)
    }

    /// Remembers a value as served, unless it is too long to be an order.
    pub fn serve(&mut self, value: &str) {
        if !Self::is_order(value) {
            return;
        }
        self.earlier.retain(|earlier| earlier != value);
        if let Some(last) = self
            .annotation
            .replace(value.to_owned())
            .filter(|last| last != value)
        {
            self.earlier.insert(0, last);
            self.earlier.truncate(Self::REMEMBERED);
        }
    }
}
