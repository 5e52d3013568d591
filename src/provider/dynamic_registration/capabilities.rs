//! What a server with dynamic registration can do.

use std::collections::BTreeSet;

use crate::model::{Capabilities, Field, Overlap, ScopeModel};

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
        overlap: Overlap::SecondClient,
        honours,
        updates,
        scopes: ScopeModel::Free,
        own_access: true,
        secrets_expire: true,
        can_verify,
        name_limit: NAME_LIMIT,
        ..Capabilities::least()
    }
}
