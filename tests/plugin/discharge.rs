//! What an admin has the operator forget.

use authserver_emulator::misbehave::Behaviour;
use oauth_client_operator::cluster::ApiServer;
use oauth_client_operator::model::LedgerEntry;
use oauth_client_operator::plugin::discharge::{Discharged, Extent, Target, carry_out};
use oauth_client_operator::plugin::ledger::Ledger;
use serde_json::json;

use crate::desk::{
    change_record, client_key, entry, ledger, ledger_apart, out_of_reach, owed, plugin, record_of, subject,
    version_of,
};
use crate::stage::until::holds;
use crate::stage::{Scene, World};
use crate::support;

pub async fn what_the_operator_cannot_remove(world: &'static World) {
    let scene = Scene::start(world, "discharge").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let subject = record_of(&ledger(world), &client_key(&app)).await.entry.subject;
    let name = subject.client.to_string();
    change_record(&ledger(world), &subject.client, |entry| {
        entry.obligations.push(out_of_reach("left-behind"));
    })
    .await;

    let status = plugin(world, &format!("status billing -n {}", app.namespace))
        .await
        .well();
    assert!(status.contains("client left-behind is left at"), "{status}");
    let pending = plugin(world, &format!("pending -n {}", app.namespace)).await;
    assert!(
        pending.err.contains("kubectl oauthclient discharge"),
        "{pending:?}"
    );
    assert!(pending.well().contains("unmanageable"));

    // The client goes, and the record stays for what is left of it.
    app.delete().await;
    app.until("only what is left behind is owed", async || {
        let record = record_of(&ledger(world), &subject.client).await.entry;
        holds(
            app.remote().is_empty() && record.current.is_none() && record.obligations.len() == 1,
            format!("{} are owed", record.obligations.len()),
        )
    })
    .await;
    let before = version_of(&ledger(world), &subject).await;
    let unasked = plugin(world, &format!("discharge {name}")).await;
    assert!(unasked.out.contains("left-behind"), "{unasked:?}");
    assert!(unasked.error().contains("say --yes"));
    assert_eq!(
        version_of(&ledger(world), &subject).await,
        before,
        "nothing was done"
    );

    let said = plugin(world, &format!("discharge {name} --yes")).await.well();
    assert!(
        said.contains("1 client of") && said.contains("discharged"),
        "{said}"
    );
    app.wait_nothing_left().await;
    let again = plugin(world, &format!("discharge {name} --yes")).await.well();
    assert!(again.contains("nothing is to be discharged"), "{again}");
}

pub async fn a_server_that_is_gone_for_good(world: &'static World) {
    let scene = Scene::start(world, "discharge-all").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let name = client_key(&app).to_string();
    scene.misbehave("any", Behaviour::Down);
    app.delete().await;
    app.until("its removal is owed", async || {
        let record = record_of(&ledger(world), &client_key(&app)).await.entry;
        holds(!record.obligations.is_empty(), "nothing is owed")
    })
    .await;
    let manageable = plugin(world, &format!("discharge {name} --yes")).await.well();
    assert!(manageable.contains("say --all"), "{manageable}");
    let refused = plugin(world, &format!("discharge {name} --all --yes"))
        .await
        .error();
    assert!(refused.contains("is there, so the operator removes"), "{refused}");

    scene.delete_server().await;
    let said = plugin(world, &format!("discharge {name} --all --yes"))
        .await
        .well();
    assert!(
        said.contains("goes on working") && said.contains("discharged"),
        "{said}"
    );
    app.until("the record is gone", async || {
        holds(app.record().await.is_none(), "the ledger has an entry")
    })
    .await;
    assert_eq!(app.remote().len(), 1, "nothing was changed at the server");
}

pub async fn a_record_that_changes_meanwhile(world: &'static World) {
    let (ledger, namespace) = ledger_apart(world, "discharge-race").await;
    let subject = subject(&namespace, "uid", "billing");
    let start = LedgerEntry {
        obligations: vec![owed("removable"), out_of_reach("left")],
        ..entry(&subject)
    };
    ledger.write(&start, None).await.unwrap();
    let shown = async || {
        let book = ledger.all().await.unwrap();
        let mut found = Target::among(&book.kept, &subject.client, Extent::Unmanageable);
        assert_eq!(found.len(), 1);
        found.remove(0)
    };

    // Something that does not matter: done over, on what the record is by then.
    let target = shown().await;
    change_record(&ledger, &subject.client, |entry| {
        entry.obligations.remove(0);
        entry.next_number = 9;
    })
    .await;
    assert_eq!(carry_out(&ledger, target.clone()).await, Discharged::Done(1));
    let now = record_of(&ledger, &subject.client).await.entry;
    assert_eq!((now.next_number, now.obligations.len()), (9, 0));
    assert_eq!(
        carry_out(&ledger, target).await,
        Discharged::NothingLeft,
        "it is done already"
    );

    // Something that nobody was shown.
    change_record(&ledger, &subject.client, |entry| {
        entry.obligations.push(out_of_reach("left"));
    })
    .await;
    let target = shown().await;
    let more = change_record(&ledger, &subject.client, |entry| {
        entry.obligations.push(out_of_reach("more"));
    })
    .await;
    assert_eq!(carry_out(&ledger, target.clone()).await, Discharged::Changed);
    assert_eq!(
        record_of(&ledger, &subject.client).await,
        more,
        "nothing was done"
    );

    // No record any more.
    ledger.remove(&subject, &more.version).await.unwrap();
    assert_eq!(carry_out(&ledger, target).await, Discharged::NothingLeft);
}

pub async fn somebody_without_the_right(world: &'static World) {
    let (ledger, namespace) = ledger_apart(world, "discharge-rights").await;
    let subject = subject(&namespace, "uid", "billing");
    let start = LedgerEntry {
        obligations: vec![out_of_reach("left")],
        ..entry(&subject)
    };
    ledger.write(&start, None).await.unwrap();
    let target = Target::among(&ledger.all().await.unwrap().kept, &subject.client, Extent::All).remove(0);
    let nobody = support::client_of(|config| config.auth_info.impersonate = Some("nobody".to_owned())).await;
    let nobody = Ledger::new(&ApiServer::new(nobody.unwrap()), &namespace);
    let Discharged::Failed(why) = carry_out(&nobody, target).await else {
        panic!("nobody may do that")
    };
    assert!(why.contains("rights to create, update"), "{why}");
    let said = plugin(
        world,
        &format!(
            "--as nobody discharge {} --operator-namespace {namespace}",
            subject.client
        ),
    )
    .await;
    let said = said.error();
    assert!(said.contains("right to list Secrets"), "{said}");
}
