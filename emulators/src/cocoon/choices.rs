//! The values of the switches that only this server has.

use crate::choice;

choice! {
    /// In which header a client authenticates at the token endpoint.
    TokenHeader {
        /// In `Authorization`.
        Authorization = "authorization",
        /// In `Authentication`, as the documentation spells it.
        Authentication = "authentication",
        /// In either.
        Either = "either",
    }
}
choice! {
    /// What becomes of a refresh token that is used.
    RefreshUse {
        /// It comes again, and stays good.
        Same = "same",
        /// Another one comes, and it is good no more.
        New = "new",
        /// It stays good, and the answer has none.
        NotShown = "not_shown",
    }
}
choice! {
    /// Who needs a second factor.
    TwoFactor {
        /// Users who have one.
        ByUser = "by_user",
        /// Everybody.
        Everybody = "everybody",
    }
}
choice! {
    /// How a token says that it is restricted until the second factor came.
    RestrictedMark {
        /// By its scope: `{"scope":"restricted"}`.
        Scope = "scope",
        /// By a field: `{"mfaRequired":true}`.
        Field = "field",
        /// Not at all.
        Absent = "absent",
    }
}
choice! {
    /// What users may do who are no administrators.
    Rights {
        /// Nothing.
        Administrators = "administrators",
        /// Read.
        EverybodyReads = "everybody_reads",
    }
}
choice! {
    /// The body is not declared as `application/json`.
    RequestType {
        /// It is read nevertheless.
        Any = "any",
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
    /// What a `clientInfoId` is.
    InfoId {
        /// A number.
        Number = "number",
        /// A number, written as text.
        Text = "text",
        /// A UUID.
        Uuid = "uuid",
    }
}
choice! {
    /// What a registration answers.
    RegisterAnswer {
        /// The app.
        App = "app",
        /// Both ids.
        Ids = "ids",
        /// The app, but not its `clientInfoId`.
        WithoutInfoId = "without_info_id",
        /// No body; the address of the app in `Location`.
        Location = "location",
        /// No body.
        Nothing = "nothing",
    }
}
choice! {
    /// What the answer to a registration or a change shows of the secret.
    ChangeSecret {
        /// The field is missing.
        Absent = "absent",
        /// The secret.
        Shown = "shown",
        /// The secret in the answer to a registration, and no such field in others.
        AtRegistration = "at_registration",
        /// Asterisks.
        Masked = "masked",
        /// `null`.
        Null = "null",
    }
}
choice! {
    /// What the list shows of an app.
    ListFields {
        /// What GET shows.
        Full = "full",
        /// Its ids, its name and whether it is enabled.
        Brief = "brief",
    }
}
choice! {
    /// A name of an app that is taken.
    AppName {
        /// May be taken twice.
        Allowed = "allowed",
    }
}
choice! {
    /// How a request may write grant types; 400 otherwise.
    GrantsTaken {
        /// As an array, or as text with commas.
        Either = "either",
        /// As an array.
        Array = "array",
        /// As text with commas.
        Text = "text",
    }
}
choice! {
    /// How an answer writes a list.
    ListText {
        /// As an array.
        Array = "array",
        /// As text with commas.
        Comma = "comma",
        /// As text with commas and blanks.
        CommaBlank = "comma_blank",
    }
}
choice! {
    /// The order of grant types in answers.
    GrantsOrder {
        /// As they were given.
        AsGiven = "as_given",
        /// By name.
        Sorted = "sorted",
        /// Backwards.
        Reversed = "reversed",
    }
}
choice! {
    /// How an answer writes what is not set.
    Unset {
        /// As an empty list, or 0.
        Empty = "empty",
        /// As `null`.
        Null = "null",
        /// Not at all.
        Absent = "absent",
    }
}
choice! {
    /// When a registration has to name the validity of refresh tokens.
    RefreshValidity {
        /// With the grant type `refresh_token`.
        WithRefreshToken = "with_refresh_token",
        /// Always, as in 2.16.
        Always = "always",
    }
}
choice! {
    /// A validity of refresh tokens that is not greater than that of access tokens.
    ShortRefresh {
        /// Is taken.
        Accepted = "accepted",
        /// Becomes one second more than that of access tokens.
        Raised = "raised",
    }
}
choice! {
    /// `refresh_token` beside `implicit`.
    ImplicitWithRefresh {
        /// Is taken.
        Accepted = "accepted",
        /// Is dropped.
        Dropped = "dropped",
    }
}
choice! {
    /// A grant type with redirects, and no redirect URI.
    NoRedirects {
        /// Is taken.
        Accepted = "accepted",
    }
}
choice! {
    /// What PUT does about fields that are left out.
    Omitted {
        /// They stay as they are.
        Kept = "kept",
        /// Redirect URIs and the validity of refresh tokens are removed.
        Reset = "reset",
        /// The secret is removed as well, and nothing authenticates any more.
        ResetSecret = "reset_secret",
    }
}
choice! {
    /// What PUT `/enable` does.
    Enable {
        /// Enables what is disabled and disables what is enabled.
        Toggles = "toggles",
        /// Enables.
        Enables = "enables",
    }
}
choice! {
    /// Where `enabled` is shown.
    EnabledShown {
        /// Wherever an app is.
        Always = "always",
        /// In GET of one only.
        GetOnly = "get_only",
        /// Nowhere.
        Never = "never",
    }
}
choice! {
    /// How yes and no are written.
    Booleans {
        /// As `true` and `false`.
        Boolean = "boolean",
        /// As `"true"` and `"false"`.
        Text = "text",
        /// As 1 and 0.
        Number = "number",
    }
}
