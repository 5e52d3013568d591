//! The emulator of Ory Hydra, over HTTP.

mod support;

#[path = "hydra/admin_api.rs"]
mod admin_api;
#[path = "hydra/answers.rs"]
mod answers;
#[path = "hydra/assertions.rs"]
mod assertions;
#[path = "hydra/caller.rs"]
mod caller;
#[path = "hydra/changes.rs"]
mod changes;
#[path = "hydra/control.rs"]
mod control;
#[path = "hydra/documents.rs"]
mod documents;
#[path = "hydra/effects.rs"]
mod effects;
#[path = "hydra/misbehaviour.rs"]
mod misbehaviour;
#[path = "hydra/pages.rs"]
mod pages;
#[path = "hydra/patches.rs"]
mod patches;
#[path = "hydra/program.rs"]
mod program;
#[path = "hydra/releases.rs"]
mod releases;
#[path = "hydra/rotation.rs"]
mod rotation;
#[path = "hydra/tokens.rs"]
mod tokens;
