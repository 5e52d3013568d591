//! The scenes: what people and the world do, undisturbed.

use std::sync::LazyLock;

#[allow(clippy::wildcard_imports)] // A scene is told in acts.
use super::acts::*;
use super::profiles::{self, Profile};
use super::several;
use super::stage::{Act, Stage};
use crate::model::Capabilities;

/// Every scene with every kind of server: the name says which.
pub(super) static ALL: LazyLock<Vec<Scene>> = LazyLock::new(|| {
    let with = |profile: &'static Profile| {
        let scenes = SCENES.iter().chain(several::SCENES);
        scenes
            .filter(|scene| scene.suits(profile))
            .map(move |scene| Scene {
                name: if profile.name.is_empty() {
                    scene.name
                } else {
                    format!("{}/{}", profile.name, scene.name).leak()
                },
                profile,
                ..*scene
            })
    };
    // `ENUMERATE_SCENES` takes those whose name begins so.
    let wanted = std::env::var("ENUMERATE_SCENES").unwrap_or_default();
    let all = profiles::ALL.iter().flat_map(with);
    all.filter(|scene| scene.name.starts_with(&wanted)).collect()
});

impl Scene {
    /// An exact name proves nothing, and where it is not unique either, nothing can be looked up by it. Where there is no
    /// list, nothing shows what was done behind our back.
    fn suits(&self, profile: &Profile) -> bool {
        let can = (profile.capabilities)();
        (!self.may_end_unknown || can.idempotent_create) && (!self.tampered || can.can_list)
    }
}

/// One scene.
#[derive(Clone, Copy)]
pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) profile: &'static Profile,
    /// What the scene wants of its server otherwise.
    pub(super) adapted: fn(Capabilities) -> Capabilities,
    /// Namespaces and names of the clients.
    pub(super) clients: &'static [(&'static str, &'static str)],
    pub(super) setup: fn(&Stage),
    /// Names may be asked for as they are.
    pub(super) exact_names: bool,
    /// The setup is settled before the acts begin.
    pub(super) settled_before: bool,
    pub(super) acts: &'static [Act],
    /// A published credential is accepted at every instant, whatever happens (S6).
    pub(super) always_accepted: bool,
    /// Somebody changes things at the server, which only the drift check can find.
    pub(super) tampered: bool,
    /// The end depends on what was served before the next act, so an act that comes early may change it.
    pub(super) order_matters: bool,
    /// A lost answer may end in a block with `OutcomeUnknown`, as the name proves nothing.
    pub(super) may_end_unknown: bool,
    /// Which client ends how is chance.
    pub(super) either: bool,
}

pub(super) const SCENE: Scene = Scene {
    name: "",
    profile: &profiles::ALL[0],
    adapted: |capabilities| capabilities,
    clients: &[several::BILLING],
    setup: applied,
    exact_names: false,
    settled_before: true,
    acts: &[],
    always_accepted: false,
    tampered: false,
    order_matters: false,
    may_end_unknown: false,
    either: false,
};

