//! What all emulators have in common for a test.

use std::time::Duration;

use authserver_emulator::AuthServer;
use authserver_emulator::emulator::Emulator;

/// How many calls have met a rule since the start.
pub(super) fn met<S: AuthServer>(emulator: &Emulator<S>) -> u64 {
    let requests = emulator.requests();
    requests.iter().filter(|entry| entry.behaviour.is_some()).count() as u64
}

/// Waits until whatever was to be delivered late has been.
pub(super) async fn delivered<S: AuthServer>(emulator: &Emulator<S>) {
    let late = || {
        let requests = emulator.requests();
        requests
            .iter()
            .any(|entry| entry.behaviour == Some("deliver_late") && !entry.worked)
    };
    while late() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
