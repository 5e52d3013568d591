//! Everything that can go wrong on the way, at each call.

use authserver_emulator::cocoon;

use super::bench::misbehaviour as wrong;
use super::bench::{Truth, answered, shown, word};
use super::*;

/// The calls of the port, and the operation at the server that each is about.
const CALLS: [(&str, &str); 9] = [
    ("check", "list"),
    ("login", "token"),
    ("client", "get"),
    ("clients", "list"),
    ("register", "register"),
    ("update", "update"),
    ("rotate", "update"),
    ("disable", "enable"),
    ("delete", "delete"),
];

async fn call(bench: &Bench, call: &str, within: Duration) -> String {
    let app = Truth::target(&bench.emulator, "app");
    let request = match call {
        "check" | "login" => return word(bench.check().await.map(|()| "ok")),
        "client" => return word(bench.client(&app.handle.0).await.map(shown)),
        "clients" => return word(bench.clients().await.map(|_| "ok")),
        "register" => register("new"),
        "update" => update(app, wanted(900)),
        "rotate" => rotate(app, "app", "canary-of-a-new-secret"),
        "disable" => Request::Disable { target: app },
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
    wrong::the_second_look_goes_wrong::<cocoon::Cocoon>("get", unproven).await;
}

#[tokio::test]
async fn a_deletion_that_was_done_although_it_failed() {
    wrong::a_deletion_that_was_done_although_it_failed::<cocoon::Cocoon>().await;
}

#[tokio::test]
async fn what_was_lost_is_found_again() {
    let works = async |bench: &Bench, found: RemoteClient| {
        bench.emulator.verify_pair(&found.credential.client_id, SECRET)
    };
    wrong::what_was_lost_is_found_again(&candidate("new", wanted(600)), works).await;
}
