//! What a refusal means (RFC 7591 section 3.2.2, RFC 7592 section 2, RFC 6750 section 3.1).

use super::super::http::{Call, Http, Reply, hinted, not_a_conflict, words};
use crate::model::{Denial, Fault};

/// A registration was refused: nothing was made.
pub fn of_registration(http: &Http, call: &Call<'_>, reply: &Reply) -> Fault {
    let fault = http.refused(call, reply);
    let word = reply.error_word();
    let with_token = call.authorization.is_some();
    match (reply.status.as_u16(), word.as_deref()) {
        (401, _) | (400, Some("invalid_token")) => {
            let hint = if with_token {
                "is the initial access token expired, used up or withdrawn?"
            } else {
                "it asks for an initial access token, and auth has none"
            };
            Fault::Denied(Denial::Credential, said(&fault, hint))
        }
        (403, _) => {
            let hint = if with_token {
                "the initial access token is not good for such a registration"
            } else {
                "perhaps it registers nobody without an initial access token"
            };
            Fault::Denied(Denial::Right, said(&fault, hint))
        }
        // The statement is the platform team's, as the token is.
        (400, Some("invalid_software_statement" | "unapproved_software_statement")) => Fault::Denied(
            Denial::Right,
            said(&fault, "the software statement was not accepted"),
        ),
        (404 | 405 | 410 | 501, _) => {
            let hint = "is client registration switched on there, and the address right?";
            Fault::Unavailable(said(&fault, hint))
        }
        _ => not_a_conflict(fault),
    }
}

/// A change was refused. A missing page says nothing of the client: what stands before the server may have lost its way, and
/// a token that still works is not to be given up for that.
pub fn of_change(http: &Http, call: &Call<'_>, reply: &Reply) -> Fault {
    if matches!(reply.status.as_u16(), 404 | 410) {
        let hint = "is client management switched on there?";
        return Fault::Unavailable(said(&http.refused(call, reply), hint));
    }
    of_management(http, call, reply)
}

/// A change or a deletion was refused: nothing was done. A token that is not good and a client that is not there are
/// answered alike, and so is a server that manages nothing.
pub fn of_management(http: &Http, call: &Call<'_>, reply: &Reply) -> Fault {
    let fault = http.refused(call, reply);
    let word = reply.error_word();
    match (reply.status.as_u16(), word.as_deref()) {
        (401 | 403 | 404 | 405 | 410 | 501, _) | (400, Some("invalid_token")) => {
            Fault::Unmanageable(words(&fault))
        }
        _ => not_a_conflict(fault),
    }
}

/// Whether it is forbidden for another reason than the token.
pub fn is_plainly_forbidden(reply: &Reply) -> bool {
    let word = reply.error_word();
    let of_token = matches!(word.as_deref(), Some("invalid_token" | "insufficient_scope"));
    reply.status.as_u16() == 403 && !of_token
}

/// Whether a request is bad for another reason than the metadata or the token in it.
pub fn is_bad_request(reply: &Reply) -> bool {
    let word = reply.error_word();
    let says_what = matches!(
        word.as_deref(),
        Some(
            "invalid_client_metadata"
                | "invalid_redirect_uri"
                | "invalid_software_statement"
                | "unapproved_software_statement"
                | "invalid_token"
        )
    );
    reply.status.as_u16() == 400 && !says_what
}

fn said(fault: &Fault, hint: &str) -> String {
    hinted(&words(fault), hint)
}
