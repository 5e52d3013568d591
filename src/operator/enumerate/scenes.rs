//! The scenes: what people and the world do, undisturbed.

use std::sync::LazyLock;

use jiff::SignedDuration;

use super::profiles::{self, Profile};
use super::stage::{Act, Stage};
use crate::api::{AccessRule, ClientIdChange, DeletionPolicy, OAuthClientSpec, Rotation};
use crate::model::{
    Capabilities, ClientKey, Confidential, Fault, Field, Overlap, Server, ServerView, testing,
};

/// Every scene with every kind of server: the name says which.
pub(super) static ALL: LazyLock<Vec<Scene>> = LazyLock::new(|| {
    let with = |profile: &'static Profile| {
        SCENES
            .iter()
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
    /// An exact name proves nothing, and where it is not unique either, nothing can be looked up by it.
    fn suits(&self, profile: &Profile) -> bool {
        !self.may_end_unknown || (profile.capabilities)().idempotent_create
    }
}

/// One scene.
#[derive(Clone, Copy)]
pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) profile: &'static Profile,
    /// What the scene wants of its server otherwise.
    pub(super) adapted: fn(Capabilities) -> Capabilities,
    pub(super) clients: usize,
    pub(super) setup: fn(&Stage),
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
}

const SCENE: Scene = Scene {
    name: "",
    profile: &profiles::ALL[0],
    adapted: |capabilities| capabilities,
    clients: 1,
    setup: applied,
    settled_before: true,
    acts: &[],
    always_accepted: false,
    tampered: false,
    order_matters: false,
    may_end_unknown: false,
};

fn nothing(_: &Stage) {}

fn key(stage: &Stage) -> ClientKey {
    stage.subjects[0].client.clone()
}

fn there(stage: &Stage) -> bool {
    stage.cluster.world().clients.contains_key(&key(stage))
}

fn applied(stage: &Stage) {
    for subject in &stage.subjects {
        let world = stage.cluster.world();
        let possible = world.crd.is_some()
            && !world.clients.contains_key(&subject.client)
            && world
                .namespaces
                .get(&subject.client.namespace)
                .is_some_and(|namespace| !namespace.terminating);
        drop(world);
        if possible {
            stage.cluster.create_client(&subject.client, spec(stage));
        }
    }
}

fn applied_with_overlap(stage: &Stage) {
    applied(stage);
    stage.cluster.change_spec(&key(stage), |spec| {
        spec.rotation = Some(Rotation {
            overlap_seconds: Some(600),
            client_id_change: Some(ClientIdChange::Allowed),
            ..Rotation::default()
        });
    });
}

fn applied_with_delay(stage: &Stage) {
    stage.edit_server(|server| server.deletion_delay = SignedDuration::from_secs(3600));
    applied(stage);
}

fn applied_to_retain(stage: &Stage) {
    applied(stage);
    stage
        .cluster
        .change_spec(&key(stage), |spec| spec.deletion_policy = DeletionPolicy::Retain);
}

fn applied_with_exact_name(stage: &Stage) {
    let rule: AccessRule = serde_json::from_value(serde_json::json!({
        "name": "all", "namespaces": { "from": "All" }, "scopes": ["*"], "naming": "Exact"
    }))
    .unwrap();
    stage.edit_server(|server| server.access_rules = Some(vec![rule]));
    applied(stage);
    stage
        .cluster
        .change_spec(&key(stage), |spec| spec.client_name = Some("billing".into()));
}

/// What is asked for at first, as far as the server knows such things.
fn spec(stage: &Stage) -> OAuthClientSpec {
    let mut spec = testing::spec(&["read"]);
    if !has_scopes(stage) {
        spec.scopes = None;
        spec.access_token_validity_seconds = Some(600);
    }
    spec
}

fn has_scopes(stage: &Stage) -> bool {
    use crate::provider::Provider as _;
    stage.provider.capabilities().honours.contains(&Field::Scopes)
}

fn edited(stage: &Stage) {
    if there(stage) {
        let scopes = has_scopes(stage);
        stage.cluster.change_spec(&key(stage), |spec| {
            if scopes {
                spec.scopes = Some(vec!["read".into(), "write".into()]);
            } else {
                spec.access_token_validity_seconds = Some(900);
            }
        });
    }
}

fn edited_back(stage: &Stage) {
    if there(stage) {
        let first = spec(stage);
        stage.cluster.change_spec(&key(stage), |spec| {
            spec.scopes = first.scopes;
            spec.access_token_validity_seconds = first.access_token_validity_seconds;
        });
    }
}

fn one(stage: &Stage) {
    if there(stage) {
        stage.cluster.annotate_rotate(&key(stage), Some("one"));
    }
}

fn two(stage: &Stage) {
    if there(stage) {
        stage.cluster.annotate_rotate(&key(stage), Some("two"));
    }
}

fn deleted(stage: &Stage) {
    let key = key(stage);
    let uid = stage
        .cluster
        .world()
        .clients
        .get(&key)
        .map(|client| client.uid.clone());
    if let Some(uid) = uid {
        stage.inner().deleted.insert(uid);
        stage.cluster.delete_client(&key);
    }
}

fn deleted_and_collected(stage: &Stage) {
    deleted(stage);
    stage.cluster.collect_garbage();
}

fn collected(stage: &Stage) {
    stage.cluster.collect_garbage();
}

