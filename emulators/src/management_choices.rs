//! The values of switches that several management APIs share.

use crate::choice;

choice! {
    /// A call that a server may offer or not.
    Feature {
        /// It does.
        Offered = "offered",
    }
}
choice! {
    /// A client is registered under a name or an id that is taken.
    Duplicate {
        /// The client that is there is answered, unchanged.
        Keep = "keep",
        /// The client that is there is made to what was asked for.
        Overwrite = "overwrite",
        /// There are two of them from then on.
        Second = "second",
    }
}
choice! {
    /// What must not be used twice, once its client was deleted.
    Freed {
        /// Is free again.
        Free = "free",
        /// Stays taken.
        Taken = "taken",
    }
}
choice! {
    /// GET of a client that is not there.
    GetAbsent {
        /// 200 and `null`.
        Null = "200_null",
        /// 200 and `{}`.
        EmptyObject = "200_empty_object",
        /// 200 without a body.
        EmptyBody = "200_empty_body",
    }
}
choice! {
    /// DELETE of a client that is not there.
    DeleteAbsent {
        /// Is answered as if it had been there.
        Success = "success",
    }
}
choice! {
    /// A field that may be sent without being meant to be.
    Field {
        /// Is taken as it is sent.
        Applied = "applied",
        /// Is ignored.
        Ignored = "ignored",
    }
}
choice! {
    /// A field in a request that is not documented.
    RequestFields {
        /// Is ignored.
        Ignore = "ignore",
    }
}
choice! {
    /// What a change answers.
    ChangeAnswer {
        /// The client as it is now.
        Client = "client",
        /// An empty object.
        EmptyObject = "empty_object",
        /// No body.
        Nothing = "nothing",
    }
}
choice! {
    /// What an answer shows of a secret.
    ReadSecret {
        /// The field is missing.
        Absent = "absent",
        /// The secret, in the list and in GET.
        Shown = "shown",
        /// The secret in GET, and no such field in the list.
        NotInList = "not_in_list",
        /// Asterisks.
        Masked = "masked",
        /// A BCrypt hash.
        Hash = "hash",
        /// `null`.
        Null = "null",
    }
}
choice! {
    /// The order of a list.
    ListOrder {
        /// Oldest first.
        Insertion = "insertion",
        /// By name.
        Name = "name",
        /// Newest first.
        Reverse = "reverse",
        /// Another one each time.
        Random = "random",
    }
}
choice! {
    /// What stands around the items of a list.
    ListShape {
        /// Nothing: `[…]`.
        Array = "array",
        /// `{"content":[…]}`.
        Content = "content",
        /// `{"data":[…]}`.
        Data = "data",
    }
}
choice! {
    /// In what pieces a list comes.
    Paging {
        /// In one.
        None = "none",
        /// The first page only, and no word about more.
        Cut = "cut",
        /// In pages that are asked for with `page`, from 0, and `size`.
        Page = "page",
        /// In pages that are asked for with `offset` and `limit`.
        Offset = "offset",
        /// In pages that name the next one, in the body and in `Link`.
        Next = "next",
        /// The same, but there is always a next one, and in the end it is empty.
        Endless = "endless",
        /// The same, but whichever is asked for, the first one comes.
        Repeats = "repeats",
    }
}
choice! {
    /// How numbers are written.
    Numbers {
        /// As integers.
        Integer = "integer",
        /// As strings of digits.
        Text = "text",
        /// With a fraction.
        Fraction = "fraction",
    }
}
choice! {
    /// The body of a refusal.
    ErrorBody {
        /// `{"error","details"}`.
        Details = "details",
        /// `{"timestamp","status","error","message","path"}`.
        Framework = "framework",
        /// `{"error","error_description"}`.
        OAuth = "oauth",
        /// `{"message"}`.
        Message = "message",
        /// A JSON string.
        JsonString = "json_string",
        /// An HTML page.
        Html = "html",
        /// Nothing.
        Empty = "empty",
        /// A sentence.
        Text = "text",
    }
}
choice! {
    /// The answer to a credential that is wrong, has ended or did not come.
    Unauthorized {
        /// 401 with `WWW-Authenticate`.
        Challenge = "challenge",
        /// 401 without.
        Bare = "bare_401",
        /// 403.
        Forbidden = "forbidden",
        /// 200 with an HTML form.
        LoginPage = "login_page",
        /// 302 to `/login`.
        LoginRedirect = "login_redirect",
    }
}