/// All scenes.
const SCENES: &[Scene] = &[
    Scene {
        name: "create",
        setup: nothing,
        settled_before: false,
        acts: &[APPLY],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "update",
        acts: &[EDIT],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "update-and-back",
        acts: &[EDIT, EDIT_BACK],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "rotate-in-place",
        acts: &[ONE],
        ..SCENE
    },
    Scene {
        name: "rotate-by-replacement",
        adapted: no_in_place,
        acts: &[ONE],
        ..SCENE
    },
    Scene {
        name: "rotate-with-overlap",
        setup: applied_with_overlap,
        acts: &[ONE],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "rotate-and-edit",
        acts: &[ONE, EDIT],
        ..SCENE
    },
    Scene {
        name: "rotate-with-overlap-and-edit",
        setup: applied_with_overlap,
        acts: &[ONE, EDIT],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "edit-and-rotate",
        acts: &[EDIT, ONE],
        ..SCENE
    },
    Scene {
        name: "rotate-twice",
        acts: &[ONE, TWO],
        ..SCENE
    },
    Scene {
        name: "rotate-twice-with-overlap",
        setup: applied_with_overlap,
        acts: &[ONE, TWO],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "delete",
        acts: &[DELETE, COLLECT],
        ..SCENE
    },
    Scene {
        name: "delete-uncollected",
        acts: &[DELETE],
        ..SCENE
    },
    Scene {
        name: "delete-with-delay",
        setup: applied_with_delay,
        acts: &[DELETE],
        ..SCENE
    },
    Scene {
        name: "delete-held-and-released",
        setup: applied_and_held_when_deleted,
        acts: &[DELETE, COLLECT, ("release", released)],
        ..SCENE
    },
    Scene {
        name: "delete-held-and-back",
        setup: applied_and_held_when_deleted,
        acts: &[DELETE, COLLECT, APPLY],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "delete-and-retain",
        setup: applied_to_retain,
        acts: &[DELETE],
        ..SCENE
    },
    Scene {
        name: "delete-in-overlap",
        setup: applied_with_overlap,
        acts: &[ONE, ("delete, collected", deleted_and_collected)],
        ..SCENE
    },
    Scene {
        name: "delete-and-back",
        acts: &[DELETE, APPLY, COLLECT],
        ..SCENE
    },
    Scene {
        name: "delete-and-back-later",
        acts: &[DELETE, COLLECT, ("a day later", a_day_later), APPLY],
        ..SCENE
    },
    Scene {
        name: "delete-and-back-with-delay",
        setup: applied_with_delay,
        acts: &[DELETE, COLLECT, APPLY],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "create-and-delete",
        setup: nothing,
        settled_before: false,
        acts: &[APPLY, DELETE, COLLECT],
        ..SCENE
    },
    Scene {
        name: "rotate-and-delete",
        acts: &[ONE, DELETE, COLLECT],
        ..SCENE
    },
    Scene {
        name: "server-moved",
        acts: &[("move", moved), ("acknowledge", acknowledged)],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "secret-deleted",
        acts: &[("delete the Secret", secret_deleted)],
        ..SCENE
    },
    Scene {
        name: "secret-altered",
        acts: &[("alter the Secret", secret_altered)],
        ..SCENE
    },
    Scene {
        name: "secret-frozen",
        acts: &[("alter and freeze the Secret", secret_altered_and_frozen)],
        ..SCENE
    },
    Scene {
        name: "name-taken",
        setup: name_taken,
        settled_before: false,
        acts: &[APPLY, ("free the name", name_freed)],
        ..SCENE
    },
    Scene {
        name: "name-taken-meanwhile",
        setup: nothing,
        settled_before: false,
        acts: &[
            APPLY,
            ("take the name", name_taken),
            ("free the name", name_freed),
        ],
        ..SCENE
    },
    Scene {
        name: "name-taken-and-rotate",
        acts: &[
            ("take the name", name_taken_in_place),
            ONE,
            ("free the name", name_freed),
        ],
        ..SCENE
    },
    Scene {
        name: "remote-deleted",
        acts: &[("delete the remote client", remote_deleted)],
        tampered: true,
        ..SCENE
    },
    Scene {
        name: "remote-edited",
        acts: &[("edit the remote client", remote_edited)],
        tampered: true,
        ..SCENE
    },
    Scene {
        name: "remote-credential-replaced",
        acts: &[("replace the remote credential", remote_credential_replaced)],
        tampered: true,
        ..SCENE
    },
    Scene {
        name: "server-away",
        acts: &[("away", server_away), EDIT, ("back", server_back)],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "server-away-at-creation",
        setup: nothing,
        settled_before: false,
        acts: &[APPLY, ("away", server_away), ("back", server_back)],
        ..SCENE
    },
    Scene {
        name: "server-away-at-deletion",
        acts: &[DELETE, ("away", server_away), ("back", server_back)],
        ..SCENE
    },
    Scene {
        name: "switched-off",
        acts: &[OFF, EDIT, ON],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "switched-off-at-creation",
        setup: nothing,
        settled_before: false,
        acts: &[APPLY, OFF, ON],
        ..SCENE
    },
    Scene {
        name: "switched-off-and-rotate",
        setup: applied_with_overlap,
        acts: &[ONE, OFF, TWO, ON],
        ..SCENE
    },
    Scene {
        name: "switched-off-at-deletion",
        acts: &[OFF, DELETE, ("a day later", a_day_later), ON],
        ..SCENE
    },
    Scene {
        name: "access-withdrawn",
        acts: &[
            ("withdraw access", access_withdrawn),
            EDIT,
            ("grant access", access_granted),
        ],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "server-not-ready",
        acts: &[("not ready", server_not_ready), ONE, ("ready", server_ready)],
        ..SCENE
    },
    Scene {
        name: "suspend-and-rotate",
        acts: &[ONE, ("suspend", suspended), ("resume", resumed)],
        ..SCENE
    },
    Scene {
        name: "namespace-terminating",
        acts: &[
            ("terminate", namespace_terminating),
            ("remove", namespace_removed),
        ],
        ..SCENE
    },
    Scene {
        name: "namespace-terminating-at-creation",
        setup: nothing,
        settled_before: false,
        acts: &[
            APPLY,
            ("terminate", namespace_terminating),
            ("remove", namespace_removed),
        ],
        ..SCENE
    },
    Scene {
        name: "crd-removed",
        acts: &[
            ("remove the CRD", crd_removed),
            ("install the CRD", crd_installed),
            COLLECT,
            APPLY,
        ],
        ..SCENE
    },
    Scene {
        name: "crd-made-again",
        acts: &[EDIT, ("make the CRD again", crd_made_again), COLLECT, APPLY],
        ..SCENE
    },
    Scene {
        name: "crd-removed-in-overlap",
        order_matters: true,
        setup: applied_with_overlap,
        acts: &[
            ONE,
            ("remove the CRD", crd_removed),
            ("install the CRD", crd_installed),
            APPLY,
        ],
        ..SCENE
    },
    Scene {
        name: "create-with-exact-name",
        exact_names: true,
        setup: nothing,
        settled_before: false,
        acts: &[("apply", applied_with_exact_name)],
        may_end_unknown: true,
        ..SCENE
    },
    Scene {
        name: "exact-name-rotated-and-deleted",
        exact_names: true,
        setup: applied_with_exact_name,
        acts: &[ONE, DELETE, COLLECT],
        may_end_unknown: true,
        ..SCENE
    },
    Scene {
        name: "create-to-retain-and-delete",
        setup: nothing,
        settled_before: false,
        acts: &[("apply to retain", applied_to_retain), DELETE, COLLECT],
        order_matters: true,
        ..SCENE
    },
];
