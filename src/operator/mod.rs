//! Wiring: what feeds the core, runs its steps, and keeps the process healthy.

pub mod args;
pub mod clock;
pub mod counted;
#[cfg(test)]
#[cfg(feature = "enumerate")]
mod enumerate;
pub mod health;
pub mod index;
pub mod lead;
pub mod metrics;
pub mod mirror;
pub mod pass;
pub mod queue;
pub mod rights;
pub mod run;
#[cfg(test)]
mod scenarios;
pub mod scopes;
pub mod servers;
pub mod standing;
pub mod start;
pub mod supervise;
pub mod tending;
pub mod tidings;
pub mod watches;
pub mod world;
