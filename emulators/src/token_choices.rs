//! The values of token endpoints' switches.

use crate::choice;

choice! {
    /// How a client authenticates at the token endpoint.
    TokenClientAuth {
        /// By Basic or in the body.
        Both = "both",
        /// By Basic only.
        Basic = "basic",
        /// In the body only.
        Body = "body",
    }
}
choice! {
    /// How id and secret are read from Basic.
    BasicDecoding {
        /// As they are, or form-decoded: whichever fits.
        Either = "either",
        /// As they are.
        Plain = "plain",
        /// Form-decoded, as RFC 6749 section 2.3.1 says.
        Form = "form",
    }
}
choice! {
    /// The status of a refusal by the token endpoint.
    TokenErrorStatus {
        /// 401 for `invalid_client`, 400 for the rest.
        Standard = "standard",
    }
}
choice! {
    /// The body of a refusal by the token endpoint.
    TokenErrorBody {
        /// `{"error","error_description"}`.
        OAuth = "oauth",
        /// `{"timestamp","status","error","message","path"}`.
        Framework = "framework",
        /// An HTML page.
        Html = "html",
        /// Nothing.
        Empty = "empty",
        /// A sentence.
        Text = "text",
    }
}
choice! {
    /// A token request that names no scope.
    TokenScopeOmitted {
        /// Gets all that the client has.
        All = "all",
        /// Gets none.
        None = "none",
    }
}
choice! {
    /// A token request that names more than the client has.
    TokenScopeExcess {
        /// Gets what the client has of it.
        Narrow = "narrow",
    }
}
choice! {
    /// How `expires_in` is written.
    ExpiresIn {
        /// As a number.
        Number = "number",
        /// As a string of digits.
        Text = "text",
        /// Not at all.
        Absent = "absent",
    }
}
choice! {
    /// How `token_type` is written.
    TokenType {
        /// As RFC 6750 writes it.
        Capital = "Bearer",
        /// In small letters.
        Small = "bearer",
        /// In capitals.
        Upper = "BEARER",
    }
}
