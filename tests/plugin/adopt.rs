//! Records of another cluster.

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt as _};
use oauth_client_operator::cluster::{ApiServer, LedgerRead};
use oauth_client_operator::model::{LedgerEntry, Subject, Uid};
use oauth_client_operator::plugin::adopt::plan::{How, Plan, Why};
use oauth_client_operator::plugin::adopt::{carry_out, here};
use serde_json::json;

use crate::desk::{
    change_record, client_key, entry, ledger, ledger_apart, owed, plugin, record_of, subject, version_of,
};
use crate::stage::until::{holds, throughout};
use crate::stage::world::NAMESPACE;
use crate::stage::{Scene, World};

/// A backup was restored into a new cluster: other UIDs everywhere, and the records of the old one.
pub async fn a_restored_ledger(world: &'static World) {
    let scene = Scene::start(world, "restored").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let pair = app.assert_sound("read").await;
    let ledger = ledger(world);
    let kept = record_of(&ledger, &client_key(&app)).await;

    // The cluster is gone, with everything but the record and what is at the server.
    assert!(world.operator.stop().await.success());
    app.delete().await;
    ledger.remove(&kept.entry.subject, &kept.version).await.unwrap();
    let secrets = app.secrets();
    if app.find_secret().await.is_some() {
        // Or the garbage collector was faster.
        secrets.delete(&app.name, &DeleteParams::default()).await.ok();
    }
    let old = LedgerEntry {
        cluster_id: "old-cluster".into(),
        crd_uid: "old-crd".into(),
        owner: "old-owner".into(),
        subject: Subject {
            namespace_uid: "old-namespace".into(),
            ..kept.entry.subject.clone()
        },
        ..kept.entry.clone()
    };
    ledger.write(&old, None).await.unwrap();
    let lost = entry(&subject("no-such-namespace", "old", "lost"));
    ledger.write(&lost, None).await.unwrap();

    // The operator of the new cluster holds them, and an admin is told.
    world.operator.start_and_wait().await;
    let doctor = plugin(world, "doctor").await;
    assert!(
        !doctor.well && doctor.out.contains("adopt-ledger --from old-cluster"),
        "{doctor:?}"
    );
    let pending = plugin(world, "adopt-ledger --from old-cluster").await;
    assert!(
        pending.out.contains("kept until its OAuthClient is applied"),
        "{pending:?}"
    );
    assert!(pending.out.contains("its namespace is not there"), "{pending:?}");
    assert!(pending.error().contains("say --yes"));
    assert_eq!(
        ledger.of(&kept.entry.subject).await,
        Ok(LedgerRead::Absent),
        "nothing was done"
    );

    let done = plugin(world, "adopt-ledger --from old-cluster --yes")
        .await
        .well();
    assert!(done.contains("1 record adopted"), "{done}");
    assert_eq!(
        version_of(&ledger, &old.subject).await,
        None,
        "the old record is gone"
    );
    let evidence = async || app.evidence().await;
    throughout(
        std::time::Duration::from_secs(5),
        "nothing is removed",
        evidence,
        async || {
            holds(app.remote().len() == 1, "the client at the server is gone")?;
            holds(app.record().await.is_some(), "the record is gone")
        },
    )
    .await;

    // The manifests are applied, and the credential is what it was.
    app.apply(json!({})).await;
    assert_eq!(app.wait_sound("read").await, pair);
    let again = plugin(world, "adopt-ledger --from old-cluster --yes").await;
    assert!(again.error().contains("no record can be adopted"));
    let version = version_of(&ledger, &lost.subject).await.unwrap();
    ledger.remove(&lost.subject, &version).await.unwrap();
    let nothing = plugin(world, "adopt-ledger --from old-cluster --yes")
        .await
        .well();
    assert!(nothing.contains("no record of cluster old-cluster"), "{nothing}");
    app.delete().await;
    app.wait_nothing_left().await;
}

/// The chart's `clusterID` was changed, or etcd was restored under another one.
pub async fn a_cluster_with_another_id(world: &'static World) {
    let scene = Scene::start(world, "renamed").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let pair = app.assert_sound("read").await;
    let ledger = ledger(world);
    let client = client_key(&app);
    let from = format!("before-{}", world.run);
    change_record(&ledger, &client, |entry| entry.cluster_id = from.as_str().into()).await;
    app.wait_condition("Ready", "False Unmanageable").await;
    let status = plugin(world, &format!("status billing -n {}", app.namespace))
        .await
        .well();
    assert!(
        status.contains(&format!("adopt-ledger --from {from}")),
        "{status}"
    );

    let done = plugin(world, &format!("adopt-ledger --from {from} --yes"))
        .await
        .well();
    assert!(done.contains("its OAuthClient goes on with it"), "{done}");
    app.wait_ready().await;
    assert_eq!(app.assert_sound("read").await, pair);
    app.delete().await;
    app.wait_nothing_left().await;
}

