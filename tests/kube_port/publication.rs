//! Published Secrets: created once, changed only as they were seen, and nobody else's is ever touched.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::api::core::v1::{Namespace, ResourceQuota, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use oauth_client_operator::cluster::Cluster;
use oauth_client_operator::model::{
    Confidential, FoundSecret, Publication, Publish, PublishMode, Refusal, Uid,
};
use serde_json::json;

use super::Bench;

fn publication<G>(bench: &Bench<G>, secret: &str) -> Publication {
    let text = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    };
    let data = [
        ("type", "oauth2"),
        ("client-id", "billing"),
        ("client-secret", secret),
    ];
    Publication {
        name: "billing".to_owned(),
        data: data
            .iter()
            .map(|(key, value)| ((*key).to_owned(), Confidential::new(*value)))
            .collect(),
        labels: text(&[
            ("app.kubernetes.io/managed-by", "oauth-client-operator"),
            ("team", "a"),
        ]),
        annotations: text(&[
            ("oauthclient.dev/publication", "p-1"),
            ("oauthclient.dev/metadata-keys", "team"),
        ]),
        owned: true,
        owner: (bench.uid.clone(), "billing".to_owned()),
    }
}

fn publish(publication: &Publication, mode: PublishMode) -> Publish {
    Publish {
        publication: publication.clone(),
        mode,
    }
}

impl<G> Bench<G> {
    async fn publish(
        &self,
        publication: &Publication,
        mode: PublishMode,
    ) -> Result<Option<FoundSecret>, Refusal> {
        self.port.publish(self.key(), &publish(publication, mode)).await
    }

    async fn created(&self, publication: &Publication) -> FoundSecret {
        let created = self.publish(publication, PublishMode::Create).await;
        created.unwrap().unwrap()
    }

    async fn found(&self) -> Option<FoundSecret> {
        self.port.secret(&self.namespace, "billing").await.unwrap()
    }

