//! The busiest minute of any one client: who goes in circles is seen here.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use oauth_client_operator::model::{ClientKey, Subject as Named, Uid};

use crate::load::{self, Subject};
use crate::stage::world::NAMESPACE;
use crate::stage::{Scene, World};

const MINUTE: Duration = Duration::from_secs(60);
/// So many objects are shown of each measure.
const SHOWN: usize = 3;

/// Something that the operator did about an object.
struct Act {
    object: String,
    at: Duration,
    what: String,
}

/// One object's busiest minute.
struct Busiest {
    object: String,
    from: Duration,
    times: usize,
    acts: BTreeMap<String, usize>,
}

/// How much of one object in a minute is no loop yet: each act of the load on it, and each of the weather, is a reason.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    pub at_rest: usize,
    pub for_each_reason: usize,
}

/// What is measured, by object.
pub struct Report {
    /// Looks, writes at the API server, calls at the server: the busiest objects of each, the busiest first.
    measures: Vec<(&'static str, Vec<Busiest>)>,
    /// What happened to the objects, and to all.
    notes: Vec<(Option<String>, Duration, String)>,
    unknown: usize,
}

impl Report {
    /// Of everything since `began`.
    pub async fn since(
        began: Instant,
        scene: &Scene,
        subjects: &[Subject<'_>],
        weather: &[(Instant, String)],
    ) -> Self {
        let after = |at: Instant| at.saturating_duration_since(began);
        let entries = entry_names(scene.world, subjects).await;
        let keys: Vec<String> = subjects.iter().map(Subject::key).collect();
        let (mut looks, mut writes, mut unknown) = (Vec::new(), Vec::new(), 0);
        for passed in scene.world.proxy.passed_since(began) {
            // A name of an Event that is patched begins with that of what it is about.
            let name = passed.name.split('.').next().unwrap_or_default();
            let object = if passed.namespace == NAMESPACE {
                entries.get(&passed.name).cloned().unwrap_or_default()
            } else {
                format!("{}/{name}", passed.namespace)
            };
            let about = if passed.namespace == NAMESPACE {
                " (ledger)"
            } else {
                ""
            };
            let act = |what: String| Act {
                object: object.clone(),
                at: after(passed.at),
                what,
            };
            if passed.verb == "get" && passed.resource == "oauthclients" && keys.contains(&object) {
                looks.push(act("look".to_owned()));
            } else if passed.writes() && keys.contains(&object) {
                writes.push(act(format!("{} {}{about}", passed.verb, passed.resource)));
            } else if passed.writes() && passed.resource == "secrets" {
                unknown += 1;
            }
        }
        let calls = scene.emulator.requests();
        let now = (jiff::Timestamp::now(), Instant::now());
        let calls = calls
            .iter()
            .filter(|entry| entry.client.is_some() && entry.operation != "token");
        let calls = calls.map(|entry| {
            let ago = Duration::try_from(now.0.duration_since(entry.at)).unwrap_or_default();
            Act {
                object: load::subject_of(entry),
                at: after(now.1.checked_sub(ago).unwrap_or(began)),
                what: format!("{} {}", entry.operation, entry.status.unwrap_or_default()),
            }
        });
        let mut notes = Vec::new();
        for subject in subjects {
            let of = subject.notes.iter();
            notes.extend(of.map(|(at, note)| (Some(subject.key()), after(*at), (*note).to_owned())));
        }
        notes.extend(weather.iter().map(|(at, note)| (None, after(*at), note.clone())));
        Self {
            measures: vec![
                ("looks (reads of the OAuthClient)", busiest(looks)),
                ("writes at the API server", busiest(writes)),
                ("calls at the authorization server", busiest(calls.collect())),
            ],
            notes,
            unknown,
        }
    }

    /// Who was busier than `bounds`, one for each measure, allow.
    pub fn beyond(&self, bounds: [Bound; 3]) -> Vec<String> {
        let mut beyond = Vec::new();
        for ((measure, found), bound) in self.measures.iter().zip(bounds) {
            assert!(!found.is_empty(), "nothing was seen: {measure}");
            for busiest in found {
                let reasons: usize = self.meanwhile(busiest).values().sum();
                let allowed = bound.at_rest + bound.for_each_reason * reasons;
                if busiest.times > allowed {
                    let (times, object) = (busiest.times, &busiest.object);
                    beyond.push(format!("{measure}: {times} of {object}, more than {allowed}"));
                }
            }
        }
        beyond
    }

    /// What happened to an object, and to all, in its busiest minute.
    fn meanwhile(&self, busiest: &Busiest) -> BTreeMap<String, usize> {
        let mut meanwhile = BTreeMap::new();
        for (object, at, note) in &self.notes {
            let concerns = object.as_ref().is_none_or(|object| *object == busiest.object);
            if concerns && (busiest.from..busiest.from + MINUTE).contains(at) {
                *meanwhile.entry(note.clone()).or_default() += 1;
            }
        }
        meanwhile
    }

    /// Writes of ledger entries whose client is not known.
    pub fn unknown(&self) -> usize {
        self.unknown
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the busiest minute of any one client:")?;
        for (measure, found) in &self.measures {
            writeln!(f, "  {measure}:")?;
            for busiest in found.iter().take(SHOWN) {
                writeln!(
                    f,
                    "    {:>4} of {} from {:.0} s on: {}",
                    busiest.times,
                    busiest.object,
                    busiest.from.as_secs_f64(),
                    list(&busiest.acts)
                )?;
                writeln!(f, "         meanwhile: {}", list(&self.meanwhile(busiest)))?;
            }
        }
        Ok(())
    }
}

fn list(counts: &BTreeMap<String, usize>) -> String {
    let counts = counts.iter().map(|(what, times)| format!("{what} ×{times}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// The busiest minute of each object, wherever it begins; the busiest objects first.
fn busiest(acts: Vec<Act>) -> Vec<Busiest> {
    let mut by_object: BTreeMap<String, Vec<Act>> = BTreeMap::new();
    for act in acts {
        by_object.entry(act.object.clone()).or_default().push(act);
    }
    let mut found: Vec<Busiest> = by_object
        .into_iter()
        .map(|(object, mut acts)| {
            acts.sort_by_key(|act| act.at);
            let (mut first, mut best) = (0, 0..0);
            for last in 0..acts.len() {
                while acts[last].at >= acts[first].at + MINUTE {
                    first += 1;
                }
                if last + 1 - first > best.len() {
                    best = first..last + 1;
                }
            }
            let from = acts[best.start].at;
            let mut counts = BTreeMap::new();
            for act in &acts[best.clone()] {
                *counts.entry(act.what.clone()).or_default() += 1;
            }
            Busiest {
                object,
                from,
                times: best.len(),
                acts: counts,
            }
        })
        .collect();
    found.sort_by_key(|busiest| std::cmp::Reverse(busiest.times));
    found
}

/// The clients that entries of the ledger belong to, by the entries' names.
async fn entry_names(world: &World, subjects: &[Subject<'_>]) -> HashMap<String, String> {
    let namespaces: Api<Namespace> = Api::all(world.kube.clone());
    let namespaces = namespaces.list(&ListParams::default()).await.unwrap();
    let uids: HashMap<String, Uid> = namespaces
        .into_iter()
        .map(|namespace| (namespace.name_any(), Uid(namespace.uid().unwrap_or_default())))
        .collect();
    subjects
        .iter()
        .map(|subject| {
            let named = Named {
                client: ClientKey {
                    namespace: subject.app.namespace.clone(),
                    name: subject.app.name.clone(),
                },
                namespace_uid: uids[&subject.app.namespace].clone(),
            };
            (named.entry_name(), subject.key())
        })
        .collect()
}
