//! Somebody who uses the plugin, and records to use it on.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use kube::ResourceExt as _;
use oauth_client_operator::cluster::{ApiServer, LedgerRead};
use oauth_client_operator::model::{
    Access, Chosen, ClientKey, ClientMetadata, Confidential, Credential, Endpoints, LedgerEntry, Loss,
    Obligation, Registration, Removal, Served, ServerKey, Subject, Uid, Version,
};
use oauth_client_operator::plugin::ledger::{Kept, Ledger};

use crate::stage::world::NAMESPACE;
use crate::stage::{App, World};
use crate::support;

/// The secret in every record that is written here.
const CANARY: &str = "canary-of-the-plugin";

/// What the plugin said.
#[derive(Debug)]
pub struct Said {
    /// Asked for.
    pub out: String,
    /// Beside it.
    pub err: String,
    /// Whether it ended with 0.
    pub well: bool,
}

impl Said {
    /// What was asked for, of a call that ended well.
    pub fn well(self) -> String {
        assert!(self.well, "{self:?}");
        self.out
    }

    /// The error, of a call that did not: one line.
    pub fn error(self) -> String {
        assert!(!self.well, "{self:?}");
        let error = self.err.lines().find(|line| line.starts_with("error: "));
        error.unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// Calls the plugin as a person does who has no terminal.
pub async fn plugin(world: &World, words: &str) -> Said {
    let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_kubectl-oauthclient")));
    command.args(words.split(' ')).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let said = Said {
        out: text(output.stdout),
        err: text(output.stderr),
        well: output.status.success(),
    };
    world
        .witness
        .see("what the plugin says", &format!("{}{}", said.out, said.err));
    said
}

/// The records of the operator that runs.
pub fn ledger(world: &World) -> Ledger {
    Ledger::new(&ApiServer::new(world.kube.clone()), NAMESPACE)
}

/// Records in a namespace that no operator looks at, and that namespace.
pub async fn ledger_apart(world: &World, stem: &str) -> (Ledger, String) {
    world.witness.knows([CANARY.to_owned()]);
    let namespace = support::namespace(&world.kube, stem).await.name_any();
    (
        Ledger::new(&ApiServer::new(world.kube.clone()), &namespace),
        namespace,
    )
}

/// The record of a client, which is there.
pub async fn record_of(ledger: &Ledger, client: &ClientKey) -> Kept {
    let book = ledger.all().await.unwrap();
    let found = book.kept.into_iter().find(|kept| kept.entry.client() == client);
    found.unwrap_or_else(|| panic!("there is no record of {client}"))
}

/// Changes a record as somebody else does, however often the operator is faster.
pub async fn change_record(ledger: &Ledger, client: &ClientKey, change: impl Fn(&mut LedgerEntry)) -> Kept {
    for _ in 0..50 {
        let mut kept = record_of(ledger, client).await;
        change(&mut kept.entry);
        if ledger.write(&kept.entry, Some(&kept.version)).await.is_ok() {
            return record_of(ledger, client).await;
        }
    }
    panic!("the record of {client} changes all the time");
}

/// The version of a record.
pub async fn version_of(ledger: &Ledger, subject: &Subject) -> Option<Version> {
    match ledger.of(subject).await.unwrap() {
        LedgerRead::Held(_, version) => Some(version),
        LedgerRead::Absent => None,
        LedgerRead::Unreadable(why) => panic!("{why}"),
    }
}

/// Which client an application is.
pub fn client_key(app: &App<'_>) -> ClientKey {
    ClientKey {
        namespace: app.namespace.clone(),
        name: app.name.clone(),
    }
}

/// A subject that nobody else has.
pub fn subject(namespace: &str, namespace_uid: &str, name: &str) -> Subject {
    Subject {
        client: ClientKey {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        },
        namespace_uid: Uid(namespace_uid.to_owned()),
    }
}

fn then() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

/// A record of another cluster, in order.
pub fn entry(subject: &Subject) -> LedgerEntry {
    LedgerEntry {
        cluster_id: "old-cluster".into(),
        crd_uid: "old-crd".into(),
        subject: subject.clone(),
        owner: "old-owner".into(),
        chosen: Chosen::default(),
        server: ServerKey {
            namespace: None,
            name: "no-such-server".to_owned(),
        },
        server_fingerprint: "fingerprint".to_owned(),
        secret_name: subject.client.name.clone(),
        publication_id: format!("publication-of-{}", subject.client.name),
        endpoints: Endpoints::default(),
        secret_owned: true,
        schedule: None,
        held: None,
        removal: Removal::Delete,
        removal_delay: jiff::SignedDuration::ZERO,
        next_number: 2,
        current: Some(registration("current")),
        previous: None,
        intent: None,
        recheck_at: None,
        served: Served::default(),
        obligations: Vec::new(),
    }
}

fn registration(id: &str) -> Registration {
    Registration {
        handle: id.into(),
        name: format!("{id}.0123456789.1"),
        marker: None,
        credential: Credential {
            client_id: id.to_owned(),
            client_secret: Some(Confidential::new(CANARY)),
        },
        asked: ClientMetadata::default(),
        told: ClientMetadata::default(),
        registered_at: then(),
        as_of: then(),
        secret_expires_at: None,
        access: Access::Operator,
    }
}

/// A client that is still to be removed.
pub fn owed(id: &str) -> Obligation {
    Obligation {
        handle: id.into(),
        registration: Some(registration(id)),
        lost: None,
        only_secret: false,
        removal: Removal::Delete,
        since: then(),
        not_before: then(),
        was_current: false,
        attempt: None,
        removed: false,
    }
}

/// One that the operator has no way to remove.
pub fn out_of_reach(id: &str) -> Obligation {
    let mut owed = owed(id);
    owed.registration.as_mut().unwrap().access = Access::Lost(Loss::Refused);
    owed
}
