//! Writes docs/situations.md: what `kubectl` shows in five situations, from a real run.
//!
//! `testcluster/run cargo test --test situations`

#![expect(clippy::unwrap_used, clippy::panic, reason = "a run that cannot go on fails")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test run is told on the terminal"
)]

#[path = "../stage/mod.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::process::ExitCode;

use authserver_emulator::misbehave::Behaviour;
use serde_json::json;
use stage::scene::SCENE_LABEL;
use stage::until::holds;
use stage::world::program;
use stage::{App, Scene, World};
use support::namespace_named;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/situations.md");
const NAMESPACE: &str = "payments";

fn main() -> ExitCode {
    stage::runner::run("situations", stage::Way::Direct, tests![five_situations])
}

/// The page as it grows.
struct Page {
    world: &'static World,
    text: String,
}

impl Page {
    fn say(&mut self, text: &str) {
        writeln!(self.text, "{text}\n").unwrap();
    }

    /// Runs a command as a person would, and shows what it says.
    fn show(&mut self, arguments: &str) {
        let output = program("kubectl").args(arguments.split(' ')).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        self.world.witness.see("docs/situations.md", &said);
        let lines: Vec<&str> = said.lines().map(str::trim_end).collect();
        let said = lines.join("\n");
        writeln!(
            self.text,
            "```console\n$ kubectl {arguments}\n{}\n```\n",
            said.trim_end()
        )
        .unwrap();
    }
}

async fn five_situations(world: &'static World) {
    let mut page = Page {
        world,
        text: String::new(),
    };
    page.say("# Five situations, and what `kubectl` shows in them");
    page.say(
        "From a real run against an emulated server, written by `testcluster/run cargo test --test situations`. Times, \
         ports, ids and hashes are those of that run.",
    );
    let scene = Scene::called(world, "corp").await;
    scene.put_credential(scene.credential()).await;
    let rules = json!({"clientDefaults": {"namePrefix": "eu1."}});
    scene.apply_server(rules).await;
    scene.wait_server("Ready", "True Ready").await;
    namespace_named(&world.kube, NAMESPACE, json!({SCENE_LABEL: scene.id})).await;
    let app = |name: &str| App::new(&scene, NAMESPACE, name);

    let billing = app("billing").called("eu1.payments.billing");
    just_created(&mut page, &billing).await;
    denied(&mut page, &app("orders")).await;
    scope_not_allowed(&mut page, &billing).await;
    overlap(&mut page, &app("reports")).await;
    deleted_while_down(&mut page, &billing).await;
    std::fs::write(PAGE, page.text.trim_end().to_owned() + "\n").unwrap();
}

async fn just_created(page: &mut Page, app: &App<'_>) {
    page.say("## Just created");
    page.say(
        "Until the operator has looked, nobody takes the object for healthy; there is no write for that.",
    );
    assert!(page.world.operator.stop().await.success());
    app.apply(json!({})).await;
    page.show("get oauthclient billing --namespace payments");
    page.say("Then the Secret is there. One write of the status says so, with nothing in between.");
    page.world.operator.start_and_wait().await;
    app.wait_sound("read").await;
    app.wait_event("CredentialVerified").await;
    page.show("get oauthclient billing --namespace payments");
    page.show("get oauthclient billing --namespace payments --output wide");
    page.show("describe oauthclient billing --namespace payments");
}

async fn denied(page: &mut Page, app: &App<'_>) {
    page.say("## The server answers 403");
    page.say(
        "The operator's credential lacks a right. It is the platform team's move, and both objects say so.",
    );
    app.scene.misbehave("any", Behaviour::Deny { status: 403 });
    app.apply(json!({})).await;
    app.wait_condition("Stalled", "True ServerDenied").await;
    app.scene.wait_server("Ready", "False ServerDenied").await;
    app.wait_event("ServerDenied").await;
    page.show("get oauthclient orders --namespace payments");
    page.show("describe oauthclient orders --namespace payments");
    page.show("get clusterauthorizationserver corp");
    page.show("describe clusterauthorizationserver corp");
    app.scene.emulator.behave();
    // Touched, the credential is tried at once and not after the pause.
    app.scene.put_credential(app.scene.credential_again()).await;
    app.wait_ready().await;
}

async fn scope_not_allowed(page: &mut Page, app: &App<'_>) {
    page.say("## A scope that is not allowed");
    page.say("The client that is registered, and its Secret, stay as they are.");
    app.apply(json!({"scopes": ["read", "admin"]})).await;
    app.wait_condition("Ready", "False NotAllowedByPolicy").await;
    app.wait_event("NotAllowedByPolicy").await;
    page.show("get oauthclient billing --namespace payments");
    page.show("describe oauthclient billing --namespace payments");
    app.apply(json!({})).await;
    app.wait_ready().await;
}

async fn overlap(page: &mut Page, app: &App<'_>) {
    page.say("## During an overlap");
    page.say("Two credentials work: the one in the Secret, and the one before it.");
    app.apply(json!({"rotation": {"overlapSeconds": 86_400}})).await;
    app.wait_ready().await;
    page.show("annotate oauthclient reports --namespace payments oauthclient.dev/rotate=2026-11-22");
    app.wait_condition("Rotating", "True Overlap").await;
    app.wait_event("RotationStarted").await;
    page.show("get oauthclient reports --namespace payments");
    page.show("describe oauthclient reports --namespace payments");
}

async fn deleted_while_down(page: &mut Page, app: &App<'_>) {
    page.say("## Deleted while the server is down");
    page.say(
        "The object is gone at once and nothing hangs; what is left to do is told on the server object.",
    );
    app.scene.misbehave("any", Behaviour::Down);
    page.show("delete oauthclient billing --namespace payments");
    page.show("get oauthclient billing --namespace payments");
    app.wait_event("CleanupPending").await;
    app.scene.wait_server("Ready", "False Unreachable").await;
    app.until("the server object tells what is left to do", async || {
        let server = app.scene.servers().get(&app.scene.id).await.unwrap();
        let counts = server.status.and_then(|status| status.clients);
        let pending = counts.as_ref().map_or(0, |counts| counts.pending_deletion);
        holds(pending > 0, format!("{counts:?}"))
    })
    .await;
    page.show("get clusterauthorizationserver corp");
    page.show("describe clusterauthorizationserver corp");
    page.show("events --namespace payments --for oauthclient/billing");
    app.scene.emulator.behave();
    app.wait_event("CleanupDone").await;
    page.say("And when the server is back:");
    page.show("events --namespace payments --for oauthclient/billing");
}
