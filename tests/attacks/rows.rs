//! Each row of the table, made.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use authserver_emulator::misbehave::Rule;
use futures::future::join_all;
use kube::api::{
    DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, ValidationDirective,
};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use crate::actors::resource;
use crate::ground::Ground;
use crate::stage::scene::MANAGER;
use crate::stage::until::{LATER, holds, until};
use crate::stage::{Test, World};
use crate::support::merge;
use crate::table::{Act, Actor, Attack, Control, Group, Sees, Verb, Words, filled, filled_in, groups};

/// Rows that are marked as known, and did succeed.
pub static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What is said when something has come that should not.
const IS_THERE: &str = "is there, and should not be";

/// What a server says for which there is no adapter: nothing is read for it, and nothing sent.
const NO_ADAPTER: &str = "Ready False ProviderNotAvailable";

/// A test of each row; one for all rows of a group that happen at once.
pub fn all() -> Vec<Test> {
    let mut tests = Vec::new();
    for group in groups() {
        if group.together {
            let name = format!("{}::all_{}", group.name, group.attacks.len());
            tests.push(Test::new(&name, move |world| {
                let attacks = group.attacks.clone();
                make(world, group.name.clone(), group, attacks)
            }));
            continue;
        }
        for attack in group.attacks.clone() {
            let (group, name) = (group.clone(), format!("{}::{}", group.name, attack.id));
            tests.push(Test::new(&name, move |world| make_one(world, group, attack)));
        }
    }
    tests
}

async fn make_one(world: &'static World, group: Group, attack: Attack) {
    let name = format!("{}-{}", group.name, attack.id.to_lowercase());
    let (id, known) = (attack.id.clone(), attack.known.clone());
    let made = make(world, name, group, vec![attack]);
    let Some(known) = known else { return made.await };
    let Err(failed) = tokio::task::spawn_local(made).await else {
        panic!("{id} is refused by now: take `known` out of its row");
    };
    let failed = failed.into_panic();
    let why = failed.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(
        why.contains(IS_THERE),
        "{id} fails for another reason than the known one: {why}"
    );
    KNOWN
        .lock()
        .unwrap()
        .push(format!("{id} is known to succeed: {}", known.trim_end()));
}

async fn make(world: &'static World, name: String, group: Group, attacks: Vec<Attack>) {
    let scene = [("scene".to_owned(), format!("{name}-{}", world.run))].into();
    let mut server = json!({});
    if !group.server.is_null() {
        merge(&mut server, &filled_in(&group.server, &scene, &BTreeMap::new()));
    }
    for attack in attacks.iter().filter(|attack| !attack.server.is_null()) {
        assert!(!group.together, "{}: the server is that of others too", attack.id);
        merge(&mut server, &attack.server);
    }
    let ground = Ground::prepare(world, &name, server, &group.clients).await;
    for act in group
        .given
        .iter()
        .chain(attacks.iter().flat_map(|attack| &attack.given))
    {
        let by = act.by.unwrap_or(Actor::Platform);
        done(&ground, act, by, &Form::none()).await;
    }
    let before = ground.before().await;
    let words = ground.words.lock().await.clone();
    for misbehaviour in attacks.iter().filter_map(|attack| attack.misbehaves.as_ref()) {
        let rule = filled_in(misbehaviour, &words, &BTreeMap::new());
        ground
            .scene
            .emulator
            .misbehave(Rule::from_json(&rule).unwrap())
            .unwrap();
    }
    let forms = attacks.iter().flat_map(|attack| {
        let forms = attack.forms(&group).into_iter().enumerate();
        forms.map(move |(index, form)| (attack, Form::of(attack, index, form)))
    });
    let forms: Vec<(&Attack, Form)> = forms.collect();
    join_all(
        forms
            .iter()
            .map(|(attack, form)| attempt(&ground, &group, attack, form)),
    )
    .await;
    ground.scene.emulator.behave();
    if attacks.iter().any(|attack| attack.sees.gone.is_some()) {
        ground.own_clients_gone(&before).await;
    }
    ground
        .nothing_since(&before, attacks.iter().all(|attack| attack.own_clients))
        .await;
    for attack in &attacks {
        if let Some(hidden) = &attack.hidden {
            assert_eq!(world.witness.shows(hidden), Vec::<String>::new(), "{}", attack.id);
        }
    }
    let own: Vec<&Control> = attacks
        .iter()
        .filter_map(|attack| attack.control.as_ref())
        .collect();
    for control in &own {
        works(&ground, control).await;
    }
    if own.is_empty() || group.together {
        works(&ground, &group.control).await;
    }
}

/// One form of a row: what its words stand for.
struct Form {
    words: Words,
    reference: Value,
    variant: Option<String>,
}

