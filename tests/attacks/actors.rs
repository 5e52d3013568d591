//! Who acts: service accounts with the rights that people in such a place have, and no more.

use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::stage::scene::MANAGER;
use crate::stage::until::{SOON, holds, until};
use crate::support;
use crate::table::Actor;

impl Actor {
    fn account(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Outsider => "outsider",
            Self::ServerOwner => "server-owner",
            Self::StatusWriter => "status-writer",
            Self::Victim => "owner",
            Self::Platform => "platform",
        }
    }

    /// What it may do beside the built-in role `edit`; or, where that is false, in place of it.
    fn rights(self) -> (bool, Vec<Value>) {
        let ours = |resources: Value, verbs: Value| json!({"apiGroups": ["oauthclient.dev"], "resources": resources, "verbs": verbs});
        match self {
            Self::Tenant | Self::Outsider | Self::Victim | Self::Platform => (true, Vec::new()),
            Self::ServerOwner => (
                false,
                vec![ours(
                    json!(["oauthclients", "authorizationservers"]),
                    json!(["*"]),
                )],
            ),
            Self::StatusWriter => (true, vec![ours(json!(["oauthclients/status"]), json!(["patch"]))]),
        }
    }
}

/// Gives an actor its rights in a namespace, and returns a client that acts as it. The API server judges it by these
/// rights alone.
pub async fn enter(admin: &Client, actor: Actor, namespace: &str) -> Client {
    if actor == Actor::Platform {
        return admin.clone();
    }
    let account = actor.account();
    let subject = json!([{"kind": "ServiceAccount", "name": account, "namespace": namespace}]);
    let binding = |name: &str, kind: &str, role: &str| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}, "subjects": subject,
        })
    };
    put(
        admin,
        namespace,
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}}),
    )
    .await;
    let (edits, rules) = actor.rights();
    if edits {
        put(
            admin,
            namespace,
            binding(&format!("{account}-edit"), "ClusterRole", "edit"),
        )
        .await;
    }
    if !rules.is_empty() {
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": account}, "rules": rules,
        });
        put(admin, namespace, role).await;
        put(admin, namespace, binding(account, "Role", account)).await;
    }
    let user = format!("system:serviceaccount:{namespace}:{account}");
    let client = support::client_of(|config| config.auth_info.impersonate = Some(user))
        .await
        .unwrap();
    in_force(&client, namespace, actor).await;
    client
}

/// The API server learns of new roles by a watch of its own.
async fn in_force(client: &Client, namespace: &str, actor: Actor) {
    let mut rights = vec![("oauthclients", "", "create")];
    match actor {
        Actor::ServerOwner => rights.push(("authorizationservers", "", "create")),
        Actor::StatusWriter => rights.push(("oauthclients", "status", "patch")),
        _ => {}
    }
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    for (resource, subresource, verb) in rights {
        let review: SelfSubjectAccessReview = serde_json::from_value(json!({"spec": {"resourceAttributes": {
            "namespace": namespace, "group": "oauthclient.dev", "resource": resource, "subresource": subresource,
            "verb": verb,
        }}}))
        .unwrap();
        let what = format!("{actor:?} may {verb} {resource} in {namespace}");
        until(
            SOON,
            &what,
            async || String::new(),
            async || {
                let answer = reviews.create(&PostParams::default(), &review).await;
                let answer = answer.map_err(|error| error.to_string())?;
                holds(answer.status.is_some_and(|status| status.allowed), "it may not")
            },
        )
        .await;
    }
}

async fn put(admin: &Client, namespace: &str, object: Value) {
    let kind = object["kind"].as_str().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let objects: Api<DynamicObject> = Api::namespaced_with(admin.clone(), namespace, &resource(kind).0);
    objects
        .patch(
            &name,
            &PatchParams::apply(MANAGER).force(),
            &Patch::Apply(&object),
        )
        .await
        .unwrap();
}

/// A kind, and whether its objects are in namespaces.
pub fn resource(kind: &str) -> (ApiResource, bool) {
    let (group, version, plural, namespaced) = match kind {
        "OAuthClient" => ("oauthclient.dev", "v1alpha1", "oauthclients", true),
        "AuthorizationServer" => ("oauthclient.dev", "v1alpha1", "authorizationservers", true),
        "ClusterAuthorizationServer" => (
            "oauthclient.dev",
            "v1alpha1",
            "clusterauthorizationservers",
            false,
        ),
        "Secret" => ("", "v1", "secrets", true),
        "ConfigMap" => ("", "v1", "configmaps", true),
        "ServiceAccount" => ("", "v1", "serviceaccounts", true),
        "Namespace" => ("", "v1", "namespaces", false),
        "Role" => ("rbac.authorization.k8s.io", "v1", "roles", true),
        "RoleBinding" => ("rbac.authorization.k8s.io", "v1", "rolebindings", true),
        other => panic!("the table names a kind that is not known here: {other:?}"),
    };
    let gvk = kube::api::GroupVersionKind::gvk(group, version, kind);
    (ApiResource::from_gvk_with_plural(&gvk, plural), namespaced)
}
