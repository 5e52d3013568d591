//! Ledger entries: created once, replaced and removed only as they were seen, never absent while something is there.

use k8s_openapi::ByteString;
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams};
use oauth_client_operator::cluster::{ApiServer, Cluster, KubeCluster, LedgerRead};
use oauth_client_operator::model::{
    Chosen, ClientView, Confidential, Credential, Endpoints, LedgerEntry, Record, Refusal, Registration,
    Removal, ServerKey, Subject, Unreadable, Version, claim,
};
use serde_json::json;

use super::{Bench, support};

fn entry(subject: &Subject) -> LedgerEntry {
    let at = "2026-11-22T10:00:00Z".parse().unwrap();
    LedgerEntry {
        cluster_id: "cluster".into(),
        crd_uid: "crd".into(),
        subject: subject.clone(),
        owner: "owner".into(),
        chosen: Chosen::default(),
        server: ServerKey {
            namespace: None,
            name: "corp".to_owned(),
        },
        server_fingerprint: "fingerprint".to_owned(),
        secret_name: "billing".to_owned(),
        publication_id: "publication".to_owned(),
        endpoints: Endpoints::default(),
        secret_owned: true,
        removal: Removal::Delete,
        removal_delay: jiff::SignedDuration::ZERO,
        next_number: 1,
        current: Some(Registration {
            handle: "handle".into(),
            name: "billing".to_owned(),
            marker: None,
            credential: Credential {
                client_id: "billing".to_owned(),
                client_secret: Some(Confidential::new("canary-ledger")),
            },
            asked: oauth_client_operator::model::ClientMetadata::default(),
            told: oauth_client_operator::model::ClientMetadata::default(),
            registered_at: at,
            as_of: at,
            secret_expires_at: None,
            access: oauth_client_operator::model::Access::Operator,
        }),
        previous: None,
        intent: None,
        recheck_at: None,
        served: oauth_client_operator::model::Served::default(),
        schedule: None,
        held: None,
        obligations: Vec::new(),
    }
}

fn write(entry: &LedgerEntry, replaces: Option<&Version>) -> Record {
    Record::Write {
        entry: Box::new(entry.clone()),
        replaces: replaces.cloned(),
        call: None,
    }
}

#[tokio::test]
async fn an_entry_lives_by_its_version() -> Result<(), String> {
    let bench = Bench::new("ledger").await?;
    let (port, subject) = (&bench.port, &bench.subject);
    assert_eq!(port.ledger(subject).await, Ok(LedgerRead::Absent));

    let first = entry(subject);
    let one = port.record(subject, &write(&first, None)).await.unwrap().unwrap();
    let held = LedgerRead::Held(Box::new(first.clone()), one.clone());
    assert_eq!(port.ledger(subject).await, Ok(held));

    // The answer was lost, and the same is sent again.
    assert_eq!(
        port.record(subject, &write(&first, None)).await,
        Err(Refusal::Stale)
    );

    let mut second = first.clone();
    second.next_number = 2;
    let two = port
        .record(subject, &write(&second, Some(&one)))
        .await
        .unwrap()
        .unwrap();
    assert_ne!(one, two);
    for stale in [write(&first, Some(&one)), Record::Remove { version: one }] {
        assert_eq!(port.record(subject, &stale).await, Err(Refusal::Stale));
    }
    let unchanged = port.record(subject, &write(&second, Some(&two))).await;
    assert_eq!(unchanged, Ok(Some(two.clone())), "writing the same is no write");

    let remove = Record::Remove { version: two.clone() };
    assert_eq!(port.record(subject, &remove).await, Ok(None));
    assert_eq!(port.record(subject, &remove).await, Ok(None), "gone is gone");
    assert_eq!(port.ledger(subject).await, Ok(LedgerRead::Absent));
    let late = port.record(subject, &write(&second, Some(&two))).await;
    assert_eq!(late, Err(Refusal::Stale), "a replacement never creates");
    Ok(())
}

#[tokio::test]
async fn of_two_writers_one_wins() -> Result<(), String> {
    let bench = Bench::new("ledger-race").await?;
    let (port, subject) = (&bench.port, &bench.subject);
    let entries: Vec<_> = (0..8)
        .map(|number| {
            let mut entry = entry(subject);
            entry.next_number = number;
            entry
        })
        .collect();
    let winners = |answers: &[Result<Option<Version>, Refusal>]| {
        for answer in answers {
            assert!(matches!(answer, Ok(Some(_)) | Err(Refusal::Stale)), "{answer:?}");
        }
        answers.iter().filter(|answer| answer.is_ok()).count()
    };
    let creations: Vec<_> = entries.iter().map(|entry| write(entry, None)).collect();
    let created = futures::future::join_all(creations.iter().map(|record| port.record(subject, record)));
    assert_eq!(winners(&created.await), 1);

    let LedgerRead::Held(held, version) = port.ledger(subject).await.unwrap() else {
        panic!("it was written");
    };
    let others: Vec<_> = entries
        .iter()
        .filter(|entry| **entry != *held)
        .map(|entry| write(entry, Some(&version)))
        .collect();
    let replaced = futures::future::join_all(others.iter().map(|record| port.record(subject, record)));
    assert_eq!(winners(&replaced.await), 1);
    Ok(())
}

