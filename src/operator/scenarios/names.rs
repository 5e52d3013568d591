//! Names that are chosen: one holder at a time, and another name is another client.

use jiff::SignedDuration;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::bench::Bench;
use crate::api::{ClientCondition, Naming};
use crate::cluster::Cluster as _;
use crate::model::{ClientKey, Decision, Subject, testing};
use crate::operator::pass::{Running, run};
use crate::provider::memory::Fate;

/// A bench whose server lets names stand as they are, with one client of the name `shared` in each of two namespaces.
struct Two {
    bench: Bench,
    subjects: [Subject; 2],
    rngs: [StdRng; 2],
}

const NAME: &str = "shared";

impl Two {
    fn new() -> Self {
        let bench = Bench::new();
        let rule = serde_json::from_value(serde_json::json!({
            "name": "all", "namespaces": {"from": "All"}, "scopes": ["*"], "naming": Naming::Exact,
        }))
        .unwrap();
        bench.edit_server(|server| server.access_rules = Some(vec![rule]));
        bench.cluster.create_namespace("tenant", &[]);
        let other = bench.cluster.subject("tenant", "audit");
        let subjects = [bench.subject.clone(), other];
        for subject in &subjects {
            bench.cluster.create_client(&subject.client, named(NAME));
        }
        let rngs = [7, 8].map(StdRng::seed_from_u64);
        Self {
            bench,
            subjects,
            rngs,
        }
    }

    async fn pass(&mut self, who: usize) {
        run(&self.bench, &self.subjects[who], &mut self.rngs[who])
            .await
            .unwrap();
    }

    fn reason(&self, who: usize) -> String {
        let world = self.bench.cluster.world();
        world.clients[&self.subjects[who].client]
            .status
            .conditions
            .get(&ClientCondition::Registered)
            .map(|found| format!("{} {}", found.status, found.reason))
            .unwrap_or_default()
    }

    /// Both passes, step by step, in the order of `turns`; what is left of each is done at the end.
    async fn together(&mut self, turns: &[usize]) {
        let mut running = Vec::new();
        for subject in &self.subjects {
            running.push(Running::begin(&self.bench, subject).await.unwrap());
        }
        let to_the_end = [0, 1].into_iter().flat_map(|who| [who; 40]);
        for who in turns.iter().copied().chain(to_the_end) {
            let Some(mut pass) = running[who].take() else {
                continue;
            };
            if let Decision::Do(step) = pass.decide(&mut self.rngs[who]) {
                running[who] = pass.take(&step).await.ok();
                assert!(running[who].is_some());
            }
        }
    }

    async fn assert_one_holder(&mut self, turns: &[usize]) {
        for _ in 0..3 {
            self.pass(0).await;
            self.pass(1).await;
            self.bench.wait(5);
        }
        let mut reasons = [self.reason(0), self.reason(1)];
        reasons.sort();
        let transcript = self.bench.transcript();
        assert_eq!(
            reasons,
            ["False NameTaken", "True Registered"],
            "{turns:?}\n{transcript}"
        );
        assert_eq!(
            self.bench.provider.calls("Register"),
            1,
            "{turns:?}\n{transcript}"
        );
        assert_eq!(self.bench.provider.held().len(), 1);
    }
}

fn named(name: &str) -> crate::api::OAuthClientSpec {
    let mut spec = testing::spec(&["read"]);
    spec.client_name = Some(name.to_owned());
    spec
}

/// However two passes for one name meet, at most one of them calls.
#[tokio::test]
async fn of_two_that_claim_a_name_at_once_at_most_one_registers_it() {
    // Every place at which the one may stand still while the other goes by, and both in step.
    for alone in 0..8 {
        for beside in 0..8 {
            let turns = [vec![0; alone], vec![1; beside]].concat();
            let mut two = Two::new();
            two.together(&turns).await;
            two.assert_one_holder(&turns).await;
        }
        let turns = [vec![0; alone], [0, 1].repeat(12)].concat();
        let mut two = Two::new();
        two.together(&turns).await;
        two.assert_one_holder(&turns).await;
    }
}

/// The holder's client vanishes at the server: its name is still its own, and so is what is registered under it.
#[tokio::test]
async fn a_name_that_is_free_at_the_server_is_not_free_while_an_entry_claims_it() {
    let mut two = Two::new();
    two.pass(0).await;
    two.bench.provider.tamper(std::collections::BTreeMap::clear);
    two.pass(1).await;
    assert_eq!(two.reason(1), "False NameTaken");
    assert_eq!(two.bench.provider.calls("Register"), 1);
    let told = format!("{:?}", two.bench.cluster.world().clients[&two.subjects[1].client]);
    assert!(
        !told.contains("payments") && !told.contains("billing"),
        "a tenant is not told of another one: {told}"
    );

    two.bench.wait(60);
    two.bench.list();
    two.pass(0).await;
    two.bench.assert_works();

    two.bench.cluster.delete_client(&two.subjects[0].client);
    for _ in 0..3 {
        two.pass(0).await;
        two.pass(1).await;
    }
    assert_eq!(two.reason(1), "True Registered", "the name is free again");
    assert!(two.bench.cluster.entry(&two.subjects[0]).is_none());
}

