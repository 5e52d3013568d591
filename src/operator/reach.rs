//! What the operator looks after: which namespaces, and whether servers of the whole cluster; and where it watches for it.

use std::collections::BTreeSet;

use super::index::NamespaceFacts;
use super::mirror::{Mirror, Part, Placed};
use crate::api::{LABEL_ENABLED, LABEL_TRUE};
use crate::model::{ClientKey, Closed, NamespaceView, ServerKey};

/// What the operator looks after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Which namespaces.
    pub mode: Mode,
    /// Whether servers of the whole cluster, too.
    pub cluster_servers: bool,
}

/// Which namespaces are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// All of them.
    Cluster,
    /// Those that have the label. Only there the operator has rights on Secrets.
    OptIn,
    /// These. The operator has no rights anywhere else.
    Namespaces(BTreeSet<String>),
}

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Namespaces.
    Namespaces,
    /// `OAuthClient`s.
    Clients,
    /// Published Secrets.
    Published,
    /// Secrets with credentials of servers.
    Credentials,
    /// `AuthorizationServer`s.
    Servers,
    /// `ClusterAuthorizationServer`s.
    ClusterServers,
}

/// Where a kind is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// By one watch of the whole cluster.
    Everywhere,
    /// By a watch of each of these namespaces.
    In(BTreeSet<String>),
    /// By a watch of each of these namespaces, and of each that has the label.
    WhereGiven(BTreeSet<String>),
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            mode: Mode::Cluster,
            cluster_servers: true,
        }
    }
}

impl Reach {
    /// Where a kind is watched, by an operator in the namespace `own`.
    pub fn place(&self, kind: Kind, own: &str) -> Place {
        if kind == Kind::ClusterServers {
            return if self.cluster_servers {
                Place::Everywhere
            } else {
                Place::In(BTreeSet::new())
            };
        }
        // The credentials of the servers of the cluster are in our own namespace.
        let besides = match kind {
            Kind::Credentials => BTreeSet::from([own.to_owned()]),
            _ => BTreeSet::new(),
        };
        let is_secret = matches!(kind, Kind::Published | Kind::Credentials);
        match &self.mode {
            Mode::OptIn if is_secret => Place::WhereGiven(besides),
            Mode::Cluster | Mode::OptIn => Place::Everywhere,
            Mode::Namespaces(named) => Place::In(named | &besides),
        }
    }

    /// A mirror with the parts that the watches of a kind have.
    pub fn mirror<K, V>(&self, kind: Kind, own: &str) -> Mirror<K, V> {
        let parts = |names: BTreeSet<String>| Mirror::of(names.into_iter().map(Part::Namespace));
        match self.place(kind, own) {
            Place::Everywhere => Mirror::default(),
            Place::In(names) => parts(names),
            Place::WhereGiven(besides) => parts(besides).and_more(),
        }
    }

    /// Whether a namespace is one of those where there are watches of Secrets, where they follow the label.
    pub fn is_given(&self, facts: &NamespaceFacts) -> bool {
        self.mode == Mode::OptIn && has_label(&facts.view) && !facts.view.terminating
    }

    /// Why there is nothing to do in a namespace that looks like this, if so.
    pub fn closed(&self, name: &str, view: &NamespaceView) -> Option<Closed> {
        match &self.mode {
            Mode::OptIn if !has_label(view) => Some(Closed::NotGiven(format!(
                "namespace {name} is not given to the operator, as it lacks the label {LABEL_ENABLED}: \"{LABEL_TRUE}\". \
                 Platform team: set the label, and bind the ClusterRole of the operator's chart whose name ends with \
                 -secrets to the operator's ServiceAccount by a RoleBinding there. Until then nothing is read, \
                 registered, published or changed there; credentials that are there stay."
            ))),
            Mode::Namespaces(_) if !self.sees(name) => Some(Closed::OutOfSight(format!(
                "namespace {name} is not one of those that this operator watches"
            ))),
            Mode::Cluster | Mode::OptIn | Mode::Namespaces(_) => None,
        }
    }

    /// Whether it can be seen what is in a namespace and what is not.
    pub fn sees(&self, namespace: &str) -> bool {
        match &self.mode {
            Mode::Cluster | Mode::OptIn => true,
            Mode::Namespaces(named) => named.contains(namespace),
        }
    }

    /// Whether there is nothing to do with a server, whether there is one or not.
    pub fn excludes(&self, server: &ServerKey) -> bool {
        server.namespace.is_none() && !self.cluster_servers
    }
}

fn has_label(view: &NamespaceView) -> bool {
    view.labels.get(LABEL_ENABLED).map(String::as_str) == Some(LABEL_TRUE)
}