impl Form {
    fn none() -> Self {
        Self {
            words: Words::new(),
            reference: Value::Null,
            variant: None,
        }
    }

    fn of(attack: &Attack, index: usize, (each, that): (String, String)) -> Self {
        let variant = attack.reference.is_some().then(|| each.clone());
        let n = format!("{}-{index}", attack.id.to_lowercase());
        let words = [("each", each), ("that", that), ("n", n)];
        Self {
            words: words.map(|(word, text)| (word.to_owned(), text)).into(),
            reference: attack.reference.clone().unwrap_or(Value::Null),
            variant,
        }
    }

    async fn words(&self, ground: &Ground) -> Words {
        // Words of words, such as the port in an address.
        let known = ground.words.lock().await.clone();
        let own = self
            .words
            .iter()
            .map(|(word, text)| (word.clone(), filled(text, &known)));
        known.clone().into_iter().chain(own).collect()
    }
}

async fn attempt(ground: &Ground, group: &Group, attack: &Attack, form: &Form) {
    let variant = form.variant.as_ref().map(|name| group.variants[name].clone());
    let last = attack.does.len() - 1;
    for (index, act) in attack.does.iter().enumerate() {
        let by = act.by.unwrap_or(attack.by);
        let answer = carried_out(ground, act, by, form, variant.as_ref()).await;
        match (&attack.sees.refused, answer) {
            (Some(refused), answer) if index == last => {
                let expected = filled(refused, &form.words(ground).await);
                let answer = answer.err().unwrap_or_else(|| "it was accepted".to_owned());
                assert!(
                    answer.contains(&expected),
                    "{} {:?}: expected: {expected}\n  answer: {answer}",
                    attack.id,
                    form.words.get("each")
                );
            }
            (_, answer) => {
                answer.unwrap_or_else(|why| {
                    panic!("{} {:?}, act {index}: {why}", attack.id, form.words.get("each"))
                });
                wait_for(ground, act, by, form).await;
            }
        }
    }
    let place = ground.place(attack.by).await;
    seen(
        ground,
        &attack.id,
        &attack.sees,
        &place,
        &form.words(ground).await,
    )
    .await;
}

async fn works(ground: &Ground, control: &Control) {
    let mut by = Actor::Victim;
    for act in &control.does {
        by = act.by.unwrap_or(by);
        done(ground, act, by, &Form::none()).await;
    }
    let place = ground.place(by).await;
    let words = ground.words.lock().await.clone();
    seen(ground, &control.what, &control.sees, &place, &words).await;
}

async fn done(ground: &Ground, act: &Act, by: Actor, form: &Form) {
    let answer = carried_out(ground, act, by, form, None).await;
    answer.unwrap_or_else(|why| panic!("{}: {why}", act.object));
    wait_for(ground, act, by, form).await;
}

async fn wait_for(ground: &Ground, act: &Act, by: Actor, form: &Form) {
    let Some(reads) = &act.until else { return };
    let object = filled_in(&act.object, &form.words(ground).await, &BTreeMap::new());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let sees = Sees {
        refused: None,
        on: Some(format!(
            "{}/{}",
            text(&object["kind"]),
            text(&object["metadata"]["name"])
        )),
        reads: reads.clone(),
        or_no_adapter: false,
        says: String::new(),
        gone: None,
        absent: None,
        so: String::new(),
    };
    seen(
        ground,
        "on the way",
        &sees,
        &ground.place(by).await,
        &Words::new(),
    )
    .await;
}