fn moved(stage: &Stage) {
    stage.edit_server(|server| server.fingerprint = "https://other:443".into());
    edited(stage);
}

fn acknowledged(stage: &Stage) {
    stage.edit_server(|server| {
        server
            .former_fingerprints
            .insert(testing::server().fingerprint.clone());
    });
}

fn secret_deleted(stage: &Stage) {
    let subject = &stage.subjects[0].client;
    stage.cluster.delete_secret(&subject.namespace, &subject.name);
}

fn our_secret(stage: &Stage) -> bool {
    let subject = &stage.subjects[0].client;
    stage
        .cluster
        .found_secret(&subject.namespace, &subject.name)
        .is_some_and(|secret| secret.data.contains_key("client-id"))
}

fn secret_altered(stage: &Stage) {
    if our_secret(stage) {
        let subject = &stage.subjects[0].client;
        stage
            .cluster
            .edit_secret(&subject.namespace, &subject.name, |secret| {
                secret
                    .data
                    .insert("client-secret".into(), Confidential::new("forged"));
                secret.data.remove("client-id");
                secret.data.insert("more".into(), Confidential::new("theirs"));
            });
    }
}

fn secret_altered_and_frozen(stage: &Stage) {
    if our_secret(stage) {
        let subject = &stage.subjects[0].client;
        stage
            .cluster
            .edit_secret(&subject.namespace, &subject.name, |secret| {
                secret.data.remove("client-id");
                secret.immutable = true;
            });
    }
}

fn name_taken(stage: &Stage) {
    let subject = &stage.subjects[0].client;
    if stage
        .cluster
        .found_secret(&subject.namespace, &subject.name)
        .is_none()
    {
        stage
            .cluster
            .put_foreign_secret(&subject.namespace, &subject.name, &[("password", "theirs")]);
    }
}

fn name_taken_in_place(stage: &Stage) {
    secret_deleted(stage);
    name_taken(stage);
}

fn name_freed(stage: &Stage) {
    if !our_secret(stage) {
        secret_deleted(stage);
    }
}

fn ours(stage: &Stage, change: impl Fn(&mut crate::model::RemoteClient)) {
    let theirs = super::stage::foreign_client().handle;
    stage.provider.tamper(|clients| {
        for (_, client) in clients.iter_mut().filter(|(handle, _)| **handle != theirs) {
            change(client);
        }
    });
    stage.list();
}

fn remote_deleted(stage: &Stage) {
    let theirs = super::stage::foreign_client().handle;
    stage
        .provider
        .tamper(|clients| clients.retain(|handle, _| *handle == theirs));
    stage.wait(60);
    stage.list();
}

fn remote_edited(stage: &Stage) {
    let scopes = has_scopes(stage);
    ours(stage, |client| {
        if scopes {
            client.metadata.scopes = testing::scopes(&["admin"]).scopes;
        } else {
            client.metadata.access_token_validity_seconds = Some(1);
        }
    });
}

fn remote_credential_replaced(stage: &Stage) {
    ours(stage, |client| {
        client.credential.client_id = format!("{}-replaced", client.credential.client_id);
    });
}

fn server_away(stage: &Stage) {
    stage
        .provider
        .down(Some(Fault::Unavailable("cannot be reached".into())));
}

fn server_back(stage: &Stage) {
    stage.provider.down(None);
}

fn server_not_ready(stage: &Stage) {
    *stage.server.lock().unwrap() =
        ServerView::NotReady(testing::server_key(), "the credential is missing.".into());
}

fn server_ready(stage: &Stage) {
    use crate::provider::Provider as _;
    *stage.server.lock().unwrap() = ServerView::Ready(Box::new(Server {
        capabilities: stage.provider.capabilities().clone(),
        ..testing::server()
    }));
}

fn suspended(stage: &Stage) {
    stage.edit_server(|server| server.suspended = true);
}

fn resumed(stage: &Stage) {
    stage.edit_server(|server| server.suspended = false);
}

fn namespace_terminating(stage: &Stage) {
    stage.cluster.terminate_namespace("payments");
}

fn namespace_removed(stage: &Stage) {
    let clients = stage.cluster.world().clients.clone();
    let mut gone: std::collections::BTreeSet<_> = clients
        .iter()
        .filter(|(key, _)| key.namespace == "payments")
        .map(|(_, client)| client.uid.clone())
        .collect();
    stage.inner().deleted.append(&mut gone);
    stage.cluster.remove_namespace("payments");
}

fn crd_removed(stage: &Stage) {
    stage.cluster.remove_crd();
}

fn crd_installed(stage: &Stage) {
    stage.cluster.install_crd();
}

fn no_in_place(capabilities: Capabilities) -> Capabilities {
    Capabilities {
        rotate_in_place: false,
        overlap: Overlap::None,
        ..capabilities
    }
}

fn a_day_later(stage: &Stage) {
    stage.wait(86_400);
}

const APPLY: Act = ("apply", applied);
const EDIT: Act = ("edit the scopes", edited);
const EDIT_BACK: Act = ("edit the scopes back", edited_back);
const ONE: Act = ("rotate: one", one);
const TWO: Act = ("rotate: two", two);
const DELETE: Act = ("delete", deleted);
const COLLECT: Act = ("collect garbage", collected);

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
        setup: nothing,
        settled_before: false,
        acts: &[("apply", applied_with_exact_name)],
        may_end_unknown: true,
        ..SCENE
    },
];
