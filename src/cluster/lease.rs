//! The Lease that says which of several operators works.

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Api;
use kube::api::PostParams;

use super::apiserver::{ApiServer, Named};
use super::{MANAGER, Unread};
use crate::model::{Refusal, Scrub};

/// What a Lease says. The times are the holder's and for people only: nobody else's clock is compared with them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeaseRecord {
    /// Who holds it; `None` when it was released.
    pub holder: Option<String>,
    /// For how long others leave it alone after they saw it renewed.
    pub duration_seconds: Option<i32>,
    /// When the holder got it.
    pub acquired: Option<Timestamp>,
    /// When the holder renewed it last.
    pub renewed: Option<Timestamp>,
    /// How often it went from one holder to another.
    pub transitions: i32,
}

/// A Lease as it was seen, which a write can be bound to.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenLease {
    /// What it says.
    pub record: LeaseRecord,
    object: Lease,
}

impl SeenLease {
    /// What this object says.
    pub fn of(object: Lease) -> Self {
        let spec = object.spec.clone().unwrap_or_default();
        let record = LeaseRecord {
            holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
            duration_seconds: spec.lease_duration_seconds,
            acquired: spec.acquire_time.map(|time| time.0),
            renewed: spec.renew_time.map(|time| time.0),
            transitions: spec.lease_transitions.unwrap_or_default(),
        };
        Self { record, object }
    }
}

/// Where one Lease is.
#[async_trait]
pub trait Leases: Send + Sync {
    /// The Lease, if there is one.
    async fn read(&self) -> Result<Option<SeenLease>, Unread>;

    /// Makes the Lease, or replaces exactly the one that was seen. [`Refusal::Stale`] if it is another one by now.
    async fn write(&self, record: &LeaseRecord, over: Option<&SeenLease>) -> Result<SeenLease, Refusal>;
}

/// The object to write. What others put on it, such as labels, stays.
pub(super) fn object(name: &str, record: &LeaseRecord, over: Option<&SeenLease>) -> Lease {
    let mut lease = over.map(|seen| seen.object.clone()).unwrap_or_default();
    lease.metadata.name = Some(name.to_owned());
    // The API server keeps them, and refuses some changes of them.
    lease.metadata.managed_fields = None;
    lease.spec = Some(LeaseSpec {
        holder_identity: record.holder.clone(),
        lease_duration_seconds: record.duration_seconds,
        acquire_time: record.acquired.map(MicroTime),
        renew_time: record.renewed.map(MicroTime),
        lease_transitions: Some(record.transitions),
        ..lease.spec.unwrap_or_default()
    });
    lease
}

/// One Lease at the API server.
pub struct KubeLease {
    server: ApiServer,
    namespace: String,
    name: String,
}

impl KubeLease {
    /// The Lease of this name.
    pub fn new(server: ApiServer, namespace: &str, name: &str) -> Self {
        Self {
            server,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    fn api(&self) -> Api<Lease> {
        Api::namespaced(self.server.client(), &self.namespace)
    }

    fn named(&self) -> Named<'_> {
        Named {
            group: "coordination.k8s.io",
            resource: "leases",
            name: &self.name,
        }
    }
}

#[async_trait]
impl Leases for KubeLease {
    async fn read(&self) -> Result<Option<SeenLease>, Unread> {
        let leases = self.api();
        let found = self.server.read(self.named(), || leases.get(&self.name)).await?;
        Ok(found.map(SeenLease::of))
    }

    async fn write(&self, record: &LeaseRecord, over: Option<&SeenLease>) -> Result<SeenLease, Refusal> {
        let lease = object(&self.name, record, over);
        let parameters = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        let api = self.api();
        let written = match over {
            None => self.server.call(|| api.create(&parameters, &lease)).await,
            Some(_) => {
                self.server
                    .call(|| api.replace(&self.name, &parameters, &lease))
                    .await
            }
        };
        written
            .map(SeenLease::of)
            .map_err(|failure| failure.refusal(self.named(), &Scrub::default()))
    }
}

/// A Lease in memory, for tests.
#[cfg(test)]
pub(crate) mod memory {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use jiff::SignedDuration;

    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    use super::{Lease, LeaseRecord, Leases, Refusal, SeenLease, Unread, async_trait, object};

    /// What all who share a Lease see.
    #[derive(Default)]
    pub struct Shared {
        lease: Option<Lease>,
        version: u64,
        /// The API server is away.
        pub away: bool,
        /// A write is done and its answer is lost.
        pub loses_answers: bool,
        /// Every answer takes this long, after the request was done.
        pub slow: Duration,
        /// How many writes were done.
        pub writes: u32,
    }

    /// The Lease as one candidate sees it, who has a clock of its own.
    #[derive(Clone, Default)]
    pub struct MemoryLease {
        /// What all see.
        pub shared: Arc<Mutex<Shared>>,
        /// How far the wall clock of this one is off.
        pub skew: SignedDuration,
    }

    impl MemoryLease {
        /// The same Lease for somebody whose clock is off.
        pub fn skewed(&self, skew: SignedDuration) -> Self {
            Self {
                shared: self.shared.clone(),
                skew,
            }
        }

        /// What it says now.
        pub fn record(&self) -> Option<LeaseRecord> {
            let shared = self.shared.lock().unwrap();
            shared.lease.clone().map(|lease| SeenLease::of(lease).record)
        }

        /// Somebody edits it by hand.
        pub fn edit(&self, edit: impl FnOnce(&mut LeaseRecord)) {
            let mut shared = self.shared.lock().unwrap();
            let seen = shared.lease.clone().map(SeenLease::of).unwrap();
            let mut record = seen.record.clone();
            edit(&mut record);
            shared.put(object("lease", &record, Some(&seen)));
        }

        /// Somebody deletes it.
        pub fn delete(&self) {
            self.shared.lock().unwrap().lease = None;
        }
    }

    impl Shared {
        fn put(&mut self, mut lease: Lease) -> Lease {
            self.version += 1;
            lease.metadata = ObjectMeta {
                resource_version: Some(self.version.to_string()),
                ..lease.metadata
            };
            self.lease = Some(lease.clone());
            lease
        }
    }

    #[async_trait]
    impl Leases for MemoryLease {
        async fn read(&self) -> Result<Option<SeenLease>, Unread> {
            let (found, slow) = {
                let shared = self.shared.lock().unwrap();
                if shared.away {
                    return Err(Unread::new("the API server is away".to_owned()));
                }
                (shared.lease.clone(), shared.slow)
            };
            tokio::time::sleep(slow).await;
            Ok(found.map(SeenLease::of))
        }

        async fn write(&self, record: &LeaseRecord, over: Option<&SeenLease>) -> Result<SeenLease, Refusal> {
            let (written, slow) = {
                let mut shared = self.shared.lock().unwrap();
                if shared.away {
                    return Err(Refusal::Unavailable("the API server is away".to_owned()));
                }
                let version = |lease: &Lease| lease.metadata.resource_version.clone();
                if shared.lease.as_ref().map(version) != over.map(|seen| version(&seen.object)) {
                    return Err(Refusal::Stale);
                }
                let record = LeaseRecord {
                    renewed: record.renewed.map(|at| at + self.skew),
                    ..record.clone()
                };
                let written = shared.put(object("lease", &record, over));
                shared.writes += 1;
                if shared.loses_answers {
                    return Err(Refusal::Unavailable("the answer was lost".to_owned()));
                }
                (written, shared.slow)
            };
            tokio::time::sleep(slow).await;
            Ok(SeenLease::of(written))
        }
    }
}