/// What the API server answers.
async fn carried_out(
    ground: &Ground,
    act: &Act,
    by: Actor,
    form: &Form,
    variant: Option<&Value>,
) -> Result<(), String> {
    let mut values = BTreeMap::from([("REF", form.reference.clone())]);
    values.extend(variant.map(|variant| ("VARIANT", variant.clone())));
    let mut object = filled_in(&act.object, &form.words(ground).await, &values);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
    let (resource, namespaced) = resource(&kind);
    object["apiVersion"] = json!(resource.api_version);
    let client = ground.acting(by).await;
    let named = text(&object["metadata"]["namespace"]);
    let namespace = if named.is_empty() {
        ground.place(by).await
    } else {
        named
    };
    let objects: Api<DynamicObject> = if namespaced {
        Api::namespaced_with(client, &namespace, &resource)
    } else {
        Api::all_with(client, &resource)
    };
    let validation = if act.strict {
        ValidationDirective::Strict
    } else {
        ValidationDirective::Ignore
    };
    let subresource = (!act.subresource.is_empty()).then_some(act.subresource.as_str());
    let answer = match act.verb {
        Verb::Apply => {
            let mut parameters = PatchParams::apply(MANAGER).force();
            parameters.field_validation = Some(validation);
            objects
                .patch(&name, &parameters, &Patch::Apply(&object))
                .await
                .map(Some)
        }
        Verb::Create => {
            let object = serde_json::from_value(object).unwrap();
            objects.create(&PostParams::default(), &object).await.map(Some)
        }
        Verb::Merge => {
            let parameters = PatchParams {
                field_validation: Some(validation),
                ..PatchParams::default()
            };
            let patch = Patch::Merge(&object);
            match subresource {
                Some(subresource) => {
                    objects
                        .patch_subresource(subresource, &name, &parameters, &patch)
                        .await
                }
                None => objects.patch(&name, &parameters, &patch).await,
            }
            .map(Some)
        }
        Verb::Get => objects.get(&name).await.map(Some),
        Verb::List => objects.list(&ListParams::default()).await.map(|_| None),
        Verb::Delete => objects
            .delete(&name, &DeleteParams::default())
            .await
            .map(|_| None),
        Verb::Copy => {
            let from = text(&object["data"]["from"]);
            let mut copy = objects.get(&from).await.map_err(|error| error.to_string())?;
            let metadata = std::mem::take(&mut copy.metadata);
            copy.metadata.name = Some(name.clone());
            copy.metadata.labels = metadata.labels;
            copy.metadata.annotations = metadata.annotations;
            objects.create(&PostParams::default(), &copy).await.map(Some)
        }
    };
    match answer {
        Ok(object) => {
            if let Some(uid) = object.and_then(|object| object.uid()) {
                ground.words.lock().await.insert(format!("uid:{name}"), uid);
            }
            Ok(())
        }
        Err(kube::Error::Api(status)) => Err(status.message),
        Err(error) => Err(error.to_string()),
    }
}

/// Waits for what shall be seen, with an administrator's eyes.
async fn seen(ground: &Ground, who: &str, sees: &Sees, place: &str, words: &Words) {
    let evidence = async || format!("{}\n{}", ground.scene.journal(), ground.scene.log());
    let api = |what: &str| {
        let mut parts: Vec<&str> = what.split('/').collect();
        let name = parts.pop().unwrap_or_default().to_owned();
        let (resource, namespaced) = resource(parts[0]);
        let namespace = parts.get(1).copied().unwrap_or(place);
        let kube = ground.scene.world.kube.clone();
        let objects: Api<DynamicObject> = if namespaced {
            Api::namespaced_with(kube, namespace, &resource)
        } else {
            Api::all_with(kube, &resource)
        };
        (objects, name)
    };
    if let Some(gone) = &sees.gone {
        let (objects, name) = api(&filled(gone, words));
        until(LATER, &format!("{who}: {gone} is gone"), evidence, async || {
            let found = objects.get_opt(&name).await.map_err(|error| error.to_string())?;
            holds(found.is_none(), "it is there")
        })
        .await;
    }
    if let Some(on) = &sees.on {
        let (objects, name) = api(&filled(on, words));
        let says = filled(&sees.says, words);
        let what = format!("{who}: {on} is {}, and says: {says}", sees.reads);
        until(LATER, &what, evidence, async || {
            let found = objects.get(&name).await.map_err(|error| error.to_string())?;
            let told = match condition(&found, &sees.reads) {
                Err(_) if sees.or_no_adapter && condition(&found, NO_ADAPTER).is_ok() => return Ok(()),
                told => told?,
            };
            holds(told.contains(&says), format!("it says: {told}"))
        })
        .await;
    }
    if let Some(absent) = &sees.absent {
        let (objects, name) = api(&filled(absent, words));
        assert!(is_absent(&objects, &name).await, "{who}: {absent} {IS_THERE}");
    }
}

async fn is_absent(objects: &Api<DynamicObject>, name: &str) -> bool {
    // Long enough for it to come.
    tokio::time::sleep(Duration::from_secs(2)).await;
    objects.get_opt(name).await.unwrap().is_none()
}

/// The message of the condition that `reads` is about, if it reads so of the object as it is.
fn condition(object: &DynamicObject, reads: &str) -> Result<String, String> {
    let type_ = reads.split(' ').next().unwrap_or_default();
    let conditions = object.data["status"]["conditions"].as_array();
    let found = conditions
        .into_iter()
        .flatten()
        .find(|found| found["type"] == type_);
    let found = found.ok_or_else(|| format!("there is no condition {type_}"))?;
    let text = |field: &str| found[field].as_str().unwrap_or_default();
    let generation = json!(object.metadata.generation);
    holds(
        found["observedGeneration"] == generation,
        "it speaks of another generation",
    )?;
    let found = format!("{type_} {} {}", text("status"), text("reason"));
    holds(found == reads, format!("{found}: {}", text("message")))?;
    Ok(text("message").to_owned())
}
