//! Processes that are killed.

use std::collections::BTreeSet;

use crate::model::Step;

/// When the process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kills {
    /// Never.
    Never,
    /// Once after each kind of call that changes something at the server: its answer is lost with the process.
    AfterEachCall,
    /// After its first step, then after its second one, and so on until one gets to the end.
    EverLater,
}

/// Kills as it was told.
pub(super) struct Killer {
    kills: Kills,
    killed_after: BTreeSet<&'static str>,
    allowed: u32,
    taken: u32,
}

impl Killer {
    pub(super) fn new(kills: Kills) -> Self {
        Self {
            kills,
            killed_after: BTreeSet::new(),
            allowed: 0,
            taken: 0,
        }
    }

    /// A pass begins.
    pub(super) fn begin(&mut self) {
        self.allowed += 1;
        self.taken = 0;
    }

    /// Whether the process is killed after this step.
    pub(super) fn kills_after(&mut self, step: &Step) -> bool {
        self.taken += 1;
        match (self.kills, step) {
            (Kills::AfterEachCall, Step::Call(call)) => self.killed_after.insert(call.request.kind()),
            (Kills::EverLater, _) => self.taken == self.allowed,
            (Kills::Never | Kills::AfterEachCall, _) => false,
        }
    }
}
