//! The values of the switches that only this server has.

use crate::choice;

choice! {
    /// The `errorCode` of a 404.
    AbsentCode {
        /// `inexistent_client`, `inexistent_client_grant`, …
        Inexistent = "inexistent",
        /// `not_found`.
        NotFound = "not_found",
        /// None, even where others have one.
        Absent = "absent",
    }
}
choice! {
    /// Which scopes a PATCH of a client needs.
    PatchScopes {
        /// `update:client_keys` for the secret, `update:client_credentials` for the authentication methods,
        /// `update:clients` for the rest.
        PerField = "per_field",
        /// Any of them for all.
        Any = "any",
    }
}
choice! {
    /// Who sees the secret in the answer to a registration, a rotation or a change.
    ChangeSecret {
        /// Who may read it.
        ByScope = "by_scope",
        /// Who may make the call.
        Always = "always",
    }
}
choice! {
    /// What a client is that was registered without `token_endpoint_auth_method`.
    AuthMethodDefault {
        /// One with a secret; no method is shown.
        NotShown = "not_shown",
        /// One with a secret; `client_secret_post` is shown.
        Post = "client_secret_post",
        /// A public one, `none`, and so without `client_credentials`.
        None = "none",
    }
}
choice! {
    /// One of `token_endpoint_auth_method` and `client_authentication_methods` is set while there is the other.
    MethodsConflict {
        /// The other is removed.
        Replaces = "replaces",
    }
}
choice! {
    /// `private_key_jwt` with an empty list of credentials.
    AttachNone {
        /// Is accepted; nobody can authenticate.
        Accepted = "accepted",
    }
}
choice! {
    /// `private_key_jwt` beside a `jwt_configuration.alg` that is neither RS256 nor PS256.
    KeyAlg {
        /// Is accepted.
        Accepted = "accepted",
    }
}
choice! {
    /// The secret of a client on `private_key_jwt`.
    SecretWithKeys {
        /// Is absent from answers.
        Absent = "absent",
        /// Is shown.
        Shown = "shown",
    }
}
choice! {
    /// The secret of a client that returns from `private_key_jwt`.
    SecretAfterKeys {
        /// The one it had.
        Same = "same",
        /// Another one.
        New = "new",
    }
}
choice! {
    /// The tenant's global client in the list.
    GlobalShown {
        /// Comes last.
        Last = "last",
        /// Comes first.
        First = "first",
        /// Does not come.
        Absent = "absent",
    }
}
choice! {
    /// Where a client shows `tenant` and `global`.
    TenantShown {
        /// In the list.
        InList = "in_list",
        /// In every answer.
        Always = "always",
    }
}
choice! {
    /// What stands around the items of a list that comes by pages.
    TotalsShape {
        /// An object with totals where `include_totals` asks for it, else nothing.
        AsAsked = "as_asked",
        /// Nothing, ever.
        Array = "array",
        /// Always an object with totals.
        Object = "object",
    }
}
choice! {
    /// A page beyond the first 1000 items.
    OffsetCap {
        /// Comes.
        Served = "served",
        /// Is empty.
        Empty = "empty",
    }
}
choice! {
    /// The end of a list by checkpoint.
    LastPage {
        /// The last page has no `next`.
        NoNext = "no_next",
        /// The last page has a `next`, and an empty page without one follows.
        EmptyFollows = "empty_follows",
        /// The `next` of the last page is `null`.
        Null = "null",
        /// The `next` of the last page is the empty text.
        EmptyText = "empty_text",
    }
}
choice! {
    /// A list that is asked for by page and by checkpoint.
    BothPagings {
        /// By checkpoint.
        Checkpoint = "checkpoint",
        /// By page.
        Page = "page",
    }
}
choice! {
    /// What stands around the credentials of a client.
    CredentialList {
        /// Nothing, whatever is asked for.
        Array = "array",
        /// An object with totals where they are asked for.
        AsAsked = "as_asked",
    }
}
choice! {
    /// How a credential without an end writes `expires_at`.
    ExpiresUnset {
        /// Not at all.
        Absent = "absent",
        /// As `null` in the list.
        NullInList = "null_in_list",
        /// As `null`.
        Null = "null",
    }
}
choice! {
    /// The grants of a client that is deleted.
    GrantsOfDeleted {
        /// Go with it.
        Removed = "removed",
        /// Stay.
        Kept = "kept",
    }
}
choice! {
    /// What a client needs for tokens of an API that names no policy.
    ClientPolicy {
        /// A grant.
        Grant = "require_client_grant",
        /// Nothing; it gets all scopes.
        AllowAll = "allow_all",
        /// It gets none.
        DenyAll = "deny_all",
    }
}
choice! {
    /// In which ways a client can give its secret.
    TokenAuth {
        /// In the body and by Basic, whatever it is registered with.
        Any = "any",
        /// As it is registered; both where no method is.
        AsRegistered = "as_registered",
    }
}
choice! {
    /// The scope of a token.
    TokenScope {
        /// All that is granted.
        Granted = "granted",
        /// What is asked for of it; all where nothing is.
        Narrowed = "narrowed",
    }
}
choice! {
    /// The error for a secret that is wrong.
    WrongSecret {
        /// `access_denied`, `Unauthorized`.
        AccessDenied = "access_denied",
        /// `invalid_client`.
        InvalidClient = "invalid_client",
    }
}
choice! {
    /// A token request without an audience.
    NoAudience {
        /// Gets a token that is good for nothing here.
        Opaque = "opaque",
    }
}
choice! {
    /// Which audience an assertion may be for.
    AssertionAudience {
        /// The tenant or its token endpoint.
        Either = "either",
        /// The tenant, with a slash at the end.
        Tenant = "tenant",
    }
}
choice! {
    /// An assertion that was used before.
    Replay {
        /// Is good again.
        Accepted = "accepted",
    }
}
choice! {
    /// Which secrets are good while a change has not spread.
    Spread {
        /// The old one and the new one.
        Either = "either",
        /// The old one.
        OldFirst = "old_first",
        /// One of them, the old one and the new one in turn, from request to request.
        InTurn = "in_turn",
    }
}
choice! {
    /// The subscription, which sets the rate limits.
    Plan {
        /// None of Auth0's: no limits.
        Unlimited = "unlimited",
        /// 2 a second, burst 2; 30 token requests a second.
        Free = "free",
        /// Reading clients 100 a minute, burst 5, the rest 150 a minute, burst 10; 25 token requests a second.
        SelfService = "self_service",
        /// 16 a second, burst 50; 100 token requests a second.
        Enterprise = "enterprise",
        /// 2 a second, burst 10; 100 token requests a second.
        EnterpriseNonProduction = "enterprise_non_production",
        /// As `rate_per_second`, `rate_burst` and `token_rate` say.
        Custom = "custom",
    }
}
choice! {
    /// How used-up requests come back.
    Refill {
        /// Steadily, by milliseconds.
        Steady = "steady",
        /// All of a second at once, at its end.
        BySecond = "by_second",
    }
}
choice! {
    /// What `x-ratelimit-reset` tells.
    RateReset {
        /// When one more request passes.
        Next = "next",
        /// When the whole burst is there again.
        Full = "full",
    }
}
choice! {
    /// `Retry-After` of a 429.
    RetryAfter {
        /// Does not come.
        Absent = "absent",
        /// In seconds.
        Seconds = "seconds",
        /// As an HTTP date.
        Date = "date",
    }
}
choice! {
    /// The answer to too many token requests.
    TokenLimit {
        /// 429, `too_many_requests`, `Client quota exceeded`.
        Quota = "quota_429",
        /// 429, `Rate limit reached`, `Access Denied`.
        Denied = "denied_429",
        /// 500, `access_denied`, `Global limit has been reached`.
        ServerError = "denied_500",
    }
}