    async fn patch(&self, patch: serde_json::Value) {
        self.secrets()
            .patch("billing", &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }
}

fn apply(found: &FoundSecret) -> PublishMode {
    PublishMode::Apply(Box::new(found.clone()))
}

fn rehearse(found: Option<&FoundSecret>) -> PublishMode {
    PublishMode::Rehearse(found.cloned().map(Box::new))
}

#[tokio::test]
async fn a_secret_is_created_and_changed_as_it_was_seen() -> Result<(), String> {
    let bench = Bench::new("publish").await?;
    assert_eq!(bench.found().await, None);
    let first = publication(&bench, "canary-1");
    let created = bench.created(&first).await;
    assert!(created.holds(&first));
    assert_eq!(bench.found().await, Some(created.clone()));
    let owner = &bench.secrets().get("billing").await.unwrap().owner_references()[0].clone();
    assert_eq!(owner.controller, Some(false));
    assert_eq!(owner.block_owner_deletion, None);

    let mut second = publication(&bench, "canary-2");
    second.data.remove("type");
    // As the core wants it where the last label goes: no list of keys either.
    second.labels.remove("team");
    second.annotations.remove("oauthclient.dev/metadata-keys");
    second.owned = false;
    let changed = bench.publish(&second, apply(&created)).await.unwrap().unwrap();
    assert!(changed.holds(&second), "{changed:?}");
    assert_eq!(changed.uid, created.uid);
    assert_ne!(changed.version, created.version);
    assert!(
        !changed.labels.contains_key("team"),
        "nobody asks for it any more"
    );
    assert!(!changed.annotations.contains_key("oauthclient.dev/metadata-keys"));

    // What was seen before is out of date.
    assert_eq!(bench.publish(&first, apply(&created)).await, Err(Refusal::Stale));
    assert_eq!(
        bench.publish(&first, PublishMode::Create).await,
        Err(Refusal::Stale)
    );
    assert_eq!(bench.found().await, Some(changed.clone()));
    // To write what is there is no write.
    let again = bench.publish(&second, apply(&changed)).await.unwrap().unwrap();
    assert_eq!(again, changed);
    Ok(())
}

#[tokio::test]
async fn what_others_added_stays_but_for_data() -> Result<(), String> {
    let bench = Bench::new("publish-others").await?;
    let wanted = publication(&bench, "canary-1");
    bench.created(&wanted).await;
    let mut references = bench
        .secrets()
        .get("billing")
        .await
        .unwrap()
        .owner_references()
        .to_vec();
    let foreign = OwnerReference {
        api_version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        name: bench.namespace.clone(),
        uid: bench.subject.namespace_uid.0.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    };
    references.push(foreign.clone());
    bench
        .patch(json!({
            "metadata": {
                "labels": {"argocd": "app"},
                "annotations": {"note": "mine"},
                "ownerReferences": references,
            },
            "data": {"extra": "eA==", "binary": "/w==", "client-secret": "AAAA"},
        }))
        .await;

    let seen = bench.found().await.unwrap();
    assert!(!seen.holds(&wanted));
    assert!(seen.not_text.contains("binary"));
    let repaired = bench.publish(&wanted, apply(&seen)).await.unwrap().unwrap();
    assert!(repaired.holds(&wanted), "{repaired:?}");
    assert_eq!(repaired.labels["argocd"], "app");
    assert_eq!(repaired.annotations["note"], "mine");
    assert_eq!(repaired.owners.len(), 2);

    // Ours goes, theirs stays as it is, in every field.
    let mut disowned = wanted.clone();
    disowned.owned = false;
    let repaired = bench.publish(&disowned, apply(&repaired)).await.unwrap().unwrap();
    assert!(repaired.holds(&disowned));
    let left = bench.secrets().get("billing").await.unwrap();
    assert_eq!(left.owner_references(), std::slice::from_ref(&foreign));
    // And comes back.
    let repaired = bench.publish(&wanted, apply(&repaired)).await.unwrap().unwrap();
    assert!(repaired.holds(&wanted));
    let left = bench.secrets().get("billing").await.unwrap();
    assert_eq!(left.owner_references().len(), 2);
    assert!(left.owner_references().contains(&foreign));
    Ok(())
}

#[tokio::test]
async fn a_secret_that_was_made_again_is_another_one() -> Result<(), String> {
    let bench = Bench::new("publish-again").await?;
    let wanted = publication(&bench, "canary-1");
    let first = bench.created(&wanted).await;
    let gone = || {
        bench
            .port
            .unpublish(&bench.namespace, "billing", &first.uid, &first.version)
    };
    assert_eq!(gone().await, Ok(()));
    assert_eq!(gone().await, Ok(()), "gone already");
    assert_eq!(bench.publish(&wanted, apply(&first)).await, Err(Refusal::Stale));

    let second = bench.created(&wanted).await;
    assert_eq!(gone().await, Err(Refusal::Stale));
    assert_eq!(bench.publish(&wanted, apply(&first)).await, Err(Refusal::Stale));
    // Each precondition counts by itself.
    let mut other_uid = second.clone();
    other_uid.uid = first.uid.clone();
    let mut other_version = second.clone();
    other_version.version = first.version.clone();
    for wrong in [&other_uid, &other_version] {
        let wanted = publication(&bench, "canary-2");
        assert_eq!(bench.publish(&wanted, apply(wrong)).await, Err(Refusal::Stale));
        let deleted = bench
            .port
            .unpublish(&bench.namespace, "billing", &wrong.uid, &wrong.version)
            .await;
        assert_eq!(deleted, Err(Refusal::Stale));
    }
    assert_eq!(bench.found().await, Some(second));
    Ok(())
}

#[tokio::test]
async fn a_foreign_secret_is_never_changed() -> Result<(), String> {
    let bench = Bench::new("publish-foreign").await?;
    let foreign: Secret = serde_json::from_value(json!({
        "metadata": {"name": "billing"}, "stringData": {"password": "theirs"},
    }))
    .unwrap();
    let theirs = bench
        .secrets()
        .create(&PostParams::default(), &foreign)
        .await
        .unwrap();
    let wanted = publication(&bench, "canary-1");
    for mode in [PublishMode::Create, rehearse(None)] {
        assert_eq!(bench.publish(&wanted, mode).await, Err(Refusal::Stale));
    }
    assert_eq!(bench.secrets().get("billing").await.unwrap(), theirs);
    let found = bench.found().await.unwrap();
    assert_eq!(found.secret_type, "Opaque");
    // Even with the right preconditions: its type cannot be changed.
    let refused = bench.publish(&wanted, apply(&found)).await;
    assert!(matches!(refused, Err(Refusal::Denied(_))), "{refused:?}");
    assert_eq!(bench.secrets().get("billing").await.unwrap(), theirs);
    Ok(())
}

#[tokio::test]
async fn of_two_writers_one_wins() -> Result<(), String> {
    let bench = Bench::new("publish-race").await?;
    let wanted: Vec<_> = (0..8)
        .map(|number| publication(&bench, &format!("canary-{number}")))
        .collect();
    let creations = wanted
        .iter()
        .map(|wanted| bench.publish(wanted, PublishMode::Create));
    let answers = futures::future::join_all(creations).await;
    let winners: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    let found = winners[0].clone().unwrap();

    let changes = wanted
        .iter()
        .filter(|wanted| !found.holds(wanted))
        .map(|wanted| bench.publish(wanted, apply(&found)));
    let answers = futures::future::join_all(changes).await;
    let winners = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(winners, 1, "{answers:?}");
    let losers = answers
        .iter()
        .filter(|answer| **answer == Err(Refusal::Stale))
        .count();
    assert_eq!(losers, 6);
    Ok(())
}

#[tokio::test]
async fn a_rehearsal_changes_nothing_and_meets_the_quota() -> Result<(), String> {
    let bench = Bench::new("publish-quota").await?;
    let wanted = publication(&bench, "canary-quota");
    assert_eq!(bench.publish(&wanted, rehearse(None)).await, Ok(None));
    assert_eq!(bench.found().await, None);

    let quotas: Api<ResourceQuota> = Api::namespaced(bench.client.clone(), &bench.namespace);
    let quota = json!({"metadata": {"name": "none"}, "spec": {"hard": {"secrets": "0"}}});
    let quota = serde_json::from_value(quota).unwrap();
    quotas.create(&PostParams::default(), &quota).await.unwrap();
    // The quota counts from when its controller has looked at it.
    for _ in 0..100 {
        let status = quotas.get("none").await.unwrap().status;
        if status.is_some_and(|status| status.hard.is_some()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for mode in [rehearse(None), PublishMode::Create] {
        let refused = bench.publish(&wanted, mode.clone()).await;
        let Err(Refusal::Denied(text)) = refused else {
            panic!("{mode:?}: {refused:?}");
        };
        assert!(text.contains("exceeded quota"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
    quotas.delete("none", &DeleteParams::default()).await.unwrap();

    // A change is rehearsed too.
    let mut created = bench.publish(&wanted, PublishMode::Create).await;
    for _ in 0..100 {
        if created.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        created = bench.publish(&wanted, PublishMode::Create).await;
    }
    let found = created.unwrap().unwrap();
    let next = publication(&bench, "canary-next");
    assert_eq!(bench.publish(&next, rehearse(Some(&found))).await, Ok(None));
    assert_eq!(bench.found().await, Some(found.clone()));
    bench.patch(json!({"metadata": {"labels": {"x": "y"}}})).await;
    assert_eq!(
        bench.publish(&next, rehearse(Some(&found))).await,
        Err(Refusal::Stale)
    );
    Ok(())
}

#[tokio::test]
async fn an_immutable_secret_is_denied() -> Result<(), String> {
    let bench = Bench::new("publish-immutable").await?;
    let wanted = publication(&bench, "canary-1");
    bench.created(&wanted).await;
    bench.patch(json!({"immutable": true})).await;
    let found = bench.found().await.unwrap();
    assert!(found.immutable && found.holds(&wanted));

    let next = publication(&bench, "canary-next");
    for mode in [rehearse(Some(&found)), apply(&found)] {
        let refused = bench.publish(&next, mode).await;
        let Err(Refusal::Denied(text)) = refused else {
            panic!("{refused:?}");
        };
        assert!(text.contains("immutable") && !text.contains("canary"), "{text}");
    }
    // Its metadata is not immutable, and it can go.
    let mut relabelled = wanted.clone();
    relabelled.labels.insert("team".to_owned(), "b".to_owned());
    let found = bench.publish(&relabelled, apply(&found)).await.unwrap().unwrap();
    assert!(found.holds(&relabelled));
    let gone = bench
        .port
        .unpublish(&bench.namespace, "billing", &found.uid, &found.version);
    assert_eq!(gone.await, Ok(()));
    Ok(())
}

#[tokio::test]
async fn an_admission_policy_that_quotes_the_credential_is_not_passed_on() -> Result<(), String> {
    let bench = Bench::new("publish-policy").await?;
    let name = &bench.namespace;
    let policy = json!({
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}},
                "resourceRules": [{
                    "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"],
                }],
            },
            "validations": [{
                "expression": "!('client-secret' in object.data)",
                "messageExpression": "'weak: ' + string(object.data['client-secret'])",
            }],
        },
    });
    let binding = json!({
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    });
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(bench.client.clone());
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(bench.client.clone());
    let parameters = PostParams::default();
    let policy = serde_json::from_value(policy).unwrap();
    policies.create(&parameters, &policy).await.unwrap();
    let binding = serde_json::from_value(binding).unwrap();
    bindings.create(&parameters, &binding).await.unwrap();

    let wanted = publication(&bench, "canary-policy");
    let mut refused = bench.publish(&wanted, rehearse(None)).await;
    // It takes a moment until a policy is in force.
    for _ in 0..300 {
        if refused.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        refused = bench.publish(&wanted, rehearse(None)).await;
    }
    let Err(Refusal::Denied(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(text.contains("weak: …"), "{text}");
    bindings.delete(name, &DeleteParams::default()).await.unwrap();
    policies.delete(name, &DeleteParams::default()).await.unwrap();
    Ok(())
}

#[tokio::test]
async fn nothing_is_created_in_a_namespace_that_goes_away() -> Result<(), String> {
    let bench = Bench::new("publish-going").await?;
    // A finalizer holds one object, so that the namespace stays terminating.
    let held = json!({"metadata": {"name": "held", "finalizers": ["example.com/held"]}});
    let held: Secret = serde_json::from_value(held).unwrap();
    let secrets = bench.secrets();
    secrets.create(&PostParams::default(), &held).await.unwrap();
    let namespaces: Api<Namespace> = Api::all(bench.client.clone());
    namespaces
        .delete(&bench.namespace, &DeleteParams::default())
        .await
        .unwrap();

    let wanted = publication(&bench, "canary-1");
    for mode in [rehearse(None), PublishMode::Create] {
        let refused = bench.publish(&wanted, mode).await;
        assert_eq!(refused, Err(Refusal::NamespaceTerminating));
    }
    let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    secrets
        .patch("held", &PatchParams::default(), &patch)
        .await
        .unwrap();
    for _ in 0..300 {
        if namespaces.get_opt(&bench.namespace).await.unwrap().is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(
        bench.publish(&wanted, PublishMode::Create).await,
        Err(Refusal::NamespaceTerminating),
        "gone is as good"
    );
    assert_eq!(bench.found().await, None);
    Ok(())
}

#[tokio::test]
async fn the_garbage_collector_takes_what_the_client_owns() -> Result<(), String> {
    let bench = Bench::new("publish-gc").await?;
    bench.created(&publication(&bench, "canary-1")).await;
    let mut kept = publication(&bench, "canary-2");
    kept.name = "kept".to_owned();
    kept.owned = false;
    bench.created(&kept).await;
    bench.delete_client().await;
    // The garbage collector looks for new kinds every 30 s.
    for _ in 0..900 {
        if bench.found().await.is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(bench.found().await, None);
    let kept = bench.port.secret(&bench.namespace, "kept").await.unwrap();
    assert!(kept.is_some_and(|kept| !kept.owners.contains_key(&bench.uid) && kept.uid != Uid(String::new())));
    Ok(())
}
