//! Wiring: what feeds the core, runs its steps, and keeps the process healthy.
//!
//! ```text
//! watches ──► mirror ──► queue ──► run ──► pass: gather ► decide ► executor ► fold ──┬──► cluster::Cluster
//!    │                     ▲                        │                                └──► provider::Provider
//!    ▼                     │ held until it leads    ▼                                        ▲ through tapped, scopes
//! tending ──► servers ─────┴─── lead             world (`Operator`, what a pass sees)        │ and the gate's permits
//!                └───────────────────────── the way to each server ──────────────────────────┘
//! ```
//!
//! - **The pass**: [`pass`] takes the steps of one client, in the [`world`], which is what steps see and change; [`queue`]
//!   says who is next, [`run`] has the workers and their retries.
//! - **The process**: [`args`] is its command line, [`start`] finds out where it is, [`lead`] takes part in the election,
//!   [`supervise`] begins tasks again that end, and [`clock`] tells a time that does not jump.
//! - **Server objects**: [`tending`] has a task for each, [`servers`] is that task; it calls through [`scopes`]
//!   (remembered) and [`tapped`], which tells [`rights`] (what the credential lacks) and [`metrics`].
//! - **What is watched**: [`reach`] says where, [`watches`] are the requests, [`mirror`] keeps what they tell, [`index`] says
//!   what is kept, and [`lookout`] whether they see anything.
//! - **What is shown**: [`standing`] is a server's status, [`tidings`] its Events; [`health`] serves the probes and
//!   [`metrics`].

pub mod admission;
pub mod args;
pub mod clock;
#[cfg(test)]
#[cfg(feature = "conformance")]
mod conformance;
#[cfg(test)]
#[cfg(feature = "enumerate")]
mod enumerate;
pub mod health;
pub mod index;
pub mod lead;
pub mod lookout;
pub mod metrics;
pub mod mirror;
pub mod pass;
pub mod queue;
pub mod reach;
pub mod rights;
pub mod run;
#[cfg(test)]
mod scenarios;
pub mod scopes;
pub mod servers;
pub mod standing;
pub mod start;
pub mod supervise;
pub mod tapped;
pub mod tending;
pub mod tidings;
pub mod watches;
pub mod world;
