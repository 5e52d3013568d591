//! What to do next. Pure and total: the same state and the same random values give the same decision.
//!
//! [`decide`] is a chain of stages. Each looks at one concern and either lets the next one have its say or ends
//! the chain with a decision; the order of the stages is the order of importance.
//!
//! | stage | reads | writes at Kubernetes | calls the server |
//! | --- | --- | --- | --- |
//! | `entry` | | the record, taken over from a predecessor; removes a Secret of it | |
//! | `intent::store_answer` | | the record, with the answer | |
//! | `keep` | | the Secret | |
//! | `overlap` | a token | the record | |
//! | `obligations` | what a lost attempt made | the record | Delete, Disable |
//! | `access` | | (pure: rules and abilities) | |
//! | `intent::resolve` | the client of an open call | the record | repeats the open call |
//! | `register`, `claim` | names, scopes, admission | rehearses the Secret; the record | Register, ProvisionScopes |
//! | `drift`, `own_access` | the client, or a token | the record | Register, Update |
//! | `update` | scopes | the record | Update |
//! | `rotate` | scopes | the record | Rotate, Register |
//! | `cleanup` (the client is gone) | admission | removes Secret and record | through `obligations` |
//!
//! A call is always two steps: the record of the attempt, then the call. Each stage may block, with what is in the way.

mod case;
mod claim;
mod cleanup;
mod drift;
mod entry;
mod intent;
mod keep;
mod obligations;
mod overlap;
mod own_access;
mod register;
mod rotate;
mod update;

use jiff::Timestamp;
use rand::CryptoRng;

use super::state::{ClientView, Closed, LedgerView, ServerView, State, Written};
use super::step::Step;
use case::{Case, Flow};
pub use drift::differs;
pub(super) use obligations::is_removal;

/// A pass ends after this many steps, whatever happens; a real one takes at most about a dozen.
const STEP_BUDGET: u32 = 40;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use]
pub enum Decision {
    /// Take this step, fold its outcome in, and decide again.
    Do(Box<Step>),
    /// All is as it should be.
    Settled(Wake),
    /// Something is in the way.
    Blocked(Wake),
}

/// When to look again, if nothing changes before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wake {
    /// At once: what was seen is out of date.
    Now,
    /// At this time.
    At(Timestamp),
    /// After a while that grows with each failure.
    Backoff,
    /// Only on a change.
    OnChange,
}

/// Decides the next step of one client.
pub fn decide(state: &State, rng: &mut dyn CryptoRng) -> Decision {
    // An answer is stored first: the server may not give it again.
    let budget = STEP_BUDGET
        + if state.pass.answer.is_some() {
            STEP_BUDGET
        } else {
            0
        };
    if state.pass.steps >= budget {
        return Decision::Blocked(Wake::Backoff);
    }
    if matches!(state.ledger, LedgerView::Unreadable(_)) && !matches!(state.client, ClientView::Present(_)) {
        return Decision::Blocked(Wake::OnChange);
    }
    let chain = match &state.client {
        // Nothing there is seen until this process is told to look.
        ClientView::Unknown(_) if matches!(state.namespace.closed, Some(Closed::OutOfSight(_))) => {
            return Decision::Blocked(Wake::OnChange);
        }
        ClientView::Unknown(_) => return Decision::Blocked(Wake::Backoff),
        ClientView::Gone { crd_uid } => cleanup::gone(state, crd_uid, rng),
        ClientView::Present(client) if client.terminating || state.namespace.terminating => {
            // Nothing is minted or published any more; cleanup starts when it is gone.
            return Decision::Settled(Wake::OnChange);
        }
        ClientView::Present(client) => present(&Case { state, client }, rng),
    };
    match chain {
        Ok(decision) => decision,
        Err(decision) => *decision,
    }
}

/// That Kubernetes refuses what the operator needs, for a person.
fn without_rights(what: Written, why: &str) -> String {
    let what = match what {
        Written::NotRead => "does not let the operator read what it has to know",
        Written::Ledger => "does not let the operator keep its record of this client",
        Written::Secret | Written::Status => "does not let the operator write what it has to",
    };
    format!(
        "the API server {what}: {why}. Platform team: give the operator the rights of its chart (where namespaces opt in, \
         by a RoleBinding in each), or lift the rule that is in the way. Nothing is changed at the authorization server until then; tried again at least every 6 minutes."
    )
}

/// A client that is there. Read from top to bottom, this is what the operator does.
fn present(case: &Case, rng: &mut dyn CryptoRng) -> Flow<Decision> {
    case.heed_refusals()?;
    case.heed_closed_namespace()?;
    entry::check(case, rng)?;
    intent::store_answer(case)?;
    entry::keep_removal(case)?;
    keep::secret(case)?;

    let server = match &case.state.server {
        ServerView::Ready(server) => server,
        ServerView::Missing(key) => return case.blocked(case::server_not_found(key)),
        ServerView::NotServed(key) => return case.blocked(case::server_not_served(key)),
        ServerView::NotReady(key, why) => return case.leave_as_it_is(key, why),
    };
    if !server.suspended {
        entry::check_address(case, server)?;
        // What was promised earlier does not wait for what is asked for now.
        overlap::wind_up(case, server)?;
        obligations::discharge(case.state, server, rng)?;
    }
    if server.suspended || case.client.spec.suspend {
        return case.suspended(server);
    }
    let desired = case.desired(server)?;
    entry::keep_terms(case, server)?;
    intent::resolve(case, server, &desired, rng)?;
    register::first(case, server, &desired, rng)?;
    drift::look(case, server, &desired, rng)?;
    update::apply(case, server, &desired, rng)?;
    keep::withheld(case, server)?;
    let next_rotation = rotate::when_due(case, server, &desired, rng)?;
    own_access::tell_of_loss(case, next_rotation)?;
    case.settled(next_rotation)
}
