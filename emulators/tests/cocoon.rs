//! The emulator of Cocoon Data SafeShare, over HTTP.

mod support;

#[path = "cocoon/answers.rs"]
mod answers;
#[path = "cocoon/api.rs"]
mod api;
#[path = "cocoon/caller.rs"]
mod caller;
#[path = "cocoon/changes.rs"]
mod changes;
#[path = "cocoon/control.rs"]
mod control;
#[path = "cocoon/effects.rs"]
mod effects;
#[path = "cocoon/login.rs"]
mod login;
#[path = "cocoon/misbehaviour.rs"]
mod misbehaviour;
#[path = "cocoon/rules.rs"]
mod rules;