#[tokio::test]
async fn what_is_no_entry_is_unreadable_and_never_absent() -> Result<(), String> {
    let bench = Bench::new("ledger-bad").await?;
    let (port, subject) = (&bench.port, &bench.subject);
    let secrets = bench.secrets();
    let name = subject.entry_name();
    port.record(subject, &write(&entry(subject), None)).await.unwrap();

    let stored = secrets.get(&name).await.unwrap();
    assert_eq!(stored.type_.as_deref(), Some("oauthclient.dev/ledger-entry"));
    assert_eq!(stored.labels()["oauthclient.dev/ledger"], "true");
    assert!(
        !format!("{:?}{:?}", stored.labels(), stored.annotations()).contains("canary"),
        "credentials are in data only"
    );

    let spoil = async |data: serde_json::Value| {
        let patch = Patch::Merge(json!({ "data": data }));
        secrets
            .patch(&name, &PatchParams::default(), &patch)
            .await
            .unwrap();
        port.ledger(subject).await.unwrap()
    };
    let base64 = |text: &[u8]| json!(ByteString(text.to_vec()));
    let unreadable = |read: LedgerRead| matches!(read, LedgerRead::Unreadable(Unreadable::Malformed(_)));
    assert!(unreadable(spoil(json!({"entry": base64(b"{")})).await));
    assert!(unreadable(spoil(json!({"entry": base64(&[0xff])})).await));
    assert!(unreadable(spoil(json!({ "entry": null })).await));
    let newer = base64(br#"{"schema":99,"entry":{"whatever":1}}"#);
    assert_eq!(
        spoil(json!({ "entry": newer })).await,
        LedgerRead::Unreadable(Unreadable::Newer(99))
    );

    // A Secret of that name that somebody else made.
    secrets.delete(&name, &DeleteParams::default()).await.unwrap();
    let foreign = json!({"metadata": {"name": name}, "stringData": {"entry": "{}"}});
    let foreign = serde_json::from_value(foreign).unwrap();
    secrets
        .create(&kube::api::PostParams::default(), &foreign)
        .await
        .unwrap();
    assert!(unreadable(port.ledger(subject).await.unwrap()));
    assert_eq!(
        port.record(subject, &write(&entry(subject), None)).await,
        Err(Refusal::Stale)
    );
    Ok(())
}

#[tokio::test]
async fn a_claim_of_an_exact_name_is_found_by_others_only() -> Result<(), String> {
    let bench = Bench::new("ledger-claims").await?;
    let (port, subject) = (&bench.port, &bench.subject);
    let mut other = subject.clone();
    other.client.name = "other".to_owned();
    let claims = ["billing", "free"].map(|name| claim("fingerprint", name)).into();
    assert_eq!(port.is_claimed(&other, &claims).await, Ok(false));

    let version = port.record(subject, &write(&entry(subject), None)).await;
    assert_eq!(port.is_claimed(&other, &claims).await, Ok(true));
    assert_eq!(
        port.is_claimed(subject, &claims).await,
        Ok(false),
        "an entry's own claim"
    );
    let elsewhere = [claim("another fingerprint", "billing")].into();
    assert_eq!(port.is_claimed(&other, &elsewhere).await, Ok(false));

    let mut without = entry(subject);
    without.current = None;
    let replaces = version.unwrap();
    port.record(subject, &write(&without, replaces.as_ref()))
        .await
        .unwrap();
    assert_eq!(port.is_claimed(&other, &claims).await, Ok(false));
    Ok(())
}

#[tokio::test]
async fn an_entry_of_another_client_is_not_taken_for_ours() -> Result<(), String> {
    let bench = Bench::new("ledger-other").await?;
    let (port, subject) = (&bench.port, &bench.subject);
    let mut other = subject.clone();
    other.client.name = "other".to_owned();
    port.record(subject, &write(&entry(&other), None)).await.unwrap();
    assert!(matches!(
        port.ledger(subject).await,
        Ok(LedgerRead::Unreadable(_))
    ));
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_told_without_the_credential() -> Result<(), String> {
    let bench = Bench::new("ledger-denied").await?;
    // No operator's namespace: nothing can be written, and nothing is known.
    let server = ApiServer::new(bench.client.clone());
    let homeless = KubeCluster::new(server, "no-such-namespace", "test-0");
    let refusal = homeless
        .record(&bench.subject, &write(&entry(&bench.subject), None))
        .await;
    assert_eq!(refusal, Err(Refusal::NamespaceTerminating));

    // Too large for the API server.
    let mut large = entry(&bench.subject);
    large.server_fingerprint = "x".repeat(2_000_000);
    let refusal = bench.port.record(&bench.subject, &write(&large, None)).await;
    let Err(Refusal::Denied(text)) = refusal else {
        panic!("{refusal:?}");
    };
    assert!(!text.contains("canary-ledger"), "{text}");
    Ok(())
}

#[tokio::test]
async fn rights_that_are_missing_are_told() -> Result<(), String> {
    let bench = Bench::new("ledger-rights").await?;
    let nobody = support::client_of(|config| {
        config.auth_info.impersonate = Some("nobody".to_owned());
    })
    .await?;
    let port = KubeCluster::new(ApiServer::new(nobody), &bench.namespace, "test-0");
    let refusal = port
        .record(&bench.subject, &write(&entry(&bench.subject), None))
        .await;
    let Err(Refusal::Denied(text)) = refusal else {
        panic!("{refusal:?}");
    };
    assert!(text.contains("nobody"), "{text}");
    assert!(port.ledger(&bench.subject).await.is_err());
    assert!(port.client(bench.key()).await.is_err());
    let view = port.presence(bench.key(), &bench.uid).await;
    assert!(matches!(view, ClientView::Unknown(_)), "{view:?}");
    Ok(())
}