/// Between any two steps the process may end, and others may write.
pub async fn a_crash_and_a_conflict(world: &'static World) {
    let (ledger, namespace) = ledger_apart(world, "adopt-crash").await;
    let namespaces: Api<Namespace> = Api::all(world.kube.clone());
    let uid = namespaces.get(&namespace).await.unwrap().uid().unwrap();
    let here = here(&ApiServer::new(world.kube.clone()), "here".into())
        .await
        .unwrap();
    let plan = async || Plan::new(&ledger.all().await.unwrap(), &"old-cluster".into(), &here);
    let old = entry(&subject(&namespace, "old-uid", "billing"));
    ledger.write(&old, None).await.unwrap();

    let first = plan().await;
    assert_eq!(first.adoptions[0].how, How::UnderAnotherName);
    let adoption = &first.adoptions[0];
    assert_eq!(adoption.entry.subject.namespace_uid, Uid(uid));

    // It ends after the first of the two writes: the second run finds what the first has done.
    ledger.write(&adoption.entry, None).await.unwrap();
    let second = plan().await;
    assert_eq!(second.adoptions[0].how, How::OldOneOnly);
    // Who goes on with the first plan does no harm.
    let stale = carry_out(&ledger, adoption).await.unwrap_err();
    assert!(stale.contains("run this again"), "{stale}");

    // The old record changes meanwhile: it stays, and the next run looks at it anew.
    let book = ledger.all().await.unwrap();
    let was = book.of_subject(&old.subject).unwrap();
    let changed = LedgerEntry {
        obligations: vec![owed("more")],
        ..was.entry.clone()
    };
    ledger.write(&changed, Some(&was.version)).await.unwrap();
    let stale = carry_out(&ledger, &second.adoptions[0]).await.unwrap_err();
    assert!(stale.contains("run this again"), "{stale}");
    assert_eq!(
        plan().await.left[0].why,
        Why::GoneOn,
        "it knows of a client that the new one does not"
    );
    let version = version_of(&ledger, &old.subject).await.unwrap();
    ledger.write(&old, Some(&version)).await.unwrap();
    carry_out(&ledger, &plan().await.adoptions[0]).await.unwrap();
    let left = ledger.all().await.unwrap();
    assert_eq!(left.kept.len(), 1);
    assert_eq!(left.kept[0].entry, adoption.entry);
    assert!(plan().await.is_empty());

    // The same in place.
    let in_place = LedgerEntry {
        cluster_id: "old-cluster".into(),
        ..adoption.entry.clone()
    };
    ledger
        .write(&in_place, Some(&left.kept[0].version))
        .await
        .unwrap();
    let third = plan().await;
    assert_eq!(third.adoptions[0].how, How::InPlace);
    carry_out(&ledger, &third.adoptions[0]).await.unwrap();
    assert_eq!(ledger.all().await.unwrap().kept[0].entry, adoption.entry);
    let stale = carry_out(&ledger, &third.adoptions[0]).await.unwrap_err();
    assert!(stale.contains("run this again"), "{stale}");

    // A copy under a wrong name is nobody's record.
    let secrets: Api<Secret> = Api::namespaced(world.kube.clone(), &namespace);
    let mut copy = secrets.get(&adoption.entry.subject.entry_name()).await.unwrap();
    copy.metadata.name = Some("client-copy".to_owned());
    copy.metadata.resource_version = None;
    secrets.create(&PostParams::default(), &copy).await.unwrap();
    assert_eq!(ledger.all().await.unwrap().unusable.len(), 1);

    // Which cluster this is cannot be guessed where no operator is installed.
    let unknown = plugin(
        world,
        &format!("adopt-ledger --from x --operator-namespace {namespace}"),
    )
    .await
    .error();
    assert!(unknown.contains("--cluster-id"), "{unknown}");
    let itself = plugin(
        world,
        &format!("adopt-ledger --from x --cluster-id x --operator-namespace {NAMESPACE}"),
    )
    .await;
    assert!(itself.error().contains("this very cluster"));
}