impl Placed for ClientKey {
    fn namespace(&self) -> Option<&str> {
        Some(&self.namespace)
    }
}

impl Placed for ServerKey {
    fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }
}

/// Namespace and name.
impl Placed for (String, String) {
    fn namespace(&self) -> Option<&str> {
        Some(&self.0)
    }
}

/// The name of a namespace, which is a part by itself where each is looked at alone; or of a ledger entry, all of which are
/// in one.
impl Placed for String {
    fn namespace(&self) -> Option<&str> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Kind::{ClusterServers, Credentials, Published, Servers};

    fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.map(str::to_owned).into()
    }

    #[test]
    fn each_mode_watches_where_it_has_rights() {
        let of = |mode, cluster_servers| Reach {
            mode,
            cluster_servers,
        };
        let everywhere = of(Mode::Cluster, true);
        for kind in [
            Kind::Namespaces,
            Kind::Clients,
            Published,
            Credentials,
            Servers,
            ClusterServers,
        ] {
            assert_eq!(everywhere.place(kind, "own"), Place::Everywhere, "{kind:?}");
        }

        let opt_in = of(Mode::OptIn, true);
        for kind in [Kind::Namespaces, Kind::Clients, Servers, ClusterServers] {
            assert_eq!(opt_in.place(kind, "own"), Place::Everywhere, "{kind:?}");
        }
        assert_eq!(opt_in.place(Published, "own"), Place::WhereGiven(names([])));
        assert_eq!(
            opt_in.place(Credentials, "own"),
            Place::WhereGiven(names(["own"]))
        );

        let named = of(Mode::Namespaces(names(["a", "b"])), false);
        for kind in [Kind::Namespaces, Kind::Clients, Published, Servers] {
            assert_eq!(named.place(kind, "own"), Place::In(names(["a", "b"])), "{kind:?}");
        }
        assert_eq!(
            named.place(Credentials, "own"),
            Place::In(names(["a", "b", "own"]))
        );
        assert_eq!(named.place(ClusterServers, "own"), Place::In(names([])));
    }

    #[test]
    fn a_kind_that_is_not_watched_is_not_waited_for() {
        let named = Reach {
            mode: Mode::Namespaces(names(["a"])),
            cluster_servers: false,
        };
        assert!(named.mirror::<ServerKey, ()>(ClusterServers, "own").is_complete());
        assert!(!named.mirror::<ServerKey, ()>(Servers, "own").is_complete());
        let opt_in = Reach {
            mode: Mode::OptIn,
            ..Reach::default()
        };
        let published = opt_in.mirror::<ClientKey, ()>(Published, "own");
        assert!(!published.is_complete(), "who has the label is not known");
        published.parts_are_known();
        assert!(published.is_complete(), "nobody has it");
    }

    #[test]
    fn a_namespace_is_closed_without_the_label_and_out_of_sight_without_its_name() {
        let labelled = |value: &str| NamespaceView {
            labels: [(LABEL_ENABLED.to_owned(), value.to_owned())].into(),
            ..NamespaceView::default()
        };
        let opt_in = Reach {
            mode: Mode::OptIn,
            ..Reach::default()
        };
        assert_eq!(opt_in.closed("a", &labelled("true")), None);
        for view in [labelled("yes"), labelled("True"), NamespaceView::default()] {
            let Some(Closed::NotGiven(why)) = opt_in.closed("a", &view) else {
                panic!("{view:?} is not closed");
            };
            for word in [
                "namespace a",
                "oauthclient.dev/enabled: \"true\"",
                "-secrets",
                "RoleBinding",
            ] {
                assert!(why.contains(word), "{why}");
            }
        }
        let facts = |view: NamespaceView| NamespaceFacts {
            uid: "u".into(),
            view,
        };
        assert!(opt_in.is_given(&facts(labelled("true"))));
        assert!(!opt_in.is_given(&facts(labelled("false"))));
        assert!(
            !Reach::default().is_given(&facts(labelled("true"))),
            "all of them are watched"
        );
        let going = NamespaceView {
            terminating: true,
            ..labelled("true")
        };
        assert!(!opt_in.is_given(&facts(going)));

        let named = Reach {
            mode: Mode::Namespaces(names(["a"])),
            ..Reach::default()
        };
        assert_eq!(named.closed("a", &NamespaceView::default()), None);
        assert!(matches!(
            named.closed("b", &labelled("true")),
            Some(Closed::OutOfSight(_))
        ));
        assert_eq!(Reach::default().closed("a", &NamespaceView::default()), None);
    }
}
