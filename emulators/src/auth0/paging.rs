//! Lists by page and by checkpoint.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::choices::{BothPagings, LastPage, OffsetCap, TotalsShape};
use super::refusal::Refusal;
use super::switches::Switches;
use super::voice::Voice;
use crate::random::{URL_SAFE, random};
use crate::switch::Either::{Do, Refuse};

/// The items of a page when nobody says how many.
const USUAL: usize = 50;
/// The most items of a page.
const MOST: usize = 100;
/// The most items that can be reached by page.
const CAP: usize = 1000;
const NEXT_LENGTH: usize = 32;

/// The things of a list.
pub struct Items {
    /// What they are called in an object around them.
    pub key: &'static str,
    /// Each with its id, in the order of pages.
    pub paged: Vec<(String, Value)>,
    /// Each with its id, in the order of checkpoints: oldest first.
    pub walked: Vec<(String, Value)>,
}

impl Items {
    /// Things that have one order.
    pub fn new(key: &'static str, items: Vec<(String, Value)>) -> Self {
        Self {
            key,
            paged: items.clone(),
            walked: items,
        }
    }
}

/// Lists by checkpoint that somebody is in the middle of: by the `next` that was given out, when that was, and the
/// ids that came before.
#[derive(Debug, Default)]
pub struct Checkpoints(HashMap<String, (Instant, HashSet<String>)>);

/// The piece of a list that a request asks for.
pub fn page(checkpoints: &mut Checkpoints, voice: Voice<'_>, items: Items) -> Result<Value, Refusal> {
    let switches = voice.switches;
    let asks = |name: &str| voice.request.parameter(name).is_some();
    let by_checkpoint = asks("from") || asks("take");
    let by_page = asks("page") || asks("per_page") || asks("include_totals");
    if by_checkpoint && by_page {
        match switches.both_pagings {
            Refuse(status) => {
                let what = "'from and take exclude page and per_page'";
                return Err(Refusal::query(what).with_status(status));
            }
            Do(BothPagings::Page) => return numbered(voice, items),
            Do(BothPagings::Checkpoint) => {}
        }
    }
    if !by_checkpoint {
        return numbered(voice, items);
    }
    match switches.checkpoint {
        Refuse(status) => {
            let what = "'Additional properties not allowed: from,take'";
            Err(Refusal::query(what).with_status(status))
        }
        Do(_) => checkpoints.piece(voice, items),
    }
}

fn number(voice: Voice<'_>, name: &str, usual: usize, most: usize) -> Result<usize, Refusal> {
    let Some(text) = voice.request.parameter(name) else {
        return Ok(usual);
    };
    match text.parse() {
        Ok(number) if number > most => Err(Refusal::query(format!(
            "'Value {number} is greater than maximum {most}' on property {name}"
        ))),
        Ok(number) => Ok(number),
        Err(_) => Err(Refusal::query(format!(
            "'Expected type integer but found type string' on property {name}"
        ))),
    }
}

/// A flag in the query, if it is there.
pub fn flag(voice: Voice<'_>, name: &str) -> Result<Option<bool>, Refusal> {
    match voice.request.parameter(name).as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Refusal::query(format!(
            "'Expected type boolean but found type string' on property {name}"
        ))),
    }
}

fn values(items: impl Iterator<Item = (String, Value)>) -> Vec<Value> {
    items.map(|(_, value)| value).collect()
}

fn numbered(voice: Voice<'_>, items: Items) -> Result<Value, Refusal> {
    let page = number(voice, "page", 0, usize::MAX)?;
    let size = number(voice, "per_page", USUAL, MOST)?;
    let totals = flag(voice, "include_totals")?.unwrap_or(false);
    let start = page.saturating_mul(size);
    let total = items.paged.len();
    let mut shown = size;
    if start.saturating_add(size) > CAP {
        match voice.switches.offset_cap {
            Refuse(status) => {
                let message = format!(
                    "Requesting page {page} exceeds the allowed maximum of {CAP} records. To fetch results \
                     beyond {CAP}, use the checkpoint pagination method"
                );
                return Err(Refusal::new(status, "invalid_paging", message));
            }
            Do(OffsetCap::Empty) => shown = 0,
            Do(OffsetCap::Served) => {}
        }
    }
    let piece = values(items.paged.into_iter().skip(start).take(shown));
    let with_totals = match voice.switches.list_shape {
        TotalsShape::AsAsked => totals,
        TotalsShape::Array => false,
        TotalsShape::Object => true,
    };
    if with_totals {
        return Ok(json!({ "total": total, "start": start, "limit": size, items.key: piece }));
    }
    Ok(Value::Array(piece))
}

impl Checkpoints {
    fn piece(&mut self, voice: Voice<'_>, items: Items) -> Result<Value, Refusal> {
        let switches = voice.switches;
        let take = number(voice, "take", USUAL, MOST)?.max(1);
        let mut seen = match voice.request.parameter("from") {
            None => HashSet::new(),
            Some(from) => self
                .seen(switches, &from)
                .ok_or_else(|| Refusal::new(400, "invalid_paging", "from is not valid, or not any more"))?,
        };
        let mut ahead = items.walked.into_iter().filter(|(id, _)| !seen.contains(id));
        let piece: Vec<_> = ahead.by_ref().take(take).collect();
        let is_last = ahead.next().is_none();
        drop(ahead);
        let goes_on = !is_last || (switches.last_page == LastPage::EmptyFollows && !piece.is_empty());
        seen.extend(piece.iter().map(|(id, _)| id.clone()));
        let mut body = json!({ items.key: values(piece.into_iter()) });
        match switches.last_page {
            _ if goes_on => {
                let next = random(NEXT_LENGTH, URL_SAFE);
                self.0.insert(next.clone(), (Instant::now(), seen));
                body["next"] = json!(next);
            }
            LastPage::NoNext | LastPage::EmptyFollows => {}
            LastPage::Null => body["next"] = Value::Null,
            LastPage::EmptyText => body["next"] = json!(""),
        }
        Ok(body)
    }

    fn seen(&self, switches: &Switches, from: &str) -> Option<HashSet<String>> {
        let (at, seen) = self.0.get(from)?;
        (at.elapsed() < Duration::from_secs(switches.checkpoint_seconds)).then(|| seen.clone())
    }
}
