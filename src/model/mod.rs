//! The pure core: what is known, what to do next, and what is known then. No I/O, no clock, no kube client.
//!
//! ```text
//! gather ──► decide ──► do one step ──► fold the outcome into the state ─┐
//!               ▲                                                        │
//!               └────────────────────────────────────────────────────────┘   until Settled or Blocked
//! ```
//!
//! [`State`] is everything that is known about one client. [`decide`] turns it into one [`Step`] (one side
//! effect or one read, with every value already chosen) or ends the pass. [`fold`] turns the step's [`Outcome`]
//! into the next state. A crash between any two steps equals starting again: whatever must survive is in the
//! [`LedgerEntry`], which is written before every mutating call and before an answer is used.

pub mod access;
mod capabilities;
mod confidential;
mod decide;
mod digest;
mod fault;
mod fold;
mod ledger;
mod metadata;
mod names;
pub mod percent;
pub mod publication;
mod report;
mod rotation;
mod scrub;
mod state;
mod step;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod text;

pub use capabilities::{Capabilities, ChosenBy, Field, HandleKind, Overlap, ScopeModel};
pub use confidential::Confidential;
pub use decide::{Decision, Wake, decide, differs};
pub use digest::{sha256_hex, short_hash};
pub use fault::{Denial, Fault};
pub use fold::fold;
pub use ledger::{
    Access, Attempt, Candidate, Chosen, Endpoints, Intent, LedgerEntry, Loss, Obligation, Operation,
    Previous, Registration, Removal, Rotation, SCHEMA, Served, Trace, Unreadable, claim,
};
pub use metadata::{ClientMetadata, Credential, Marker, RegistrationAccess, RemoteClient};
pub use names::{
    AttemptId, ClientKey, ClusterId, Handle, InstanceId, ServerKey, Subject, Uid, Version, generated_name,
    random_id,
};
pub use publication::{FoundSecret, Publication};
pub use report::{Condition, Effective, Happening, Obstacle, Report, RotationState, Status};
pub use scrub::Scrub;
pub use state::{
    Answer, ClientObject, ClientView, Closed, GivenSecret, Here, LedgerView, NamespaceView, Observation,
    Pass, Server, ServerView, State, Timing, Written,
};
pub use step::{
    Call, Outcome, Publish, PublishMode, Query, Quota, Record, Refusal, Request, Step, Target, TokenRequest,
    Verification,
};
