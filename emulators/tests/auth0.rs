//! The emulator of Auth0, over HTTP.

#[path = "support/program.rs"]
mod process;
mod support;

#[path = "auth0/access.rs"]
mod access;
#[path = "auth0/api.rs"]
mod api;
#[path = "auth0/assertions.rs"]
mod assertions;
#[path = "auth0/caller.rs"]
mod caller;
#[path = "auth0/changes.rs"]
mod changes;
#[path = "auth0/control.rs"]
mod control;
#[path = "auth0/credentials.rs"]
mod credentials;
#[path = "auth0/effects.rs"]
mod effects;
#[path = "auth0/grants.rs"]
mod grants;
#[path = "auth0/key.rs"]
mod key;
#[path = "auth0/limits.rs"]
mod limits;
#[path = "auth0/lists.rs"]
mod lists;
#[path = "auth0/misbehaviour.rs"]
mod misbehaviour;
#[path = "auth0/program.rs"]
mod program;
#[path = "auth0/switches.rs"]
mod switches;
#[path = "auth0/tokens.rs"]
mod tokens;
