//! What people and the world do in the scenes.

use jiff::SignedDuration;

use super::stage::{Act, Stage};
use crate::api::{AccessRule, ClientIdChange, DeletionPolicy, OAuthClientSpec, Rotation};
use crate::model::{
    Capabilities, ClientKey, Confidential, Fault, Field, Overlap, Server, ServerView, testing,
};

pub(super) fn nothing(_: &Stage) {}

pub(super) fn key(stage: &Stage) -> ClientKey {
    stage.subjects[0].client.clone()
}

pub(super) fn there(stage: &Stage) -> bool {
    stage.cluster.world().clients.contains_key(&key(stage))
}

pub(super) fn applied(stage: &Stage) {
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

pub(super) fn applied_with_overlap(stage: &Stage) {
    applied(stage);
    stage.cluster.change_spec(&key(stage), |spec| {
        spec.rotation = Some(Rotation {
            overlap_seconds: Some(600),
            client_id_change: Some(ClientIdChange::Allowed),
            ..Rotation::default()
        });
    });
}

pub(super) fn applied_with_delay(stage: &Stage) {
    stage.edit_server(|server| server.deletion_delay = SignedDuration::from_secs(3600));
    applied(stage);
}

pub(super) fn applied_to_retain(stage: &Stage) {
    applied(stage);
    stage
        .cluster
        .change_spec(&key(stage), |spec| spec.deletion_policy = DeletionPolicy::Retain);
}

pub(super) fn applied_with_exact_name(stage: &Stage) {
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
pub(super) fn spec(stage: &Stage) -> OAuthClientSpec {
    let mut spec = testing::spec(&["read"]);
    if !has_scopes(stage) {
        spec.scopes = None;
        spec.access_token_validity_seconds = Some(600);
    }
    spec
}

pub(super) fn has_scopes(stage: &Stage) -> bool {
    use crate::provider::Provider as _;
    stage.provider.capabilities().honours.contains(&Field::Scopes)
}

pub(super) fn edited(stage: &Stage) {
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

pub(super) fn edited_back(stage: &Stage) {
    if there(stage) {
        let first = spec(stage);
        stage.cluster.change_spec(&key(stage), |spec| {
            spec.scopes = first.scopes;
            spec.access_token_validity_seconds = first.access_token_validity_seconds;
        });
    }
}

pub(super) fn one(stage: &Stage) {
    if there(stage) {
        stage.cluster.annotate_rotate(&key(stage), Some("one"));
    }
}

pub(super) fn two(stage: &Stage) {
    if there(stage) {
        stage.cluster.annotate_rotate(&key(stage), Some("two"));
    }
}

pub(super) fn deleted(stage: &Stage) {
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

pub(super) fn deleted_and_collected(stage: &Stage) {
    deleted(stage);
    stage.cluster.collect_garbage();
}

pub(super) fn collected(stage: &Stage) {
    stage.cluster.collect_garbage();
}

pub(super) fn moved(stage: &Stage) {
    stage.edit_server(|server| server.fingerprint = "https://other:443".into());
    edited(stage);
}

pub(super) fn acknowledged(stage: &Stage) {
    stage.edit_server(|server| {
        server
            .former_fingerprints
            .insert(testing::server().fingerprint.clone());
    });
}

pub(super) fn secret_deleted(stage: &Stage) {
    let subject = &stage.subjects[0].client;
    stage.cluster.delete_secret(&subject.namespace, &subject.name);
}

pub(super) fn our_secret(stage: &Stage) -> bool {
    let subject = &stage.subjects[0].client;
    stage
        .cluster
        .found_secret(&subject.namespace, &subject.name)
        .is_some_and(|secret| secret.data.contains_key("client-id"))
}

pub(super) fn secret_altered(stage: &Stage) {
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

pub(super) fn secret_altered_and_frozen(stage: &Stage) {
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

pub(super) fn name_taken(stage: &Stage) {
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

pub(super) fn name_taken_in_place(stage: &Stage) {
    secret_deleted(stage);
    name_taken(stage);
}

pub(super) fn name_freed(stage: &Stage) {
    if !our_secret(stage) {
        secret_deleted(stage);
    }
}

pub(super) fn ours(stage: &Stage, change: impl Fn(&mut crate::model::RemoteClient)) {
    let theirs = super::stage::foreign_client().handle;
    stage.provider.tamper(|clients| {
        for (_, client) in clients.iter_mut().filter(|(handle, _)| **handle != theirs) {
            change(client);
        }
    });
    stage.list();
}

pub(super) fn remote_deleted(stage: &Stage) {
    let theirs = super::stage::foreign_client().handle;
    stage
        .provider
        .tamper(|clients| clients.retain(|handle, _| *handle == theirs));
    stage.wait(60);
    stage.list();
}

pub(super) fn remote_edited(stage: &Stage) {
    let scopes = has_scopes(stage);
    ours(stage, |client| {
        if scopes {
            client.metadata.scopes = testing::scopes(&["admin"]).scopes;
        } else {
            client.metadata.access_token_validity_seconds = Some(1);
        }
    });
}

pub(super) fn remote_credential_replaced(stage: &Stage) {
    ours(stage, |client| {
        client.credential.client_id = format!("{}-replaced", client.credential.client_id);
    });
}

pub(super) fn server_away(stage: &Stage) {
    stage
        .provider
        .down(Some(Fault::Unavailable("cannot be reached".into())));
}

pub(super) fn server_back(stage: &Stage) {
    stage.provider.down(None);
}

pub(super) fn server_not_ready(stage: &Stage) {
    *stage.server.lock().unwrap() =
        ServerView::NotReady(testing::server_key(), "the credential is missing.".into());
}

pub(super) fn server_ready(stage: &Stage) {
    use crate::provider::Provider as _;
    *stage.server.lock().unwrap() = ServerView::Ready(Box::new(Server {
        capabilities: stage.provider.capabilities().clone(),
        ..testing::server()
    }));
}

pub(super) fn suspended(stage: &Stage) {
    stage.edit_server(|server| server.suspended = true);
}

pub(super) fn resumed(stage: &Stage) {
    stage.edit_server(|server| server.suspended = false);
}

pub(super) fn namespace_terminating(stage: &Stage) {
    stage.cluster.terminate_namespace("payments");
}

pub(super) fn namespace_removed(stage: &Stage) {
    let clients = stage.cluster.world().clients.clone();
    let mut gone: std::collections::BTreeSet<_> = clients
        .iter()
        .filter(|(key, _)| key.namespace == "payments")
        .map(|(_, client)| client.uid.clone())
        .collect();
    stage.inner().deleted.append(&mut gone);
    stage.cluster.remove_namespace("payments");
}

pub(super) fn crd_removed(stage: &Stage) {
    stage.cluster.remove_crd();
}

pub(super) fn crd_installed(stage: &Stage) {
    stage.cluster.install_crd();
}

pub(super) fn no_in_place(capabilities: Capabilities) -> Capabilities {
    Capabilities {
        rotate_in_place: false,
        overlap: Overlap::None,
        ..capabilities
    }
}

pub(super) fn a_day_later(stage: &Stage) {
    stage.wait(86_400);
}

pub(super) const APPLY: Act = ("apply", applied);
pub(super) const EDIT: Act = ("edit the scopes", edited);
pub(super) const EDIT_BACK: Act = ("edit the scopes back", edited_back);
pub(super) const ONE: Act = ("rotate: one", one);
pub(super) const TWO: Act = ("rotate: two", two);
pub(super) const DELETE: Act = ("delete", deleted);
pub(super) const COLLECT: Act = ("collect garbage", collected);
