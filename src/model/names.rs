//! Names and ids that the core passes around, as types that cannot be mixed up.

use std::fmt;

use rand::CryptoRng;
use serde::{Deserialize, Serialize};

use super::digest::{hex, short_hash};
use crate::api::{ServerKind, ServerRef};

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

text_newtype!(
    /// A Kubernetes object's UID.
    Uid
);
text_newtype!(
    /// Tells this cluster from others: the UID of the namespace `kube-system`, or what the admin set.
    ClusterId
);
text_newtype!(
    /// One running process of the operator; random, new at each start.
    InstanceId
);
text_newtype!(
    /// One try of one mutating call. Each try has its own.
    AttemptId
);
text_newtype!(
    /// What addresses one client in a management API; its meaning is the adapter's.
    Handle
);
text_newtype!(
    /// A Kubernetes `resourceVersion`, compared for equality only.
    Version
);

/// 128 random bits in hexadecimal, for attempts, instances and publications.
pub fn random_id(rng: &mut dyn CryptoRng) -> String {
    let mut bytes = [0_u8; 16];
    rng.fill_bytes(&mut bytes);
    hex(&bytes)
}

/// Which `OAuthClient` is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClientKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What one reconcile is about: a client's key within one life of its namespace. A namespace that was deleted
/// and made again has another UID, so what is left of the old one is never taken for the new one's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// The client.
    pub client: ClientKey,
    /// UID of its namespace.
    pub namespace_uid: Uid,
}

impl Subject {
    /// Name of the ledger entry: one per namespace UID and client name.
    pub fn entry_name(&self) -> String {
        format!(
            "client-{}",
            short_hash(&[&self.namespace_uid.0, &self.client.name], 40)
        )
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(f)
    }
}

/// Which server object is meant: `AuthorizationServer` with a namespace, `ClusterAuthorizationServer` without.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerKey {
    /// The namespace of an `AuthorizationServer`; none for the cluster kind.
    pub namespace: Option<String>,
    /// The object's name.
    pub name: String,
}

impl ServerKey {
    /// The server object that the client `key` refers to: one of its own namespace, or of the cluster.
    pub fn referred_to(server: &ServerRef, key: &ClientKey) -> Self {
        Self {
            namespace: match server.kind {
                ServerKind::AuthorizationServer => Some(key.namespace.clone()),
                ServerKind::ClusterAuthorizationServer => None,
            },
            name: server.name.clone(),
        }
    }

    /// The object's kind.
    pub fn kind(&self) -> &'static str {
        if self.namespace.is_some() {
            "AuthorizationServer"
        } else {
            "ClusterAuthorizationServer"
        }
    }
}

impl fmt::Display for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.name)
    }
}

/// Length of the hash of cluster and owner in a generated name.
const OWNER_HASH: usize = 10;

/// The name under which a client is registered where the name is the handle:
/// `<clientName>.<hash of cluster and UID>.<number>`. The hash makes an exact match proof of ownership, the
/// number is never used twice, and a name that would be too long is cut (the hash keeps it unambiguous).
pub fn generated_name(
    client_name: &str,
    cluster: &ClusterId,
    owner: &Uid,
    number: u32,
    limit: usize,
) -> String {
    let suffix = format!(".{}.{number}", owner_hash(cluster, owner));
    let room = limit.saturating_sub(suffix.chars().count());
    let mut name = cut(client_name, room);
    name.push_str(&suffix);
    name
}

/// What tells the registrations of one `OAuthClient` from everybody else's: ten hexadecimal digits.
pub fn owner_hash(cluster: &ClusterId, owner: &Uid) -> String {
    short_hash(&[&cluster.0, &owner.0], OWNER_HASH)
}

/// Whether a name ends as [`generated_name`] ends one. Nobody may choose such a name and keep it as it is: where the
/// name is the handle, it would be taken for somebody's proof of ownership.
pub fn looks_generated(name: &str) -> bool {
    let mut parts = name.rsplit('.');
    let (number, hash) = (parts.next(), parts.next());
    let is_number =
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
    // Whoever compares names without regard to case shall be no way around this.
    let is_hash =
        hash.is_some_and(|hash| hash.len() == OWNER_HASH && hash.bytes().all(|b| b.is_ascii_hexdigit()));
    is_number && is_hash && parts.next().is_some()
}

/// `name` where it fits into `limit` characters, else its beginning and a hash of the whole.
pub fn cut(name: &str, limit: usize) -> String {
    const HASH: usize = 8;
    if name.chars().count() <= limit {
        return name.to_owned();
    }
    let head: String = name.chars().take(limit.saturating_sub(HASH + 1)).collect();
    format!("{head}-{}", short_hash(&[name], HASH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_names_follow_the_life_of_the_namespace() {
        let subject = |uid: &str| Subject {
            client: ClientKey {
                namespace: "a".into(),
                name: "b".into(),
            },
            namespace_uid: uid.into(),
        };
        assert_eq!(subject("1").entry_name(), subject("1").entry_name());
        assert_ne!(subject("1").entry_name(), subject("2").entry_name());
        assert!(subject("1").entry_name().len() < 63);
    }

    #[test]
    fn generated_names_keep_their_proof_when_they_are_cut() {
        let (cluster, uid) = (ClusterId::from("c"), Uid::from("u"));
        let long = "x".repeat(300);
        let name = generated_name(&long, &cluster, &uid, 7, 100);
        let suffix = generated_name("", &cluster, &uid, 7, 100);
        assert_eq!(name.chars().count(), 100);
        assert!(name.ends_with(&suffix), "{name} ends with {suffix}");
        assert_ne!(name, generated_name(&format!("{long}y"), &cluster, &uid, 7, 100));
    }

    #[test]
    fn generated_names_are_told_from_chosen_ones() {
        let (cluster, uid) = (ClusterId::from("c"), Uid::from("u"));
        for (base, number) in [("billing", 1), ("a.b", u32::MAX), ("", 7)] {
            let name = generated_name(base, &cluster, &uid, number, 100);
            assert!(looks_generated(&name), "{name}");
        }
        for squatting in ["x.0123456789.1", "x.abcdefABCD.007", "a.b.ffffffffff.99999999999"] {
            assert!(looks_generated(squatting), "{squatting}");
        }
        for chosen in [
            "billing",
            "billing.1",
            "0123456789.1",
            "x.0123456789.",
            "x.0123456789.1a",
            "x.012345678.1",
            "x.012345678g.1",
            "x.0123456789.1.x",
            "",
        ] {
            assert!(!looks_generated(chosen), "{chosen}");
        }
    }
}
