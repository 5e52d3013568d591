//! What is asked of the server, call by call.

use authserver_emulator::misbehave::{Behaviour, Rule};

use super::*;

fn asked(bench: &Bench) -> Vec<String> {
    let requests = bench.emulator.requests();
    bench.emulator.clear_requests();
    requests
        .iter()
        .map(|entry| format!("{} {} {}", entry.method, entry.path, entry.authorization))
        .collect()
}

const LIST: &str = "GET /api/v1/clientapps bearer";
const COUNT: &str = "GET /api/v1/dashboard/clients bearer";

#[tokio::test]
async fn no_more_than_is_needed() {
    let bench = Bench::new().await;
    let app = bench.add("app", SECRET);
    let path = format!("/api/v1/clientapps/{}", app.handle);

    bench.adapter.check().await.unwrap();
    assert_eq!(asked(&bench), ["POST /api/oauth/token basic", LIST]);

    // One login for many calls.
    bench.adapter.client(&app.handle).await.unwrap();
    assert_eq!(asked(&bench), [format!("GET {path} bearer")]);

    bench.adapter.clients().await.unwrap();
    assert_eq!(asked(&bench), [LIST, COUNT]);

    let candidate = candidate("app", ClientMetadata::default());
    bench.adapter.attempted(&candidate).await.unwrap();
    assert_eq!(asked(&bench), [LIST, COUNT]);

    let change = update(app.clone(), wanted(900));
    bench.adapter.perform(&change, WITHIN).await.unwrap();
    assert_eq!(
        asked(&bench),
        [format!("GET {path} bearer"), format!("PUT {path} bearer")]
    );

    // Nothing to change, nothing sent.
    bench.adapter.perform(&change, WITHIN).await.unwrap();
    let unsaid = update(app.clone(), ClientMetadata::default());
    bench.adapter.perform(&unsaid, WITHIN).await.unwrap();
    assert_eq!(asked(&bench), vec![format!("GET {path} bearer"); 2]);

    // A secret that is not shown is looked for once.
    let new = rotate(app.clone(), "app", "canary-of-a-new-secret");
    bench.adapter.perform(&new, WITHIN).await.unwrap();
    let get = format!("GET {path} bearer");
    assert_eq!(
        asked(&bench),
        [get.clone(), format!("PUT {path} bearer"), get.clone()]
    );

    let disable = Request::Disable { target: app.clone() };
    bench.adapter.perform(&disable, WITHIN).await.unwrap();
    assert_eq!(
        asked(&bench),
        [get.clone(), format!("PUT {path}/enable bearer"), get.clone()]
    );
    bench.adapter.perform(&disable, WITHIN).await.unwrap();
    assert_eq!(asked(&bench), [get], "what is disabled would be enabled");

    let delete = Request::Delete { target: app };
    bench.adapter.perform(&delete, WITHIN).await.unwrap();
    assert_eq!(asked(&bench), [format!("DELETE {path} bearer")]);

    bench.adapter.perform(&register("new"), WITHIN).await.unwrap();
    assert_eq!(asked(&bench), [LIST, COUNT, "POST /api/v1/clientapps bearer"]);
}

#[tokio::test]
async fn what_the_server_has_not_is_not_sent() {
    let bench = Bench::new().await;
    let of_the_server = Candidate {
        client_id: None,
        client_secret: None,
        ..candidate("app", ClientMetadata::default())
    };
    for request in [
        Request::Rotate {
            target: "1".into(),
            candidate: None,
            keep_previous: false,
        },
        Request::ProvisionScopes(set(&["read"])),
        Request::Register(Box::new(of_the_server)),
    ] {
        let fault = bench.adapter.perform(&request, WITHIN).await.unwrap_err();
        assert_eq!(fault.kind(), "Invalid", "{request:?}");
    }
    let credential = Credential {
        client_id: "app".into(),
        client_secret: Some(Confidential::new(SECRET)),
    };
    let verified = bench.adapter.verify(&(&credential).into()).await;
    assert!(matches!(verified, Err(Fault::Invalid(_))));
    assert!(bench.emulator.requests().is_empty());
    for handle in ["..", ".", ""] {
        let delete = Request::Delete {
            target: handle.into(),
        };
        assert_eq!(bench.change(&delete, WITHIN).await.unwrap_err().kind(), "Invalid");
        assert_eq!(bench.client(handle).await, Ok(None));
    }
    assert_eq!(bench.sent(), 0);
}

/// What the documents promise to be complete is held against the number that the dashboard tells.
#[tokio::test]
async fn a_list_that_is_cut_is_none() {
    for (paging, whole) in [
        ("cut", false),
        ("page", false),
        ("offset", false),
        ("next", true),
        ("endless", true),
    ] {
        let bench = Bench::turned("paging", paging).await;
        bench.turn("page_size", "3");
        for number in 0..7 {
            bench.add(&format!("app-{number}"), SECRET);
        }
        let listed = bench.clients().await;
        assert_eq!(listed.is_ok(), whole, "{paging}: {listed:?}");
        if let Err(fault) = listed {
            let text = "cannot be used: it lists 3 apps, and its dashboard counts 8: the list is not whole";
            assert_eq!(fault.to_string(), text);
            assert_eq!(bench.change(&register("new"), WITHIN).await.unwrap_err(), fault);
        }
    }
    // Without that number a list is believed.
    let bench = Bench {
        lies: true,
        ..Bench::turned("paging", "cut").await
    };
    bench.turn("page_size", "3");
    (0..7).for_each(|number| drop(bench.add(&format!("app-{number}"), SECRET)));
    let denied = Rule::on("dashboard", Behaviour::Deny { status: 403 });
    bench.emulator.misbehave(denied).unwrap();
    assert_eq!(bench.clients().await.unwrap().len(), 3);
}

/// The published address of the token endpoint is known from the configuration.
#[test]
fn addresses() {
    use super::super::super::connect::{endpoints, fingerprint};
    let spec = spec("https://access.example.com/");
    let token = endpoints(&spec, crate::model::Endpoints::default()).token_uri;
    assert_eq!(
        token.as_deref(),
        Some("https://access.example.com/api/oauth/token")
    );
    assert_eq!(
        fingerprint(&spec.provider),
        "cocoon https://access.example.com:443"
    );
}
