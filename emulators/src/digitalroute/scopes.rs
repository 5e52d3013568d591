//! The calls to `/scope`.

use super::choices::{ScopeAbsent, ScopeExisting, ScopeInUse};
use super::state::{Client, Store};
use super::voice::{Voice, distinct};
use crate::Done;
use crate::http::Answer;
use crate::switch::Either::{Do, Refuse};
use crate::switch::Success;

/// GET `/scope`.
pub fn get(store: &Store, voice: Voice<'_>) -> Done {
    Done::unchanged(voice.json(Success(200), &voice.scope(&store.scopes)))
}

/// POST `/scope`: provisions what can be provisioned and says what that was.
pub fn post(store: &mut Store, voice: Voice<'_>) -> Result<Done, Answer> {
    let asked = asked(voice)?;
    let existing: Vec<&String> = asked
        .iter()
        .filter(|scope| store.scopes.contains(scope))
        .collect();
    if let (Refuse(status), Some(scope)) = (voice.switches.scope_existing, existing.first()) {
        return Err(voice.refuse(status, &format!("scope {scope:?} exists already")));
    }
    let listed = voice.switches.scope_existing == Do(ScopeExisting::Listed);
    let refused: Vec<&str> = voice.switches.scope_refused.split_whitespace().collect();
    let before = store.scopes.len();
    let mut succeeded = Vec::new();
    for scope in asked {
        let exists = store.scopes.contains(&scope);
        if refused.contains(&scope.as_str()) || (exists && !listed) {
            continue;
        }
        if !exists {
            store.scopes.push(scope.clone());
        }
        succeeded.push(scope);
    }
    let answer = voice.json(voice.switches.scope_status, &voice.scope(&succeeded));
    Ok(Done {
        answer,
        changed: before != store.scopes.len(),
    })
}

/// PATCH `/scope`: removes what can be removed and says what that was.
pub fn patch(store: &mut Store, voice: Voice<'_>) -> Result<Done, Answer> {
    let switches = voice.switches;
    let asked = asked(voice)?;
    let has = |client: &Client, scope: &str| client.scope.split_whitespace().any(|one| one == scope);
    let used = |store: &Store, scope: &str| store.clients.iter().any(|client| has(client, scope));
    for scope in &asked {
        match (switches.scope_absent, switches.scope_in_use) {
            (Refuse(status), _) if !store.scopes.contains(scope) => {
                return Err(voice.refuse(status, &format!("there is no scope {scope:?}")));
            }
            (_, Refuse(status)) if used(store, scope) => {
                return Err(voice.refuse(status, &format!("scope {scope:?} is in use")));
            }
            _ => {}
        }
    }
    let before = store.scopes.len();
    let mut succeeded = Vec::new();
    for scope in asked {
        let exists = store.scopes.contains(&scope);
        let kept = switches.scope_in_use == Do(ScopeInUse::Keep) && used(store, &scope);
        if kept || (!exists && switches.scope_absent == Do(ScopeAbsent::Omitted)) {
            continue;
        }
        store.scopes.retain(|one| *one != scope);
        if switches.scope_in_use == Do(ScopeInUse::Strip) && used(store, &scope) {
            strip(store, &scope);
        }
        succeeded.push(scope);
    }
    let answer = voice.json(switches.scope_status, &voice.scope(&succeeded));
    Ok(Done {
        answer,
        changed: before != store.scopes.len(),
    })
}

fn asked(voice: Voice<'_>) -> Result<Vec<String>, Answer> {
    let asked = voice.read(&["scope"])?.scope;
    let text = asked.ok_or_else(|| voice.refuse(400, "scope is missing"))?;
    Ok(distinct(text.split_whitespace())
        .into_iter()
        .map(str::to_owned)
        .collect())
}

fn strip(store: &mut Store, scope: &str) {
    store.remember();
    for client in &mut store.clients {
        let kept: Vec<&str> = client
            .scope
            .split_whitespace()
            .filter(|one| *one != scope)
            .collect();
        client.scope = kept.join(" ");
    }
}
