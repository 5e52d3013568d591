//! The server object: what it takes to be ready, and what clients are told until then.

use authserver_emulator::digitalroute::Auth;
use authserver_emulator::misbehave::Behaviour;
use serde_json::{Value, json};

use crate::stage::scene::data;
use crate::stage::until::{SOON, holds, throughout, until};
use crate::stage::{Scene, World};

pub async fn an_unknown_server(world: &'static World) {
    let scene = Scene::bare(world, "unknown-server").await;
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    let message = app.wait_condition("Ready", "False ServerNotFound").await;
    assert!(
        message.contains(&format!("there is no ClusterAuthorizationServer {}", scene.id)),
        "{message}"
    );
    app.wait_condition("Accepted", "False ServerNotFound").await;
    scene.put_credential(scene.credential()).await;
    scene.apply_server(json!({})).await;
    app.wait_sound("read").await;
    scene.assert_spared().await;
}

pub async fn a_credential_that_is_missing_and_comes(world: &'static World) {
    let scene = Scene::bare(world, "missing").await;
    scene.apply_server(json!({})).await;
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    let message = scene.wait_server("Ready", "False CredentialMissing").await;
    assert!(
        message.contains(&format!("Secret {} is not there", scene.id)),
        "{message}"
    );
    let message = app.wait_condition("Ready", "False WaitingForServer").await;
    assert!(message.contains("goes on as soon as that is mended"), "{message}");
    scene.put_credential(scene.credential()).await;
    scene.wait_server("Ready", "True Ready").await;
    app.wait_sound("read").await;
    scene.assert_spared().await;
}

pub async fn a_credential_that_is_not_fit(world: &'static World) {
    let scene = Scene::bare(world, "not-fit").await;
    let with = |label: Value, texts: Value| json!({"metadata": {"labels": {"oauthclient.dev/server-credentials": label}}, "data": data(&texts)});
    let good = json!({"username": "operator", "password": scene.password});
    scene.put_credential(with(Value::Null, good.clone())).await;
    scene.apply_server(json!({})).await;
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    let message = scene.wait_server("Ready", "False CredentialNotLabelled").await;
    assert!(
        message.contains("oauthclient.dev/server-credentials"),
        "{message}"
    );

    scene
        .put_credential(with(json!("true"), json!({"username": "operator"})))
        .await;
    let message = scene.wait_server("Ready", "False CredentialMissing").await;
    assert!(message.contains("key password"), "{message}");

    scene
        .put_credential(with(
            json!("true"),
            json!({"username": "operator", "password": ""}),
        ))
        .await;
    app.until("the empty password is told", async || {
        match scene.server_condition("Ready").await {
            Some((reads, message)) if reads == "False CredentialMissing" && message.contains("is empty") => {
                Ok(())
            }
            found => Err(format!("{found:?}")),
        }
    })
    .await;

    scene.put_credential(with(json!("yes"), good.clone())).await;
    scene.wait_server("Ready", "False CredentialNotLabelled").await;
    assert_eq!(
        scene.emulator.requests().len(),
        0,
        "nothing is asked without a credential"
    );

    scene.put_credential(with(json!("true"), good)).await;
    scene.wait_server("Ready", "True Ready").await;
    app.wait_sound("read").await;
    scene.assert_spared().await;
}

pub async fn a_wrong_credential_that_is_replaced(world: &'static World) {
    let scene = Scene::start(world, "wrong-credential").await;
    let settled = scene.app("settled").await.ready(json!({})).await;
    let pair = settled.assert_sound("read").await;
    // The password was changed at the server and nobody told the cluster.
    let password = "changed-at-the-server+%\"";
    world.witness.knows([password.to_owned()]);
    scene.emulator.set_auth(Auth::Basic {
        username: "operator".to_owned(),
        password: password.to_owned(),
    });
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    app.until("it is told whose move it is", async || {
        let condition = app.condition("Ready").await?;
        let told = ["ServerDenied", "WaitingForServer"].contains(&condition.reason.as_str());
        holds(told, format!("{condition:?}"))
    })
    .await;
    scene.wait_server("Authenticated", "False ServerDenied").await;
    let message = scene.wait_server("Ready", "False ServerDenied").await;
    assert!(message.contains("401"), "{message}");
    assert_eq!(settled.secret().await.pair(), pair);
    settled.reads("Ready", "True Ready").await.unwrap();

    let mut credential = scene.credential();
    credential["data"] = data(&json!({"username": "operator", "password": password}));
    scene.put_credential(credential).await;
    scene.wait_server("Ready", "True Ready").await;
    app.wait_sound("read").await;
    settled.assert_sound("read").await;
    scene.assert_spared().await;
}

