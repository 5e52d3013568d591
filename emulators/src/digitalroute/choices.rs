//! The values of the switches: what the server might do where its documentation says nothing.

use crate::choice;
pub use crate::random::Alphabet;

choice! {
    /// A second POST with a name that is taken.
    DuplicateRegister {
        /// The client gets a new pair and the new scope.
        Overwrite = "overwrite",
        /// The client that is there is answered, unchanged.
        Keep = "keep",
        /// There are two clients of the same name from then on.
        Second = "second",
    }
}
choice! {
    /// Which of several clients of the same name a path means.
    SameName {
        /// The one that was registered first.
        First = "first",
        /// The one that was registered last.
        Last = "last",
    }
}
choice! {
    /// What DELETE removes when there are several clients of the name.
    SameNameDelete {
        /// The one that the path means.
        One = "one",
        /// All of them.
        All = "all",
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
    /// `%2F` within a name in the path.
    EncodedSlash {
        /// Belongs to the name.
        OneSegment = "one_segment",
    }
}
choice! {
    /// `+` in a path.
    Plus {
        /// A plus sign.
        Literal = "literal",
        /// A space, as in a form.
        Space = "space",
    }
}
choice! {
    /// `/clients/`, as an empty name would make it.
    TrailingSlash {
        /// The same as `/clients`.
        Collection = "collection",
    }
}
choice! {
    /// GET of a name that nobody registered.
    GetAbsent {
        /// 200 and `{}`.
        EmptyObject = "200_empty_object",
        /// 200 and `null`.
        Null = "200_null",
        /// 200 and `[]`.
        EmptyArray = "200_empty_array",
        /// 200 without a body.
        EmptyBody = "200_empty_body",
    }
}
choice! {
    /// PATCH of a name that nobody registered.
    RotateAbsent {
        /// 200 and `{}`.
        EmptyObject = "200_empty_object",
        /// 200 and `null`.
        Null = "200_null",
        /// Registers it, without a scope.
        Register = "register",
    }
}
choice! {
    /// DELETE of a name that nobody registered.
    DeleteAbsent {
        /// 200 and `{"status":"success"}`.
        Success = "200_success",
        /// 200 and `{"status":"failure"}`.
        Failure = "200_failure",
    }
}
choice! {
    /// GET `/clients` when there is none.
    EmptyList {
        /// `[]`.
        Array = "array",
        /// `null`.
        Null = "null",
        /// 204.
        NoContent = "no_content",
    }
}
choice! {
    /// A client is to have a scope that is not provisioned.
    UnknownScope {
        /// It gets it.
        Accept = "accept",
        /// It gets the others only.
        Drop = "drop",
        /// It gets it, and the scope is provisioned by that.
        Provision = "provision",
    }
}
choice! {
    /// A client is to have no scope, or the field is missing.
    EmptyScope {
        /// It has none.
        Accept = "accept",
        /// It gets all that are provisioned.
        All = "all",
    }
}
choice! {
    /// How no scope is written.
    EmptyScopeText {
        /// As `""`.
        Empty = "empty",
        /// As `null`.
        Null = "null",
        /// The field is missing.
        Absent = "absent",
    }
}
choice! {
    /// How scopes are written.
    ScopeText {
        /// As they were given, twice if given twice.
        AsGiven = "as_given",
        /// In alphabetical order.
        Sorted = "sorted",
        /// In reverse.
        Reversed = "reversed",
        /// Each once.
        Folded = "folded",
        /// With additional blanks in between and around.
        Padded = "padded",
    }
}
choice! {
    /// POST `/scope` with one that is provisioned already.
    ScopeExisting {
        /// Counts as provisioned successfully.
        Listed = "listed",
        /// Is not in the answer.
        Omitted = "omitted",
    }
}
choice! {
    /// PATCH `/scope` with one that is not provisioned.
    ScopeAbsent {
        /// Is not in the answer.
        Omitted = "omitted",
        /// Counts as removed successfully.
        Listed = "listed",
    }
}
choice! {
    /// PATCH `/scope` with one that a client has.
    ScopeInUse {
        /// Is removed; the client's scope still names it.
        Remove = "remove",
        /// Is removed, from the client too.
        Strip = "strip",
        /// Stays, and is not in the answer.
        Keep = "keep",
    }
}
choice! {
    /// Where `/scope` is.
    ScopeBase {
        /// Beside `/clients`.
        Same = "same",
        /// At `/scope`.
        Root = "root",
        /// At `/api/scope`.
        Api = "api",
    }
}
choice! {
    /// What PUT does to the pair of a client that is there.
    PutPair {
        /// Nothing.
        Keep = "keep",
        /// A new secret under the same id.
        NewSecret = "new_secret",
        /// A new id and a new secret.
        NewPair = "new_pair",
    }
}
choice! {
    /// What PATCH replaces.
    RotateChanges {
        /// Id and secret.
        Both = "both",
        /// The secret only.
        SecretOnly = "secret_only",
    }
}
choice! {
    /// Whether the secret can be read again.
    ReadSecret {
        /// In the list and in GET.
        Shown = "shown",
        /// In GET only.
        NotInList = "not_in_list",
        /// As asterisks.
        Masked = "masked",
        /// The field is missing.
        Absent = "absent",
    }
}
choice! {
    /// The order of the list.
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
    /// The media type of JSON answers.
    ContentType {
        /// `application/json`.
        Json = "json",
        /// `application/json;charset=UTF-8`.
        JsonUtf8 = "json_utf8",
        /// `text/plain`.
        Text = "text",
        /// `application/octet-stream`.
        OctetStream = "octet_stream",
        /// None at all.
        Absent = "absent",
    }
}
choice! {
    /// The body of a refusal.
    ErrorBody {
        /// `{"timestamp","status","error","message","path"}`.
        Framework = "framework",
        /// `{"error","error_description"}`.
        OAuth = "oauth",
        /// `{"status":"failure","message"}`.
        Failure = "failure",
        /// A JSON string.
        JsonString = "json_string",
        /// An HTML page.
        Html = "html",
        /// Nothing.
        Empty = "empty",
        /// A sentence.
        Text = "text",
        /// JSON with the whole client that stands in the way, its secret included.
        EchoClient = "echo_client",
    }
}
choice! {
    /// The answer to a management call with a wrong credential or none.
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
choice! {
    /// A field in a request that is not documented.
    RequestFields {
        /// Is ignored.
        Ignore = "ignore",
    }
}
choice! {
    /// A body in a request that is documented without one.
    RequestBody {
        /// Is ignored.
        Ignore = "ignore",
    }
}
choice! {
    /// A JSON body that is not declared as `application/json`.
    RequestType {
        /// Is read nevertheless.
        Any = "any",
    }
}
