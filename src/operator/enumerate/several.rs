//! Scenes with two clients, at one server.

#[allow(clippy::wildcard_imports)] // A scene is told in acts.
use super::acts::*;
use super::scenes::{SCENE, Scene};
use super::stage::{Act, Stage};

/// Namespace and name of the client that most scenes are about.
pub(super) const BILLING: (&str, &str) = ("payments", "billing");
/// One in the same namespace.
const AUDIT: (&str, &str) = ("payments", "audit");
/// One in another namespace.
const CART: (&str, &str) = ("shop", "cart");

/// The exact name that both ask for.
const NAME: &str = "shared";

fn first_applied(stage: &Stage) {
    apply(stage, 0, |_| {});
}

fn other_applied(stage: &Stage) {
    apply(stage, 1, |_| {});
}

fn with_the_name(stage: &Stage, index: usize) {
    apply(stage, index, |spec| spec.client_name = Some(NAME.into()));
}

fn first_with_the_name(stage: &Stage) {
    with_the_name(stage, 0);
}

fn other_with_the_name(stage: &Stage) {
    with_the_name(stage, 1);
}

fn both_with_the_name(stage: &Stage) {
    with_the_name(stage, 0);
    with_the_name(stage, 1);
}

fn other_edited(stage: &Stage) {
    edit(stage, 1);
}

fn other_deleted(stage: &Stage) {
    delete(stage, 1);
}

fn other_rotated(stage: &Stage) {
    if is_there(stage, 1) {
        let client = &stage.subjects[1].client;
        stage.cluster.annotate_rotate(client, Some("other"));
    }
}

const OTHER: Act = ("apply the other", other_applied);
const EDIT_OTHER: Act = ("edit the other", other_edited);
const DELETE_OTHER: Act = ("delete the other", other_deleted);
const ROTATE_OTHER: Act = ("rotate the other", other_rotated);

/// All of them.
pub(super) const SCENES: &[Scene] = &[
    Scene {
        name: "two-created",
        clients: &[BILLING, CART],
        setup: nothing,
        settled_before: false,
        acts: &[APPLY],
        always_accepted: true,
        ..SCENE
    },
    Scene {
        name: "two-in-a-namespace",
        clients: &[BILLING, AUDIT],
        acts: &[ONE, EDIT_OTHER, DELETE],
        ..SCENE
    },
    Scene {
        name: "two-rotated-with-overlap",
        clients: &[BILLING, CART],
        setup: applied_with_overlap,
        acts: &[ONE, ROTATE_OTHER, DELETE_OTHER],
        ..SCENE
    },
    Scene {
        name: "one-deleted-one-created",
        clients: &[BILLING, CART],
        setup: first_applied,
        acts: &[DELETE, OTHER, COLLECT],
        ..SCENE
    },
    Scene {
        name: "one-namespace-removed",
        clients: &[BILLING, CART],
        acts: &[
            ("terminate", namespace_terminating),
            ROTATE_OTHER,
            ("remove", namespace_removed),
        ],
        ..SCENE
    },
    Scene {
        name: "two-of-one-name",
        clients: &[BILLING, CART],
        setup: nothing,
        exact_names: true,
        settled_before: false,
        acts: &[("apply both with the name", both_with_the_name)],
        may_end_unknown: true,
        either: true,
        ..SCENE
    },
    Scene {
        name: "name-handed-over",
        clients: &[BILLING, AUDIT],
        setup: both_with_the_name,
        exact_names: true,
        acts: &[DELETE, COLLECT],
        may_end_unknown: true,
        ..SCENE
    },
    Scene {
        name: "name-deleted-and-taken",
        clients: &[BILLING, CART],
        setup: first_with_the_name,
        exact_names: true,
        acts: &[
            DELETE,
            ("apply the other with the name", other_with_the_name),
            COLLECT,
        ],
        may_end_unknown: true,
        ..SCENE
    },
];
