//! Misbehaviour on command: rules that say which calls go wrong, how, and how often.

mod behaviour;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use behaviour::{Behaviour, BodyKind, Decoy};

use crate::{Call, Operation};

/// Which calls a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The name of an operation, `any`, or `mutation` or `read` for all of that kind. Where a server has an
    /// operation of one of these names, that one is meant.
    #[serde(default = "any")]
    pub operation: String,
    /// The name of the client; any when not given.
    #[serde(default)]
    pub name: Option<String>,
}

fn any() -> String {
    "any".to_owned()
}

impl Default for Match {
    fn default() -> Self {
        Self {
            operation: any(),
            name: None,
        }
    }
}

impl Match {
    /// A server's own operation goes before a group of the same name.
    fn fits(&self, call: &Call, operations: &[Operation]) -> bool {
        let known = |name| operations.iter().any(|known| known.name == name);
        let operation = match self.operation.as_str() {
            name if known(name) => name == call.operation.name,
            "any" => true,
            "mutation" => call.operation.mutating,
            "read" => !call.operation.mutating,
            _ => false,
        };
        operation
            && self
                .name
                .as_ref()
                .is_none_or(|name| call.name.as_ref() == Some(name))
    }
}

/// Which calls go wrong, how, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which calls.
    #[serde(rename = "match", default)]
    pub matching: Match,
    /// How.
    pub behaviour: Behaviour,
    /// How many calls; without an end when not given.
    #[serde(default)]
    pub times: Option<u64>,
    /// How many matching calls pass unharmed first.
    #[serde(default)]
    pub skip: u64,
    /// Whether the work is done, where the behaviour leaves that open.
    #[serde(default)]
    pub work: Option<bool>,
}

impl Rule {
    /// Reads a rule, and refuses whatever it does not know in it.
    pub fn from_json(value: &Value) -> Result<Self, BadRule> {
        let rule = Self::deserialize(value).map_err(|error| BadRule(error.to_string()))?;
        // serde does not look for unknown fields in variants without fields.
        let known = serde_json::to_value(&rule.behaviour).map_err(|error| BadRule(error.to_string()))?;
        let given = value["behaviour"].as_object();
        match given.and_then(|fields| fields.keys().find(|field| known.get(field).is_none())) {
            Some(field) => Err(BadRule(format!(
                "{} has no field {field:?}",
                rule.behaviour.kind()
            ))),
            None => Ok(rule),
        }
    }

    /// A rule for every call of an operation (or `any`, `mutation`, `read`), without an end.
    pub fn on(operation: &str, behaviour: Behaviour) -> Self {
        let matching = Match {
            operation: operation.to_owned(),
            name: None,
        };
        Self {
            matching,
            behaviour,
            times: None,
            skip: 0,
            work: None,
        }
    }

    /// The same for calls about one client only.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.matching.name = Some(name.to_owned());
        self
    }

    /// The same for so many calls.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// The same after so many calls.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// The same, with or without the work being done.
    #[must_use]
    pub fn work(mut self, work: bool) -> Self {
        self.work = Some(work);
        self
    }
}

/// A rule in force.
#[derive(Debug, Serialize)]
pub struct Active {
    /// Given out when the rule was added.
    pub id: u64,
    /// The rule; `skip` and `times` count down.
    #[serde(flatten)]
    pub rule: Rule,
    /// How many calls it was applied to.
    pub hits: u64,
    #[serde(skip)]
    passed: VecDeque<Instant>,
}

/// What happens to one call.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// The behaviour.
    pub behaviour: Behaviour,
    /// Whether the work is done.
    pub work: bool,
}

/// A rule that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadRule(String);

/// All rules in force. The first that fits a call is applied.
#[derive(Debug)]
pub struct Rules {
    operations: &'static [Operation],
    active: Vec<Active>,
    last_id: u64,
}

impl Rules {
    /// No rules.
    pub fn new(operations: &'static [Operation]) -> Self {
        Self {
            operations,
            active: Vec::new(),
            last_id: 0,
        }
    }

    /// Adds a rule behind the others.
    pub fn add(&mut self, rule: Rule) -> Result<u64, BadRule> {
        let operation = rule.matching.operation.as_str();
        let known = ["any", "mutation", "read"].contains(&operation)
            || self.operations.iter().any(|known| known.name == operation);
        if !known {
            return Err(BadRule(format!("there is no operation {operation:?}")));
        }
        if rule.work.is_some() && !rule.behaviour.work_is_optional() {
            return Err(BadRule(format!(
                "`work` means nothing for {}",
                rule.behaviour.kind()
            )));
        }
        rule.behaviour.check().map_err(BadRule)?;
        self.last_id += 1;
        self.active.push(Active {
            id: self.last_id,
            rule,
            hits: 0,
            passed: VecDeque::new(),
        });
        Ok(self.last_id)
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.active.clear();
    }

    /// Removes one rule; says whether there was one.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.active.len();
        self.active.retain(|active| active.id != id);
        before != self.active.len()
    }

    /// The rules in force, used-up ones included.
    pub fn active(&self) -> &[Active] {
        &self.active
    }

    /// What happens to this call, if anything. Counts.
    pub fn judge(&mut self, call: &Call) -> Option<Sentence> {
        let Self {
            operations, active, ..
        } = self;
        active
            .iter_mut()
            .find_map(|active| active.judge(call, operations))
    }
}

impl Active {
    fn judge(&mut self, call: &Call, operations: &[Operation]) -> Option<Sentence> {
        if self.rule.times == Some(0) || !self.rule.matching.fits(call, operations) {
            return None;
        }
        if self.rule.skip > 0 {
            self.rule.skip -= 1;
            return None;
        }
        if let Behaviour::RateLimit {
            requests, window_ms, ..
        } = self.rule.behaviour
        {
            let window = Duration::from_millis(window_ms);
            self.passed.retain(|at| at.elapsed() < window);
            if self.passed.len() < requests {
                self.passed.push_back(Instant::now());
                return None;
            }
        }
        self.hits += 1;
        self.rule.times = self.rule.times.map(|times| times - 1);
        let behaviour = self.rule.behaviour.clone();
        let work = self.rule.work.unwrap_or_else(|| behaviour.works());
        Some(Sentence { behaviour, work })
    }
}
