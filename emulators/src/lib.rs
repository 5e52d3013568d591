//! Emulators of authorization servers that cannot be run in a test.
//!
//! An emulator answers as the vendor's documentation says. Where the documentation is silent it has a
//! [switch], so a test can make it take each plausible behaviour in turn; and it can be told to
//! [misbehave] as networks, proxies and overloaded servers do.
//!
//! An emulator is two layers:
//!
//! * this crate's root: sockets ([`server`]), the course of one call ([`hub`]), the [`journal`], what goes
//!   wrong on command ([`misbehave`], [`garble`], [`wire`]) and the [`control`] API under `/_control`;
//! * one module for each product ([`auth0`], [`cocoon`], [`composer`], [`digitalroute`], [`hydra`]) or standard
//!   ([`dynamic_registration`]), which implements [`AuthServer`] in memory and without any I/O. What management APIs have in common is in
//!   [`speech`], [`listing`] and [`lagged`], the values of shared switches in [`management_choices`].
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use authserver_emulator::digitalroute::{Config, Emulator};
//! use authserver_emulator::misbehave::{Behaviour, Rule};
//!
//! let emulator = Emulator::start(Config::default()).await?;
//! emulator.misbehave(Rule::on("register", Behaviour::LoseAnswer).times(1))?;
//! println!("{}", emulator.api_url());
//! # Ok(()) }
//! ```

pub mod auth0;
pub mod cocoon;
pub mod composer;
pub mod control;
pub mod digitalroute;
pub mod dynamic_registration;
pub mod emulator;
pub mod garble;
pub mod http;
pub mod hub;
pub mod hydra;
pub mod journal;
pub mod lagged;
pub mod listing;
pub mod management_choices;
pub mod misbehave;
pub mod random;
pub mod server;
pub mod speech;
pub mod switch;
pub mod token;
pub mod token_choices;
pub mod wire;

use crate::http::{Answer, Request};

/// One kind of call that a server knows, as the journal counts it and rules match it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name in the journal, in counters and in rules.
    pub name: &'static str,
    /// Whether the call is meant to change something.
    pub mutating: bool,
}

/// What a request is, before anything is done about it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which operation it is.
    pub operation: Operation,
    /// The name of the client that it is about, where there is one.
    pub name: Option<String>,
}

/// What became of a request.
#[derive(Debug)]
pub struct Done {
    /// What the server says.
    pub answer: Answer,
    /// Whether the server's state is another one now.
    pub changed: bool,
}

impl Done {
    /// An answer that changes nothing.
    pub fn unchanged(answer: Answer) -> Self {
        Self {
            answer,
            changed: false,
        }
    }

    /// An answer after a change.
    pub fn changed(answer: Answer) -> Self {
        Self {
            answer,
            changed: true,
        }
    }

    /// A refusal is an answer too; the state stays what it was.
    pub fn settled(result: Result<Self, Answer>) -> Self {
        result.unwrap_or_else(Self::unchanged)
    }
}

/// An authorization server in memory. It does no I/O and never waits: what goes wrong on the way is the
/// business of the [`hub`].
pub trait AuthServer: Send + Sync + 'static {
    /// Every operation that [`AuthServer::classify`] may name.
    fn operations(&self) -> &'static [Operation];
    /// Says what a request is, and changes nothing.
    fn classify(&self, request: &Request) -> Call;
    /// Does what a request asks for.
    fn perform(&self, request: &Request) -> Done;
    /// Answers the control calls that only this server has; `path` is the decoded rest after `/_control/`.
    /// `None` when there is no such call.
    fn control(&self, path: &[&str], request: &Request) -> Option<Answer>;
    /// Everything it holds, credentials included, for a test to look at.
    fn state(&self) -> serde_json::Value;
    /// Back to what it was started with.
    fn reset(&self);
}
