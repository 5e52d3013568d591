//! What a client's attributes say of its secrets, in a realm with a policy by which secrets end. Times are seconds since 1970,
//! as text.
//!
//! A PUT of a secret together with these attributes is a rotation to a secret of our choice, at once and as often as it is
//! repeated. Without them the policy does not notice a new secret, and the time of the old one goes on. The policy itself
//! cannot be read with the right to manage clients, so how long a secret is good by it is told from one client: from when
//! its secret was made, which is written with every registration, to when it ends, which Keycloak adds.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::super::wire::epoch;
use super::wire::{Client, Written};
use crate::model::Confidential;

/// When the secret was made. Keycloak leaves it as it is written.
const MADE: &str = "client.secret.creation.time";
/// When it ends. It is there in a realm with a policy only.
const ENDS: &str = "client.secret.expiration.time";
/// The earlier secret, in clear text.
const EARLIER: &str = "client.secret.rotated";
const EARLIER_MADE: &str = "client.secret.rotated.creation.time";
const EARLIER_ENDS: &str = "client.secret.rotated.expiration.time";
/// How long a secret is good where a client does not tell: Keycloak's own default.
const LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// When the secret ends, if it does.
pub fn ends(client: &Client) -> Option<Timestamp> {
    time(client, ENDS)
}

/// The earlier secret, whether its time is over or not.
pub fn earlier(client: &Client) -> Option<&str> {
    client.attribute(EARLIER).filter(|secret| !secret.is_empty())
}

fn time(client: &Client, name: &str) -> Option<Timestamp> {
    epoch(&json!(client.attribute(name)?))
}

fn text(time: Timestamp) -> String {
    time.as_second().to_string()
}

/// How long a secret of this client is good.
fn life(client: &Client) -> SignedDuration {
    let life = time(client, MADE).zip(ends(client));
    life.map(|(made, ends)| ends.duration_since(made))
        .filter(SignedDuration::is_positive)
        .unwrap_or(LIFE)
}

/// Where nothing says when the secret ends, the policy may come to this client with this very call: its time begins then.
pub fn begin(into: &mut Written<'_>, client: Option<&Client>, now: Timestamp) {
    if client.is_none_or(|client| ends(client).is_none()) {
        into.set(MADE, text(now));
    }
}

/// Sets a secret, and ends the one before at once, and the one before that.
pub fn replace<'a>(into: &mut Written<'a>, client: &Client, secret: &'a Confidential, now: Timestamp) {
    into.secret = Some(secret.expose());
    begin(into, Some(client), now);
    if ends(client).is_some() {
        renew(into, client, now);
    }
    if earlier(client).is_some() {
        for name in [EARLIER, EARLIER_MADE, EARLIER_ENDS] {
            into.set(name, String::new());
        }
    }
}

/// Sets a secret, and keeps the one before as the earlier one, no longer than it would have been good.
pub fn add<'a>(
    into: &mut Written<'a>,
    client: &Client,
    secret: &'a Confidential,
    before: &'a str,
    now: Timestamp,
) {
    into.secret = Some(secret.expose());
    // When it is repeated, what is there is what the first try has written.
    let is_there = earlier(client) == Some(before);
    let (made, ends) = if is_there {
        (time(client, EARLIER_MADE), time(client, EARLIER_ENDS))
    } else {
        (time(client, MADE), ends(client))
    };
    renew(into, client, now);
    into.set(EARLIER, before);
    into.set(EARLIER_MADE, text(made.unwrap_or(now)));
    into.set(EARLIER_ENDS, text(ends.unwrap_or(now)));
}

fn renew(into: &mut Written<'_>, client: &Client, now: Timestamp) {
    into.set(MADE, text(now));
    into.set(ENDS, text(now.checked_add(life(client)).unwrap_or(now)));
}
