//! What a server with dynamic registration can do.

use std::collections::BTreeSet;

use crate::model::{Capabilities, ChosenBy, Field, HandleKind, Overlap, ScopeModel};

/// The longest name that we give; none is in the standard.
const NAME_LIMIT: usize = 200;

/// Of a server whose token endpoint is known, or is not.
pub fn of(can_verify: bool) -> Capabilities {
    let updates = BTreeSet::from([
        Field::GrantTypes,
        Field::Scopes,
        Field::RedirectUris,
        Field::TokenEndpointAuthMethod,
    ]);
    let mut honours = updates.clone();
    honours.insert(Field::ClientName);
    Capabilities {
        client_id: ChosenBy::Server,
        client_secret: ChosenBy::Server,
        secret_readable: false,
        handle: HandleKind::ServerId,
        idempotent_create: false,
        overlap: Overlap::SecondClient,
        rotate_in_place: false,
        client_id_stable: false,
        honours,
        grant_types: None,
        updates,
        scopes: ScopeModel::Free,
        can_list: false,
        can_look_up: false,
        own_access: true,
        secrets_expire: true,
        can_disable: false,
        can_verify,
        name_limit: NAME_LIMIT,
    }
}
