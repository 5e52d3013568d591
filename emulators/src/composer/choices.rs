//! The values of the switches that only this server has.

use crate::choice;

choice! {
    /// Whether Trusted Access is switched on.
    TrustedAccess {
        /// It is.
        On = "on",
        /// 404 to everything, 401 where a token comes that was issued before.
        Off = "off",
    }
}
choice! {
    /// Whether the licence is good.
    Licence {
        /// It is.
        Valid = "valid",
        /// No tokens any more; clients are managed as before.
        Expired = "expired",
    }
}
choice! {
    /// Which release it is.
    Release {
        /// 7.5 or newer: `pull/tokens`, `push/tokens`, `tokens/<id>`.
        Recent = "since_7_5",
        /// Older: one call, `token`, and no other.
        Old = "before_7_5",
    }
}
choice! {
    /// What the user of the management API may do.
    Caller {
        /// Everything.
        Supervisor = "supervisor",
        /// No registration and no list: 403.
        TenantAdministrator = "tenant_administrator",
        /// Nothing: 403.
        User = "user",
    }
}
choice! {
    /// How the management API lets a caller in.
    Login {
        /// With Basic or with a session.
        Both = "both",
        /// With Basic only.
        Basic = "basic",
        /// With a session only.
        Session = "session",
    }
}
choice! {
    /// Which changes need a CSRF token.
    Csrf {
        /// Those in a session.
        Sessions = "sessions",
        /// All, with Basic too.
        Always = "always",
        /// None.
        Off = "off",
    }
}
choice! {
    /// Which media types a request with a body may have; 415 for the others.
    RequestType {
        /// The vendor's or `application/json`.
        VendorOrJson = "vendor_or_json",
        /// The vendor's, either version.
        Vendor = "vendor",
        /// The vendor's version 3.
        Version3 = "v3",
        /// `application/json`.
        Json = "json",
        /// Any and none.
        Any = "any",
    }
}
choice! {
    /// What a caller has to accept; 406 otherwise.
    Accept {
        /// Anything.
        Any = "any",
        /// One of the vendor's media types, by its name.
        Vendor = "vendor",
        /// `application/json`, by its name.
        Json = "json",
    }
}
choice! {
    /// What stands around the clients in the list.
    ClientList {
        /// `{"content":[…]}` for who accepts version 3, `[…]` for others.
        ByVersion = "by_version",
        /// `[…]`.
        Array = "array",
        /// `{"content":[…]}`.
        Content = "content",
        /// `{"data":[…]}`.
        Data = "data",
    }
}
choice! {
    /// The media type of JSON answers.
    ContentType {
        /// The vendor's, as it was accepted; else `application/json`.
        Vendor = "vendor",
        /// `application/json;charset=UTF-8`.
        Json = "json",
        /// `text/plain`.
        Text = "text",
        /// None at all.
        Absent = "absent",
    }
}
choice! {
    /// What `<id>` in a path is.
    Handle {
        /// The `client_id`; there is no other id.
        ClientId = "client_id",
        /// Another id, called `id`, and not the `client_id`.
        OtherId = "other_id",
        /// The `client_id`, although there is an `id` too.
        ClientIdOfTwo = "client_id_of_two",
        /// Either of the two.
        Either = "either",
    }
}
choice! {
    /// What the list and GET call the id.
    ReadId {
        /// `client_id`, beside `id` where there is one.
        ClientId = "client_id",
        /// `id`, and there is no `client_id`.
        Id = "id",
    }
}
choice! {
    /// What a registration answers.
    RegisterAnswer {
        /// The whole client.
        Client = "client",
        /// What the server chose, without name and validity.
        Generated = "generated",
        /// Id and secret.
        Pair = "pair",
    }
}
choice! {
    /// How `client_secret_expires_at` is written.
    SecretExpiresAt {
        /// In seconds since 1970, 0 for never.
        Epoch = "epoch",
        /// In milliseconds since 1970, 0 for never.
        Milliseconds = "milliseconds",
        /// In seconds from now, 0 for never.
        Duration = "duration",
        /// In seconds since 1970, `null` for never.
        Null = "null_for_never",
        /// Not at all.
        Absent = "absent",
    }
}
choice! {
    /// Which names are the same.
    NameCase {
        /// Equal ones only.
        Exact = "exact",
        /// Those too that differ in upper and lower case only.
        Fold = "fold",
    }
}
choice! {
    /// A validity that is longer than the limit.
    ValidityExcess {
        /// Is cut down to it.
        Cap = "cap",
    }
}
choice! {
    /// A client of which nobody said for which accounts it is.
    AccountScope {
        /// Gets tokens for users of all accounts.
        Everywhere = "everywhere",
    }
}
choice! {
    /// What a token request may look like; 415 for the others.
    TokenRequest {
        /// JSON of any media type, or a form.
        Any = "any",
        /// JSON.
        Json = "json",
        /// A form.
        Form = "form",
    }
}
choice! {
    /// The account in a pull.
    PullAccount {
        /// May be there.
        Optional = "optional",
        /// Has to be there.
        Required = "required",
    }
}
choice! {
    /// A token for a user that is not there.
    UnknownUser {
        /// Is issued, and the user is there from then on, as with LDAP.
        Provision = "provision",
    }
}
choice! {
    /// A token for a supervisor.
    Supervisor {
        /// Is issued.
        Issued = "issued",
    }
}
choice! {
    /// What a token request answers.
    TokenAnswer {
        /// `{"access_token","token_type","expires_in"}`.
        OAuth = "oauth",
        /// `{"accessToken","tokenType","expiresIn"}`.
        Camel = "camel",
        /// `{"token"}`.
        Token = "token",
        /// The token as it is, in `text/plain`.
        Text = "text",
    }
}
choice! {
    /// What a token is called when it is revoked.
    TokenId {
        /// By itself.
        Token = "token",
        /// By the `token_id` of the answer.
        TokenId = "token_id",
        /// By the `id` of the answer.
        Id = "id",
        /// By the `jti` of the answer.
        Jti = "jti",
    }
}
