//! What is asked of the server, call by call.

use super::*;
use crate::model::Credential;

fn asked(bench: &Bench) -> Vec<String> {
    let requests = bench.emulator.requests();
    bench.emulator.clear_requests();
    requests
        .iter()
        .map(|entry| format!("{} {} {}", entry.method, entry.path, entry.authorization))
        .collect()
}

#[tokio::test]
async fn no_more_than_is_needed() {
    let bench = Bench::new().await;
    let client = bench.emulator.add_client("my app", "read");
    let (api, app) = ("/authserver/api", "/authserver/api/clients/my%20app");
    let handle = || Handle::from("my app");

    bench.adapter.check().await.unwrap();
    assert_eq!(asked(&bench), [format!("GET {api}/scope basic")]);

    bench.adapter.client(&handle()).await.unwrap();
    assert_eq!(asked(&bench), [format!("GET {app} basic")]);

    bench.adapter.clients().await.unwrap();
    assert_eq!(asked(&bench), [format!("GET {api}/clients basic")]);

    let update = |scopes: &[&str]| Request::Update {
        target: handle().into(),
        metadata: metadata(scopes),
        unset: std::collections::BTreeSet::new(),
    };
    bench.adapter.perform(&update(&["write"]), WITHIN).await.unwrap();
    assert_eq!(
        asked(&bench),
        [format!("GET {app} basic"), format!("PUT {app} basic")]
    );

    // Nothing to change, nothing sent.
    bench.adapter.perform(&update(&["write"]), WITHIN).await.unwrap();
    let unsaid = Request::Update {
        target: handle().into(),
        metadata: ClientMetadata::default(),
        unset: std::collections::BTreeSet::new(),
    };
    bench.adapter.perform(&unsaid, WITHIN).await.unwrap();
    assert_eq!(asked(&bench), vec![format!("GET {app} basic"); 2]);

    let rotate = Request::Rotate {
        target: handle().into(),
        candidate: None,
        keep_previous: false,
    };
    bench.adapter.perform(&rotate, WITHIN).await.unwrap();
    assert_eq!(asked(&bench), [format!("PATCH {app} basic")]);

    let provision = Request::ProvisionScopes(set(&["more"]));
    bench.adapter.perform(&provision, WITHIN).await.unwrap();
    assert_eq!(asked(&bench), [format!("POST {api}/scope basic")]);

    let credential = Credential {
        client_id: client.client_id,
        client_secret: None,
    };
    let unknown = bench.adapter.verify(&(&credential).into()).await.unwrap();
    assert!(matches!(unknown, Verification::Unknown(_)));
    assert!(asked(&bench).is_empty());

    let delete = Request::Delete {
        target: handle().into(),
    };
    bench.adapter.perform(&delete, WITHIN).await.unwrap();
    assert_eq!(
        asked(&bench),
        [format!("DELETE {app} basic"), format!("GET {app} basic")]
    );

    let register = Request::Register(Box::new(candidate("my app", &["read"])));
    bench.adapter.perform(&register, WITHIN).await.unwrap();
    assert_eq!(asked(&bench), [format!("POST {api}/clients basic")]);
}

#[tokio::test]
async fn put_registers_nobody() {
    let bench = Bench::new().await;
    let update = Request::Update {
        target: "nobody".into(),
        metadata: metadata(&["read"]),
        unset: std::collections::BTreeSet::new(),
    };
    assert_eq!(bench.change(&update, WITHIN).await, Err(Fault::NotFound));
    assert_eq!(bench.emulator.counters().of("put"), 0);
    assert!(bench.emulator.clients().is_empty());
}

#[tokio::test]
async fn what_the_server_has_not_is_not_sent() {
    let bench = Bench::new().await;
    let credential = Credential {
        client_id: "a".into(),
        client_secret: None,
    };
    for request in [
        Request::Disable { target: "app".into() },
        Request::Rotate {
            target: "app".into(),
            candidate: Some(credential),
            keep_previous: false,
        },
        Request::Register(Box::new(candidate("..", &[]))),
        Request::Delete { target: "..".into() },
        Request::Delete { target: "".into() },
        Request::Rotate {
            target: ".".into(),
            candidate: None,
            keep_previous: false,
        },
    ] {
        let fault = bench.change(&request, WITHIN).await.unwrap_err();
        assert_eq!(fault.kind(), "Invalid", "{request:?}");
    }
    assert!(bench.emulator.requests().is_empty());
    // Absent is absent, even of a name that cannot be addressed.
    assert_eq!(bench.client("..").await, Ok(None));
    bench.emulator.add_client("..", "");
    assert!(bench.client("..").await.unwrap().is_some());
}

/// The base of `/scope` is not documented to be that of `/clients`. It is looked for once.
#[tokio::test]
async fn scopes_elsewhere() {
    for value in ["root", "api"] {
        let bench = Bench::new().await;
        bench
            .emulator
            .switch(|switches| switches.set("scope_base", value).unwrap());
        bench.check().await.unwrap();
        asked(&bench);
        bench.scopes().await.unwrap();
        let provision = Request::ProvisionScopes(set(&["more"]));
        let answer = bench.change(&provision, WITHIN).await.unwrap();
        assert_eq!(answer, Answer::Scopes(set(&["more"])));
        let base = if value == "root" { "" } else { "/api" };
        assert_eq!(
            asked(&bench),
            [
                format!("GET {base}/scope basic"),
                format!("POST {base}/scope basic")
            ]
        );
    }
}

/// What was not provisioned is not said to be.
#[tokio::test]
async fn scopes_are_provisioned_in_part() {
    let bench = Bench::new().await;
    bench
        .emulator
        .switch(|switches| switches.set("scope_refused", "b").unwrap());
    let provision = Request::ProvisionScopes(set(&["a", "b", "c"]));
    let answer = bench.change(&provision, WITHIN).await.unwrap();
    assert_eq!(answer, Answer::Scopes(set(&["a", "c"])));
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_however_it_is_refused() {
    for status in ["409", "400", "422"] {
        let bench = Bench::new().await;
        bench
            .emulator
            .switch(|switches| switches.set("duplicate_register", status).unwrap());
        bench.emulator.add_client("app", "read");
        let register = Request::Register(Box::new(candidate("app", &["read"])));
        let fault = bench.change(&register, WITHIN).await.unwrap_err();
        assert_eq!(fault.kind(), "Conflict", "{status}");
    }
    let bench = Bench::new().await;
    let register = Request::Register(Box::new(candidate("app", &["unknown"])));
    let fault = bench.change(&register, WITHIN).await.unwrap_err();
    assert_eq!(
        fault,
        Fault::Invalid(
            "400 Bad Request for the registration: these scopes are not provisioned: unknown".into()
        )
    );
}
