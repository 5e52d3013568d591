//! What all emulators have in common for a test.

use std::time::Duration;

use async_trait::async_trait;
use authserver_emulator::AuthServer;
use authserver_emulator::emulator::Emulator;
use authserver_emulator::misbehave::{Behaviour, Rule};
use authserver_emulator::switch::{SwitchError, SwitchInfo};

use super::server::{As, Mark, Weather};
use super::verdict::Checked;

/// What is known beforehand: of a switch or a way, of some of its values (none of them named means all), of some checks.
pub(super) type Known = (&'static str, &'static [&'static str], Mark);

/// Checks that make no sense, all where none is named, and why.
pub(super) const fn senseless(checks: &'static [&'static str], why: &'static str) -> Mark {
    Mark {
        checks,
        but: &[],
        as_what: As::Senseless(why),
    }
}

/// All checks but some make no sense, and why.
pub(super) const fn senseless_but(but: &'static [&'static str], why: &'static str) -> Mark {
    Mark {
        checks: &[],
        but,
        as_what: As::Senseless(why),
    }
}

/// Answers in place of the server's own, each of these texts.
pub(super) fn answers<const N: usize>(bodies: [&str; N]) -> Vec<Behaviour> {
    let body = bodies.map(str::to_owned);
    body.map(|body| Behaviour::NotJson { body }).into()
}

/// How many requests were meant to change something, where there are logins. One whose token is refused does nothing, and is
/// made once more with another one.
pub(super) fn changing_requests<S: AuthServer>(emulator: &Emulator<S>, of_tokens: &str) -> u64 {
    let requests = emulator.requests();
    let refused = requests
        .iter()
        .filter(|entry| entry.method != "GET" && entry.operation != of_tokens && entry.status == Some(401));
    emulator
        .counters()
        .mutations
        .saturating_sub(refused.count() as u64)
}

/// What is known of a value of a switch.
pub(super) fn marks(known: &[Known], name: &str, value: &str) -> Vec<Mark> {
    let about = |(of, values, _): &&Known| *of == name && (values.is_empty() || values.contains(&value));
    known.iter().filter(about).map(|(_, _, mark)| *mark).collect()
}

/// Each value of each switch that is not its default, one at a time: those that the emulator gives as samples, and `more`
/// where a value stands for many.
pub(super) fn turns(
    switches: Vec<SwitchInfo>,
    more: &[(&'static str, &'static str)],
) -> Vec<(&'static str, String)> {
    let of_one = |info: SwitchInfo| {
        let more = more.iter().filter(move |(switch, _)| *switch == info.name);
        let more = more.map(|(_, value)| (*value).to_owned());
        let values = info.samples.into_iter().chain(more);
        let others = values.filter(move |value| *value != info.default);
        others.map(move |value| (info.name, value)).collect::<Vec<_>>()
    };
    switches.into_iter().flat_map(of_one).collect()
}

/// Turns several switches; `set` turns one.
pub(super) fn turn_all(
    turns: &[(&str, &str)],
    mut set: impl FnMut(&str, &str) -> Result<(), SwitchError>,
) -> Checked {
    let said = turns.iter().try_for_each(|(switch, value)| set(switch, value));
    said.map_err(|error| error.to_string().into())
}

#[async_trait]
impl<S: AuthServer> Weather for Emulator<S> {
    async fn turn(&self, rule: Rule) -> Checked {
        self.misbehave(rule).map_err(|error| error.to_string())?;
        Ok(())
    }

    async fn clear(&self) -> Checked {
        self.behave();
        Ok(())
    }

    async fn met(&self) -> Checked<u64> {
        let requests = self.requests();
        Ok(requests.iter().filter(|entry| entry.behaviour.is_some()).count() as u64)
    }

    async fn delivered(&self) -> Checked {
        let late = || {
            let requests = self.requests();
            requests
                .iter()
                .any(|entry| entry.behaviour == Some("deliver_late") && !entry.worked)
        };
        while late() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}
