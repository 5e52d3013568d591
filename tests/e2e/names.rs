//! Names that are hard to carry: the API server refuses them with a reason, or everything works.

use authserver_emulator::misbehave::Behaviour;
use serde_json::json;

use crate::stage::until::holds;
use crate::stage::{Scene, Test, World};

/// The longest that the schema takes.
const LONGEST: usize = 200;

pub fn all() -> Vec<Test> {
    let works = [
        ("a_space", "Some App".to_owned()),
        ("slashes", "team/billing/eu".to_owned()),
        ("dot_segments", "../../clients/x".to_owned()),
        ("dots_at_the_end", "x/..".to_owned()),
        ("percent_signs", "100%25%2F%".to_owned()),
        ("delimiters_of_a_url", "a?b=c&d#e;f".to_owned()),
        ("a_plus", "a+b".to_owned()),
        ("quotes_and_backslashes", r#"say "x" \n 'y'"#.to_owned()),
        ("other_scripts", "Ünïcödé 名前 שם".to_owned()),
        ("200_characters", "n".repeat(LONGEST)),
        ("200_characters_of_two_bytes", "ö".repeat(LONGEST)),
    ];
    let refused = [
        ("300_characters", "n".repeat(300), "Too long"),
        (
            "a_control_character",
            "a\u{7}b".to_owned(),
            "remove control characters",
        ),
        ("a_line_break", "a\nb".to_owned(), "remove control characters"),
        (
            "a_right_to_left_mark",
            "a\u{202e}b".to_owned(),
            "bidirectional marks",
        ),
        ("an_invisible_character", "a\u{200b}b".to_owned(), "invisible"),
        ("only_dots", "..".to_owned(), "must hold a letter or a digit"),
        (
            "space_around",
            " a ".to_owned(),
            "without leading or trailing space",
        ),
    ];
    let works = works.into_iter().map(|(test, name)| {
        Test::new(&format!("names::{test}"), move |world| {
            works_all_the_way(world, test, name)
        })
    });
    let refused = refused.into_iter().map(|(test, name, why)| {
        Test::new(&format!("names::{test}"), move |world| {
            is_refused(world, test, name, why)
        })
    });
    let mut tests: Vec<Test> = works.chain(refused).collect();
    tests.push(Test::new(
        "names::the_longest_object_name",
        the_longest_object_name,
    ));
    tests
}

/// Every call with the name in its path: looked up, changed, rotated, removed.
async fn works_all_the_way(world: &'static World, test: &str, name: String) {
    let scene = Scene::start(world, &format!("name-{}", test.replace('_', "-"))).await;
    // A client that a careless path would hit.
    let bystander = scene.emulator.add_client("x", "read");
    // The answer to the registration is lost, so the client is looked up by its name.
    scene.misbehave_times(1, "register", Behaviour::LoseAnswer);
    let similar: String = format!("2{name}").chars().take(LONGEST).collect();
    let looked_up = scene.app("looked-up").await.called(&similar);
    looked_up.apply(json!({"clientName": similar})).await;
    looked_up.wait_sound("read").await;
    assert_eq!(scene.calls("get"), 1, "{}", scene.journal());

    let app = scene
        .app("named")
        .await
        .called(&name)
        .ready(json!({"clientName": name}))
        .await;
    let first = app.assert_sound("read").await;
    app.apply(json!({"clientName": name, "scopes": ["write"]})).await;
    assert_eq!(app.wait_sound("write").await, first);
    app.rotate("one").await;
    app.until("it is rotated", async || {
        let now = app.sound("write").await?;
        holds(now != first, "it is not")
    })
    .await;
    app.delete().await;
    app.wait_nothing_left().await;
    assert_eq!(scene.emulator.clients()[0], bystander);
    assert_eq!(scene.emulator.clients().len(), 2, "{}", scene.journal());
    assert_eq!(scene.calls("other"), 0, "{}", scene.journal());
}

async fn is_refused(world: &'static World, test: &str, name: String, why: &str) {
    let scene = Scene::bare(world, &format!("name-{}", test.replace('_', "-"))).await;
    let app = scene.app("named").await;
    let refusal = app
        .try_apply(json!({"clientName": name}))
        .await
        .unwrap_err()
        .to_string();
    assert!(refusal.contains(why), "{refusal}");
    assert!(refusal.contains("spec.clientName"), "{refusal}");
}

async fn the_longest_object_name(world: &'static World) {
    let scene = Scene::start(world, "name-object").await;
    let app = scene.app(&"n".repeat(253)).await;
    app.apply(json!({})).await;
    let first = app.wait_sound("read").await;
    app.rotate("one").await;
    app.until("it is rotated", async || {
        let now = app.sound("read").await?;
        holds(now != first, "it is not")
    })
    .await;
    app.delete().await;
    app.wait_nothing_left().await;
}
