//! The values of the switches for discovery, registration and the way in which answers are written.

use crate::choice;

choice! {
    /// A call that a server may offer or not.
    Feature {
        /// It does.
        Offered = "offered",
    }
}
choice! {
    /// Which discovery documents there are.
    Discovery {
        /// OpenID Connect Discovery's and RFC 8414's.
        Both = "both",
        /// `openid-configuration` only.
        OpenId = "openid",
        /// `oauth-authorization-server` only.
        OAuth = "oauth",
        /// None.
        None = "none",
    }
}
choice! {
    /// Where the documents of an issuer with a path are.
    DiscoveryForm {
        /// OpenID's behind the path, RFC 8414's with the path behind the well-known part.
        Standard = "standard",
        /// Both in both places.
        All = "all",
        /// Both with the path behind the well-known part.
        Insert = "insert",
        /// Both behind the path.
        Append = "append",
    }
}
choice! {
    /// What a discovery document says its issuer is.
    IssuerValue {
        /// What was asked for.
        Right = "right",
        /// The same with a slash at the end.
        TrailingSlash = "trailing_slash",
        /// Another one.
        Other = "other",
        /// Nothing.
        Absent = "absent",
    }
}
choice! {
    /// How much a discovery document says.
    DiscoveryFields {
        /// All that is known.
        Full = "full",
        /// What is required, and the endpoints.
        Required = "required",
    }
}
choice! {
    /// How the registration endpoint is written in a discovery document.
    RegistrationEndpoint {
        /// As its address.
        Shown = "shown",
        /// Not at all.
        Absent = "absent",
        /// As a path only.
        Relative = "relative",
        /// As an address at another host.
        OtherOrigin = "other_origin",
    }
}
choice! {
    /// The secret in the answer to a registration.
    RegisterSecret {
        /// Is there for every confidential client.
        Shown = "shown",
        /// Is never there.
        Absent = "absent",
        /// Is an empty string.
        Empty = "empty",
    }
}
choice! {
    /// `redirect_uris` and `response_types` of a client that needs no redirect.
    BareLists {
        /// May be left out.
        Optional = "optional",
        /// Have to be there, be they empty.
        Required = "required",
    }
}
choice! {
    /// Which redirect URIs are accepted.
    RedirectPolicy {
        /// Every one that is absolute and has no fragment.
        Any = "any",
        /// Those with https only.
        Https = "https",
        /// None.
        None = "none",
    }
}
choice! {
    /// A client is to have a scope that the server does not know.
    UnknownScope {
        /// It gets it.
        Accept = "accept",
        /// It gets the others only.
        Drop = "drop",
    }
}
choice! {
    /// A client names no scope.
    ScopeOmitted {
        /// It has none.
        None = "none",
        /// It gets all that the server knows.
        All = "all",
    }
}
choice! {
    /// Metadata that the server does not know.
    UnknownMetadata {
        /// Is ignored.
        Ignore = "ignore",
        /// Is registered and shown.
        Keep = "keep",
    }
}
choice! {
    /// The authentication method that a client gets.
    AuthMethod {
        /// The one that it asks for.
        AsAsked = "as_asked",
        /// `client_secret_basic`, whatever it asks for.
        Basic = "client_secret_basic",
        /// `client_secret_post`, whatever it asks for.
        Post = "client_secret_post",
    }
}
choice! {
    /// The scope that a client gets.
    ScopeGranted {
        /// The one that it asks for.
        AsAsked = "as_asked",
        /// The last one is left out.
        OneLess = "one_less",
        /// None.
        None = "none",
        /// All that the server knows.
        All = "all",
    }
}
choice! {
    /// The order of lists in answers.
    ArrayOrder {
        /// As registered.
        AsGiven = "as_given",
        /// Alphabetical.
        Sorted = "sorted",
        /// The other way round.
        Reversed = "reversed",
    }
}
choice! {
    /// How scopes are written in answers.
    ScopeText {
        /// As registered.
        AsGiven = "as_given",
        /// The other way round.
        Reversed = "reversed",
        /// With additional blanks in between and around.
        Padded = "padded",
        /// Not at all.
        Absent = "absent",
    }
}
choice! {
    /// Standard metadata that a client does not have.
    UnsetFields {
        /// Are left out of answers.
        Absent = "absent",
        /// Are `null`.
        Null = "null",
    }
}
choice! {
    /// How numbers are written in answers.
    Numbers {
        /// As integers.
        Integer = "integer",
        /// As strings of digits.
        Text = "text",
        /// With a fraction, as floating point numbers are.
        Fraction = "fraction",
    }
}
choice! {
    /// How `client_secret_expires_at` is written.
    SecretExpiresAt {
        /// In seconds, 0 for never.
        Standard = "standard",
        /// As a string of digits.
        Text = "text",
        /// As -1.
        Negative = "negative",
        /// In milliseconds.
        Milliseconds = "milliseconds",
        /// As `null`.
        Null = "null",
        /// Not at all.
        Absent = "absent",
    }
}
choice! {
    /// The media type of JSON answers.
    ContentType {
        /// `application/json`.
        Json = "json",
        /// `application/json;charset=UTF-8`.
        JsonUtf8 = "json_utf8",
        /// `text/plain`.
        Text = "text",
        /// None at all.
        Absent = "absent",
    }
}
choice! {
    /// The body of a refusal.
    ErrorBody {
        /// `{"error","error_description"}`.
        OAuth = "oauth",
        /// `{"error"}`.
        CodeOnly = "code_only",
        /// `application/problem+json`.
        Problem = "problem",
        /// An HTML page.
        Html = "html",
        /// Nothing.
        Empty = "empty",
    }
}
choice! {
    /// The answer to a wrong bearer token or none.
    Unauthorized {
        /// 401 with `WWW-Authenticate`.
        Challenge = "challenge",
        /// 401 without.
        Bare = "bare_401",
        /// 403.
        Forbidden = "forbidden",
    }
}
choice! {
    /// A request whose `Accept` does not name `application/json`.
    Accept {
        /// Is answered like any other.
        Ignored = "ignored",
        /// Is refused with a page, where it is refused.
        HtmlErrors = "html_errors",
    }
}
choice! {
    /// A body that is not declared as `application/json`.
    RequestType {
        /// Is read nevertheless.
        Any = "any",
    }
}
choice! {
    /// How a client may authenticate at the token endpoint.
    TokenAuth {
        /// In the way that it is registered with.
        Registered = "registered",
        /// By Basic or in the body, whatever it is registered with.
        Any = "any",
    }
}
