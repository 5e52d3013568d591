//! Condition types and reasons, as closed sets: a string that is not here is not shown.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest message of a condition that the schema takes.
pub const MESSAGE_MAX: usize = 4096;
/// Longest other text of a status that the schema takes.
pub const STATUS_TEXT_MAX: usize = 1024;
/// Longest list of a status that the schema takes.
pub const STATUS_LIST_MAX: usize = 256;
/// `lastTransitionTime` of the condition that a new object has by default: nothing has happened yet.
pub const LAST_TRANSITION_NEVER: &str = "1970-01-01T00:00:00Z";
/// Message of the condition that a new object has by default.
pub const PENDING_MESSAGE: &str = "Waiting for the operator.";

/// A closed set of words: `as_str`, `meaning`, `Display`, `ALL`, `parse`.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])+ $variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word as it stands in status, Events and metrics.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)+
                }
            }

            /// What the word says, as one sentence for the documentation and for `explain`.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim(),)+
                }
            }

            /// The value of a word, if it is one of ours.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// `status` of a condition.
    ConditionStatus {
        /// The condition holds.
        True,
        /// It does not hold.
        False,
        /// Nobody knows, or it cannot be known.
        Unknown,
    }
}

words! {
    /// Condition types of an OAuthClient.
    ClientCondition {
        /// A usable credential is published and matches the spec.
        Ready,
        /// The server exists and its rules allow this client.
        Accepted,
        /// The client is registered at the server as the spec says.
        Registered,
        /// The Secret holds the credential in effect.
        SecretPublished,
        /// A token request with the published credential succeeded. Unknown where none is possible; never lowers Ready.
        Verified,
        /// A rotation is going on, or what became of the last one. Neutral: Ready stays True.
        Rotating,
        /// A person must act. Present only when True.
        Stalled,
    }
}

words! {
    /// Reasons of an OAuthClient's conditions.
    ClientReason {
        /// Ready: the operator has not looked yet.
        Pending,
        /// Ready: work is going on.
        Reconciling,
        /// Ready: the server is not ready, or not there yet.
        WaitingForServer,
        /// Ready: the Secret of `clientSecretRef` is not there, lacks the key or the label.
        WaitingForSecret,
        /// Ready: `suspend` is set here or on the server, and there is work that waits for it.
        Suspended,
        /// Ready: all is as the spec says.
        Ready,
        /// Accepted: a rule of the server fits.
        Accepted,
        /// Accepted: no server of that kind and name.
        ServerNotFound,
        /// Accepted: no rule of the server selects this namespace.
        NamespaceNotAllowed,
        /// Accepted: no rule of the server allows all that the spec asks for.
        NotAllowedByPolicy,
        /// Accepted: the provider cannot honour a field.
        FieldNotSupported,
        /// Registered: the client exists as the spec says.
        Registered,
        /// Registered: the name or client id belongs to a client that is not ours.
        NameTaken,
        /// Registered: the server refused the operator's credential or the request.
        ServerDenied,
        /// Registered: the server or a rule allows no more clients.
        QuotaReached,
        /// Registered: a call may or may not have reached the server, and it cannot be found out.
        OutcomeUnknown,
        /// Registered: a scope that the spec asks for does not exist at the server.
        ScopeNotFound,
        /// Registered: the server took the request and did something else.
        NotHonoured,
        /// Registered: the server's address changed and nobody acknowledged it.
        ServerMoved,
        /// Registered: the client can no longer be managed; an administrator must discharge it.
        Unmanageable,
        /// SecretPublished: the Secret holds the credential.
        Published,
        /// SecretPublished: a Secret of that name exists and is not ours.
        SecretNameTaken,
        /// SecretPublished, Stalled: the API server refused to let the operator write, or read, what it has to.
        WriteDenied,
        /// Verified: a token was issued.
        TokenIssued,
        /// Verified: the server refused the published credential.
        Rejected,
        /// Verified: the token endpoint could not be asked.
        NotVerified,
        /// Verified: the server gives no way to try.
        NotSupported,
        /// Rotating: the previous credential still works.
        Overlap,
        /// Rotating: the last rotation is complete.
        Completed,
        /// Rotating: the last rotation failed; the credential before it is in effect.
        Failed,
        /// Rotating: what the spec demands of a rotation the server cannot do.
        NotPossible,
    }
}

words! {
    /// Condition types of both server kinds.
    ServerCondition {
        /// Clients can be registered here.
        Ready,
        /// The management API answers.
        Reachable,
        /// The management API takes the operator's credential.
        Authenticated,
        /// More deletions at once than `deletion.maxBurst`: they wait for a person.
        DeletionsHeld,
    }
}

words! {
    /// Reasons of a server's conditions.
    ServerReason {
        /// Ready: the operator has not looked yet.
        Pending,
        /// Ready: clients can be registered.
        Ready,
        /// Ready: `suspend` is set.
        Suspended,
        /// Ready, Reachable: no answer.
        Unreachable,
        /// Ready, Authenticated: the credential was refused, or lacks a right.
        ServerDenied,
        /// Ready, Authenticated: the Secret or a key of it is not there.
        CredentialMissing,
        /// Ready, Authenticated: the Secret lacks the label that allows its use.
        CredentialNotLabelled,
        /// Ready, Reachable: the address is one that the operator refuses to call.
        AddressNotAllowed,
        /// Ready: the server object makes no sense.
        InvalidConfiguration,
        /// Ready: this build has no adapter for the provider.
        ProviderNotAvailable,
        /// Ready: the address changed and `formerURLs` does not name the old one.
        AddressChanged,
        /// Reachable: the management API answered.
        Reachable,
        /// Authenticated: the credential was accepted.
        Authenticated,
        /// DeletionsHeld: deletions wait to be released.
        BurstExceeded,
        /// DeletionsHeld: nothing is held.
        NoneHeld,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back() {
        for reason in ClientReason::ALL {
            assert_eq!(ClientReason::parse(reason.as_str()), Some(*reason));
        }
        for reason in ServerReason::ALL {
            assert_eq!(ServerReason::parse(reason.as_str()), Some(*reason));
        }
        assert_eq!(ClientCondition::parse("Unheard"), None);
        assert_eq!(
            ClientReason::NameTaken.meaning(),
            "Registered: the name or client id belongs to a client that is not ours."
        );
        assert_eq!(ServerCondition::DeletionsHeld.to_string(), "DeletionsHeld");
    }
}
