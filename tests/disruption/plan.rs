//! How long and how hard the soak is: short in `make test`, long in `make soak`, and each number can be chosen.

use std::time::Duration;

/// `SOAK=long` is `make soak`; other variables choose single numbers.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of what is random: moments and actions. The same seed draws the same; how long the machine takes is another
    /// matter, so a run is not repeated to the millisecond.
    pub seed: u64,
    /// `SOAK_CLIENTS`
    pub clients: usize,
    /// `SOAK_NAMESPACES`
    pub namespaces: usize,
    /// `SOAK_KILLS`
    pub kills: usize,
    /// `SOAK_LEADERS`: for so many seconds two instances run, and the leading one is stopped again and again.
    pub leaders: Duration,
    /// `SOAK_OUTAGE`: for so many seconds the API server is away.
    pub outage: Duration,
}

impl Plan {
    /// From the environment.
    pub fn read() -> Self {
        let long = std::env::var("SOAK").is_ok_and(|form| form == "long");
        let form = |short: u64, long_form: u64| if long { long_form } else { short };
        let count = |name: &str, otherwise: u64| {
            let count = usize::try_from(number(name).unwrap_or(otherwise));
            count.unwrap_or_else(|_| panic!("{name} is too large"))
        };
        let seconds = |name: &str, otherwise: u64| Duration::from_secs(number(name).unwrap_or(otherwise));
        Self {
            seed: number("SOAK_SEED").unwrap_or_else(|| rand::random_range(0..1_000_000)),
            clients: count("SOAK_CLIENTS", form(20, 200)),
            namespaces: count("SOAK_NAMESPACES", form(2, 8)).max(1),
            kills: count("SOAK_KILLS", form(5, 30)),
            leaders: seconds("SOAK_LEADERS", form(80, 600)),
            outage: seconds("SOAK_OUTAGE", form(0, 120)),
        }
    }

    /// Longer than the soak takes when all is well.
    pub fn limit(&self) -> Duration {
        let kills = Duration::from_secs(20) * u32::try_from(self.kills).unwrap_or(u32::MAX);
        Duration::from_secs(900) + kills + self.leaders + self.outage
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name}={text} is no number")))
}
