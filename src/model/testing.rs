//! Fixtures for tests: a client, a server and a ledger entry that are in order, to be put out of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::api::{OAuthClientSpec, ServerKind, ServerRef};

/// The time at which every fixture begins.
pub(crate) fn noon() -> Timestamp {
    Timestamp::constant(1_795_348_800, 0)
}

/// `noon` and some seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

/// The subject of every fixture.
pub(crate) fn subject() -> Subject {
    Subject {
        client: ClientKey {
            namespace: "payments".into(),
            name: "billing".into(),
        },
        namespace_uid: "ns-1".into(),
    }
}

/// The server of every fixture.
pub(crate) fn server_key() -> ServerKey {
    ServerKey {
        namespace: None,
        name: "corp".into(),
    }
}

/// What DigitalRoute can do.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities {
        client_id: ChosenBy::Server,
        client_secret: ChosenBy::Server,
        rotated_secret: ChosenBy::Server,
        secret_readable: true,
        handle: HandleKind::Name,
        unique_names: true,
        keeps_marker: false,
        idempotent_create: true,
        overlap: Overlap::SecondClient,
        rotate_in_place: true,
        client_id_stable: false,
        honours: BTreeSet::from([Field::ClientName, Field::GrantTypes, Field::Scopes]),
        grant_types: Some(BTreeSet::from(["client_credentials".into()])),
        updates: BTreeSet::from([Field::Scopes]),
        scopes: ScopeModel::Provisioned {
            may_create: false,
            to_let_create: Some("set scopeProvisioning to Create"),
        },
        audience_scopes: false,
        can_list: true,
        can_look_up: true,
        own_access: false,
        secrets_expire: false,
        can_disable: false,
        can_verify: true,
        spread_seconds: 0,
        name_limit: 100,
    }
}

/// A server that lets everybody do everything.
pub(crate) fn server() -> Server {
    Server {
        key: server_key(),
        fingerprint: "https://corp:443".into(),
        former_fingerprints: BTreeSet::new(),
        capabilities: capabilities(),
        name_prefix: String::new(),
        access_token_validity_seconds: None,
        overlap_seconds: None,
        access_rules: None,
        endpoints: Endpoints {
            token_uri: Some("https://corp/token".into()),
            ..Endpoints::default()
        },
        repair_drift: true,
        deletion_delay: SignedDuration::ZERO,
        removals_at_most: 100,
        release: None,
        suspended: false,
    }
}

/// A spec with one scope.
pub(crate) fn spec(scopes: &[&str]) -> OAuthClientSpec {
    let mut spec = OAuthClientSpec::new(ServerRef {
        kind: ServerKind::ClusterAuthorizationServer,
        name: "corp".into(),
    });
    spec.scopes = Some(scopes.iter().map(ToString::to_string).collect());
    spec
}

/// An `OAuthClient` that nobody has looked at yet.
pub(crate) fn client() -> ClientObject {
    ClientObject {
        uid: "uid-1".into(),
        generation: 1,
        terminating: false,
        spec: spec(&["read"]),
        rotate: None,
        status: Status::default(),
    }
}

/// Who we are in every fixture.
pub(crate) fn here() -> Here {
    Here {
        cluster_id: "cluster-1".into(),
        crd_uid: "crd-1".into(),
        instance: "instance-1".into(),
        timing: Timing::default(),
    }
}

/// Metadata with these scopes.
pub(crate) fn scopes(values: &[&str]) -> ClientMetadata {
    ClientMetadata {
        scopes: Some(values.iter().map(ToString::to_string).collect()),
        ..ClientMetadata::default()
    }
}

/// A registration of the fixture's client.
pub(crate) fn registration(number: u32) -> Registration {
    let name = generated_name(
        "payments.billing",
        &"cluster-1".into(),
        &"uid-1".into(),
        number,
        100,
    );
    let told = ClientMetadata {
        grant_types: Some(BTreeSet::from(["client_credentials".into()])),
        ..scopes(&["read"])
    };
    Registration {
        handle: Handle(name.clone()),
        name,
        marker: None,
        credential: Credential {
            client_id: format!("id-{number}"),
            client_secret: Some(Confidential::new("canary-current-secret")),
        },
        asked: scopes(&["read"]),
        told,
        registered_at: noon(),
        as_of: noon(),
        secret_expires_at: None,
        access: Access::Operator,
    }
}

/// Who makes the registrations of the fixture's client.
pub(crate) fn marker() -> Marker {
    Marker {
        owner: "0123456789".into(),
        number: 1,
        nonce: "canary-nonce".into(),
    }
}

/// A ledger entry with nothing left to do, but an open intent to show one.
pub(crate) fn settled_entry() -> LedgerEntry {
    LedgerEntry {
        cluster_id: "cluster-1".into(),
        crd_uid: "crd-1".into(),
        subject: subject(),
        owner: "uid-1".into(),
        chosen: Chosen::default(),
        server: server_key(),
        server_fingerprint: server().fingerprint,
        secret_name: "billing".into(),
        publication_id: "publication-1".into(),
        endpoints: server().endpoints,
        secret_owned: true,
        removal: Removal::Delete,
        removal_delay: SignedDuration::ZERO,
        next_number: 2,
        current: Some(registration(1)),
        previous: None,
        intent: None,
        recheck_at: None,
        served: Served::default(),
        schedule: None,
        held: None,
        obligations: Vec::new(),
    }
}

/// The Secret that the entry asks for, as it would be found.
pub(crate) fn found(client: &ClientObject, entry: &LedgerEntry) -> FoundSecret {
    let wanted = publication::wanted(client, entry).unwrap();
    FoundSecret {
        name: wanted.name,
        uid: "secret-1".into(),
        version: "1".into(),
        secret_type: crate::api::SECRET_TYPE_PUBLISHED.into(),
        immutable: false,
        terminating: false,
        data: wanted.data,
        not_text: BTreeSet::new(),
        labels: wanted.labels,
        annotations: wanted.annotations,
        owners: BTreeMap::from([(wanted.owner.0, format!("OAuthClient/{}", wanted.owner.1))]),
    }
}

/// A client that has all it asked for.
pub(crate) fn settled() -> State {
    let (client, entry) = (client(), settled_entry());
    State {
        now: at(3600),
        here: here(),
        subject: subject(),
        secret: Some(found(&client, &entry)),
        secret_hidden: None,
        given: GivenSecret::NotAsked,
        client: ClientView::Present(Box::new(client)),
        namespace: NamespaceView::default(),
        server: ServerView::Ready(Box::new(server())),
        ledger: held(entry),
        seen: None,
        pass: Pass::default(),
    }
}

/// An entry as it was read.
pub(crate) fn held(entry: LedgerEntry) -> LedgerView {
    LedgerView::Held {
        entry: Box::new(entry),
        version: "1".into(),
        unchanged_for: SignedDuration::ZERO,
    }
}

/// Random values that are the same in every run.
pub(crate) fn rng() -> impl rand::CryptoRng + Send {
    use rand::SeedableRng as _;
    rand::rngs::StdRng::seed_from_u64(7)
}
