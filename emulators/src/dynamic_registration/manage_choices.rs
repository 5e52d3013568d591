//! The values of the switches for the management of clients: RFC 7592.

use crate::choice;

choice! {
    /// What an answer says of the management of a client.
    Management {
        /// Address and token.
        Full = "full",
        /// Nothing: there is no management.
        None = "none",
        /// The token only.
        TokenOnly = "token_only",
        /// The address only.
        UriOnly = "uri_only",
    }
}
choice! {
    /// What a `registration_client_uri` looks like.
    UriForm {
        /// The registration endpoint, a slash and the client's id.
        Path = "path",
        /// The registration endpoint with the client's id in the query.
        Query = "query",
        /// Another path, with a handle that is not the client's id.
        OtherPath = "other_path",
        /// A path only, without scheme and host.
        Relative = "relative",
        /// An address at another host.
        OtherOrigin = "other_origin",
    }
}
choice! {
    /// What becomes of a registration access token that comes for a client that is not its own.
    ForeignRat {
        /// Nothing.
        Kept = "kept",
        /// It is destroyed when there is no such client, as RFC 7592 recommends.
        DestroyedIfUnknown = "destroyed_if_unknown",
        /// It is destroyed.
        Destroyed = "destroyed",
    }
}
choice! {
    /// What GET does to the registration access token.
    RatOnGet {
        /// Nothing.
        Keep = "keep",
        /// A new one replaces it.
        New = "new",
        /// It is written anew: another text, and both work.
        Resigned = "resigned",
    }
}
choice! {
    /// What PUT does to the registration access token.
    RatOnPut {
        /// Nothing.
        Keep = "keep",
        /// A new one replaces it.
        New = "new",
    }
}
choice! {
    /// Whether a credential is in an answer.
    Returned {
        /// It is.
        Always = "always",
        /// When it is a new one.
        Changed = "changed",
        /// It is not.
        Never = "never",
    }
}
choice! {
    /// When a registration access token ends that was replaced.
    OldRat {
        /// Before the answer with the new one is sent.
        AtOnce = "at_once",
        /// When the new one is used for the first time.
        AtFirstUse = "at_first_use",
    }
}
choice! {
    /// What a registration access token looks like.
    RatForm {
        /// Some random characters.
        Opaque = "opaque",
        /// A signed token of several hundred.
        Jwt = "jwt",
    }
}
choice! {
    /// What GET does to the secret.
    SecretOnGet {
        /// Nothing.
        Keep = "keep",
        /// A new one replaces it.
        New = "new",
    }
}
choice! {
    /// What PUT does to the secret.
    SecretOnPut {
        /// Nothing.
        Keep = "keep",
        /// A new one replaces it.
        New = "new",
        /// A new one replaces it when it has expired.
        NewIfExpired = "new_if_expired",
    }
}
choice! {
    /// The current secret in a PUT.
    SecretInPut {
        /// May be there.
        Optional = "optional",
        /// Has to be there.
        Demanded = "demanded",
    }
}
choice! {
    /// Metadata that a PUT leaves out.
    OmittedInPut {
        /// Are removed, or get their default.
        Removed = "removed",
        /// Stay as they are.
        Kept = "kept",
    }
}