/// A process dies between the record of a claim and the look for others: nobody can tell whether it called.
#[tokio::test]
async fn a_claim_whose_call_may_be_under_way_gives_way_when_it_can_come_no_more() {
    let mut two = Two::new();
    {
        let mut rng = testing::rng();
        let mut pass = Running::begin(&two.bench, &two.subjects[1])
            .await
            .unwrap()
            .unwrap();
        while two.bench.cluster.entry(&two.subjects[1]).is_none() {
            let Decision::Do(step) = pass.decide(&mut rng) else {
                panic!("it records its claim")
            };
            pass = pass.take(&step).await.ok().unwrap();
        }
    }
    two.bench.restart();
    two.pass(0).await;
    assert_eq!(two.reason(0), "False NameTaken", "the claim was there first");
    two.pass(1).await;
    two.bench.wait(60);
    two.pass(1).await;
    assert_eq!(two.reason(1), "True Registered");
    assert_eq!(two.bench.provider.held().len(), 1);
}

/// Somebody else takes the name between the look for it and the call: nothing was done, and nothing is to be found out.
#[tokio::test]
async fn a_name_that_is_taken_at_the_last_moment_is_taken() {
    let mut two = Two::new();
    let taken = crate::model::Fault::Conflict("the name is in use".into());
    two.bench.provider.next(Fate::Fault(taken));
    two.pass(0).await;
    assert_eq!(two.reason(0), "False NameTaken", "{}", two.bench.transcript());
    let entry = two.bench.cluster.entry(&two.subjects[0]).unwrap();
    assert_eq!(entry.intent, None, "no call is open");
    let world = format!("{:?}", two.bench.cluster.world().clients[&two.subjects[0].client]);
    assert!(!world.contains("delete it if nobody uses it"), "{world}");

    two.bench.wait(60);
    two.pass(0).await;
    assert_eq!(two.reason(0), "True Registered", "free by now");
}

/// Two claims whose calls were both lost do not wait for each other for ever.
#[tokio::test]
async fn two_lost_claims_do_not_hold_each_other_up() {
    let mut two = Two::new();
    let entry_of = |two: &Two, who: usize| two.bench.cluster.entry(&two.subjects[who]);
    two.bench.provider.next(Fate::RequestLost);
    two.pass(0).await;
    // As an operator would leave it that died right after the record of its claim.
    let mut entry = entry_of(&two, 0).unwrap();
    entry.subject = two.subjects[1].clone();
    entry.owner = two.bench.cluster.world().clients[&two.subjects[1].client]
        .uid
        .clone();
    let text = entry.encode().unwrap();
    two.bench.cluster.overwrite_entry(&two.subjects[1], text.expose());
    for _ in 0..20 {
        two.pass(0).await;
        two.pass(1).await;
        two.bench.wait(20);
    }
    two.assert_one_holder_after_loss();
}

impl Two {
    fn assert_one_holder_after_loss(&self) {
        let mut reasons = [self.reason(0), self.reason(1)];
        reasons.sort();
        assert_eq!(reasons, ["False NameTaken", "True Registered"]);
        assert_eq!(self.bench.provider.held().len(), 1);
    }
}

/// What cannot be looked for is not taken to be absent.
#[tokio::test]
async fn nothing_is_registered_while_the_ledger_cannot_be_searched() {
    let two = Two::new();
    let key: ClientKey = two.subjects[0].client.clone();
    two.bench.cluster.refuse_reads(Some("away"));
    let claims = ["x".to_owned()].into();
    assert!(
        two.bench
            .cluster
            .is_claimed(&two.subjects[0], &claims)
            .await
            .is_err()
    );
    let state = {
        two.bench.cluster.refuse_reads(None);
        let pass = Running::begin(&two.bench, &two.subjects[0]).await.unwrap();
        two.bench.cluster.refuse_reads(Some("away"));
        pass
    };
    let mut pass = state.unwrap();
    let mut rng = testing::rng();
    while let Decision::Do(step) = pass.decide(&mut rng) {
        pass = pass.take(&step).await.ok().unwrap();
    }
    assert_eq!(two.bench.provider.mutations(), 0, "{key}");
}

/// Makes the client of a bench again, under a name at the server.
fn made_again(bench: &Bench, name: &str) {
    bench.cluster.delete_client(bench.key());
    bench.cluster.create_client(bench.key(), named(name));
}

fn names_held(bench: &Bench) -> Vec<String> {
    let base = |name: String| name.split('.').next().unwrap_or_default().to_owned();
    bench
        .provider
        .held()
        .into_iter()
        .filter_map(|client| client.name.map(base))
        .collect()
}

