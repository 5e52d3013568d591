//! What people and the world do in the scenes.

use jiff::SignedDuration;

use super::disturbance::{Part, Span};
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
    is_there(stage, 0)
}

pub(super) fn is_there(stage: &Stage, index: usize) -> bool {
    let client = &stage.subjects[index].client;
    stage.cluster.world().clients.contains_key(client)
}

pub(super) fn applied(stage: &Stage) {
    for index in 0..stage.subjects.len() {
        apply(stage, index, |_| {});
    }
}

/// Applies one client, where that is possible and it is not there.
pub(super) fn apply(stage: &Stage, index: usize, change: impl FnOnce(&mut OAuthClientSpec)) {
    let client = &stage.subjects[index].client;
    let world = stage.cluster.world();
    let possible = world.crd.is_some()
        && !world.clients.contains_key(client)
        && world
            .namespaces
            .get(&client.namespace)
            .is_some_and(|namespace| !namespace.terminating);
    drop(world);
    if possible {
        let mut spec = spec(stage);
        change(&mut spec);
        stage.cluster.create_client(client, spec);
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

pub(super) fn applied_and_held_when_deleted(stage: &Stage) {
    stage.edit_server(|server| server.removals_at_most = 0);
    applied(stage);
}

pub(super) fn released(stage: &Stage) {
    stage.edit_server(|server| server.release = Some("go".into()));
}

pub(super) fn applied_to_retain(stage: &Stage) {
    applied(stage);
    stage
        .cluster
        .change_spec(&key(stage), |spec| spec.deletion_policy = DeletionPolicy::Retain);
}

pub(super) fn applied_with_exact_name(stage: &Stage) {
    apply(stage, 0, |spec| spec.client_name = Some("billing".into()));
}

/// An access rule that lets these namespaces ask for everything, names as they are included.
pub(super) fn rule(namespaces: &serde_json::Value) -> AccessRule {
    let rule = serde_json::json!({
        "name": "all", "namespaces": namespaces, "scopes": ["*"], "naming": "Exact"
    });
    serde_json::from_value(rule).unwrap()
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
    edit(stage, 0);
}

pub(super) fn edit(stage: &Stage, index: usize) {
    if is_there(stage, index) {
        let scopes = has_scopes(stage);
        stage.cluster.change_spec(&stage.subjects[index].client, |spec| {
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
    delete(stage, 0);
}

pub(super) fn delete(stage: &Stage, index: usize) {
    let client = &stage.subjects[index].client;
    let found = stage.cluster.world().clients.get(client).cloned();
    if let Some(found) = found {
        stage.inner().deleted.insert(found.uid);
        stage.cluster.delete_client(client);
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
    let theirs = super::server::foreign_client().handle;
    stage.provider.tamper(|clients| {
        for (_, client) in clients.iter_mut().filter(|(handle, _)| **handle != theirs) {
            change(client);
        }
    });
    stage.list();
}

pub(super) fn remote_deleted(stage: &Stage) {
    let theirs = super::server::foreign_client().handle;
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

pub(super) fn switched_off(stage: &Stage) {
    stage.begin_missing(Part::Everything, Span::UntilTold);
}

pub(super) fn switched_on(stage: &Stage) {
    stage.end_missing();
}

pub(super) fn access_withdrawn(stage: &Stage) {
    let shop = serde_json::json!({ "from": "Selector", "selector": { "matchLabels": { "team": "shop" } } });
    stage.edit_server(|server| server.access_rules = Some(vec![rule(&shop)]));
}

pub(super) fn access_granted(stage: &Stage) {
    stage.edit_server(|server| server.access_rules = None);
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

pub(super) fn crd_made_again(stage: &Stage) {
    crd_removed(stage);
    crd_installed(stage);
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
pub(super) const OFF: Act = ("switch off", switched_off);
pub(super) const ON: Act = ("switch on", switched_on);
pub(super) const COLLECT: Act = ("collect garbage", collected);
