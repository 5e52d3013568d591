//! An explanation on a terminal.

use jiff::Timestamp;

use super::explain::Explanation;
use crate::plugin::moves::Mover;
use crate::plugin::owed;
use crate::plugin::table::{Table, age};

/// The text.
pub(super) fn text(told: &Explanation, now: Timestamp) -> String {
    let mut text = format!("OAuthClient {}/{}: {}\n", told.namespace, told.name, told.summary);
    if !told.wrong.is_empty() {
        text += "\nWhat is wrong\n";
        for wrong in &told.wrong {
            text += &format!("  {}\n    {}\n", wrong.what, wrong.message);
        }
    }
    let movers: Vec<String> = told.moves.iter().map(Mover::to_string).collect();
    text += &format!("\nWhose move\n  {}\n", movers.join(" and "));
    text += "\nNext\n";
    for next in &told.next {
        text += &format!("  {next}\n");
    }
    let facts = facts(told);
    if !facts.is_empty() {
        text += &format!("\n{facts}");
    }
    if !told.conditions.is_empty() {
        let mut table = Table::new(["CONDITION", "STATUS", "REASON", "FOR"]);
        for condition in &told.conditions {
            let since = condition.last_transition_time.0;
            let since = if since == Timestamp::UNIX_EPOCH {
                String::new()
            } else {
                age(now, since)
            };
            table.add([
                condition.type_.clone(),
                condition.status.clone(),
                condition.reason.clone(),
                since,
            ]);
        }
        text += &format!("\n{table}");
    }
    if !told.owed.is_empty() {
        text += &format!(
            "\nStill to be removed\n{}",
            indented(&owed::table(&told.owed, now))
        );
    }
    if !told.not_read.is_empty() {
        text += "\nNot read\n";
        for why in &told.not_read {
            text += &format!("  {why}\n");
        }
    }
    text
}

fn facts(told: &Explanation) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    if let Some(server) = &told.server {
        let ready = match (server.ready, &server.reason) {
            (Some(true), _) => ", ready".to_owned(),
            (Some(false), reason) => format!(", not ready: {}", reason.as_deref().unwrap_or_default()),
            (None, _) => String::new(),
        };
        lines.push(("Server", format!("{}{ready}", server.name)));
    }
    lines.extend(told.client_id.clone().map(|id| ("Client ID", id)));
    lines.extend(told.client_name.clone().map(|name| ("Client name", name)));
    if let Some(secret) = &told.secret {
        let there = if secret.there { "there" } else { "not there" };
        lines.push(("Secret", format!("{}, {there}", secret.name)));
    }
    let mut text = String::new();
    for (what, value) in lines {
        text += &format!("{what:13}{value}\n");
    }
    text
}

fn indented(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    format!("  {}\n", lines.join("\n  "))
}
