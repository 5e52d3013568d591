//! Whose move it is. The messages of the core say so themselves; here they are only read.

use std::fmt;

use serde::Serialize;

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Mover {
    /// Whoever runs the operator and the authorization servers.
    PlatformTeam,
    /// Whoever wrote the OAuthClient.
    ApplicationTeam,
    /// Whoever set the quotas and rules of the client's namespace.
    NamespaceOwner,
    /// Whoever suspended it.
    WhoSuspended,
    /// A person; the message says what is to be done.
    Person,
    /// The operator.
    Operator,
    /// Nobody.
    Nobody,
}

impl fmt::Display for Mover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PlatformTeam => "the platform team",
            Self::ApplicationTeam => "the application team",
            Self::NamespaceOwner => "the owner of the namespace",
            Self::WhoSuspended => "whoever suspended it",
            Self::Person => "a person",
            Self::Operator => "the operator",
            Self::Nobody => "nobody",
        })
    }
}

impl Mover {
    /// Whether it takes a person.
    pub fn is_person(self) -> bool {
        !matches!(self, Self::Operator | Self::Nobody)
    }
}

/// Those whom a message asks to act, in its order: it names them with a colon, as in "Platform team: grant it".
pub fn named_in(message: &str) -> Vec<Mover> {
    const NAMES: [(&str, Mover); 3] = [
        ("platform team:", Mover::PlatformTeam),
        ("application team:", Mover::ApplicationTeam),
        ("owner of the namespace:", Mover::NamespaceOwner),
    ];
    let message = message.to_lowercase();
    let mut found: Vec<(usize, Mover)> = NAMES
        .iter()
        .filter_map(|(name, mover)| Some((message.find(name)?, *mover)))
        .collect();
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, mover)| mover).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_whose_move_it_is() {
        use Mover::{ApplicationTeam, NamespaceOwner, PlatformTeam};
        let cases: [(&str, &[Mover]); 4] = [
            ("corp denied it. Platform team: grant it.", &[PlatformTeam]),
            (
                "no scope x. Platform team: provision it; application team: remove it.",
                &[PlatformTeam, ApplicationTeam],
            ),
            ("quota. Owner of the namespace: make room", &[NamespaceOwner]),
            ("Retried with growing pauses; the platform team knows.", &[]),
        ];
        for (message, expected) in cases {
            assert_eq!(named_in(message), expected, "{message}");
        }
    }
}
