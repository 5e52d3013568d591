//! Everything that can go wrong on the way, at each call.

use authserver_emulator::composer;

use super::bench::misbehaviour as wrong;
use super::bench::{Truth, answered, shown, verdict, word};
use super::*;
use crate::model::Credential;

/// The calls of the port, and the operation at the server that each is about.
const CALLS: [(&str, &str); 7] = [
    ("check", "list"),
    ("client", "get"),
    ("clients", "list"),
    ("register", "register"),
    ("update", "update"),
    ("delete", "delete"),
    ("verify", "pull"),
];

async fn call(bench: &Bench, call: &str, within: Duration) -> String {
    let app = Truth::target(&bench.emulator, "app");
    let request = match call {
        "check" => return word(bench.check().await.map(|()| "ok")),
        "client" => return word(bench.client(&app.handle.0).await.map(shown)),
        "clients" => return word(bench.clients().await.map(|_| "ok")),
        "verify" => {
            let there = bench.emulator.clients_named("app").remove(0);
            let credential = Credential {
                client_id: there.client_id,
                client_secret: Some(Confidential::new(there.client_secret)),
            };
            let verified = bench.adapter.verify(&(&credential).into()).await;
            return word(verified.map(|verified| verdict(&verified)));
        }
        "register" => register("new"),
        "update" => update(app, 250),
        "delete" => Request::Delete { target: app },
        other => panic!("{other}"),
    };
    word(bench.change(&request, within).await.map(answered))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_at_each_call() {
    insta::assert_snapshot!(wrong::each_at_each(&CALLS, false, call).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_everywhere() {
    insta::assert_snapshot!(wrong::each_at_each(&CALLS, true, call).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_look_goes_wrong() {
    let unproven = |fault: &Fault| *fault != Fault::NotFound;
    wrong::the_second_look_goes_wrong::<composer::Composer>("get", unproven).await;
}

#[tokio::test]
async fn a_deletion_that_was_done_although_it_failed() {
    wrong::a_deletion_that_was_done_although_it_failed::<composer::Composer>().await;
}

/// The secret is lost with the answer; what was made is found by its name, so that it can be removed.
#[tokio::test]
async fn what_was_lost_is_found_again() {
    let works = async |bench: &Bench, found: RemoteClient| {
        assert_eq!(found.credential.client_secret, None);
        let delete = Request::Delete {
            target: found.handle.into(),
        };
        bench.change(&delete, WITHIN).await == Ok(Answer::Done)
            && bench.emulator.clients_named("new").is_empty()
    };
    wrong::what_was_lost_is_found_again(&candidate("new", None), works).await;
}
