//! Cocoon's emulator, where id and secret are ours and nothing shows the secret again.

use authserver_emulator::cocoon::state::App;
use authserver_emulator::misbehave::{Behaviour, Rule};
use serde_json::{Value, json};

use super::Remote;
use crate::stage::World;
use crate::stage::cocoon::Cocoon;
use crate::stage::published::Pair;

/// What is done and its answer lost, one after the other.
const LOST: [&str; 3] = ["register", "update", "delete"];
/// Changes take a while, so that some are under way when the operator is killed.
const SLOW: Behaviour = Behaviour::DelayAfter { ms: 150 };

pub async fn start(world: &'static World) -> Cocoon {
    let cocoon = Cocoon::start(world).await;
    cocoon.emulator.misbehave(Rule::on("mutation", SLOW)).unwrap();
    cocoon
}

impl Remote for Cocoon {
    type Client = App;

    const NAME: &'static str = "cocoon";

    fn credential(&self) -> Value {
        Self::credential(self)
    }

    fn provider(&self, secret: &str) -> Value {
        Self::provider(self, secret)
    }

    fn allows(&self) -> Value {
        json!({"maxAccessTokenValiditySeconds": 900})
    }

    /// The other has a second app for a while whenever it is rotated.
    fn asks(&self, other: bool) -> Value {
        if other {
            let rotation = json!({"overlapSeconds": 3, "clientIDChange": "Allowed"});
            json!({"accessTokenValiditySeconds": 900, "rotation": rotation})
        } else {
            json!({"accessTokenValiditySeconds": 600})
        }
    }

    async fn lose_answer(&self, number: usize) {
        // The first rule that fits is the one.
        self.emulator.behave();
        let lost = Rule::on(LOST[number % LOST.len()], Behaviour::LoseAnswer).times(1);
        for rule in [lost, Rule::on("mutation", SLOW)] {
            self.emulator.misbehave(rule).unwrap();
        }
    }

    async fn token(&self, pair: &Pair) -> Result<(), u16> {
        Self::token(self, pair).await
    }

    async fn clients(&self) -> Vec<App> {
        self.apps()
    }

    fn id(app: &App) -> &str {
        &app.client_id
    }

    async fn requests(&self) -> [usize; 3] {
        let counters = self.emulator.counters();
        LOST.map(|operation| usize::try_from(counters.of(operation)).unwrap_or(usize::MAX))
    }
}
