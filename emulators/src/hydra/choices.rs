//! The values of the switches that only this server has.

use crate::choice;

choice! {
    /// Which release it is; a later one has what an earlier one has.
    Release {
        /// 1.x: `/clients` only, `limit` and `offset`, no lifespans.
        V1 = "v1",
        /// 2.x: `/admin/clients` and `/clients`, page tokens that hold an offset, as in 2.3.0.
        V2 = "v2",
        /// 26.2: the same, page tokens that hold the last id, more fields.
        V26 = "v26",
    }
}
choice! {
    /// The media type of JSON answers.
    ContentType {
        /// `application/json; charset=utf-8`.
        JsonUtf8 = "json_utf8",
        /// `application/json`.
        Json = "json",
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
        /// The same with a `request_id`.
        RequestId = "request_id",
        /// `{"error":{"code","status","message","reason"}}`, as other products of the vendor have it.
        Nested = "nested",
        /// An HTML page.
        Html = "html",
        /// Nothing.
        Empty = "empty",
        /// A sentence.
        Text = "text",
    }
}
choice! {
    /// What PUT, PATCH and PUT of lifespans answer.
    UpdateAnswer {
        /// The client as it is now.
        Client = "client",
        /// The client, but no field that the server filled in by itself.
        Sparse = "sparse",
        /// An empty object.
        EmptyObject = "empty_object",
        /// No body.
        Nothing = "nothing",
    }
}
choice! {
    /// How an answer writes a list that was never set.
    UnsetLists {
        /// `null` in the answers to POST and PUT, but for `audience` and `allowed_cors_origins`; `[]` in others.
        ByCall = "by_call",
        /// `[]`.
        Empty = "empty",
        /// `null`.
        Null = "null",
        /// Not at all.
        Absent = "absent",
    }
}
choice! {
    /// How an answer writes `metadata` and `jwks` that were never set.
    UnsetObjects {
        /// `{}`.
        Empty = "empty",
        /// `null`.
        Null = "null",
        /// Not at all.
        Absent = "absent",
    }
}
choice! {
    /// How an answer writes a lifespan that was never set.
    UnsetLifespans {
        /// `null`.
        Null = "null",
        /// Not at all.
        Absent = "absent",
        /// `"0s"`.
        Zero = "zero",
    }
}
choice! {
    /// How an answer writes a lifespan.
    LifespanForm {
        /// As Go writes durations: `1h0m0s`.
        Normal = "normal",
        /// As it was sent: `60m`.
        AsSent = "as_sent",
        /// As a number of seconds.
        Seconds = "seconds",
        /// As a number of nanoseconds.
        Nanoseconds = "nanoseconds",
        /// Not at all.
        Absent = "absent",
    }
}
choice! {
    /// The order of lists in a client's document.
    ArrayOrder {
        /// As they were given.
        AsGiven = "as_given",
        /// By name.
        Sorted = "sorted",
        /// Backwards.
        Reversed = "reversed",
    }
}
choice! {
    /// How `scope` is written in answers.
    ScopeText {
        /// As it was given.
        AsGiven = "as_given",
        /// The scopes backwards.
        Reversed = "reversed",
        /// With more blanks.
        Padded = "padded",
    }
}
choice! {
    /// Whether two ids are the same that differ in small and capital letters.
    IdCase {
        /// They are two.
        Sensitive = "sensitive",
        /// They are one, as some databases have it.
        Insensitive = "insensitive",
    }
}
choice! {
    /// A secret of more than 72 bytes.
    LongSecret {
        /// Is taken.
        Accepted = "accepted",
    }
}
choice! {
    /// Which media types PATCH takes; 415 otherwise.
    PatchType {
        /// Any.
        Any = "any",
        /// `application/json`, as its description says.
        Json = "json",
        /// `application/json-patch+json`, as RFC 6902 says.
        JsonPatch = "json_patch",
    }
}
choice! {
    /// What PATCH makes of a field that is removed.
    PatchRemove {
        /// It stays as it was.
        Kept = "kept",
        /// It is unset.
        Unset = "unset",
    }
}
choice! {
    /// PATCH, and PUT of lifespans, where a client has a `jwks_uri`.
    PatchJwksUri {
        /// Are done as for every other.
        Accepted = "accepted",
    }
}
choice! {
    /// A `page_size` that is asked for.
    PageSizeAsked {
        /// Counts, up to the most that there may be.
        Capped = "capped",
        /// Counts, and is refused with 400 beyond the most that there may be.
        Refused = "refused",
        /// Does not count.
        Ignored = "ignored",
    }
}
choice! {
    /// How the pages end.
    PagesEnd {
        /// The last one names no next one, but for an empty list of 1.x and 2.x.
        Ends = "ends",
        /// There is always a next one, and in the end it is empty.
        Endless = "endless",
        /// There is always a next one, and it is the first one again.
        Repeats = "repeats",
    }
}
choice! {
    /// How the address of a page is written.
    LinkForm {
        /// As a path, without what a proxy puts before it.
        Path = "path",
        /// As a whole address, as the caller wrote it.
        Absolute = "absolute",
        /// As a whole address of another host, where a proxy has not said how it is called.
        OtherOrigin = "other_origin",
        /// As a query only.
        Query = "query",
    }
}
choice! {
    /// A page token that is wrong.
    WrongPageToken {
        /// Gets the first page, as in 2.3.0.
        FirstPage = "first_page",
    }
}
choice! {
    /// The filters of the list.
    Filters {
        /// Count.
        Applied = "applied",
        /// Do not count.
        Ignored = "ignored",
    }
}