pub async fn a_credential_that_lacks_a_right(world: &'static World) {
    let scene = Scene::start(world, "missing-right").await;
    let settled = scene.app("settled").await.ready(json!({})).await;
    // It may read, so the check alone shows nothing.
    scene.misbehave("register", Behaviour::Deny { status: 403 });
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    let message = app.wait_condition("Stalled", "True ServerDenied").await;
    assert!(message.contains("403"), "{message}");
    let message = scene.wait_server("Ready", "False ServerDenied").await;
    assert!(
        message.contains("403") && message.contains("every 10 minutes"),
        "{message}"
    );
    scene.wait_server("Authenticated", "True Authenticated").await;
    settled.reads("Ready", "True Ready").await.unwrap();
    scene.emulator.behave();
    // Granted: the next try of the client shows it, and the server needs no touch.
    app.wait_sound("read").await;
    scene.wait_server("Ready", "True Ready").await;
    scene.assert_spared().await;
}

pub async fn a_credential_of_another_server_is_nobodys_business(world: &'static World) {
    let scene = Scene::start(world, "one-credential").await;
    let other = Scene::start(world, "other-credential").await;
    scene.emulator.clear_requests();
    for round in 0..3 {
        let mut credential = other.credential();
        credential["data"]["comment"] = data(&json!({"comment": round.to_string()}))["comment"].clone();
        let asked = other.emulator.requests().len();
        other.put_credential(credential).await;
        let evidence = async || other.journal();
        until(
            SOON,
            "the other server is connected again",
            evidence,
            async || holds(other.emulator.requests().len() > asked, "it is not"),
        )
        .await;
    }
    assert_eq!(scene.emulator.requests().len(), 0, "{}", scene.journal());
    for scene in [scene, other] {
        scene.assert_spared().await;
    }
}

pub async fn an_address_that_is_not_allowed(world: &'static World) {
    let scene = Scene::bare(world, "address").await;
    scene.put_credential(scene.credential()).await;
    let provider = json!({"digitalRoute": {"url": "http://169.254.169.254"}});
    scene.apply_server(json!({"provider": provider})).await;
    let message = scene.wait_server("Ready", "False AddressNotAllowed").await;
    assert!(message.contains("169.254.169.254"), "{message}");
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    app.wait_condition("Ready", "False WaitingForServer").await;
    scene.assert_spared().await;
}

pub async fn a_provider_that_is_not_there_yet(world: &'static World) {
    let scene = Scene::bare(world, "no-adapter").await;
    scene.put_credential(scene.credential()).await;
    let provider =
        json!({"digitalRoute": null, "hydra": {"adminURL": scene.emulator.url(), "auth": {"none": {}}}});
    scene.apply_server(json!({"provider": provider})).await;
    let message = scene.wait_server("Ready", "False ProviderNotAvailable").await;
    assert!(message.contains("hydra"), "{message}");
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    app.wait_condition("Ready", "False WaitingForServer").await;
    assert_eq!(scene.emulator.requests().len(), 0);
    scene.assert_spared().await;
}

pub async fn a_server_that_is_down_when_a_client_is_applied(world: &'static World) {
    let scene = Scene::bare(world, "down").await;
    scene.misbehave("any", Behaviour::Down);
    scene.put_credential(scene.credential()).await;
    scene.apply_server(json!({})).await;
    scene.wait_server("Ready", "False Unreachable").await;
    scene.wait_server("Reachable", "False Unreachable").await;
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    let message = app.wait_condition("Ready", "False WaitingForServer").await;
    assert!(message.contains(&scene.id), "{message}");
    scene.emulator.behave();
    app.wait_sound("read").await;
    scene.wait_server("Ready", "True Ready").await;
    scene.assert_spared().await;
}

pub async fn an_outage_leaves_settled_clients_alone(world: &'static World) {
    let scene = Scene::start(world, "outage").await;
    let settled = scene.app("settled").await.ready(json!({})).await;
    let version = settled.version().await;
    scene.misbehave("any", Behaviour::Down);
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    app.wait_condition("Ready", "False WaitingForServer").await;
    scene.wait_server("Ready", "False Unreachable").await;
    // Even its Secret is repaired without the server.
    settled.delete_secret().await;
    settled
        .until("the Secret comes back", async || {
            settled
                .find_secret()
                .await
                .map(drop)
                .ok_or_else(|| "it is away".to_owned())
        })
        .await;
    let evidence = async || settled.evidence().await;
    throughout(
        std::time::Duration::from_secs(5),
        "it stays ready",
        evidence,
        async || settled.reads("Ready", "True Ready").await.map(drop),
    )
    .await;
    assert_eq!(settled.version().await, version, "nothing is to be said of it");
    scene.emulator.behave();
    app.wait_sound("read").await;
    settled.assert_sound("read").await;
    scene.assert_spared().await;
}