#[tokio::test]
async fn a_client_made_again_under_another_name_is_registered_under_it() {
    let bench = Bench::new();
    bench.cluster.create_client(bench.key(), named("first"));
    bench.settle().await;
    let before = bench.published("client-id");
    made_again(&bench, "second");
    bench.scene("it is made again with another clientName");
    bench.settle().await;
    bench.assert_works();
    assert_eq!(names_held(&bench), ["second"]);
    assert_ne!(bench.published("client-id"), before);
    assert!(bench.entry().unwrap().obligations.is_empty());
    bench.scene("it is looked at again");
    bench.settle().await;
    insta::assert_snapshot!(bench.transcript());
}

#[tokio::test]
async fn a_registration_under_another_name_outlives_its_delay_and_never_comes_back() {
    let bench = Bench::new();
    bench.edit_server(|server| server.deletion_delay = SignedDuration::from_secs(600));
    bench.cluster.create_client(bench.key(), named("first"));
    bench.settle().await;
    let before = bench.published("client-id");
    bench.cluster.delete_client(bench.key());
    bench.pass().await;
    bench.cluster.create_client(bench.key(), named("second"));
    bench.settle().await;
    bench.assert_works();
    assert_eq!(names_held(&bench), ["first", "second"], "the delay is kept");
    made_again(&bench, "first");
    bench.settle().await;
    bench.assert_works();
    assert_ne!(bench.published("client-id"), before);
    assert_eq!(names_held(&bench), ["first", "first", "second"]);
    bench.wait(601);
    bench.settle().await;
    bench.settle().await;
    bench.assert_works();
    assert_eq!(names_held(&bench), ["first"]);
}

#[tokio::test]
async fn a_client_made_again_under_the_same_name_keeps_its_credential() {
    let bench = Bench::new();
    bench.cluster.create_client(bench.key(), named("first"));
    bench.settle().await;
    let before = bench.published("client-secret");
    made_again(&bench, "first");
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.published("client-secret"), before);
    assert_eq!(bench.provider.calls("Register"), 1);
}

/// The answer to a registration under an exact name is lost, and then the client goes: what may be left there is named.
#[tokio::test]
async fn what_nobody_can_prove_is_named_before_it_is_forgotten() {
    let orphan = |happening: &crate::model::Happening| {
        matches!(happening, crate::model::Happening::PossibleOrphan { name, server }
            if name == NAME && server == "corp")
    };
    for successor in [None, Some("second")] {
        let mut two = Two::new();
        two.bench.provider.next(Fate::Late);
        two.pass(0).await;
        let entry = two.bench.cluster.entry(&two.subjects[0]).unwrap();
        assert!(entry.intent.is_some());
        two.bench.cluster.delete_client(&two.subjects[0].client);
        if let Some(name) = successor {
            two.bench
                .cluster
                .create_client(&two.subjects[0].client, named(name));
        }
        assert!(!two.bench.told(orphan));
        two.pass(0).await;
        assert!(
            two.bench.told(orphan),
            "{successor:?}\n{}",
            two.bench.transcript()
        );
        let entry = two.bench.cluster.entry(&two.subjects[0]);
        assert_eq!(entry.is_some(), successor.is_some());
    }
}

/// Somebody deletes the holder's client at the server and makes another one of that name, for another application.
#[tokio::test]
async fn a_name_that_was_given_to_somebody_else_is_neither_adopted_nor_removed() {
    let mut two = Two::new();
    two.pass(0).await;
    two.bench.wait(100);
    let ours = two.bench.published("client-id");
    two.bench.provider.tamper(|clients| {
        for client in clients.values_mut() {
            client.credential = crate::model::Credential {
                client_id: "foreign".into(),
                client_secret: Some(crate::model::Confidential::new("canary-foreign")),
            };
        }
    });
    two.bench.list();
    for _ in 0..3 {
        two.pass(0).await;
        assert_eq!(two.reason(0), "False NameTaken", "{}", two.bench.transcript());
        two.bench.wait(60);
    }
    assert_eq!(two.bench.published("client-id"), ours, "it is not adopted");

    two.bench.cluster.delete_client(&two.subjects[0].client);
    two.pass(0).await;
    assert!(two.bench.cluster.entry(&two.subjects[0]).is_none());
    assert_eq!(two.bench.provider.held().len(), 1, "it is not removed");
    assert_eq!(two.bench.provider.calls("Delete"), 0);
}

/// It is deleted there again: the name is free, and its holder is registered anew.
#[tokio::test]
async fn a_name_that_somebody_else_gave_back_is_registered_again() {
    let mut two = Two::new();
    two.pass(0).await;
    two.bench.wait(100);
    two.bench.provider.tamper(|clients| {
        for client in clients.values_mut() {
            client.credential.client_id = "foreign".into();
        }
    });
    two.bench.list();
    two.pass(0).await;
    assert_eq!(two.reason(0), "False NameTaken");
    two.bench.provider.tamper(std::collections::BTreeMap::clear);
    two.bench.wait(60);
    two.bench.settle().await;
    two.bench.assert_works();
}
